"""What the tickets service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass

from environs import Env

from shared.service.settings import SettingsError, required

CONNECTIONS = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the service's data is.

    store:             `postgres` or `kurrentdb`
    store_url:         EVENT_STORE_URL, or KURRENTDB_URI
    read_model_url:    as the role that owns the schema
    object_store_url:  file:///folder or s3://bucket
    """

    store: str
    store_url: str
    read_model_url: str
    object_store_url: str


@dataclass(frozen=True, slots=True)
class AdminSettings:
    """For `migrate`: who may create schemas. `store_admin_url` is None where the store needs no schema."""

    store_admin_url: str | None
    read_model_admin_url: str


def read_settings(env: Env | None = None) -> Settings:
    """Raises SettingsError naming the variable."""
    env = env or Env()
    store = _store(env)
    return Settings(
        store=store,
        store_url=required(env.str, "EVENT_STORE_URL" if store == "postgres" else "KURRENTDB_URI"),
        read_model_url=required(env.str, "READ_MODEL_URL"),
        object_store_url=required(env.str, "OBJECT_STORE_URL"),
    )


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
