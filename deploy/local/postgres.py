"""A private PostgreSQL: its cluster, its databases and who may enter them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from deploy.local import folders
from deploy.local.programs import Program
from deploy.local.settings import LocalError, Settings, server_user

USER = "postgres"
DATABASES = ("event_store", "read_models")
SERVICES = ("tickets", "knowledge", "chat")
# Who may connect to which database; owner of both is support_admin.
ENTRY = {"event_store": SERVICES, "read_models": (*SERVICES, "analytics_reader")}

_CONFIGURATION = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 120
fsync = on
synchronous_commit = on
full_page_writes = on
wal_compression = on
max_wal_size = 2GB
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = off
log_line_prefix = '%m %q%u@%d '
"""


def program(settings: Settings) -> Program:
    """The server as the supervisor runs it."""
    data = _cluster(settings)
    return Program(
        "postgres",
        (str(_binary("postgres")), "-D", str(data)),
        environment={"HOME": str(data.parent), "LC_ALL": "C.UTF-8"},
        user=server_user(USER),
        directory=data.parent,
        # INT is the fast shutdown: TERM would wait for every client to leave.
        stop_signal="INT",
        stop_seconds=40,
    )


def prepare(settings: Settings, secrets: Mapping[str, str]) -> None:
    """Make the cluster if there is none, and write its configuration. Raises LocalError."""
    user = server_user(USER)
    data = _cluster(settings)
    home = folders.owned(data.parent, user)
    if not data.exists():
        _initdb(home, data, user, secrets["postgres"])
    folders.write_private(
        data / "postgresql.auto.conf", _CONFIGURATION.format(port=settings.ports["POSTGRES_PORT"]), user
    )


def url(settings: Settings, secrets: Mapping[str, str], role: str, database: str) -> str:
    """Address of a database for one role."""
    return f"postgresql://{role}:{secrets[role]}@127.0.0.1:{settings.ports['POSTGRES_PORT']}/{database}"


def check(settings: Settings, secrets: Mapping[str, str]) -> None:
    """Return when the server answers a query; raises psycopg.Error while it does not."""
    with psycopg.connect(url(settings, secrets, "postgres", "postgres"), connect_timeout=2) as connection:
        connection.execute("select 1")


def make_databases(settings: Settings, secrets: Mapping[str, str]) -> None:
    """Make roles and databases that are missing, and set every role's password and rights anew."""
    with psycopg.connect(
        url(settings, secrets, "postgres", "postgres"), autocommit=True, connect_timeout=5
    ) as connection:
        for role in ("support_admin", *SERVICES, "analytics_reader"):
            _make_role(connection, role, secrets[role])
        for database in DATABASES:
            _make_database(connection, database)


def _make_role(connection: psycopg.Connection, role: str, password: str) -> None:
    # Migrations make group roles, such as the one that may execute the store's functions.
    rights = "login createrole" if role == "support_admin" else "login"
    known = connection.execute("select from pg_roles where rolname = %s", [role]).fetchone()
    verb = "alter" if known is not None else "create"
    connection.execute(
        sql.SQL(f"{verb} role {{}} {rights} password {{}}").format(sql.Identifier(role), sql.Literal(password))
    )


def _make_database(connection: psycopg.Connection, database: str) -> None:
    name = sql.Identifier(database)
    if connection.execute("select from pg_database where datname = %s", [database]).fetchone() is None:
        connection.execute(sql.SQL("create database {} owner support_admin").format(name))
    connection.execute(sql.SQL("revoke all on database {} from public").format(name))
    for role in ENTRY[database]:
        connection.execute(sql.SQL("grant connect on database {} to {}").format(name, sql.Identifier(role)))


def _initdb(home: Path, data: Path, user: str | None, password: str) -> None:
    made = home / "new"
    shutil.rmtree(made, ignore_errors=True)
    password_file = home / "password"
    folders.write_private(password_file, password, user)
    try:
        done = subprocess.run(
            [
                str(_binary("initdb")),
                *("--pgdata", str(made), "--username", "postgres", "--pwfile", str(password_file)),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums"),
            ],
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            cwd=home,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        password_file.unlink()
    if done.returncode:
        raise LocalError(f"PostgreSQL's initdb failed:\n{done.stdout}{done.stderr}")
    # An interrupted initdb leaves half a cluster; only a whole one gets the name.
    made.rename(data)


def _cluster(settings: Settings) -> Path:
    return settings.data_dir / "postgres" / "cluster"


def _binary(name: str) -> Path:
    versions = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]), reverse=True
    )
    found = versions[0] if versions else shutil.which(name, path=os.environ.get("PATH"))
    if found is None:
        raise LocalError(f"PostgreSQL's {name} is not installed; `make install` installs it.")
    return Path(found)
