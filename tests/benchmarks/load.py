"""Callers over HTTP: one that waits for each answer, and many at once from one thread."""

from __future__ import annotations

import http.client
import itertools
import selectors
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
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
    """A connection with at most one request under way: the n-th, which was due at `due`."""

    connection: socket.socket
    number: int = 0
    due: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    wanted: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the n-th request came to; `due` and `done` are moments of time.perf_counter."""

    number: int
    due: float
    done: float
    status: int
    body: bytes

    @property
    def seconds(self) -> float:
        return self.done - self.due

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Load:
    """What a run came to: how long each call took, and the generator's share of one core."""

    times: Times
    generator: float


def run(port: int, clients: int, seconds: float, make: Callable[[int], bytes]) -> Load:
    """Keep `clients` connections busy for so long; `make(n)` gives the n-th request.

    Raises RuntimeError where an answer is not a success, or does not come within 15 seconds.
    """
    begin, cpu = time.perf_counter(), time.process_time()
    answers = answered(_exchange(port, clients, _back_to_back(begin + seconds, make)))
    lasted = [answer.seconds for answer in answers]
    took = time.perf_counter() - begin
    return Load(Times(lasted, len(lasted) / took), (time.process_time() - cpu) / took)


def scheduled(port: int, clients: int, moments: Iterable[float], make: Callable[[int], bytes]) -> list[Answer]:
    """Send the n-th request at the n-th moment, in seconds from now, whatever became of the earlier ones.

    Where all connections are busy a request waits for one, and that counts as its time. Answers as they came, of any
    status. Raises RuntimeError where one does not come within 15 seconds.
    """
    begin = time.perf_counter()
    return list(_exchange(port, clients, ((begin + moment, make(n)) for n, moment in enumerate(moments))))


def answered(answers: Iterable[Answer]) -> list[Answer]:
    """The answers, where all are successes. Raises RuntimeError with the first that is not."""
    found = list(answers)
    for answer in found:
        if not answer.good:
            raise RuntimeError(f"answered {answer.status}: {answer.body[:500]!r}")
    return found


def paced(rate: float, count: int) -> list[float]:
    """`count` moments for `scheduled`, so many a second."""
    return [n / rate for n in range(count)]


def _back_to_back(deadline: float, make: Callable[[int], bytes]) -> Iterator[tuple[float, bytes]]:
    for n in itertools.count():
        raw = make(n)
        now = time.perf_counter()
        if now >= deadline:
            return
        yield now, raw


def _exchange(port: int, clients: int, requests: Iterator[tuple[float, bytes]]) -> Iterator[Answer]:
    """Send each (moment, request) once its moment has come and a connection is free; answers as they come."""
    with selectors.DefaultSelector() as selector, ExitStack() as opened:
        free: list[Lane] = []
        for _ in range(clients):
            connection = opened.enter_context(socket.create_connection((HOST, port), timeout=_ANSWER_SECONDS))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            free.append(Lane(connection))
            selector.register(connection, selectors.EVENT_READ, free[-1])
        numbered = enumerate(requests)
        upcoming: tuple[int, tuple[float, bytes]] | None = None
        while True:
            wait = _ANSWER_SECONDS
            while free:
                # asked for only now that it can be sent: what is made back to back is due when it is made
                upcoming = upcoming or next(numbered, None)
                if upcoming is None:
                    break
                wait = upcoming[1][0] - time.perf_counter()
                if wait > 0:
                    break
                _send(free.pop(), upcoming[0], *upcoming[1])
                upcoming, wait = None, _ANSWER_SECONDS
            busy = clients - len(free)
            if not busy and upcoming is None:
                return
            ready = selector.select(wait)
            if not ready and wait == _ANSWER_SECONDS:
                raise RuntimeError(f"{busy} requests were not answered within {_ANSWER_SECONDS:.0f} s")
            for key, _ in ready:
                answer = _receive(key.data)
                if answer is not None:
                    free.append(key.data)
                    yield answer


def _send(lane: Lane, number: int, due: float, raw: bytes) -> None:
    lane.received.clear()
    lane.wanted = 0
    lane.number, lane.due = number, due
    lane.connection.sendall(raw)


def _receive(lane: Lane) -> Answer | None:
    """The answer once it is whole."""
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
    return Answer(lane.number, lane.due, time.perf_counter(), int(head.split(b" ", 2)[1]), body)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise RuntimeError(f"an answer without Content-Length: {head[:200]!r}")
