"""Callers over HTTP: one that waits for each answer, and many at once from one thread."""

from __future__ import annotations

import http.client
import itertools
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.benchmarks.measure import Times

HOST = "127.0.0.1"
_ANSWER_SECONDS = 15.0


class Client:
    """One kept-alive connection; every answer that is not a success raises."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=_ANSWER_SECONDS)

    def call(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None) -> Any:
        raw = None if body is None else orjson.dumps(body)
        sent = dict(headers or {}) | ({} if raw is None else {"Content-Type": "application/json"})
        self._connection.request(method, path, body=raw, headers=sent)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path} was answered {answer.status}: {content[:500]!r}")
        return orjson.loads(content) if content else None

    def close(self) -> None:
        self._connection.close()


def person(sub: str, name: str, role: str) -> dict[str, Any]:
    """Claims of somebody who takes part in the measurement."""
    return {"sub": sub, "name": name, "email": f"{sub}@example.org", "account": f"account-{sub}", "roles": [role]}


def token(client: Client, who: Mapping[str, Any]) -> str:
    return str(client.call("POST", "/dev/token", body=dict(who))["access_token"])


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """A whole request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", *(f"{name}: {value}" for name, value in headers.items())]
    if method == "POST":
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(slots=True)
class Lane:
    """A connection with at most one request under way."""

    connection: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    wanted: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """What a run came to: how long each call took, the bodies of answers, and the generator's share of one core."""

    times: Times
    bodies: list[bytes]
    generator: float


def run(port: int, clients: int, seconds: float, make: Callable[[int], bytes], *, keep: int = 0) -> Load:
    """Keep `clients` connections busy for so long; `make(n)` gives the n-th request. Keeps the first `keep` bodies.

    Raises RuntimeError at the first answer that is not a success, or that does not come within 15 seconds.
    """
    numbers = itertools.count()
    lasted: list[float] = []
    bodies: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        lanes = [Lane(socket.create_connection((HOST, port), timeout=_ANSWER_SECONDS)) for _ in range(clients)]
        begin, cpu = time.perf_counter(), time.process_time()
        deadline = begin + seconds
        try:
            for lane in lanes:
                lane.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(lane.connection, selectors.EVENT_READ, lane)
                _send(lane, make(next(numbers)))
            busy = clients
            while busy:
                ready = selector.select(_ANSWER_SECONDS)
                if not ready:
                    raise RuntimeError(f"{busy} requests were not answered within {_ANSWER_SECONDS:.0f} s")
                for key, _ in ready:
                    body = _receive(key.data)
                    if body is None:
                        continue
                    now = time.perf_counter()
                    lasted.append(now - key.data.sent_at)
                    if len(bodies) < keep:
                        bodies.append(body)
                    if now < deadline:
                        _send(key.data, make(next(numbers)))
                    else:
                        busy -= 1
        finally:
            for lane in lanes:
                lane.connection.close()
    took = time.perf_counter() - begin
    return Load(Times(lasted, len(lasted) / took), bodies, (time.process_time() - cpu) / took)


def _send(lane: Lane, raw: bytes) -> None:
    lane.received.clear()
    lane.wanted = 0
    lane.sent_at = time.perf_counter()
    lane.connection.sendall(raw)


def _receive(lane: Lane) -> bytes | None:
    """The body once it is whole."""
    piece = lane.connection.recv(262_144)
    if not piece:
        raise RuntimeError("the server closed a connection")
    lane.received += piece
    if not lane.wanted:
        end = lane.received.find(b"\r\n\r\n")
        if end < 0:
            return None
        lane.wanted = end + 4 + _length(bytes(lane.received[:end]))
    if len(lane.received) < lane.wanted:
        return None
    head, _, body = bytes(lane.received).partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 2"):
        raise RuntimeError(f"answered {head.splitlines()[0].decode()}: {body[:500]!r}")
    return body


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise RuntimeError(f"an answer without Content-Length: {head[:200]!r}")
