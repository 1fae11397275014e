"""The gateway in one process: its real application over services that the test scripts."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from services.gateway import bootstrap
from services.gateway.http.app import App
from services.gateway.http.handlers import Gateway
from services.gateway.live import Hub
from services.gateway.parts import Parts
from services.gateway.settings import HubCard, Rates, Settings
from shared.service.client import RemoteRefusal
from shared.service.settings import ServiceSettings

TICKET_ID = "0b8f7f4e-7f0e-4d2b-9a57-1f3f6f6a2c11"


def no_deadline(seconds: float) -> AbstractContextManager[Any]:
    return nullcontext()


class FakeService:
    """A service that answers what the test says and remembers what it was asked."""

    def __init__(self, missing: str) -> None:
        self._missing = missing
        self.answers: dict[str, Any] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.deadlines: list[float] = []

    def call(self, method: str, *, deadline: float = 5.0, **arguments: Any) -> Any:
        self.calls.append((method, arguments))
        self.deadlines.append(deadline)
        answer = self.answers.get(method)
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            problem = {"kind": "not_found", "code": self._missing, "detail": "There is none."}
            raise RemoteRefusal({**problem, "errors": {}, "details": {}})
        return answer(**arguments) if callable(answer) else answer

    @property
    def last(self) -> dict[str, Any]:
        """The arguments of the last call."""
        return self.calls[-1][1]


class Harness:
    """One gateway with a client in front of it."""

    def __init__(self, parts: Parts) -> None:
        self.tickets, self.knowledge = FakeService("ticket_not_found"), FakeService("article_not_found")
        self.chat = FakeService("chat_not_found")
        self.parts = parts
        self.rebuild(tickets=self.tickets, knowledge=self.knowledge, chat=self.chat)

    def rebuild(self, **parts: Any) -> None:
        """Put the application together with other parts."""
        self.parts = dataclasses.replace(self.parts, **parts)
        self.app = App(Gateway, self.parts, self._run)
        self.client = Client(self.app)

    def _run(self, entry: Any, call: Any) -> Any:
        service = Gateway()
        service.parts = self.parts
        return getattr(service, entry.name)(call)

    def token(self, sub: str = "anna", roles: tuple[str, ...] = ("customer",), account: str = "acme") -> str:
        person = {"sub": sub, "name": sub.title(), "email": f"{sub}@example.org", "account": account}
        assert self.parts.dev_login is not None
        return str(self.parts.dev_login.token({**person, "roles": list(roles)})["access_token"])

    def ask(self, method: str, path: str, *, token: str | None = None, **options: Any) -> TestResponse:
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        address = path if path.startswith(("/dev/", "/health")) else f"/api/v1{path}"
        return self.client.open(address, method=method, headers=headers, **options)


def ticket(**changes: Any) -> dict[str, Any]:
    """A ticket as the tickets service answers it."""
    return {
        "id": TICKET_ID,
        "number": "CF-7K2M9QX",
        "subject": "Instance is unreachable",
        "category": "TECHNICAL",
        "priority": "HIGH",
        "status": "OPEN",
        "description": "Since this morning.",
        "customer": {"id": "anna", "name": "Anna", "email": "anna@example.org", "account": "acme"},
        "assignee": None,
        "created_at": "2026-11-24T09:00:00+00:00",
        "updated_at": "2026-11-24T09:00:00+00:00",
        "first_response_at": None,
        "resolved_at": None,
        "closed_at": None,
        "closes_at": None,
        "message_count": 0,
        "unread_count": 0,
        "attachments": [],
        "allowed_actions": ["reply"],
        "revision": 3,
        **changes,
    }


def message(**changes: Any) -> dict[str, Any]:
    """A message as the tickets service answers it."""
    return {
        "id": str(uuid.UUID(int=7)),
        "author": {"id": "anna", "name": "Anna", "role": "customer"},
        "body": "Hello",
        "internal": False,
        "attachments": [],
        "created_at": "2026-11-24T09:01:00+00:00",
        "revision": 4,
        "position": 12,
        **changes,
    }


def commanded(**changes: Any) -> dict[str, Any]:
    """What a command of the tickets service answers."""
    return {"ticket": ticket(), "message": message(), "revision": 4, "position": 12, "replayed": False, **changes}


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Harness]:
    """Make a gateway with other settings than the usual ones."""

    def _make(feed: Callable[[int, int], Mapping[str, Any]] | None = None, **changes: Any) -> Harness:
        usual = Settings(
            service=ServiceSettings(service="gateway", amqp_url="amqp://nobody@localhost:1/none"),
            object_store_url=f"file://{tmp_path}/objects",
            dev_login=True,
            rates=Rates(0, 0, 0, 0, 0),
            hub_cards=(HubCard("status-page", "Status Page", "Is it up?", "https://status.example.org/"),),
        )
        settings = dataclasses.replace(usual, **changes)
        parts = bootstrap.build(settings, no_deadline)
        if feed is not None:
            parts = dataclasses.replace(parts, hub=Hub({"tickets": feed}))
        return Harness(parts)

    return _make


@pytest.fixture
def gateway(make: Callable[..., Harness]) -> Harness:
    return make()


@pytest.fixture
def a_ticket() -> Callable[..., dict[str, Any]]:
    return ticket


@pytest.fixture
def a_message() -> Callable[..., dict[str, Any]]:
    return message


@pytest.fixture
def a_command_answer() -> Callable[..., dict[str, Any]]:
    return commanded
