"""The runner of deciders: one effect for each command, whoever interferes."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from shared.events import deadline
from shared.events.codec import Codec
from shared.events.decider import Decider
from shared.events.errors import Refusal, WrongExpectedRevision
from shared.events.runner import CommandContext, Runner
from shared.events.store.memory import MemoryEventStore
from shared.events.store.port import Appended, Write
from shared.events.stream import Expect, Position, Revision, StreamName
from shared.events.testing import happened

STREAM = StreamName("counter", "1")


@dataclass(frozen=True)
class Counted:
    by: int


@dataclass(frozen=True)
class Count:
    by: int
    times: int = 1


def decide(command: Count, total: int) -> Sequence[Counted]:
    if total + command.by * command.times > 100:
        raise Refusal("too_much", "At most 100.")
    return [Counted(command.by)] * command.times if command.by else []


CODEC = Codec({("Counted", 1): Counted})
COUNTER: Decider[int] = Decider(0, lambda total, event: total + event.by, decide)


class Meddled(MemoryEventStore):
    """A store in which something happens just before an append."""

    def __init__(self, meddle: Callable[[Meddled], None]) -> None:
        super().__init__()
        self._meddle: Callable[[Meddled], None] | None = meddle

    def append_all(self, writes: Sequence[Write]) -> list[Appended]:
        if self._meddle is not None:
            meddle, self._meddle = self._meddle, None
            meddle(self)
            self._meddle = meddle
        return super().append_all(writes)


class Once(Meddled):
    """The same, the first time only."""

    def append_all(self, writes: Sequence[Write]) -> list[Appended]:
        if self._meddle is not None:
            meddle, self._meddle = self._meddle, None
            meddle(self)
        return MemoryEventStore.append_all(self, writes)


def context(command: uuid.UUID | None = None, fingerprint: str = "same", expected: int | None = None) -> CommandContext:
    return CommandContext(
        command or uuid.uuid4(),
        fingerprint,
        "corr",
        {"id": "c-1", "role": "customer"},
        expected=None if expected is None else Revision(expected),
    )


def count(store: MemoryEventStore, command: Count, sent: CommandContext | None = None) -> Any:
    return runner(store).run(STREAM, command, sent or context())


def runner(store: MemoryEventStore) -> Runner[int, None]:
    """One that has seen nothing yet, as on another replica."""
    return Runner(store, CODEC, COUNTER)


def test_decides_on_what_happened_and_appends() -> None:
    store = MemoryEventStore()
    first, second = count(store, Count(3)), count(store, Count(4, times=2))
    assert (first.state, first.revision, first.caused, first.duplicate) == (3, 0, 1, False)
    assert (second.state, second.revision, second.caused) == (11, 2, 2)
    assert second.position == store.head() == Position(2)


def test_each_event_says_what_caused_it() -> None:
    store, command = MemoryEventStore(), uuid.uuid4()
    with_labels: Runner[int, None] = Runner(store, CODEC, COUNTER, labels=lambda total: {"total": total})
    with_labels.run(STREAM, Count(3), context(command))
    metadata = store.read(STREAM)[0].metadata
    assert metadata == {
        "command_id": str(command),
        "fingerprint": "same",
        "correlation_id": "corr",
        "causation_id": str(command),
        "actor": {"id": "c-1", "role": "customer"},
        "total": 3,
    }


def test_nothing_decided_is_nothing_appended() -> None:
    store = MemoryEventStore()
    outcome = count(store, Count(0))
    assert (outcome.caused, outcome.revision, store.read(STREAM)) == (0, -1, [])


def test_a_refusal_appends_nothing() -> None:
    store = MemoryEventStore()
    with pytest.raises(Refusal):
        count(store, Count(101))
    assert store.read(STREAM) == []


def test_a_command_sent_again_has_its_first_result() -> None:
    store, sent = MemoryEventStore(), context()
    first = count(store, Count(3, times=2), sent)
    count(store, Count(5))
    again = count(store, Count(3, times=2), sent)
    assert again.duplicate
    assert (again.state, again.revision, again.position, again.caused) == (
        first.state,
        first.revision,
        first.position,
        first.caused,
    )
    assert len(store.read(STREAM)) == 3


def test_a_retry_is_answered_though_it_would_be_refused_now() -> None:
    store, sent = MemoryEventStore(), context()
    count(store, Count(60), sent)
    assert count(store, Count(60), sent).duplicate


def test_another_request_under_the_same_id_is_refused() -> None:
    store, command = MemoryEventStore(), uuid.uuid4()
    count(store, Count(3), context(command))
    with pytest.raises(Refusal) as caught:
        count(store, Count(4), context(command, fingerprint="other"))
    assert (caught.value.code, caught.value.kind) == ("idempotency_key_reused", "invalid")


def test_a_command_id_of_another_stream_is_refused() -> None:
    store, sent = MemoryEventStore(), context()
    count(store, Count(3), sent)
    with pytest.raises(Refusal) as caught:
        runner(store).run(StreamName("counter", "2"), Count(3), sent)
    assert caught.value.code == "idempotency_key_reused"


def test_decides_again_where_somebody_was_quicker() -> None:
    store = Once(lambda store: count(store, Count(90)))
    assert count(store, Count(5)).state == 95
    store = Once(lambda store: count(store, Count(97)))
    with pytest.raises(Refusal) as caught:
        count(store, Count(5))
    assert caught.value.code == "too_much"


def test_gives_up_when_the_deadline_is_near() -> None:
    tries = 0

    def meddle(store: Meddled) -> None:
        nonlocal tries
        tries += 1
        MemoryEventStore.append_all(store, [Write(STREAM, [happened("Counted", by=0)], Expect.ANY)])

    with deadline.within(0.5), pytest.raises(Refusal) as caught:
        count(Meddled(meddle), Count(1))
    assert (caught.value.code, caught.value.kind) == ("write_conflict", "unavailable")
    assert tries > 3, "it does not give up early"


def test_a_caller_who_insists_on_a_revision_is_told() -> None:
    store = MemoryEventStore()
    count(store, Count(1))
    assert count(store, Count(1), context(expected=0)).revision == 1
    with pytest.raises(Refusal) as caught:
        count(store, Count(1), context(expected=0))
    assert (caught.value.code, caught.value.kind, caught.value.details) == ("stale_revision", "stale", {"revision": 1})


def test_a_caller_who_insists_does_not_slip_in_behind_somebody() -> None:
    store = Once(lambda store: count(store, Count(1)))
    MemoryEventStore.append_all(store, [Write(STREAM, [happened("Counted", by=1)], Expect.NO_STREAM)])
    with pytest.raises(Refusal) as caught:
        count(store, Count(1), context(expected=0))
    assert caught.value.code == "stale_revision"
    assert len(store.read(STREAM)) == 2


def test_a_retry_while_the_first_still_runs_has_the_same_answer() -> None:
    store, sent, barrier = MemoryEventStore(), context(), threading.Barrier(8)

    def attempt(_: int) -> tuple[int, int]:
        barrier.wait()
        outcome = count(store, Count(2), sent)
        return outcome.state, outcome.revision

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(attempt, range(8))) == {(2, 0)}
    assert len(store.read(STREAM)) == 1


class Counting(MemoryEventStore):
    """A store that counts what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def read(self, stream: StreamName, after: int = -1, limit: int | None = None) -> list[Any]:
        found = super().read(stream, after, limit)
        self.asked.append(f"read {len(found)}")
        return found

    def append_all(self, writes: Sequence[Write]) -> list[Appended]:
        self.asked.append(f"append {len(writes)}")
        return super().append_all(writes)

    def appended(self, stream: StreamName, command: uuid.UUID) -> Appended | None:
        self.asked.append("appended")
        return super().appended(stream, command)


