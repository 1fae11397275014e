"""How S3 fails: away, refusing, cutting off; and that it waits cooperatively under eventlet."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server

import pytest

from shared.objects import ObjectStore, ObjectStoreUnavailable, open_store

NAME = "ab" * 32
ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


class BadServer(BaseHTTPRequestHandler):
    """Refuses what changes something, and breaks off in the middle of every object."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "300000")
        self.end_headers()
        self.wfile.write(b"x" * 100_000)
        self.close_connection = True

    def do_HEAD(self) -> None:
        self.send_response(404 if self.path.startswith("/absent") else 403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BadServer)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def refusing(endpoint: str) -> ObjectStore:
    return open_store(f"s3://files?endpoint={endpoint}")


@pytest.fixture
def away() -> ObjectStore:
    with create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return open_store(f"s3://files?endpoint=http://127.0.0.1:{port}")


def test_a_storage_that_is_away_is_unavailable_for_every_call(away: ObjectStore) -> None:
    for call in (
        lambda: away.put([b"x"], 10),
        lambda: away.open(NAME),
        lambda: away.size(NAME),
        lambda: away.delete(NAME),
        lambda: next(away.older_than(timedelta(), datetime.now(UTC))),
        lambda: away.check(),
    ):
        with pytest.raises(ObjectStoreUnavailable, match="did not answer"):
            call()


def test_a_refusal_is_unavailable_and_says_its_code(refusing: ObjectStore) -> None:
    with pytest.raises(ObjectStoreUnavailable, match="AccessDenied"):
        refusing.put([b"x"], 10)
    with pytest.raises(ObjectStoreUnavailable, match="403"):
        refusing.check()


def test_an_object_that_breaks_off_is_an_error_not_a_short_file(refusing: ObjectStore) -> None:
    with pytest.raises(ObjectStoreUnavailable):
        list(refusing.open(NAME))


def test_missing_credentials_are_unavailable(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(ObjectStoreUnavailable, match="NoCredentialsError"):
        open_store(f"s3://files?endpoint={endpoint}").size(NAME)


def test_a_bucket_that_does_not_exist_is_not_ready(endpoint: str) -> None:
    with pytest.raises(ObjectStoreUnavailable, match="bucket does not exist"):
        open_store(f"s3://absent?endpoint={endpoint}").check()


UNDER_EVENTLET = """
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from shared.objects import open_store

CALLS = 8
arrived = eventlet.Event()
waiting = []

class Storage(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        waiting.append(1)
        if len(waiting) == CALLS:
            arrived.send()
        arrived.wait()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass

class Server(ThreadingMixIn, HTTPServer):
    daemon_threads = True

server = Server(("127.0.0.1", 0), Storage)
eventlet.spawn(server.serve_forever)
far = open_store(f"s3://files?endpoint=http://127.0.0.1:{server.server_port}")
near = open_store("file://" + sys.argv[1])
puts = eventlet.GreenPool(CALLS)
with eventlet.Timeout(20):
    names = {stored.sha256 for stored in puts.imap(lambda n: far.put([b"%d" % n], 10), range(CALLS))}
    assert len(names) == CALLS, names
    stored = near.put([b"x" * 200_000], 300_000)
    assert b"".join(near.open(stored.sha256, 5)) == b"x" * 199_995
print("done")
"""


def test_calls_wait_for_each_other_under_eventlet(tmp_path: Path) -> None:
    """The server answers the first call only when all eight have arrived, so one that blocks the hub hangs it."""
    done = subprocess.run(
        [sys.executable, "-c", UNDER_EVENTLET, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
