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
    StartChat,
    Transfer,
    WithdrawRequest,
    Write,
)
from services.chat.hours import HORIZON, Hours
from services.chat.projections import chats, messages
from services.chat.tickets import Tickets, customers_view
from shared.events.catalog.chat import CATEGORY, Agent, Button, Choice, Source, Speaker, Status, Walk
from shared.events.catalog.types import AttachedFile
from shared.events.codec import Codec
from shared.events.decider import CommandContext, Decider, handle
from shared.events.errors import Refusal
from shared.events.event import event_id, fingerprint, stream_id
from shared.events.projection import Fact
from shared.events.store.port import EventStore
from shared.events.stream import Revision, StreamName

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TicketFields:
    """What is known of the ticket that a chat becomes; the rest comes from the conversation."""

    subject: str | None = None
    category: str | None = None
    priority: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Chats:
    """The commands of the chat service.

    Each takes who asks and the command's context, and answers {chat, message, revision, position, replayed}: the state
    right after the command, the same again for every retry. Each raises Refusal.

    queue:  (waits since, chat id) -> the place in the queue, from 1
    """

    store: EventStore
    codec: Codec
    hours: Hours
    tickets: Tickets
    queue: Callable[[datetime, str], int]
    now: Callable[[], datetime]

    def start(
        self, actor: Actor, context: CommandContext, message: str | None = None, previous_chat: str | None = None
    ) -> Result:
        """A new chat; with `message` its first message too."""
        if previous_chat is not None:
            actor.must_see(_folded(self._facts(previous_chat)).customer_id)
        chat_id = str(stream_id(context.command_id))
        at = self.now()
        command = StartChat(actor.speaker, at, actor.customer, previous_chat)
        started = self._execute(actor, chat_id, command, context)
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
        files = self._bind(actor, chat_id, attachments)
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
        """The chat's ticket, and a chat has one: answers {ticket, chat, …}; the same ticket where there is one."""
        facts = self._facts(chat_id)
        actor.must_see(_folded(facts).customer_id)
        fields = TicketFields(subject, category, priority, description)
        ticket, position = self._ticket(actor.speaker, context.correlation_id, facts, fields)
        link = LinkTicket(actor.speaker, self.now(), ticket["id"], ticket["number"])
        linked = self._execute(actor, chat_id, link, replace(context, expected=None))
        return {**linked, "ticket": ticket, "position": max(linked["position"], position)}

    # -- What the clock, the presence of agents and the assistant send

    def answer(self, chat_id: str, caused_by: str, reply: Reply, seen: Revision, at: datetime) -> bool:
        """Say the assistant's answer to what it read `at`, at the revision that it read; False where it was overtaken.

        Whether people are there counts as it did then, so that what is said and what is done agree.
        """
        hand_over = self._people_until(at) if reply.wants_person else None
        command = Answer(
            by=ASSISTANT,
            at=at,
            message_id=str(event_id(uuid.UUID(caused_by), _stable_number("message"))),
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
            self._by_us(chat_id, command, caused_by, seen)
        except Refusal as refusal:
            if refusal.code in ("stale_revision", "write_conflict"):
                return False
            raise
        return True

    def prolong_wait(self, chat_id: str, caused_by: str, now: datetime) -> None:
        """Tell who waits that it takes longer, and offer a ticket."""
        self._by_us(chat_id, ProlongWait(SYSTEM, now), caused_by)

    def nudge(self, chat_id: str, caused_by: str, now: datetime) -> None:
        """Ask who has not written for a while whether that was all."""
        self._by_us(chat_id, Nudge(SYSTEM, now), caused_by)

    def end_idle(self, chat_id: str, caused_by: str, now: datetime) -> None:
        """End a chat in which nobody has answered the nudge."""
        self._by_us(chat_id, EndIdle(SYSTEM, now), caused_by)

    def close_for_the_day(self, chat_id: str, caused_by: str, now: datetime) -> None:
        """People go home: a chat that still waits becomes a ticket."""
        self._ticket_by_us(chat_id, SYSTEM, caused_by, Status.WAITING_FOR_AGENT, TicketFields())

    def ticket_wanted(self, chat_id: str, caused_by: str, button: Button) -> None:
        """The customer pressed the button that makes a ticket."""
        fields = TicketFields(button.subject, button.category, button.priority, button.description)
        self._ticket_by_us(chat_id, None, caused_by, Status.ASSISTED, fields)

    def release(self, chat_id: str, agent_id: str, caused_by: str, now: datetime) -> None:
        """The agent who has the chat is gone: back to the queue, in its old place."""
        self._by_us(chat_id, ReleaseFromGone(SYSTEM, now, agent_id, self._people_until(now) or now), caused_by)

    def _ticket_by_us(
        self, chat_id: str, by: Speaker | None, caused_by: str, only_while: Status, fields: TicketFields
    ) -> None:
        """A ticket made because of an event, by the customer where `by` is None; nothing in another status."""
        facts = self._facts(chat_id)
        chat = CONVERSATION.fold(fact.event for fact in facts)
        if chat.status is not only_while or chat.customer is None:
            return
        by = by or customers_view(chat.customer).speaker
        ticket, _ = self._ticket(by, caused_by, facts, fields)
        self._by_us(chat_id, LinkTicket(by, self.now(), ticket["id"], ticket["number"]), caused_by)

    def _ticket(
        self, by: Speaker, correlation_id: str, facts: Sequence[Fact], fields: TicketFields
    ) -> tuple[dict[str, Any], int]:
        """The ticket that a chat is or becomes, and the position at which it is there. Raises Refusal."""
        chat = CONVERSATION.fold(fact.event for fact in facts)
        assert chat.customer is not None
        chat_id, at = facts[0].recorded.stream.id, self.now()
        if chat.ticket is not None:
            return self.tickets.get(customers_view(chat.customer), chat.ticket[0]), -1
        # refused before a ticket is made, not after
        CONVERSATION.decide(LinkTicket(by, at, "", ""), chat)
        said = transcript.transcript(facts)
        ticket = self.tickets.open(
            by,
            chat.customer,
            chat_id,
            correlation_id,
            subject=fields.subject or transcript.subject(facts, at),
            category=fields.category or "GENERAL",
            priority=fields.priority or "MEDIUM",
            description=said if fields.description is None else f"{fields.description}\n\n{said}",
            attachments=transcript.files(facts),
        )
        return ticket, int(ticket.pop("position"))

    # -- Parts of every command

    def _execute(self, actor: Actor, chat_id: str, command: Command, context: CommandContext) -> Result:
        outcome = handle(self.store, self.codec, _seen_by(actor), _stream(chat_id), command, context, _labels)
        facts = [self._fact(event) for event in outcome.events]
        row = chats.row_of(facts)
        assert row is not None
        said = [messages.row_of(fact) for fact in facts[len(facts) - outcome.caused :]]
        waits = row["status"] == Status.WAITING_FOR_AGENT
        return {
            "chat": views.chat(row, actor, self.queue(row["waits_since"], chat_id) if waits else None),
            "message": next((views.message(message) for message in said if message), None),
            "revision": outcome.revision,
            "position": outcome.position,
            "replayed": outcome.duplicate,
        }

    def _by_us(self, chat_id: str, command: Command, caused_by: str, seen: Revision | None = None) -> None:
        context = _our_context(caused_by, type(command).__name__, seen)
        handle(self.store, self.codec, CONVERSATION, _stream(chat_id), command, context, _labels)

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

    def _bind(self, actor: Actor, chat_id: str, ids: Sequence[str]) -> tuple[AttachedFile, ...]:
        if not ids:
            return ()
        chat = _folded(self._facts(chat_id))
        actor.must_see(chat.customer_id)
        # what would be refused binds nothing
        CONVERSATION.decide(Write(actor.speaker, self.now(), "", "a file"), chat)
        return self.tickets.bind_files(actor, ids, chat_id, chat.customer_id)

    def _facts(self, chat_id: str) -> list[Fact]:
        return [self._fact(event) for event in self.store.read(_stream(chat_id))]

    def _fact(self, recorded: Any) -> Fact:
        return Fact(self.codec.decode(recorded), recorded)


def _folded(facts: Sequence[Fact]) -> Conversation:
    """The conversation. Raises Refusal chat_not_found where there is none."""
    chat = CONVERSATION.fold(fact.event for fact in facts)
    if chat.customer is None:
        raise errors.chat_not_found()
    return chat


def _seen_by(actor: Actor) -> Decider[Conversation]:
    """The chat's decider, for which a chat that the actor may not see is not there."""

    def decide(command: Command, chat: Conversation) -> Sequence[Any]:
        if chat.customer is not None:
            actor.must_see(chat.customer.id)
        return CONVERSATION.decide(command, chat)

    return Decider(CONVERSATION.initial, CONVERSATION.evolve, decide)


def _labels(chat: Conversation) -> Mapping[str, Any]:
    """What every event of a chat says in its metadata: whose it is, and how the chat stands after it."""
    assert chat.customer is not None
    return {"customer": chat.customer.id, "status": str(chat.status)}


def _our_context(caused_by: str, name: str, seen: Revision | None = None) -> CommandContext:
    """Of a command that we send because of an event: sent again because of the same, it has one effect."""
    return CommandContext(
        command_id=event_id(uuid.UUID(caused_by), _stable_number(name)),
        fingerprint=fingerprint(name),
        correlation_id=caused_by,
        actor={"id": SYSTEM.id, "role": str(SYSTEM.role)},
        causation_id=caused_by,
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
