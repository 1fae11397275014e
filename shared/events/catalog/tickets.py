"""Public events of the tickets service.

These are storage formats: a stored name and version never changes its meaning. To change one: add an optional
field with a default; else a new version with an upcaster; else a new name. tests/contract/golden keeps an example
of each for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.events.catalog.types import AttachedFile, Customer, PersonalText

CATEGORY = "ticket"
NOTE_CATEGORY = "ticket_note"
NUMBER_CATEGORY = "ticket_number"


class Status(StrEnum):
    OPEN = "OPEN"
    IN_PROGRESS = "IN_PROGRESS"
    WAITING_ON_CUSTOMER = "WAITING_ON_CUSTOMER"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"


class Category(StrEnum):
    GENERAL = "GENERAL"
    TECHNICAL = "TECHNICAL"
    BILLING = "BILLING"
    ACCOUNT = "ACCOUNT"


class Priority(StrEnum):
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    URGENT = "URGENT"


class Role(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Person:
    """Who did something, in the role in which they did it."""

    id: str
    name: PersonalText
    role: Role = Role.SYSTEM


@dataclass(frozen=True, slots=True)
class Assignee:
    """Who takes care of the ticket."""

    id: str
    name: PersonalText


@dataclass(frozen=True, slots=True)
class TicketOpened:
    """A ticket came to be, OPEN.

    `first_response_due_at` is the promise for its priority; `from_chat` is the chat that became this ticket.
    """

    number: str
    subject: PersonalText
    category: Category
    priority: Priority
    description: PersonalText
    customer: Customer
    by: Person
    at: datetime
    first_response_due_at: datetime
    attachments: tuple[AttachedFile, ...] = ()
    follow_up_to: str | None = None
    from_chat: str | None = None


@dataclass(frozen=True, slots=True)
class MessagePosted:
    """The customer or an agent wrote a public message."""

    message_id: str
    by: Person
    at: datetime
    body: PersonalText
    attachments: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkStarted:
    """An agent took the ticket up: OPEN → IN_PROGRESS."""

    by: Person
    at: datetime
    from_status: Status
    to_status: Status


@dataclass(frozen=True, slots=True)
class InformationRequested:
    """An agent's message asks the customer something: → WAITING_ON_CUSTOMER."""

    by: Person
    at: datetime
    from_status: Status
    to_status: Status
    message_id: str


@dataclass(frozen=True, slots=True)
class InformationProvided:
    """The customer answered: WAITING_ON_CUSTOMER → IN_PROGRESS."""

    by: Person
    at: datetime
    from_status: Status
    to_status: Status
    message_id: str


@dataclass(frozen=True, slots=True)
class TicketResolved:
    """Solved, by an agent or by the customer's word; closes by itself at `closes_at` unless it is reopened."""

    by: Person
    at: datetime
    from_status: Status
    to_status: Status
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class ClosingAnnounced:
    """The customer was told that the resolved ticket closes soon."""

    by: Person
    at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class TicketReopened:
    """RESOLVED → OPEN, or IN_PROGRESS while somebody is assigned."""

    by: Person
    at: datetime
    from_status: Status
    to_status: Status
    reason: PersonalText | None = None


@dataclass(frozen=True, slots=True)
class TicketClosed:
    """RESOLVED → CLOSED, by an agent or by itself: the end of this ticket's conversation."""

    by: Person
    at: datetime
    from_status: Status
    to_status: Status


@dataclass(frozen=True, slots=True)
class TicketAssigned:
    """Somebody was given the ticket."""

    by: Person
    at: datetime
    assignee: Assignee


@dataclass(frozen=True, slots=True)
class TicketUnassigned:
    """Nobody has the ticket any more."""

    by: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class PriorityChanged:
    """An agent found it more or less urgent."""

    by: Person
    at: datetime
    from_priority: Priority
    to_priority: Priority


@dataclass(frozen=True, slots=True)
class CategoryChanged:
    """An agent moved it to another category."""

    by: Person
    at: datetime
    from_category: Category
    to_category: Category


@dataclass(frozen=True, slots=True)
class SatisfactionRated:
    """The customer's verdict, 1 (bad) to 5 (good); a later one replaces it."""

    by: Person
    at: datetime
    score: int
    comment: PersonalText | None = None


@dataclass(frozen=True, slots=True)
class NoteAdded:
    """An agent's internal note. In a stream of its own, which nothing that a customer sees subscribes to."""

    note_id: str
    by: Person
    at: datetime
    body: PersonalText
    attachments: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class NumberTaken:
    """A ticket's number belongs to one ticket: the first and only event of the stream named after the number."""

    number: str
    ticket_id: str


EVENTS: Mapping[tuple[str, int], type] = {
    ("TicketOpened", 1): TicketOpened,
    ("MessagePosted", 1): MessagePosted,
    ("WorkStarted", 1): WorkStarted,
    ("InformationRequested", 1): InformationRequested,
    ("InformationProvided", 1): InformationProvided,
    ("TicketResolved", 1): TicketResolved,
    ("ClosingAnnounced", 1): ClosingAnnounced,
    ("TicketReopened", 1): TicketReopened,
    ("TicketClosed", 1): TicketClosed,
    ("TicketAssigned", 1): TicketAssigned,
    ("TicketUnassigned", 1): TicketUnassigned,
    ("PriorityChanged", 1): PriorityChanged,
    ("CategoryChanged", 1): CategoryChanged,
    ("SatisfactionRated", 1): SatisfactionRated,
    ("NoteAdded", 1): NoteAdded,
    ("NumberTaken", 1): NumberTaken,
}

CATEGORIES: Mapping[str, str] = {"NoteAdded": NOTE_CATEGORY, "NumberTaken": NUMBER_CATEGORY}
"""In streams of which category an event stands, where that is not CATEGORY."""

PUBLISHED = (CATEGORY, NOTE_CATEGORY)
"""The categories whose events leave the service."""

UPCASTERS: Mapping[tuple[str, int], Callable[[dict[str, Any]], tuple[str, int, dict[str, Any]]]] = {}