def test_a_warm_stream_costs_one_append() -> None:
    store = Counting()
    warm = runner(store)
    for _ in range(3):
        warm.run(STREAM, Count(1), context())
    assert store.asked == ["read 0", "append 1", "append 1", "append 1"]


def test_a_new_stream_costs_one_append() -> None:
    store, sent = Counting(), context()
    assert runner(store).run(STREAM, Count(1), sent, new=True).state == 1
    assert store.asked == ["append 1"]
    again = runner(store).run(STREAM, Count(1), sent, new=True)
    assert (again.state, again.duplicate, len(store.read(STREAM))) == (1, True, 1)


def test_what_a_cache_missed_is_read_and_nothing_else() -> None:
    store = Counting()
    warm, other = runner(store), runner(store)
    warm.run(STREAM, Count(1), context())
    other.run(STREAM, Count(2, times=5), context())
    store.asked.clear()
    outcome = warm.run(STREAM, Count(1), context())
    assert (outcome.state, outcome.revision) == (12, 6)
    assert store.asked == ["append 1", "read 5", "append 1"]


def test_a_no_is_never_taken_from_a_cache() -> None:
    store = Counting()

    def decide(command: Count, total: int) -> Sequence[Counted]:
        if total == 1:
            raise Refusal("too_early", "Not yet.")
        return [Counted(command.by)]

    warm: Runner[int, None] = Runner(store, CODEC, Decider(0, COUNTER.evolve, decide))
    warm.run(STREAM, Count(1), context())
    count(store, Count(1))
    assert warm.run(STREAM, Count(1), context()).state == 3
    empty = runner(store)
    assert empty.run(STREAM, Count(0), context()).state == 3
    count(store, Count(5))
    assert empty.run(STREAM, Count(0), context()).state == 8


