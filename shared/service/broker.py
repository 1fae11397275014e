"""RabbitMQ over kombu, with a limit on every wait, and a consumer that always comes back.

Threads may be green or not.
"""

from __future__ import annotations

import functools
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import kombu
import structlog
from amqp import spec
from amqp.exceptions import UnexpectedFrame
from amqp.method_framing import frame_writer
from amqp.serialization import dumps
from kombu.mixins import ConsumerMixin
from kombu.transport import pyamqp

from shared.service import metrics
from shared.service.patch import is_patched

log = structlog.get_logger(__name__)

HEARTBEAT = 5
CONNECT_SECONDS = 2.0
SOCKET_SECONDS = 1.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
TICK = 0.5
CHUNK = 16 * 1024
MOST_GATHERED = 256 * 1024
FRAME_HEADER, FRAME_END = struct.Struct(">BHI"), 0xCE
ERRORS: tuple[type[BaseException], ...] = (*pyamqp.Transport.connection_errors, *pyamqp.Transport.channel_errors)


class BrokerUnavailable(Exception):
    """RabbitMQ could not be reached or did not answer in time."""


# where messages go: few exchanges and keys, again and again
_encoded_once = functools.lru_cache(maxsize=512)(dumps)


class _Channel(pyamqp.Channel):  # type: ignore[misc]
    def message_to_python(self, raw_message: Any) -> Any:
        """The message as it came: who takes it reads it, and nothing is unpacked because a header says so."""
        raw_message.errors = ()
        return raw_message

    def publish(
        self,
        body: bytes,
        *,
        exchange: str,
        routing_key: str,
        mandatory: bool = True,
        content_type: str | None = None,
        headers: Mapping[str, Any] | None = None,
        **properties: Any,
    ) -> None:
        """Send a message; kombu's Producer does the same, and looks into everything that it might have been given."""
        message = self.prepare_message(body, None, content_type, "utf-8", headers, properties)
        self.basic_publish(message, exchange, routing_key, mandatory)

    def send_method(
        self,
        sig: Any,
        format: str | None = None,  # noqa: A002  the base class named it
        args: Any = None,
        content: Any = None,
        wait: Any = None,
        callback: Any = None,
        returns_tuple: bool = False,
    ) -> Any:
        """Without a promise for what is simply written."""
        if wait or callback or self.connection is None:
            return super().send_method(sig, format, args, content, wait, callback, returns_tuple)
        encode = _encoded_once if sig == spec.Basic.Publish else dumps
        arguments = encode(format, args) if format else ""
        return self.connection.frame_writer(1, self.channel_id, sig, arguments, content)


class _Writer:
    """Writes frames, and none after one that did not go out whole."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._broken = False

    def write(self, frames: Any) -> None:
        with self._lock:
            if self._broken:
                raise ConnectionResetError("an earlier write did not go through")
            try:
                self._transport.write(frames)
            except BaseException:
                self._broken = True
                # there is no socket any more where the reader was quicker
                with suppress(OSError, AttributeError):
                    # wakes the reader, which connects anew
                    self._transport.sock.shutdown(socket.SHUT_RDWR)
                raise


class _GatheringWriter(_Writer):
    """For green threads: what is written before they all wait again goes out in one piece.

    A fault shows on the reading side then, not to whoever wrote.
    """

    def __init__(self, transport: Any, spawn: Callable[[Callable[[], None]], Any]) -> None:
        super().__init__(transport)
        self._spawn = spawn
        self._gathered = bytearray()

    def write(self, frames: Any) -> None:
        if not self._gathered:
            self._spawn(self._flush)
        self._gathered += frames
        if len(self._gathered) > MOST_GATHERED:
            self._send()

    def _flush(self) -> None:
        try:
            self._send()
        except ERRORS as error:
            log.info("broker_write_failed", error=repr(error))

    def _send(self) -> None:
        gathered, self._gathered = self._gathered, bytearray()
        if gathered:
            super().write(gathered)


class _Connection(pyamqp.Connection):  # type: ignore[misc]
    Channel = _Channel
    # Asked to tell when it blocks, py-amqp reads the socket before each write: only the one reader may do that
    negotiate_capabilities = {"consumer_cancel_notify": True, "authentication_failure_close": True}

    def __init__(self, **options: Any) -> None:
        super().__init__(frame_writer=_frame_writer, **options)

    def connect(self, callback: Any = None) -> Any:
        connected = super().connect(callback)
        # py-amqp's own read_timeout sets a kernel option that green sockets never see
        self.sock.settimeout(SOCKET_SECONDS)
        self.transport.read_frame = _frames(self.sock.recv)
        return connected

    def blocking_read(self, timeout: float | None = None) -> Any:
        if timeout != SOCKET_SECONDS:
            return super().blocking_read(timeout)
        # the socket's own limit
        return self.on_inbound_frame(self.transport.read_frame())


def _frames(receive: Callable[[int], bytes]) -> Callable[[], tuple[int, int, bytes]]:
    """What py-amqp reads frame by frame, from as few reads of the socket as it takes; a timeout loses nothing."""
    buffer, start = b"", 0

    def read_frame() -> tuple[int, int, bytes]:
        nonlocal buffer, start
        end, wanted = start, FRAME_HEADER.size
        while True:
            if len(buffer) - start >= wanted:
                kind, channel, size = FRAME_HEADER.unpack_from(buffer, start)
                wanted = FRAME_HEADER.size + size + 1
                end = start + wanted
                if len(buffer) >= end:
                    break
            received = receive(max(CHUNK, wanted - (len(buffer) - start)))
            if not received:
                raise ConnectionResetError("RabbitMQ closed the connection")
            buffer, start = buffer[start:] + received, 0
        if buffer[end - 1] != FRAME_END:
            raise UnexpectedFrame(f"a frame of {size} bytes does not end where it should")
        payload = buffer[start + FRAME_HEADER.size : end - 1]
        start = end
        return kind, channel, payload

    return read_frame


def _frame_writer(connection: Any, transport: Any) -> Any:
    if not is_patched():
        return frame_writer(connection, _Writer(transport))
    import eventlet  # only here: a process of plain threads has no use for it

    return frame_writer(connection, _GatheringWriter(transport, eventlet.spawn_n))


class Transport(pyamqp.Transport):  # type: ignore[misc]
    """kombu's transport for AMQP, whose sockets have a limit on each read and write."""

    Connection = _Connection


