"""What every process reads from its environment, and how a missing variable is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from environs import Env, EnvError

T = TypeVar("T")
Environment = Literal["local", "production"]


class SettingsError(Exception):
    """The environment does not fit; the message names the variable."""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Settings of one process.

    `max_commands` and `max_queries` bound the calls that one process works on at a time; as many again may
    wait for half a second. `health_port` 0 = no health port; `drain_seconds` = how long a stop waits for calls in hand.
    """

    service: str
    amqp_url: str
    environment: Environment = "local"
    log_level: str = "INFO"
    health_port: int = 0
    health_host: str = "0.0.0.0"  # noqa: S104  probes and Prometheus come from outside the container
    max_commands: int = 20
    max_queries: int = 40
    drain_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class DataSettings:
    """Where a service's data is.

    store:           `postgres` or `kurrentdb`
    store_url:       EVENT_STORE_URL, or KURRENTDB_URI
    read_model_url:  as the role that owns the schema
    """

    store: str
    store_url: str
    read_model_url: str


@dataclass(frozen=True, slots=True)
class AdminSettings:
    """For `migrate`: who may create schemas. `store_admin_url` is None where the store needs no schema."""

    store_admin_url: str | None
    read_model_admin_url: str


def required(read: Callable[[str], T], variable: str) -> T:
    """Read a variable with a reader of environs; raises SettingsError naming it when it is missing or malformed."""
    try:
        return read(variable)
    except EnvError as error:
        raise SettingsError(f"{variable}: {error}") from error


def checked_amqp_url(url: str) -> str:
    """Return an AMQP address that has a host; raises SettingsError that does not repeat the password."""
    parts = urlsplit(url)
    if parts.scheme != "amqp" or not parts.hostname:
        raise SettingsError("AMQP_URL: must look like amqp://user:password@host:port/vhost")
    return url


def read_service_settings(service: str, env: Env | None = None) -> ServiceSettings:
    """Read the settings that all services share; raises SettingsError naming the variable."""
    env = env or Env()
    environment = env.str("ENVIRONMENT", "local")
    if environment not in ("local", "production"):
        raise SettingsError("ENVIRONMENT: must be local or production")
    level = env.str("LOG_LEVEL", "INFO").upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        raise SettingsError("LOG_LEVEL: must be DEBUG, INFO, WARNING, ERROR or CRITICAL")
    return ServiceSettings(
        service=service,
        amqp_url=checked_amqp_url(required(env.str, "AMQP_URL")),
        environment=environment,  # type: ignore[arg-type]
        log_level=level,
        health_port=_within(env, "HEALTH_PORT", 0, 0, 65535),
        health_host=env.str("HEALTH_HOST", "0.0.0.0"),  # noqa: S104
        max_commands=_within(env, "RPC_MAX_COMMANDS", 20, 1, 1000),
        max_queries=_within(env, "RPC_MAX_QUERIES", 40, 1, 1000),
    )


def read_data_settings(env: Env) -> dict[str, str]:
    """The members of DataSettings; raises SettingsError naming the variable."""
    store = _store(env)
    return {
        "store": store,
        "store_url": required(env.str, "EVENT_STORE_URL" if store == "postgres" else "KURRENTDB_URI"),
        "read_model_url": required(env.str, "READ_MODEL_URL"),
    }


def read_admin_settings(env: Env | None = None) -> AdminSettings:
    """Raises SettingsError naming the variable."""
    env = env or Env()
    admin_url = required(env.str, "EVENT_STORE_ADMIN_URL") if _store(env) == "postgres" else None
    return AdminSettings(admin_url, required(env.str, "READ_MODEL_ADMIN_URL"))


def _store(env: Env) -> str:
    store = str(env.str("STORE", "postgres"))
    if store not in ("postgres", "kurrentdb"):
        raise SettingsError("STORE: must be postgres or kurrentdb")
    return store


def _within(env: Env, variable: str, default: int, lowest: int, highest: int) -> int:
    value = required(lambda name: env.int(name, default), variable)
    if not lowest <= value <= highest:
        raise SettingsError(f"{variable}: must be between {lowest} and {highest}")
    return value
