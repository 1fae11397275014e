"""A service's read models on PostgreSQL: its schema, its migrations, and the checkpoints beside the rows they cover."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources.abc import Traversable
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from shared.events.errors import ReadModelUnavailable
from shared.events.store.port import EventStore, nothing_between
from shared.events.stream import START, Position

Connection = psycopg.Connection[DictRow]

POOL_TIMEOUT = 3.0
STATEMENT_TIMEOUT = 5.0
# seconds after which a connection that a burst of work has left is closed
MAX_IDLE = 60.0


class ReadModel:
    """The database at `url`, with `schema` first in the search path; rows come as dicts."""

    def __init__(self, url: str, schema: str, connections: int = 10) -> None:
        self.schema = schema
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            # a statement alone needs no BEGIN and no COMMIT, each of which is a round trip
            kwargs={**connection_options(schema, STATEMENT_TIMEOUT), "autocommit": True},
            connection_class=Connection,
            min_size=1,
            max_idle=MAX_IDLE,
            max_size=connections,
            timeout=POOL_TIMEOUT,
            # short, or a long outage is followed by a backoff of minutes
            reconnect_timeout=3.0,
            open=True,
        )

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction, committed at the end. Raises ReadModelUnavailable where the database is away or too slow."""
        with self._connection() as connection, connection.transaction():
            yield connection

    @contextmanager
    def pipeline(self) -> Iterator[Connection]:
        """As `transaction`, but what is written is sent without a wait; only who asks for rows waits for them.

        So the error of a statement may come up at a later one, or at the end.
        """
        with self._connection() as connection, connection.pipeline():
            # not by transaction(), which would wait for its answer before the pipeline waits for the end of everything
            connection.execute("begin")
            yield connection
            connection.execute("commit")

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            with self._pool.connection() as connection:
                yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            if not isinstance(error, PoolTimeout | psycopg.errors.QueryCanceled):
                # what lies in the pool may be as dead as this one was
                self._pool.check()
            raise ReadModelUnavailable(str(error)) from error

    def query(self, query: LiteralString, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[DictRow]:
        """All rows of one statement, which has to bear being run twice: after a lost connection it is tried again."""
        try:
            return self._fetch(query, parameters)
        except ReadModelUnavailable as error:
            if isinstance(error.__cause__, PoolTimeout | psycopg.errors.QueryCanceled):
                raise
            return self._fetch(query, parameters)

    def _fetch(self, query: LiteralString, parameters: Sequence[Any] | Mapping[str, Any]) -> list[DictRow]:
        with self._connection() as connection:
            return connection.execute(query, parameters).fetchall()

    def positions(self, names: Sequence[str]) -> dict[str, Position]:
        """How far each projection, relay or process has come; START where it never ran."""
        rows = self.query("select name, position from checkpoints where name = any(%s)", (list(names),))
        known = {row["name"]: Position(row["position"]) for row in rows}
        return {name: known.get(name, START) for name in names}

    def save(self, names: Sequence[str], position: Position) -> None:
        """Move checkpoints on to `position`, never back."""
        with self.transaction() as connection:
            save_checkpoints(connection, names, position)

    def reached(
        self, name: str, at_least: int | None, store: EventStore, categories: Collection[str], timeout: float = 1.0
    ) -> Position:
        """How far the projection is; with `at_least` once it has dealt with that position, or after `timeout` seconds.

        A checkpoint does not follow at once what happens elsewhere in the log, so where no event of the projection's
        `categories` stands up to there, it counts as reached.
        """
        if at_least is None:
            return self.positions([name])[name]
        position = Position(at_least)
        deadline, pause = time.monotonic() + timeout, 0.005
        while True:
            reached = self.positions([name])[name]
            if reached >= position or time.monotonic() >= deadline:
                return reached
            if nothing_between(store, categories, reached, position):
                return position
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)

    def close(self) -> None:
        self._pool.close()


def connection_options(schema: str, statement_timeout: float) -> dict[str, Any]:
    """Keyword arguments of a psycopg connection to a service's schema."""
    return {
        "row_factory": dict_row,
        "connect_timeout": 3,
        "tcp_user_timeout": 5000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "options": f"-c search_path={schema} -c statement_timeout={int(statement_timeout * 1000)} -c timezone=UTC",
    }


