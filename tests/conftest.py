"""Real servers for the tests: the project's own, on other ports and in another folder than `make up` uses."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from deploy.local.settings import read_settings
from deploy.local.stack import Stack

# the tests send from one address and a few people what many people would send
for rate in ("RATE_COMMANDS", "RATE_READS", "RATE_UPLOADS", "RATE_DEV_TOKENS"):
    os.environ.setdefault(rate, "100000")
# tests run at night and on holidays, too
os.environ["CHAT_HOURS"] = "mon-sun 00:00-24:00"
os.environ["CHAT_HOLIDAYS"] = ""

# people answer chats whenever the tests run
os.environ["CHAT_HOURS"] = "mon-sun 00:00-24:00"
os.environ["CHAT_HOLIDAYS"] = ""


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """PostgreSQL and RabbitMQ, empty at first, stopped and deleted at the end."""
    # names of their own: what RUN_DIR names may be a copy that somebody uses, and this one is deleted
    environment = {
        "RUN_DIR": os.environ.get("TEST_RUN_DIR", ".run/test"),
        "GATEWAY_PORT": os.environ.get("TEST_GATEWAY_PORT", "18000"),
    }
    settings = read_settings(environment)
    Stack(settings).delete()
    stack = Stack(read_settings(environment))
    stack.start_servers()
    yield stack
    stack.delete()


@pytest.fixture(scope="session")
def amqp_url(stack: Stack) -> str:
    return stack.amqp_url()


@pytest.fixture(scope="session")
def contract_databases(stack: Stack) -> dict[str, str]:
    """Databases beside those of the running services, so that neither disturbs the other: name -> address pattern."""
    names = {name: f"contract_{name}" for name in ("event_store", "read_models")}
    with psycopg.connect(stack.database_url("postgres", "postgres"), autocommit=True) as connection:
        for name in names.values():
            connection.execute(sql.SQL("create database {} owner support_admin").format(sql.Identifier(name)))
    return names


@pytest.fixture(scope="session")
def event_store_admin_url(stack: Stack, contract_databases: dict[str, str]) -> str:
    return stack.database_url("postgres", contract_databases["event_store"])


@pytest.fixture(scope="session")
def event_store_url(stack: Stack, contract_databases: dict[str, str]) -> str:
    return stack.database_url("tickets", contract_databases["event_store"])


@pytest.fixture(scope="session")
def read_model_admin_url(stack: Stack, contract_databases: dict[str, str]) -> str:
    return stack.database_url("support_admin", contract_databases["read_models"])


@pytest.fixture(scope="session")
def read_model_url(stack: Stack, contract_databases: dict[str, str]) -> str:
    return stack.database_url("tickets", contract_databases["read_models"])


@pytest.fixture(scope="session")
def analytics_url(stack: Stack, contract_databases: dict[str, str]) -> str:
    return stack.database_url("analytics_reader", contract_databases["read_models"])


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def system(stack: Stack) -> Stack:
    """Every process of `make up`, ready."""
    stack.migrate()
    stack.start_services()
    stack.fill_content()
    return stack


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """The gateway of a copy that runs already (SUPPORT_URL), else of our own."""
    given = os.environ.get("SUPPORT_URL")
    return given or request.getfixturevalue("system").settings.url
