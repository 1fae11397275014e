"""What the handlers work with, as bootstrap puts it together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from services.gateway.assets import Assets
from services.gateway.auth import Verifier
from services.gateway.dev_login import DevLogin
from services.gateway.limits import RateLimits
from services.gateway.live import Hub
from services.gateway.live_tickets import LiveTickets
from services.gateway.readiness import Readiness
from services.gateway.settings import Settings
from shared.objects import ObjectStore
from shared.service.client import Caller, RemoteService

Deadline = Callable[[float], AbstractContextManager[Any]]
"""A context that raises TimeoutError inside it after so many seconds, as the server in use can do it."""


@dataclass(frozen=True, slots=True)
class Parts:
    """`caller` is the one connection to the services behind; `tickets`, `knowledge`, `chat` are services through it."""

    settings: Settings
    verifier: Verifier
    limits: RateLimits
    live_tickets: LiveTickets
    hub: Hub
    caller: Caller
    tickets: RemoteService
    knowledge: RemoteService
    chat: RemoteService
    objects: ObjectStore
    assets: Assets
    dev_login: DevLogin | None
    openapi: Mapping[str, Any]
    asyncapi: Mapping[str, Any]
    docs_page: bytes
    deadline: Deadline
    readiness: Readiness
