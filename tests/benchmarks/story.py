"""A support desk's log, made up: tickets with the lives that tickets have, the same for every run."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import psycopg

from shared.events.catalog.tickets import Category, Priority, Role, Status

FREQUENT_WORD = "invoice"
"""Stands in every fifth ticket."""
RARE_WORD = "quasar"
"""Stands in every 5,000th ticket."""
BIG_CUSTOMER = "customer-0"
"""Has one ticket in fifty; the other customers have about fifty each."""
AGENTS = [f"agent-{n}" for n in range(20)]

_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
_STEP = timedelta(minutes=10)
_SYLLABLES = ("ba", "co", "de", "fi", "gu", "ha", "jo", "ke", "li", "mo", "nu", "pa", "ri", "so", "ta", "vu")


@dataclass(frozen=True, slots=True)
class Line:
    """One event on its way into the log."""

    stream: str
    revision: int
    name: str
    data: dict[str, Any]
    metadata: dict[str, Any]
    at: datetime


class Story:
    """The lives of `tickets` tickets of two years, as many in parallel as a desk has open."""

    def __init__(self, tickets: int) -> None:
        self._tickets = tickets
        self._random = random.Random(20240101)
        self._sentences = self._make_sentences()
        self._customers = max(2, tickets // 50)
        self.ids = [str(uuid.UUID(int=self._random.getrandbits(128), version=4)) for _ in range(tickets)]

    def lines(self) -> Iterator[Line]:
        """Every event, in the order of the log."""
        open_ones: list[Iterator[Line]] = []
        for index in range(self._tickets):
            open_ones.append(self._life(index))
            # about 300 tickets are alive at once, so neighbours in the log belong to different streams
            while len(open_ones) > 300:
                yield from self._advance(open_ones)
        while open_ones:
            yield from self._advance(open_ones)

    def _advance(self, open_ones: list[Iterator[Line]]) -> Iterator[Line]:
        chosen = self._random.randrange(len(open_ones))
        line = next(open_ones[chosen], None)
        if line is None:
            open_ones[chosen] = open_ones[-1]
            open_ones.pop()
        else:
            yield line

    def customer(self, index: int) -> str:
        return BIG_CUSTOMER if index % 50 == 0 else f"customer-{1 + index % (self._customers - 1)}"

    def _life(self, index: int) -> Iterator[Line]:
        chance = self._random
        ticket, customer, at = self.ids[index], self.customer(index), _BEGIN + index * _STEP
        number = f"CF-{index:07d}"
        asking = _person(customer, f"Person {customer[9:]}", Role.CUSTOMER)
        agent = chance.choice(AGENTS)
        helping = _person(agent, f"Helper {agent[6:]}", Role.AGENT)
        revision = -1

        def line(name: str, by: dict[str, Any], **data: Any) -> Line:
            nonlocal revision, at
            revision += 1
            at += timedelta(minutes=chance.randrange(5, 400)) if revision else timedelta()
            metadata = self._metadata(by, customer, number)
            return Line(f"ticket-{ticket}", revision, name, {"by": by, "at": at.isoformat(), **data}, metadata, at)

        yield line("TicketOpened", asking, **self._opening(index, number, asking, at))
        if index % 100 >= 95:
            return
        if index % 5 in (1, 3, 4):
            # most people find it out themselves
            yield line("TicketResolved", asking, closes_at=_week_after(at), **_move(Status.OPEN, Status.RESOLVED))
            if index % 100 < 70:
                yield line("TicketClosed", helping, **_move(Status.RESOLVED, Status.CLOSED))
            return
        yield line("TicketAssigned", helping, assignee={"id": agent, "name": helping["name"]})
        yield line("MessagePosted", helping, **self._message(index))
        yield line("WorkStarted", helping, **_move(Status.OPEN, Status.IN_PROGRESS))
        if index % 100 >= 90:
            return
        if index % 3 == 0:
            message = self._message(index)
            yield line("MessagePosted", helping, **message)
            asked = _move(Status.IN_PROGRESS, Status.WAITING_ON_CUSTOMER)
            yield line("InformationRequested", helping, message_id=message["message_id"], **asked)
            if index % 100 >= 80:
                return
            message = self._message(index)
            yield line("MessagePosted", asking, **message)
            given = _move(Status.WAITING_ON_CUSTOMER, Status.IN_PROGRESS)
            yield line("InformationProvided", asking, message_id=message["message_id"], **given)
        if index % 7 == 0:
            note = {"note_id": self._id(), "body": self._text(2)}
            data = {"by": helping, "at": at.isoformat(), "attachments": [], **note}
            yield Line(f"ticket_note-{ticket}", 0, "NoteAdded", data, self._metadata(helping, customer, number), at)
        solved = _move(Status.IN_PROGRESS, Status.RESOLVED)
        yield line("TicketResolved", helping, closes_at=_week_after(at), **solved)
        if index % 100 < 70:
            yield line("TicketClosed", helping, **_move(Status.RESOLVED, Status.CLOSED))

    def _opening(self, index: int, number: str, asking: dict[str, Any], at: datetime) -> dict[str, Any]:
        words = [self._text(1).rstrip(".")]
        words += [FREQUENT_WORD] if index % 5 == 0 else []
        words += [RARE_WORD] if index % 5000 == 0 else []
        priority = list(Priority)[index % 4]
        return {
            "number": number,
            "subject": " ".join(words)[:150],
            "category": str(list(Category)[index // 4 % 4]),
            "priority": str(priority),
            "description": self._text(4),
            "customer": {
                "id": asking["id"],
                "name": asking["name"],
                "email": f"{asking['id']}@example.org",
                "account": f"account-{asking['id'][9:]}",
            },
            "first_response_due_at": (at + timedelta(hours=8)).isoformat(),
            "attachments": [],
            "follow_up_to": None,
        }

    def _message(self, index: int) -> dict[str, Any]:
        body = self._text(3)
        # a word of the ticket comes back in what is said about it
        return {
            "message_id": self._id(),
            "body": f"{body} {FREQUENT_WORD}" if index % 5 == 0 else body,
            "attachments": [],
        }

    def _metadata(self, by: dict[str, Any], customer: str, number: str) -> dict[str, Any]:
        command = self._id()
        return {
            "command_id": command,
            "fingerprint": command[:8] * 4,
            "correlation_id": command,
            "causation_id": command,
            "actor": {"id": by["id"], "role": by["role"]},
            "customer": customer,
            "number": number,
        }

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _text(self, sentences: int) -> str:
        return " ".join(self._random.choices(self._sentences, k=sentences))

    def _make_sentences(self) -> list[str]:
        chance = self._random
        words = ["".join(chance.choices(_SYLLABLES, k=chance.randrange(2, 5))) for _ in range(5000)]
        weights = [1 / rank for rank in range(1, len(words) + 1)]
        picked = chance.choices(words, weights, k=20_000 * 10)
        return [" ".join(picked[start : start + 10]).capitalize() + "." for start in range(0, len(picked), 10)]


def fill(url: str, story: Story) -> int:
    """Write the story into the empty log at `url` (as superuser), past the store's function; how many events."""
    columns = (
        "position, stream, revision, category, event_id, command_id, events, name, version, recorded_at, data, metadata"
    )
    count = 0
    chance = random.Random(7)
    statement = f"copy events.log ({columns}) from stdin"
    with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for line in story.lines():
            category = line.stream.partition("-")[0]
            own = str(uuid.UUID(int=chance.getrandbits(128), version=4))
            copy.write_row(
                (
                    count,
                    line.stream,
                    line.revision,
                    category,
                    own,
                    line.metadata["command_id"],
                    1,
                    line.name,
                    1,
                    line.at.isoformat(),
                    orjson.dumps(line.data).decode(),
                    orjson.dumps(line.metadata).decode(),
                )
            )
            count += 1
    return count


def _person(id_: str, name: str, role: Role) -> dict[str, Any]:
    return {"id": id_, "name": name, "role": str(role)}


def _move(before: Status, after: Status) -> dict[str, str]:
    return {"from_status": str(before), "to_status": str(after)}


def _week_after(moment: datetime) -> str:
    return (moment + timedelta(days=7)).isoformat()
