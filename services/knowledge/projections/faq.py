"""One row a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.knowledge.rendering import render
from shared.events.catalog.knowledge import FAQ, FaqAdded, FaqChanged, FaqContent, FaqRemoved
from shared.events.projection import Fact, begun_before
from shared.events.read_model import Connection
from shared.events.rows import find, upsert

Row = dict[str, Any]


class Faq:
    """The table faq."""

    name = "faq"
    tables = ("faq",)
    events = frozenset({FaqAdded, FaqChanged, FaqRemoved})
    summed = None

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        mine = [fact for fact in facts if fact.recorded.stream.category == FAQ]
        rows = find(connection, "faq", "faq_id", begun_before(mine, FaqAdded))
        for fact in mine:
            rows[fact.recorded.stream.id] = evolve(rows.get(fact.recorded.stream.id), fact)
        upsert(connection, "faq", ["faq_id"], list(rows.values()))


def evolve(row: Row | None, fact: Fact) -> Row:
    """The row after a fact of its question."""
    event, recorded = fact.event, fact.recorded
    changed: Row = {"updated_at": event.at, "revision": recorded.revision}
    if isinstance(event, FaqRemoved):
        assert row is not None, "a question's first event is FaqAdded"
        return {**row, **changed, "removed": True}
    return {"faq_id": recorded.stream.id, **_shown(event.content), "removed": False, **changed}


def _shown(content: FaqContent) -> Row:
    return {
        "question": content.question,
        "answer_markdown": content.answer,
        "answer_html": render(content.answer).html,
        "category": content.category,
        "position": content.position,
    }
