"""RabbitMQ connections on which every wait ends, and a consumer that always comes back.

Uses nothing but threads: in an eventlet process they are green.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp
import structlog
from amqp.exceptions import AMQPError

from shared.service import metrics

log = structlog.get_logger(__name__)

HEARTBEAT = 5
SOCKET_SECONDS = 2.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
LOOK_UP = 0.5
ERRORS: tuple[type[BaseException], ...] = (AMQPError, OSError)


class BrokerUnavailable(Exception):
    """RabbitMQ could not be reached or did not answer in time."""


def connect(
    url: str, *, name: str, heartbeat: int = HEARTBEAT, confirms: bool = False, timeout: float = SOCKET_SECONDS
) -> Any:
    """Open a py-amqp connection within about `timeout` seconds; later reads and writes each end after SOCKET_SECONDS.

    Raises one of ERRORS.
    """
    parts = urlsplit(url)
    connection = amqp.Connection(
        host=f"{parts.hostname}:{parts.port or 5672}",
        userid=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path[1:]) or "/",
        login_method="PLAIN",
        heartbeat=heartbeat,
        connect_timeout=timeout,
        confirm_publish=confirms,
        socket_settings=_keepalive(),
        client_properties={"connection_name": name},
    )
    try:
        connection.connect()
        # py-amqp's own read_timeout sets a kernel option that green sockets never see
        connection.sock.settimeout(SOCKET_SECONDS)
    except BaseException:
        discard(connection)
        raise
    return connection


def _keepalive() -> dict[int, int]:
    wanted = {"TCP_USER_TIMEOUT": 5000, "TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3}
    return {getattr(socket, name): value for name, value in wanted.items() if hasattr(socket, name)}


def discard(connection: Any) -> None:
    """Drop a connection without the closing handshake, which a silent broker would never finish."""
    try:
        connection.collect()
    except Exception:
        log.debug("connection_discard_failed", exc_info=True)


class Consumer:
    """Follows one queue from a thread of its own and reconnects for ever.

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
        self._url, self._name, self._declare, self._on_message = url, name, declare, on_message
        self._prefetch, self._no_ack = prefetch, no_ack
        self._intake = True
        self._intake_ended = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.connected = threading.Event()

    def start(self) -> None:
        """Begin to connect; returns at once, whether or not the broker is there."""
        self._thread = threading.Thread(target=self._run, name=f"consumer-{self._name}", daemon=True)
        self._thread.start()

    def stop_intake(self) -> None:
        """Take no new messages; the connection stays, so that those in hand can be acknowledged.

        Returns when the last one has come in.
        """
        self._intake = False
        self._intake_ended.wait(timeout=SOCKET_SECONDS)

    def stop(self) -> None:
        """Close the connection and end the thread."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=2 * SOCKET_SECONDS)

    def check(self) -> None:
        """Raise BrokerUnavailable unless messages can arrive."""
        if not self.connected.is_set():
            raise BrokerUnavailable("not connected to RabbitMQ")

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            try:
                self._follow()
            except Exception as error:
                if self.connected.is_set():
                    pause = FIRST_PAUSE
                log.warning("broker_away", consumer=self._name, error=repr(error), retry_in=round(pause, 2))
            self._mark(False)
            self._stop.wait(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _follow(self) -> None:
        connection = connect(self._url, name=self._name)
        try:
            channel = connection.channel()
            queue = self._declare(channel)
            channel.basic_qos(0, self._prefetch, False)
            tag = channel.basic_consume(queue, no_ack=self._no_ack, callback=self._on_message) if self._intake else None
            self._mark(True)
            looked = time.monotonic()
            while not self._stop.is_set():
                if tag and not self._intake:
                    channel.basic_cancel(tag)
                    tag = None
                if not tag:
                    self._intake_ended.set()
                try:
                    connection.drain_events(timeout=LOOK_UP)
                except TimeoutError:
                    looked = 0.0
                if time.monotonic() - looked > LOOK_UP:
                    connection.heartbeat_tick()
                    looked = time.monotonic()
            connection.close()
        finally:
            discard(connection)

    def _mark(self, connected: bool) -> None:
        metrics.broker_connected.labels(self._name).set(connected)
        if connected:
            self.connected.set()
            log.info("broker_connected", consumer=self._name)
        else:
            self.connected.clear()
