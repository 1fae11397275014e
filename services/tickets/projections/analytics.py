"""Facts for analytics: a row a ticket, counters a day, who the keys stand for; analytics.sql shows them as views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.events.catalog.tickets import (
    CATEGORIES,
    CATEGORY,
    EVENTS,
    PUBLISHED,
    CategoryChanged,
    MessagePosted,
    NoteAdded,
    PriorityChanged,
    Role,
    SatisfactionRated,
    TicketAssigned,
    TicketClosed,
    TicketOpened,
    TicketReopened,
    TicketResolved,
    TicketUnassigned,
)
from shared.events.projection import Fact, begun_before
from shared.events.read_model import Connection
from shared.events.rows import add, find, upsert

Row = dict[str, Any]
Sums = dict[tuple[Any, ...], dict[str, int]]

TICKET_COUNTERS = ("opened", "first_answered", "resolved", "reopened", "closed")
AGENT_COUNTERS = ("replies", "notes", "first_answered", "resolved")


class Analytics:
    """The tables ticket_facts, ticket_days, agent_days and people."""

    name = "analytics"
    tables = ("ticket_facts", "ticket_days", "agent_days", "people")
    events = frozenset(cls for (name, _), cls in EVENTS.items() if CATEGORIES.get(name, CATEGORY) in PUBLISHED)
    summed = None

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        tickets = find(connection, "ticket_facts", "ticket_id", begun_before(facts, TicketOpened))
        ticket_days: Sums = {}
        agent_days: Sums = {}
        people: dict[str, Row] = {}
        for fact in facts:
            ticket_id = fact.recorded.stream.id
            before = tickets.get(ticket_id)
            after = tickets[ticket_id] = evolve(before, fact)
            day = fact.event.at.date()
            for counter in ticket_counters(before, fact):
                _count(ticket_days, (day, after["category"], after["priority"]), TICKET_COUNTERS, counter)
            for counter in agent_counters(before, fact):
                _count(agent_days, (day, fact.event.by.id), AGENT_COUNTERS, counter)
            people |= people_of(fact)
        upsert(connection, "ticket_facts", ["ticket_id"], list(tickets.values()))
        add(connection, "ticket_days", ["day", "category", "priority"], ticket_days)
        add(connection, "agent_days", ["day", "agent_id"], agent_days)
        upsert(connection, "people", ["person_id"], list(people.values()))


def evolve(row: Row | None, fact: Fact) -> Row:
    """The ticket's row after a fact of its ticket or of its notes."""
    event = fact.event
    if isinstance(event, TicketOpened):
        return _opened(fact.recorded.stream.id, event)
    assert row is not None, "a ticket's first event is TicketOpened"
    changed: Row = {}
    if (status := getattr(event, "to_status", None)) is not None:
        changed["status"] = status
    match event:
        case MessagePosted() if event.by.role is Role.AGENT:
            changed["agent_messages"] = row["agent_messages"] + 1
            changed["first_response_at"] = row["first_response_at"] or event.at
        case MessagePosted():
            changed["customer_messages"] = row["customer_messages"] + 1
        case TicketResolved():
            changed["resolved_at"] = event.at
        case TicketReopened():
            changed |= {"resolved_at": None, "reopened": row["reopened"] + 1}
        case TicketClosed():
            changed["closed_at"] = event.at
        case TicketAssigned():
            changed["assignee_id"] = event.assignee.id
        case TicketUnassigned():
            changed["assignee_id"] = None
        case PriorityChanged():
            changed["priority"] = event.to_priority
        case CategoryChanged():
            changed["category"] = event.to_category
        case SatisfactionRated():
            changed |= {"score": event.score, "rated_at": event.at}
    return {**row, **changed}


def ticket_counters(before: Row | None, fact: Fact) -> list[str]:
    """Which counters of a day a fact moves by one; `before` is the ticket's row without it."""
    match fact.event:
        case TicketOpened():
            return ["opened"]
        case MessagePosted() if _first_answer(before, fact.event):
            return ["first_answered"]
        case TicketResolved():
            return ["resolved"]
        case TicketReopened():
            return ["reopened"]
        case TicketClosed():
            return ["closed"]
    return []


def agent_counters(before: Row | None, fact: Fact) -> list[str]:
    """Which of an agent's counters of a day a fact moves by one."""
    event = fact.event
    if event.by.role is not Role.AGENT:
        return []
    match event:
        case MessagePosted():
            return ["replies", "first_answered"] if _first_answer(before, event) else ["replies"]
        case NoteAdded():
            return ["notes"]
        case TicketResolved():
            return ["resolved"]
    return []


def people_of(fact: Fact) -> dict[str, Row]:
    """The people that a fact names, as it names them."""
    event = fact.event
    found = {}
    if event.by.role is Role.AGENT:
        found[event.by.id] = _agent(event.by.id, event.by.name)
    if isinstance(event, TicketAssigned):
        found[event.assignee.id] = _agent(event.assignee.id, event.assignee.name)
    if isinstance(event, TicketOpened):
        customer = event.customer
        found[customer.id] = {
            "person_id": customer.id,
            "name": customer.name,
            "email": customer.email,
            "account": customer.account,
            "role": Role.CUSTOMER,
        }
    return found


def _first_answer(before: Row | None, event: MessagePosted) -> bool:
    return event.by.role is Role.AGENT and before is not None and before["first_response_at"] is None


def _opened(ticket_id: str, event: TicketOpened) -> Row:
    return {
        "ticket_id": ticket_id,
        "number": event.number,
        "category": event.category,
        "priority": event.priority,
        "status": "OPEN",
        "account": event.customer.account,
        "customer_id": event.customer.id,
        "assignee_id": None,
        "opened_at": event.at,
        "first_response_due_at": event.first_response_due_at,
        "first_response_at": None,
        "resolved_at": None,
        "closed_at": None,
        "customer_messages": 0,
        "agent_messages": 0,
        "reopened": 0,
        "score": None,
        "rated_at": None,
    }


def _agent(person_id: str, name: str) -> Row:
    return {"person_id": person_id, "name": name, "email": None, "account": None, "role": Role.AGENT}


def _count(sums: Sums, key: tuple[Any, ...], counters: Sequence[str], counter: str) -> None:
    if key not in sums:
        sums[key] = dict.fromkeys(counters, 0)
    sums[key][counter] += 1
