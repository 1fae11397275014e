"""The conversation: commands, the table of who may do what when, state, evolve, decide.

Exactly one party owns a chat at each revision: the assistant, or one agent. Whoever does not own it cannot speak in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from services.chat.domain import errors
from shared.events.catalog.chat import (
    Agent,
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
    Source,
    Speaker,
    SpeakerRole,
    Status,
    TicketLinked,
    TicketRequested,
    WaitProlonged,
    Walk,
)
from shared.events.catalog.types import AttachedFile, Customer
from shared.events.decider import Decider

MAX_ATTACHMENTS = 10
PATIENCE = timedelta(minutes=3)
"""How long a customer waits before being told that it takes longer, with the offer of a ticket."""
NUDGED_AFTER = timedelta(minutes=10)
"""How long nobody writes before the customer is asked whether that was all."""
ENDED_AFTER = timedelta(minutes=5)
"""How long after that question the chat ends."""


class Owner(StrEnum):
    ASSISTANT = "ASSISTANT"
    AGENT = "AGENT"


# -- Commands. Each says who (`by`) and when (`at`); ids are made outside.


@dataclass(frozen=True, slots=True)
class StartChat:
    by: Speaker
    at: datetime
    customer: Customer
    previous_chat: str | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """The customer or the agent writes; only a customer presses a `button`."""

    by: Speaker
    at: datetime
    message_id: str
    body: str
    attachments: tuple[AttachedFile, ...] = ()
    button: Button | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The assistant's answer. `hand_over_until`: the customer wants a person, and people are there until then."""

    by: Speaker
    at: datetime
    message_id: str
    body: str
    intent: str
    answered: bool
    confidence: float
    engine: str
    sources: tuple[Source, ...] = ()
    buttons: tuple[Button, ...] = ()
    walk: Walk | None = None
    hand_over_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RequestAgent:
    """`closes_at`: until when people are there; None where nobody is, and `closed` says when somebody is again."""

    by: Speaker
    at: datetime
    closes_at: datetime | None
    closed: Mapping[str, Any]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class WithdrawRequest:
    by: Speaker
    at: datetime


@dataclass(frozen=True, slots=True)
class Accept:
    by: Speaker
    at: datetime


@dataclass(frozen=True, slots=True)
class Transfer:
    """To another agent; to the queue where `to` is None, behind which people are there until `closes_at`."""

    by: Speaker
    at: datetime
    to: Agent | None
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class HandBack:
    by: Speaker
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseFromGone:
    """The agent was not seen for a while: back to the front of the queue, if that agent still has the chat."""

    by: Speaker
    at: datetime
    agent_id: str
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class ProlongWait:
    """What the clock sends when the chat has waited for PATIENCE."""

    by: Speaker
    at: datetime


@dataclass(frozen=True, slots=True)
class Nudge:
    """What the clock sends when nobody wrote for NUDGED_AFTER."""

    by: Speaker
    at: datetime


@dataclass(frozen=True, slots=True)
class EndIdle:
    """What the clock sends when nobody answered the nudge."""

    by: Speaker
    at: datetime


@dataclass(frozen=True, slots=True)
class RequestTicket:
    """By the system where people have gone home, which concerns chats that wait."""

    by: Speaker
    at: datetime
    subject: str | None = None
    category: str | None = None
    priority: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class LinkTicket:
    by: Speaker
    at: datetime
    ticket_id: str
    number: str


@dataclass(frozen=True, slots=True)
class RateAnswer:
    by: Speaker
    at: datetime
    message_id: str
    helpful: bool


@dataclass(frozen=True, slots=True)
class End:
    by: Speaker
    at: datetime


Command = (
    StartChat
    | Write
    | Answer
    | RequestAgent
    | WithdrawRequest
    | Accept
    | Transfer
    | HandBack
    | ReleaseFromGone
    | ProlongWait
    | Nudge
    | EndIdle
    | RequestTicket
    | LinkTicket
    | RateAnswer
    | End
)


# -- Who may do what when: the one table behind every decision and every button.


