"""What time alone brings about in a chat: a word to who waits, the end of the day, a nudge, the end of silence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.chat.application import Cause, Chats
from services.chat.domain.conversation import NUDGED_AFTER, PATIENCE
from shared.events.catalog.chat import (
    CATEGORY,
    AgentJoined,
    AgentRequested,
    AgentWrote,
    AssistantReplied,
    ChatEnded,
    ChatStarted,
    ChatTransferred,
    CustomerNudged,
    CustomerWrote,
    HandedBack,
    RequestWithdrawn,
    ReturnedToQueue,
    TicketLinked,
    TicketRequested,
)
from shared.events.errors import Refusal
from shared.events.follower import Unavailable
from shared.events.process import Cancel, Timer
from shared.events.projection import Fact

WAIT, CLOSING, NUDGE, END, TICKET = "wait", "closing", "nudge", "end", "ticket"
TICKET_AFTER = timedelta(seconds=30)
"""A ticket that was asked for and is not linked by then: whoever asked died in the middle, or tickets were away."""


class Clock:
    """Timers of every chat. Each command asks the chat again whether its time has come."""

    name = "chat_clock"
    categories = (CATEGORY,)

    def __init__(self, chats: Chats) -> None:
        self._commands = {
            WAIT: chats.prolong_wait,
            CLOSING: chats.close_for_the_day,
            NUDGE: chats.nudge,
            END: chats.end_idle,
            TICKET: chats.open_requested,
        }

    def react(self, fact: Fact) -> Sequence[Timer | Cancel]:
        chat_id, event, cause = fact.recorded.stream.id, fact.event, Cause.of(fact.recorded)

        def timer(command: str, due_at: datetime) -> Timer:
            data = {"chat_id": chat_id, "command": command, "correlation_id": cause.correlation_id}
            return Timer(f"{chat_id}/{command}", due_at, cause.event_id, data)

        def cancel(*commands: str) -> list[Cancel]:
            return [Cancel(f"{chat_id}/{command}") for command in commands]

        match event:
            case AgentRequested() | ReturnedToQueue():
                return [timer(WAIT, event.at + PATIENCE), timer(CLOSING, event.closes_at), *cancel(NUDGE, END)]
            case AgentJoined() | RequestWithdrawn() | HandedBack():
                return [timer(NUDGE, event.at + NUDGED_AFTER), *cancel(WAIT, CLOSING, END)]
            case ChatStarted() | CustomerWrote() | AssistantReplied() | AgentWrote() | ChatTransferred():
                return [timer(NUDGE, event.at + NUDGED_AFTER), *cancel(END)]
            case CustomerNudged():
                return [timer(END, event.ends_at)]
            case TicketRequested():
                return [timer(TICKET, event.at + TICKET_AFTER)]
            case TicketLinked():
                return cancel(TICKET)
            case ChatEnded():
                return cancel(WAIT, CLOSING, NUDGE, END)
        return []

    def fire(self, timer: Timer, now: datetime) -> None:
        try:
            cause = Cause(timer.caused_by, timer.data["correlation_id"])
            self._commands[timer.data["command"]](timer.data["chat_id"], cause, now)
        except Refusal as refusal:
            if refusal.kind == "unavailable" or refusal.code == "write_conflict":
                # not the chat's fault, and sent again
                raise Unavailable(refusal.code) from refusal
            raise
