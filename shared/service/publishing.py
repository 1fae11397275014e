"""Publishing that ends: mandatory, confirmed, with a limit on every wait, from any number of threads at once."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from shared.service.broker import ERRORS, BrokerUnavailable, ThreadedReader

PERSISTENT, TRANSIENT = 2, 1
CONFIRM_SECONDS = 2.0


class Unroutable(Exception):
    """The broker has no queue for the message: nobody listens."""


class Rejected(Exception):
    """The broker refused the message because the queue is full."""


class ConnectionLost(BrokerUnavailable):
    """The connection went before the broker confirmed the message, which it may have or not."""


class Waiting:
    """Somebody who waits for what becomes of one message; the first thing that does counts.

    for_answer:  an answer is waited for, not the broker's confirm
    """

    __slots__ = ("_error", "_latch", "_result", "_settled", "for_answer", "id", "tag")

    def __init__(self, id_: str, for_answer: bool) -> None:
        self.id, self.for_answer, self.tag = id_, for_answer, 0
        self._result: bytes = b""
        self._error: Exception | None = None
        self._settled = False
        # a lock that is given back once is the cheapest event there is, green or not
        self._latch = threading.Lock()
        self._latch.acquire()

    def settle(self, result: bytes = b"", error: Exception | None = None) -> None:
        """Say what became of it."""
        if not self._settled:
            self._settled = True
            self._result, self._error = result, error
            self._latch.release()

    def result(self, ends: float) -> bytes:
        """Wait until `ends` by the monotonic clock; raises what went wrong, or TimeoutError."""
        if not self._latch.acquire(timeout=max(0.0, ends - time.monotonic())):
            raise TimeoutError("nothing came of it in time")
        if self._error is not None:
            raise self._error
        return self._result


class Publisher(ThreadedReader):
    """Publishes over one connection, whose one reader learns what became of each message."""

    def __init__(self, url: str, *, name: str) -> None:
        super().__init__(url, name)
        self._prefix, self._numbers = secrets.token_hex(8), itertools.count()
        self._waiting: dict[str, Waiting] = {}
        self._unconfirmed: dict[int, Waiting] = {}
        self._order = threading.Lock()
        self._tag = 0

    @property
    def pending(self) -> int:
        """How many wait for what becomes of their message."""
        return len(self._waiting)

    def publish(
        self,
        body: bytes,
        *,
        exchange: str,
        routing_key: str,
        mandatory: bool = True,
        timeout: float = CONFIRM_SECONDS,
        **properties: Any,
    ) -> None:
        """Publish and wait for the broker's confirm, `timeout` seconds for all of it; connects when first needed.

        `properties` are AMQP's (`delivery_mode`, `headers`, `content_type`, ...). Raises Unroutable (only with
        `mandatory`), Rejected or BrokerUnavailable; after the last the broker may or may not have the message.
        """
        if self._thread is None:
            self.start()
        ends = time.monotonic() + timeout
        message = {"exchange": exchange, "routing_key": routing_key, "mandatory": mandatory, **properties}
        try:
            self._settled(ends, timeout, False, lambda one: self._send(one, body, message_id=one.id, **message))
        except TimeoutError as error:
            raise BrokerUnavailable("no confirm in time") from error

    def get_consumers(self, consumer_cls: Any, channel: Any) -> list[Any]:
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)
        return []

    def on_consume_ready(self, *given: Any, **options: Any) -> None:
        self._tag = 0
        super().on_consume_ready(*given, **options)

    def on_disconnected(self) -> None:
        with self._order:
            super().on_disconnected()
            lost, self._unconfirmed = self._unconfirmed, {}
        for waiting in lost.values():
            waiting.settle(error=ConnectionLost("the connection went before the broker confirmed"))

    def _settled(self, ends: float, patience: float, for_answer: bool, send: Callable[[Waiting], None]) -> bytes:
        """Have the message sent, on the next connection once more where this one goes, and wait for its outcome."""
        for once_more in (True, False):
            if self.channel is None and not self.connected.wait(min(patience, max(0.0, ends - time.monotonic()))):
                raise BrokerUnavailable("not connected to RabbitMQ")
            waiting = Waiting(f"{self._prefix}-{next(self._numbers)}", for_answer)
            self._waiting[waiting.id] = waiting
            try:
                send(waiting)
                return waiting.result(ends)
            except ConnectionLost:
                if not once_more:
                    raise
            except TimeoutError as error:
                if self._unconfirmed.get(waiting.tag) is waiting:
                    raise BrokerUnavailable("no confirm in time") from error
                raise
            finally:
                del self._waiting[waiting.id]
                # a later connection counts from the beginning, and may have given the number to somebody else
                if self._unconfirmed.get(waiting.tag) is waiting:
                    del self._unconfirmed[waiting.tag]
        raise AssertionError

    def _send(self, waiting: Waiting, body: bytes, **message: Any) -> None:
        with self._order:
            if self.channel is None:
                raise ConnectionLost("not connected to RabbitMQ")
            # the broker counts what comes; one that could not be written spoils its connection, and with it the count
            self._tag += 1
            waiting.tag = self._tag
            self._unconfirmed[self._tag] = waiting
            try:
                self.channel.publish(body, **message)
            except ERRORS as error:
                # until the reader has another
                super().on_disconnected()
                raise ConnectionLost(repr(error)) from error
            except BaseException:
                self._tag -= 1
                raise

    def _on_ack(self, tag: int, multiple: bool) -> None:
        for waiting in self._confirmed(tag, multiple):
            if not waiting.for_answer:
                waiting.settle()

    def _on_nack(self, tag: int, multiple: bool) -> None:
        for waiting in self._confirmed(tag, multiple):
            waiting.settle(error=Rejected("the queue is full"))

    def _confirmed(self, tag: int, multiple: bool) -> Sequence[Waiting]:
        tags = [each for each in list(self._unconfirmed) if each <= tag] if multiple else [tag]
        return [waiting for each in tags if (waiting := self._unconfirmed.pop(each, None))]

    def _on_return(self, _: Any, exchange: str, routing_key: str, message: Any) -> None:
        properties = message.properties
        waiting = self._waiting.get(properties.get("message_id") or properties.get("correlation_id"))
        if waiting is not None:
            where = exchange or "the default exchange"
            waiting.settle(error=Unroutable(f"nobody listens on {where} for {routing_key}"))
