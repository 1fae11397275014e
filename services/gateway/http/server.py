"""The only place of the gateway that knows nameko and eventlet: connections in, workers out."""

from __future__ import annotations

import functools
import time
import uuid
from collections import deque
from contextlib import AbstractContextManager
from email.message import Message
from functools import partial
from typing import Any

import eventlet
import orjson
import structlog
from eventlet import wsgi
from eventlet.event import Event
from eventlet.green import socket as green_socket
from eventlet.hubs import get_hub
from greenlet import getcurrent
from nameko.extensions import DependencyProvider, Entrypoint
from nameko.web.server import HttpOnlyProtocol, WebServer
from werkzeug.wrappers import Response

from services.gateway import problems
from services.gateway.http.app import App, Entry
from services.gateway.http.route import Answer, Call, routes_of
from services.gateway.live import Hub, item_of
from services.gateway.problems import CODES, Problem
from shared.service.broker import Consumer

HEADER_SECONDS = 15
"""How long a request's line and headers may take, and a kept-alive connection may idle."""
SOCKET_SECONDS = 10
"""How long one read or write on a connection may take: a client that takes nothing for so long is dropped."""
DRAIN_SECONDS = 8
"""How long an orderly stop waits for the answers that have begun."""
WAKE_AT_ONCE = 200
"""Live streams that are woken in a row."""
LOOK_SECONDS = 0.5
_DRAIN_BYTES, _DRAIN_SECONDS = 1 << 20, 2
EXCHANGE = "support.events"
BELLS = {"ticket": "tickets", "ticket_note": "tickets", "chat": "chat"}
"""Category, with which the routing key of an event begins → the service that words its events for live streams."""
SIGNALS = "support.signals"

log = structlog.get_logger(__name__)


def deadline(seconds: float) -> AbstractContextManager[Any]:
    """Raises TimeoutError inside the context after so many seconds."""
    limit: AbstractContextManager[Any] = eventlet.Timeout(seconds, TimeoutError(f"not done within {seconds} s"))
    return limit


class GreenBells:
    """Makes bells for green threads, of which thousands may wait: who is rung for is woken in turn, by one timer.

    After each WAKE_AT_ONCE everybody else has a turn: an event for many streams must not hold up the calls. Whose time
    is over is seen by a look at all of them every LOOK_SECONDS; a timer for each wait costs more than the rest of it.
    """

    def __init__(self) -> None:
        self._due: deque[Any] = deque()
        self._scheduled = False
        self._waiting: set[GreenBell] = set()
        self._looking = False

    def __call__(self) -> GreenBell:
        return GreenBell(self)

    def wait(self, bell: GreenBell) -> None:
        """Let the others run until the bell's time is over or it is rung for."""
        self._waiting.add(bell)
        if not self._looking:
            self._looking = True
            get_hub().schedule_call_global(LOOK_SECONDS, self._look)
        try:
            get_hub().switch()
        finally:
            self._waiting.discard(bell)

    def _look(self) -> None:
        now = time.monotonic()
        for bell in [bell for bell in self._waiting if bell.until <= now]:
            bell.ring()
        self._looking = bool(self._waiting)
        if self._looking:
            get_hub().schedule_call_global(LOOK_SECONDS, self._look)

    def wake(self, waiting: Any) -> None:
        self._due.append(waiting)
        if not self._scheduled:
            self._scheduled = True
            get_hub().schedule_call_global(0, self._wake_some)

    def _wake_some(self) -> None:
        try:
            for _ in range(min(len(self._due), WAKE_AT_ONCE)):
                self._due.popleft().switch()
        finally:
            self._scheduled = bool(self._due)
            if self._scheduled:
                get_hub().schedule_call_global(0, self._wake_some)


class GreenBell:
    """A live.Bell; has nothing but a place for the one who waits, who may wait LOOK_SECONDS longer than they said."""

    __slots__ = ("_bells", "_rung", "_waiting", "until")

    def __init__(self, bells: GreenBells) -> None:
        self._bells = bells
        self._rung = False
        self._waiting: Any = None
        self.until = 0.0

    def ring(self) -> None:
        self._rung = True
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._bells.wake(waiting)

    def wait(self, seconds: float) -> None:
        if not self._rung:
            self.until, self._waiting = time.monotonic() + seconds, getcurrent()
            try:
                self._bells.wait(self)
            finally:
                self._waiting = None
        self._rung = False


