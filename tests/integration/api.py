"""The HTTP API as the tests use it: a person, with a token, who sends a new idempotency key with each command."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import requests

PREFIX = "/api/v1"


class Person:
    """Somebody signed in at the gateway of `url`."""

    def __init__(self, url: str, name: str, *roles: str, account: str = "Test Ltd") -> None:
        self.url, self.name, self.id = url, name, str(uuid.uuid4())
        claims = {
            "sub": self.id,
            "name": name,
            "email": f"{name.lower()}@test.example",
            "account": account,
            "roles": list(roles or ("customer",)),
        }
        answer = requests.post(f"{url}/dev/token", json=claims, timeout=10)
        answer.raise_for_status()
        self.token = answer.json()["access_token"]

    def request(
        self, method: str, path: str, json: Any = None, key: str | None = None, **options: Any
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        if method != "GET":
            headers["Idempotency-Key"] = key or str(uuid.uuid4())
        return requests.request(
            method, self.url + PREFIX + path, json=json, headers=headers, timeout=options.pop("timeout", 15), **options
        )

    def get(self, path: str, **options: Any) -> Any:
        answer = self.request("GET", path, **options)
        assert answer.ok, answer.text
        return answer.json()

    def send(self, path: str, body: Any = None, method: str = "POST", **options: Any) -> Any:
        answer = self.request(method, path, body or {}, **options)
        assert answer.ok, answer.text
        return answer.json()

    def refused(self, path: str, body: Any = None, method: str = "POST", **options: Any) -> tuple[int, str]:
        """Status and code of a request that has to fail."""
        answer = self.request(method, path, body, **options)
        assert not answer.ok, answer.text
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        return answer.status_code, answer.json()["code"]

    def persistently(self, path: str, body: Any = None, method: str = "POST", seconds: float = 40.0) -> Any:
        """Send one request with one key until it is answered, as a client does while services come and go."""
        answer = self._until_answered(path, body, method, seconds)
        assert answer.ok, answer.text
        return answer.json()

    def persistently_or_refused(self, path: str, body: Any, seconds: float = 40.0) -> Any | None:
        """The same where somebody else may have been quicker: None where it was refused."""
        answer = self._until_answered(path, body, "POST", seconds)
        assert answer.ok or answer.status_code == 409, answer.text
        return answer.json() if answer.ok else None

    def get_patiently(self, path: str, seconds: float = 40.0) -> Any:
        """Read while services come and go."""
        return self.persistently(path, None, "GET", seconds)

    def _until_answered(self, path: str, body: Any, method: str, seconds: float) -> requests.Response:
        key, deadline = str(uuid.uuid4()), time.monotonic() + seconds
        while True:
            try:
                answer = self.request(method, path, body, key=key, timeout=10)
                if answer.status_code < 500:
                    return answer
                last = f"{answer.status_code} {answer.text}"
            except requests.RequestException as error:
                last = repr(error)
            assert time.monotonic() < deadline, f"no answer in {seconds} s, at last {last}"
            time.sleep(0.2)

    def open(self, **changes: Any) -> Any:
        body = {"subject": "Server down", "category": "TECHNICAL", "priority": "HIGH", "description": "It is down."}
        return self.send("/tickets", {**body, **changes})

    def upload(self, content: bytes, filename: str) -> Any:
        answer = self.request("POST", "/attachments", files={"file": (filename, content)})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def live(self, path: str = "/live", **options: Any) -> Live:
        return Live(self, path, **options)


class Live:
    """A live stream, read in a thread: `items` are (position, name, data), `heartbeats` positions.

    `complete` are those heartbeats up to which everything has been sent; the first one only names the log's end.
    """

    def __init__(self, person: Person, path: str, after: int | str | None = None) -> None:
        query = "" if after is None else f"?after={after}"
        request = urllib.request.Request(
            person.url + PREFIX + path + query, headers={"Authorization": f"Bearer {person.token}"}
        )
        self._answer = urllib.request.urlopen(request, timeout=40)
        self.items: list[tuple[int, str, dict[str, Any]]] = []
        self.heartbeats: list[int] = []
        self.last_id: str | None = None
        self.complete: list[int] = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.until(lambda: bool(self.heartbeats))

    def until(self, condition: Callable[[], bool], seconds: float = 15.0) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, seconds), f"not in {seconds} s; so far {self.items}"

    def until_position(self, position: int) -> None:
        self.until(
            lambda: any(at >= position for at in self.complete) or any(item[0] >= position for item in self.items)
        )

    def close(self) -> None:
        """Hang up; what has arrived stays."""
        self._answer.fp.raw._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._answer.close()

    def _read(self) -> None:
        for event in _events(self._answer):
            with self._changed:
                self.last_id = event.get("id", self.last_id)
                if event["event"] == "heartbeat":
                    self.heartbeats.append(json.loads(event["data"])["position"])
                    if "id" in event:
                        self.complete.append(self.heartbeats[-1])
                else:
                    # a signal, which is shown for a moment, has no place in the log
                    position = int(event.get("id", "-1").partition(".")[0])
                    self.items.append((position, event["event"], json.loads(event["data"])))
                self._changed.notify_all()


def _events(lines: Any) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    while line := lines.readline().decode():
        name, _, value = line.rstrip("\n").partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
        elif "data" in fields:
            yield {"event": "message", **fields}
            fields = {}
