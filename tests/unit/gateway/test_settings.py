"""Settings: defaults, and combinations that must not start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.gateway.settings import HUB_CARDS, read_settings
from shared.service.settings import SettingsError

LEAST = {"AMQP_URL": "amqp://a:b@localhost:5672/x", "OBJECT_STORE_URL": "file:///srv/objects", "DEV_LOGIN": "1"}
KEY = "k" * 32


PREFIXES = ("RATE_", "HUB_", "OIDC_", "MAX_", "GATEWAY_", "CORS_", "LIVE_", "DEV_", "FRAME_", "ALLOWED_", "TRUSTED_")


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name in (*LEAST, "ENVIRONMENT", "HEALTH_PORT", "LOG_LEVEL") or name.startswith(PREFIXES):
            monkeypatch.delenv(name)


def given(monkeypatch: pytest.MonkeyPatch, **values: str | None) -> None:
    for name, value in {**LEAST, **values}.items():
        if value is not None:
            monkeypatch.setenv(name, value)


def test_the_least_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch)
    settings = read_settings()
    assert (settings.host, settings.port, settings.dev_login) == ("127.0.0.1", 8000, True)
    assert [card.key for card in settings.hub_cards] == [card[0] for card in HUB_CARDS]
    assert settings.rates.reads == 600
    assert settings.cors_origins == frozenset()


def test_everything_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    given(
        monkeypatch,
        DEV_LOGIN="0",
        ENVIRONMENT="production",
        OIDC_ISSUER="https://id.example.org",
        LIVE_TICKET_KEY=KEY,
        CORS_ORIGINS="https://a.example.org/, https://b.example.org",
        HUB_STATUS_PAGE_URL="https://up.example.org",
        DEV_KEY_FILE="/srv/key.pem",
        RATE_READS="5",
    )
    settings = read_settings()
    assert settings.cors_origins == {"https://a.example.org", "https://b.example.org"}
    assert settings.hub_cards[-1].url == "https://up.example.org"
    assert settings.dev_key_file == Path("/srv/key.pem")
    assert settings.rates.reads == 5
    assert KEY not in repr(settings)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"AMQP_URL": None}, "AMQP_URL"),
        ({"OBJECT_STORE_URL": None}, "OBJECT_STORE_URL"),
        ({"DEV_LOGIN": "0"}, "OIDC_ISSUER"),
        ({"ENVIRONMENT": "production", "OIDC_ISSUER": "https://id", "LIVE_TICKET_KEY": KEY}, "DEV_LOGIN"),
        ({"ENVIRONMENT": "production", "OIDC_ISSUER": "https://id", "DEV_LOGIN": "0"}, "LIVE_TICKET_KEY"),
        ({"ENVIRONMENT": "staging"}, "ENVIRONMENT"),
        ({"LIVE_TICKET_KEY": "short"}, "LIVE_TICKET_KEY"),
        ({"CORS_ORIGINS": "*"}, "CORS_ORIGINS"),
        ({"GATEWAY_PORT": "eighty"}, "GATEWAY_PORT"),
        ({"FRAME_ANCESTORS": "'self'; script-src *"}, "FRAME_ANCESTORS"),
    ],
)
def test_what_does_not_fit_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str | None], named: str
) -> None:
    for name, value in {**LEAST, **values}.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=named):
        read_settings()
