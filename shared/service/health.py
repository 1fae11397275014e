"""Health of one process on a port of its own: /health/live, /health/ready, /metrics.

Liveness touches no broker, no database and no worker pool, so an outage elsewhere never gets this process restarted.
Works in eventlet processes (its threads are green then) and in plain ones.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

import structlog

from shared.service import metrics

log = structlog.get_logger(__name__)

LIVE_WITHIN = 2.0
FRESH_WITHIN = 10.0
# what answers is asked rarely, because many processes ask; what was away is wanted back at once
CHECK_EVERY, CHECK_AWAY_EVERY = 5.0, 1.0
TICK = 0.5
MAX_CONNECTIONS = 16

Check = Callable[[], None]


class Watch:
    """Runs one check over and over in a thread of its own; a check that hangs simply stops being fresh."""

    def __init__(self, name: str, check: Check, now: Callable[[], float] = time.monotonic) -> None:
        self.name, self._check, self._now = name, check, now
        self._seen: float | None = None
        self._error: str | None = "not checked yet"

    def run_once(self) -> None:
        """Run the check and remember how it went."""
        fault: str | None = None
        try:
            self._check()
        except Exception as error:
            # The class only: an address or an account in the message does not belong on an open port.
            fault = type(error).__name__
            if fault != self._error:
                log.warning("dependency_away", dependency=self.name, error=str(error) or fault)
        else:
            if self._seen is not None and self._error is not None:
                log.info("dependency_back", dependency=self.name)
        self._error, self._seen = fault, self._now()

    @property
    def ok(self) -> bool:
        """Whether the last check went well."""
        return self._error is None

    def report(self) -> dict[str, Any]:
        """`{ok, error, age_seconds}`; a result older than FRESH_WITHIN seconds counts as an error."""
        age = None if self._seen is None else self._now() - self._seen
        error = "no answer in time" if age is not None and age > FRESH_WITHIN else self._error
        return {"ok": error is None, "error": error, "age_seconds": None if age is None else round(age, 1)}


class HealthServer:
    """Serves the health of this process on `port`; 0 = serve nothing. `checks` are named functions that raise."""

    def __init__(self, port: int, checks: Mapping[str, Check], host: str = "0.0.0.0") -> None:  # noqa: S104
        self._address = (host, port)
        self._watches = [Watch(name, check) for name, check in checks.items()]
        self._ticked = time.monotonic()
        self._leaving = False
        self._closed = threading.Event()
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._listener: socket.socket | None = None

    @property
    def port(self) -> int:
        """The port that is listened on, 0 before the start."""
        return int(self._listener.getsockname()[1]) if self._listener else 0

    def start(self) -> None:
        """Listen and begin to check; raises OSError when the port is taken."""
        if not self._address[1]:
            return
        self.listen()

    def listen(self) -> None:
        """Listen on the port, where 0 means a free one."""
        self._listener = socket.create_server(self._address, backlog=64)
        _spawn("health-tick", self._tick)
        for watch in self._watches:
            _spawn(f"health-{watch.name}", self._keep_checking, watch)
        _spawn("health-accept", self._accept, self._listener)

    def stop_being_ready(self) -> None:
        """Answer 503 on /health/ready from now on."""
        self._leaving = True

    def close(self) -> None:
        """Stop listening; checks end with their present round."""
        self._closed.set()
        if self._listener:
            with contextlib.suppress(OSError):
                # wakes the thread in accept(), which a plain close() does not
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def live(self) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of /health/live."""
        age = time.monotonic() - self._ticked
        return (200 if age < LIVE_WITHIN else 503), {"live": age < LIVE_WITHIN, "tick_age_seconds": round(age, 2)}

    def ready(self) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of /health/ready, with the state of each dependency."""
        checks = {watch.name: watch.report() for watch in self._watches}
        ready = not self._leaving and all(check["ok"] for check in checks.values())
        return (200 if ready else 503), {"ready": ready, "stopping": self._leaving, "checks": checks}

    def _tick(self) -> None:
        while not self._closed.wait(TICK):
            self._ticked = time.monotonic()

    def _keep_checking(self, watch: Watch) -> None:
        watch.run_once()
        while not self._closed.wait(CHECK_EVERY if watch.ok else CHECK_AWAY_EVERY):
            watch.run_once()

    def _accept(self, listener: socket.socket) -> None:
        while not self._closed.is_set():
            try:
                connection, address = listener.accept()
            except OSError:
                # closed by close(), or out of file descriptors: in that case do not spin
                self._closed.wait(0.1)
                continue
            if not self._slots.acquire(blocking=False):
                connection.close()
                continue
            _spawn("health-answer", self._answer, connection, address)

    def _answer(self, connection: socket.socket, address: Any) -> None:
        try:
            with connection:
                _Handler(connection, address, self)  # type: ignore[arg-type]
        except OSError:
            log.debug("health_client_gone")
        finally:
            self._slots.release()


class _Handler(BaseHTTPRequestHandler):
    server: HealthServer  # type: ignore[assignment]
    timeout = 2.0

    def do_GET(self) -> None:
        if self.path == "/health/live":
            self._send_json(*self.server.live())
        elif self.path == "/health/ready":
            self._send_json(*self.server.ready())
        elif self.path == "/metrics":
            self._send(200, metrics.exposition(), "text/plain; version=0.0.4; charset=utf-8")
        else:
            self._send_json(404, {"paths": ["/health/live", "/health/ready", "/metrics"]})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class named it
        """Probes come every second: they are no news."""

    def _send_json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _spawn(name: str, target: Callable[..., None], *args: Any) -> None:
    threading.Thread(target=target, args=args, name=name, daemon=True).start()
