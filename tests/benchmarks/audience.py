"""Agents who watch everything live: many open streams, read by one thread that notes when what was marked came."""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from collections.abc import Sequence
from types import TracebackType

from services.gateway.__main__ import raise_descriptor_limit
from tests.benchmarks.load import HOST

STREAMS_EACH = 20
"""How many streams the gateway lets one person have."""
_MARK = re.compile(rb"mark-(\d+)-")
_MARK_BYTES = 20
_ANSWER_SECONDS = 20.0


def mark(number: int) -> str:
    """The words by which an audience knows a message."""
    return f"mark-{number}-"


class Audience:
    """`count` streams at `port`, twenty for each of `headers`; open while the block lasts."""

    def __init__(self, port: int, headers: Sequence[dict[str, str]], count: int) -> None:
        raise_descriptor_limit()
        self._poll = select.epoll()
        self._streams: dict[int, socket.socket] = {}
        self._tails: dict[int, bytes] = {}
        self._arrived: dict[int, dict[int, float]] = {}
        self._failed: BaseException | None = None
        self._closing = False
        self.processor = 0.0
        """Seconds of processor that reading has taken so far."""
        for number in range(count):
            self._open(port, headers[number // STREAMS_EACH])
        self._thread = threading.Thread(target=self._read, name="audience")

    def __enter__(self) -> Audience:
        self._thread.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._closing = True
        self._thread.join()
        self._poll.close()
        for stream in self._streams.values():
            stream.close()

    def arrived(self, number: int) -> list[float]:
        """When the message with this mark came, stream by stream, as moments of time.perf_counter."""
        if self._failed is not None:
            raise self._failed
        return list(self._arrived.get(number, {}).values())

    def await_all(self, number: int, seconds: float) -> list[float]:
        """The same, once it has come to everybody or after so many seconds."""
        deadline = time.perf_counter() + seconds
        while len(found := self.arrived(number)) < len(self._streams) and time.perf_counter() < deadline:
            time.sleep(0.01)
        return found

    def _open(self, port: int, headers: dict[str, str]) -> None:
        stream = socket.create_connection((HOST, port), timeout=_ANSWER_SECONDS)
        lines = ["GET /api/v1/live HTTP/1.1", f"Host: {HOST}", *(f"{name}: {value}" for name, value in headers.items())]
        stream.sendall("\r\n".join([*lines, "Accept: text/event-stream", "", ""]).encode())
        head = stream.recv(4096)
        if not head.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"a live stream was answered {head[:500]!r}")
        stream.setblocking(False)
        number = stream.fileno()
        self._streams[number], self._tails[number] = stream, b""
        self._poll.register(number, select.EPOLLIN)

    def _read(self) -> None:
        try:
            while not self._closing:
                for number, _ in self._poll.poll(0.1):
                    piece = self._streams[number].recv(262_144)
                    if not piece:
                        raise RuntimeError("the gateway closed a live stream")
                    self._note(number, piece)
                self.processor = time.thread_time()
        except BaseException as error:
            self._failed = error

    def _note(self, number: int, piece: bytes) -> None:
        now = time.perf_counter()
        # a mark may come in two pieces
        text = self._tails[number] + piece
        for found in _MARK.findall(text):
            self._arrived.setdefault(int(found), {}).setdefault(number, now)
        self._tails[number] = text[-_MARK_BYTES:]
