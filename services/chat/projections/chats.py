"""One row a chat: what lists, the queue and the head of a chat show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from shared.events.catalog.chat import (
    EVENTS,
    AgentJoined,
    AgentRequested,
    AgentWrote,
    AssistantReplied,
    ChatEnded,
    ChatStarted,
    ChatTransferred,
    CustomerNudged,
    CustomerWrote,
    HandedBack,
    RequestWithdrawn,
    ReturnedToQueue,
    Status,
    TicketLinked,
    WaitProlonged,
)
from shared.events.projection import Fact, begun_before
from shared.events.read_model import Connection
from shared.events.rows import find, upsert

Row = dict[str, Any]

COLUMNS = (
    "chat_id, status, customer_id, customer_name, customer_email, customer_account, assignee_id, assignee_name,"
    " assigned_at, ticket_id, ticket_number, previous_chat, question, waits_since, prolonged, created_at, updated_at,"
    " ended_at, end_reason, ends_at, message_count, last_message, revision, position"
)


class Chats:
    """The table chats."""

    name = "chats"
    tables = ("chats",)
    events = frozenset(EVENTS.values())
    summed = None

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        rows = find(connection, "chats", "chat_id", begun_before(facts, ChatStarted))
        for fact in facts:
            chat_id = fact.recorded.stream.id
            rows[chat_id] = evolve(rows.get(chat_id), fact)
        upsert(connection, "chats", ["chat_id"], list(rows.values()))


def row_of(facts: Iterable[Fact]) -> Row | None:
    """The row that one chat's facts add up to; None without any."""
    row: Row | None = None
    for fact in facts:
        row = evolve(row, fact)
    return row


def evolve(row: Row | None, fact: Fact) -> Row:
    """The row after a fact of its chat."""
    event = fact.event
    if isinstance(event, ChatStarted):
        row = _started(fact.recorded.stream.id, event)
    assert row is not None, "a chat's first event is ChatStarted"
    changed: Row = {
        "updated_at": event.at,
        "revision": fact.recorded.revision,
        "position": fact.recorded.position,
    }
    match event:
        case CustomerWrote():
            changed |= _said(row, event) | {"ends_at": None, "question": row["question"] or event.body or None}
        case AssistantReplied() | AgentWrote():
            changed |= _said(row, event) | {"ends_at": None}
        case AgentRequested():
            changed |= {"status": Status.WAITING_FOR_AGENT, "waits_since": event.at, "prolonged": False}
        case RequestWithdrawn():
            changed |= {"status": Status.ASSISTED, "waits_since": None}
        case WaitProlonged():
            changed |= {"prolonged": True}
        case AgentJoined():
            changed |= {
                "status": Status.WITH_AGENT,
                "waits_since": row["waits_since"] or event.at,
                **_assigned(event),
            }
        case ChatTransferred():
            changed |= _assigned(event)
        case ReturnedToQueue():
            changed |= {
                "status": Status.WAITING_FOR_AGENT,
                "waits_since": event.waits_since,
                "prolonged": False,
                **_NOBODY,
            }
        case HandedBack():
            changed |= {"status": Status.ASSISTED, "waits_since": None, **_NOBODY}
        case CustomerNudged():
            changed |= {"ends_at": event.ends_at}
        case TicketLinked():
            changed |= {"ticket_id": event.ticket_id, "ticket_number": event.number}
        case ChatEnded():
            changed |= {
                "status": Status.ENDED,
                "waits_since": None,
                "ended_at": event.at,
                "end_reason": event.reason,
                "ends_at": None,
            }
    return {**row, **changed}


_NOBODY: Row = {"assignee_id": None, "assignee_name": None, "assigned_at": None}


def _assigned(event: AgentJoined | ChatTransferred) -> Row:
    return {"assignee_id": event.agent.id, "assignee_name": event.agent.name, "assigned_at": event.at}


def _said(row: Row, event: CustomerWrote | AssistantReplied | AgentWrote) -> Row:
    author = {"id": event.by.id, "name": event.by.name, "role": event.by.role}
    last = {"author": author, "at": event.at.isoformat(), "body": event.body[:200]}
    return {"message_count": row["message_count"] + 1, "last_message": last}


def _started(chat_id: str, event: ChatStarted) -> Row:
    return {
        "chat_id": chat_id,
        "status": Status.ASSISTED,
        "customer_id": event.customer.id,
        "customer_name": event.customer.name,
        "customer_email": event.customer.email,
        "customer_account": event.customer.account,
        **_NOBODY,
        "ticket_id": None,
        "ticket_number": None,
        "previous_chat": event.previous_chat,
        "question": None,
        "waits_since": None,
        "prolonged": False,
        "created_at": event.at,
        "updated_at": event.at,
        "ended_at": None,
        "end_reason": None,
        "ends_at": None,
        "message_count": 0,
        "last_message": None,
        "revision": 0,
        "position": 0,
    }
