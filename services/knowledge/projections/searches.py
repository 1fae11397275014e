"""What was searched for, what it found, and what was opened then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.knowledge.index.words import words
from shared.events.catalog.knowledge import ResultChosen, SearchPerformed
from shared.events.projection import Fact
from shared.events.read_model import Connection
from shared.events.rows import change, upsert


class Searches:
    """The table kb_searches."""

    name = "kb_searches"
    tables = ("kb_searches",)
    events = frozenset({SearchPerformed, ResultChosen})
    summed = None

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        performed = {
            event.search_id: _row(event)
            for event in (fact.event for fact in facts)
            if isinstance(event, SearchPerformed)
        }
        upsert(connection, "kb_searches", ["search_id"], list(performed.values()))
        chosen = [fact.event for fact in facts if isinstance(fact.event, ResultChosen)]
        opened = [
            {"search_id": event.search_id, "chosen_slug": event.slug, "chosen_rank": event.rank} for event in chosen
        ]
        change(connection, "kb_searches", "search_id", opened)


def _row(event: SearchPerformed) -> dict[str, Any]:
    return {
        "search_id": event.search_id,
        "query": event.query,
        "words": " ".join(words(event.query)),
        "category": event.category,
        "hits": event.hits,
        "engine": event.engine,
        "at": event.at,
        "chosen_slug": None,
        "chosen_rank": None,
    }
