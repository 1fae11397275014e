"""A web server that answers as it is told, also wrongly."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Behaviour = Callable[[socket.socket], object]


class StatusPageDouble:
    """Listens on 127.0.0.1; `behaviour` has each connection after its request was read. `requests`: what came.

    `stopping` is set when the server ends, so that a behaviour may wait for it.
    """

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.behaviour = behaviour
        self.requests: list[str] = []
        self.stopping = threading.Event()
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def stop(self) -> None:
        self.stopping.set()
        # wakes accept(), which closing alone does not
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            served = self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
            with served:
                self.requests.append(_request(served))
                self.behaviour(served)


@contextmanager
def serving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[StatusPageDouble]:
    double = StatusPageDouble(behaviour, tls)
    try:
        yield double
    finally:
        double.stop()


def answering(body: bytes, status: str = "200 OK", *headers: str) -> Behaviour:
    """A whole answer; without a Content-Length of your own it gets the right one."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if not any(line.lower().startswith("content-length:") for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    content = "\r\n".join([*lines, "", ""]).encode() + body
    return lambda connection: connection.sendall(content)


def _request(connection: socket.socket) -> str:
    content = b""
    while b"\r\n\r\n" not in content:
        received = connection.recv(4096)
        if not received:
            break
        content += received
    return content.decode("latin-1")
