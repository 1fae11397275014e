"""From events to rows: a batch is folded in memory and written at once, its checkpoint in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from typing import Any, Protocol

import structlog
from psycopg import sql

from shared import heap
from shared.events import parts
from shared.events.codec import Codec
from shared.events.errors import UnknownEvent
from shared.events.event import Fact as Fact
from shared.events.event import RecordedEvent
from shared.events.follower import UNKNOWN
from shared.events.lease import alone
from shared.events.read_model import Connection, ReadModel, connection_options, lock_checkpoints, save_checkpoints
from shared.events.store.port import Batch, EventStore
from shared.events.stream import START, Position

WORTH_SPLITTING = 5_000
PAGES_ON_THE_WAY = 4

log = structlog.get_logger()


class Projection(Protocol):
    """Rows made of events.

    name:    frozen: its checkpoint bears it
    tables:  that it owns; nobody else writes to them
    events:  classes of the catalog that it wants to hear of; it can do with others, but is spared them
    summed:  those of its tables whose rows are sums over streams, where each row of the others is of one stream: a
             rebuild is split by streams then; None where it cannot be
    """

    @property
    def name(self) -> str: ...

    @property
    def tables(self) -> Sequence[str]: ...

    @property
    def events(self) -> Collection[type]: ...

    @property
    def summed(self) -> Collection[str] | None: ...

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        """Bring the tables from before these facts to after them. Tables are named without their schema.

        The connection may be in pipeline mode: what is written is sent without a wait, what is asked waits.
        """


def decode(
    codec: Codec, events: Sequence[RecordedEvent], follower: str, wanted: Collection[type] | None = None
) -> list[Fact]:
    """The events that the catalog knows, decoded; others are counted and logged, so that they are seen.

    With `wanted`, those that are certain to be none of these classes are left out without a look into them.
    """
    facts = []
    for recorded in events:
        if wanted is not None and not codec.is_one_of(recorded, wanted):
            continue
        try:
            facts.append(Fact(codec.decode(recorded), recorded))
        except UnknownEvent:
            UNKNOWN.labels(follower, recorded.name).inc()
            log.warning("unknown event", follower=follower, event_name=recorded.name, position=recorded.position)
    return facts


def begun_before(facts: Sequence[Fact], beginning: type) -> set[str]:
    """The ids of the streams of which these facts are not the first: only of them there can be rows by now."""
    begun = {fact.recorded.stream.id for fact in facts if type(fact.event) is beginning}
    return {fact.recorded.stream.id for fact in facts} - begun


def apply(projection: Projection, connection: Connection, facts: Sequence[Fact]) -> None:
    """Let a projection have those of the facts that it wants, where there are any."""
    wanted = projection.events
    if concerned := [fact for fact in facts if type(fact.event) in wanted]:
        projection.apply(connection, concerned)


class ProjectionGroup:
    """Projections that agree with each other at every instant: they advance together, in one transaction.

    Each has a checkpoint of its own, so that one can be rebuilt, or added later and catch up, while the others skip
    what they have seen.
    """

    def __init__(
        self,
        name: str,
        categories: Collection[str],
        projections: Sequence[Projection],
        read_model: ReadModel,
        codec: Codec,
    ) -> None:
        self.name, self.categories = name, categories
        self.projections = {projection.name: projection for projection in projections}
        self._read_model, self._codec = read_model, codec
        self._wanted = frozenset(cls for projection in projections for cls in projection.events)

    def position(self) -> Position:
        return min(self._read_model.positions(list(self.projections)).values())

    def handle(self, batch: Batch) -> None:
        if not batch.events:
            return
        facts = decode(self._codec, batch.events, self.name, self._wanted)
        with self._read_model.pipeline() as connection:
            reached = lock_checkpoints(connection, list(self.projections))
            for name, projection in self.projections.items():
                apply(projection, connection, [fact for fact in facts if fact.recorded.position > reached[name]])
            save_checkpoints(connection, list(self.projections), batch.position)

    def keep(self, position: Position) -> None:
        self._read_model.save(list(self.projections), position)


class RebuildRunning(Exception):
    """Another process fills the same tables: two at once would add every event twice."""


@dataclass(frozen=True, slots=True)
class _Filling:
    """What a process has to know that fills its part of the tables."""

    projection: Projection
    categories: Collection[str]
    open_store: Callable[[], EventStore]
    codec: Codec
    url: str
    schema: str
    until: Position


class Rebuild:
    """Fills a projection's tables anew beside the live ones, then swaps them in a moment; readers notice nothing.

    The new tables grow in the schema `<schema>_rebuild`. `views` is SQL that defines the views on them, run again
    after the swap. Where the projection can be split and the log is long, up to `processes` share the work; each opens
    the store by `open_store`, which is pickled, as the projection is.
    """

    def __init__(
        self,
        projection: Projection,
        categories: Collection[str],
        store: EventStore,
        codec: Codec,
        url: str,
        schema: str,
        views: str,
        open_store: Callable[[], EventStore] | None = None,
        processes: int = 1,
    ) -> None:
        self._open_store, self._processes = open_store, processes
        self._projection, self._categories, self._store, self._codec = projection, categories, store, codec
        self._url, self._schema, self._scratch, self._views = url, schema, f"{schema}_rebuild", views
        self._alone = ExitStack()

    def fill(self, until: Position) -> Iterator[Position]:
        """Make empty tables and project every event up to at least `until`; yields how far it has come.

        Raises RebuildRunning where another rebuild or verify of the projection is at work; holds others off until
        `swap` or `discard`.
        """
        self._alone.close()
        if self._alone.enter_context(alone(self._url, f"rebuild.{self._schema}.{self._projection.name}")) is None:
            self._alone.close()
            raise RebuildRunning(f"{self._projection.name} is being rebuilt or verified at this moment")
        self._drop_new()
        with self._connect() as connection:
            indexes = []
            for table in self._projection.tables:
                connection.execute(self._sql("create table {new} (like {live} including all)", table))
                # an index is made of a full table in a fraction of the time that it takes to grow with it
                indexes += parts.drop_indexes(connection, self._new(table))
            position = START
            for position in self._fill(connection, until):
                yield position
            for definition in indexes:
                connection.execute(definition.encode())
            yield position

    def _fill(self, connection: Connection, until: Position) -> Iterator[Position]:
        open_store = self._open_store
        if open_store is None or not self._is_split(connection, until):
            position = START
            while position < until:
                position = self._step(connection, position)
                yield position
            return
        filling = _Filling(self._projection, self._categories, open_store, self._codec, self._url, self._schema, until)
        with parts.running(_fill_part, filling, self._processes) as pipes:
            yield from _progress(pipes)
            for pipe in pipes:
                self._take(connection, pipe)

    def _is_split(self, connection: Connection, until: Position) -> bool:
        if self._processes == 1 or self._projection.summed is None or not parts.may_have_own(connection):
            return False
        # a process takes longer to start than to fill so few
        begin = self._store.read_all(START, self._categories, WORTH_SPLITTING)
        return not begin.caught_up and begin.position < until

    def _take(self, connection: Connection, pipe: Pipe) -> None:
        for table in self._projection.tables:
            new = self._new(table)
            columns = parts.columns_of(connection, new)
            if table in (self._projection.summed or ()):
                parts.take_sums(connection, new, columns, parts.key_of(connection, new), pipe)
            else:
                parts.take(connection, new, columns, pipe)

    def swap(self, position: Position) -> Position:
        """Project what came since `position`, and put the new tables in the place of the live ones."""
        with self._connect() as connection, connection.transaction():
            live = self._catch_up_for_good(connection, position)
            for table in self._projection.tables:
                connection.execute(self._sql("alter table {live} set schema {retired}", table))
                connection.execute(self._sql("alter table {new} set schema {schema}", table))
            # a view holds on to the table that it was made on, wherever that goes
            connection.execute(self._views.encode())
            for table in self._projection.tables:
                connection.execute(self._sql("drop table {old}", table))
            save_checkpoints(connection, [self._projection.name], live)
        self._alone.close()
        return live

    def differences(self, position: Position) -> list[dict[str, Any]]:
        """Rows that only the live or only the new tables have, both having come equally far: {table, side, row}."""
        with self._connect() as connection, connection.transaction():
            self._catch_up_for_good(connection, position)
            return [row for table in self._projection.tables for row in self._difference(connection, table)]

    def _difference(self, connection: Connection, table: str) -> list[dict[str, Any]]:
        rows = connection.execute(
            self._sql(
                "select 'read model' as side, to_jsonb(a) as row from (table {live} except table {new}) a"
                " union all select 'log', to_jsonb(b) from (table {new} except table {live}) b",
                table,
            )
        ).fetchall()
        return [{"table": table, **row} for row in rows]

    def discard(self) -> None:
        """Drop the new tables and let others rebuild."""
        self._drop_new()
        self._alone.close()

    def _drop_new(self) -> None:
        # a rebuild that was killed may have left some
        with self._connect() as connection:
            for table in self._projection.tables:
                connection.execute(self._sql("drop table if exists {new}", table))

    def _catch_up_for_good(self, connection: Connection, position: Position) -> Position:
        # with its checkpoint locked the live projection stands still until this transaction ends
        live = lock_checkpoints(connection, [self._projection.name])[self._projection.name]
        if live > self._store.head():
            raise RuntimeError(
                f"{self._projection.name} stands at {live}, behind the end of the log: was the log restored to an"
                " earlier time? Set its checkpoint back and rebuild."
            )
        while position < live:
            position = self._step(connection, position, until=live)
        return live

    def _step(self, connection: Connection, position: Position, until: Position | None = None) -> Position:
        batch = self._store.read_all(position, self._categories)
        events = [event for event in batch.events if until is None or event.position <= until]
        with connection.transaction(), connection.pipeline():
            connection.execute(self._sql("set local search_path = {scratch}, {schema}"))
            facts = decode(self._codec, events, self._projection.name, self._projection.events)
            apply(self._projection, connection, facts)
            connection.execute(self._sql("set local search_path = {schema}"))
        return batch.position if until is None else Position(min(batch.position, until))

    def _connect(self) -> Connection:
        return Connection.connect(self._url, autocommit=True, **connection_options(self._schema, 600))

    def _new(self, table: str) -> sql.Identifier:
        return sql.Identifier(self._scratch, table)

    def _sql(self, text: str, table: str = "") -> sql.Composed:
        return sql.SQL(text).format(
            schema=sql.Identifier(self._schema),
            scratch=sql.Identifier(self._scratch),
            live=sql.Identifier(self._schema, table),
            new=self._new(table),
            retired=sql.Identifier(f"{self._schema}_retired"),
            old=sql.Identifier(f"{self._schema}_retired", table),
        )


def _fill_part(filling: _Filling, part: parts.Part, pipe: Pipe) -> None:
    """Send how far it has come, None when it is done, then the rows of each table; or the error that it failed with."""
    heap.settle()
    options = connection_options(filling.schema, 600)
    try:
        with (
            closing(filling.open_store()) as store,
            Connection.connect(filling.url, autocommit=True, **options) as connection,
        ):
            _project_part(filling, part, pipe, store, connection)
            pipe.send(None)
            for table in map(sql.Identifier, filling.projection.tables):
                parts.give(connection, table, parts.columns_of(connection, table), pipe)
    except (BrokenPipeError, KeyboardInterrupt):
        # whoever wanted the rows has gone, or goes
        return
    except Exception as error:
        pipe.send(error)


def _project_part(filling: _Filling, part: parts.Part, pipe: Pipe, store: EventStore, connection: Connection) -> None:
    # temporary ones stand before all others where a projection names its tables, and need not be safe on disk
    connection.execute("set temp_buffers = '64MB'")
    # nobody counts the rows of temporary tables, so the planner goes on believing that they are empty
    connection.execute("set enable_seqscan = off")
    for table in filling.projection.tables:
        live, own = sql.Identifier(filling.schema, table), sql.Identifier(table)
        connection.execute(sql.SQL("create temp table {} (like {} including all)").format(own, live))
        parts.drop_indexes(connection, own)
    position, pages = START, 0
    # the next page is read while the server still writes this one
    with connection.pipeline() as pipeline:
        while position < filling.until:
            batch = store.read_all(position, filling.categories)
            mine = [event for event in batch.events if event.position <= filling.until and part.has(event.stream)]
            facts = decode(filling.codec, mine, filling.projection.name, filling.projection.events)
            apply(filling.projection, connection, facts)
            position, pages = Position(min(batch.position, filling.until)), pages + 1
            if pages % PAGES_ON_THE_WAY == 0:
                pipeline.sync()
            pipe.send(position)


def _progress(pipes: Sequence[Pipe]) -> Iterator[Position]:
    """How far the slowest has come, until all are done. Raises what one of them failed with."""
    positions = dict.fromkeys(pipes, START)
    at_work = set(pipes)
    while at_work:
        for ready in wait(list(at_work)):
            assert isinstance(ready, Pipe)
            try:
                said = ready.recv()
            except EOFError:
                raise RuntimeError("a process that filled a part of the tables has died") from None
            if isinstance(said, Exception):
                raise said
            if said is None:
                at_work.discard(ready)
            else:
                positions[ready] = said
                yield min(positions.values())
