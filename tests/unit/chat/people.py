"""People, contexts and a chat service in memory for the tests of chat."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.chat.actor import Actor
from services.chat.application import Chats
from services.chat.bootstrap import CODEC
from services.chat.hours import Hours
from shared.events.catalog.chat import Agent, Speaker
from shared.events.catalog.types import AttachedFile, Customer
from shared.events.errors import Refusal
from shared.events.runner import CommandContext
from shared.events.store.memory import MemoryEventStore
from shared.service.actor import context_of

ADA = Actor("c-ada", "Ada", "ada@acme.example", "acme", frozenset({"customer"}))
CHI = Actor("c-chi", "Chi", "chi@globex.example", "globex", frozenset({"customer"}))
BEN = Actor("a-ben", "Ben", "ben@cloudfactory.example", "cloudfactory", frozenset({"agent"}))
EVA = Actor("a-eva", "Eva", "eva@cloudfactory.example", "cloudfactory", frozenset({"agent"}))
# a Monday, 10:30 in Berlin
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CLOSES = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)


def context(actor: Actor, expected: int | None = None, command_id: uuid.UUID | None = None) -> CommandContext:
    """The context of a request by `actor`; a new command unless one is given."""
    data: dict[str, Any] = {"fingerprint": "same", "correlation_id": "test", "expected_revision": expected}
    return context_of({**data, "command_id": str(command_id or uuid.uuid4())}, actor)


def agent(actor: Actor) -> Agent:
    return Agent(actor.id, actor.name)


@dataclass
class FakeTickets:
    """Stands in for `services.chat.tickets.Tickets`: a ticket for each chat that asks, and files for all."""

    opened: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: int = 0
    away: bool = False

    def bind_files(self, actor: Actor, ids: Sequence[str], chat_id: str, customer_id: str) -> tuple[AttachedFile, ...]:
        return tuple(AttachedFile(id_, "a.png", "image/png", 1, "0" * 64) for id_ in ids)

    def open(
        self, by: Speaker, customer: Customer, chat_id: str, correlation_id: str, causation_id: str, **told: Any
    ) -> dict[str, Any]:
        if self.away:
            raise Refusal("tickets_away", "Away.", kind="unavailable")
        self.calls += 1
        number = f"CF-{len(self.opened):07d}"
        ticket = {"id": str(uuid.uuid5(uuid.NAMESPACE_OID, chat_id)), "number": number, "by": by, **told}
        return {**self.opened.setdefault(chat_id, ticket), "position": -1}

    def get(self, actor: Actor, ticket_id: str) -> Mapping[str, Any]:
        return next(ticket for ticket in self.opened.values() if ticket["id"] == ticket_id)


class World:
    """The commands of chat on a log in memory, with a clock that tests move."""

    def __init__(self) -> None:
        self.at = AT
        self.store = MemoryEventStore()
        self.tickets = FakeTickets()
        self.chats = Chats(self.store, CODEC, Hours(), self.tickets, lambda since, chat_id: 1, lambda: self.at)

    def start(self, actor: Actor = ADA, message: str | None = None) -> str:
        return str(self.chats.start(actor, context(actor), message)["chat"]["id"])