def test_a_retry_on_a_warm_stream_has_its_first_result_whatever_is_decided_now() -> None:
    store, sent = Counting(), context()
    warm = runner(store)
    warm.run(STREAM, Count(60), sent)
    warm.run(STREAM, Count(7), context())
    again = warm.run(STREAM, Count(60), sent)
    assert (again.duplicate, again.state, again.revision) == (True, 60, 0)
    assert warm.run(STREAM, Count(7), context()).state == 74


def test_commands_that_commute_all_succeed_at_once() -> None:
    store, barrier = MemoryEventStore(), threading.Barrier(20)
    replicas = [runner(store), runner(store)]

    def attempt(number: int) -> int:
        barrier.wait()
        return replicas[number % 2].run(STREAM, Count(1), context()).caused

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(attempt, range(20))) == 20
    assert count(store, Count(0)).state == 20


def test_what_goes_beside_is_appended_with_it_or_not_at_all() -> None:
    store, name = MemoryEventStore(), StreamName("name", "lucky")
    first = context()
    beside = runner(store).write(name, Count(1), context())
    outcome = runner(store).run(STREAM, Count(2), first, beside=[beside], new=True)
    assert (outcome.state, [event.data["by"] for event in store.read(name)]) == (2, [1])
    other, sent = StreamName("counter", "2"), context()
    with pytest.raises(WrongExpectedRevision) as caught:
        runner(store).run(other, Count(2), sent, beside=[runner(store).write(name, Count(1), context())], new=True)
    assert (caught.value.stream, store.read(other)) == (str(name), [])
    assert runner(store).run(STREAM, Count(2), first, beside=[beside], new=True).duplicate


def test_what_a_crash_between_two_appends_left_is_completed() -> None:
    """A store without such an append, or a former version, may have taken the name and not opened the stream."""
    store, name = MemoryEventStore(), StreamName("name", "lucky")
    beside = runner(store).write(name, Count(1), context())
    store.append_all([beside])
    assert runner(store).run(STREAM, Count(2), context(), beside=[beside], new=True).state == 2
    assert len(store.read(name)) == 1


def test_the_cache_keeps_what_was_used_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.events.runner.CACHED", 2)
    store = Counting()
    small = runner(store)
    streams = [StreamName("counter", str(number)) for number in range(3)]
    for stream in (*streams, streams[1], streams[2]):
        small.run(stream, Count(1), context())
    assert store.asked.count("read 0") == 3
    small.run(streams[0], Count(1), context())
    assert store.asked[-2:] == ["read 1", "append 1"]


def test_a_log_that_was_put_back_is_believed() -> None:
    """After a failover that lost commits the store knows less than this process does."""
    store, lost = MemoryEventStore(), MemoryEventStore()
    for _ in range(2):
        count(store, Count(1))
        count(lost, Count(1))
    warm = runner(lost)
    warm.run(STREAM, Count(50), context())
    warm._store = store
    outcome = warm.run(STREAM, Count(1), context())
    assert (outcome.state, outcome.revision) == (3, 2)


def test_streams_that_are_not_there_push_no_other_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.events.runner.CACHED", 2)
    store = Counting()
    small = runner(store)
    small.run(STREAM, Count(1), context())
    for number in range(10):
        assert small.load(StreamName("guessed", str(number))).revision == -1
    store.asked.clear()
    small.run(STREAM, Count(1), context())
    assert store.asked == ["append 1"]
