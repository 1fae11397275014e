"""The runner of deciders: one effect for each command, whoever interferes."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from shared.events.codec import Codec
from shared.events.decider import TRIES, CommandContext, Decider, handle
from shared.events.errors import Refusal
from shared.events.event import NewEvent
from shared.events.store.memory import MemoryEventStore
from shared.events.store.port import Appended
from shared.events.stream import Expect, ExpectedRevision, Position, Revision, StreamName
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

    def append(
        self,
        stream: StreamName,
        events: Sequence[NewEvent],
        expected: ExpectedRevision,
        command: uuid.UUID | None = None,
    ) -> Appended:
        if self._meddle is not None:
            meddle, self._meddle = self._meddle, None
            meddle(self)
            self._meddle = meddle
        return super().append(stream, events, expected, command)


class Once(Meddled):
    """The same, the first time only."""

    def append(self, *arguments: Any, **options: Any) -> Appended:
        if self._meddle is not None:
            meddle, self._meddle = self._meddle, None
            meddle(self)
        return MemoryEventStore.append(self, *arguments, **options)


def context(command: uuid.UUID | None = None, fingerprint: str = "same", expected: int | None = None) -> CommandContext:
    return CommandContext(
        command or uuid.uuid4(),
        fingerprint,
        "corr",
        {"id": "c-1", "role": "customer"},
        expected=None if expected is None else Revision(expected),
    )


def count(store: MemoryEventStore, command: Count, sent: CommandContext | None = None) -> Any:
    return handle(store, CODEC, COUNTER, STREAM, command, sent or context())


def test_decides_on_what_happened_and_appends() -> None:
    store = MemoryEventStore()
    first, second = count(store, Count(3)), count(store, Count(4, times=2))
    assert (first.state, first.revision, first.caused, first.duplicate) == (3, 0, 1, False)
    assert (second.state, second.revision, second.caused) == (11, 2, 2)
    assert second.position == store.head() == Position(2)


def test_each_event_says_what_caused_it() -> None:
    store, command = MemoryEventStore(), uuid.uuid4()
    handle(store, CODEC, COUNTER, STREAM, Count(3), context(command), lambda total: {"total": total})
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
        handle(store, CODEC, COUNTER, StreamName("counter", "2"), Count(3), sent)
    assert caught.value.code == "idempotency_key_reused"


def test_decides_again_where_somebody_was_quicker() -> None:
    store = Once(lambda store: count(store, Count(90)))
    assert count(store, Count(5)).state == 95
    store = Once(lambda store: count(store, Count(97)))
    with pytest.raises(Refusal) as caught:
        count(store, Count(5))
    assert caught.value.code == "too_much"


def test_gives_up_after_its_tries() -> None:
    tries = 0

    def meddle(store: Meddled) -> None:
        nonlocal tries
        tries += 1
        MemoryEventStore.append(store, STREAM, [happened("Counted", by=0)], Expect.ANY)

    with pytest.raises(Refusal) as caught:
        count(Meddled(meddle), Count(1))
    assert caught.value.code == "write_conflict"
    assert tries == TRIES


def test_a_caller_who_insists_on_a_revision_is_told() -> None:
    store = MemoryEventStore()
    count(store, Count(1))
    assert count(store, Count(1), context(expected=0)).revision == 1
    with pytest.raises(Refusal) as caught:
        count(store, Count(1), context(expected=0))
    assert (caught.value.code, caught.value.kind, caught.value.details) == ("stale_revision", "stale", {"revision": 1})


def test_a_caller_who_insists_does_not_slip_in_behind_somebody() -> None:
    store = Once(lambda store: count(store, Count(1)))
    MemoryEventStore.append(store, STREAM, [happened("Counted", by=1)], Expect.NO_STREAM)
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
