"""One reader for a process: the log is followed once, and every follower gets its part from memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterator
from itertools import takewhile

import structlog

from shared.events.event import RecordedEvent
from shared.events.store.port import Batch, EventStore
from shared.events.stream import Position
from shared.events.subscription import StopSignal

WINDOW_EVENTS = 5_000
WINDOW_BYTES = 32 * 1024 * 1024
LOOK_SECONDS = 1.0

log = structlog.get_logger()


class SharedSubscription:
    """Followers subscribe here as they would at the store; the store is asked once for all of them.

    The newest events of `categories` are kept, at most WINDOW_EVENTS and about WINDOW_BYTES. A follower that is behind
    them reads by itself until it meets them, and so does every follower, once a second, while the reader is down: what
    a follower sees never hangs on the others, nor on the reader.
    """

    def __init__(
        self,
        store: EventStore,
        categories: Collection[str],
        window_events: int = WINDOW_EVENTS,
        window_bytes: int = WINDOW_BYTES,
    ) -> None:
        self._store, self._categories = store, frozenset(categories)
        self._window = _Window(window_events, window_bytes)
        self._lock = threading.Lock()
        self._seats: set[_Seat] = set()
        self._seated = threading.Event()

    def head(self) -> Position:
        """As the store's."""
        return self._store.head()

    def read_all(self, after: Position, categories: Collection[str] | None = None, limit: int = 1000) -> Batch:
        """As the store's, and from memory where it reaches back so far and has these categories."""
        wanted = frozenset(categories or ())
        if wanted and wanted <= self._categories:
            with self._lock:
                if (batch := self._window.behind(after, wanted, limit)) is not None:
                    return batch
        return self._store.read_all(after, categories, limit)

    def subscribe(
        self,
        after: Position,
        categories: Collection[str] | None = None,
        *,
        stop: StopSignal,
        batch_size: int = 1000,
    ) -> Iterator[Batch]:
        """As the store's."""
        seat = _Seat(frozenset(categories or ()))
        with self._lock:
            self._seats.add(seat)
            self._seated.set()
        try:
            while True:
                # first of all: what comes after it calls again
                seat.called.clear()
                batch = self.read_all(after, categories, batch_size)
                yield batch
                if stop.is_set():
                    return
                if batch.position == after or batch.caught_up:
                    seat.called.wait(LOOK_SECONDS)
                after = batch.position
        finally:
            with self._lock:
                self._seats.discard(seat)
                if not self._seats:
                    self._seated.clear()

    def run(self, stop: StopSignal) -> None:
        """Read while anybody follows, until `stop` is set."""
        while not stop.is_set():
            if not self._seated.wait(LOOK_SECONDS):
                continue
            try:
                self._read(stop)
            except Exception as error:
                log.warning("shared reader waits", error=f"{type(error).__name__}: {error}")
            with self._lock:
                self._window.shut()
            stop.wait(LOOK_SECONDS)

    def _read(self, stop: StopSignal) -> None:
        position = self._store.head()
        with self._lock:
            self._window.open(position)
        for batch in self._store.subscribe(position, self._categories, stop=stop):
            concerned = {event.stream.category for event in batch.events}
            with self._lock:
                self._window.add(batch)
                for seat in self._seats:
                    if not concerned.isdisjoint(seat.categories):
                        seat.called.set()
            if stop.is_set() or not self._seated.is_set():
                return


class _Seat:
    """A follower's place: called when something of its categories came."""

    __slots__ = ("called", "categories")

    def __init__(self, categories: frozenset[str]) -> None:
        self.categories = categories
        self.called = threading.Event()


class _Window:
    """The newest events, without a gap from behind `start` to `position`; shut while nobody reads."""

    def __init__(self, most_events: int, most_bytes: int) -> None:
        self._most_events, self._most_bytes = most_events, most_bytes
        self.shut()

    def shut(self) -> None:
        self._start: Position | None = None
        self._position = Position(-1)
        self._caught_up = False
        self._events: deque[tuple[RecordedEvent, int]] = deque()
        self._bytes = 0

    def open(self, position: Position) -> None:
        self._start = self._position = position

    def add(self, batch: Batch) -> None:
        for event in batch.events:
            size = event.size
            self._events.append((event, size))
            self._bytes += size
        while self._events and (len(self._events) > self._most_events or self._bytes > self._most_bytes):
            event, size = self._events.popleft()
            self._start, self._bytes = event.position, self._bytes - size
        self._position, self._caught_up = batch.position, batch.caught_up

    def behind(self, after: Position, categories: frozenset[str], limit: int) -> Batch | None:
        """What stands behind a position; None where the window does not reach back to it."""
        if self._start is None or after < self._start:
            return None
        newer = takewhile(lambda kept: kept[0].position > after, reversed(self._events))
        found = [event for event, _ in newer if event.stream.category in categories][::-1]
        if len(found) > limit:
            return Batch(found[:limit], found[limit - 1].position, caught_up=False)
        return Batch(found, Position(max(after, self._position)), self._caught_up)
