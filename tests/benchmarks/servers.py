"""Servers of the benchmarks' own, and the programs that come with PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from deploy.local.settings import PROJECT, read_settings
from deploy.local.stack import Stack

DATABASES = ("event_store", "read_models")
# what is measured is the system, not how it holds callers back
_UNLIMITED = {
    "RATE_READS": "0",
    "RATE_COMMANDS": "0",
    "RATE_DEV_TOKENS": "0",
    "LOG_LEVEL": "WARNING",
    "MAX_CONNECTIONS": "6000",
}
# what the benchmarks start beside the copy, counted from its gateway's port like the copy's own
SPARE_PORTS = (15, 16)


@contextmanager
def servers() -> Iterator[Stack]:
    """PostgreSQL and RabbitMQ with empty databases; deleted at the end."""
    os.environ.update(_UNLIMITED)
    own = {
        "RUN_DIR": os.environ.get("BENCH_RUN_DIR", ".run/bench"),
        "GATEWAY_PORT": os.environ.get("BENCH_GATEWAY_PORT", "18100"),
    }
    Stack(read_settings(own)).delete()
    stack = Stack(read_settings(own))
    try:
        stack.start_servers()
        stack.migrate()
        yield stack
    finally:
        stack.delete()


def admin(stack: Stack | Beside, database: str) -> str:
    """Address of a database for the superuser."""
    return stack.database_url("postgres", database)


def make_database(stack: Stack, name: str) -> None:
    with psycopg.connect(admin(stack, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


@contextmanager
def process(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """A Python process of the benchmarks' own for as long as the block lasts, which writes to `log`; its id."""
    command = [sys.executable, "-m", *arguments]
    with (
        log.open("wb") as said,
        subprocess.Popen(command, env=dict(environment), cwd=PROJECT, stdout=said, stderr=said) as started,
    ):
        try:
            yield started.pid
        finally:
            started.terminate()
            try:
                started.wait(timeout=20)
            except subprocess.TimeoutExpired:
                started.kill()


class Beside:
    """Databases of a second copy on the same PostgreSQL: stands in for a Stack where only these are used."""

    def __init__(self, stack: Stack, name: str) -> None:
        self._stack, self._name = stack, name
        owned = sql.SQL("create database {} owner support_admin")
        with psycopg.connect(admin(stack, "postgres"), autocommit=True) as connection:
            for database in DATABASES:
                connection.execute(owned.format(sql.Identifier(self._called(database))))

    def database_url(self, role: str, database: str) -> str:
        return self._stack.database_url(role, self._called(database))

    def env_for(self, package: str) -> dict[str, str]:
        addresses = zip(("EVENT_STORE_URL", "READ_MODEL_URL"), DATABASES, strict=True)
        return self._stack.env_for(package) | {
            name: self.database_url(package, database) for name, database in addresses
        }

    def _called(self, database: str) -> str:
        return f"{database}_{self._name}"


def settle(stack: Stack | Beside) -> None:
    """What autovacuum and the checkpointer would do within minutes, done now."""
    for database in DATABASES:
        with psycopg.connect(admin(stack, database), autocommit=True) as connection:
            connection.execute("vacuum (analyze)")
            connection.execute("checkpoint")


@contextmanager
def altered(stack: Stack, settings: Mapping[str, str]) -> Iterator[None]:
    """PostgreSQL with other settings for as long as the block lasts."""
    with psycopg.connect(admin(stack, "postgres"), autocommit=True) as connection:
        for name, value in settings.items():
            connection.execute(sql.SQL("alter system set {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        connection.execute("select pg_reload_conf()")
        try:
            yield
        finally:
            for name in settings:
                connection.execute(sql.SQL("alter system reset {}").format(sql.Identifier(name)))
            connection.execute("select pg_reload_conf()")


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
