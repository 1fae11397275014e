"""The categories, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from shared.events.catalog.knowledge import CategoryDefined
from shared.events.projection import Fact
from shared.events.read_model import Connection
from shared.events.rows import upsert


class Categories:
    """The table kb_categories."""

    name = "kb_categories"
    tables = ("kb_categories",)
    events = frozenset({CategoryDefined})
    summed = None

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        rows = {
            event.slug: {
                "slug": event.slug,
                "title": event.title,
                "description": event.description,
                "position": event.position,
            }
            for event in (fact.event for fact in facts)
            if isinstance(event, CategoryDefined)
        }
        upsert(connection, "kb_categories", ["slug"], list(rows.values()))
