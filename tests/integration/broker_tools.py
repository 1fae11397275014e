"""What the tests of the relay and of its consumers share: a queue on the exchange, and a log to relay."""

from __future__ import annotations

import json
import random
import string
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kombu

from deploy.local.stack import Stack
from shared.events.event import NewEvent
from shared.events.read_model import ReadModel, migrate
from shared.events.relay import EXCHANGE
from shared.events.store.port import EventStore
from shared.events.stream import Expect, StreamName

SCHEMA = "relay_test"


def new_category() -> str:
    """A category that no other test and no running service listens to."""
    return "test_" + "".join(random.choices(string.ascii_lowercase, k=12))


def read_model_for_checkpoints(admin_url: str, url: str, empty: Path) -> ReadModel:
    """A read model of its own that holds checkpoints only."""
    migrate(admin_url, SCHEMA, "tickets", empty, "select 1")
    return ReadModel(url, SCHEMA, connections=2)


def ticket_events(number: int) -> list[NewEvent]:
    """Opened, taken up, solved, closed: the events of one ticket; they count one ticket as closed."""
    moves = [("OPEN", "IN_PROGRESS"), ("IN_PROGRESS", "RESOLVED"), ("RESOLVED", "CLOSED")]
    names = ["WorkStarted", "TicketResolved", "TicketClosed"]
    return [
        NewEvent(uuid.uuid4(), "TicketOpened", 1, {"number": f"CF-{number:07}"}, {"correlation_id": "test"}),
        *(
            NewEvent(uuid.uuid4(), name, 1, {"from_status": before, "to_status": after}, {"correlation_id": "test"})
            for name, (before, after) in zip(names, moves, strict=True)
        ),
    ]


def append_tickets(store: EventStore, category: str, tickets: int) -> list[StreamName]:
    """That many tickets, four events each, whose events mix in the log."""
    streams = [StreamName(category, str(uuid.uuid4())) for _ in range(tickets)]
    histories = [ticket_events(number) for number in range(tickets)]
    for step in range(4):
        for stream, history in zip(streams, histories, strict=True):
            store.append(stream, [history[step]], Expect.ANY)
    return streams


class Inbox:
    """A durable queue of a test, bound to the exchange, and what has arrived in it so far."""

    def __init__(self, connection: kombu.Connection, queue: kombu.Queue) -> None:
        self._connection, self._queue = connection, queue
        self.messages: list[kombu.Message] = []

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(message.body) for message in self.messages]

    def until(self, count: int, seconds: float = 20.0) -> list[dict[str, Any]]:
        """Wait until `count` messages have come, and give all of them."""
        deadline = time.monotonic() + seconds
        with self._connection.Consumer([self._queue], on_message=self._take, no_ack=True):
            while len(self.messages) < count:
                self._connection.drain_events(timeout=max(0.01, deadline - time.monotonic()))
        return self.events

    def rest(self) -> list[dict[str, Any]]:
        """Everything that lies in the queue now as well."""
        while (message := self._queue(self._connection.default_channel).get(no_ack=True)) is not None:
            self._take(message)
        return self.events

    def reconnect(self) -> None:
        """After the broker was away."""
        self._connection.collect()
        self._connection.ensure_connection(max_retries=3, timeout=10)

    def _take(self, message: kombu.Message) -> None:
        self.messages.append(message)


@contextmanager
def inbox(amqp_url: str, *routing_keys: str, arguments: dict[str, Any] | None = None) -> Iterator[Inbox]:
    """A queue bound with these keys for the block."""
    with kombu.Connection(amqp_url, connect_timeout=5) as connection:
        bindings = [kombu.binding(EXCHANGE, key) for key in routing_keys]
        queue = kombu.Queue(f"test.{uuid.uuid4()}", EXCHANGE, bindings=bindings, queue_arguments=arguments)
        queue = queue(connection.default_channel)
        queue.declare()
        try:
            yield Inbox(connection, queue)
        finally:
            connection.close()
            delete_queue(amqp_url, queue.name)


def delete_queue(amqp_url: str, name: str) -> None:
    with kombu.Connection(amqp_url, connect_timeout=5) as connection:
        connection.default_channel.queue_delete(name)


def firsts(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events without their doubles, in the order in which each came first."""
    seen: dict[str, dict[str, Any]] = {}
    for event in events:
        seen.setdefault(event["id"], event)
    return list(seen.values())


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """The call's answer; fails where it took longer. Errors pass through, in time as well."""
    began = time.monotonic()
    try:
        return call()
    finally:
        took = time.monotonic() - began
        assert took < seconds, f"took {took:.1f} s"


def restart_broker(stack: Stack) -> None:
    """Stop and start the real one, and wait until our own services that use it work again."""
    stack.restart("rabbitmq")
    for name, process in stack.processes().items():
        if process["statename"] == "RUNNING":
            stack.wait_ready(name)
