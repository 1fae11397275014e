"""One reader for many followers: each sees its own part, whole and in order, whatever the others and the reader do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shared.events.errors import StoreUnavailable
from shared.events.shared_subscription import SharedSubscription
from shared.events.store.memory import MemoryEventStore
from shared.events.store.port import Batch
from shared.events.stream import START, Expect, Position, StreamName
from shared.events.testing import happened


class Counting(MemoryEventStore):
    """Counts the reads of whole categories; can be away, for some categories."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.away: Callable[[Collection[str]], bool] = lambda _: False

    def read_all(self, after: Position, categories: Collection[str] | None = None, limit: int = 1000) -> Batch:
        self.reads += 1
        if self.away(categories or ()):
            raise StoreUnavailable("away")
        return super().read_all(after, categories, limit)

    def add(self, category: str, *numbers: int) -> None:
        for number in numbers:
            self.append(StreamName(category, "1"), [happened(n=number)], Expect.ANY)


class Following:
    """A follower in a thread: the numbers that it saw."""

    def __init__(self, source: Any, after: Position, categories: Collection[str], slow: float = 0.0) -> None:
        self.seen: list[int] = []
        self.position = after
        self.error: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(source, after, categories, slow))
        self._thread.start()

    def _run(self, source: Any, after: Position, categories: Collection[str], slow: float) -> None:
        try:
            for batch in source.subscribe(after, categories, stop=self._stop, batch_size=3):
                assert all(event.stream.category in categories for event in batch.events)
                self.seen += [event.data["n"] for event in batch.events]
                self.position = batch.position
                time.sleep(slow)
        except Exception as error:
            self.error = error

    def until(self, count: int) -> None:
        until(lambda: len(self.seen) >= count)

    def end(self) -> None:
        self._stop.set()
        self._thread.join(5)
        assert not self._thread.is_alive()


@contextmanager
def reading(source: SharedSubscription) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=source.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)
        assert not thread.is_alive()


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.002)


@pytest.fixture
def store() -> Counting:
    return Counting()


def test_each_gets_its_part_from_the_one_reader(store: Counting) -> None:
    source = SharedSubscription(store, ["a", "b", "c"])
    store.add("a", 1, 2)
    store.add("b", 3)
    with reading(source):
        mine, others, both = (Following(source, START, part) for part in (["a"], ["b", "c"], ["a", "b"]))
        for one, count in ((mine, 2), (others, 1), (both, 3)):
            one.until(count)
        time.sleep(0.05)
        store.reads = 0
        for number in range(10, 30):
            store.add("abc"[number % 3], number)
        for one, count in ((mine, 2 + 6), (others, 1 + 14), (both, 3 + 13)):
            one.until(count)
        for one in (mine, others, both):
            one.end()
    assert mine.seen == [1, 2, *(n for n in range(10, 30) if n % 3 == 0)]
    assert others.seen == [3, *(n for n in range(10, 30) if n % 3)]
    assert both.seen == [1, 2, 3, *(n for n in range(10, 30) if n % 3 < 2)]
    assert store.reads <= 21, "the reader's own, and none of a follower"


def test_who_is_far_behind_reads_alone_until_the_window(store: Counting) -> None:
    source = SharedSubscription(store, ["a", "b"], window_events=5)
    store.add("a", *range(50))
    with reading(source):
        quick, late = Following(source, store.head(), ["a"]), Following(source, START, ["a"])
        late.until(50)
        store.add("a", *range(50, 70))
        late.until(70)
        quick.until(20)
        quick.end()
        late.end()
    assert late.seen == list(range(70))
    assert quick.seen == list(range(50, 70))


def test_a_slow_one_slows_nobody_and_misses_nothing(store: Counting) -> None:
    source = SharedSubscription(store, ["a"], window_events=10)
    with reading(source):
        slow, quick = Following(source, START, ["a"], slow=0.02), Following(source, START, ["a"])
        store.add("a", *range(200))
        quick.until(200)
        assert len(slow.seen) < 200
        slow.until(200)
        slow.end()
        quick.end()
    assert slow.seen == quick.seen == list(range(200))


def test_the_window_is_bounded_in_bytes(store: Counting) -> None:
    source = SharedSubscription(store, ["a"], window_bytes=20_000)
    with reading(source):
        quick = Following(source, START, ["a"])
        until(lambda: source._window._start is not None)
        for number in range(40):
            store.append(StreamName("a", "1"), [happened(n=number, text="x" * 1000)], Expect.ANY)
        quick.until(40)
        assert source._window._bytes <= 20_000
        assert 5 < len(source._window._events) < 20
        quick.end()


def test_without_the_reader_followers_go_on_by_themselves(store: Counting) -> None:
    source = SharedSubscription(store, ["a"])
    alone = Following(source, START, ["a"])
    store.add("a", 1)
    alone.until(1)
    store.add("a", 2)
    alone.until(2)
    alone.end()
    assert alone.seen == [1, 2]


def test_a_reader_that_fails_takes_nobody_along(store: Counting) -> None:
    source = SharedSubscription(store, ["a", "b"])
    # what the reader asks for, and nobody else
    store.away = lambda categories: len(set(categories)) == 2
    with reading(source):
        mine = Following(source, START, ["a"])
        store.add("a", 1, 2)
        mine.until(2)
        store.away = lambda _: False
        store.add("a", 3)
        mine.until(3)
        mine.end()
    assert (mine.seen, mine.error) == ([1, 2, 3], None)


def test_a_store_that_is_away_is_told_to_each(store: Counting) -> None:
    source = SharedSubscription(store, ["a"])
    store.away = lambda _: True
    with reading(source):
        mine = Following(source, START, ["a"])
        until(lambda: mine.error is not None)
        mine.end()
    assert isinstance(mine.error, StoreUnavailable)


def test_what_does_not_concern_one_moves_its_position_all_the_same(store: Counting) -> None:
    source = SharedSubscription(store, ["a", "b"])
    with reading(source):
        mine = Following(source, START, ["a"])
        store.add("b", *range(5))
        until(lambda: mine.position == store.head())
        mine.end()
    assert mine.seen == []
