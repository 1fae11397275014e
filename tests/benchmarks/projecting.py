"""Events a second into the read models, beside COPY of the resulting rows into empty tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import psycopg
from psycopg import sql

from deploy.local.stack import Stack
from services.tickets.bootstrap import CODEC, PROJECTIONS, PUBLIC, SCHEMA
from shared.events.projection import Projection, ProjectionGroup
from shared.events.read_model import ReadModel
from shared.events.store.postgres import PostgresEventStore
from tests.benchmarks import servers
from tests.benchmarks.measure import Scale, interleaved, ratios, spread
from tests.benchmarks.report import Aim, Reached, Table, met

TOGETHER = Aim("all projections of tickets together, of COPY of their rows", least=0.4)

_TOGETHER = "all of them together, as the worker runs them"


def measure(stack: Stack, scale: Scale) -> list[Table]:
    admin = servers.admin(stack, "read_models")
    store = PostgresEventStore(stack.database_url("tickets", "event_store"))
    rows = ReadModel(stack.database_url("tickets", "read_models"), SCHEMA)
    count = scale.projected_events
    alone: dict[str, Callable[[], float]] = {
        f"{projection.name} alone": partial(_project, store, rows, [projection], count) for projection in PROJECTIONS
    }
    together = {_TOGETHER: partial(_project, store, rows, PROJECTIONS, count)}
    try:
        # together in the end: what follows needs the read models full
        found = interleaved(1, together | alone)
        found[_TOGETHER] += interleaved(1, together)[_TOGETHER]
        owned = zip([*alone, _TOGETHER], [*([each] for each in PROJECTIONS), PROJECTIONS], strict=True)
        limits = {name: [_limit(admin, projections, count)] for name, projections in owned}
        limits[_TOGETHER].append(_limit(admin, PROJECTIONS, count))
    finally:
        store.close()
        rows.close()
    shares = {name: ratios(values, limits[name]).middle for name, values in found.items()}
    return [
        Table(
            f"Projecting: the first {count:,} events into empty read models, batches of 1,000",
            ["", "of the limit", "events/s", "limit: COPY of the resulting rows, events/s"],
            [
                [
                    name,
                    met(shares[name], TOGETHER) if name == _TOGETHER else f"{shares[name]:.3f}",
                    str(spread(values)),
                    str(spread(limits[name])),
                ]
                for name, values in found.items()
            ],
            [
                "Reading and decoding the events and moving the checkpoint with each batch are part of it. The limit"
                " writes each row once, in its last state; a projection writes it as often as batches touch it.",
            ],
            [Reached(TOGETHER, shares[_TOGETHER])],
        )
    ]


def fill(stack: Stack) -> tuple[int, float]:
    """Bring the read models up to the log's end; how many events that took, and how many a second."""
    store = PostgresEventStore(stack.database_url("tickets", "event_store"))
    rows = ReadModel(stack.database_url("tickets", "read_models"), SCHEMA)
    try:
        group = ProjectionGroup("bench", PUBLIC, PROJECTIONS, rows, CODEC)
        begin, first = time.perf_counter(), group.position()
        reached = _follow(store, group, int(store.head()) + 1)
        return reached - first, (reached - first) / (time.perf_counter() - begin)
    finally:
        store.close()
        rows.close()


def _project(store: PostgresEventStore, rows: ReadModel, projections: Sequence[Projection], count: int) -> float:
    with rows.transaction() as connection:
        for projection in PROJECTIONS:
            for table in projection.tables:
                connection.execute(sql.SQL("truncate {}").format(sql.Identifier(table)))
        connection.execute("delete from checkpoints")
    group = ProjectionGroup("bench", PUBLIC, projections, rows, CODEC)
    begin = time.perf_counter()
    reached = _follow(store, group, count)
    return (reached + 1) / (time.perf_counter() - begin)


def _follow(store: PostgresEventStore, group: ProjectionGroup, until: int) -> int:
    position = group.position()
    while position + 1 < until:
        batch = store.read_all(position, group.categories)
        group.handle(batch)
        position = batch.position
        if batch.caught_up:
            break
    return int(position)


def _limit(url: str, projections: Sequence[Projection], count: int) -> float:
    return _copy(url, [table for projection in projections for table in projection.tables], count)


def _copy(url: str, tables: Sequence[str], count: int) -> float:
    took = 0.0
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create schema bench")
        try:
            for table in tables:
                took += _copy_table(connection, table)
        finally:
            connection.execute("drop schema bench cascade")
    return count / took


def _copy_table(connection: psycopg.Connection, table: str) -> float:
    names = {"live": sql.Identifier(SCHEMA, table), "empty": sql.Identifier("bench", table)}
    connection.execute(sql.SQL("create table {empty} (like {live} including all)").format(**names))
    found = connection.execute(
        "select column_name from information_schema.columns"
        " where table_schema = %s and table_name = %s and is_generated = 'NEVER'",
        (SCHEMA, table),
    ).fetchall()
    columns = sql.SQL(", ").join(sql.Identifier(row[0]) for row in found)
    with connection.cursor() as cursor:
        with cursor.copy(sql.SQL("copy {live} ({columns}) to stdout").format(columns=columns, **names)) as copy:
            content = [bytes(block) for block in copy]
        begin = time.perf_counter()
        with cursor.copy(sql.SQL("copy {empty} ({columns}) from stdin").format(columns=columns, **names)) as into:
            for block in content:
                into.write(block)
        return time.perf_counter() - begin