def connection(
    url: str, *, name: str, heartbeat: int = HEARTBEAT, confirms: bool = False, timeout: float = CONNECT_SECONDS
) -> Any:
    """A kombu connection, not open yet, that gives up after one try and `timeout` seconds.

    Open, its reads and writes each end after SOCKET_SECONDS, with one of ERRORS.
    """
    return kombu.Connection(
        url,
        transport=Transport,
        heartbeat=heartbeat,
        connect_timeout=timeout,
        transport_options={
            "max_retries": 0,
            "confirm_publish": confirms,
            "socket_settings": _keepalive(),
            "client_properties": {"connection_name": name},
        },
    )


def connect(url: str, *, name: str, heartbeat: int = HEARTBEAT, confirms: bool = False) -> Any:
    """The same, open. Raises one of ERRORS."""
    opened = connection(url, name=name, heartbeat=heartbeat, confirms=confirms)
    opened.ensure_connection(max_retries=0, reraise_as_library_errors=False)
    return opened


def _keepalive() -> dict[int, int]:
    wanted = {"TCP_USER_TIMEOUT": 5000, "TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3}
    return {getattr(socket, name): value for name, value in wanted.items() if hasattr(socket, name)}


class Reader(ConsumerMixin):  # type: ignore[misc]
    """kombu's ConsumerMixin that stands anything and soon comes back; other threads may write to its `channel`.

    channel:  that of the present connection, None while there is none
    """

    amqp_url: str
    title: str
    channel: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.connected = threading.Event()
        self._ending = threading.Event()
        self._pause, self._ticked = FIRST_PAUSE, 0.0
        self._connection: Any = None

    def run(self, *_: Any, **__: Any) -> None:
        """Read until told to stop, over as many connections as it takes."""
        while not self.should_stop:
            try:
                for _ in self.consume(safety_interval=SOCKET_SECONDS):
                    pass
            except Exception as error:
                log.warning("broker_away", consumer=self.title, error=repr(error), retry_in=round(self._pause, 2))
            self.on_disconnected()
            if not self.should_stop:
                self._ending.wait(self._pause * random.uniform(0.5, 1.0))
            self._pause = min(2 * self._pause, LONGEST_PAUSE)

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        self._connection = connection(self.amqp_url, name=self.title)
        try:
            self._connection.ensure_connection(max_retries=0, reraise_as_library_errors=False)
            yield self._connection
            self._connection.close()
        finally:
            # first, so that nobody writes to what is being taken apart
            self.on_disconnected()
            # without the closing handshake, which a silent broker would never finish
            self._connection.collect()

    def on_consume_ready(self, connection: Any, channel: Any, consumers: Any, **options: Any) -> None:
        super().on_consume_ready(connection, channel, consumers, **options)
        self.channel, self._pause = channel, FIRST_PAUSE
        metrics.broker_connected.labels(self.title).set(True)
        self.connected.set()
        log.info("broker_connected", consumer=self.title)

    def on_disconnected(self) -> None:
        """There is no connection any more, or there was none."""
        self.channel = None
        metrics.broker_connected.labels(self.title).set(False)
        self.connected.clear()

    def on_iteration(self) -> None:
        now = time.monotonic()
        if now - self._ticked > TICK:
            self._ticked = now
            self._connection.heartbeat_check()

    def check(self) -> None:
        """Raise BrokerUnavailable unless messages can arrive."""
        if not self.connected.is_set():
            raise BrokerUnavailable("not connected to RabbitMQ")


class ThreadedReader(Reader):
    """A reader in a thread of its own."""

    def __init__(self, amqp_url: str, title: str) -> None:
        super().__init__()
        self.amqp_url, self.title = amqp_url, title
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to connect; returns at once, whether or not the broker is there."""
        self._thread = threading.Thread(target=self.run, name=f"reader-{self.title}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the connection and end the thread."""
        self.should_stop = True
        self._ending.set()
        if self._thread:
            self._thread.join(timeout=4 * SOCKET_SECONDS)


class Consumer(ThreadedReader):
    """Follows one queue and reconnects for ever.

    `declare(channel)` declares what is needed after each connect and returns the queue's name;
    `on_message(message)` runs in the consumer's thread and must return at once.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        declare: Callable[[Any], str],
        on_message: Callable[[Any], None],
        prefetch: int,
        no_ack: bool = False,
    ) -> None:
        super().__init__(url, name)
        self._declare, self._on_message = declare, on_message
        self._prefetch, self._no_ack = prefetch, no_ack

    def get_consumers(self, consumer_cls: Any, channel: Any) -> list[Any]:
        queue = kombu.Queue(self._declare(channel), no_declare=True)
        return [
            consumer_cls(
                queues=[queue], on_message=self._on_message, no_ack=self._no_ack, prefetch_count=self._prefetch
            )
        ]