class Action(StrEnum):
    WRITE = "write"
    REQUEST_AGENT = "request_agent"
    WITHDRAW_REQUEST = "withdraw_request"
    ACCEPT = "accept"
    TRANSFER = "transfer"
    HAND_BACK = "hand_back"
    MAKE_TICKET = "make_ticket"
    RATE = "rate"
    END = "end"


ASSISTED, WAITING, WITH_AGENT, ENDED = Status
_UNENDED = (ASSISTED, WAITING, WITH_AGENT)

ALLOWED: Mapping[tuple[SpeakerRole, Action], tuple[Status, ...]] = {
    (SpeakerRole.CUSTOMER, Action.WRITE): _UNENDED,
    (SpeakerRole.CUSTOMER, Action.REQUEST_AGENT): (ASSISTED,),
    (SpeakerRole.CUSTOMER, Action.WITHDRAW_REQUEST): (WAITING,),
    (SpeakerRole.CUSTOMER, Action.MAKE_TICKET): tuple(Status),
    (SpeakerRole.CUSTOMER, Action.RATE): tuple(Status),
    (SpeakerRole.CUSTOMER, Action.END): _UNENDED,
    (SpeakerRole.AGENT, Action.WRITE): (WITH_AGENT,),
    (SpeakerRole.AGENT, Action.ACCEPT): (ASSISTED, WAITING),
    (SpeakerRole.AGENT, Action.TRANSFER): (WITH_AGENT,),
    (SpeakerRole.AGENT, Action.HAND_BACK): (WITH_AGENT,),
    (SpeakerRole.AGENT, Action.MAKE_TICKET): tuple(Status),
    (SpeakerRole.AGENT, Action.END): _UNENDED,
    # one that was requested while the chat waited is linked also where an agent came meanwhile
    (SpeakerRole.SYSTEM, Action.MAKE_TICKET): tuple(Status),
    (SpeakerRole.ASSISTANT, Action.WRITE): (ASSISTED,),
}
"""(who, does what) → while the chat is in which status."""


def allowed_actions(role: SpeakerRole, status: Status) -> tuple[Action, ...]:
    """What somebody in this role may do in a chat of this status."""
    return tuple(action for (who, action), statuses in ALLOWED.items() if who is role and status in statuses)


# -- State: what decisions and the assistant's turn need, nothing else.


@dataclass(frozen=True, slots=True)
class Conversation:
    """`status` is None before the chat was started.

    waits_since:          its place in the queue, while it waits and for when it returns there
    written_at:           when somebody last wrote, or the chat changed hands
    nudged_until:         when the chat ends unless somebody writes, once the customer was asked
    customer_spoke_last:  then it is us who owe a word
    unanswered:           ids of the customer's messages that nobody has answered yet
    offered:              every button of the assistant's messages
    ratings:              of each message of the assistant, None where there is none yet
    requested:            what was said of the ticket that it is to become
    ticket:               (id, number) of the ticket that it became
    """

    status: Status | None = None
    customer: Customer | None = None
    agent: Agent | None = None
    waits_since: datetime | None = None
    prolonged: bool = False
    written_at: datetime | None = None
    nudged_until: datetime | None = None
    customer_spoke_last: bool = False
    unanswered: tuple[str, ...] = ()
    last_message_id: str = ""
    offered: frozenset[Button] = frozenset()
    walk: Walk | None = None
    ratings: Mapping[str, bool | None] | None = None
    requested: TicketRequested | None = None
    ticket: tuple[str, str] | None = None

    @property
    def customer_id(self) -> str:
        """Whose chat it is, once it was started."""
        assert self.customer is not None
        return self.customer.id

    @property
    def owner(self) -> Owner | None:
        """Who speaks for us: one party as long as the chat goes on, None after."""
        if self.status is WITH_AGENT:
            return Owner.AGENT
        return None if self.status in (None, ENDED) else Owner.ASSISTANT


