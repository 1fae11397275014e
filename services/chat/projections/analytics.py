"""Facts for reports: a row a chat, a row a question that the assistant was asked, who the keys stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.events.catalog.chat import (
    EVENTS,
    AgentJoined,
    AgentRequested,
    AgentWrote,
    AnswerRated,
    AssistantReplied,
    ChatEnded,
    ChatStarted,
    ChatTransferred,
    CustomerWrote,
    HandedBack,
    RequestWithdrawn,
    ReturnedToQueue,
    SpeakerRole,
    Status,
    TicketLinked,
)
from shared.events.projection import Fact, begun_before
from shared.events.read_model import Connection
from shared.events.rows import change, find, upsert

Row = dict[str, Any]
MAX_QUESTION = 1_000


class Analytics:
    """The tables chat_facts, chat_answers and people."""

    name = "analytics"
    tables = ("chat_facts", "chat_answers", "people")
    events = frozenset(EVENTS.values())
    summed = None

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        chats = find(connection, "chat_facts", "chat_id", begun_before(facts, ChatStarted))
        answers: dict[str, Row] = {}
        people: dict[str, Row] = {}
        for fact in facts:
            chat_id = fact.recorded.stream.id
            if isinstance(fact.event, AssistantReplied):
                answers[fact.event.message_id] = _answer(chats[chat_id], fact)
            chats[chat_id] = evolve(chats.get(chat_id), fact)
            people |= people_of(fact)
        upsert(connection, "chat_facts", ["chat_id"], list(chats.values()))
        upsert(connection, "chat_answers", ["message_id"], list(answers.values()))
        upsert(connection, "people", ["person_id"], list(people.values()))
        rated = [fact.event for fact in facts if isinstance(fact.event, AnswerRated)]
        helpful = [{"message_id": event.message_id, "helpful": event.helpful} for event in rated]
        change(connection, "chat_answers", "message_id", helpful)


def evolve(row: Row | None, fact: Fact) -> Row:
    """The chat's row after a fact of it."""
    event = fact.event
    if isinstance(event, ChatStarted):
        return _started(fact.recorded.stream.id, event)
    assert row is not None, "a chat's first event is ChatStarted"
    changed: Row = {}
    match event:
        case CustomerWrote():
            changed["customer_messages"] = row["customer_messages"] + 1
            changed["open_question"] = "\n".join(filter(None, (row["open_question"], event.body)))[:MAX_QUESTION]
        case AssistantReplied():
            changed["assistant_messages"] = row["assistant_messages"] + 1
            changed["unanswered"] = row["unanswered"] + (not event.answered)
            changed["open_question"] = ""
        case AgentWrote():
            changed |= {"agent_messages": row["agent_messages"] + 1, "open_question": ""}
        case AgentRequested():
            changed |= {"status": Status.WAITING_FOR_AGENT, **_request(row, event)}
        case RequestWithdrawn():
            changed |= {
                "status": Status.ASSISTED,
                "withdrawn_at": event.at if row["accepted_at"] is None else row["withdrawn_at"],
            }
        case AgentJoined():
            changed |= {
                "status": Status.WITH_AGENT,
                "agent_id": event.agent.id,
                "accepted_at": row["accepted_at"] or event.at,
            }
        case ChatTransferred():
            changed |= {"agent_id": event.agent.id, "transfers": row["transfers"] + 1}
        case ReturnedToQueue():
            changed |= {"status": Status.WAITING_FOR_AGENT, "returns": row["returns"] + 1}
        case HandedBack():
            changed["status"] = Status.ASSISTED
        case TicketLinked():
            changed["ticket_id"] = event.ticket_id
        case ChatEnded():
            changed |= {"status": Status.ENDED, "ended_at": event.at, "end_reason": event.reason}
    return {**row, **changed}


def people_of(fact: Fact) -> dict[str, Row]:
    """The people that a fact gives a chat, as it names them."""
    match fact.event:
        case ChatStarted(customer=person):
            return {person.id: _person(person.id, person.name, SpeakerRole.CUSTOMER, person.email, person.account)}
        case AgentJoined(agent=person) | ChatTransferred(agent=person):
            return {person.id: _person(person.id, person.name, SpeakerRole.AGENT)}
    return {}


def _person(person_id: str, name: str, role: SpeakerRole, email: str | None = None, account: str | None = None) -> Row:
    return {"person_id": person_id, "name": name, "email": email, "account": account, "role": role}


def _request(row: Row, event: AgentRequested) -> Row:
    if row["withdrawn_at"] is not None and row["accepted_at"] is None:
        # the wait for the first agent begins anew
        return {"requested_at": event.at, "withdrawn_at": None}
    return {"requested_at": row["requested_at"] or event.at}


def _answer(chat: Row, fact: Fact) -> Row:
    event = fact.event
    return {
        "message_id": event.message_id,
        "question": chat["open_question"],
        "intent": event.intent,
        "answered": event.answered,
        "confidence": event.confidence,
        "engine": event.engine,
        "source": event.sources[0].slug if event.sources else None,
        "at": event.at,
        "helpful": None,
    }


def _started(chat_id: str, event: ChatStarted) -> Row:
    return {
        "chat_id": chat_id,
        "status": Status.ASSISTED,
        "account": event.customer.account,
        "customer_id": event.customer.id,
        "agent_id": None,
        "ticket_id": None,
        "started_at": event.at,
        "requested_at": None,
        "withdrawn_at": None,
        "accepted_at": None,
        "ended_at": None,
        "end_reason": None,
        "customer_messages": 0,
        "assistant_messages": 0,
        "agent_messages": 0,
        "unanswered": 0,
        "transfers": 0,
        "returns": 0,
        "open_question": "",
    }
