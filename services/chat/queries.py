"""Answer questions from the read models, in plain SQL; a chat that was begun a moment ago from its stream."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

import orjson

from services.chat import views
from services.chat.actor import Actor
from services.chat.domain import errors
from services.chat.domain.conversation import Action
from services.chat.hours import Hours
from services.chat.presence import Presence
from services.chat.projections import chats, messages
from services.chat.status.port import StatusSource
from shared.events.catalog.chat import CATEGORY, PUBLISHED, Status
from shared.events.codec import Codec
from shared.events.errors import Refusal
from shared.events.projection import Fact, decode
from shared.events.read_model import ReadModel
from shared.events.relay import published
from shared.events.store.port import EventStore
from shared.events.stream import Position, StreamName

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Queries:
    """The questions that the chat service answers.

    `min_position` asks for read models that have seen at least that position; what they have after a second is
    answered, with the `position` that it is from. Each raises Refusal.
    """

    read_model: ReadModel
    store: EventStore
    codec: Codec
    hours: Hours
    presence: Presence
    status: StatusSource
    now: Callable[[], datetime]

    def get_chat(self, actor: Actor, chat_id: str, min_position: int | None = None) -> Answer:
        reached = self._reached("chats", min_position)
        row = self._row(actor, chat_id)
        return {"chat": self._view(row, actor), "position": reached}

    def list_chats(
        self,
        actor: Actor,
        status: Sequence[str] = (),
        assignee: str | None = None,
        customer: str | None = None,
        limit: int = 25,
        cursor: str | None = None,
        min_position: int | None = None,
    ) -> Answer:
        """Customers get their own, agents all: what waits first in the queue's order, else the last changed first."""
        reached = self._reached("chats", min_position)
        clauses: list[LiteralString] = ["true" if actor.is_agent else "customer_id = %(me)s"]
        parameters: dict[str, Any] = {"me": actor.id, "status": list(status), "customer": customer}
        if status:
            clauses.append("status = any(%(status)s)")
        if assignee is not None:
            clauses.append("assignee_id = %(assignee)s")
            parameters["assignee"] = actor.id if assignee == "me" else assignee
        if customer is not None:
            clauses.append("customer_id = %(customer)s")
        where: LiteralString = " and ".join(clauses)
        queue = list(status) == [Status.WAITING_FOR_AGENT]
        column: LiteralString = "waits_since" if queue else "updated_at"
        direction: LiteralString = "asc" if queue else "desc"
        after: LiteralString = "true"
        if cursor is not None:
            parameters |= _cursor_values(cursor, column)
            compare: LiteralString = ">" if queue else "<"
            after = f"({column}, chat_id) {compare} (%(value)s::timestamptz, %(id)s::uuid)"
        rows = self.read_model.query(
            f"select {chats.COLUMNS} from chats where {where} and {after}"
            f" order by {column} {direction}, chat_id {direction} limit %(limit)s",
            {**parameters, "limit": limit + 1},
        )
        total = self.read_model.query(f"select count(*) as n from chats where {where}", parameters)[0]["n"]
        page, more = rows[:limit], len(rows) > limit
        return {
            "items": [self._view(row, actor) for row in page],
            "next_cursor": _cursor(page[-1][column], page[-1]["chat_id"], column) if more else None,
            "total": total,
            "position": reached,
        }

    def list_messages(
        self,
        actor: Actor,
        chat_id: str,
        before: str | None = None,
        limit: int = 50,
        min_position: int | None = None,
    ) -> Answer:
        """Oldest first inside a page."""
        reached = self._reached("messages", min_position)
        self._row(actor, chat_id)
        rows = self.read_model.query(
            "select * from messages where chat_id = %(chat)s and (%(before)s::bigint is null or position < %(before)s)"
            " order by position desc, revision desc limit %(limit)s",
            {"chat": chat_id, "limit": limit + 1, "before": None if before is None else _integer(before)},
        )
        total = self.read_model.query("select count(*) as n from messages where chat_id = %s", (chat_id,))[0]["n"]
        page = rows[:limit][::-1]
        return {
            "items": [views.message(row) for row in page],
            "next_cursor": str(page[0]["position"]) if len(rows) > limit else None,
            "total": total,
            "position": reached,
        }

    def summary(self, actor: Actor, chat_id: str) -> Answer:
        """For the agent who takes a chat: what was asked, what the assistant answered, what a procedure found out."""
        actor.must_be_agent("read_summaries")
        facts = self._facts(chat_id)
        said = [row for row in map(messages.row_of, facts) if row]
        asked = [row["body"] for row in said if row["author_role"] == "customer" and row["button"] is None]
        answers = [row for row in said if row["author_role"] == "assistant"]
        chosen = [row["button"] for row in said if row["button"] and row["button"]["kind"] == "choose"]
        return {
            "question": next((text for text in asked if text), None),
            "last_question": next((text for text in reversed(asked) if text), None),
            "answers": [
                {"title": row["sources"][0]["title"] if row["sources"] else None, "answered": row["answered"]}
                for row in answers
                if row["intent"] in ("question", "unknown", "status")
            ],
            "choices": [
                {"procedure": button.get("procedure"), "step": button.get("step"), "label": button["label"]}
                for button in chosen
            ],
            "requested_because": next(
                (fact.event.reason for fact in reversed(facts) if getattr(fact.event, "reason", None)), None
            ),
        }

    def availability(self) -> Answer:
        now = self.now()
        opened = self.hours.is_open(now)
        return {
            "assistant": True,
            "human": opened,
            "opens_at": None if opened else views.time(self.hours.next_opening(now)),
            "closes_at": views.time(self.hours.closes_at(now)),
            "hours": self.hours.week_in_words(),
            "timezone": self.hours.zone.key,
            "queue_length": self._waiting(),
        }

    def desk(self, actor: Actor) -> Answer:
        """For the desk: how many chats wait, how many are mine, and who is there."""
        actor.must_be_agent("read_the_queue")
        rows = self.read_model.query(
            "select count(*) filter (where status = 'WAITING_FOR_AGENT') as waiting,"
            " count(*) filter (where status = 'WITH_AGENT' and assignee_id = %s) as mine,"
            " count(*) filter (where status = 'WITH_AGENT') as with_agents,"
            " count(*) filter (where status = 'ASSISTED') as assisted from chats where status <> 'ENDED'",
            (actor.id,),
        )
        return {**rows[0], "agents": self.presence.agents()}

    def unanswered(self, actor: Actor, days: int = 30, limit: int = 50) -> Answer:
        """What the assistant had no answer to, in the words of those who asked, not who they are; the latest first."""
        actor.must_be_agent("read_reports")
        rows = self.read_model.query(
            "select at, question, intent, source, confidence, engine from chat_answers"
            " where not answered and question <> '' and at > %s order by at desc, message_id limit %s",
            (self.now() - timedelta(days=days), limit),
        )
        return {"items": [{**row, "at": views.time(row["at"])} for row in rows]}

    def platform_status(self) -> Answer:
        """The platform's state, as the status page has it."""
        report = self.status.report()
        return {
            "level": report.level,
            "summary": report.summary,
            "updated_at": views.time(report.updated_at),
            "url": report.url,
            "services": [
                {
                    "key": service.key,
                    "name": service.name,
                    "level": service.level,
                    "since": views.time(service.since),
                    "incident": None
                    if service.incident is None
                    else {
                        "title": service.incident.title,
                        "body": service.incident.body,
                        "updated_at": views.time(service.incident.updated_at),
                    },
                }
                for service in report.services
            ],
        }

    def feed(self, after: int, limit: int = 500) -> Answer:
        """What happened behind a position, for live streams: each item says who may see it; `head` is the log's."""
        batch = self.store.read_all(Position(after), [CATEGORY], limit)
        facts = decode(self.codec, batch.events, "feed")
        return {
            "items": [_feed_item(fact) for fact in facts],
            "position": batch.position,
            "caught_up": batch.caught_up,
            # a page that reached the end has seen how far that is
            "head": batch.position if batch.caught_up else self.store.head(),
        }

    def events(self, actor: Actor, after: int, limit: int = 100) -> Answer:
        """The log as other systems get it, for agents and service accounts."""
        actor.must_be_agent("read_events")
        return published(self.store, PUBLISHED, after, limit)

    def place_in_queue(self, waits_since: datetime, chat_id: str) -> int:
        """From 1; what began to wait earlier comes first."""
        rows = self.read_model.query(
            "select count(*) as n from chats where status = 'WAITING_FOR_AGENT'"
            " and (waits_since, chat_id) < (%s, %s::uuid)",
            (waits_since, chat_id),
        )
        return int(rows[0]["n"]) + 1

    def must_see(self, actor: Actor, chat_id: str) -> str:
        """The id of the customer whose chat it is. Raises Refusal chat_not_found."""
        return str(self._row(actor, chat_id)["customer_id"])

    def writes_in(self, actor: Actor, chat_id: str) -> tuple[str, bool]:
        """The id of the customer whose chat it is, and whether `actor` may write now. Raises Refusal chat_not_found."""
        row = self._row(actor, chat_id)
        return str(row["customer_id"]), Action.WRITE in views.actions(row, actor)

    def _view(self, row: Any, actor: Actor) -> Answer:
        waits = row["status"] == Status.WAITING_FOR_AGENT
        place = self.place_in_queue(row["waits_since"], str(row["chat_id"])) if waits else None
        return views.chat(row, actor, place)

    def _waiting(self) -> int:
        return int(self.read_model.query("select count(*) as n from chats where status = 'WAITING_FOR_AGENT'")[0]["n"])

    def _row(self, actor: Actor, chat_id: str) -> Any:
        rows = self.read_model.query(f"select {chats.COLUMNS} from chats where chat_id = %s", (_uuid(chat_id),))
        # what was begun a moment ago may not be projected yet
        row = rows[0] if rows else chats.row_of(self._facts(chat_id))
        assert row is not None
        actor.must_see(row["customer_id"])
        return row

    def _facts(self, chat_id: str) -> list[Fact]:
        recorded = self.store.read(StreamName(CATEGORY, _uuid(chat_id)))
        if not recorded:
            raise errors.chat_not_found()
        return decode(self.codec, recorded, "chat")

    def _reached(self, projection: str, min_position: int | None) -> Position:
        return self.read_model.reached(projection, min_position, self.store, PUBLISHED)


