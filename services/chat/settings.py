"""What the chat service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from environs import Env

from services.chat.assistant.llm import LlmSettings, read_llm_settings
from services.chat.hours import DEFAULT_HOLIDAYS, DEFAULT_HOURS, DEFAULT_TIMEZONE, Hours, parse_hours
from services.chat.status.fetch import checked_address
from services.chat.status.file import DEFAULT_FILE
from shared.service.settings import DataSettings, SettingsError, read_data_settings

CONTENT = Path(__file__).parent / "content"
STATUS_PAGE = "https://status.cloudfactory.example/"


@dataclass(frozen=True, slots=True)
class Settings(DataSettings):
    """Where the service's data is, when people are there, and what the assistant asks.

    status_url:       of a hosted status page's summary; None: `status_file` says how the platform is
    status_private:   whether the status page may be at a private address, or without TLS
    status_page:      the page for people
    procedures:       folder of guided procedures
    llm:              None: the assistant answers from passages alone
    """

    hours: Hours
    status_url: str | None = None
    status_private: bool = False
    status_file: Path = DEFAULT_FILE
    status_page: str = STATUS_PAGE
    procedures: Path = CONTENT / "procedures"
    llm: LlmSettings | None = None


def read_settings(env: Env | None = None) -> Settings:
    """Raises SettingsError naming the variable."""
    env = env or Env()
    try:
        hours = parse_hours(
            env.str("CHAT_HOURS", DEFAULT_HOURS),
            env.str("CHAT_TIMEZONE", DEFAULT_TIMEZONE),
            env.str("CHAT_HOLIDAYS", DEFAULT_HOLIDAYS),
            env.str("CHAT_EXCEPTIONS", ""),
        )
        status_url = env.str("STATUS_URL", "") or None
        private = env.bool("STATUS_ALLOW_PRIVATE", False)
        if status_url is not None:
            checked_address(status_url, private)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return Settings(
        **read_data_settings(env),
        hours=hours,
        status_url=status_url,
        status_private=private,
        status_file=read_status_file(env),
        status_page=env.str("HUB_STATUS_PAGE_URL", STATUS_PAGE),
        procedures=Path(env.str("PROCEDURES_DIR", "") or CONTENT / "procedures"),
        llm=read_llm_settings(env),
    )


def read_status_file(env: Env | None = None) -> Path:
    """Where the file is that says how the platform is."""
    return Path((env or Env()).str("STATUS_FILE", "") or DEFAULT_FILE)
