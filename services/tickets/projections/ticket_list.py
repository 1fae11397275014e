"""One row a ticket: what lists and the head of a ticket's page show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from shared.events.catalog.tickets import (
    CATEGORIES,
    CATEGORY,
    EVENTS,
    CategoryChanged,
    InformationProvided,
    InformationRequested,
    MessagePosted,
    Priority,
    PriorityChanged,
    Role,
    SatisfactionRated,
    TicketAssigned,
    TicketClosed,
    TicketOpened,
    TicketReopened,
    TicketResolved,
    TicketUnassigned,
    WorkStarted,
)
from shared.events.catalog.types import AttachedFile
from shared.events.projection import Fact, begun_before
from shared.events.read_model import Connection
from shared.events.rows import find, upsert

Row = dict[str, Any]

COLUMNS = (
    "ticket_id, number, subject, category, priority, priority_rank, status, description, customer_id, customer_name,"
    " customer_email, customer_account, assignee_id, assignee_name, created_at, updated_at, first_response_due_at,"
    " first_response_at, resolved_at, closed_at, closes_at, message_count, attachment_count, attachments, follow_up_to,"
    " from_chat, satisfaction, last_message, revision, position"
)
RANK = {priority.value: rank for rank, priority in enumerate(Priority)}


class TicketList:
    """The table ticket_list."""

    name = "ticket_list"
    tables = ("ticket_list",)
    events = frozenset(cls for (name, _), cls in EVENTS.items() if name not in CATEGORIES)
    summed: frozenset[str] = frozenset()

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        mine = [fact for fact in facts if fact.recorded.stream.category == CATEGORY]
        rows = find(connection, "ticket_list", "ticket_id", begun_before(mine, TicketOpened))
        for fact in mine:
            rows[fact.recorded.stream.id] = evolve(rows.get(fact.recorded.stream.id), fact)
        upsert(connection, "ticket_list", ["ticket_id"], list(rows.values()))


def row_of(facts: Iterable[Fact]) -> Row | None:
    """The row that one ticket's facts add up to; None without any."""
    row: Row | None = None
    for fact in facts:
        row = evolve(row, fact)
    return row


def evolve(row: Row | None, fact: Fact) -> Row:
    """The row after a fact of its ticket."""
    event = fact.event
    if isinstance(event, TicketOpened):
        row = _opened(fact.recorded.stream.id, event)
    assert row is not None, "a ticket's first event is TicketOpened"
    changed: Row = {
        "updated_at": event.at,
        "revision": fact.recorded.revision,
        "position": fact.recorded.position,
    }
    match event:
        case MessagePosted():
            changed |= {
                "message_count": row["message_count"] + 1,
                "attachment_count": row["attachment_count"] + len(event.attachments),
                "last_message": {"author": _person(event.by), "at": event.at.isoformat()},
            }
            if event.by.role is Role.AGENT and row["first_response_at"] is None:
                changed["first_response_at"] = event.at
        case TicketResolved():
            changed |= {"status": event.to_status, "resolved_at": event.at, "closes_at": event.closes_at}
        case TicketReopened():
            changed |= {"status": event.to_status, "resolved_at": None, "closes_at": None}
        case TicketClosed():
            changed |= {"status": event.to_status, "closed_at": event.at, "closes_at": None}
        case WorkStarted() | InformationRequested() | InformationProvided():
            changed["status"] = event.to_status
        case TicketAssigned():
            changed |= {"assignee_id": event.assignee.id, "assignee_name": event.assignee.name}
        case TicketUnassigned():
            changed |= {"assignee_id": None, "assignee_name": None}
        case PriorityChanged():
            changed |= {"priority": event.to_priority, "priority_rank": RANK[event.to_priority]}
        case CategoryChanged():
            changed["category"] = event.to_category
        case SatisfactionRated():
            changed["satisfaction"] = {
                "score": event.score,
                "comment": event.comment,
                "rated_at": event.at.isoformat(),
            }
    return {**row, **changed}


def _opened(ticket_id: str, event: TicketOpened) -> Row:
    return {
        "ticket_id": ticket_id,
        "number": event.number,
        "subject": event.subject,
        "category": event.category,
        "priority": event.priority,
        "priority_rank": RANK[event.priority],
        "status": "OPEN",
        "description": event.description,
        "customer_id": event.customer.id,
        "customer_name": event.customer.name,
        "customer_email": event.customer.email,
        "customer_account": event.customer.account,
        "assignee_id": None,
        "assignee_name": None,
        "created_at": event.at,
        "updated_at": event.at,
        "first_response_due_at": event.first_response_due_at,
        "first_response_at": None,
        "resolved_at": None,
        "closed_at": None,
        "closes_at": None,
        "message_count": 0,
        "attachment_count": len(event.attachments),
        "attachments": [file_dict(file) for file in event.attachments],
        "follow_up_to": event.follow_up_to,
        "from_chat": event.from_chat,
        "satisfaction": None,
        "last_message": None,
        "revision": 0,
        "position": 0,
    }


def file_dict(file: AttachedFile) -> dict[str, Any]:
    """A bound file as rows and answers show it."""
    return {
        "id": file.id,
        "filename": file.filename,
        "content_type": file.content_type,
        "size": file.size,
        "sha256": file.sha256,
    }


def _person(person: Any) -> dict[str, str]:
    return {"id": person.id, "name": person.name, "role": person.role}