def evolve(chat: Conversation, event: Any) -> Conversation:
    """The conversation after `event`."""
    match event:
        case ChatStarted():
            return replace(chat, status=ASSISTED, customer=event.customer, written_at=event.at, ratings={})
        case CustomerWrote():
            return replace(
                chat,
                last_message_id=event.message_id,
                unanswered=(*chat.unanswered, event.message_id),
                customer_spoke_last=True,
                **_touched(event.at),
            )
        case AssistantReplied():
            return replace(
                chat,
                last_message_id=event.message_id,
                unanswered=(),
                customer_spoke_last=False,
                offered=chat.offered | set(event.buttons),
                walk=event.walk,
                ratings={**(chat.ratings or {}), event.message_id: None},
                **_touched(event.at),
            )
        case AgentWrote():
            return replace(
                chat,
                last_message_id=event.message_id,
                unanswered=(),
                customer_spoke_last=False,
                **_touched(event.at),
            )
        case AgentRequested():
            return replace(chat, status=WAITING, waits_since=event.at, prolonged=False, walk=None, **_touched(event.at))
        case RequestWithdrawn():
            return replace(chat, status=ASSISTED, waits_since=None, **_touched(event.at))
        case WaitProlonged():
            return replace(chat, prolonged=True)
        case AgentJoined():
            since = chat.waits_since or event.at
            return replace(chat, status=WITH_AGENT, agent=event.agent, waits_since=since, **_touched(event.at))
        case ChatTransferred():
            return replace(chat, agent=event.agent, **_touched(event.at))
        case ReturnedToQueue():
            return replace(
                chat, status=WAITING, agent=None, waits_since=event.waits_since, prolonged=False, **_touched(event.at)
            )
        case HandedBack():
            return replace(chat, status=ASSISTED, agent=None, waits_since=None, **_touched(event.at))
        case CustomerNudged():
            return replace(chat, nudged_until=event.ends_at)
        case TicketRequested():
            return replace(chat, requested=event)
        case TicketLinked():
            return replace(chat, ticket=(event.ticket_id, event.number))
        case AnswerRated():
            return replace(chat, ratings={**(chat.ratings or {}), event.message_id: event.helpful})
        case ChatEnded():
            return replace(chat, status=ENDED, waits_since=None, walk=None)
    return chat


def _touched(at: datetime) -> dict[str, Any]:
    return {"written_at": at, "nudged_until": None}


# -- Decisions: one short function an intent.


def decide(command: Command, chat: Conversation) -> Sequence[Any]:
    """The events that `command` causes. Raises Refusal."""
    if isinstance(command, StartChat):
        return start_chat(command, chat)
    if chat.status is None:
        raise errors.chat_not_found()
    match command:
        case Write() if command.by.role is SpeakerRole.AGENT:
            return write_as_agent(command, chat)
        case Write():
            return write_as_customer(command, chat)
        case Answer():
            return answer(command, chat)
        case RequestAgent():
            return request_agent(command, chat)
        case WithdrawRequest():
            return withdraw_request(command, chat)
        case Accept():
            return accept(command, chat)
        case Transfer():
            return transfer(command, chat)
        case HandBack():
            return hand_back(command, chat)
        case ReleaseFromGone():
            return release_from_gone(command, chat)
        case ProlongWait():
            return prolong_wait(command, chat)
        case Nudge():
            return nudge(command, chat)
        case EndIdle():
            return end_idle(command, chat)
        case RequestTicket():
            return request_ticket(command, chat)
        case LinkTicket():
            return link_ticket(command, chat)
        case RateAnswer():
            return rate_answer(command, chat)
        case End():
            return end(command, chat)
    assert_never(command)


def start_chat(command: StartChat, chat: Conversation) -> Sequence[Any]:
    if chat.status is not None:
        return []
    return [ChatStarted(command.customer, command.by, command.at, command.previous_chat)]


def write_as_customer(command: Write, chat: Conversation) -> Sequence[Any]:
    if command.message_id == chat.last_message_id:
        return []
    _check(Action.WRITE, command.by, chat)
    _check_content(command)
    if command.button is not None and command.button not in chat.offered:
        raise errors.button_not_offered()
    return [
        CustomerWrote(command.message_id, command.by, command.at, command.body, command.attachments, command.button)
    ]


