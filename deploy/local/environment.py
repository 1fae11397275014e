"""The environment of each of our processes: addresses and passwords of this copy's servers."""

from __future__ import annotations

import os
from collections.abc import Mapping

from deploy.local import postgres, rabbitmq
from deploy.local.programs import Service
from deploy.local.settings import Settings

# What a caller may set for the services; anything else of the caller's environment stays outside.
PASSED_ON = (
    *("PATH", "HOME", "LANG", "TZ", "LOG_LEVEL", "STORE", "KURRENTDB_URI", "CORS_ORIGINS"),
    *("ELASTICSEARCH_URL", "SYNONYMS_FILE", "RELATED_WORDS_FILE"),
    *("CHAT_HOURS", "CHAT_TIMEZONE", "CHAT_HOLIDAYS", "CHAT_EXCEPTIONS", "PROCEDURES_DIR"),
    *("STATUS_URL", "STATUS_ALLOW_PRIVATE"),
    *("ASSISTANT_LLM_URL", "ASSISTANT_LLM_MODEL", "ASSISTANT_LLM_KEY"),
    *("ASSISTANT_LLM_RATE_PERSON", "ASSISTANT_LLM_RATE_TOTAL"),
    *("HUB_DOCUMENTATION_URL", "HUB_VIDEO_TUTORIALS_URL", "HUB_COMMUNITY_FORUM_URL", "HUB_STATUS_PAGE_URL"),
    *("RATE_READS", "RATE_COMMANDS", "RATE_UPLOADS", "RATE_DEV_TOKENS", "RATE_ACCOUNT_FACTOR"),
    *("MAX_CONNECTIONS", "MAX_STREAMS_PER_PERSON"),
)
# One person at this machine plays many; the demo alone makes some hundred calls as three agents.
_RATES = {"RATE_COMMANDS": "1200", "RATE_UPLOADS": "600", "RATE_DEV_TOKENS": "600"}


def env_for(settings: Settings, secrets: Mapping[str, str], package: str) -> dict[str, str]:
    """Variables for `python -m services.<package> …`, without a health port."""
    common = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {
        "ENVIRONMENT": "local",
        "PYTHONUNBUFFERED": "1",
        "AMQP_URL": rabbitmq.url(settings, secrets),
        "OBJECT_STORE_URL": f"file://{settings.run_dir / 'objects'}",
        "STATUS_FILE": str(settings.run_dir / "status.json"),
    }
    if package == "gateway":
        return common | {
            "GATEWAY_HOST": settings.gateway_host,
            "GATEWAY_PORT": str(settings.gateway_port),
            "DEV_LOGIN": "1",
            "DEV_KEY_FILE": str(settings.run_dir / "development-key.pem"),
            "LIVE_TICKET_KEY": secrets["live_tickets"],
            **{name: value for name, value in _RATES.items() if name not in os.environ},
        }
    return common | {
        "EVENT_STORE_URL": postgres.url(settings, secrets, package, "event_store"),
        "READ_MODEL_URL": postgres.url(settings, secrets, package, "read_models"),
    }


def env_for_migrate(settings: Settings, secrets: Mapping[str, str], package: str) -> dict[str, str]:
    """As env_for, with the addresses of the databases' owner, which no running service knows."""
    return env_for(settings, secrets, package) | {
        "EVENT_STORE_ADMIN_URL": postgres.url(settings, secrets, "support_admin", "event_store"),
        "READ_MODEL_ADMIN_URL": postgres.url(settings, secrets, "support_admin", "read_models"),
    }


def env_for_service(settings: Settings, secrets: Mapping[str, str], service: Service) -> dict[str, str]:
    """As env_for, with the process's own health port, for this machine only."""
    return env_for(settings, secrets, service.package) | {
        "HEALTH_HOST": "127.0.0.1",
        "HEALTH_PORT": str(settings.ports[service.health_port]),
    }
