"""The event store on PostgreSQL: a thin adapter over the functions in postgres.sql.

The writer's role may execute those functions, read one view, and has no rights on tables. Positions are dense integers
in commit order. Every call gets a connection within POOL_TIMEOUT and an answer within STATEMENT_TIMEOUT, or raises
StoreUnavailable.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib import resources
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import sql
from psycopg.types.string import ByteaBinaryLoader
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from shared.events.errors import (
    CommandIdReused,
    EventStoreError,
    InvalidEvent,
    NotTheOwner,
    StoreUnavailable,
    WrongExpectedRevision,
)
from shared.events.event import NewEvent, RecordedEvent
from shared.events.store.checks import check_appendable
from shared.events.store.port import Appended, Batch
from shared.events.stream import Expect, ExpectedRevision, Position, Revision, StreamName
from shared.events.subscription import StopSignal, catch_up

POOL_TIMEOUT = 3.0
STATEMENT_TIMEOUT = 5.0
_OPTIONS: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": 3,
    "tcp_user_timeout": 5000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "options": f"-c statement_timeout={int(STATEMENT_TIMEOUT * 1000)}",
}
_EXPECTED: Mapping[Expect, int] = {Expect.NO_STREAM: -1, Expect.ANY: -2, Expect.EXISTS: -3}

_COLUMNS: LiteralString = "event_id, name, version, stream, revision, position, recorded_at, data, metadata"
_READ: LiteralString = (
    f"select {_COLUMNS} from events.recorded where stream = %s and revision > %s order by revision limit %s"
)
# The head comes as a row of its own, without an id, from the same snapshot: whatever stands up to it is among the rows.
# Out of the view, because a function would be planned anew by each call.
_HEAD: LiteralString = "select coalesce(max(position), -1) from events.recorded"
_READ_ALL: LiteralString = (
    f"(select {_COLUMNS} from events.recorded where position > %s and (%s::text is null or category = any(%s::text[]))"
    " order by position limit %s)"
    " union all select null, null, null, null, null, (" + _HEAD + "), null, null, null order by position"
)

T = TypeVar("T")


class PostgresEventStore:
    """Implements EventStore on the database at `url`, with at most `connections` open connections."""

    def __init__(self, url: str, connections: int = 10) -> None:
        self._url = url
        self._pool = ConnectionPool(
            url,
            kwargs=_OPTIONS,
            min_size=1,
            max_size=connections,
            timeout=POOL_TIMEOUT,
            # short, or a long outage is followed by a backoff of minutes
            reconnect_timeout=3.0,
            configure=_configure,
            open=True,
        )

    def append(
        self,
        stream: StreamName,
        events: Sequence[NewEvent],
        expected: ExpectedRevision,
        command: uuid.UUID | None = None,
    ) -> Appended:
        encoded = check_appendable(events)
        parameters = (
            str(stream),
            stream.category,
            _EXPECTED[expected] if isinstance(expected, Expect) else expected,
            command,
            *(event.id for event in events),
            *(event.name for event in events),
            *(event.version for event in events),
            *(data.decode() for data, _ in encoded),
            *(metadata.decode() for _, metadata in encoded),
        )

        def run(connection: psycopg.Connection) -> Appended:
            row = connection.execute(_append(len(events)), parameters).fetchone()
            assert row is not None
            return Appended(Revision(row[0]), Revision(row[1]), Position(row[2]))

        try:
            # tried twice: the event ids make the second try harmless where the first one had been committed
            return self._run(run)
        except psycopg.Error as error:
            # a repetition may come with a revision that was right the first time: what counts is the first result
            if error.sqlstate in ("SE001", "23505"):
                first = self._first_result(stream, command, events[0].id)
                if first is not None:
                    return first
            raise _translated(error, stream, expected) from error

    def _first_result(self, stream: StreamName, command: uuid.UUID | None, event_id: uuid.UUID) -> Appended | None:
        rows = self._query("select * from events.first_result(%s, %s)", (command, event_id))
        if not rows:
            return None
        name, first, last, position = rows[0]
        if name != str(stream):
            raise CommandIdReused(f"command {command} stands in another stream")
        return Appended(first, last, position, duplicate=True)

    def read(self, stream: StreamName, after: int = -1, limit: int | None = None) -> list[RecordedEvent]:
        return _recorded(self._query(_READ, (str(stream), after, limit)))

    def read_all(self, after: Position, categories: Collection[str] | None = None, limit: int = 1000) -> Batch:
        # as the text of an array: psycopg takes long over a list
        wanted = None if categories is None else f"{{{','.join(categories)}}}"
        rows = self._query(_READ_ALL, (after, wanted, wanted, limit))
        # its position is the largest, next to which there may be the last event's
        head = rows.pop(-1 if rows[-1][0] is None else -2)[5]
        events = _recorded(rows)
        if len(events) == limit:
            return Batch(events, events[-1].position, caught_up=events[-1].position >= head)
        return Batch(events, Position(max(after, head)), caught_up=True)

    def head(self) -> Position:
        return Position(self._query(_HEAD, ())[0][0])

    def subscribe(
        self,
        after: Position,
        categories: Collection[str] | None = None,
        *,
        stop: StopSignal,
        batch_size: int = 1000,
    ) -> Iterator[Batch]:
        with _unavailable_when_lost(), psycopg.connect(self._url, **_OPTIONS) as listener:
            # before the first read, so that nothing falls between reading and listening
            listener.execute("listen events")

            def wait(_: Position) -> None:
                for _notification in listener.notifies(timeout=1.0, stop_after=1):
                    pass

            yield from catch_up(self, after, categories, stop=stop, batch_size=batch_size, wait=wait)

    def close(self) -> None:
        self._pool.close()

    def _query(self, query: LiteralString, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        with _unavailable_when_lost():
            return self._run(lambda connection: connection.execute(query, parameters, binary=True).fetchall())

    def _run(self, work: Callable[[psycopg.Connection], T]) -> T:
        try:
            with self._pool.connection() as connection:
                return work(connection)
        except psycopg.OperationalError as error:
            # connections may have died while they lay idle in the pool; new ones tell whether the server is there
            if isinstance(error, PoolTimeout | PoolClosed) or error.sqlstate == "57014":
                raise
            self._pool.check()
            with self._pool.connection() as connection:
                return work(connection)


def migrate(admin_url: str, owners: Mapping[str, str]) -> None:
    """Create the schema or bring it up to date; `owners` maps a category to the login role that may append to it."""
    script = resources.files(__package__).joinpath("postgres.sql").read_text()
    with psycopg.connect(admin_url, autocommit=False) as connection:
        # two services may migrate at once
        connection.execute("select pg_advisory_xact_lock(8246912)")
        connection.execute(script.encode())
        for category, owner in owners.items():
            connection.execute(
                "insert into events.owners values (%s, %s) on conflict (category) do update set owner = excluded.owner",
                (category, owner),
            )
            connection.execute(sql.SQL("grant event_writer to {}").format(sql.Identifier(owner)))


def _configure(connection: psycopg.Connection) -> None:
    # an id and JSON stay bytes until somebody looks; in the binary form only, which is what reading asks for
    connection.adapters.register_loader("uuid", ByteaBinaryLoader)
    connection.adapters.register_loader("json", ByteaBinaryLoader)


@cache
def _append(count: int) -> LiteralString:
    """The statement for so many events. Plain parameters: psycopg takes longer over lists than over their members."""
    lists: list[LiteralString] = ["uuid", "text", "integer", "text", "text"]
    values: LiteralString = ", ".join(["%s"] * count)
    arrays: LiteralString = ", ".join(f"array[{values}]::{kind}[]" for kind in lists)
    return f"select * from events.append(%s, %s, %s, %s, {arrays})"


def _recorded(rows: Sequence[tuple[Any, ...]]) -> list[RecordedEvent]:
    # a batch has fewer streams than events
    streams = {text: _stream(text) for text in {row[3] for row in rows}}
    return [
        RecordedEvent(id_, name, version, streams[text], revision, position, at, data, metadata)
        for id_, name, version, text, revision, position, at, data, metadata in rows
    ]


# what is in the log follows each other, and is asked for again by each follower
_stream = lru_cache(maxsize=4096)(StreamName.parse)


@contextmanager
def _unavailable_when_lost() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise _translated(error) from error


def _translated(
    error: psycopg.Error, stream: StreamName | None = None, expected: ExpectedRevision | None = None
) -> EventStoreError:
    match error.sqlstate:
        case "SE001":
            actual = int(error.diag.message_detail or -1)
            return WrongExpectedRevision(stream, expected, None if actual == -1 else actual)
        case "SE003":
            return NotTheOwner(error.diag.message_primary)
        case "23505":
            return CommandIdReused(error.diag.message_detail)
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return StoreUnavailable(str(error))
    if isinstance(error, psycopg.DataError):
        return InvalidEvent(str(error))
    return EventStoreError(str(error))
