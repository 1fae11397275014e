"""Carry out commands on chats: load, decide, append. The only place here that appends."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.chat import transcript, views
from services.chat.actor import ASSISTANT, SYSTEM, Actor
from services.chat.assistant.port import Reply
from services.chat.domain import errors
from services.chat.domain.conversation import (
    CONVERSATION,
    Accept,
    Answer,
    Command,
    Conversation,
    End,
    EndIdle,
    HandBack,
    LinkTicket,
    Nudge,
    ProlongWait,
    RateAnswer,
    ReleaseFromGone,
    RequestAgent,
    RequestTicket,
    StartChat,
    Transfer,
    WithdrawRequest,
    Write,
)
from services.chat.hours import HORIZON, Hours
from services.chat.projections import chats, messages
from services.chat.tickets import Tickets, customers_view
from shared.events.catalog.chat import CATEGORY, Agent, Button, Choice, Source, Status, Walk
from shared.events.catalog.types import AttachedFile, Customer
from shared.events.codec import Codec
from shared.events.errors import ReadModelUnavailable, Refusal
from shared.events.event import Fact, RecordedEvent, event_id, fingerprint, stream_id
from shared.events.runner import CommandContext, Folded, Runner
from shared.events.store.port import EventStore
from shared.events.stream import Revision, StreamName

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cause:
    """The event because of which we send a command: its id, and that of the request that it belongs to."""

    event_id: str
    correlation_id: str

    @classmethod
    def of(cls, recorded: RecordedEvent) -> Cause:
        event_id = str(recorded.id)
        return cls(event_id, str(recorded.metadata.get("correlation_id") or event_id))


class Chats:
    """The commands of the chat service.

    Each takes who asks and the command's context, and answers {chat, message, revision, position, replayed}: the state
    right after the command, the same again for every retry. Each raises Refusal.

    queue:  (waits since, chat id) -> the place in the queue, from 1
    """

    def __init__(
        self,
        store: EventStore,
        codec: Codec,
        hours: Hours,
        tickets: Tickets,
        queue: Callable[[datetime, str], int],
        now: Callable[[], datetime],
    ) -> None:
        self.store, self.codec, self.hours, self.tickets = store, codec, hours, tickets
        self.queue, self.now = queue, now
        self._chats = Runner(store, codec, CONVERSATION, chats.evolve, _labels)

    def start(
        self, actor: Actor, context: CommandContext, message: str | None = None, previous_chat: str | None = None
    ) -> Result:
        """A new chat; with `message` its first message too."""
        if previous_chat is not None and self._chat(previous_chat).customer_id != actor.id:
            raise errors.chat_not_found()
        chat_id = str(stream_id(context.command_id))
        at = self.now()
        command = StartChat(actor.speaker, at, actor.customer, previous_chat)
        started = self._execute(actor, chat_id, command, context, new=True)
        if message is None:
            return started
        # a command of its own: a crash between the two leaves a chat to which the retry adds the message
        own = replace(context, command_id=event_id(context.command_id, -1), expected=None)
        said = self._execute(actor, chat_id, Write(actor.speaker, at, _message_id(own), message), own)
        return {**said, "replayed": started["replayed"]}

    def write(
        self,
        actor: Actor,
        context: CommandContext,
        chat_id: str,
        body: str = "",
        attachments: Sequence[str] = (),
        action: Mapping[str, Any] | None = None,
    ) -> Result:
        files = self._bind(actor, context, chat_id, attachments)
        button = None if action is None else _button(action)
        said = body or (button.label if button is not None else "")
        command = Write(actor.speaker, self.now(), _message_id(context), said, files, button)
        return self._execute(actor, chat_id, command, context)

    def rate(self, actor: Actor, context: CommandContext, chat_id: str, message_id: str, helpful: bool) -> Result:
        command = RateAnswer(actor.speaker, self.now(), message_id, helpful)
        return self._execute(actor, chat_id, command, context)

    def request_agent(self, actor: Actor, context: CommandContext, chat_id: str, reason: str | None = None) -> Result:
        at = self.now()
        command = RequestAgent(actor.speaker, at, self._people_until(at), self._closed(at), reason)
        return self._execute(actor, chat_id, command, context)

    def withdraw_request(self, actor: Actor, context: CommandContext, chat_id: str) -> Result:
        return self._execute(actor, chat_id, WithdrawRequest(actor.speaker, self.now()), context)

    def accept(self, actor: Actor, context: CommandContext, chat_id: str) -> Result:
        return self._execute(actor, chat_id, Accept(actor.speaker, self.now()), context)

    def transfer(
        self, actor: Actor, context: CommandContext, chat_id: str, assignee: Mapping[str, str] | None
    ) -> Result:
        at = self.now()
        to = None if assignee is None else Agent(**assignee)
        return self._execute(actor, chat_id, Transfer(actor.speaker, at, to, self._people_until(at) or at), context)

    def hand_back(self, actor: Actor, context: CommandContext, chat_id: str) -> Result:
        return self._execute(actor, chat_id, HandBack(actor.speaker, self.now()), context)

    def end(self, actor: Actor, context: CommandContext, chat_id: str) -> Result:
        return self._execute(actor, chat_id, End(actor.speaker, self.now()), context)

    def make_ticket(
        self,
        actor: Actor,
        context: CommandContext,
        chat_id: str,
        subject: str | None = None,
        category: str | None = None,
        priority: str | None = None,
        description: str | None = None,
    ) -> Result:
        """The chat's ticket, and a chat has one: answers {ticket, chat, …}; the same ticket where there is one.

        Asked for first, opened then and linked last: whatever dies between, the clock goes on from there.
        """
        command = RequestTicket(actor.speaker, self.now(), subject, category, priority, description)
        asked = self._execute(actor, chat_id, command, context)
        ticket, position = self._ticket(chat_id, context.correlation_id, actor)
        shown = self._result(actor, self._chats.load(_stream(chat_id)), (), asked["replayed"])
        return {**shown, "ticket": ticket, "position": max(position, asked["position"])}

    # -- What the clock, the presence of agents and the assistant send

    def answer(self, chat_id: str, cause: Cause, reply: Reply, seen: Revision, at: datetime) -> bool:
        """Say the assistant's answer to what it read `at`, at the revision that it read; False where it was overtaken.

        Whether people are there counts as it did then, so that what is said and what is done agree.
        """
        hand_over = self._people_until(at) if reply.wants_person else None
        command = Answer(
            by=ASSISTANT,
            at=at,
            message_id=str(event_id(uuid.UUID(cause.event_id), _stable_number("message"))),
            body=reply.body,
            intent=reply.intent,
            answered=reply.answered,
            confidence=reply.confidence,
            engine=reply.engine,
            sources=tuple(Source(one.kind, one.slug, one.version, one.title, one.anchor) for one in reply.sources),
            buttons=tuple(_button(action) for action in reply.actions),
            walk=None if reply.walk is None else _stored(reply.walk),
            hand_over_until=hand_over,
        )
        try:
            self._by_us(chat_id, command, cause, seen)
        except Refusal as refusal:
            if refusal.code in ("stale_revision", "write_conflict"):
                return False
            raise
        return True

    def prolong_wait(self, chat_id: str, cause: Cause, now: datetime) -> None:
        """Tell who waits that it takes longer, and offer a ticket."""
        self._by_us(chat_id, ProlongWait(SYSTEM, now), cause)

    def nudge(self, chat_id: str, cause: Cause, now: datetime) -> None:
        """Ask who has not written for a while whether that was all."""
        self._by_us(chat_id, Nudge(SYSTEM, now), cause)

    def end_idle(self, chat_id: str, cause: Cause, now: datetime) -> None:
        """End a chat in which nobody has answered the nudge."""
        self._by_us(chat_id, EndIdle(SYSTEM, now), cause)

    def close_for_the_day(self, chat_id: str, cause: Cause, now: datetime) -> None:
        """People go home: a chat that still waits becomes a ticket."""
        self._ticket_by_us(chat_id, cause, RequestTicket(SYSTEM, now))

    def ticket_wanted(self, chat_id: str, cause: Cause, button: Button) -> None:
        """The customer pressed the button that makes a ticket."""
        by = customers_view(_customer(self._chat(chat_id))).speaker
        told = (button.subject, button.category, button.priority, button.description)
        self._ticket_by_us(chat_id, cause, RequestTicket(by, self.now(), *told))

    def open_requested(self, chat_id: str, cause: Cause, now: datetime) -> None:
        """Open and link the ticket that was asked for, where that has not happened."""
        chat = self._chat(chat_id)
        if chat.requested is not None and chat.ticket is None:
            self._ticket(chat_id, cause.correlation_id)

    def release(self, chat_id: str, agent_id: str, cause: Cause, now: datetime) -> None:
        """The agent who has the chat is gone: back to the queue, in its old place."""
        self._by_us(chat_id, ReleaseFromGone(SYSTEM, now, agent_id, self._people_until(now) or now), cause)

    def _ticket_by_us(self, chat_id: str, cause: Cause, command: RequestTicket) -> None:
        self._by_us(chat_id, command, cause)
        self.open_requested(chat_id, cause, command.at)

    def _ticket(self, chat_id: str, correlation_id: str, viewer: Actor | None = None) -> tuple[dict[str, Any], int]:
        """Open and link the ticket that was asked for, or find it: as `viewer` sees it, and the position of it.

        Raises Refusal.
        """
        chat = self._chat(chat_id)
        if chat.ticket is not None:
            return self.tickets.get(viewer or customers_view(_customer(chat)), chat.ticket[0]), -1
        asked, at = chat.requested, self.now()
        assert asked is not None, "a ticket is asked for before it is opened"
        facts = self._facts(chat_id)
        request = next(fact.recorded for fact in facts if fact.event == asked)
        said = transcript.transcript(facts)
        ticket = self.tickets.open(
            asked.by,
            _customer(chat),
            chat_id,
            correlation_id,
            str(request.id),
            subject=asked.subject or transcript.subject(facts, at),
            category=asked.category or "GENERAL",
            priority=asked.priority or "MEDIUM",
            description=said if asked.description is None else f"{asked.description}\n\n{said}",
            attachments=transcript.files(facts),
        )
        self._by_us(chat_id, LinkTicket(asked.by, at, ticket["id"], ticket["number"]), Cause.of(request))
        return ticket, int(ticket.pop("position"))

    # -- Parts of every command

    def _execute(
        self, actor: Actor, chat_id: str, command: Command, context: CommandContext, new: bool = False
    ) -> Result:
        outcome = self._chats.run(_stream(chat_id), command, context, decide=_seen_by(actor), new=new)
        return self._result(actor, outcome.after, outcome.facts, outcome.duplicate)

    def _result(
        self, actor: Actor, after: Folded[Conversation, chats.Row], facts: Sequence[Fact], replayed: bool
    ) -> Result:
        """What a command answers, whose effect the facts are."""
        row = after.view
        assert row is not None
        said = map(messages.row_of, facts)
        return {
            "chat": views.chat(row, actor, self._place(row)),
            "message": next((views.message(message) for message in said if message), None),
            "revision": row["revision"],
            "position": row["position"],
            "replayed": replayed,
        }

    def _place(self, row: Mapping[str, Any]) -> int | None:
        """Its place in the queue; None where it does not wait, or nobody can count at the moment."""
        if row["status"] != Status.WAITING_FOR_AGENT:
            return None
        try:
            return self.queue(row["waits_since"], row["chat_id"])
        except ReadModelUnavailable:
            # the command is carried out, and is not to be told as a failure
            return None

    def _by_us(self, chat_id: str, command: Command, cause: Cause, seen: Revision | None = None) -> None:
        context = _our_context(cause, command, seen)
        self._chats.run(_stream(chat_id), command, context)

    def _people_until(self, at: datetime) -> datetime | None:
        """Until when people are there; None where nobody is."""
        if not self.hours.is_open(at):
            return None
        return self.hours.closes_at(at) or at + HORIZON

    def _closed(self, at: datetime) -> Mapping[str, Any]:
        return {
            "opens_at": views.time(self.hours.next_opening(at)),
            "hours": self.hours.week_in_words(),
            "timezone": self.hours.zone.key,
            "offer": "ticket",
        }

    def knows(self, chat_id: str, context: CommandContext) -> bool:
        """Whether the command was carried out already: what may refuse a new one has no say in its repetition."""
        return self.store.appended(_stream(chat_id), context.command_id) is not None

    def _bind(
        self, actor: Actor, context: CommandContext, chat_id: str, ids: Sequence[str]
    ) -> tuple[AttachedFile, ...]:
        if not ids or self.knows(chat_id, context):
            return ()
        chat = self._chat(chat_id)
        actor.must_see(chat.customer_id)
        # what would be refused binds nothing
        _seen_by(actor)(Write(actor.speaker, self.now(), "", "a file"), chat)
        return self.tickets.bind_files(actor, ids, chat_id, chat.customer_id)

    def _chat(self, chat_id: str) -> Conversation:
        """The conversation. Raises Refusal chat_not_found where there is none."""
        chat = self._chats.load(_stream(chat_id)).state
        if chat.customer is None:
            raise errors.chat_not_found()
        return chat

    def _facts(self, chat_id: str) -> list[Fact]:
        return [Fact(self.codec.decode(event), event) for event in self.store.read(_stream(chat_id))]


def _customer(chat: Conversation) -> Customer:
    assert chat.customer is not None
    return chat.customer


def _seen_by(actor: Actor) -> Callable[[Command, Conversation], Sequence[Any]]:
    """Decide as for somebody to whom a chat that he may not see is not there. In their own, all are customers."""

    def decide(command: Command, chat: Conversation) -> Sequence[Any]:
        owner = actor.id if chat.customer is None else chat.customer.id
        actor.must_see(owner)
        return CONVERSATION.decide(replace(command, by=replace(command.by, role=actor.role_in(owner))), chat)

    return decide


def _labels(chat: Conversation) -> Mapping[str, Any]:
    """What every event of a chat says in its metadata: whose it is, and how the chat stands after it."""
    assert chat.customer is not None
    return {"customer": chat.customer.id, "status": str(chat.status)}


def _our_context(cause: Cause, command: Command, seen: Revision | None) -> CommandContext:
    """Of a command that we send because of an event: sent again because of the same, it has one effect."""
    name = type(command).__name__
    return CommandContext(
        command_id=event_id(uuid.UUID(cause.event_id), _stable_number(name)),
        fingerprint=fingerprint(name),
        correlation_id=cause.correlation_id,
        actor={"id": command.by.id, "role": str(command.by.role)},
        causation_id=cause.event_id,
        expected=seen,
    )


def _stream(chat_id: str) -> StreamName:
    try:
        return StreamName(CATEGORY, str(uuid.UUID(chat_id)))
    except ValueError:
        raise errors.chat_not_found() from None


def _button(action: Mapping[str, Any]) -> Button:
    try:
        return messages.button_of(action)
    except TypeError:
        raise errors.button_not_offered() from None


def _stored(walk: Any) -> Walk:
    return Walk(walk.procedure, walk.path, tuple(Choice(step, value) for step, value in walk.answers))


def _message_id(context: CommandContext) -> str:
    return str(event_id(context.command_id, 1000))


def _stable_number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
