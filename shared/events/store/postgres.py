"""The event store on PostgreSQL: a thin adapter over the functions in postgres.sql.

The writer's role may execute those functions, read one view, and has no rights on tables. Positions are dense integers
in commit order. Every call gets a connection within POOL_TIMEOUT and an answer within STATEMENT_TIMEOUT, or raises
StoreUnavailable.
"""

from __future__ import annotations

import select
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import resources
from typing import Any, LiteralString, TypeVar

import orjson
import psycopg
from psycopg import sql
from psycopg.types.string import ByteaBinaryLoader
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from shared.events.deadline import remaining
from shared.events.errors import (
    CommandIdReused,
    EventStoreError,
    InvalidEvent,
    NotTheOwner,
    StoreUnavailable,
    WrongExpectedRevision,
)
from shared.events.event import NewEvent, RecordedEvent
from shared.events.store.checks import check_writes
from shared.events.store.group_commit import GroupCommit
from shared.events.store.port import Appended, Batch, Write
from shared.events.stream import Expect, ExpectedRevision, Position, Revision, StreamName
from shared.events.subscription import StopSignal, catch_up

POOL_TIMEOUT = 3.0
STATEMENT_TIMEOUT = 5.0
# seconds after which a connection that a burst of work has left is closed
MAX_IDLE = 60.0
_OPTIONS: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": 3,
    "tcp_user_timeout": 5000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "options": f"-c statement_timeout={int(STATEMENT_TIMEOUT * 1000)}",
}
# how long an append may wait for the commit before its own, and then take itself
APPEND_SECONDS = POOL_TIMEOUT + 2 * STATEMENT_TIMEOUT
# of one commit: more only makes those wait who come after it
GROUP_APPENDS, GROUP_BYTES = 64, 4 * 1024 * 1024
# the indexes by which a repetition is found
_REPETITIONS = ("log_command", "log_event")
_APPEND: LiteralString = "select * from events.append_all(%s, %s)"
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
        self._commit = GroupCommit(lambda: _Group(self._append))
        self._pool = ConnectionPool(
            url,
            kwargs=_OPTIONS,
            min_size=1,
            max_idle=MAX_IDLE,
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
        return self.append_all([Write(stream, events, expected, command)])[0]

    def append_all(self, writes: Sequence[Write]) -> list[Appended]:
        append = _Append(writes, check_writes(writes))
        try:
            return self._commit(append, remaining(APPEND_SECONDS))
        except (WrongExpectedRevision, CommandIdReused):
            # a repetition may come with a revision that was right the first time: what counts is the first result
            with _unavailable_when_lost():
                first = [self._first_result(write.stream, write.command, write.events[0].id) for write in writes]
            if not any(first):
                raise
            rest = append.without(first)
            new = iter(self._commit(rest, remaining(APPEND_SECONDS)) if rest.writes else ())
            return [known or next(new) for known in first]

    def appended(self, stream: StreamName, command: uuid.UUID) -> Appended | None:
        with _unavailable_when_lost():
            return self._first_result(stream, command, None)

    def _append(self, appends: Sequence[_Append]) -> Sequence[list[Appended] | Exception]:
        """Each append's result or error, in one commit where nothing of it was there before."""
        try:
            return self._call(appends)
        except psycopg.errors.UniqueViolation as error:
            if len(appends) == 1:
                return [_translated(error)]
            # a repetition among them: which one it is shows in a few steps, and the others stay together
            half = len(appends) // 2
            return [*self._append(appends[:half]), *self._append(appends[half:])]
        except psycopg.Error as error:
            return [_translated(error) for _ in appends]

    def _call(self, appends: Sequence[_Append]) -> list[list[Appended] | Exception]:
        parameters = _parameters(appends)

        def run(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
            return connection.execute(_APPEND, parameters, binary=True).fetchall()

        # tried twice: the event ids make the second try harmless where the first one had been committed
        rows = iter(self._run(run))
        return [_result(append, [next(rows) for _ in append.writes]) for append in appends]

    def _first_result(
        self, stream: StreamName, command: uuid.UUID | None, event_id: uuid.UUID | None
    ) -> Appended | None:
        def run(connection: psycopg.Connection) -> tuple[Any, ...] | None:
            return connection.execute("select * from events.first_result(%s, %s)", (command, event_id)).fetchone()

        row = self._run(run)
        if row is None:
            return None
        name, first, last, position = row
        if name != str(stream):
            raise CommandIdReused(f"command {command} stands in another stream")
        return _places(first, last, position, duplicate=True)

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
            for category in sorted(categories or ()):
                listener.execute(sql.SQL("listen {}").format(sql.Identifier(f"events_{category}")))

            # asked here, because notifies() itself looks ten times a second
            socket = select.poll()
            socket.register(listener.fileno(), select.POLLIN)

            def wait(_: Position) -> bool:
                return bool(socket.poll(1000)) and any(True for _ in listener.notifies(timeout=0))

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


class _Append:
    """The writes of one append, encoded."""

    def __init__(self, writes: Sequence[Write], encoded: Sequence[Sequence[tuple[bytes, bytes]]]) -> None:
        self.writes, self.encoded = writes, encoded
        # what may stand only once in one call
        self.names: set[StreamName | uuid.UUID] = {
            *(write.stream for write in writes),
            *(write.command for write in writes if write.command is not None),
            *(event.id for write in writes for event in write.events),
        }
        self.size = sum(len(data) + len(metadata) for one in encoded for data, metadata in one)

    def without(self, done: Sequence[Appended | None]) -> _Append:
        """What is left where some of the writes are done."""
        left = [
            pair for pair, known in zip(zip(self.writes, self.encoded, strict=True), done, strict=True) if not known
        ]
        return _Append([write for write, _ in left], [encoded for _, encoded in left])


class _Group:
    """Appends that do not meet, for one commit."""

    def __init__(self, commit: Callable[[Sequence[_Append]], Sequence[list[Appended] | Exception]]) -> None:
        self._append, self._appends = commit, list[_Append]()
        self._names: set[StreamName | uuid.UUID] = set()
        self._size = 0

    def take(self, work: _Append) -> bool:
        full = len(self._appends) >= GROUP_APPENDS or self._size + work.size > GROUP_BYTES
        if self._appends and (full or not self._names.isdisjoint(work.names)):
            return False
        self._appends.append(work)
        self._names |= work.names
        self._size += work.size
        return True

    def commit(self) -> Sequence[list[Appended] | Exception]:
        return self._append(self._appends)


def _parameters(appends: Sequence[_Append]) -> tuple[str, str]:
    """What events.append_all takes. JSON, because psycopg takes longer over arrays than orjson over all of it."""
    writes: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for number, append in enumerate(appends, 1):
        for write, encoded in zip(append.writes, append.encoded, strict=True):
            expected = write.expected
            writes.append(
                {
                    "append": number,
                    "stream": str(write.stream),
                    "expected": _EXPECTED[expected] if isinstance(expected, Expect) else expected,
                    "command": write.command,
                    "events": len(write.events),
                }
            )
            events.extend(
                {
                    "write": len(writes),
                    "id": event.id,
                    "name": event.name,
                    "version": event.version,
                    "data": orjson.Fragment(data),
                    "metadata": orjson.Fragment(metadata),
                }
                for event, (data, metadata) in zip(write.events, encoded, strict=True)
            )
    return orjson.dumps(writes).decode(), orjson.dumps(events).decode()


def _result(append: _Append, rows: Sequence[tuple[Any, ...]]) -> list[Appended] | Exception:
    for write, (refused, revision, _) in zip(append.writes, rows, strict=True):
        if refused == "owner":
            return NotTheOwner(f"this role does not own the category {write.stream.category}")
        if refused == "revision":
            return WrongExpectedRevision(write.stream, write.expected, None if revision == -1 else revision)
    return [
        _places(revision - len(write.events) + 1, revision, position)
        for write, (_, revision, position) in zip(append.writes, rows, strict=True)
    ]


def _places(first: int, last: int, position: int, duplicate: bool = False) -> Appended:
    positions = range(position - (last - first), position + 1)
    return Appended(Revision(first), tuple(map(Position, positions)), duplicate)


def _recorded(rows: Sequence[tuple[Any, ...]]) -> list[RecordedEvent]:
    # a batch has fewer streams than events
    streams = {text: _stream(text) for text in {row[3] for row in rows}}
    return [
        RecordedEvent(id_, name, version, streams[text], revision, position, at, data, metadata)
        for id_, name, version, text, revision, position, at, data, metadata in rows
    ]


# neighbouring events share streams, and every follower asks for the same ones
_stream = lru_cache(maxsize=4096)(StreamName.parse)


@contextmanager
def _unavailable_when_lost() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise _translated(error) from error


def _translated(error: psycopg.Error) -> EventStoreError:
    if isinstance(error, psycopg.errors.UniqueViolation) and error.diag.constraint_name in _REPETITIONS:
        return CommandIdReused(error.diag.message_detail)
    if isinstance(error, psycopg.errors.UniqueViolation):
        # a writer of the former version took the same place in the log: nothing was written
        return StoreUnavailable(str(error))
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return StoreUnavailable(str(error))
    if isinstance(error, psycopg.DataError):
        return InvalidEvent(str(error))
    return EventStoreError(str(error))
