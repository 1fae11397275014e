"""What a caller is shown of rows and facts: the shapes of the HTTP API. One place for every channel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.tickets.actor import Actor
from services.tickets.domain.ticket import RATING_WINDOW, Action, allowed_actions
from shared.events.catalog.tickets import Status

Row = Mapping[str, Any]


def ticket(row: Row, actor: Actor, unread_count: int, now: datetime) -> dict[str, Any]:
    """A ticket as `actor` sees it."""
    assigned = row["assignee_id"] is not None
    return {
        "id": str(row["ticket_id"]),
        "number": row["number"],
        "subject": row["subject"],
        "category": row["category"],
        "priority": row["priority"],
        "status": row["status"],
        "description": row["description"],
        "customer": {
            "id": row["customer_id"],
            "name": row["customer_name"],
            "email": row["customer_email"],
            "account": row["customer_account"],
        },
        "assignee": {"id": row["assignee_id"], "name": row["assignee_name"]} if assigned else None,
        "created_at": time(row["created_at"]),
        "updated_at": time(row["updated_at"]),
        "first_response_due_at": time(row["first_response_due_at"]),
        "first_response_at": time(row["first_response_at"]),
        "resolved_at": time(row["resolved_at"]),
        "closed_at": time(row["closed_at"]),
        "closes_at": time(row["closes_at"]),
        "message_count": row["message_count"],
        "unread_count": unread_count,
        "attachments": row["attachments"],
        "attachment_count": row["attachment_count"],
        "follow_up_to": row["follow_up_to"],
        "from_chat": row["from_chat"],
        "satisfaction": row["satisfaction"],
        "last_message": row["last_message"],
        "allowed_actions": actions(row, actor, now),
        "revision": row["revision"],
    }


def actions(row: Row, actor: Actor, now: datetime) -> list[str]:
    """What `actor` may do to the ticket now; buttons are drawn from it."""
    found = [str(action) for action in allowed_actions(actor.role, Status(row["status"]))]
    if row["resolved_at"] is None or now > row["resolved_at"] + RATING_WINDOW:
        found = [action for action in found if action != Action.RATE]
    return found


def message(row: Row) -> dict[str, Any]:
    """A message or note."""
    return {
        "id": str(row["message_id"]),
        "author": {"id": row["author_id"], "name": row["author_name"], "role": row["author_role"]},
        "body": row["body"],
        "internal": row["internal"],
        "attachments": row["attachments"],
        "created_at": time(row["created_at"]),
        "revision": row["revision"],
        "position": row["position"],
    }


def attachment(row: Row) -> dict[str, Any]:
    """A file, bound or not."""
    return {
        "id": str(row["attachment_id"]),
        "filename": row["filename"],
        "content_type": row["content_type"],
        "size": row["size"],
        "sha256": row["sha256"],
    }


def time(value: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")
