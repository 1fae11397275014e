"""The benchmark's own instruments: what they count, and what they say of it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.benchmarks import load, report
from tests.benchmarks.meter import processor
from tests.benchmarks.report import Aim, Reached, Table, met


@pytest.mark.parametrize(
    ("figure", "aim", "said"),
    [
        (6, Aim("transactions", most=6), "6 (aim ≤ 6: met)"),
        (6.1, Aim("transactions", most=6), "6.1 (aim ≤ 6: missed)"),
        (0.35, Aim("of the ceiling", least=0.35), "0.35 (aim ≥ 0.35: met)"),
        (0.34, Aim("of the ceiling", least=0.35), "0.34 (aim ≥ 0.35: missed)"),
        (151, Aim("p95", most=150, unit="ms"), "151 (aim ≤ 150 ms: missed)"),
        (0, Aim("answered 409", most=0), "0 (aim ≤ 0: met)"),
    ],
)
def test_a_figure_says_whether_its_aim_was_met(figure: float, aim: Aim, said: str) -> None:
    assert met(figure, aim) == said


def test_the_document_has_every_aim_first_and_then_what_is_kept_by_hand(tmp_path: Path) -> None:
    table = Table("A", ["", "x"], [["row", "7"]], aims=[Reached(Aim("what", most=6), 7)])
    report.write(
        [table, Table("B", ["", "y"], [["row", "1"]])], [("Processor", "some")], "make bench", tmp_path / "b.md"
    )
    text = (tmp_path / "b.md").read_text("utf-8")
    assert "| what | ≤ 6 | 7 | missed |" in text
    titles = [line for line in text.splitlines() if line.startswith("## ")]
    assert titles[0] == "## Aims of the path of a command"
    assert titles[1] == report.PEERS.read_text("utf-8").splitlines()[0]
    assert titles[-2:] == ["## A", "## B"]


class _Slow(BaseHTTPRequestHandler):
    """Answers after 50 ms; /together only once four have asked."""

    protocol_version = "HTTP/1.1"
    four = threading.Barrier(4)

    def do_GET(self) -> None:
        if self.path == "/together":
            self.four.wait(timeout=10)
        time.sleep(0.05)
        self.send_response(409 if self.path == "/refused" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Slow) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def _get(path: str) -> bytes:
    return load.request("GET", path, {})


def test_a_request_that_waits_for_a_connection_counts_from_when_it_was_due(port: int) -> None:
    answers = load.scheduled(port, 1, [0.0, 0.0, 0.0], lambda _: _get("/"))
    assert [answer.good for answer in answers] == [True] * 3
    assert [round(answer.due - answers[0].due, 3) for answer in answers] == [0, 0, 0]
    assert answers[2].seconds >= 0.15


def test_requests_that_are_due_together_go_together(port: int) -> None:
    answers = load.scheduled(port, 4, [0.0] * 4, lambda _: _get("/together"))
    assert [answer.good for answer in answers] == [True] * 4


def test_a_request_is_not_sent_before_it_is_due(port: int) -> None:
    begin = time.perf_counter()
    (answer,) = load.scheduled(port, 2, [0.1], lambda _: _get("/"))
    assert answer.done - begin >= 0.15


def test_a_refusal_is_an_answer_where_requests_are_scheduled_and_an_error_where_they_are_counted(port: int) -> None:
    assert [one.status for one in load.scheduled(port, 1, [0.0], lambda _: _get("/refused"))] == [409]
    with pytest.raises(RuntimeError, match="answered 409"):
        load.run(port, 1, 0.2, lambda _: _get("/refused"))


def test_the_processor_time_of_a_child_that_has_ended_is_kept() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass\n"
    parent = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]]); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", parent, burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as started:
        assert started.stdout is not None
        assert started.stdin is not None
        started.stdout.readline()
        assert processor([started.pid])[started.pid] >= 0.25
        started.stdin.write(b"\n")
