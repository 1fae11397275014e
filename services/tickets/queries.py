"""Answer questions from the read models, in plain SQL; history and the past from the streams themselves."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import orjson

from services.tickets import views
from services.tickets.actor import Actor
from services.tickets.domain import errors
from services.tickets.projections import history, messages, search, ticket_list
from services.tickets.projections.statistics import COUNTERS
from shared.events.catalog.tickets import CATEGORY, NOTE_CATEGORY, PUBLISHED
from shared.events.codec import Codec
from shared.events.errors import Refusal
from shared.events.projection import Fact, decode
from shared.events.read_model import ReadModel
from shared.events.relay import published
from shared.events.store.port import EventStore
from shared.events.stream import START, Position, StreamName

_MAX_WORDS = 8

# sort name -> (column, direction, the cursor value's type)
_SORTS: dict[str, tuple[LiteralString, LiteralString, LiteralString]] = {
    "-updated_at": ("updated_at", "desc", "timestamptz"),
    "updated_at": ("updated_at", "asc", "timestamptz"),
    "-created_at": ("created_at", "desc", "timestamptz"),
    "created_at": ("created_at", "asc", "timestamptz"),
    "-priority": ("priority_rank", "desc", "smallint"),
    "priority": ("priority_rank", "asc", "smallint"),
}

# public messages of others behind what the reader has read
_UNREAD: LiteralString = (
    "(select count(*) from messages m where m.ticket_id = t.ticket_id and not m.internal"
    " and m.author_id <> %(me)s and m.revision > coalesce((select r.revision from read_marks r"
    " where r.ticket_id = t.ticket_id and r.person_id = %(me)s), -1)) as unread_count"
)

# how far the projection is whose row is asked for: in the same look, because it costs a round trip of its own
_LIST_REACHED: LiteralString = (
    "(select coalesce(max(c.position), -1) from checkpoints c where c.name = 'ticket_list') as reached"
)

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Queries:
    """The questions that the tickets service answers.

    `min_position` asks for read models that have seen at least that position; what they have after a second is
    answered, with the `position` that it is from. Each raises Refusal.
    """

    read_model: ReadModel
    store: EventStore
    codec: Codec
    now: Callable[[], datetime]

    def list_tickets(
        self,
        actor: Actor,
        status: Sequence[str] = (),
        category: Sequence[str] = (),
        priority: Sequence[str] = (),
        assignee: str | None = None,
        customer: str | None = None,
        q: str | None = None,
        sort: str = "-updated_at",
        limit: int = 25,
        cursor: str | None = None,
        min_position: int | None = None,
    ) -> Answer:
        reached = self._reached("ticket_list", min_position)
        where, parameters = self._filters(actor, status, category, priority, assignee, customer, q)
        column, direction, kind = _SORTS[sort]
        after: LiteralString = "true"
        if cursor is not None:
            parameters |= _cursor_values(cursor, sort)
            compare: LiteralString = "<" if direction == "desc" else ">"
            after = f"(t.{column}, t.ticket_id) {compare} (%(value)s::{kind}, %(id)s::uuid)"
        order: LiteralString = f"order by t.{column} {direction}, t.ticket_id {direction}"
        parameters |= {"me": actor.id, "limit": limit + 1}
        if q:
            rows, total = self._searched(where, after, order, column, parameters)
        else:
            rows = self.read_model.query(
                f"select {_columns()}, {_UNREAD} from ticket_list t where {where} and {after} {order} limit %(limit)s",
                parameters,
            )
            narrow = bool(category or priority or assignee or customer)
            total = self._count(where, parameters) if narrow else self._counted(actor, status)
        page, more = rows[:limit], len(rows) > limit
        return {
            "items": [views.ticket(row, actor, row["unread_count"], self.now()) for row in page],
            "next_cursor": _cursor(page[-1][column], page[-1]["ticket_id"], sort) if more else None,
            "total": total,
            "position": reached,
        }

    def statistics(self, actor: Actor, min_position: int | None = None) -> Answer:
        waited = self._waited("statistics", min_position)
        counts, reached = self._counters(actor)
        total = sum(counts.values())
        cards = {
            "total": total,
            "open": counts["open"],
            "in_progress": counts["in_progress"] + counts["waiting_on_customer"],
            "resolved": counts["resolved"] + counts["closed"],
        }
        return {"total": total, **counts, "cards": cards, "position": max(waited, reached)}

    def get_ticket(
        self, actor: Actor, ticket_id: str, as_of: int | str | None = None, min_position: int | None = None
    ) -> Answer:
        if as_of is not None:
            return self._as_it_stood(actor, ticket_id, as_of)
        waited = self._waited("ticket_list", min_position)
        row = self._row(actor, ticket_id)
        position = max(waited, row["reached"])
        return {"ticket": views.ticket(row, actor, row["unread_count"], self.now()), "position": position}

    def list_messages(
        self,
        actor: Actor,
        ticket_id: str,
        before: str | None = None,
        limit: int = 30,
        min_position: int | None = None,
    ) -> Answer:
        reached = self._reached("messages", min_position)
        self._row(actor, ticket_id)
        parameters: dict[str, Any] = {"ticket": ticket_id, "limit": limit + 1, "before": None, "agent": actor.is_agent}
        if before is not None:
            parameters["before"] = _integer(before)
        rows = self.read_model.query(
            "select * from messages where ticket_id = %(ticket)s and (%(agent)s or not internal)"
            " and (%(before)s::bigint is null or position < %(before)s) order by position desc limit %(limit)s",
            parameters,
        )
        count = self.read_model.query(
            "select count(*) as total from messages where ticket_id = %s and (%s or not internal)",
            (ticket_id, actor.is_agent),
        )
        page = rows[:limit][::-1]
        return {
            "items": [views.message(row) for row in page],
            "next_cursor": str(page[0]["position"]) if len(rows) > limit else None,
            "total": count[0]["total"],
            "position": reached,
        }

    def history(self, actor: Actor, ticket_id: str) -> Answer:
        facts = self._facts(actor, ticket_id)
        return {
            "items": [history.entry(fact) for fact in facts],
            "position": max(fact.recorded.position for fact in facts),
        }

    def get_draft(self, actor: Actor, ticket_id: str) -> Answer | None:
        self._row(actor, ticket_id)
        rows = self.read_model.query(
            "select body, attachments, updated_at from drafts where ticket_id = %s and person_id = %s",
            (ticket_id, actor.id),
        )
        return self._draft(actor, rows[0]) if rows else None

    def put_draft(self, actor: Actor, ticket_id: str, body: str, attachments: Sequence[str] = ()) -> Answer:
        self._row(actor, ticket_id)
        mine = self.read_model.query(
            "select attachment_id from uploads where owner_id = %s and attachment_id = any(%s::uuid[])",
            (actor.id, list(attachments)),
        )
        if missing := set(attachments) - {str(row["attachment_id"]) for row in mine}:
            raise errors.attachment_not_found(sorted(missing))
        rows = self.read_model.query(
            "insert into drafts (ticket_id, person_id, body, attachments, updated_at)"
            " values (%s, %s, %s, %s::uuid[], %s) on conflict (ticket_id, person_id) do update set"
            " body = excluded.body, attachments = excluded.attachments, updated_at = excluded.updated_at"
            " returning body, attachments, updated_at",
            (ticket_id, actor.id, body, list(attachments), self.now()),
        )
        return self._draft(actor, rows[0])

    def delete_draft(self, actor: Actor, ticket_id: str) -> None:
        self._row(actor, ticket_id)
        self.read_model.query(
            "delete from drafts where ticket_id = %s and person_id = %s returning 1", (ticket_id, actor.id)
        )

    def mark_read(self, actor: Actor, ticket_id: str, revision: int) -> Answer:
        row = self._row(actor, ticket_id)
        self.read_model.query(
            "insert into read_marks (ticket_id, person_id, revision) values (%s, %s, %s)"
            " on conflict (ticket_id, person_id) do update"
            " set revision = greatest(read_marks.revision, excluded.revision) returning 1",
            # nobody has read what was not written yet
            (ticket_id, actor.id, min(revision, row["revision"])),
        )
        return {"unread_count": self._row(actor, ticket_id)["unread_count"]}

    def find_attachment(self, actor: Actor, attachment_id: str, min_position: int | None = None) -> Answer:
        """A file that is bound to something the actor may see, or that the actor uploaded."""
        if min_position is not None:
            self._reached("messages", min_position)
        rows = self.read_model.query(
            "select attachment_id, filename, content_type, size, sha256 from attachment_bindings"
            " where attachment_id = %(id)s and (%(agent)s or (customer_id = %(me)s and not internal))"
            " union all select attachment_id, filename, content_type, size, sha256 from chat_bindings"
            " where attachment_id = %(id)s and (%(agent)s or customer_id = %(me)s)"
            " union all select attachment_id, filename, content_type, size, sha256 from uploads"
            " where attachment_id = %(id)s and owner_id = %(me)s limit 1",
            {"id": _uuid(attachment_id, _no_file), "me": actor.id, "agent": actor.is_agent},
        )
        if not rows:
            raise _no_file()
        return views.attachment(rows[0])

    def feed(self, after: int, limit: int = 500) -> Answer:
        """What happened behind a position, for live streams: each item says who may see it; `head` is the log's."""
        batch = self.store.read_all(Position(after), [CATEGORY, NOTE_CATEGORY], limit)
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
        if not actor.is_agent:
            raise errors.role_required("read_events")
        return published(self.store, PUBLISHED, after, limit)

    def agents(self, actor: Actor) -> Answer:
        """People whom a ticket can be assigned to: those who have acted as agents, and the one who asks."""
        if not actor.is_agent:
            raise errors.role_required("list_agents")
        rows = self.read_model.query("select person_id as id, name from people where role = 'agent'")
        known = {row["id"]: row["name"] for row in rows} | {actor.id: actor.name}
        people = sorted(known.items(), key=lambda person: person[1].casefold())
        return {"items": [{"id": id_, "name": name} for id_, name in people]}

    def _as_it_stood(self, actor: Actor, ticket_id: str, as_of: int | str) -> Answer:
        facts = [fact for fact in self._facts(actor, ticket_id) if _until(fact, as_of)]
        row = ticket_list.row_of(fact for fact in facts if fact.recorded.stream.category == CATEGORY)
        if row is None:
            raise errors.ticket_not_found()
        said = [message for message in map(messages.row_of, facts) if message]
        return {
            "ticket": {**views.ticket(row, actor, 0, self.now()), "allowed_actions": []},
            "messages": [views.message(message) for message in said],
            "position": facts[-1].recorded.position,
        }

    def _facts(self, actor: Actor, ticket_id: str) -> list[Fact]:
        """What happened to a ticket and, for agents, what was noted on it, in the order of the log."""
        name = _uuid(ticket_id, errors.ticket_not_found)
        recorded = self.store.read(StreamName(CATEGORY, name))
        if not recorded:
            raise errors.ticket_not_found()
        actor.must_see(recorded[0].metadata["customer"])
        if actor.is_agent:
            recorded = recorded + self.store.read(StreamName(NOTE_CATEGORY, name))
        facts = decode(self.codec, recorded, "history")
        return sorted(facts, key=lambda fact: fact.recorded.position)

    def _row(self, actor: Actor, ticket_id: str) -> dict[str, Any]:
        rows = self.read_model.query(
            f"select {_columns()}, {_UNREAD}, {_LIST_REACHED} from ticket_list t where t.ticket_id = %(id)s",
            {"id": _uuid(ticket_id, errors.ticket_not_found), "me": actor.id},
        )
        if not rows:
            return self._row_from_log(actor, ticket_id)
        actor.must_see(rows[0]["customer_id"])
        return rows[0]

    def _row_from_log(self, actor: Actor, ticket_id: str) -> dict[str, Any]:
        """The row of a ticket that was opened a moment ago and is not projected yet."""
        facts = [fact for fact in self._facts(actor, ticket_id) if fact.recorded.stream.category == CATEGORY]
        row = ticket_list.row_of(facts)
        assert row is not None
        return {**row, "unread_count": 0, "reached": self._reached("ticket_list", None)}

    def _draft(self, actor: Actor, row: dict[str, Any]) -> Answer:
        files = self.read_model.query(
            "select attachment_id, filename, content_type, size, sha256 from uploads"
            " where owner_id = %s and attachment_id = any(%s)",
            (actor.id, row["attachments"]),
        )
        found = {file["attachment_id"]: views.attachment(file) for file in files}
        return {
            "body": row["body"],
            "attachments": [found[id_] for id_ in row["attachments"] if id_ in found],
            "updated_at": views.time(row["updated_at"]),
        }

    def _filters(
        self,
        actor: Actor,
        status: Sequence[str],
        category: Sequence[str],
        priority: Sequence[str],
        assignee: str | None,
        customer: str | None,
        q: str | None,
    ) -> tuple[LiteralString, dict[str, Any]]:
        parameters: dict[str, Any] = {"me": actor.id, "agent": actor.is_agent}
        clauses: list[LiteralString] = ["true" if actor.is_agent else "t.customer_id = %(me)s"]
        if status:
            clauses.append("t.status = any(%(status)s)")
            parameters["status"] = list(status)
        if category:
            clauses.append("t.category = any(%(category)s)")
            parameters["category"] = list(category)
        if priority:
            clauses.append("t.priority = any(%(priority)s)")
            parameters["priority"] = list(priority)
        if assignee == "none":
            clauses.append("t.assignee_id is null")
        elif assignee is not None:
            clauses.append("t.assignee_id = %(assignee)s")
            parameters["assignee"] = actor.id if assignee == "me" else assignee
        if customer is not None:
            clauses.append("t.customer_id = %(customer)s")
            parameters["customer"] = customer
        words = search.words(q or "")[:_MAX_WORDS]
        for name, word in zip(_WORD_NAMES, words, strict=False):
            # Every word somewhere in the ticket, though not all in one message. `offset 0` has each set found once and
            # first: left to itself the planner looks for a frequent word ticket by ticket, which takes seconds.
            clauses.append(
                f"t.ticket_id in (select ticket_id from search_texts where search @@ %({name})s::tsquery"
                " and (%(agent)s or (customer_id = %(me)s and not internal)) offset 0)"
            )
            parameters[name] = f"'{word}':*"
        if q and not words:
            clauses.append("false")
        return " and ".join(clauses), parameters

    def _searched(
        self,
        where: LiteralString,
        after: LiteralString,
        order: LiteralString,
        column: LiteralString,
        parameters: dict[str, Any],
    ) -> tuple[list[dict[str, Any]], int]:
        """A page of a search, and how many tickets it found: both from one look, which is what costs."""
        rows = self.read_model.query(
            f"with found as materialized (select t.ticket_id, t.{column} from ticket_list t where {where}),"
            f" page as materialized (select t.ticket_id from found t where {after} {order} limit %(limit)s)"
            f" select c.total, {_columns()}, {_UNREAD} from (select count(*) as total from found) c"
            f" left join (page join ticket_list t using (ticket_id)) on true {order}",
            parameters,
        )
        # behind the last page there is nothing but the total
        return [row for row in rows if row["ticket_id"] is not None], int(rows[0]["total"])

    def _count(self, where: LiteralString, parameters: dict[str, Any]) -> int:
        rows = self.read_model.query(f"select count(*) as total from ticket_list t where {where}", parameters)
        return int(rows[0]["total"])

    def _counted(self, actor: Actor, status: Sequence[str]) -> int:
        """How many tickets there are, from the counters, which stand in the same transaction as the list."""
        counts, _ = self._counters(actor)
        return sum(count for name, count in counts.items() if not status or name.upper() in status)

    def _counters(self, actor: Actor) -> tuple[dict[str, int], Position]:
        scope = ("all", "") if actor.is_agent else ("customer", actor.id)
        (row,) = self.read_model.query(
            "select s.*, c.reached from"
            " (select coalesce(max(position), -1) as reached from checkpoints where name = 'statistics') c"
            " left join statistics s on s.scope = %s and s.scope_id = %s",
            scope,
        )
        return {name: row[name] or 0 for name in COUNTERS}, Position(row["reached"])

    def _waited(self, projection: str, min_position: int | None) -> Position:
        return START if min_position is None else self._reached(projection, min_position)

    def _reached(self, projection: str, min_position: int | None) -> Position:
        return self.read_model.reached(projection, min_position, self.store, PUBLISHED)


