"""What test_service_*.py share: a service process with its health port, and a proxy that breaks connections."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shared.service.broker import ERRORS, connect

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def eventually(probe: Callable[[], Any], within: float = 10.0) -> Any:
    """Ask again until the answer is true; fails with the last answer."""
    ends = time.monotonic() + within
    while not (answer := probe()):
        assert time.monotonic() < ends, f"not within {within} s: {answer!r}"
        time.sleep(0.05)
    return answer


class ServiceProcess:
    """tests/integration/service_under_test.py as a process."""

    def __init__(self, amqp_url: str, name: str, **environment: str) -> None:
        self.name, self.health, self._amqp_url = name, free_port(), amqp_url
        self._log = open(os.memfd_create(f"log-{name}"), "w+b")  # noqa: SIM115  lives as long as the process
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.service_under_test"],
            cwd=ROOT,
            stderr=self._log,
            env={
                **os.environ,
                "SERVICE_NAME": name,
                "AMQP_URL": amqp_url,
                "HEALTH_PORT": str(self.health),
                **environment,
            },
        )

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health}{path}", timeout=3) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, repr(error)

    def is_ready(self) -> bool:
        return self.get("/health/ready")[0] == 200

    def ready(self, within: float = 15.0) -> ServiceProcess:
        eventually(self.is_ready, within)
        return self

    def metric(self, line: str) -> float:
        for each in self.get("/metrics")[1].splitlines():
            if each.startswith(line):
                return float(each.rsplit(" ", 1)[1])
        return 0.0

    def log_lines(self) -> list[dict[str, Any]]:
        self._log.flush()
        text = os.pread(self._log.fileno(), 10_000_000, 0).decode()
        return [json.loads(line) for line in text.splitlines()]

    def terminate(self, within: float) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._log.close()
        with contextlib.suppress(*ERRORS), connect(self._amqp_url, name="test") as connection:
            connection.channel().queue_delete(f"parked.{self.name}")


class Proxy:
    """A TCP proxy to the broker that can fall silent, cut its connections, or refuse new ones."""

    def __init__(self, amqp_url: str, listening: bool = True) -> None:
        parts = urlsplit(amqp_url)
        self._target = (parts.hostname or "", parts.port or 5672)
        self.port = free_port()
        credentials = parts.netloc.rpartition("@")[0]
        self.url = f"amqp://{credentials + '@' if credentials else ''}127.0.0.1:{self.port}{parts.path}"
        self._flowing = threading.Event()
        self._flowing.set()
        self._sockets: list[socket.socket] = []
        self._listener: socket.socket | None = None
        if listening:
            self.open()

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def silence(self) -> None:
        self._flowing.clear()

    def speak(self) -> None:
        self._flowing.set()

    def cut(self) -> None:
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._sockets.clear()

    def close(self) -> None:
        if self._listener:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self.cut()
        self._flowing.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                here, _ = listener.accept()
                there = socket.create_connection(self._target)
            except OSError:
                return
            self._sockets += [here, there]
            threading.Thread(target=self._pump, args=(here, there), daemon=True).start()

    def _pump(self, here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), here, there:
            while True:
                for source in select.select([here, there], [], [])[0]:
                    data = source.recv(65536)
                    self._flowing.wait()
                    if not data:
                        return
                    (there if source is here else here).sendall(data)
