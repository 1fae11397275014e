"""Which of our own processes there are, and how any process is described to the supervisor."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.settings import PROJECT


@dataclass(frozen=True, slots=True)
class Program:
    """One supervised process; `user` None = whoever started the supervisor."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    user: str | None = None
    directory: Path = PROJECT
    stop_signal: str = "TERM"
    stop_seconds: int = 20


@dataclass(frozen=True, slots=True)
class Service:
    """One process of ours: `python -m services.<package> <role>`, ready when its health port says so."""

    name: str
    package: str
    role: str
    health_port: str

    @property
    def command(self) -> tuple[str, ...]:
        return (sys.executable, "-m", f"services.{self.package}", self.role)


# A new service adds its lines here, its health port to settings.PORT_OFFSETS and its variables to environment.py.
SERVICES = (
    Service("tickets-rpc", "tickets", "rpc", "TICKETS_RPC_HEALTH_PORT"),
    Service("tickets-worker", "tickets", "worker", "TICKETS_WORKER_HEALTH_PORT"),
    Service("knowledge-rpc", "knowledge", "rpc", "KNOWLEDGE_RPC_HEALTH_PORT"),
    Service("knowledge-worker", "knowledge", "worker", "KNOWLEDGE_WORKER_HEALTH_PORT"),
    Service("chat-rpc", "chat", "rpc", "CHAT_RPC_HEALTH_PORT"),
    Service("chat-worker", "chat", "worker", "CHAT_WORKER_HEALTH_PORT"),
    Service("gateway", "gateway", "http", "GATEWAY_HEALTH_PORT"),
)
# Packages that have `python -m services.<package> migrate`.
MIGRATED = ("tickets", "knowledge", "chat")
