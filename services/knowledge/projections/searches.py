"""What was searched for, what it found, and what was opened then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.knowledge.index.words import words
from shared.events.catalog.knowledge import ResultChosen, SearchPerformed
from shared.events.projection import Fact
from shared.events.read_model import Connection
from shared.events.rows import upsert


class Searches:
    """The table kb_searches."""

    name = "kb_searches"
    tables = ("kb_searches",)

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        performed = {
            event.search_id: _row(event)
            for event in (fact.event for fact in facts)
            if isinstance(event, SearchPerformed)
        }
        upsert(connection, "kb_searches", ["search_id"], list(performed.values()))
        chosen = [fact.event for fact in facts if isinstance(fact.event, ResultChosen)]
        with connection.cursor() as cursor:
            cursor.executemany(
                "update kb_searches set chosen_slug = %s, chosen_rank = %s where search_id = %s",
                [(event.slug, event.rank, event.search_id) for event in chosen],
            )


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
