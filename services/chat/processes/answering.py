"""The assistant's part: what a customer writes while the assistant has the chat is answered once, all together."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from prometheus_client import Counter, Histogram

from services.chat.application import Cause, Chats
from services.chat.assistant import actions
from services.chat.assistant.port import Assistant, Reply, Turn
from services.chat.domain.conversation import ASSISTED, CONVERSATION, Conversation
from services.chat.projections import messages
from services.chat.turn import turn_of
from shared.events.catalog.chat import CATEGORY, Button, CustomerWrote, HandedBack, RequestWithdrawn
from shared.events.errors import Refusal
from shared.events.follower import Unavailable
from shared.events.process import Cancel, Timer
from shared.events.projection import Fact
from shared.events.stream import StreamName

TRIES = 5
SHARDS = 4
"""Chats are answered in so many lines side by side, so that a slow answer holds up few others.

The names of their checkpoints and timers depend on it: another number needs these moved.
"""

REPLIES = Counter("chat_replies", "Answers of the assistant", ["intent", "engine"])
OVERTAKEN = Counter("chat_replies_overtaken", "Answers that were not said because the chat had gone on")
CRASHED = Counter("chat_replies_crashed", "Answers that failed in a way nobody foresaw")
SECONDS = Histogram("chat_reply_seconds", "Time from the customer's message to the assistant's answer")

log = structlog.get_logger()


class Answering:
    """The chats of one shard: a message sets a timer that is due at once, and firing it answers.

    Decided on what was read and said at the revision that was read: the store refuses it once an agent has the chat or
    the customer has written more. Its id derives from the message, so a second worker or a second try says nothing.
    """

    categories = (CATEGORY,)

    def __init__(self, shard: int, chats: Chats, assistant: Assistant) -> None:
        self.name = f"assistant_{shard}"
        self._shard, self._chats, self._assistant = shard, chats, assistant

    def react(self, fact: Fact) -> Sequence[Timer | Cancel]:
        chat_id = fact.recorded.stream.id
        if zlib.crc32(chat_id.encode()) % SHARDS != self._shard:
            return []
        match fact.event:
            case CustomerWrote() | RequestWithdrawn() | HandedBack():
                cause = Cause.of(fact.recorded)
                return [Timer(chat_id, fact.event.at, cause.event_id, {"correlation_id": cause.correlation_id})]
        return []

    def fire(self, timer: Timer, now: datetime) -> None:
        for _ in range(TRIES):
            facts = self._read(timer.key)
            chat = CONVERSATION.fold(fact.event for fact in facts)
            if chat.status is not ASSISTED or not chat.unanswered:
                return
            if self._answered(timer, facts, chat):
                SECONDS.observe((self._chats.now() - timer.due_at).total_seconds())
                return
            OVERTAKEN.inc()
        raise Unavailable("the chat goes on faster than it can be answered")

    def _answered(self, timer: Timer, facts: Sequence[Fact], chat: Conversation) -> bool:
        now = self._chats.now()
        turn = turn_of(facts, chat, self._chats.hours, now)
        pressed = next((button for button in _pressed(facts, chat) if button.kind == "open_ticket"), None)
        reply = self._reply(turn) if pressed is None else self._ticket(timer, pressed)
        if reply is None:
            return True
        said = self._chats.answer(timer.key, _cause(timer), reply, facts[-1].recorded.revision, now)
        if said:
            REPLIES.labels(reply.intent, reply.engine).inc()
        return said

    def _ticket(self, timer: Timer, pressed: Button) -> Reply | None:
        """The ticket that was asked for, which speaks for itself; a word where it comes later."""
        try:
            self._chats.ticket_wanted(timer.key, _cause(timer), pressed)
        except Refusal as refusal:
            log.warning("no ticket from a chat", code=refusal.code)
            return Reply("Your ticket is on its way. Its number will stand here as soon as it is open.", "ticket")
        return None

    def _reply(self, turn: Turn) -> Reply:
        try:
            reply = self._assistant.reply(turn)
            for action in reply.actions:
                messages.button_of(action)
            return replace(reply, actions=actions.within_hours(reply.actions, turn.people.open))
        except Exception:
            # a question that breaks the assistant must not stop the others', nor leave this customer without a word
            CRASHED.inc()
            log.exception("assistant failed")
            return Reply(
                "Something went wrong on my side, and I cannot answer this. A person or a ticket can.",
                intent="unknown",
                answered=False,
                confidence=0.0,
                actions=actions.within_hours((actions.talk_to_person(), actions.open_ticket()), turn.people.open),
                walk=turn.walk,
            )

    def _read(self, chat_id: str) -> list[Fact]:
        events = self._chats.store.read(StreamName(CATEGORY, chat_id))
        return [Fact(self._chats.codec.decode(event), event) for event in events]


def _cause(timer: Timer) -> Cause:
    return Cause(timer.caused_by, timer.data["correlation_id"])


def _pressed(facts: Sequence[Fact], chat: Conversation) -> list[Button]:
    """The buttons among what is unanswered."""
    wrote = [fact.event for fact in facts if isinstance(fact.event, CustomerWrote)]
    return [event.button for event in wrote if event.message_id in chat.unanswered and event.button is not None]
