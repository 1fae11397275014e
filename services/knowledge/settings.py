"""What the knowledge service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from environs import Env

from shared.service.settings import SettingsError, required

CONTENT = Path(__file__).parent / "content"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the service's data is.

    store:              `postgres` or `kurrentdb`
    store_url:          EVENT_STORE_URL, or KURRENTDB_URI
    read_model_url:     as the role that owns the schema
    elasticsearch_url:  None = PostgreSQL answers searches
    synonyms_file:      words that mean the same, a group a line; read again when it changes
    related_file:       what customers say : what the articles say; read again when it changes
    """

    store: str
    store_url: str
    read_model_url: str
    elasticsearch_url: str | None = None
    synonyms_file: Path = CONTENT / "synonyms.txt"
    related_file: Path = CONTENT / "related.txt"


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
        elasticsearch_url=env.str("ELASTICSEARCH_URL", "") or None,
        synonyms_file=Path(env.str("SYNONYMS_FILE", "") or CONTENT / "synonyms.txt"),
        related_file=Path(env.str("RELATED_WORDS_FILE", "") or CONTENT / "related.txt"),
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
