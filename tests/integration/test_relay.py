"""The relay against a real RabbitMQ and PostgreSQL: what it publishes, and that outages and crashes lose nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY

from deploy.local.stack import Stack
from shared.events.follower import Unavailable, Worker
from shared.events.read_model import ReadModel
from shared.events.relay import Relay, envelope
from shared.events.store import postgres
from shared.events.store.memory import MemoryEventStore
from shared.events.store.postgres import PostgresEventStore
from shared.events.stream import START
from tests.integration.broker_tools import (
    SCHEMA,
    append_tickets,
    firsts,
    inbox,
    new_category,
    read_model_for_checkpoints,
    restart_broker,
    within,
)
from tests.integration.service_tools import ROOT, Proxy, eventually


@pytest.fixture
def category() -> str:
    return new_category()


@pytest.fixture
def store() -> MemoryEventStore:
    return MemoryEventStore()


@pytest.fixture
def read_model(read_model_admin_url: str, read_model_url: str, tmp_path: Path) -> Iterator[ReadModel]:
    read_model = read_model_for_checkpoints(read_model_admin_url, read_model_url, tmp_path)
    yield read_model
    read_model.close()


@pytest.fixture
def proxy(amqp_url: str) -> Iterator[Proxy]:
    proxy = Proxy(amqp_url)
    yield proxy
    proxy.close()


RelayOf = Callable[..., Relay]


@pytest.fixture
def relay_of(category: str, read_model: ReadModel, amqp_url: str) -> Iterator[RelayOf]:
    """Makes a relay of the test's category, of which there may be several in turn."""
    made = []

    def make(url: str = amqp_url) -> Relay:
        made.append(Relay(f"relay.{category}", [category], read_model, url))
        return made[-1]

    yield make
    for relay in made:
        relay.close()


def step(relay: Relay, store: Any) -> None:
    """What a follower's runner does once."""
    relay.handle(store.read_all(relay.position(), relay.categories))


def counted(metric: str, relay: Relay) -> float:
    return REGISTRY.get_sample_value(f"{metric}_total", {"relay": relay.name}) or 0.0


class TestPublishing:
    def test_every_event_comes_in_the_order_of_the_log_as_an_envelope(
        self, amqp_url: str, relay_of: RelayOf, store: MemoryEventStore, category: str
    ) -> None:
        append_tickets(store, category, 5)
        relay = relay_of()
        with inbox(amqp_url, f"{category}.*") as box:
            step(relay, store)
            events = box.until(20)
        recorded = store.read_all(START).events
        assert events == [envelope(event) for event in recorded]
        assert counted("relay_published", relay) == 20
        assert counted("relay_unrouted", relay) == 0
        for message, event in zip(box.messages, recorded, strict=True):
            assert message.delivery_info["exchange"] == "support.events"
            assert message.delivery_info["routing_key"] == f"{category}.{event.name}"
            assert message.properties["delivery_mode"] == 2
            assert message.properties["message_id"] == str(event.id)
            assert (message.content_type, message.content_encoding) == ("application/json", "utf-8")

    def test_a_binding_gets_what_it_asked_for(
        self, amqp_url: str, relay_of: RelayOf, store: MemoryEventStore, category: str
    ) -> None:
        other = new_category()
        append_tickets(store, category, 2)
        append_tickets(store, other, 2)
        with inbox(amqp_url, f"{category}.TicketClosed", f"{other}.*") as box:
            step(relay_of(), store)
            assert [event["name"] for event in box.until(2)] == ["TicketClosed"] * 2
            assert len(box.rest()) == 2

    def test_it_goes_on_behind_its_checkpoint(
        self, amqp_url: str, relay_of: RelayOf, store: MemoryEventStore, category: str
    ) -> None:
        append_tickets(store, category, 1)
        with inbox(amqp_url, f"{category}.*") as box:
            step(relay_of(), store)
            append_tickets(store, category, 1)
            again = relay_of()
            assert again.position() == 3
            step(again, store)
            step(again, store)
            assert again.position() == store.head() == 7
            box.until(8)
            assert [event["position"] for event in box.rest()] == list(range(8))

    def test_where_nobody_is_bound_it_goes_on_and_counts(
        self, amqp_url: str, relay_of: RelayOf, store: MemoryEventStore, category: str
    ) -> None:
        append_tickets(store, category, 2)
        relay = relay_of()
        step(relay, store)
        assert relay.position() == store.head()
        assert (counted("relay_unrouted", relay), counted("relay_published", relay)) == (8, 8)
        with inbox(amqp_url, f"{category}.*") as box:
            append_tickets(store, category, 1)
            step(relay, store)
            assert len(box.until(4)) == 4
        assert counted("relay_unrouted", relay) == 8