class Protocol(HttpOnlyProtocol):
    """HTTP/1.1 with a deadline on the headers, a bound on what is read of a refused body, and our form of errors."""

    def _read_request_line(self) -> bytes | str:
        line: bytes | str = ""
        with eventlet.Timeout(HEADER_SECONDS, False):
            line = super()._read_request_line()
        if len(line) >= self.server.url_length_limit:
            self._refuse("address_too_long")
            return ""
        return line

    def parse_request(self) -> bool:
        try:
            with eventlet.Timeout(HEADER_SECONDS, TimeoutError()):
                if not super().parse_request():
                    return False
            framed = framing_is_clear(self.headers)
        except (wsgi.HeaderLineTooLong, wsgi.HeadersTooLarge):
            framed = False
        except TimeoutError:
            self.close_connection = True
            return False
        if not framed:
            self._refuse("malformed_request")
        return framed

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses, in our form and not as HTML."""
        self._refuse("address_too_long" if code == 414 else "malformed_request")

    def _refuse(self, code: str) -> None:
        response = problems.response(Problem(code, CODES[code].meaning), str(uuid.uuid4()))
        head = f"HTTP/1.1 {response.status}\r\nConnection: close\r\n"
        self.wfile.write((head + "".join(f"{name}: {value}\r\n" for name, value in response.headers)).encode("latin-1"))
        self.wfile.write(b"\r\n" + response.get_data())
        self.wfile.flush()
        self.close_connection = True

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        body = environ["eventlet.input"]
        body.discard = partial(self._discard, body)
        return environ

    def _discard(self, body: Any) -> None:
        """Read what is left of a body, a bounded part of it: the connection ends where there is more."""
        with eventlet.Timeout(_DRAIN_SECONDS, False):
            for _ in range(_DRAIN_BYTES >> 16):
                if not body.read(1 << 16):
                    return
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Nothing: the application logs each request, without addresses and parameters."""


def framing_is_clear(headers: Message) -> bool:
    """Whether everybody on the way here agrees where the body ends: at most one length, or chunked, never both."""
    lengths, codings = headers.get_all("Content-Length", []), headers.get_all("Transfer-Encoding", [])
    if len(lengths) > 1 or len(codings) > 1 or (lengths and codings):
        return False
    if codings:
        return codings[0].strip().lower() == "chunked"
    return not lengths or (lengths[0].isascii() and lengths[0].isdigit() and len(lengths[0]) <= 18)


class Server(WebServer):
    """nameko's web server over our application; no client can end the container."""

    def start(self) -> None:
        if self._starting:
            return
        self._starting = True
        settings = self.container.service_cls.parts_in_use.settings
        self._connections = eventlet.semaphore.Semaphore(settings.max_connections)
        self._sock = eventlet.listen((settings.host, settings.port), backlog=1024, reuse_port=False)
        self._sock.settimeout(None)
        self._serv = self.get_wsgi_server(self._sock, self.get_wsgi_app())
        self._gt = self.container.spawn_managed_thread(self.run)

    def get_wsgi_app(self) -> App:
        entrypoints = {(one.route_name, one.method_name): one for one in self._providers}

        def call(entry: Entry, call: Call) -> Answer | Response:
            entrypoint: HttpEntrypoint = entrypoints[entry.template + entry.route.method, entry.name]
            return entrypoint.handle(call)

        return App(self.container.service_cls, self.container.service_cls.parts_in_use, call)

    def get_wsgi_server(self, sock: Any, wsgi_app: App, **_: Any) -> Any:
        return wsgi.Server(
            sock,
            sock.getsockname(),
            wsgi_app,
            protocol=Protocol,
            debug=False,
            log=_ServerLog(),
            log_output=False,
            capitalize_response_headers=False,
            socket_timeout=SOCKET_SECONDS,
            keepalive=HEADER_SECONDS,
        )

    def stop(self) -> None:
        """Take no new connections, end the live streams, and let what is being answered be answered."""
        self._is_accepting = False
        self._gt.kill()
        self._sock.close()
        self._serv.keepalive = False
        self.container.service_cls.parts_in_use.hub.close()
        with eventlet.Timeout(DRAIN_SECONDS, False):
            while self._serv.outstanding_requests:
                eventlet.sleep(0.02)
        super(WebServer, self).stop()

    def run(self) -> None:
        while self._is_accepting:
            try:
                sock, address = self._sock.accept()
            except OSError as error:
                # Out of descriptors, most likely: those that are open go on, and some of them will end.
                log.warning("accept failed", error=error.strerror)
                eventlet.sleep(0.05)
                continue
            if not self._connections.acquire(blocking=False):
                sock.close()
                continue
            sock.settimeout(SOCKET_SECONDS)
            sock.setsockopt(green_socket.IPPROTO_TCP, green_socket.TCP_NODELAY, 1)
            # Not a managed thread: nameko would end the container with the first that raises.
            eventlet.spawn(self.process_request, sock, address)

    def process_request(self, sock: Any, address: Any) -> None:
        try:
            self._serv.process_request([address, sock, wsgi.STATE_IDLE])
        except (Exception, eventlet.Timeout) as error:
            log.info("connection ended", error=type(error).__name__)
        finally:
            self._connections.release()


