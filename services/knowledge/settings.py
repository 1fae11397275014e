"""What the knowledge service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from environs import Env

from shared.service.settings import DataSettings, read_data_settings

CONTENT = Path(__file__).parent / "content"


@dataclass(frozen=True, slots=True)
class Settings(DataSettings):
    """Where the service's data is.

    elasticsearch_url:  None = PostgreSQL answers searches
    synonyms_file:      words that mean the same, a group a line; read again when it changes
    related_file:       what customers say : what the articles say; read again when it changes
    """

    elasticsearch_url: str | None = None
    synonyms_file: Path = CONTENT / "synonyms.txt"
    related_file: Path = CONTENT / "related.txt"


def read_settings(env: Env | None = None) -> Settings:
    """Raises SettingsError naming the variable."""
    env = env or Env()
    return Settings(
        **read_data_settings(env),
        elasticsearch_url=env.str("ELASTICSEARCH_URL", "") or None,
        synonyms_file=Path(env.str("SYNONYMS_FILE", "") or CONTENT / "synonyms.txt"),
        related_file=Path(env.str("RELATED_WORDS_FILE", "") or CONTENT / "related.txt"),
    )
