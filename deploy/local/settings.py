"""Where one copy of the system lives: its folders and its ports."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT_GATEWAY_PORT = 8000

# Variable -> distance from GATEWAY_PORT: one number moves a whole copy. A copy takes twenty ports.
PORT_OFFSETS = {
    "GATEWAY_HEALTH_PORT": 1,
    "TICKETS_RPC_HEALTH_PORT": 2,
    "TICKETS_WORKER_HEALTH_PORT": 3,
    "KNOWLEDGE_RPC_HEALTH_PORT": 4,
    "KNOWLEDGE_WORKER_HEALTH_PORT": 5,
    "CHAT_RPC_HEALTH_PORT": 6,
    "CHAT_WORKER_HEALTH_PORT": 7,
    "POSTGRES_PORT": 11,
    "AMQP_PORT": 12,
    "EPMD_PORT": 13,
    "ERLANG_PORT": 14,
}


class LocalError(Exception):
    """Something on this machine stands in the way; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One copy: `run_dir` has its configuration, logs and files, `data_dir` the data of the two servers."""

    run_dir: Path
    data_dir: Path
    gateway_host: str
    gateway_port: int
    ports: Mapping[str, int]

    @property
    def logs(self) -> Path:
        return self.run_dir / "logs"

    @property
    def url(self) -> str:
        """Address of the gateway as a browser on this machine uses it."""
        host = "127.0.0.1" if self.gateway_host in ("0.0.0.0", "::") else self.gateway_host  # noqa: S104
        return f"http://{host}:{self.gateway_port}"

    def all_ports(self) -> dict[str, int]:
        """Variable -> TCP port, the gateway's own included."""
        return {"GATEWAY_PORT": self.gateway_port, **self.ports}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from RUN_DIR, GATEWAY_HOST, GATEWAY_PORT and the variables of PORT_OFFSETS. Raises LocalError."""
    given = os.environ if environment is None else environment
    run_dir = Path(PROJECT, given.get("RUN_DIR") or ".run").resolve()
    base = _port(given, "GATEWAY_PORT", DEFAULT_GATEWAY_PORT)
    ports = {name: _port(given, name, base + offset) for name, offset in PORT_OFFSETS.items()}
    return Settings(run_dir, _data_dir(run_dir), given.get("GATEWAY_HOST") or "127.0.0.1", base, ports)


def server_user(name: str) -> str | None:
    """The user that the server `name` runs as; None = whoever calls. Both servers refuse to run as root."""
    return name if os.geteuid() == 0 else None


def _port(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name) or str(default)
    if not text.isdigit() or not 1024 <= int(text) <= 65535:
        raise LocalError(f"{name} is {text!r}; it has to be a port from 1024 to 65535.")
    return int(text)


def _data_dir(run_dir: Path) -> Path:
    remembered = run_dir / "data"
    if remembered.exists():
        return remembered.resolve()
    if os.geteuid() != 0 or _others_may_enter(run_dir.parent):
        return remembered
    # Root's servers run as users of their own, who cannot reach a folder under, say, /root.
    return Path("/var/lib/cloud-factory-support") / short_hash(run_dir)


def short_hash(path: Path) -> str:
    """Twelve characters that name a folder."""
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def _others_may_enter(folder: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (folder, *folder.parents) if parent.exists())
