"""Helpers for tests: given/when/then for deciders, replay-twice for projections, the contract of every event store."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any, Generic, TypeVar

import pytest

from shared.events.decider import Decider
from shared.events.errors import (
    EventTooLarge,
    InvalidEvent,
    Refusal,
    WrongExpectedRevision,
)
from shared.events.event import MAX_EVENT_BYTES, NewEvent, event_id
from shared.events.store.port import EventStore, Write
from shared.events.stream import START, Expect, Revision, StreamName

S = TypeVar("S")


@dataclass(frozen=True)
class Given(Generic[S]):
    """`given(decider, *events).when(command).then(*events)` or `.refused(code)`."""

    decider: Decider[S]
    events: Sequence[object]

    def when(self, command: object) -> When[S]:
        return When(self.decider, self.events, command)


@dataclass(frozen=True)
class When(Generic[S]):
    decider: Decider[S]
    events: Sequence[object]
    command: object

    def then(self, *expected: object) -> None:
        """The decision is these events, and taken a second time it is none."""
        state = self.decider.fold(self.events)
        decided = list(self.decider.decide(self.command, state))
        assert decided == list(expected)
        again = self.decider.fold(decided, state)
        # a second time may also be a named no, as for resolving what is resolved by now
        with suppress(Refusal):
            assert list(self.decider.decide(self.command, again)) == []

    def then_nothing(self) -> None:
        """The decision is that nothing changes."""
        assert list(self.decider.decide(self.command, self.decider.fold(self.events))) == []

    def refused(self, code: str) -> Refusal:
        """The decision is a refusal with this code, which is handed back for a closer look."""
        with pytest.raises(Refusal) as caught:
            self.decider.decide(self.command, self.decider.fold(self.events))
        assert caught.value.code == code
        return caught.value


def given(decider: Decider[S], *events: object) -> Given[S]:
    return Given(decider, events)


def happened(name: str = "Happened", **data: Any) -> NewEvent:
    """An event for tests of the store, which looks into no event."""
    return NewEvent(uuid.uuid4(), name, 1, data, {"correlation_id": "test"})


class EventStoreContract:
    """What every adapter must do. A subclass gives the fixture `store`; each test uses streams of its own.

    `category` and `other` are two categories that the store's writer may append to.
    """

    category = "contract"
    other = "contract_other"

    @pytest.fixture
    def stream(self) -> StreamName:
        return StreamName(self.category, uuid.uuid4().hex)

    @pytest.fixture
    def other_stream(self) -> StreamName:
        return StreamName(self.other, uuid.uuid4().hex)

    def test_gives_back_what_was_appended(self, store: EventStore, stream: StreamName) -> None:
        events = [
            happened(n=1, text="Grüße \U0001f600 \u2028", deep={"list": [1.5, None, True]}),
            happened(n=2),
        ]
        result = store.append(stream, events, Expect.NO_STREAM)
        read = store.read(stream)
        assert [(event.id, event.name, event.version, event.data, event.metadata) for event in read] == [
            (event.id, event.name, event.version, event.data, event.metadata) for event in events
        ]
        assert [event.stream for event in read] == [stream, stream]
        assert [event.revision for event in read] == [0, 1]
        assert read[0].position < read[1].position == result.position
        assert (result.first, result.last, result.duplicate) == (0, 1, False)
        assert read[0].recorded_at.utcoffset() == timedelta(0) or read[0].recorded_at.tzinfo is UTC

    @pytest.mark.parametrize("text", [r"\u0000", r"\\u0000 and \\\\u0000", "\\", '"\\u0000"', "{}", "\x1b[31m", "\x7f"])
    def test_gives_back_what_somebody_typed(self, store: EventStore, stream: StreamName, text: str) -> None:
        store.append(stream, [happened(text=text)], Expect.NO_STREAM)
        assert store.read(stream)[0].data == {"text": text}

    def test_a_stream_that_is_not_there_is_empty(self, store: EventStore, stream: StreamName) -> None:
        assert store.read(stream) == []

    def test_reads_a_stream_in_pages(self, store: EventStore, stream: StreamName) -> None:
        store.append(stream, [happened(n=n) for n in range(7)], Expect.NO_STREAM)
        assert [event.data["n"] for event in store.read(stream, after=1, limit=3)] == [2, 3, 4]
        assert [event.data["n"] for event in store.read(stream, after=4)] == [5, 6]
        assert store.read(stream, after=6) == []

    def test_no_stream_is_checked(self, store: EventStore, stream: StreamName) -> None:
        store.append(stream, [happened()], Expect.NO_STREAM)
        with pytest.raises(WrongExpectedRevision) as caught:
            store.append(stream, [happened()], Expect.NO_STREAM)
        assert caught.value.actual in (0, None)
        assert len(store.read(stream)) == 1

    def test_exists_is_checked(self, store: EventStore, stream: StreamName) -> None:
        with pytest.raises(WrongExpectedRevision):
            store.append(stream, [happened()], Expect.EXISTS)
        assert store.read(stream) == []
        store.append(stream, [happened()], Expect.ANY)
        store.append(stream, [happened()], Expect.EXISTS)
        assert len(store.read(stream)) == 2

    def test_an_exact_revision_is_checked(self, store: EventStore, stream: StreamName) -> None:
        store.append(stream, [happened()], Expect.NO_STREAM)
        store.append(stream, [happened()], Revision(0))
        for wrong in (0, 2, 5):
            with pytest.raises(WrongExpectedRevision):
                store.append(stream, [happened()], Revision(wrong))
        assert len(store.read(stream)) == 2

    def test_any_appends_at_the_end(self, store: EventStore, stream: StreamName) -> None:
        for _ in range(3):
            store.append(stream, [happened()], Expect.ANY)
        assert [event.revision for event in store.read(stream)] == [0, 1, 2]

    def test_the_same_command_has_one_effect(self, store: EventStore, stream: StreamName) -> None:
        command = uuid.uuid4()
        first = store.append(stream, [_of(command, 0), _of(command, 1)], Expect.NO_STREAM, command)
        store.append(stream, [happened()], Revision(1))
        again = store.append(stream, [_of(command, 0), _of(command, 1)], Expect.NO_STREAM, command)
        assert again.duplicate
        assert (again.first, again.last, again.position) == (first.first, first.last, first.position)
        assert len(store.read(stream)) == 3

    def test_a_command_seen_before_is_found_though_the_retry_has_a_newer_revision(
        self, store: EventStore, stream: StreamName
    ) -> None:
        command = uuid.uuid4()
        first = store.append(stream, [_of(command, 0)], Expect.NO_STREAM, command)
        store.append(stream, [happened()], Revision(0))
        again = store.append(stream, [_of(command, 0)], Revision(1), command)
        assert again.duplicate
        assert (again.first, again.position) == (first.first, first.position)
        assert len(store.read(stream)) == 2

    def test_a_command_that_decides_otherwise_the_second_time_still_has_its_first_result(
        self, store: EventStore, stream: StreamName
    ) -> None:
        command = uuid.uuid4()
        store.append(stream, [_of(command, 0)], Expect.NO_STREAM, command)
        again = store.append(stream, [_of(command, 0), _of(command, 1)], Revision(0), command)
        assert again.duplicate
        assert (again.first, again.last) == (0, 0)
        assert len(store.read(stream)) == 1

    def test_the_same_event_id_has_one_effect(self, store: EventStore, stream: StreamName) -> None:
        events = [happened(), happened()]
        first = store.append(stream, events, Expect.NO_STREAM)
        again = store.append(stream, events, Expect.NO_STREAM)
        assert again.duplicate
        assert (again.first, again.last, again.position) == (first.first, first.last, first.position)
        assert len(store.read(stream)) == 2

    def test_the_same_command_at_once_has_one_effect(self, store: EventStore, stream: StreamName) -> None:
        command = uuid.uuid4()
        barrier = threading.Barrier(8)

        def attempt(_: int) -> tuple[int, bool]:
            barrier.wait()
            result = store.append(stream, [_of(command, 0)], Expect.NO_STREAM, command)
            return result.first, result.duplicate

        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(attempt, range(8)))
        assert {first for first, _ in results} == {0}
        assert len(store.read(stream)) == 1

    def test_of_writers_at_one_revision_one_wins(self, store: EventStore, stream: StreamName) -> None:
        store.append(stream, [happened()], Expect.NO_STREAM)
        barrier = threading.Barrier(8)

        def attempt(_: int) -> bool:
            barrier.wait()
            try:
                store.append(stream, [happened()], Revision(0))
            except WrongExpectedRevision:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(attempt, range(8))) == 1
        assert [event.revision for event in store.read(stream)] == [0, 1]

    def test_an_append_to_several_streams_is_all_or_none(
        self, store: EventStore, stream: StreamName, other_stream: StreamName
    ) -> None:
        first = store.append_all(
            [
                Write(stream, [happened(n=1), happened(n=2)], Expect.NO_STREAM, uuid.uuid4()),
                Write(other_stream, [happened(n=3)], Expect.NO_STREAM, uuid.uuid4()),
            ]
        )
        assert [(one.first, one.last, one.duplicate) for one in first] == [(0, 1, False), (0, 0, False)]
        assert [event.position for event in store.read(stream)] == list(first[0].positions)
        assert [event.position for event in store.read(other_stream)] == list(first[1].positions)
        with pytest.raises(WrongExpectedRevision) as caught:
            store.append_all(
                [
                    Write(other_stream, [happened()], Revision(7), uuid.uuid4()),
                    Write(stream, [happened()], Revision(1), uuid.uuid4()),
                ]
            )
        assert caught.value.stream == str(other_stream)
        assert (len(store.read(stream)), len(store.read(other_stream))) == (2, 1)

    def test_an_append_to_several_streams_may_be_repeated(
        self, store: EventStore, stream: StreamName, other_stream: StreamName
    ) -> None:
        ours, beside = uuid.uuid4(), uuid.uuid4()
        writes = [
            Write(other_stream, [_of(beside, 0)], Expect.NO_STREAM, beside),
            Write(stream, [_of(ours, 0), _of(ours, 1)], Expect.NO_STREAM, ours),
        ]
        # as after a crash between the two, where a store has no such append
        alone = store.append_all(writes[:1])[0]
        both = store.append_all(writes)
        assert [one.duplicate for one in both] == [True, False]
        assert both[0].positions == alone.positions
        again = store.append_all(writes)
        assert [one.duplicate for one in again] == [True, True]
        assert [one.positions for one in again] == [one.positions for one in both]
        assert (len(store.read(stream)), len(store.read(other_stream))) == (2, 1)

    def test_an_append_names_each_stream_and_event_once(
        self, store: EventStore, stream: StreamName, other_stream: StreamName
    ) -> None:
        twice = happened()
        for writes in (
            [],
            [Write(stream, [happened()], Expect.ANY), Write(stream, [happened()], Expect.ANY)],
            [Write(stream, [twice], Expect.ANY), Write(other_stream, [twice], Expect.ANY)],
        ):
            with pytest.raises(InvalidEvent):
                store.append_all(writes)
        assert store.read(stream) == store.read(other_stream) == []

    def test_what_a_command_appended_is_found(
        self, store: EventStore, stream: StreamName, other_stream: StreamName
    ) -> None:
        command = uuid.uuid4()
        assert store.appended(stream, command) is None
        store.append(stream, [happened()], Expect.NO_STREAM, uuid.uuid4())
        done = store.append(stream, [_of(command, 0), _of(command, 1)], Revision(0), command)
        store.append(stream, [happened()], Revision(2), uuid.uuid4())
        found = store.appended(stream, command)
        assert found is not None
        assert (found.first, found.positions, found.duplicate) == (1, done.positions, True)

    def test_many_writers_at_once_each_have_their_own_answer(self, store: EventStore) -> None:
        """Some conflict, some repeat, some are new: none spoils another's, and nothing is lost or doubled."""
        streams = [StreamName(self.category, uuid.uuid4().hex) for _ in range(6)]
        commands = [uuid.uuid4() for _ in range(60)]

        def attempt(number: int) -> tuple[StreamName, uuid.UUID] | None:
            # each command comes twice, at the same time as others that want the same revision
            stream, command = streams[number % 6], commands[number % 60]
            for _ in range(100):
                last = len(store.read(stream)) - 1
                expected = Expect.NO_STREAM if last < 0 else Revision(last)
                with suppress(WrongExpectedRevision):
                    store.append(stream, [_of(command, 0), _of(command, 1)], expected, command)
                    return stream, command
            return None

        with ThreadPoolExecutor(16) as pool:
            done = list(pool.map(attempt, range(120)))
        assert None not in done
        for stream in streams:
            events = store.read(stream)
            assert [event.revision for event in events] == list(range(20))
            assert len({event.metadata["command_id"] for event in events}) == 10

    def test_the_limit_of_an_event(self, store: EventStore, stream: StreamName) -> None:
        with pytest.raises(EventTooLarge):
            store.append(stream, [happened(), happened(text="x" * MAX_EVENT_BYTES)], Expect.NO_STREAM)
        assert store.read(stream) == []
        store.append(stream, [happened(text="x" * (MAX_EVENT_BYTES - 200))], Expect.NO_STREAM)
        assert len(store.read(stream)) == 1

    def test_what_cannot_be_stored_is_refused_whole(self, store: EventStore, stream: StreamName) -> None:
        twice = happened()
        bad: list[list[NewEvent]] = [
            [],
            [happened(), happened(text="nul \x00")],
            [happened(), happened(thing=object())],
            [twice, twice],
        ]
        for events in bad:
            with pytest.raises(InvalidEvent):
                store.append(stream, events, Expect.ANY)
        assert store.read(stream) == []

    def test_reads_all_in_order_by_category(
        self, store: EventStore, stream: StreamName, other_stream: StreamName
    ) -> None:
        start = store.head()
        for n in range(5):
            store.append(stream, [happened(n=n)], Expect.ANY)
            store.append(other_stream, [happened(n=n)], Expect.ANY)
        both = _all(store, start, [self.category, self.other], limit=3)
        positions = [event.position for event in both]
        assert positions == sorted(set(positions))
        assert [event.data["n"] for event in both if event.stream == stream] == [0, 1, 2, 3, 4]
        assert [event.data["n"] for event in both if event.stream == other_stream] == [0, 1, 2, 3, 4]
        mine = _all(store, start, [self.category], limit=2)
        assert {event.stream.category for event in mine} == {self.category}
        assert [event.data["n"] for event in mine if event.stream == stream] == [0, 1, 2, 3, 4]

    def test_a_category_is_not_a_prefix(self, store: EventStore, other_stream: StreamName) -> None:
        start = store.head()
        store.append(other_stream, [happened()], Expect.ANY)
        assert _all(store, start, [self.category]) == []

    def test_the_head_is_the_last_position(self, store: EventStore, stream: StreamName) -> None:
        assert store.head() >= START
        result = store.append(stream, [happened()], Expect.ANY)
        assert store.head() >= result.position

    def test_a_page_that_reached_the_end_says_so(self, store: EventStore, stream: StreamName) -> None:
        start = store.head()
        result = store.append(stream, [happened(), happened()], Expect.ANY)
        part = store.read_all(start, [self.category], limit=1)
        assert not part.caught_up
        rest = store.read_all(part.position, [self.category])
        assert rest.caught_up
        assert rest.position >= result.position

    def test_no_reader_steps_over_a_concurrent_append(self, store: EventStore) -> None:
        start, stop = store.head(), threading.Event()
        expected = 8 * 15
        seen: list[Any] = []

        def tail() -> None:
            for batch in store.subscribe(start, [self.category], stop=stop, batch_size=7):
                seen.extend(batch.events)
                if len(seen) >= expected:
                    stop.set()

        def write(_: int) -> None:
            stream = StreamName(self.category, uuid.uuid4().hex)
            for _n in range(15):
                store.append(stream, [happened()], Expect.ANY)

        reader = threading.Thread(target=tail)
        reader.start()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(8)))
        reader.join(timeout=20)
        stop.set()
        reader.join(timeout=5)
        assert len({event.id for event in seen}) == len(seen) == expected
        assert [event.position for event in seen] == sorted(event.position for event in seen)

    def test_a_subscription_catches_up_then_stays_live(self, store: EventStore, stream: StreamName) -> None:
        start, stop = store.head(), threading.Event()
        store.append(stream, [happened(n=0), happened(n=1)], Expect.ANY)
        seen: list[int] = []
        live = threading.Event()

        def follow() -> None:
            for batch in store.subscribe(start, [self.category], stop=stop, batch_size=1):
                seen.extend(event.data["n"] for event in batch.events)
                if batch.caught_up:
                    live.set()
                if 2 in seen:
                    stop.set()

        follower = threading.Thread(target=follow)
        follower.start()
        assert live.wait(10)
        store.append(stream, [happened(n=2)], Expect.ANY)
        follower.join(timeout=10)
        stop.set()
        assert seen == [0, 1, 2]

    def test_a_subscription_under_steady_load_says_when_it_has_caught_up(
        self, store: EventStore, stream: StreamName
    ) -> None:
        start, stop, over = store.head(), threading.Event(), threading.Event()
        caught_up: list[int] = []

        def write() -> None:
            while not over.wait(0.05):
                store.append(stream, [happened()], Expect.ANY)

        def follow() -> None:
            for batch in store.subscribe(start, [self.category], stop=stop):
                if batch.events and batch.caught_up:
                    caught_up.append(len(batch.events))
                if len(caught_up) >= 3:
                    stop.set()

        writer, follower = threading.Thread(target=write), threading.Thread(target=follow)
        writer.start()
        follower.start()
        follower.join(timeout=15)
        stop.set()
        over.set()
        writer.join(timeout=5)
        follower.join(timeout=5)
        assert len(caught_up) >= 3, "a timer that is due would wait for a quiet moment"

    def test_a_subscription_resumes_behind_a_position(self, store: EventStore, stream: StreamName) -> None:
        start = store.head()
        store.append(stream, [happened(n=n) for n in range(4)], Expect.ANY)
        second = store.read(stream)[1]
        seen = _until(store, second.position, [self.category], lambda events: len(events) >= 2)
        assert [event.data["n"] for event in seen] == [2, 3]
        assert start < second.position

    def test_a_quiet_subscription_still_says_where_it_is(self, store: EventStore, other_stream: StreamName) -> None:
        stop = threading.Event()
        start = store.head()
        result = store.append(other_stream, [happened()], Expect.ANY)
        for batch in store.subscribe(start, [self.category], stop=stop):
            assert batch.events == [] or all(event.stream.category == self.category for event in batch.events)
            if batch.caught_up and batch.position >= result.position:
                stop.set()
        assert stop.is_set()


def _of(command: uuid.UUID, index: int) -> NewEvent:
    return NewEvent(event_id(command, index), "Happened", 1, {}, {"command_id": str(command)})


def _all(store: EventStore, after: Any, categories: Sequence[str], limit: int = 1000) -> list[Any]:
    events: list[Any] = []
    while True:
        batch = store.read_all(after, categories, limit)
        events.extend(batch.events)
        after = batch.position
        if batch.caught_up:
            return events


def _until(store: EventStore, after: Any, categories: Sequence[str], enough: Callable[[list[Any]], bool]) -> list[Any]:
    stop = threading.Event()
    seen: list[Any] = []
    for batch in store.subscribe(after, categories, stop=stop):
        seen.extend(batch.events)
        if enough(seen):
            stop.set()
    return seen
