"""What a caller is shown of rows: the shapes of the HTTP API. One place for every channel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.chat.actor import Actor
from services.chat.domain.conversation import Action, Owner, allowed_actions
from shared.events.catalog.chat import SpeakerRole, Status

Row = Mapping[str, Any]


def chat(row: Row, actor: Actor, queue_position: int | None) -> dict[str, Any]:
    """A chat as `actor` sees it; `queue_position` counts from 1, None while it does not wait."""
    assigned = row["assignee_id"] is not None and row["status"] == Status.WITH_AGENT
    return {
        "id": str(row["chat_id"]),
        "status": row["status"],
        "owner": owner(row["status"]),
        "customer": {
            "id": row["customer_id"],
            "name": row["customer_name"],
            "email": row["customer_email"],
            "account": row["customer_account"],
        },
        "assignee": {"id": row["assignee_id"], "name": row["assignee_name"]} if assigned else None,
        "ticket_id": row["ticket_id"],
        "ticket_number": row["ticket_number"],
        "previous_chat": row["previous_chat"],
        "question": row["question"],
        "queue_position": queue_position,
        "waits_since": time(row["waits_since"]) if row["status"] == Status.WAITING_FOR_AGENT else None,
        "created_at": time(row["created_at"]),
        "updated_at": time(row["updated_at"]),
        "ended_at": time(row["ended_at"]),
        "end_reason": row["end_reason"],
        "ends_at": time(row["ends_at"]),
        "message_count": row["message_count"],
        "last_message": row["last_message"],
        "allowed_actions": actions(row, actor),
        "revision": row["revision"],
    }


def actions(row: Row, actor: Actor) -> list[str]:
    """What `actor` may do in the chat now; buttons are drawn from it. Of agents, most is for the one who has it."""
    status, role = Status(row["status"]), actor.role_in(row["customer_id"])
    found = [str(action) for action in allowed_actions(role, status)]
    if role is SpeakerRole.AGENT and status is Status.WITH_AGENT and row["assignee_id"] != actor.id:
        found = [action for action in found if action == Action.MAKE_TICKET]
    return found


def owner(status: str) -> str | None:
    """Who speaks for us in a chat of this status; None once it has ended."""
    if status == Status.ENDED:
        return None
    return Owner.AGENT if status == Status.WITH_AGENT else Owner.ASSISTANT


def message(row: Row) -> dict[str, Any]:
    """A message, or a line of the system."""
    return {
        "id": str(row["message_id"]),
        "kind": row["kind"],
        "author": {"id": row["author_id"], "name": row["author_name"], "role": row["author_role"]},
        "body": row["body"],
        "attachments": row["attachments"],
        "action": row["button"],
        "sources": row["sources"],
        "confidence": row["confidence"],
        "actions": row["actions"],
        "feedback": row.get("feedback"),
        "created_at": time(row["created_at"]),
        "revision": row["revision"],
        "position": row["position"],
    }


def time(value: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")