def _feed_item(fact: Fact) -> Answer:
    row = messages.row_of(fact)
    status = fact.recorded.metadata["status"]
    return {
        "position": fact.recorded.position,
        "name": fact.recorded.name,
        "audience": {"customer": fact.recorded.metadata["customer"], "internal": False},
        "data": {
            "chat_id": fact.recorded.stream.id,
            "position": fact.recorded.position,
            "revision": fact.recorded.revision,
            "name": fact.recorded.name,
            "at": views.time(fact.event.at),
            "by": {"id": fact.event.by.id, "name": fact.event.by.name, "role": fact.event.by.role},
            "status": status,
            "owner": views.owner(status),
            "message": None if row is None else views.message(row),
        },
    }


def _cursor(value: datetime, chat_id: uuid.UUID, column: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([column, value, chat_id])).decode().rstrip("=")


def _cursor_values(cursor: str, column: str) -> dict[str, Any]:
    try:
        made_for, value, chat_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(value)
        if made_for != column or moment.tzinfo is None:
            raise ValueError(made_for)
        return {"value": moment, "id": uuid.UUID(chat_id)}
    except (ValueError, TypeError, AttributeError):
        raise _invalid_cursor("cursor") from None


def _integer(before: str) -> int:
    if not re.fullmatch(r"\d{1,18}", before):
        raise _invalid_cursor("before")
    return int(before)


def _invalid_cursor(field: str) -> Refusal:
    return Refusal(
        "invalid_cursor",
        "This cursor is not one that was given out for this list.",
        kind="invalid",
        errors={field: ["Use the next_cursor of an answer, with the same filters."]},
    )


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise errors.chat_not_found() from None
