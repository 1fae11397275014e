"""From events to rows: a batch is folded in memory and written at once, its checkpoint in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Protocol

import structlog
from psycopg import sql

from shared.events.codec import Codec
from shared.events.errors import UnknownEvent
from shared.events.event import Fact as Fact
from shared.events.event import RecordedEvent
from shared.events.follower import UNKNOWN
from shared.events.lease import alone
from shared.events.read_model import Connection, ReadModel, connection_options, lock_checkpoints, save_checkpoints
from shared.events.store.port import Batch, EventStore
from shared.events.stream import START, Position

log = structlog.get_logger()


class Projection(Protocol):
    """Rows made of events.

    name:    frozen: its checkpoint bears it
    tables:  that it owns; nobody else writes to them
    events:  classes of the catalog that it wants to hear of; it can do with others, but is spared them
    """

    @property
    def name(self) -> str: ...

    @property
    def tables(self) -> Sequence[str]: ...

    @property
    def events(self) -> Collection[type]: ...

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


class Rebuild:
    """Fills a projection's tables anew beside the live ones, then swaps them in a moment; readers notice nothing.

    The new tables grow in the schema `<schema>_rebuild`. `views` is SQL that defines the views on them, run again
    after the swap.
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
    ) -> None:
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
            for table in self._projection.tables:
                connection.execute(self._sql("create table {new} (like {live} including all)", table))
            position = START
            while position < until:
                position = self._step(connection, position)
                yield position

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
        with connection.transaction():
            connection.execute(self._sql("set local search_path = {scratch}, {schema}"))
            facts = decode(self._codec, events, self._projection.name, self._projection.events)
            apply(self._projection, connection, facts)
            connection.execute(self._sql("set local search_path = {schema}"))
        return batch.position if until is None else Position(min(batch.position, until))

    def _connect(self) -> Connection:
        return Connection.connect(self._url, autocommit=True, **connection_options(self._schema, 600))

    def _sql(self, text: str, table: str = "") -> sql.Composed:
        return sql.SQL(text).format(
            schema=sql.Identifier(self._schema),
            scratch=sql.Identifier(self._scratch),
            live=sql.Identifier(self._schema, table),
            new=sql.Identifier(self._scratch, table),
            retired=sql.Identifier(f"{self._schema}_retired"),
            old=sql.Identifier(f"{self._schema}_retired", table),
        )
