"""Follow a store that can be read page by page: catch up, then wait for more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from threading import Event as StopSignal
from typing import Protocol

from shared.events.store.port import Batch
from shared.events.stream import Position


class _Pages(Protocol):
    def read_all(self, after: Position, categories: Collection[str] | None = None, limit: int = 1000) -> Batch: ...


def catch_up(
    store: _Pages,
    after: Position,
    categories: Collection[str] | None,
    *,
    stop: StopSignal,
    batch_size: int,
    wait: Callable[[Position], None],
) -> Iterator[Batch]:
    """Yield batches from `after` on until `stop` is set.

    `wait(position)` returns as soon as the store has something behind `position`, after a second at the latest; it
    may return too early. Because it is only asked once everything was read, an append between the read and the wait
    is the waiter's to notice: it looks at the store's state, or a second's poll makes up for it.
    """
    while not stop.is_set():
        batch = store.read_all(after, categories, batch_size)
        after = batch.position
        yield batch
        if batch.caught_up and not stop.is_set():
            wait(after)


__all__ = ["StopSignal", "catch_up"]