_GONE = ("TimeoutError", "BrokenPipeError", "ConnectionResetError", "ConnectionAbortedError")


class _ServerLog:
    """What eventlet's server wants to say: tracebacks of the application, which are worth an error."""

    def info(self, message: str, *_: Any) -> None:
        if "Traceback" in message and not any(fault in message for fault in _GONE):
            log.error("answer broken off", traceback=message)

    def debug(self, message: str, *_: Any) -> None:
        return

    error = info


class HttpEntrypoint(Entrypoint):
    """Runs one of our routes as a nameko worker."""

    server = Server()

    def __init__(self, route: Any, **kwargs: Any) -> None:
        self.route = route
        self.route_name = route.template + route.method
        super().__init__(**kwargs)

    def setup(self) -> None:
        self.server.register_provider(self)

    def stop(self) -> None:
        self.server.unregister_provider(self)
        super().stop()

    def handle(self, call: Call) -> Answer | Response:
        """The handler's result, or what it raised."""
        result = self._work(call) if self.route.pooled else self._here(call)
        if isinstance(result, Exception):
            raise result
        answered: Answer | Response = result
        return answered

    def _here(self, call: Call) -> Any:
        service = self.container.service_cls()
        service.parts = self.container.service_cls.parts_in_use
        return getattr(service, self.method_name)(call)

    def _work(self, call: Call) -> Any:
        done = Event()

        def hand_over(worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            done.send(result, exc_info)
            return result, exc_info

        context = {"correlation_id": call.correlation_id}
        self.container.spawn_worker(self, (call,), {}, context_data=context, handle_result=hand_over)
        return done.wait()


class PartsProvider(DependencyProvider):
    """Gives the handlers what bootstrap made, and runs the live hub as long as the container runs."""

    def start(self) -> None:
        parts = self.container.service_cls.parts_in_use
        parts.caller.start()
        parts.readiness.start()

        def declare(channel: Any) -> str:
            name = declare_doorbell(channel)
            # What was published while nobody listened has to be asked for; from here on the queue has it.
            parts.hub.ring()
            return name

        self._doorbell = Consumer(
            parts.settings.service.amqp_url,
            name="gateway-live",
            declare=declare,
            on_message=lambda message: hear(parts.hub, message),
            prefetch=0,
            no_ack=True,
        )
        self._doorbell.start()
        self.container.spawn_managed_thread(parts.hub.run)

    def stop(self) -> None:
        parts = self.container.service_cls.parts_in_use
        parts.hub.close()
        parts.readiness.stop()
        self._doorbell.stop()
        parts.caller.stop()

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self.container.service_cls.parts_in_use


def declare_doorbell(channel: Any) -> str:
    """Bind a queue of this connection's own to the relayed events; returns its name.

    The broker names it, anew for each connection: one that it has not yet noticed to be dead cannot lock us out.
    """
    channel.exchange_declare(EXCHANGE, "topic", durable=True, auto_delete=False)
    name = channel.queue_declare(
        "", exclusive=True, auto_delete=True, arguments={"x-max-length": 1000, "x-overflow": "drop-head"}
    ).queue
    for category in BELLS:
        channel.queue_bind(name, EXCHANGE, f"{category}.#")
    channel.exchange_declare(SIGNALS, "fanout", durable=True, auto_delete=False)
    channel.queue_bind(name, SIGNALS)
    return str(name)


def hear(hub: Hub, message: Any) -> None:
    """An event rings the bell of its service; a signal says all there is to say."""
    try:
        heard = orjson.loads(message.body)
        if message.delivery_info.get("exchange") == SIGNALS:
            hub.signal(item_of(heard))
        else:
            category, _, _ = message.delivery_info["routing_key"].partition(".")
            hub.ring(BELLS[category], int(heard["position"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # Whatever it was, something may be new.
        log.warning("bell_not_understood", error=repr(error))
        hub.ring()


def nameko_service(handlers: type, parts: Any) -> type:
    """The class that nameko runs: `handlers` with an entrypoint on each declared method, over `parts`."""
    members: dict[str, Any] = {
        "name": "gateway",
        "parts_in_use": parts,
        "parts": PartsProvider(),
    }
    for name, declared in routes_of(handlers):
        method = members.setdefault(name, _copy(getattr(handlers, name)))
        HttpEntrypoint.decorator(declared)(method)
    return type("GatewayService", (handlers,), members)


def _copy(handler: Any) -> Any:
    """A function of nameko's own, which it marks; what it raises it returns, because nameko logs it as a crash."""

    @functools.wraps(handler)
    def method(self: Any, call: Call) -> Answer | Response | Exception:
        try:
            result: Answer | Response = handler(self, call)
        except Exception as error:
            return error
        return result

    return method
