"""Write rows of a projection in few statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from shared.events.read_model import Connection


def upsert(connection: Connection, table: str, key: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert or replace rows, which all have the same columns; values that are dicts or lists become jsonb."""
    if not rows:
        return
    columns = list(rows[0])
    kept = [column for column in columns if column not in key]
    statement = sql.SQL("insert into {table} ({columns}) values ({values}) on conflict ({key}) do {action}").format(
        table=sql.Identifier(table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
        key=sql.SQL(", ").join(map(sql.Identifier, key)),
        action=sql.SQL("update set {}").format(sql.SQL(", ").join(_from_excluded(column) for column in kept))
        if kept
        else sql.SQL("nothing"),
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, [[_value(row[column]) for column in columns] for row in rows])


def add(
    connection: Connection, table: str, key: Sequence[str], sums: Mapping[tuple[Any, ...], Mapping[str, int]]
) -> None:
    """Add to counters, making the rows that are missing: `sums` maps a key's values to {column: how much}.

    All rows of the table's counters have to be named in each.
    """
    if not sums:
        return
    counters = list(next(iter(sums.values())))
    statement = sql.SQL(
        "insert into {table} ({columns}) values ({values}) on conflict ({key}) do update set {sums}"
    ).format(
        table=sql.Identifier(table),
        columns=sql.SQL(", ").join(map(sql.Identifier, [*key, *counters])),
        values=sql.SQL(", ").join([sql.Placeholder()] * (len(key) + len(counters))),
        key=sql.SQL(", ").join(map(sql.Identifier, key)),
        sums=sql.SQL(", ").join(
            sql.SQL("{0} = {1}.{0} + excluded.{0}").format(sql.Identifier(column), sql.Identifier(table))
            for column in counters
        ),
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, [[*values, *(sums[values][name] for name in counters)] for values in sums])


def _from_excluded(column: str) -> sql.Composed:
    return sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column))


def _value(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict | list) else value