def write_as_agent(command: Write, chat: Conversation) -> Sequence[Any]:
    if command.message_id == chat.last_message_id:
        return []
    if chat.status is not ENDED:
        _must_have(command.by, chat)
    _check(Action.WRITE, command.by, chat)
    _check_content(command)
    return [AgentWrote(command.message_id, command.by, command.at, command.body, command.attachments)]


def answer(command: Answer, chat: Conversation) -> Sequence[Any]:
    """Nothing where there is nothing to answer, or the chat is not the assistant's: it is never said too late."""
    if chat.status is not ASSISTED or not chat.unanswered or command.message_id == chat.last_message_id:
        return []
    replied = AssistantReplied(
        command.message_id,
        command.by,
        command.at,
        command.body,
        command.intent,
        command.answered,
        command.confidence,
        command.engine,
        command.sources,
        command.buttons,
        command.walk,
    )
    if command.hand_over_until is None:
        return [replied]
    assert chat.customer is not None
    asker = Speaker(chat.customer.id, chat.customer.name, SpeakerRole.CUSTOMER)
    return [replied, AgentRequested(asker, command.at, command.hand_over_until)]


def request_agent(command: RequestAgent, chat: Conversation) -> Sequence[Any]:
    if chat.status in (WAITING, WITH_AGENT):
        return []
    _check(Action.REQUEST_AGENT, command.by, chat)
    if command.closes_at is None:
        raise errors.outside_business_hours(command.closed)
    return [AgentRequested(command.by, command.at, command.closes_at, command.reason)]


def withdraw_request(command: WithdrawRequest, chat: Conversation) -> Sequence[Any]:
    if chat.status is ASSISTED:
        return []
    _check(Action.WITHDRAW_REQUEST, command.by, chat)
    return [RequestWithdrawn(command.by, command.at)]


def accept(command: Accept, chat: Conversation) -> Sequence[Any]:
    """Of several agents one gets the chat, and the others learn who."""
    if command.by.role is SpeakerRole.AGENT and chat.agent is not None and chat.status is WITH_AGENT:
        if chat.agent.id == command.by.id:
            return []
        raise errors.already_taken(chat.agent)
    _check(Action.ACCEPT, command.by, chat)
    return [AgentJoined(command.by, command.at, Agent(command.by.id, command.by.name))]


def transfer(command: Transfer, chat: Conversation) -> Sequence[Any]:
    if command.to is not None and command.to == chat.agent and chat.status is WITH_AGENT:
        return []
    if command.to is None and chat.status is WAITING:
        return []
    _check(Action.TRANSFER, command.by, chat)
    _must_have(command.by, chat)
    if command.to is not None:
        return [ChatTransferred(command.by, command.at, command.to)]
    return [_returned(command.by, command.at, ReturnReason.TRANSFERRED, chat, command.closes_at)]


def hand_back(command: HandBack, chat: Conversation) -> Sequence[Any]:
    if chat.status is ASSISTED:
        return []
    _check(Action.HAND_BACK, command.by, chat)
    _must_have(command.by, chat)
    return [HandedBack(command.by, command.at)]


def release_from_gone(command: ReleaseFromGone, chat: Conversation) -> Sequence[Any]:
    if chat.status is not WITH_AGENT or chat.agent is None or chat.agent.id != command.agent_id:
        return []
    return [_returned(command.by, command.at, ReturnReason.AGENT_GONE, chat, command.closes_at)]


def prolong_wait(command: ProlongWait, chat: Conversation) -> Sequence[Any]:
    if chat.status is not WAITING or chat.prolonged:
        return []
    return [WaitProlonged(command.by, command.at)]


def nudge(command: Nudge, chat: Conversation) -> Sequence[Any]:
    """Nothing while it is us who owe an answer."""
    if chat.nudged_until is not None or not _waits_for_customer(chat):
        return []
    assert chat.written_at is not None
    if command.at < chat.written_at + NUDGED_AFTER:
        return []
    return [CustomerNudged(command.by, command.at, command.at + ENDED_AFTER)]


