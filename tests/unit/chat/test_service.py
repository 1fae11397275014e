"""The chat service put together on a log in memory: what goes out as a signal."""

from __future__ import annotations

from typing import Any

import pytest

from services.chat.actor import Actor
from services.chat.bootstrap import CODEC, Service
from services.chat.hours import Hours
from services.chat.queries import Queries
from shared.events.errors import Refusal
from tests.unit.chat.people import ADA, BEN, CHI, EVA, World, context


class NothingProjected:
    """Stands in for `ReadModel` before the projections have begun: chats are read from their streams."""

    def query(self, query: str, parameters: Any = ()) -> list[Any]:
        return []


class Shown:
    """Stands in for `Signals`."""

    def __init__(self) -> None:
        self.typing_of: list[tuple[str, str]] = []

    def typing(self, actor: Actor, chat_id: str, customer_id: str) -> None:
        self.typing_of.append((actor.id, customer_id))


class TestTyping:
    def setup_method(self) -> None:
        self.world, self.shown = World(), Shown()
        none: Any = None
        rows: Any = NothingProjected()
        signals: Any = self.shown
        queries = Queries(rows, self.world.store, CODEC, Hours(), none, none, lambda: self.world.at)
        self.service = Service(self.world.chats, queries, none, signals, none, self.world.store, rows, none)
        self.chat_id = self.world.start(ADA, "Help")

    def types(self, *actors: Actor) -> list[tuple[str, str]]:
        """What is shown while each of these types: who, and to which customer's chat."""
        self.shown.typing_of.clear()
        for actor in actors:
            self.service.typing(actor, self.chat_id)
        return self.shown.typing_of

    def test_it_is_shown_of_those_who_may_write(self) -> None:
        assert self.types(ADA, BEN, EVA) == [(ADA.id, ADA.id)]
        self.world.chats.request_agent(ADA, context(ADA), self.chat_id)
        assert self.types(ADA, BEN) == [(ADA.id, ADA.id)]
        self.world.chats.accept(BEN, context(BEN), self.chat_id)
        assert self.types(ADA, BEN, EVA) == [(ADA.id, ADA.id), (BEN.id, ADA.id)]

    def test_nobody_types_in_an_ended_chat(self) -> None:
        self.world.chats.accept(BEN, context(BEN), self.chat_id)
        self.world.chats.end(BEN, context(BEN), self.chat_id)
        assert self.types(ADA, BEN) == []

    def test_a_chat_of_somebody_else_is_not_there(self) -> None:
        with pytest.raises(Refusal) as refused:
            self.service.typing(CHI, self.chat_id)
        assert refused.value.code == "chat_not_found"