class TestABrokerThatIsAway:
    def test_refused_connections_are_unavailable_and_pass(
        self, amqp_url: str, relay_of: RelayOf, store: MemoryEventStore, category: str, proxy: Proxy
    ) -> None:
        append_tickets(store, category, 1)
        relay = relay_of(proxy.url)
        with inbox(amqp_url, f"{category}.*") as box:
            step(relay, store)
            append_tickets(store, category, 1)
            proxy.close()
            for _ in range(2):
                with pytest.raises(Unavailable):
                    within(7, lambda: step(relay, store))
            assert relay.position() == 3
            proxy.open()
            step(relay, store)
            assert [event["position"] for event in firsts(box.until(8))] == list(range(8))
        assert relay.position() == 7

    def test_a_silent_broker_is_unavailable_in_time_and_the_checkpoint_stays(
        self, amqp_url: str, relay_of: RelayOf, store: MemoryEventStore, category: str, proxy: Proxy
    ) -> None:
        append_tickets(store, category, 1)
        relay = relay_of(proxy.url)
        with inbox(amqp_url, f"{category}.*") as box:
            step(relay, store)
            append_tickets(store, category, 1)
            proxy.silence()
            with pytest.raises(Unavailable):
                within(8, lambda: step(relay, store))
            assert relay.position() == 3
            proxy.speak()
            step(relay, store)
            assert [event["position"] for event in firsts(box.until(8))] == list(range(8))
        assert relay.position() == 7

    def test_a_queue_that_refuses_is_waited_for(
        self, amqp_url: str, relay_of: RelayOf, store: MemoryEventStore, category: str
    ) -> None:
        append_tickets(store, category, 1)
        relay = relay_of()
        full = {"x-max-length": 2, "x-overflow": "reject-publish"}
        with inbox(amqp_url, f"{category}.*", arguments=full) as box:
            with pytest.raises(Unavailable):
                step(relay, store)
            assert relay.position() == START
            first = box.until(2)
        assert [event["position"] for event in first] == [0, 1]

    def test_a_restart_of_the_real_broker_loses_nothing(
        self,
        stack: Stack,
        amqp_url: str,
        relay_of: RelayOf,
        store: MemoryEventStore,
        category: str,
        read_model_url: str,
    ) -> None:
        stop = threading.Event()
        worker = Worker(store, ReadModel(read_model_url, SCHEMA), [relay_of()], (), stop)
        (runner,) = worker.followers
        thread = threading.Thread(target=worker.run)
        with inbox(amqp_url, f"{category}.*") as box:
            thread.start()
            try:
                append_tickets(store, category, 25)
                eventually(lambda: runner.status.position == store.head())
                stack.stop_process("rabbitmq")
                append_tickets(store, category, 25)
                eventually(lambda: runner.status.state == "waiting")
                restart_broker(stack)
                eventually(lambda: runner.status.position == store.head(), 20)
            finally:
                stop.set()
                thread.join(20)
            assert not thread.is_alive()
            box.reconnect()
            box.until(200)
            events = firsts(box.rest())
        assert [event["position"] for event in events] == list(range(200))


class RelayProcess:
    """tests/integration/relay_under_test.py, for the block."""

    def __init__(self, **environment: str) -> None:
        self._environment = environment

    def __enter__(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.relay_under_test"],
            cwd=ROOT,
            env={**os.environ, **self._environment},
        )
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


class TestCrashes:
    @pytest.fixture
    def log(self, event_store_admin_url: str, event_store_url: str, category: str) -> Iterator[PostgresEventStore]:
        postgres.migrate(event_store_admin_url, {category: "tickets"})
        store = PostgresEventStore(event_store_url)
        yield store
        store.close()

    @pytest.fixture
    def environment(self, amqp_url: str, read_model_url: str, event_store_url: str, category: str) -> dict[str, str]:
        return {
            "AMQP_URL": amqp_url,
            "READ_MODEL_URL": read_model_url,
            "EVENT_STORE_URL": event_store_url,
            "CATEGORY": category,
        }

    def test_killed_between_publishing_and_checkpoint_it_doubles_and_loses_nothing(
        self,
        amqp_url: str,
        relay_of: RelayOf,
        environment: dict[str, str],
        read_model_url: str,
        log: PostgresEventStore,
        category: str,
    ) -> None:
        append_tickets(log, category, 50)
        with inbox(amqp_url, f"{category}.*") as box:
            with psycopg.connect(read_model_url) as blocker:
                # so that everything is published and confirmed while the checkpoint cannot be written
                blocker.execute(f"lock table {SCHEMA}.checkpoints in share mode")  # type: ignore[arg-type]
                with RelayProcess(**environment) as process:
                    box.until(200)
                    process.kill()
                    process.wait(10)
            assert relay_of().position() == START
            append_tickets(log, category, 50)
            with RelayProcess(**environment):
                box.until(600)
            events = box.rest()
        assert [event["id"] for event in firsts(events)] == [
            str(event.id) for event in log.read_all(START, [category]).events
        ]
        assert len(events) == 600, "the first 200 twice, and 200 more once"

    def test_killed_again_and_again_it_loses_nothing_and_keeps_the_order(
        self,
        amqp_url: str,
        relay_of: RelayOf,
        environment: dict[str, str],
        log: PostgresEventStore,
        category: str,
    ) -> None:
        append_tickets(log, category, 150)
        with inbox(amqp_url, f"{category}.*") as box:
            for reached in (50, 400):
                with RelayProcess(**environment):
                    box.until(reached)
            with RelayProcess(**environment):
                relay = relay_of()
                wanted = log.read_all(START, [category], 5000).events
                eventually(lambda: relay.position() >= wanted[-1].position, 20)
            events = box.rest()
        assert [event["id"] for event in firsts(events)] == [str(event.id) for event in wanted]
        assert len(wanted) == 600
