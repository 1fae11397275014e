"""What the tickets service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass

from environs import Env

from shared.service.settings import DataSettings, read_data_settings, required


@dataclass(frozen=True, slots=True)
class Settings(DataSettings):
    """Where the service's data is; `object_store_url` is file:///folder or s3://bucket."""

    object_store_url: str


def read_settings(env: Env | None = None) -> Settings:
    """Raises SettingsError naming the variable."""
    env = env or Env()
    return Settings(**read_data_settings(env), object_store_url=required(env.str, "OBJECT_STORE_URL"))
