"""The ticket: commands, the table of what may happen when, state, evolve, decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from services.tickets.domain import errors
from shared.events.catalog.tickets import (
    Assignee,
    Category,
    CategoryChanged,
    ClosingAnnounced,
    InformationProvided,
    InformationRequested,
    MessagePosted,
    NoteAdded,
    NumberTaken,
    Person,
    Priority,
    PriorityChanged,
    Role,
    SatisfactionRated,
    Status,
    TicketAssigned,
    TicketClosed,
    TicketOpened,
    TicketReopened,
    TicketResolved,
    TicketUnassigned,
    WorkStarted,
)
from shared.events.catalog.types import AttachedFile, Customer
from shared.events.decider import Decider

CLOSES_AFTER = timedelta(days=7)
WARNS_BEFORE = timedelta(days=2)
RATING_WINDOW = timedelta(days=14)
MAX_ATTACHMENTS = 10
FIRST_RESPONSE: Mapping[Priority, timedelta] = {
    Priority.URGENT: timedelta(hours=1),
    Priority.HIGH: timedelta(hours=4),
    Priority.MEDIUM: timedelta(hours=8),
    Priority.LOW: timedelta(hours=24),
}
"""How soon somebody answers, by priority."""


# -- Commands. Each says who (`by`) and when (`at`); ids and numbers are made outside.


@dataclass(frozen=True, slots=True)
class OpenTicket:
    by: Person
    at: datetime
    number: str
    customer: Customer
    subject: str
    category: Category
    priority: Priority
    description: str
    attachments: tuple[AttachedFile, ...] = ()
    follow_up_to: str | None = None
    from_chat: str | None = None


@dataclass(frozen=True, slots=True)
class PostMessage:
    by: Person
    at: datetime
    message_id: str
    body: str
    attachments: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestInformation:
    by: Person
    at: datetime
    message_id: str
    body: str
    attachments: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class ResolveTicket:
    """With a `body` the solution is told in a message first."""

    by: Person
    at: datetime
    message_id: str
    body: str | None = None


@dataclass(frozen=True, slots=True)
class ReopenTicket:
    by: Person
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CloseTicket:
    by: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class CloseIfDue:
    """What the clock sends at `closes_at`; nothing happens where the ticket was reopened or resolved anew since."""

    by: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class AnnounceClosing:
    """What the clock sends before `closes_at`."""

    by: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class AssignTicket:
    """To somebody, or to nobody (None)."""

    by: Person
    at: datetime
    assignee: Assignee | None


@dataclass(frozen=True, slots=True)
class ChangePriority:
    by: Person
    at: datetime
    priority: Priority


@dataclass(frozen=True, slots=True)
class ChangeCategory:
    by: Person
    at: datetime
    category: Category


@dataclass(frozen=True, slots=True)
class RateTicket:
    by: Person
    at: datetime
    score: int
    comment: str | None = None


Command = (
    OpenTicket
    | PostMessage
    | RequestInformation
    | ResolveTicket
    | ReopenTicket
    | CloseTicket
    | CloseIfDue
    | AnnounceClosing
    | AssignTicket
    | ChangePriority
    | ChangeCategory
    | RateTicket
)


# -- What may happen when: the one table behind every decision and every button.


class Action(StrEnum):
    REPLY = "reply"
    NOTE = "note"
    REQUEST_INFORMATION = "request_information"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    CLOSE = "close"
    ASSIGN = "assign"
    CHANGE_PRIORITY = "change_priority"
    CHANGE_CATEGORY = "change_category"
    RATE = "rate"
    FOLLOW_UP = "follow_up"


OPEN, IN_PROGRESS, WAITING, RESOLVED, CLOSED = Status
_UNSOLVED = (OPEN, IN_PROGRESS, WAITING)


def _staying(*statuses: Status) -> Mapping[Status, Status]:
    return {status: status for status in statuses}


TRANSITIONS: Mapping[tuple[Role, Action], Mapping[Status, Status]] = {
    (Role.CUSTOMER, Action.REPLY): {
        OPEN: OPEN,
        IN_PROGRESS: IN_PROGRESS,
        WAITING: IN_PROGRESS,
        RESOLVED: OPEN,
    },
    (Role.CUSTOMER, Action.RESOLVE): dict.fromkeys(_UNSOLVED, RESOLVED),
    (Role.CUSTOMER, Action.REOPEN): {RESOLVED: OPEN},
    (Role.CUSTOMER, Action.RATE): _staying(RESOLVED, CLOSED),
    (Role.CUSTOMER, Action.FOLLOW_UP): _staying(CLOSED),
    (Role.AGENT, Action.REPLY): {OPEN: IN_PROGRESS, **_staying(IN_PROGRESS, WAITING, RESOLVED)},
    (Role.AGENT, Action.NOTE): _staying(*Status),
    (Role.AGENT, Action.REQUEST_INFORMATION): dict.fromkeys(_UNSOLVED, WAITING),
    (Role.AGENT, Action.RESOLVE): dict.fromkeys(_UNSOLVED, RESOLVED),
    (Role.AGENT, Action.REOPEN): {RESOLVED: OPEN},
    (Role.AGENT, Action.CLOSE): {RESOLVED: CLOSED},
    (Role.AGENT, Action.ASSIGN): {OPEN: IN_PROGRESS, **_staying(IN_PROGRESS, WAITING, RESOLVED)},
    (Role.AGENT, Action.CHANGE_PRIORITY): _staying(*_UNSOLVED, RESOLVED),
    (Role.AGENT, Action.CHANGE_CATEGORY): _staying(*_UNSOLVED, RESOLVED),
    (Role.AGENT, Action.FOLLOW_UP): _staying(CLOSED),
}
"""(who, does what) → {status before: status after}. Reopened to OPEN means IN_PROGRESS while somebody is assigned."""


def allowed_actions(role: Role, status: Status) -> tuple[Action, ...]:
    """What somebody in this role may do to a ticket in this status."""
    return tuple(action for (who, action), moves in TRANSITIONS.items() if who is role and status in moves)


# -- State: what decisions need, nothing else.


@dataclass(frozen=True, slots=True)
class Ticket:
    """`status` is None before the ticket was opened."""

    status: Status | None = None
    number: str = ""
    customer_id: str = ""
    category: Category = Category.GENERAL
    priority: Priority = Priority.MEDIUM
    assignee: Assignee | None = None
    resolved_at: datetime | None = None
    closes_at: datetime | None = None
    closing_announced: bool = False
    rating: tuple[int, str | None] | None = None
    last_message_id: str = ""


def evolve(ticket: Ticket, event: Any) -> Ticket:
    """The ticket after `event`. Events that no decision needs leave it as it is."""
    match event:
        case TicketOpened():
            return replace(
                ticket,
                status=OPEN,
                number=event.number,
                customer_id=event.customer.id,
                category=event.category,
                priority=event.priority,
            )
        case MessagePosted():
            return replace(ticket, last_message_id=event.message_id)
        case TicketResolved():
            return replace(
                ticket,
                status=event.to_status,
                resolved_at=event.at,
                closes_at=event.closes_at,
                closing_announced=False,
            )
        case TicketReopened():
            return replace(ticket, status=event.to_status, closes_at=None, closing_announced=False)
        case WorkStarted() | InformationRequested() | InformationProvided() | TicketClosed():
            return replace(ticket, status=event.to_status)
        case ClosingAnnounced():
            return replace(ticket, closing_announced=True)
        case TicketAssigned():
            return replace(ticket, assignee=event.assignee)
        case TicketUnassigned():
            return replace(ticket, assignee=None)
        case PriorityChanged():
            return replace(ticket, priority=event.to_priority)
        case CategoryChanged():
            return replace(ticket, category=event.to_category)
        case SatisfactionRated():
            return replace(ticket, rating=(event.score, event.comment))
    return ticket


# -- Decisions: one short function an intent.


def decide(command: Command, ticket: Ticket) -> Sequence[Any]:
    """The events that `command` causes. Raises Refusal."""
    if isinstance(command, OpenTicket):
        return open_ticket(command, ticket)
    if ticket.status is None:
        raise errors.ticket_not_found()
    match command:
        case PostMessage():
            return post_message(command, ticket)
        case RequestInformation():
            return request_information(command, ticket)
        case ResolveTicket():
            return resolve_ticket(command, ticket)
        case ReopenTicket():
            return reopen_ticket(command, ticket)
        case CloseTicket():
            return close_ticket(command, ticket)
        case CloseIfDue():
            return close_if_due(command, ticket)
        case AnnounceClosing():
            return announce_closing(command, ticket)
        case AssignTicket():
            return assign_ticket(command, ticket)
        case ChangePriority():
            return change_priority(command, ticket)
        case ChangeCategory():
            return change_category(command, ticket)
        case RateTicket():
            return rate_ticket(command, ticket)
    assert_never(command)


def open_ticket(command: OpenTicket, ticket: Ticket) -> Sequence[Any]:
    if ticket.status is not None:
        return []
    _check_attachments(command.attachments)
    return [
        TicketOpened(
            number=command.number,
            subject=command.subject,
            category=command.category,
            priority=command.priority,
            description=command.description,
            customer=command.customer,
            by=command.by,
            at=command.at,
            first_response_due_at=command.at + FIRST_RESPONSE[command.priority],
            attachments=command.attachments,
            follow_up_to=command.follow_up_to,
            from_chat=command.from_chat,
        )
    ]


def post_message(command: PostMessage, ticket: Ticket) -> Sequence[Any]:
    if command.message_id == ticket.last_message_id:
        return []
    before, after = _move(Action.REPLY, command.by, ticket)
    message = _message(command)
    if before is after:
        return [message]
    if before is RESOLVED:
        return [message, TicketReopened(command.by, command.at, before, after)]
    if before is WAITING:
        return [message, InformationProvided(command.by, command.at, before, after, command.message_id)]
    return [message, WorkStarted(command.by, command.at, before, after)]


def request_information(command: RequestInformation, ticket: Ticket) -> Sequence[Any]:
    if command.message_id == ticket.last_message_id:
        return []
    before, after = _move(Action.REQUEST_INFORMATION, command.by, ticket)
    return [
        _message(command),
        InformationRequested(command.by, command.at, before, after, command.message_id),
    ]


def resolve_ticket(command: ResolveTicket, ticket: Ticket) -> Sequence[Any]:
    before, after = _move(Action.RESOLVE, command.by, ticket)
    said = [] if command.body is None else [_message(command)]
    return [*said, TicketResolved(command.by, command.at, before, after, command.at + CLOSES_AFTER)]


def reopen_ticket(command: ReopenTicket, ticket: Ticket) -> Sequence[Any]:
    before, after = _move(Action.REOPEN, command.by, ticket)
    return [TicketReopened(command.by, command.at, before, after, command.reason)]


def close_ticket(command: CloseTicket, ticket: Ticket) -> Sequence[Any]:
    before, after = _move(Action.CLOSE, command.by, ticket)
    return [TicketClosed(command.by, command.at, before, after)]


def close_if_due(command: CloseIfDue, ticket: Ticket) -> Sequence[Any]:
    if ticket.status is not RESOLVED or ticket.closes_at is None or command.at < ticket.closes_at:
        return []
    return [TicketClosed(command.by, command.at, RESOLVED, CLOSED)]


def announce_closing(command: AnnounceClosing, ticket: Ticket) -> Sequence[Any]:
    if ticket.status is not RESOLVED or ticket.closes_at is None or ticket.closing_announced:
        return []
    if command.at < ticket.closes_at - WARNS_BEFORE:
        return []
    return [ClosingAnnounced(command.by, command.at, ticket.closes_at)]


def assign_ticket(command: AssignTicket, ticket: Ticket) -> Sequence[Any]:
    before, after = _move(Action.ASSIGN, command.by, ticket)
    if command.assignee == ticket.assignee:
        return []
    if command.assignee is None:
        return [TicketUnassigned(command.by, command.at)]
    assigned = TicketAssigned(command.by, command.at, command.assignee)
    if before is after:
        return [assigned]
    return [assigned, WorkStarted(command.by, command.at, before, after)]


def change_priority(command: ChangePriority, ticket: Ticket) -> Sequence[Any]:
    _move(Action.CHANGE_PRIORITY, command.by, ticket)
    if command.priority is ticket.priority:
        return []
    return [PriorityChanged(command.by, command.at, ticket.priority, command.priority)]


def change_category(command: ChangeCategory, ticket: Ticket) -> Sequence[Any]:
    _move(Action.CHANGE_CATEGORY, command.by, ticket)
    if command.category is ticket.category:
        return []
    return [CategoryChanged(command.by, command.at, ticket.category, command.category)]


def rate_ticket(command: RateTicket, ticket: Ticket) -> Sequence[Any]:
    _move(Action.RATE, command.by, ticket)
    if (command.score, command.comment) == ticket.rating:
        return []
    if ticket.resolved_at is None or command.at > ticket.resolved_at + RATING_WINDOW:
        raise errors.rating_window_over(RATING_WINDOW.days)
    return [SatisfactionRated(command.by, command.at, command.score, command.comment)]


def _move(action: Action, by: Person, ticket: Ticket) -> tuple[Status, Status]:
    """The status before and after. Raises the refusal that says why not."""
    assert ticket.status is not None
    moves = TRANSITIONS.get((by.role, action))
    if moves is None:
        raise errors.role_required(action)
    if ticket.status not in moves:
        if ticket.status is CLOSED and action is Action.REPLY:
            raise errors.ticket_closed(ticket.number)
        raise errors.not_allowed_in_status(action, ticket.status, allowed_actions(by.role, ticket.status))
    after = moves[ticket.status]
    if ticket.status is RESOLVED and after is OPEN and ticket.assignee is not None:
        return RESOLVED, IN_PROGRESS
    return ticket.status, after


def _message(command: PostMessage | RequestInformation | ResolveTicket) -> MessagePosted:
    attachments = () if isinstance(command, ResolveTicket) else command.attachments
    _check_attachments(attachments)
    return MessagePosted(command.message_id, command.by, command.at, command.body or "", attachments)


def _check_attachments(attachments: Sequence[AttachedFile]) -> None:
    if len(attachments) > MAX_ATTACHMENTS:
        raise errors.too_many_attachments(MAX_ATTACHMENTS)


TICKET: Decider[Ticket] = Decider(Ticket(), evolve, decide)


# -- Internal notes: a stream of their own beside the ticket's.


@dataclass(frozen=True, slots=True)
class AddNote:
    by: Person
    at: datetime
    note_id: str
    body: str
    attachments: tuple[AttachedFile, ...] = ()


def evolve_notes(last_note_id: str, event: Any) -> str:
    return event.note_id if isinstance(event, NoteAdded) else last_note_id


def add_note(command: AddNote, last_note_id: str) -> Sequence[Any]:
    """Agents only, in any status."""
    if (command.by.role, Action.NOTE) not in TRANSITIONS:
        raise errors.role_required(Action.NOTE)
    if command.note_id == last_note_id:
        return []
    _check_attachments(command.attachments)
    return [NoteAdded(command.note_id, command.by, command.at, command.body, command.attachments)]


NOTES: Decider[str] = Decider("", evolve_notes, add_note)


# -- Numbers: each is a stream whose first event says whose it is.


@dataclass(frozen=True, slots=True)
class TakeNumber:
    number: str
    ticket_id: str


def evolve_number(owner: str | None, event: Any) -> str | None:
    return event.ticket_id if isinstance(event, NumberTaken) else owner


def take_number(command: TakeNumber, owner: str | None) -> Sequence[Any]:
    """Nothing where the ticket has it already. Raises Refusal `number_taken` where another has it."""
    if owner == command.ticket_id:
        return []
    if owner is not None:
        raise errors.number_taken()
    return [NumberTaken(command.number, command.ticket_id)]


NUMBER: Decider[str | None] = Decider(None, evolve_number, take_number)