def end_idle(command: EndIdle, chat: Conversation) -> Sequence[Any]:
    if chat.nudged_until is None or not _waits_for_customer(chat) or command.at < chat.nudged_until:
        return []
    return [ChatEnded(command.by, command.at, EndReason.IDLE)]


def request_ticket(command: RequestTicket, chat: Conversation) -> Sequence[Any]:
    """A chat has one ticket; where it has it already, that takes over."""
    _check(Action.MAKE_TICKET, command.by, chat)
    if command.by.role is SpeakerRole.SYSTEM and chat.status is not WAITING:
        return []
    if chat.ticket is not None:
        return _taken_over(command.by, command.at, chat)
    if chat.requested is not None:
        return []
    return [
        TicketRequested(
            command.by, command.at, command.subject, command.category, command.priority, command.description
        )
    ]


def link_ticket(command: LinkTicket, chat: Conversation) -> Sequence[Any]:
    if chat.ticket is not None:
        return []
    _check(Action.MAKE_TICKET, command.by, chat)
    linked = TicketLinked(command.by, command.at, command.ticket_id, command.number)
    return [linked, *_taken_over(command.by, command.at, chat)]


def rate_answer(command: RateAnswer, chat: Conversation) -> Sequence[Any]:
    _check(Action.RATE, command.by, chat)
    ratings = chat.ratings or {}
    if command.message_id not in ratings:
        raise errors.message_not_found()
    if ratings[command.message_id] is command.helpful:
        return []
    return [AnswerRated(command.by, command.at, command.message_id, command.helpful)]


def end(command: End, chat: Conversation) -> Sequence[Any]:
    if chat.status is ENDED:
        return []
    _check(Action.END, command.by, chat)
    if command.by.role is SpeakerRole.AGENT and chat.status is WITH_AGENT:
        _must_have(command.by, chat)
    reason = EndReason.AGENT if command.by.role is SpeakerRole.AGENT else EndReason.CUSTOMER
    return [ChatEnded(command.by, command.at, reason)]


def _taken_over(by: Speaker, at: datetime, chat: Conversation) -> Sequence[Any]:
    """The ticket takes over where nobody is with the customer; with an agent there the conversation goes on."""
    return [] if chat.status in (WITH_AGENT, ENDED) else [ChatEnded(by, at, EndReason.TICKET)]


def _returned(
    by: Speaker, at: datetime, reason: ReturnReason, chat: Conversation, closes_at: datetime
) -> ReturnedToQueue:
    # whoever has waited once does not wait at the end again
    return ReturnedToQueue(by, at, reason, chat.waits_since or at, closes_at)


def _must_have(by: Speaker, chat: Conversation) -> None:
    """Raises Refusal not_your_chat unless the agent has the chat."""
    if chat.agent is None or chat.agent.id != by.id:
        raise errors.not_your_chat(chat.agent)


def _waits_for_customer(chat: Conversation) -> bool:
    return chat.status in (ASSISTED, WITH_AGENT) and not chat.customer_spoke_last


def _check(action: Action, by: Speaker, chat: Conversation) -> None:
    """Raises the refusal that says why not."""
    assert chat.status is not None
    statuses = ALLOWED.get((by.role, action))
    if statuses is None:
        raise errors.role_required(action)
    if chat.status not in statuses:
        if chat.status is ENDED and action is Action.WRITE:
            raise errors.chat_ended()
        raise errors.not_allowed_in_status(action, chat.status, allowed_actions(by.role, chat.status))


def _check_content(command: Write) -> None:
    if not command.body.strip() and not command.attachments and command.button is None:
        raise errors.nothing_said()
    if len(command.attachments) > MAX_ATTACHMENTS:
        raise errors.too_many_attachments(MAX_ATTACHMENTS)


CONVERSATION: Decider[Conversation] = Decider(Conversation(), evolve, decide)
