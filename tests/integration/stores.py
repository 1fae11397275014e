"""Stores for processes that a test starts."""

from __future__ import annotations

import os
from collections.abc import Sequence

from shared.events.errors import StoreUnavailable
from shared.events.event import RecordedEvent
from shared.events.store.memory import MemoryEventStore
from shared.events.store.port import EventStore


def remembered(events: Sequence[RecordedEvent]) -> EventStore:
    """A store in memory that has these events, as they stood elsewhere."""
    store = MemoryEventStore()
    store._log.extend(events)
    return store


def cannot_open() -> EventStore:
    """What happens where the store is away."""
    raise StoreUnavailable("the store is away")


def dies() -> EventStore:
    """What happens to a process that the system kills."""
    os._exit(9)
