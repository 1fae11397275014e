"""Public events of the chat service.

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

CATEGORY = "chat"


class Status(StrEnum):
    ASSISTED = "ASSISTED"
    WAITING_FOR_AGENT = "WAITING_FOR_AGENT"
    WITH_AGENT = "WITH_AGENT"
    ENDED = "ENDED"


class SpeakerRole(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class EndReason(StrEnum):
    CUSTOMER = "CUSTOMER"
    AGENT = "AGENT"
    TICKET = "TICKET"
    IDLE = "IDLE"


class ReturnReason(StrEnum):
    TRANSFERRED = "TRANSFERRED"
    AGENT_GONE = "AGENT_GONE"


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who did something, in the role in which they did it."""

    id: str
    name: PersonalText
    role: SpeakerRole = SpeakerRole.SYSTEM


@dataclass(frozen=True, slots=True)
class Agent:
    """Who talks with the customer."""

    id: str
    name: PersonalText


@dataclass(frozen=True, slots=True)
class Button:
    """Something that a message of the assistant offers, and that comes back when it is pressed. `kind` says what."""

    kind: str
    label: PersonalText
    value: PersonalText | None = None
    procedure: str | None = None
    step: str | None = None
    service: str | None = None
    slug: str | None = None
    anchor: str | None = None
    subject: PersonalText | None = None
    category: str | None = None
    priority: str | None = None
    description: PersonalText | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where an answer's words stand: `slug` is an article's, or a question's id where `kind` is faq."""

    kind: str
    slug: str
    version: int
    title: str
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen at a step of a guided procedure."""

    step: str
    value: PersonalText


@dataclass(frozen=True, slots=True)
class Walk:
    """Where in a guided procedure a chat is: the steps taken, the present one last, and what was chosen."""

    procedure: str
    path: tuple[str, ...]
    answers: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatStarted:
    """A customer opened a chat, with the assistant. `previous_chat` is one of theirs that it goes on from."""

    customer: Customer
    by: Speaker
    at: datetime
    previous_chat: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerWrote:
    """The customer wrote, or pressed a button."""

    message_id: str
    by: Speaker
    at: datetime
    body: PersonalText
    attachments: tuple[AttachedFile, ...] = ()
    button: Button | None = None


@dataclass(frozen=True, slots=True)
class AssistantReplied:
    """The assistant answered everything that the customer had written by then.

    intent:      question, status, procedure, ticket, person, small_talk, unknown
    answered:    False where it had no answer
    confidence:  0 to 1
    walk:        the procedure that goes on from here
    """

    message_id: str
    by: Speaker
    at: datetime
    body: PersonalText
    intent: str
    answered: bool
    confidence: float
    engine: str
    sources: tuple[Source, ...] = ()
    buttons: tuple[Button, ...] = ()
    walk: Walk | None = None


@dataclass(frozen=True, slots=True)
class AgentRequested:
    """The customer wants a person: the chat waits in the queue. People are there until `closes_at`."""

    by: Speaker
    at: datetime
    closes_at: datetime
    reason: PersonalText | None = None


@dataclass(frozen=True, slots=True)
class RequestWithdrawn:
    """The customer does not want to wait any more: the assistant has the chat again."""

    by: Speaker
    at: datetime


@dataclass(frozen=True, slots=True)
class WaitProlonged:
    """Nobody has taken the chat for a while: the customer was told and offered a ticket."""

    by: Speaker
    at: datetime


@dataclass(frozen=True, slots=True)
class AgentJoined:
    """An agent took the chat, from the queue or from the assistant, and owns it from here."""

    by: Speaker
    at: datetime
    agent: Agent


@dataclass(frozen=True, slots=True)
class AgentWrote:
    """The agent wrote."""

    message_id: str
    by: Speaker
    at: datetime
    body: PersonalText
    attachments: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatTransferred:
    """One agent gave the chat to another."""

    by: Speaker
    at: datetime
    agent: Agent


@dataclass(frozen=True, slots=True)
class ReturnedToQueue:
    """The chat waits again, in the place of one that waits since `waits_since`. People are there until `closes_at`."""

    by: Speaker
    at: datetime
    reason: ReturnReason
    waits_since: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class HandedBack:
    """The agent gave the chat back to the assistant."""

    by: Speaker
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerNudged:
    """Nothing was written for a while: the customer was asked, and the chat ends at `ends_at` without an answer."""

    by: Speaker
    at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class TicketRequested:
    """The conversation is to become a ticket, with what is known of it; it is opened and linked next."""

    by: Speaker
    at: datetime
    subject: PersonalText | None = None
    category: str | None = None
    priority: str | None = None
    description: PersonalText | None = None


@dataclass(frozen=True, slots=True)
class TicketLinked:
    """The conversation became a ticket."""

    by: Speaker
    at: datetime
    ticket_id: str
    number: str


@dataclass(frozen=True, slots=True)
class AnswerRated:
    """The customer said whether an answer of the assistant helped; a later word replaces it."""

    by: Speaker
    at: datetime
    message_id: str
    helpful: bool


@dataclass(frozen=True, slots=True)
class ChatEnded:
    """The end of this chat; the customer may begin a new one that goes on from it."""

    by: Speaker
    at: datetime
    reason: EndReason


EVENTS: Mapping[tuple[str, int], type] = {
    (event.__name__, 1): event
    for event in (
        ChatStarted,
        CustomerWrote,
        AssistantReplied,
        AgentRequested,
        RequestWithdrawn,
        WaitProlonged,
        AgentJoined,
        AgentWrote,
        ChatTransferred,
        ReturnedToQueue,
        HandedBack,
        CustomerNudged,
        TicketRequested,
        TicketLinked,
        AnswerRated,
        ChatEnded,
    )
}

CATEGORIES: Mapping[str, str] = {}
"""In streams of which category an event stands, where that is not CATEGORY."""

PUBLISHED = (CATEGORY,)
"""The categories whose events leave the service."""

UPCASTERS: Mapping[tuple[str, int], Callable[[dict[str, Any]], tuple[str, int, dict[str, Any]]]] = {}
