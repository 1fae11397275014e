"""A ticket's history in words and as data: a projection of its streams that is made when somebody asks."""

from __future__ import annotations

from typing import Any

from services.tickets.views import time
from shared.events.catalog.tickets import (
    NOTE_CATEGORY,
    CategoryChanged,
    ClosingAnnounced,
    InformationProvided,
    InformationRequested,
    MessagePosted,
    NoteAdded,
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
from shared.events.projection import Fact


def entry(fact: Fact) -> dict[str, Any]:
    """One line of the history: who, what, when, caused by what."""
    event, recorded = fact.event, fact.recorded
    return {
        "position": recorded.position,
        "revision": recorded.revision,
        "internal": recorded.stream.category == NOTE_CATEGORY,
        "name": recorded.name,
        "version": recorded.version,
        "at": time(event.at),
        "actor": {"id": event.by.id, "name": event.by.name, "role": event.by.role},
        "words": words(event),
        "data": dict(recorded.data),
        "message_id": getattr(event, "message_id", None) or getattr(event, "note_id", None),
        "from_status": getattr(event, "from_status", None),
        "to_status": getattr(event, "to_status", None),
        "correlation_id": recorded.metadata.get("correlation_id"),
        "causation_id": recorded.metadata.get("causation_id"),
    }


def words(event: Any) -> str:
    """The event as an English sentence without its date."""
    who = event.by.name if event.by.role is not Role.SYSTEM else "The system"
    match event:
        case TicketOpened() if event.by.id != event.customer.id:
            return f"{who} opened the ticket for {event.customer.name}"
        case TicketOpened():
            return f"{who} opened the ticket"
        case MessagePosted():
            return f"{who} wrote a message{_files(event)}"
        case NoteAdded():
            return f"{who} added an internal note{_files(event)}"
        case WorkStarted():
            return f"{who} started to work on it"
        case InformationRequested():
            return f"{who} asked for information"
        case InformationProvided():
            return f"{who} answered the question"
        case TicketResolved():
            return f"{who} marked it as resolved"
        case ClosingAnnounced():
            return "Closes by itself in two days unless it is reopened"
        case TicketReopened() if event.reason:
            return f"{who} reopened it: {event.reason}"
        case TicketReopened():
            return f"{who} reopened it"
        case TicketClosed() if event.by.role is Role.SYSTEM:
            return "Closed by itself, seven days after it was resolved"
        case TicketClosed():
            return f"{who} closed it"
        case TicketAssigned() if event.assignee.id == event.by.id:
            return f"{who} took it"
        case TicketAssigned():
            return f"{who} assigned it to {event.assignee.name}"
        case TicketUnassigned():
            return f"{who} removed the assignment"
        case PriorityChanged():
            return f"{who} changed the priority from {event.from_priority.title()} to {event.to_priority.title()}"
        case CategoryChanged():
            return f"{who} changed the category from {event.from_category.title()} to {event.to_category.title()}"
        case SatisfactionRated():
            return f"{who} rated the help {event.score} of 5"
    raise TypeError(f"no words for {type(event).__name__}")


def _files(event: MessagePosted | NoteAdded) -> str:
    count = len(event.attachments)
    return "" if not count else " with a file" if count == 1 else f" with {count} files"
