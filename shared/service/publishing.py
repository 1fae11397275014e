"""Publishing that ends: confirmed, mandatory, from a bounded pool of connections, with a limit on every wait."""

from __future__ import annotations

import contextlib
import queue
from typing import Any

import amqp
from amqp.exceptions import MessageNacked

from shared.service.broker import ERRORS, SOCKET_SECONDS, BrokerUnavailable, connect, discard

PERSISTENT, TRANSIENT = 2, 1


class Unroutable(Exception):
    """The broker has no queue for the message: nobody listens."""


class Rejected(Exception):
    """The broker refused the message because the queue is full."""


class _Line:
    """One connection with one confirming channel, used by one thread at a time."""

    def __init__(self, url: str, name: str, timeout: float) -> None:
        # No heartbeats: nobody reads between two messages. A dead peer shows when the confirm does not come.
        self._connection = connect(url, name=name, heartbeat=0, confirms=True, timeout=timeout)
        try:
            self._channel = self._connection.channel()
            self._channel.events["basic_return"].add(self._on_return)
        except BaseException:
            self.discard()
            raise
        self._returned = False

    def send(self, message: Any, exchange: str, routing_key: str, mandatory: bool, timeout: float) -> None:
        self._returned = False
        self._channel.basic_publish(
            message, exchange=exchange, routing_key=routing_key, mandatory=mandatory, timeout=timeout
        )
        if self._returned:
            raise Unroutable(f"nobody listens on {exchange or 'the default exchange'} for {routing_key}")

    def discard(self) -> None:
        discard(self._connection)

    def _on_return(self, *_: Any) -> None:
        self._returned = True


class Publisher:
    """Publishes to one broker from any thread over at most `size` connections, opened when first needed."""

    def __init__(self, url: str, *, name: str, size: int = 8) -> None:
        self._url, self._name = url, name
        self._lines: queue.LifoQueue[_Line | None] = queue.LifoQueue()
        for _ in range(size):
            self._lines.put(None)

    def publish(
        self,
        body: bytes,
        *,
        exchange: str,
        routing_key: str,
        mandatory: bool = True,
        timeout: float = SOCKET_SECONDS,
        **properties: Any,
    ) -> None:
        """Publish and wait for the broker's confirm, `timeout` seconds for each step (place, connect, confirm).

        `properties` are AMQP's (`delivery_mode`, `application_headers`, `correlation_id`, `expiration`, ...).
        Raises Unroutable (only with `mandatory`), Rejected or BrokerUnavailable; after the last the broker may
        or may not have the message. A connection that turns out to be stale is replaced once.
        """
        message = amqp.Message(body, content_encoding="utf-8", **properties)
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            raise BrokerUnavailable("every publishing connection is busy") from None
        try:
            if line is not None:
                try:
                    return line.send(message, exchange, routing_key, mandatory, timeout)
                except TimeoutError:
                    raise
                except ERRORS:
                    # closed by the broker since it was last used: this says nothing about the broker now
                    line.discard()
                    line = None
            line = _Line(self._url, self._name, timeout)
            line.send(message, exchange, routing_key, mandatory, timeout)
        except Unroutable:
            raise
        except MessageNacked as error:
            raise Rejected(f"the queue for {routing_key} is full") from error
        except BaseException as error:
            if line is not None:
                line.discard()
                line = None
            if isinstance(error, ERRORS):
                raise BrokerUnavailable(repr(error)) from error
            raise
        finally:
            self._lines.put(line)

    def close(self) -> None:
        """Close the connections that are idle now."""
        idle: list[_Line | None] = []
        with contextlib.suppress(queue.Empty):
            while True:
                idle.append(self._lines.get_nowait())
        for line in idle:
            if line is not None:
                line.discard()
            self._lines.put(None)
