"""The named refusals of a ticket. Codes are stable: clients and the HTTP API rely on them."""

from __future__ import annotations

from collections.abc import Iterable

from shared.events.errors import Refusal


def ticket_not_found() -> Refusal:
    """Also the answer for a ticket that the caller may not see, to the letter."""
    return Refusal("ticket_not_found", "There is no such ticket.", kind="not_found")


def ticket_closed(number: str) -> Refusal:
    return Refusal(
        "ticket_closed",
        f"{number} is closed. Open a follow-up to go on.",
        details={"number": number},
    )


def not_allowed_in_status(action: str, status: str, allowed: Iterable[str]) -> Refusal:
    words = action.replace("_", " ")
    return Refusal(
        "not_allowed_in_status",
        f"'{words}' is not possible while the ticket is {status}.",
        details={"ticket_status": status, "allowed_actions": sorted(allowed)},
    )


def role_required(action: str) -> Refusal:
    return Refusal("role_required", f"You may not '{action.replace('_', ' ')}' here.", kind="forbidden")


def rating_window_over(days: int) -> Refusal:
    return Refusal("rating_window_over", f"A rating can be given and changed for {days} days after the solution.")


def attachment_not_found(ids: Iterable[str]) -> Refusal:
    return Refusal(
        "attachment_not_found",
        "A file is not there, or is not yours to attach.",
        kind="invalid",
        errors={"attachments": [f"{id_} was not found." for id_ in ids]},
    )


def too_many_attachments(limit: int) -> Refusal:
    return Refusal(
        "too_many_attachments",
        f"A message takes at most {limit} files.",
        kind="invalid",
        errors={"attachments": [f"At most {limit} files."]},
    )


def number_taken() -> Refusal:
    """Never leaves the service: another number is drawn."""
    return Refusal("number_taken", "This number belongs to another ticket.")
