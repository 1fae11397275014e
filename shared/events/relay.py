"""Publish the log to RabbitMQ: in order, persistent, confirmed, and only then the checkpoint. At least once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import kombu
import kombu.exceptions
import orjson
from kombu.transport.pyamqp import Transport
from prometheus_client import Counter

from shared.events.event import RecordedEvent
from shared.events.follower import Unavailable
from shared.events.read_model import ReadModel
from shared.events.store.port import Batch, EventStore
from shared.events.stream import Position

EXCHANGE = kombu.Exchange("support.events", type="topic", durable=True, delivery_mode="persistent")
TIMEOUT = 5.0
# the recoverable ones include a nack
ERRORS = (
    *Transport.recoverable_connection_errors,
    *Transport.connection_errors,
    *Transport.channel_errors,
    kombu.exceptions.KombuError,
)

PUBLISHED = Counter("relay_published", "Events published and confirmed", ["relay"])
UNROUTED = Counter("relay_unrouted", "Events for which no queue was bound when they were published", ["relay"])


class Relay:
    """Publishes the events of `categories`; its checkpoint lies in `read_model`."""

    def __init__(self, name: str, categories: Collection[str], read_model: ReadModel, amqp_url: str) -> None:
        self.name, self.categories = name, categories
        self._read_model, self._amqp_url = read_model, amqp_url
        self._connection: kombu.Connection | None = None
        self._producer: kombu.Producer | None = None

    def position(self) -> Position:
        return self._read_model.positions([self.name])[self.name]

    def handle(self, batch: Batch) -> None:
        if not batch.events:
            return
        try:
            producer = self._producer or self._connect()
            for event in batch.events:
                producer.publish(
                    orjson.dumps(envelope(event)),
                    exchange=EXCHANGE,
                    routing_key=f"{event.stream.category}.{event.name}",
                    content_type="application/json",
                    content_encoding="utf-8",
                    message_id=str(event.id),
                    mandatory=True,
                    timeout=TIMEOUT,
                )
        except ERRORS as error:
            self.close()
            raise Unavailable(f"RabbitMQ: {type(error).__name__}: {error}") from error
        PUBLISHED.labels(self.name).inc(len(batch.events))
        self.keep(batch.position)

    def keep(self, position: Position) -> None:
        self._read_model.save([self.name], position)

    def _connect(self) -> kombu.Producer:
        self._connection = kombu.Connection(
            self._amqp_url,
            connect_timeout=TIMEOUT,
            transport_options={"confirm_publish": True, "read_timeout": TIMEOUT, "write_timeout": TIMEOUT},
        )
        # without this the first use would try for minutes while the follower could tell that it waits
        self._connection.ensure_connection(max_retries=1, timeout=TIMEOUT)
        self._producer = self._connection.Producer(on_return=self._returned)
        EXCHANGE(self._producer.channel).declare()
        return self._producer

    def _returned(self, *_: Any) -> None:
        # mandatory and nobody bound: nobody misses it, but it is counted so that a lost binding is seen
        UNROUTED.labels(self.name).inc()

    def close(self) -> None:
        """Hang up; the next batch connects anew."""
        connection, self._connection, self._producer = self._connection, None, None
        if connection is not None:
            connection.collect(socket_timeout=1.0)


def published(store: EventStore, categories: Collection[str], after: int, limit: int) -> dict[str, Any]:
    """The same events for those who ask: {items, position, caught_up}, to be asked again behind `position`."""
    batch = store.read_all(Position(after), categories, limit)
    return {
        "items": [envelope(event) for event in batch.events],
        "position": batch.position,
        "caught_up": batch.caught_up,
    }


def envelope(event: RecordedEvent) -> dict[str, Any]:
    """What goes over the wire to other systems: JSON types, times in RFC 3339 UTC."""
    return {
        "id": str(event.id),
        "name": event.name,
        "version": event.version,
        "stream": str(event.stream),
        "revision": event.revision,
        "position": event.position,
        "recorded_at": event.recorded_at.isoformat().replace("+00:00", "Z"),
        "data": event.data,
        "metadata": {key: event.metadata.get(key) for key in ("correlation_id", "causation_id", "actor")},
    }
