"""What the assistant reads: a chat's events as a turn of the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.chat.assistant import port
from services.chat.domain.conversation import Conversation
from services.chat.hours import Hours
from services.chat.projections import messages
from shared.events.catalog.chat import AgentWrote, AssistantReplied, CustomerWrote, Source, Walk
from shared.events.projection import Fact


def turn_of(facts: Sequence[Fact], chat: Conversation, hours: Hours, now: datetime) -> port.Turn:
    """The assistant's turn in a chat that has something unanswered."""
    spoken = CustomerWrote | AssistantReplied | AgentWrote
    said = [_said(fact.event) for fact in facts if isinstance(fact.event, spoken)]
    assert chat.customer is not None
    customer = chat.customer
    open_now = hours.is_open(now)
    return port.Turn(
        said=said,
        since=len(chat.unanswered),
        asker=port.Asker(customer.id, customer.name, customer.email, customer.account),
        people=port.People(open_now, None if open_now else hours.next_opening(now), hours.week_in_words()),
        walk=None if chat.walk is None else _walk(chat.walk),
    )


def _said(event: Any) -> port.Said:
    sources = tuple(map(_source, event.sources)) if isinstance(event, AssistantReplied) else ()
    pressed = event.button if isinstance(event, CustomerWrote) else None
    action = None if pressed is None else messages.button_dict(pressed)
    return port.Said(str(event.by.role), event.body, sources, action)


def _source(source: Source) -> port.Source:
    return port.Source(source.kind, source.slug, source.version, source.title, source.anchor)


def _walk(walk: Walk) -> port.Walk:
    return port.Walk(walk.procedure, walk.path, tuple((choice.step, choice.value) for choice in walk.answers))
