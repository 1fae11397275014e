"""The store's contract on KurrentDB: always on the double, on a real server where there is one; and what goes wrong."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path

import pytest

from shared.events.errors import EventTooLarge, InvalidEvent, StoreUnavailable, WrongExpectedRevision
from shared.events.event import MAX_EVENT_BYTES, NewEvent, event_id
from shared.events.store.kurrentdb import KurrentDBEventStore
from shared.events.stream import START, Expect, Position, Revision, StreamName
from shared.events.testing import EventStoreContract, happened
from tests.doubles.kurrentdb import Log, Node

IMAGE = "kurrentplatform/kurrentdb:26.1.1"
CATEGORY = "contract"


@pytest.fixture(scope="module", params=["double", "server"])
def uri(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "server":
        with _real_server() as address:
            yield address
    else:
        with _node() as node:
            yield node.uri


class TestKurrentDBEventStore(EventStoreContract):
    @pytest.fixture
    def store(self, uri: str) -> Iterator[KurrentDBEventStore]:
        with closing(KurrentDBEventStore(uri)) as store:
            yield store

    def test_system_events_never_come_out(self, store: KurrentDBEventStore, stream: StreamName) -> None:
        start = store.head()
        for n in range(9):
            store.append(stream, [happened(n=n)], Expect.ANY)
        batch = store.read_all(start)
        assert [event.data["n"] for event in batch.events] == list(range(9))
        assert batch.caught_up
        assert batch.position <= store.head()

    def test_writers_that_expect_nothing_all_get_in(self, store: KurrentDBEventStore, stream: StreamName) -> None:
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda _: store.append(stream, [happened(), happened()], Expect.ANY), range(40)))
        assert sorted(result.first for result in results) == list(range(0, 80, 2))
        assert len(store.read(stream)) == 80

    def test_no_category_is_no_event(self, store: KurrentDBEventStore, stream: StreamName) -> None:
        result = store.append(stream, [happened()], Expect.ANY)
        batch = store.read_all(START, [])
        assert (list(batch.events), batch.caught_up) == ([], True)
        assert batch.position >= result.position

    def test_the_command_is_found_by_its_id_alone(self, store: KurrentDBEventStore, stream: StreamName) -> None:
        command = uuid.uuid4()
        first = store.append(stream, [happened()], Expect.NO_STREAM, command)
        again = store.append(stream, [happened()], Revision(0), command)
        assert (again.duplicate, again.first, again.position) == (True, 0, first.position)
        assert [event.metadata["command_id"] for event in store.read(stream)] == [str(command)]


@pytest.fixture
def node() -> Iterator[Node]:
    with _node() as node:
        yield node


@pytest.fixture
def store(node: Node) -> Iterator[KurrentDBEventStore]:
    with closing(KurrentDBEventStore(node.uri, attempt_seconds=0.5, total_seconds=1.5)) as store:
        yield store


@pytest.fixture
def stream() -> StreamName:
    return StreamName(CATEGORY, uuid.uuid4().hex)


@pytest.mark.parametrize("fault", ["lost_replies", "mute_replies"])
@pytest.mark.parametrize("expected", [Expect.NO_STREAM, Expect.ANY])
def test_an_append_whose_reply_is_lost_has_one_effect(
    node: Node, store: KurrentDBEventStore, stream: StreamName, fault: str, expected: Expect
) -> None:
    setattr(node.faults, fault, 1)
    result = store.append(stream, [happened(n=0), happened(n=1)], expected)
    assert node.appends == 2
    events = store.read(stream)
    assert [event.data["n"] for event in events] == [0, 1]
    assert (result.first, result.last, result.position, result.duplicate) == (0, 1, events[1].position, False)


def test_a_lost_reply_is_recognised_though_others_appended_since(
    node: Node, store: KurrentDBEventStore, stream: StreamName
) -> None:
    command = uuid.uuid4()
    event = NewEvent(event_id(command, 0), "Happened", 1, {}, {})
    node.faults.lost_replies = 100
    with pytest.raises(StoreUnavailable):
        store.append(stream, [event], Expect.NO_STREAM, command)
    node.faults.lost_replies = 0
    store.append(stream, [happened()], Revision(0))
    again = store.append(stream, [event], Revision(1), command)
    assert (again.first, again.duplicate) == (0, True)
    assert [recorded.revision for recorded in store.read(stream)] == [0, 1]


def test_the_same_command_gets_in_between_the_look_and_the_write(
    node: Node, store: KurrentDBEventStore, stream: StreamName
) -> None:
    command = uuid.uuid4()
    node.faults.before_append = lambda: store.append(stream, [happened(by="rival")], Expect.NO_STREAM, command)
    result = store.append(stream, [happened(by="us")], Expect.NO_STREAM, command)
    assert (result.first, result.last, result.duplicate) == (0, 0, True)
    assert [event.data["by"] for event in store.read(stream)] == ["rival"]


def test_a_page_does_not_step_over_what_was_appended_while_it_was_read(
    node: Node, store: KurrentDBEventStore, stream: StreamName
) -> None:
    node.faults.after_page = lambda: store.append(stream, [happened()], Expect.ANY)
    first = store.read_all(START, [CATEGORY])
    assert list(first.events) == []
    assert [event.stream for event in store.read_all(first.position, [CATEGORY]).events] == [stream]


def test_a_server_that_does_not_answer_is_unavailable_in_time(
    node: Node, store: KurrentDBEventStore, stream: StreamName
) -> None:
    node.faults.delay = 60
    calls: list[Callable[[], object]] = [
        lambda: store.append(stream, [happened()], Expect.ANY),
        lambda: store.read(stream),
        lambda: store.read_all(START),
        store.head,
    ]
    for call in calls:
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match="Deadline"):
            call()
        # a bound, not a speed: without deadlines it would be a minute
        assert time.monotonic() - started < 20


def test_a_server_that_is_not_there_is_unavailable(free_port: int) -> None:
    with (
        closing(KurrentDBEventStore(f"kurrentdb://127.0.0.1:{free_port}?Tls=false", 0.2, 0.6)) as store,
        pytest.raises(StoreUnavailable),
    ):
        store.read(StreamName(CATEGORY, "1"))


def test_a_restarted_server_is_found_again(stream: StreamName) -> None:
    log = Log()
    with _node(log) as node:
        store = KurrentDBEventStore(node.uri, 0.5, 3.0)
        store.append(stream, [happened(n=0)], Expect.ANY)
    with closing(store):
        with pytest.raises(StoreUnavailable):
            store.read(stream)
        with _node(log, node.port):
            store.append(stream, [happened(n=1)], Expect.ANY)
            assert [event.data["n"] for event in store.read(stream)] == [0, 1]


def test_a_read_that_breaks_off_is_read_again_whole(node: Node, store: KurrentDBEventStore, stream: StreamName) -> None:
    store.append(stream, [happened(n=n) for n in range(5)], Expect.ANY)
    node.faults.break_after = 2
    assert [event.data["n"] for event in store.read(stream)] == [0, 1, 2, 3, 4]


def test_a_single_follower_is_unavailable(node: Node, store: KurrentDBEventStore, stream: StreamName) -> None:
    node.faults.follower = True
    with pytest.raises(StoreUnavailable, match="NodeIsNotLeader"):
        store.append(stream, [happened()], Expect.ANY)
    node.faults.follower = False
    assert store.read(stream) == []


def test_an_append_follows_the_leader(stream: StreamName) -> None:
    log = Log()
    with _node(log) as one, _node(log) as two:
        one.cluster = two.cluster = [one, two]
        two.faults.follower = True
        address = f"kurrentdb://127.0.0.1:{one.port},127.0.0.1:{two.port}?Tls=false"
        with closing(KurrentDBEventStore(address, 0.5, 3.0)) as store:
            store.append(stream, [happened(n=0)], Expect.NO_STREAM)
            one.faults.follower, two.faults.follower = True, False
            store.append(stream, [happened(n=1)], Revision(0))
            assert [event.data["n"] for event in store.read(stream)] == [0, 1]
            assert two.appends == 1


def test_commands_have_one_effect_while_the_leader_changes_and_replies_are_lost(stream: StreamName) -> None:
    log, halfway = Log(), threading.Barrier(5)
    with _node(log) as one, _node(log) as two:
        one.cluster = two.cluster = [one, two]
        two.faults.follower = True
        address = f"kurrentdb://127.0.0.1:{one.port},127.0.0.1:{two.port}?Tls=false"
        with closing(KurrentDBEventStore(address, 0.5, 1.5)) as store, ThreadPoolExecutor(4) as pool:

            def write(writer: int) -> list[str]:
                commands = [uuid.uuid5(uuid.NAMESPACE_OID, f"{stream} {writer} {n}") for n in range(12)]
                for n, command in enumerate(commands):
                    if n == 6:
                        halfway.wait(20)
                    _insist(store, stream, command)
                return [str(command) for command in commands]

            writers = [pool.submit(write, writer) for writer in range(4)]
            one.faults.lost_replies = 3
            halfway.wait(20)
            one.faults.follower, two.faults.follower = True, False
            two.faults.lost_replies = two.faults.mute_replies = 3
            sent = [command for writer in writers for command in writer.result(60)]
            events = store.read(stream)
    assert sorted(event.metadata["command_id"] for event in events) == sorted(sent)
    assert [event.revision for event in events] == list(range(48))
    assert two.appends > 0


def test_a_subscription_that_breaks_off_says_so_and_goes_on_without_gap_or_double(
    node: Node, store: KurrentDBEventStore, stream: StreamName
) -> None:
    store.append(stream, [happened(n=n) for n in range(20)], Expect.NO_STREAM)
    after, seen, breaks, stop = START, [], 0, threading.Event()
    while not stop.is_set():
        # the first answer is the confirmation
        node.faults.break_after = 4 if len(seen) < 12 else None
        try:
            for batch in store.subscribe(after, [CATEGORY], stop=stop, batch_size=2):
                seen.extend(event.data["n"] for event in batch.events)
                after = batch.position
                if batch.caught_up:
                    stop.set()
        except StoreUnavailable:
            breaks += 1
    assert seen == list(range(20))
    assert breaks == 4


def test_a_subscription_survives_a_restart_by_subscribing_anew(stream: StreamName) -> None:
    log, stop, seen = Log(), threading.Event(), []
    with _node(log) as node:
        store = KurrentDBEventStore(node.uri, 0.5, 3.0)
        first = store.append(stream, [happened(n=0)], Expect.ANY)
        batches = store.subscribe(START, [CATEGORY], stop=stop)
        seen.extend(event.data["n"] for event in next(batches).events)
    with closing(store):
        with pytest.raises(StoreUnavailable):
            list(batches)
        with _node(log, node.port):
            store.append(stream, [happened(n=1)], Expect.ANY)
            for batch in store.subscribe(first.position, [CATEGORY], stop=stop):
                seen.extend(event.data["n"] for event in batch.events)
                if batch.caught_up:
                    stop.set()
    assert seen == [0, 1]


def test_a_quiet_subscription_goes_past_what_is_not_for_it(
    node: Node, store: KurrentDBEventStore, stream: StreamName
) -> None:
    others = StreamName("somebody_elses", "1")
    for _ in range(40):
        last = store.append(others, [happened() for _ in range(10)], Expect.ANY)
    positions = _positions_until_caught_up(store, START, last.position)
    assert positions[-1] >= last.position
    assert positions == sorted(positions)
    assert _positions_until_caught_up(store, positions[-1], last.position)[-1] >= positions[-1]


def test_a_subscription_that_breaks_off_among_foreign_events_keeps_its_progress(
    node: Node, store: KurrentDBEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.events.store.kurrentdb.TAIL_WINDOW", 2)
    store.append(StreamName("somebody_elses", "1"), [happened() for _ in range(50)], Expect.ANY)
    node.faults.break_after = 4
    positions = []
    with pytest.raises(StoreUnavailable):
        positions.extend(batch.position for batch in store.subscribe(START, [CATEGORY], stop=threading.Event()))
    assert positions[-1] > START


def test_a_subscription_that_stays_silent_is_given_up(
    node: Node, store: KurrentDBEventStore, stream: StreamName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.events.store.kurrentdb.QUIET_SECONDS", 0.02)
    node.faults.mute_subscriptions = True
    store.append(stream, [happened()], Expect.ANY)
    positions = []
    with pytest.raises(StoreUnavailable, match="silent"):
        batches = store.subscribe(START, [CATEGORY], stop=threading.Event())
        positions.extend(batch.position for batch in islice(batches, 50))
    assert set(positions) <= {START}


def test_stop_ends_a_quiet_subscription(node: Node, store: KurrentDBEventStore) -> None:
    stop, live = threading.Event(), threading.Event()

    def follow() -> None:
        for batch in store.subscribe(START, [CATEGORY], stop=stop):
            if batch.caught_up:
                live.set()

    follower = threading.Thread(target=follow)
    follower.start()
    assert live.wait(10)
    stop.set()
    follower.join(10)
    assert not follower.is_alive()


def test_no_thread_outlives_its_subscription(node: Node, store: KurrentDBEventStore) -> None:
    for _ in range(3):
        next(store.subscribe(START, [CATEGORY], stop=threading.Event()))
    for thread in threading.enumerate():
        if thread.name == "kurrentdb-tail":
            thread.join(10)
            assert not thread.is_alive()


def test_a_closed_store_is_unavailable(node: Node, store: KurrentDBEventStore) -> None:
    batches = store.subscribe(START, [CATEGORY], stop=threading.Event())
    next(batches)
    store.close()
    with pytest.raises(StoreUnavailable):
        list(batches)
    with pytest.raises(StoreUnavailable, match="closed"):
        store.head()


def test_the_server_limits_a_whole_append(node: Node, store: KurrentDBEventStore, stream: StreamName) -> None:
    half = "x" * (MAX_EVENT_BYTES // 2)
    with pytest.raises(EventTooLarge, match="together"):
        store.append(stream, [happened(text=half), happened(text=half), happened(text=half)], Expect.ANY)
    assert store.read(stream) == []


def test_exists_on_a_stream_that_is_not_there_writes_nothing(
    node: Node, store: KurrentDBEventStore, stream: StreamName
) -> None:
    with pytest.raises(WrongExpectedRevision) as caught:
        store.append(stream, [happened()], Expect.EXISTS)
    assert caught.value.actual is None
    assert node.appends == 0


def test_an_event_that_is_not_ours_stops_the_reader(node: Node, store: KurrentDBEventStore, stream: StreamName) -> None:
    store.append(stream, [happened()], Expect.NO_STREAM)
    node.log.write_raw(str(stream), "Foreign", b"not json")
    with pytest.raises(InvalidEvent, match="Foreign"):
        store.read(stream)
    seen = []
    with pytest.raises(InvalidEvent, match="Foreign"):
        seen.extend(batch.events for batch in store.subscribe(START, [CATEGORY], stop=threading.Event()))
    assert [event.name for events in seen for event in events] == ["Happened"]


def test_works_in_a_process_that_eventlet_has_patched(node: Node) -> None:
    node.faults.delay = 0.02
    script = Path(__file__).with_name("kurrentdb_in_patched_process.py")
    run = subprocess.run(
        [sys.executable, str(script), node.uri],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["patched"] is True
    assert report["read_back"] == [1] * 40
    assert report["followed"] == list(range(10))
    # a hub that waited for the store would not have ticked at all meanwhile
    assert report["ticks"] > 10


def _insist(store: KurrentDBEventStore, stream: StreamName, command: uuid.UUID) -> None:
    """As a caller does who was told to try again later: the same command until it is done."""
    for _ in range(20):
        with suppress(StoreUnavailable):
            store.append(stream, [NewEvent(event_id(command, 0), "Happened", 1, {})], Expect.ANY, command)
            return
    pytest.fail(f"{command} was never done")


def _positions_until_caught_up(store: KurrentDBEventStore, after: Position, wanted: Position) -> list[Position]:
    stop, positions = threading.Event(), []
    for batch in store.subscribe(after, [CATEGORY], stop=stop):
        assert list(batch.events) == []
        positions.append(batch.position)
        if batch.caught_up and batch.position >= wanted:
            stop.set()
    return positions


@contextmanager
def _node(log: Log | None = None, port: int = 0) -> Iterator[Node]:
    node = Node(Log() if log is None else log, port)
    try:
        yield node
    finally:
        node.stop()


@contextmanager
def _real_server() -> Iterator[str]:
    if given := os.environ.get("KURRENTDB_URI"):
        yield given
        return
    if missing := _no_docker():
        pytest.skip(f"KURRENTDB_URI is not set, and {missing}")
    from testcontainers.core.container import DockerContainer

    container = DockerContainer(os.environ.get("KURRENTDB_IMAGE", IMAGE))
    container.with_exposed_ports(2113).with_env("KURRENTDB_INSECURE", "true").with_env("KURRENTDB_MEM_DB", "true")
    with container:
        address = f"kurrentdb://{container.get_container_host_ip()}:{container.get_exposed_port(2113)}?Tls=false"
        with closing(KurrentDBEventStore(address, 2.0, 60.0)) as store:
            store.head()
        yield address


def _no_docker() -> str | None:
    """Why there is no Docker engine to ask; asking its client would leave an open socket behind where there is none."""
    if host := os.environ.get("DOCKER_HOST"):
        return None if host else "DOCKER_HOST is empty"
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect("/var/run/docker.sock")
        except OSError as error:
            return f"no Docker engine answers at /var/run/docker.sock: {error}"
    return None
