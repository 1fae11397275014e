"""The gateway as a process of its own, on nameko and eventlet, with nobody behind it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.gateway.http.server import EXCHANGE, SIGNALS, framing_is_clear, hear

ROOT = Path(__file__).parents[3]
PERSON = {"sub": "a", "name": "A", "email": "a@example.org", "account": "acme", "roles": ["customer"]}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Process:
    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port, self.process = port, process

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def raw(self, sent: bytes) -> bytes:
        """Everything that comes back on one connection until it is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=15) as connection:
            connection.sendall(sent)
            received = b""
            while True:
                try:
                    piece = connection.recv(65536)
                except ConnectionResetError:
                    return received
                if not piece:
                    return received
                received += piece


@contextmanager
def running(folder: Path) -> Iterator[Process]:
    port = free_port()
    environment = {
        **os.environ,
        "AMQP_URL": f"amqp://nobody:nothing@127.0.0.1:{free_port()}/none",
        "OBJECT_STORE_URL": f"file://{folder}/objects",
        "DEV_LOGIN": "1",
        "GATEWAY_PORT": str(port),
        "HEALTH_PORT": "0",
        "ENVIRONMENT": "local",
        "LOG_LEVEL": "ERROR",
    }
    process = subprocess.Popen([sys.executable, "-m", "services.gateway", "http"], cwd=ROOT, env=environment)
    try:
        yield Process(port, process)
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running(tmp_path_factory.mktemp("gateway")) as process:
        wait_until_it_listens(process)
        yield process


def wait_until_it_listens(gateway: Process) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and gateway.process.poll() is None:
        try:
            assert gateway.ask("GET", "/health/live")[0] == 200
            return
        except ConnectionRefusedError:
            time.sleep(0.05)
    pytest.fail("the gateway did not begin to listen")


def test_without_a_broker_it_lives_but_is_not_ready(gateway: Process) -> None:
    assert gateway.ask("GET", "/health/live") == (200, {"live": True})
    status, report = gateway.ask("GET", "/health/ready")
    assert (status, report["ready"], report["checks"]["broker"]["ok"]) == (503, False, False)


def test_without_a_broker_a_call_is_503_within_its_deadline(gateway: Process) -> None:
    token = gateway.ask("POST", "/dev/token", PERSON)[1]["access_token"]
    began = time.monotonic()
    status, problem = gateway.ask("GET", "/api/v1/tickets", Authorization=f"Bearer {token}")
    assert (status, problem["code"]) in {(503, "broker_away"), (503, "circuit_open")}
    assert time.monotonic() - began < 8
    assert gateway.ask("GET", "/api/v1/me", Authorization=f"Bearer {token}")[1]["id"] == "a"


REFUSED_BEFORE_HTTP = {
    "not HTTP": (b"\x16\x03\x01\x00\xa5\x01\x00\r\n\r\n", b"malformed_request"),
    "an unknown version": (b"GET / HTTP/9.9\r\n\r\n", b"malformed_request"),
    "a very long address": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", b"address_too_long"),
    "a very long header": (b"GET / HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n", b"malformed_request"),
    "very many headers": (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 300 + b"\r\n", b"malformed_request"),
    "two ways to end": (
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"malformed_request",
    ),
    "two lengths": (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n{}  ", b"malformed_request"),
}


@pytest.mark.parametrize("case", REFUSED_BEFORE_HTTP)
def test_what_is_hardly_http_gets_a_problem_too(gateway: Process, case: str) -> None:
    sent, code = REFUSED_BEFORE_HTTP[case]
    answer = gateway.raw(sent)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert json.loads(body)["code"].encode() == code


def test_a_refused_body_is_not_read_to_its_end(gateway: Process) -> None:
    head = b"POST /dev/token HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n"
    assert b'"too_large"' in gateway.raw(head + b" " * (2 << 20))


def test_a_chunked_body_has_the_same_limit(gateway: Process) -> None:
    head = b"POST /dev/token HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    assert b'"too_large"' in gateway.raw(head + chunk * 17)


def test_a_connection_serves_several_requests(gateway: Process) -> None:
    one = b"GET /health/live HTTP/1.1\r\nHost: x\r\n%b\r\n"
    answer = gateway.raw(one % b"" + one % b"Connection: close\r\n")
    assert answer.count(b'{"live": true}') == 2


def test_sigterm_ends_it_in_order(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        wait_until_it_listens(gateway)
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(20) == 0


def test_settings_that_do_not_fit_are_named_and_nothing_starts(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("AMQP_URL", "DEV_LOGIN")}
    ended = subprocess.run(
        [sys.executable, "-m", "services.gateway", "http"], cwd=ROOT, env=environment, capture_output=True, timeout=30
    )
    assert ended.returncode == 2
    assert b"AMQP_URL" in ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("headers", "clear"),
    [
        ([], True),
        ([("Content-Length", "10")], True),
        ([("Transfer-Encoding", "chunked")], True),
        ([("Transfer-Encoding", "Chunked")], True),
        ([("Content-Length", "+10")], False),
        ([("Content-Length", "-1")], False),
        ([("Content-Length", "1_0")], False),
        ([("Content-Length", "٣")], False),
        ([("Content-Length", "3, 3")], False),
        ([("Transfer-Encoding", "gzip, chunked")], False),
        ([("Transfer-Encoding", "identity")], False),
        ([("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")], False),
    ],
)
def test_the_end_of_a_body_is_clear_or_refused(headers: list[tuple[str, str]], clear: bool) -> None:
    message = Message()
    for name, value in headers:
        message[name] = value
    assert framing_is_clear(message) == clear


class Heard:
    """A hub that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def ring(self, service: str | None = None, position: int | None = None) -> None:
        self.told.append((service, position))

    def signal(self, item: Any) -> None:
        self.told.append(item.frame)


@pytest.mark.parametrize(
    ("exchange", "key", "body", "told"),
    [
        (EXCHANGE, "ticket.MessagePosted", b'{"position": 7}', ("tickets", 7)),
        (EXCHANGE, "ticket_note.NoteAdded", b'{"position": 8}', ("tickets", 8)),
        (EXCHANGE, "chat.ChatStarted", '{"position": 9}', ("chat", 9)),
        (SIGNALS, "", b'{"name": "typing", "data": {"chat_id": "c"}}', b'event: typing\ndata: {"chat_id":"c"}\n\n'),
        # Whatever is not understood may be about anything.
        (EXCHANGE, "ticket.MessagePosted", b"{", (None, None)),
        (EXCHANGE, "ticket.MessagePosted", b"[]", (None, None)),
        (EXCHANGE, "weather.Changed", b'{"position": 7}', (None, None)),
        (SIGNALS, "", b"[]", (None, None)),
    ],
)
def test_a_message_rings_the_bell_of_its_service(exchange: str, key: str, body: bytes | str, told: Any) -> None:
    hub = Heard()
    hear(hub, SimpleNamespace(body=body, delivery_info={"exchange": exchange, "routing_key": key}))  # type: ignore[arg-type]
    assert hub.told == [told]
