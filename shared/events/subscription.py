"""Follow a store that can be read page by page: catch up, then wait for more."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from threading import Event as StopSignal
from typing import Protocol

from shared.events.store.port import Batch
from shared.events.stream import Position

LOOK_EVERY = 5.0


class _Pages(Protocol):
    def read_all(self, after: Position, categories: Collection[str] | None = None, limit: int = 1000) -> Batch: ...


def catch_up(
    store: _Pages,
    after: Position,
    categories: Collection[str] | None,
    *,
    stop: StopSignal,
    batch_size: int,
    wait: Callable[[Position], bool],
) -> Iterator[Batch]:
    """Yield batches from `after` on until `stop` is set; an empty one each second while nothing happens.

    `wait(position)` returns True as soon as the store may have something behind `position`, and False after a second
    at the latest. Because it is only asked once everything was read, an append between the read and the wait is the
    waiter's to notice; a look every LOOK_EVERY seconds makes up for what it missed.
    """
    batch, looked = store.read_all(after, categories, batch_size), time.monotonic()
    while True:
        yield batch
        if stop.is_set():
            return
        if batch.caught_up and not wait(batch.position) and time.monotonic() - looked < LOOK_EVERY:
            batch = Batch([], batch.position, caught_up=True)
        else:
            batch, looked = store.read_all(batch.position, categories, batch_size), time.monotonic()


__all__ = ["StopSignal", "catch_up"]
