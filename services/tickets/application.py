"""Carry out commands on tickets: load, decide, append. The only place here that appends."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.tickets import views
from services.tickets.actor import Actor
from services.tickets.domain import errors
from services.tickets.domain.ticket import (
    NOTES,
    NUMBER,
    TICKET,
    AddNote,
    AnnounceClosing,
    AssignTicket,
    ChangeCategory,
    ChangePriority,
    CloseIfDue,
    CloseTicket,
    Command,
    OpenTicket,
    PostMessage,
    RateTicket,
    ReopenTicket,
    RequestInformation,
    ResolveTicket,
    TakeNumber,
    Ticket,
)
from services.tickets.projections import messages, ticket_list
from services.tickets.uploads import Uploads
from shared.events.catalog.tickets import (
    CATEGORY,
    NOTE_CATEGORY,
    NUMBER_CATEGORY,
    Assignee,
    Category,
    Person,
    Priority,
    Role,
    Status,
)
from shared.events.catalog.types import Customer
from shared.events.codec import Codec
from shared.events.errors import Refusal, WrongExpectedRevision
from shared.events.event import Fact, event_id, fingerprint, stream_id
from shared.events.runner import CommandContext, Outcome, Runner
from shared.events.store.port import EventStore, Write
from shared.events.stream import Position, StreamName

SYSTEM = Person("system", "Cloud Factory Support", Role.SYSTEM)
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NUMBER_TRIES = 5

Answer = dict[str, Any]


class Tickets:
    """The commands of the tickets service.

    Each takes who asks and the command's context, and answers {ticket, message, revision, position, replayed}: the
    state right after the command, the same again for every retry. Each raises Refusal.
    """

    def __init__(self, store: EventStore, codec: Codec, uploads: Uploads, now: Callable[[], datetime]) -> None:
        self.store, self.codec, self.uploads, self.now = store, codec, uploads, now
        self._tickets = Runner(store, codec, TICKET, ticket_list.evolve, _labels)
        self._notes: Runner[str, None] = Runner(store, codec, NOTES)
        self._numbers: Runner[str | None, None] = Runner(store, codec, NUMBER)

    def open(
        self,
        actor: Actor,
        context: CommandContext,
        subject: str,
        category: str,
        priority: str,
        description: str,
        attachments: Sequence[str] = (),
        on_behalf_of: Mapping[str, str] | None = None,
        follow_up_to: str | None = None,
    ) -> Answer:
        if on_behalf_of is not None and not actor.is_agent:
            raise errors.role_required("open_for_others")
        if on_behalf_of is None and actor.is_agent and "customer" not in actor.roles:
            raise Refusal(
                "customer_required",
                "Say for whom the ticket is.",
                kind="invalid",
                errors={"on_behalf_of": ["An agent opens a ticket for a customer."]},
            )
        customer = actor.customer if on_behalf_of is None else Customer(**on_behalf_of)
        if follow_up_to is not None:
            self._must_be_closed(actor, customer, follow_up_to)
        command = OpenTicket(
            by=actor.person if on_behalf_of is not None else replace(actor.person, role=Role.CUSTOMER),
            at=self.now(),
            number="",
            customer=customer,
            subject=subject,
            category=Category(category),
            priority=Priority(priority),
            description=description,
            attachments=self.uploads.use(actor, attachments),
            follow_up_to=follow_up_to,
        )
        return self._open(actor, command, context)

    def open_from_chat(
        self,
        actor: Actor,
        context: CommandContext,
        chat_id: str,
        customer: Mapping[str, str],
        by: Mapping[str, str],
        subject: str,
        category: str,
        priority: str,
        description: str,
        attachments: Sequence[str] = (),
    ) -> Answer:
        """For the chat service: the chat's transcript and files become a ticket of its customer.

        `by` is {id, name, role}: the customer, an agent, or the system where people had gone home.
        """
        command = OpenTicket(
            by=Person(by["id"], by["name"], Role(by["role"])),
            at=self.now(),
            number="",
            customer=Customer(**customer),
            subject=subject,
            category=Category(category),
            priority=Priority(priority),
            description=description,
            attachments=self.uploads.of_chat(chat_id, attachments),
            from_chat=chat_id,
        )
        # of whoever it is opened for, and not of the service that asks
        return self._open(actor, command, replace(context, actor={"id": by["id"], "role": by["role"]}))

    def post_message(
        self,
        actor: Actor,
        context: CommandContext,
        ticket_id: str,
        body: str,
        attachments: Sequence[str] = (),
        internal: bool = False,
    ) -> Answer:
        if internal:
            return self._add_note(actor, context, ticket_id, body, attachments)
        command = PostMessage(
            actor.person, self.now(), _message_id(context), body, self.uploads.use(actor, attachments)
        )
        return self._execute(actor, ticket_id, command, context)

    def request_information(
        self, actor: Actor, context: CommandContext, ticket_id: str, body: str, attachments: Sequence[str] = ()
    ) -> Answer:
        files = self.uploads.use(actor, attachments)
        command = RequestInformation(actor.person, self.now(), _message_id(context), body, files)
        return self._execute(actor, ticket_id, command, context)

    def resolve(self, actor: Actor, context: CommandContext, ticket_id: str, body: str | None = None) -> Answer:
        command = ResolveTicket(actor.person, self.now(), _message_id(context), body)
        return self._execute(actor, ticket_id, command, context)

    def reopen(self, actor: Actor, context: CommandContext, ticket_id: str, reason: str | None = None) -> Answer:
        return self._execute(actor, ticket_id, ReopenTicket(actor.person, self.now(), reason), context)

    def close(self, actor: Actor, context: CommandContext, ticket_id: str) -> Answer:
        return self._execute(actor, ticket_id, CloseTicket(actor.person, self.now()), context)

    def assign(
        self, actor: Actor, context: CommandContext, ticket_id: str, assignee: Mapping[str, str] | None
    ) -> Answer:
        to = None if assignee is None else Assignee(**assignee)
        return self._execute(actor, ticket_id, AssignTicket(actor.person, self.now(), to), context)

    def change_priority(self, actor: Actor, context: CommandContext, ticket_id: str, priority: str) -> Answer:
        command = ChangePriority(actor.person, self.now(), Priority(priority))
        return self._execute(actor, ticket_id, command, context)

    def change_category(self, actor: Actor, context: CommandContext, ticket_id: str, category: str) -> Answer:
        command = ChangeCategory(actor.person, self.now(), Category(category))
        return self._execute(actor, ticket_id, command, context)

    def rate(
        self, actor: Actor, context: CommandContext, ticket_id: str, score: int, comment: str | None = None
    ) -> Answer:
        return self._execute(actor, ticket_id, RateTicket(actor.person, self.now(), score, comment), context)

    def close_if_due(self, ticket_id: str, caused_by: str, now: datetime) -> None:
        """For the clock: close the ticket if its time has come."""
        self._by_system(ticket_id, CloseIfDue(SYSTEM, now), caused_by)

    def announce_closing(self, ticket_id: str, caused_by: str, now: datetime) -> None:
        """For the clock: tell the customer that the ticket closes soon, if it does."""
        self._by_system(ticket_id, AnnounceClosing(SYSTEM, now), caused_by)

    def _by_system(self, ticket_id: str, command: Command, caused_by: str) -> None:
        name = type(command).__name__
        context = CommandContext(
            command_id=event_id(uuid.UUID(caused_by), _stable_number(name)),
            fingerprint=fingerprint(name),
            correlation_id=caused_by,
            actor={"id": SYSTEM.id, "role": str(SYSTEM.role)},
            causation_id=caused_by,
        )
        self._tickets.run(_stream(ticket_id), command, context)

    def _open(self, actor: Actor, command: OpenTicket, context: CommandContext) -> Answer:
        """Open the ticket under a number that is its alone, both or neither; every retry tries the same numbers."""
        ticket_id = str(stream_id(context.command_id))
        for attempt in range(_NUMBER_TRIES):
            numbered = replace(command, number=_number(context.command_id, attempt))
            taken = self._number_taken(numbered.number, ticket_id, context, attempt)
            try:
                return self._execute(actor, ticket_id, numbered, context, beside=[taken], new=True)
            except WrongExpectedRevision:
                # the number is another ticket's
                continue
        raise Refusal("write_conflict", "No free number was found. Try again.", kind="unavailable")

    def _number_taken(self, number: str, ticket_id: str, context: CommandContext, attempt: int) -> Write:
        own = replace(
            context,
            command_id=event_id(context.command_id, -1 - attempt),
            causation_id=str(context.command_id),
            expected=None,
        )
        return self._numbers.write(StreamName(NUMBER_CATEGORY, number), TakeNumber(number, ticket_id), own)

    def _execute(
        self,
        actor: Actor,
        ticket_id: str,
        command: Command,
        context: CommandContext,
        beside: Sequence[Write] = (),
        new: bool = False,
    ) -> Answer:
        def decide(command: Command, ticket: Ticket) -> Sequence[Any]:
            # a ticket that the actor may not see is not there
            if ticket.status is not None:
                actor.must_see(ticket.customer_id)
            return TICKET.decide(command, ticket)

        try:
            outcome = self._tickets.run(_stream(ticket_id), command, context, decide=decide, beside=beside, new=new)
        except Refusal as refusal:
            if refusal.code == "ticket_closed":
                refusal.details["follow_up_to"] = ticket_id
            raise
        return self._answer(actor, outcome)

    def _add_note(
        self, actor: Actor, context: CommandContext, ticket_id: str, body: str, attachments: Sequence[str]
    ) -> Answer:
        ticket = self._tickets.load(_stream(ticket_id))
        if ticket.state.status is None:
            raise errors.ticket_not_found()
        actor.must_see(ticket.state.customer_id)
        files = self.uploads.use(actor, attachments) if actor.is_agent else ()
        command = AddNote(actor.person, self.now(), _message_id(context), body, files)
        # what the caller saw was the ticket's revision, and the notes have one of their own
        own = replace(context, expected=None)
        stream = StreamName(NOTE_CATEGORY, ticket_id)
        outcome = self._notes.run(stream, command, own, labels=lambda _: _labels(ticket.state))
        # the ticket as it stood then, also for a retry
        row = ticket.view if outcome.position > ticket.position else self._row_at(ticket_id, outcome.position)
        assert row is not None
        return {
            "ticket": views.ticket(row, actor, 0, self.now()),
            "message": _message(outcome.facts[0]),
            "revision": row["revision"],
            "position": outcome.position,
            "replayed": outcome.duplicate,
        }

    def _row_at(self, ticket_id: str, position: Position) -> ticket_list.Row | None:
        events = self.store.read(_stream(ticket_id))
        return ticket_list.row_of(
            Fact(self.codec.decode(event), event) for event in events if event.position < position
        )

    def _answer(self, actor: Actor, outcome: Outcome[Ticket, ticket_list.Row]) -> Answer:
        assert outcome.after.view is not None
        said = map(_message, outcome.facts)
        return {
            "ticket": views.ticket(outcome.after.view, actor, 0, self.now()),
            "message": next((message for message in said if message), None),
            "revision": outcome.revision,
            "position": outcome.position,
            "replayed": outcome.duplicate,
        }

    def _must_be_closed(self, actor: Actor, customer: Customer, ticket_id: str) -> None:
        before = self._tickets.load(_stream(ticket_id)).state
        if before.status is None or not actor.may_see(before.customer_id) or before.customer_id != customer.id:
            raise errors.ticket_not_found()
        if before.status is not Status.CLOSED:
            raise errors.not_allowed_in_status("follow_up", before.status, [])


def _labels(ticket: Ticket) -> Mapping[str, str]:
    """What every event of a ticket and its notes says in its metadata: whose it is, and under which number."""
    return {"customer": ticket.customer_id, "number": ticket.number}


def _stream(ticket_id: str) -> StreamName:
    try:
        return StreamName(CATEGORY, str(uuid.UUID(ticket_id)))
    except ValueError:
        raise errors.ticket_not_found() from None


def _message(fact: Fact) -> dict[str, Any] | None:
    row = messages.row_of(fact)
    return None if row is None else views.message(row)


def _message_id(context: CommandContext) -> str:
    return str(event_id(context.command_id, 1000))


def _number(command: uuid.UUID, attempt: int) -> str:
    digest = int.from_bytes(hashlib.sha256(f"{command}/{attempt}".encode()).digest()[:8], "big")
    return "CF-" + "".join(_CROCKFORD[digest >> 5 * place & 31] for place in range(7))


def _stable_number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
