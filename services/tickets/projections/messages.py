"""One row a message or note, and which files each of them (or a description) names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.tickets.projections.ticket_list import file_dict
from shared.events.catalog.tickets import MessagePosted, NoteAdded, TicketOpened
from shared.events.projection import Fact
from shared.events.read_model import Connection
from shared.events.rows import upsert

Row = dict[str, Any]


class Messages:
    """The tables messages and attachment_bindings."""

    name = "messages"
    tables = ("messages", "attachment_bindings")
    events = frozenset({TicketOpened, MessagePosted, NoteAdded})
    summed: frozenset[str] = frozenset()

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        upsert(connection, "messages", ["message_id"], [row for row in map(row_of, facts) if row])
        bindings = [row for fact in facts for row in bindings_of(fact)]
        upsert(connection, "attachment_bindings", ["attachment_id", "message_id"], bindings)


def row_of(fact: Fact) -> Row | None:
    """The message that a fact is, None where it is none."""
    event, recorded = fact.event, fact.recorded
    if not isinstance(event, MessagePosted | NoteAdded):
        return None
    return {
        "message_id": _message_id(event),
        "ticket_id": recorded.stream.id,
        "revision": recorded.revision,
        "position": recorded.position,
        "author_id": event.by.id,
        "author_name": event.by.name,
        "author_role": event.by.role,
        "body": event.body,
        "internal": isinstance(event, NoteAdded),
        "attachments": [file_dict(file) for file in event.attachments],
        "created_at": event.at,
    }


def bindings_of(fact: Fact) -> list[Row]:
    """One row for each file that a fact binds."""
    event, recorded = fact.event, fact.recorded
    if not isinstance(event, TicketOpened | MessagePosted | NoteAdded):
        return []
    message_id = recorded.stream.id if isinstance(event, TicketOpened) else _message_id(event)
    return [
        {
            "attachment_id": file.id,
            "message_id": message_id,
            "ticket_id": recorded.stream.id,
            "customer_id": recorded.metadata["customer"],
            "internal": isinstance(event, NoteAdded),
            "filename": file.filename,
            "content_type": file.content_type,
            "size": file.size,
            "sha256": file.sha256,
        }
        for file in event.attachments
    ]


def _message_id(event: MessagePosted | NoteAdded) -> str:
    return event.note_id if isinstance(event, NoteAdded) else event.message_id
