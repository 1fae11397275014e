"""Servers of the benchmarks' own, and the programs that come with PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from deploy.local.settings import read_settings
from deploy.local.stack import Stack

_OWN = {"RUN_DIR": ".run/bench", "GATEWAY_PORT": "18100"}
# what is measured is the system, not how it holds callers back
_UNLIMITED = {"RATE_READS": "0", "RATE_COMMANDS": "0", "RATE_DEV_TOKENS": "0", "LOG_LEVEL": "WARNING"}


@contextmanager
def servers() -> Iterator[Stack]:
    """PostgreSQL and RabbitMQ with empty databases; deleted at the end."""
    os.environ.update(_UNLIMITED)
    Stack(read_settings(_OWN)).delete()
    stack = Stack(read_settings(_OWN))
    try:
        stack.start_servers()
        stack.migrate()
        yield stack
    finally:
        stack.delete()


def admin(stack: Stack, database: str) -> str:
    """Address of a database for the superuser."""
    return stack.database_url("postgres", database)


def make_database(stack: Stack, name: str) -> None:
    with psycopg.connect(admin(stack, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def settle(stack: Stack) -> None:
    """What autovacuum and the checkpointer would do within minutes, done now."""
    for database in ("event_store", "read_models"):
        with psycopg.connect(admin(stack, database), autocommit=True) as connection:
            connection.execute("vacuum (analyze)")
            connection.execute("checkpoint")


def run(program: str, arguments: Sequence[str], url: str, timeout: float) -> str:
    """Run one of PostgreSQL's client programs on a database; what it printed."""
    address = urlsplit(url)
    environment = {
        "PATH": os.environ["PATH"],
        "PGHOST": str(address.hostname),
        "PGPORT": str(address.port),
        "PGUSER": str(address.username),
        "PGPASSWORD": str(address.password),
        "PGDATABASE": address.path.lstrip("/"),
    }
    done = subprocess.run(
        [_program(program), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def _program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    return str(found[-1]) if found else shutil.which(name) or name