def save_checkpoints(connection: Connection, names: Sequence[str], position: Position) -> None:
    """Move checkpoints on to `position`, never back, in the caller's transaction."""
    connection.execute(
        "insert into checkpoints (name, position) select name, %s from unnest(%s::text[]) name"
        " on conflict (name) do update set position = excluded.position, updated_at = now()"
        " where checkpoints.position < excluded.position",
        (position, list(names)),
    )


def lock_checkpoints(connection: Connection, names: Sequence[str]) -> dict[str, Position]:
    """Where the followers are, held until the transaction ends: a second worker that believes to lead waits here."""
    connection.execute(
        "insert into checkpoints (name, position) select name, %s from unnest(%s::text[]) name"
        " on conflict (name) do nothing",
        (START, list(names)),
    )
    rows = connection.execute(
        "select name, position from checkpoints where name = any(%s) order by name for update", (list(names),)
    ).fetchall()
    return {row["name"]: Position(row["position"]) for row in rows}


def migrate(admin_url: str, schema: str, role: str, folder: Traversable, views: str) -> list[str]:
    """Run the `*.sql` files of `folder` that were not run yet, in the order of their names, as the schema's owner.

    `views` is SQL that defines the views for analytics; it is run every time, after them. Gives the names of the files
    that it ran. Raises ValueError where a file that was run before has been changed since.
    """
    with psycopg.connect(admin_url) as connection:
        # two replicas may migrate at once
        connection.execute("select pg_advisory_xact_lock(8246913)")
        identifiers = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
        # to make schemas for a role, and to become it below, takes membership in it
        if connection.execute("select pg_has_role(%s, 'member')", (role,)).fetchone() != (True,):
            connection.execute(sql.SQL("grant {role} to current_user").format(**identifiers))
        # the second and third are where a rebuild grows new tables and retires old ones
        for name in (schema, f"{schema}_rebuild", f"{schema}_retired"):
            connection.execute(
                sql.SQL("create schema if not exists {} authorization {}").format(
                    sql.Identifier(name), identifiers["role"]
                )
            )
        connection.execute(
            "do $$ begin if not exists (select from pg_roles where rolname = 'analytics_reader') then"
            " create role analytics_reader login; end if; end $$"
        )
        connection.execute("create schema if not exists analytics")
        connection.execute("grant usage on schema analytics to analytics_reader")
        connection.execute(sql.SQL("grant usage, create on schema analytics to {role}").format(**identifiers))
        # a rebuild in several processes fills temporary tables
        row = connection.execute("select current_database()").fetchone()
        assert row is not None
        database = sql.Identifier(row[0])
        connection.execute(sql.SQL("grant temporary on database {} to {role}").format(database, **identifiers))
        connection.execute(sql.SQL("set role {role}").format(**identifiers))
        connection.execute(sql.SQL("set search_path = {schema}").format(**identifiers))
        connection.execute(
            "create table if not exists migrations (name text primary key, digest text not null,"
            " ran_at timestamptz not null default now())"
        )
        connection.execute(
            "create table if not exists checkpoints (name text primary key, position bigint not null,"
            " updated_at timestamptz not null default now())"
        )
        connection.execute(
            "create table if not exists leases (name text primary key, holder uuid not null,"
            " until timestamptz not null)"
        )
        done = dict(cast(list[tuple[str, str]], connection.execute("select name, digest from migrations").fetchall()))
        ran = [script.name for script in _scripts(folder) if _run(connection, script, done)]
        connection.execute(views.encode())
        return ran


def _scripts(folder: Traversable) -> list[Traversable]:
    return sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda each: each.name)


def _run(connection: psycopg.Connection, script: Traversable, done: Mapping[str, str]) -> bool:
    text = script.read_bytes()
    digest = hashlib.sha256(text).hexdigest()
    if script.name in done:
        if done[script.name] != digest:
            raise ValueError(f"migration {script.name} was changed after it had been run; add a new one instead")
        return False
    connection.execute(text)
    connection.execute("insert into migrations (name, digest) values (%s, %s)", (script.name, digest))
    return True
