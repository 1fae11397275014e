"""One row a message, and one a line of the system that says what happened to the chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from shared.events.catalog.chat import (
    EVENTS,
    AgentJoined,
    AgentRequested,
    AgentWrote,
    AnswerRated,
    AssistantReplied,
    Button,
    ChatEnded,
    ChatStarted,
    ChatTransferred,
    CustomerNudged,
    CustomerWrote,
    EndReason,
    HandedBack,
    RequestWithdrawn,
    ReturnedToQueue,
    ReturnReason,
    TicketLinked,
    WaitProlonged,
)
from shared.events.projection import Fact
from shared.events.read_model import Connection
from shared.events.rows import change, upsert

Row = dict[str, Any]
MESSAGE = "message"

_SYSTEM: Row = {"author_id": "system", "author_name": "Cloud Factory Support", "author_role": "system"}
_ENDED = {
    EndReason.CUSTOMER: "The chat was ended by the customer.",
    EndReason.AGENT: "The chat was ended by our team.",
    EndReason.TICKET: "The chat has become a ticket and goes on there.",
    EndReason.IDLE: "The chat ended because nobody wrote any more.",
}
_RETURNED = {
    ReturnReason.TRANSFERRED: "The chat was passed on and waits for the next person.",
    ReturnReason.AGENT_GONE: "The connection to our team was lost. The chat is at the front of the queue again.",
}


class Messages:
    """The table messages."""

    name = "messages"
    tables = ("messages",)
    events = frozenset(EVENTS.values()) - {ChatStarted}
    summed = None

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        upsert(connection, "messages", ["message_id"], [row for row in map(row_of, facts) if row])
        rated = [fact.event for fact in facts if isinstance(fact.event, AnswerRated)]
        feedback = [{"message_id": event.message_id, "feedback": event.helpful} for event in rated]
        change(connection, "messages", "message_id", feedback)


def row_of(fact: Fact) -> Row | None:
    """The message or line that a fact is, None where it is none."""
    event, recorded = fact.event, fact.recorded
    placed = {
        "chat_id": recorded.stream.id,
        "revision": recorded.revision,
        "position": recorded.position,
        "created_at": event.at,
    }
    if isinstance(event, CustomerWrote | AssistantReplied | AgentWrote):
        return {"message_id": event.message_id, **placed, "kind": MESSAGE, **_author(event), **_content(event)}
    if (line := line_of(event)) is None:
        return None
    kind, body = line
    return {"message_id": str(recorded.id), **placed, "kind": kind, **_SYSTEM, **_NOTHING, "body": body}


def line_of(event: Any) -> tuple[str, str] | None:
    """(kind, words) of what the system says of an event; None of one that it says nothing of."""
    match event:
        case AgentRequested():
            return "waiting", "Waiting for a person of our team."
        case RequestWithdrawn():
            return "withdrawn", "Not waiting any more. The assistant goes on."
        case WaitProlonged():
            return "prolonged", (
                "It takes longer than usual. You can go on waiting, or we make a ticket of this chat and answer there."
            )
        case AgentJoined():
            return "joined", f"{event.agent.name} has joined the chat."
        case ChatTransferred():
            return "transferred", f"{event.by.name} has passed the chat on to {event.agent.name}."
        case ReturnedToQueue():
            return "returned", _RETURNED[event.reason]
        case HandedBack():
            return "handed_back", f"{event.by.name} has left the chat. The assistant goes on."
        case CustomerNudged():
            return "nudged", "Are you still there? Without an answer this chat ends in a few minutes."
        case TicketLinked():
            return "ticket", f"This chat is ticket {event.number} now."
        case ChatEnded():
            return "ended", _ENDED[event.reason]
    return None


def button_dict(button: Button) -> dict[str, Any]:
    """A button as it is shown and sent back: without what it does not say."""
    return {name: value for name, value in asdict(button).items() if value is not None}


def button_of(sent: Mapping[str, Any]) -> Button:
    """The button that was sent back; raises TypeError for members that no button has."""
    return Button(**sent)


_NOTHING: Row = {
    "body": "",
    "attachments": [],
    "button": None,
    "sources": [],
    "actions": [],
    "confidence": None,
    "intent": None,
    "answered": None,
    "engine": None,
    "feedback": None,
}


def _author(event: CustomerWrote | AssistantReplied | AgentWrote) -> Row:
    return {"author_id": event.by.id, "author_name": event.by.name, "author_role": event.by.role}


def _content(event: CustomerWrote | AssistantReplied | AgentWrote) -> Row:
    if isinstance(event, AssistantReplied):
        return {
            **_NOTHING,
            "body": event.body,
            "sources": [asdict(source) for source in event.sources],
            "actions": [button_dict(button) for button in event.buttons],
            "confidence": event.confidence,
            "intent": event.intent,
            "answered": event.answered,
            "engine": event.engine,
        }
    pressed = event.button if isinstance(event, CustomerWrote) else None
    return {
        **_NOTHING,
        "body": event.body,
        "attachments": [asdict(file) for file in event.attachments],
        "button": None if pressed is None else button_dict(pressed),
    }
