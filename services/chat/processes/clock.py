"""What time alone brings about in a chat: a word to who waits, the end of the day, a nudge, the end of silence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.chat.application import Chats
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
)
from shared.events.errors import Refusal
from shared.events.follower import Unavailable
from shared.events.process import Cancel, Timer
from shared.events.projection import Fact

WAIT, CLOSING, NUDGE, END = "wait", "closing", "nudge", "end"


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
        }

    def react(self, fact: Fact) -> Sequence[Timer | Cancel]:
        chat_id, event, cause = fact.recorded.stream.id, fact.event, str(fact.recorded.id)

        def timer(command: str, due_at: datetime) -> Timer:
            return Timer(f"{chat_id}/{command}", due_at, cause, {"chat_id": chat_id, "command": command})

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
            case ChatEnded():
                return cancel(WAIT, CLOSING, NUDGE, END)
        return []

    def fire(self, timer: Timer, now: datetime) -> None:
        try:
            self._commands[timer.data["command"]](timer.data["chat_id"], timer.caused_by, now)
        except Refusal as refusal:
            if refusal.kind == "unavailable":
                # tickets are away: not the chat's fault, and sent again when they are back
                raise Unavailable(refusal.code) from refusal
            raise
