"""Counters by status, for each customer and for all. A ticket is always in exactly one, so they sum to the total."""

from __future__ import annotations

from collections.abc import Sequence

from shared.events.catalog.tickets import CATEGORY, EVENTS, Status, TicketOpened
from shared.events.projection import Fact
from shared.events.read_model import Connection
from shared.events.rows import add

_MOVES = {"from_status", "to_status"}

COUNTERS = tuple(status.lower() for status in Status)


class Statistics:
    """The table statistics."""

    name = "statistics"
    tables = ("statistics",)
    events = frozenset(cls for cls in EVENTS.values() if cls is TicketOpened or set(cls.__annotations__) >= _MOVES)
    summed = frozenset({"statistics"})

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        add(connection, "statistics", ["scope", "scope_id"], sums(facts))


def sums(facts: Sequence[Fact]) -> dict[tuple[str, str], dict[str, int]]:
    """By how much each counter changes: {(scope, scope id): {counter: difference}}."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for fact in facts:
        if fact.recorded.stream.category != CATEGORY or not (changes := moves(fact.event)):
            continue
        for scope in (("all", ""), ("customer", fact.recorded.metadata["customer"])):
            if (counters := found.get(scope)) is None:
                counters = found[scope] = dict.fromkeys(COUNTERS, 0)
            for status, difference in changes:
                counters[status.lower()] += difference
    return found


def moves(event: object) -> list[tuple[Status, int]]:
    """Out of which status an event takes its ticket and into which it puts it; empty where it stays."""
    if isinstance(event, TicketOpened):
        return [(Status.OPEN, 1)]
    before, after = getattr(event, "from_status", None), getattr(event, "to_status", None)
    if before is None or after is None:
        return []
    return [(before, -1), (after, 1)]
