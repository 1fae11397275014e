"""examples/follow_events.py as its users run it, on real servers: nothing is lost, nothing counts twice."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kombu
import pytest

from deploy.local.stack import Stack
from shared.events.relay import EXCHANGE, Relay, envelope
from shared.events.store.memory import MemoryEventStore
from shared.events.stream import START, Position
from tests.integration.api import PREFIX, Person
from tests.integration.broker_tools import (
    append_tickets,
    delete_queue,
    new_category,
    read_model_for_checkpoints,
    restart_broker,
)
from tests.integration.service_tools import ROOT, eventually

EXAMPLE = ROOT / "examples" / "follow_events.py"


class Consumer:
    """The example with a state and a queue of its own, which outlive each of its processes."""

    def __init__(self, amqp_url: str, folder: Path, category: str, *options: str, **environment: str) -> None:
        self.state, self.queue, self.amqp_url = folder / "state.sqlite", f"test.{folder.name}.{category}", amqp_url
        # -I: alone, as outside this project
        self._command = [sys.executable, "-I", str(EXAMPLE), "--state", str(self.state)]
        self._options = ["--queue", self.queue, "--category", category, *options]
        self._environment = {**os.environ, "AMQP_URL": amqp_url, **environment}
        self._log = (folder / "log").open("ab")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen([*self._command, *self._options], env=self._environment, stderr=self._log)

    def ready(self) -> None:
        """Wait until its queue is bound: what is published from now on reaches it."""
        eventually(lambda: self.log().count("following"), 15)

    def log(self) -> str:
        return Path(self._log.name).read_text()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def terminate(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(15)

    def rows(self, query: str) -> list[Any]:
        if not self.state.exists():
            return []
        database = sqlite3.connect(self.state, timeout=10)
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()

    def counts(self) -> dict[str, int]:
        return dict(self.rows("select status, tickets from tickets_by_status where tickets <> 0"))

    def reached(self) -> int:
        """How many events it has dealt with."""
        try:
            return self.rows("select coalesce(sum(revision + 1), 0) from streams")[0][0]
        except (IndexError, sqlite3.OperationalError):
            return 0

    def until(self, events: int, seconds: float = 30.0) -> None:
        eventually(lambda: self.reached() >= events, seconds)

    def show(self) -> Any:
        shown = subprocess.run([*self._command, "--show"], capture_output=True, timeout=20, check=True)
        return json.loads(shown.stdout)

    def close(self) -> None:
        if self.process is not None:
            self.kill()
        self._log.close()
        delete_queue(self.amqp_url, self.queue)


@pytest.fixture
def category() -> str:
    return new_category()


@pytest.fixture
def consumer(amqp_url: str, tmp_path: Path, category: str) -> Iterator[Consumer]:
    consumer = Consumer(amqp_url, tmp_path, category)
    yield consumer
    consumer.close()


@pytest.fixture
def store() -> MemoryEventStore:
    return MemoryEventStore()


@pytest.fixture
def relay(
    amqp_url: str, read_model_admin_url: str, read_model_url: str, tmp_path_factory: Any, category: str
) -> Iterator[Relay]:
    read_model = read_model_for_checkpoints(read_model_admin_url, read_model_url, tmp_path_factory.mktemp("none"))
    relay = Relay(f"relay.{category}", [category], read_model, amqp_url)
    yield relay
    relay.close()
    read_model.close()


def publish(relay: Relay, store: MemoryEventStore, after: Position = START) -> None:
    """Relay everything behind a position; from the start again is what a relay does that lost its checkpoint."""
    relay.handle(store.read_all(after, relay.categories, 10_000))


def send(amqp_url: str, category: str, *bodies: bytes) -> None:
    with kombu.Connection(amqp_url) as connection:
        for body in bodies:
            connection.Producer().publish(body, exchange=EXCHANGE, routing_key=f"{category}.Any", retry=False)


class TestCounting:
    def test_doubles_count_once(self, consumer: Consumer, relay: Relay, store: MemoryEventStore, category: str) -> None:
        consumer.start()
        consumer.ready()
        append_tickets(store, category, 20)
        publish(relay, store)
        publish(relay, store)
        publish(relay, store, after=Position(40))
        append_tickets(store, category, 1)
        publish(relay, store, after=Position(79))
        consumer.until(84)
        assert consumer.counts() == consumer.show() == {"CLOSED": 21}
        assert consumer.terminate() == 0

    def test_what_it_cannot_read_is_put_aside_and_the_rest_goes_on(
        self, consumer: Consumer, relay: Relay, store: MemoryEventStore, category: str, amqp_url: str
    ) -> None:
        consumer.start()
        consumer.ready()
        bad = [b"no json", b"[]", b"{}", b'{"stream": "a-1", "revision": "0", "name": "A", "data": {}}', b"\xff\xfe"]
        send(amqp_url, category, *bad)
        append_tickets(store, category, 2)
        publish(relay, store)
        consumer.until(8)
        assert consumer.counts() == {"CLOSED": 2}
        assert [row[0] for row in consumer.rows("select body from unreadable order by rowid")] == bad

    def test_killed_in_the_middle_again_and_again(
        self, consumer: Consumer, relay: Relay, store: MemoryEventStore, category: str
    ) -> None:
        consumer.start()
        consumer.ready()
        consumer.kill()
        append_tickets(store, category, 150)
        publish(relay, store)
        publish(relay, store, after=Position(300))
        # one more ticket at the end: when it has come, the doubles are through
        append_tickets(store, category, 1)
        publish(relay, store, after=Position(599))
        consumer.start()
        for reached in (50, 200, 350):
            consumer.until(reached)
            consumer.kill()
            assert consumer.reached() < 600, "it was done before it was killed: not the middle"
            consumer.start()
        consumer.until(604)
        assert consumer.counts() == {"CLOSED": 151}

    def test_what_was_published_while_it_was_down_waits_in_its_queue_also_through_a_restart_of_the_broker(
        self, stack: Stack, consumer: Consumer, relay: Relay, store: MemoryEventStore, category: str
    ) -> None:
        consumer.start()
        consumer.ready()
        consumer.terminate()
        append_tickets(store, category, 10)
        publish(relay, store)
        restart_broker(stack)
        relay.close()
        consumer.start()
        consumer.until(40)
        # now it is connected, and the broker goes away under it
        restart_broker(stack)
        append_tickets(store, category, 10)
        publish(relay, store, after=Position(39))
        consumer.until(80)
        assert consumer.counts() == {"CLOSED": 20}
        assert consumer.terminate() == 0


class TestGaps:
    def test_tickets_from_before_its_queue_are_left_out(
        self, consumer: Consumer, relay: Relay, store: MemoryEventStore, category: str
    ) -> None:
        append_tickets(store, category, 3)
        publish(relay, store, after=Position(2))
        consumer.start()
        consumer.ready()
        publish(relay, store, after=Position(2))
        append_tickets(store, category, 1)
        publish(relay, store, after=Position(11))
        consumer.until(4)
        assert consumer.counts() == {"CLOSED": 1}

    def test_a_hole_in_a_stream_ends_it_with_advice(
        self, consumer: Consumer, relay: Relay, store: MemoryEventStore, category: str, amqp_url: str
    ) -> None:
        consumer.start()
        consumer.ready()
        append_tickets(store, category, 1)
        events = store.read_all(START).events
        send(amqp_url, category, *(json.dumps(envelope(event)).encode() for event in (events[0], events[2])))
        assert consumer.process is not None
        assert consumer.process.wait(15) == 1
        assert "before revision 2 are missing: use --api" in consumer.log()
        assert consumer.counts() == {"OPEN": 1}
        publish(relay, store)
        consumer.start()
        assert consumer.process.wait(15) == 1, "the message with the hole before it is still the first"

    def test_arguments_are_checked(self, tmp_path: Path) -> None:
        command = [sys.executable, "-I", str(EXAMPLE), "--state", str(tmp_path / "state")]
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("AMQP", "EVENTS"))}
        for options, words in (
            ([], "say where the broker is"),
            (["--amqp=amqp://x", "--api=http://x"], "EVENTS_TOKEN"),
        ):
            ended = subprocess.run(
                [*command, *options], env=clean, capture_output=True, text=True, timeout=20, check=False
            )
            assert (ended.returncode, words in ended.stderr) == (2, True)


class TestOnTheWholeSystem:
    @pytest.fixture
    def whole(self, system: Stack, amqp_url: str, tmp_path: Path, url: str, ben: Person) -> Iterator[Consumer]:
        consumer = Consumer(amqp_url, tmp_path, "ticket", "--api", url + PREFIX, EVENTS_TOKEN=ben.token)
        yield consumer
        consumer.close()

    def test_it_counts_what_the_statistics_count(self, whole: Consumer, ada: Person, ben: Person) -> None:
        def same() -> bool:
            counted = ben.get("/tickets/statistics")
            shown = {name.lower(): number for name, number in whole.counts().items()}
            names = ("open", "in_progress", "waiting_on_customer", "resolved", "closed")
            return all(counted[name] == shown.get(name, 0) for name in names)

        before, answered, solved = (ada.open() for _ in range(3))
        ben.send(f"/tickets/{answered['id']}/request-information", {"body": "Which zone?"})
        whole.start()
        whole.ready()
        eventually(same, 20)
        ben.send(f"/tickets/{solved['id']}/resolve", {"body": "Done."})
        ada.open()
        eventually(same, 20)
        assert before["status"] == "OPEN"
        whole.terminate()
        delete_queue(whole.amqp_url, whole.queue)
        ben.send(f"/tickets/{solved['id']}/close")
        whole.start()
        eventually(same, 20)

    def test_a_token_that_may_not_read_events_ends_it(
        self, system: Stack, amqp_url: str, tmp_path: Path, url: str, ada: Person
    ) -> None:
        consumer = Consumer(amqp_url, tmp_path, "ticket", "--api", url + PREFIX, EVENTS_TOKEN=ada.token)
        try:
            consumer.start()
            assert consumer.process is not None
            assert consumer.process.wait(20) == 1
            assert "is the token an agent's" in consumer.log()
        finally:
            consumer.close()
