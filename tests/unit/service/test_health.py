from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.service.health import FRESH_WITHIN, MAX_CONNECTIONS, HealthServer, Watch


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Dependency:
    """Answers, fails or hangs, as told; `asked` is set at each question."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.asked = threading.Event()

    def __call__(self) -> None:
        self.asked.set()
        if self.error:
            raise self.error


def test_a_watch_is_not_ok_before_its_first_answer() -> None:
    assert Watch("store", Dependency()).report() == {"ok": False, "error": "not checked yet", "age_seconds": None}


def test_a_watch_names_the_error_without_its_text_and_recovers() -> None:
    dependency = Dependency()
    watch = Watch("store", dependency, Clock())
    dependency.error = ConnectionError("postgresql://tickets:secret@db")
    watch.run_once()
    assert watch.report() == {"ok": False, "error": "ConnectionError", "age_seconds": 0.0}
    dependency.error = None
    watch.run_once()
    assert watch.report()["ok"]


def test_an_answer_that_is_old_counts_no_more() -> None:
    clock = Clock()
    watch = Watch("store", Dependency(), clock)
    watch.run_once()
    clock.seconds = FRESH_WITHIN
    assert watch.report()["ok"]
    clock.seconds = FRESH_WITHIN + 0.1
    assert watch.report()["error"] == "no answer in time"


@pytest.fixture
def dependency() -> Dependency:
    return Dependency()


@pytest.fixture
def server(dependency: Dependency) -> Iterator[HealthServer]:
    server = HealthServer(0, {"store": dependency}, host="127.0.0.1")
    server.listen()
    assert dependency.asked.wait(5)
    yield server
    server.close()


def get(server: HealthServer, path: str) -> tuple[int, str, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def test_live_ready_and_metrics_are_served(server: HealthServer) -> None:
    status, kind, body = get(server, "/health/live")
    assert (status, kind, json.loads(body)["live"]) == (200, "application/json", True)
    status, _, body = get(server, "/health/ready")
    assert (status, json.loads(body)["checks"]["store"]["ok"]) == (200, True)
    status, kind, body = get(server, "/metrics")
    assert status == 200
    assert kind.startswith("text/plain; version=0.0.4")
    assert "support_rpc_calls_total" in body
    assert get(server, "/secrets")[0] == 404


def test_ready_says_which_dependency_is_away_while_live_stays(server: HealthServer, dependency: Dependency) -> None:
    dependency.error = TimeoutError()
    dependency.asked.clear()
    assert dependency.asked.wait(5)
    dependency.asked.clear()
    assert dependency.asked.wait(5)
    status, _, body = get(server, "/health/ready")
    assert (status, json.loads(body)["checks"]["store"]["error"]) == (503, "TimeoutError")
    assert get(server, "/health/live")[0] == 200


def test_a_process_that_stops_is_not_ready(server: HealthServer) -> None:
    server.stop_being_ready()
    status, _, body = get(server, "/health/ready")
    assert (status, json.loads(body)["stopping"]) == (503, True)


def test_half_open_connections_are_dropped_and_the_next_is_served(server: HealthServer) -> None:
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(MAX_CONNECTIONS)]
    try:
        for each in idle:
            each.settimeout(5)
            assert each.recv(1) == b""
        assert get(server, "/health/live")[0] == 200
    finally:
        for each in idle:
            each.close()


def test_port_0_serves_nothing() -> None:
    server = HealthServer(0, {})
    server.start()
    assert server.port == 0


GREEN = """
from shared.service.patch import patch
patch()
import time, threading, urllib.request
from shared.service.health import HealthServer
hangs = threading.Event()
server = HealthServer(0, {"hangs": hangs.wait}, host="127.0.0.1")
server.listen()
print(urllib.request.urlopen(f"http://127.0.0.1:{server.port}/health/live", timeout=5).status)
"""


def test_it_serves_in_an_eventlet_process_beside_a_check_that_hangs() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", GREEN],
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        timeout=30,
        text=True,
    )
    assert ended.stdout.strip() == "200", ended.stderr