_WORD_NAMES: tuple[LiteralString, ...] = ("w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7")


def _columns() -> LiteralString:
    return ticket_list.COLUMNS


def _feed_item(fact: Fact) -> Answer:
    row = messages.row_of(fact)
    return {
        "position": fact.recorded.position,
        "name": fact.recorded.name,
        "audience": {
            "customer": fact.recorded.metadata["customer"],
            "internal": fact.recorded.stream.category == NOTE_CATEGORY,
        },
        "data": {
            "ticket_id": fact.recorded.stream.id,
            "number": fact.recorded.metadata["number"],
            **history.entry(fact),
            "message": None if row is None else views.message(row),
        },
    }


def _until(fact: Fact, as_of: int | str) -> bool:
    """Whether a fact had happened at a revision of the ticket, or at a time (RFC 3339 with its zone)."""
    if isinstance(as_of, int):
        return fact.recorded.stream.category == CATEGORY and fact.recorded.revision <= as_of
    return bool(fact.event.at <= datetime.fromisoformat(as_of))


def _cursor(value: Any, ticket_id: uuid.UUID, sort: str) -> str:
    raw = orjson.dumps([sort, value, ticket_id])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _cursor_values(cursor: str, sort: str) -> dict[str, Any]:
    try:
        made_for, value, ticket_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if made_for != sort:
            raise ValueError(made_for)
        return {"value": _cursor_value(value, sort), "id": uuid.UUID(ticket_id)}
    except (ValueError, TypeError, AttributeError):
        raise _invalid_cursor("cursor") from None


def _cursor_value(value: Any, sort: str) -> int | datetime:
    if sort.endswith("priority"):
        if value not in ticket_list.RANK.values():
            raise ValueError(value)
        return int(value)
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment


def _integer(before: str) -> int:
    if not re.fullmatch(r"\d{1,18}", before):
        raise _invalid_cursor("before")
    return int(before)


def _invalid_cursor(field: str) -> Refusal:
    return Refusal(
        "invalid_cursor",
        "This cursor is not one that was given out for this list.",
        kind="invalid",
        errors={field: ["Use the next_cursor of an answer, with the same sort."]},
    )


def _uuid(text: str, refusal: Callable[[], Refusal]) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise refusal() from None


def _no_file() -> Refusal:
    return Refusal("attachment_not_found", "There is no such file.", kind="not_found")
