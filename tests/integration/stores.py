"""Stores for processes that a test starts."""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from services.tickets.bootstrap import CODEC, PROJECTIONS, PUBLIC
from shared.events import projection
from shared.events.errors import StoreUnavailable
from shared.events.event import RecordedEvent
from shared.events.store.memory import MemoryEventStore
from shared.events.store.port import Batch, EventStore
from shared.events.stream import Position


def remembered(events: Sequence[RecordedEvent]) -> EventStore:
    """A store in memory that has these events, as they stood elsewhere."""
    store = MemoryEventStore()
    store._log.extend(events)
    return store


class Slow(MemoryEventStore):
    """Gives an event at a time, five a second."""

    def read_all(self, after: Position, categories: Collection[str] | None = None, limit: int = 1000) -> Batch:
        time.sleep(0.2)
        return super().read_all(after, categories, 1)


def remembered_slowly(events: Sequence[RecordedEvent]) -> EventStore:
    """As `remembered`, but slow."""
    store = Slow()
    store._log.extend(events)
    return store


def cannot_open() -> EventStore:
    """What happens where the store is away."""
    raise StoreUnavailable("the store is away")


def dies() -> EventStore:
    """What happens to a process that the system kills."""
    os._exit(9)


def fill_half_way(events: Path, url: str, schema: str) -> None:
    """Begin to fill the counters anew in two processes, and then neither go on nor end."""
    projection.WORTH_SPLITTING = 1
    open_store = partial(remembered_slowly, pickle.loads(events.read_bytes()))
    store = open_store()
    anew = projection.Rebuild(PROJECTIONS[1], PUBLIC, store, CODEC, url, schema, "", open_store, 2)
    for _ in anew.fill(store.head()):
        print("half way", flush=True)
        time.sleep(600)


if __name__ == "__main__":
    fill_half_way(Path(sys.argv[1]), *sys.argv[2:])
