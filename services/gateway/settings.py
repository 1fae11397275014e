"""Settings of the gateway, read once from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from environs import Env, EnvError

from shared.service.settings import ServiceSettings, SettingsError, read_service_settings, required

HUB_CARDS: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "documentation",
        "Documentation",
        "Guides and reference for every Cloud Factory product.",
        "HUB_DOCUMENTATION_URL",
        "https://docs.cloudfactory.example/",
    ),
    (
        "video-tutorials",
        "Video Tutorials",
        "Short films that show one task each.",
        "HUB_VIDEO_TUTORIALS_URL",
        "https://videos.cloudfactory.example/",
    ),
    (
        "community-forum",
        "Community Forum",
        "Ask other customers and read what they found out.",
        "HUB_COMMUNITY_FORUM_URL",
        "https://community.cloudfactory.example/",
    ),
    (
        "status-page",
        "Status Page",
        "Whether our services are up, and what we are doing about it.",
        "HUB_STATUS_PAGE_URL",
        "https://status.cloudfactory.example/",
    ),
)


@dataclass(frozen=True, slots=True)
class HubCard:
    key: str
    title: str
    description: str
    url: str


@dataclass(frozen=True, slots=True)
class Rates:
    """Calls a minute for one person; an account has `account_factor` times as many. 0 = no limit."""

    reads: int = 600
    commands: int = 120
    uploads: int = 60
    dev_tokens: int = 60
    account_factor: int = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """What one gateway process is told; `service` is what every process of the project has."""

    service: ServiceSettings
    object_store_url: str
    host: str = "127.0.0.1"
    port: int = 8000
    oidc_issuer: str | None = None
    oidc_audience: str = "cloud-factory-support"
    oidc_jwks_url: str | None = None
    dev_login: bool = False
    dev_key_file: Path | None = None
    live_ticket_key: str | None = field(default=None, repr=False)
    cors_origins: frozenset[str] = frozenset()
    frame_ancestors: str = "'none'"
    allowed_hosts: frozenset[str] = frozenset()
    trusted_proxies: int = 0
    max_in_flight: int = 200
    max_connections: int = 5000
    max_streams_per_person: int = 20
    rates: Rates = field(default_factory=Rates)
    hub_cards: tuple[HubCard, ...] = ()


def read_settings() -> Settings:
    """Settings from the process's environment. Raises SettingsError, naming the variable."""
    env = Env()
    try:
        settings = _read(env)
    except EnvError as error:
        raise SettingsError(str(error)) from error
    _refuse_misfits(settings)
    return settings


def _read(env: Env) -> Settings:
    usual = Rates()
    return Settings(
        service=read_service_settings("gateway", env),
        object_store_url=required(env.str, "OBJECT_STORE_URL"),
        host=env.str("GATEWAY_HOST", "127.0.0.1"),
        port=env.int("GATEWAY_PORT", 8000),
        oidc_issuer=env.str("OIDC_ISSUER", "") or None,
        oidc_audience=env.str("OIDC_AUDIENCE", "cloud-factory-support"),
        oidc_jwks_url=env.str("OIDC_JWKS_URL", "") or None,
        dev_login=env.bool("DEV_LOGIN", False),
        dev_key_file=env.path("DEV_KEY_FILE", None),
        live_ticket_key=env.str("LIVE_TICKET_KEY", "") or None,
        cors_origins=_words(env, "CORS_ORIGINS"),
        frame_ancestors=env.str("FRAME_ANCESTORS", "'none'"),
        allowed_hosts=_words(env, "ALLOWED_HOSTS"),
        trusted_proxies=env.int("TRUSTED_PROXIES", 0),
        max_in_flight=env.int("MAX_IN_FLIGHT", 200),
        max_connections=env.int("MAX_CONNECTIONS", 5000),
        max_streams_per_person=env.int("MAX_STREAMS_PER_PERSON", 20),
        rates=Rates(
            reads=env.int("RATE_READS", usual.reads),
            commands=env.int("RATE_COMMANDS", usual.commands),
            uploads=env.int("RATE_UPLOADS", usual.uploads),
            dev_tokens=env.int("RATE_DEV_TOKENS", usual.dev_tokens),
            account_factor=env.int("RATE_ACCOUNT_FACTOR", usual.account_factor),
        ),
        hub_cards=tuple(
            HubCard(key, title, description, env.str(variable, default))
            for key, title, description, variable, default in HUB_CARDS
        ),
    )


def _refuse_misfits(settings: Settings) -> None:
    production = settings.service.environment == "production"
    if production and settings.dev_login:
        raise SettingsError("DEV_LOGIN makes tokens for anyone who asks: it cannot be on in production.")
    if not settings.dev_login and settings.oidc_issuer is None:
        raise SettingsError("OIDC_ISSUER is missing: who signs the tokens? (DEV_LOGIN=1 does without, locally.)")
    key = settings.live_ticket_key
    if production and key is None:
        raise SettingsError("LIVE_TICKET_KEY is missing: the replicas sign tickets for live streams with it.")
    if key is not None and len(key) < 32:
        raise SettingsError("LIVE_TICKET_KEY has to have at least 32 characters.")
    if "*" in settings.cors_origins:
        raise SettingsError("CORS_ORIGINS lists origins; * is not taken.")
    if any(mark in settings.frame_ancestors for mark in ";,\r\n"):
        raise SettingsError("FRAME_ANCESTORS is a list of sources with spaces between them.")


def _words(env: Env, name: str) -> frozenset[str]:
    return frozenset(word.strip().rstrip("/") for word in env.str(name, "").split(",") if word.strip())
