"""Write rows of a projection in one statement for each table: they go there as one JSON text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from psycopg import sql

from shared.events.read_model import Connection

Row = dict[str, Any]


def find(connection: Connection, table: str, key: str, ids: Iterable[str]) -> dict[str, Row]:
    """The rows that have these ids (UUIDs) as their key; nothing is asked where there are none."""
    # as the text of an array: psycopg takes long over a list
    if not (wanted := ",".join(ids)):
        return {}
    rows = connection.execute(_find(table, key), (f"{{{wanted}}}",), binary=True).fetchall()
    return {str(row[key]): row for row in rows}


def upsert(connection: Connection, table: str, key: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert or replace rows, which all have the same columns; of those with the same key the last one stays.

    What is a dict or a list becomes jsonb.
    """
    if not rows:
        return
    last = {tuple(row[column] for column in key): row for row in rows}
    connection.execute(_upsert(table, tuple(key), tuple(rows[0])), (_text(last.values()),))


def add(
    connection: Connection, table: str, key: Sequence[str], sums: Mapping[tuple[Any, ...], Mapping[str, int]]
) -> None:
    """Add to counters, making the rows that are missing: `sums` maps a key's values to {column: how much}.

    All rows of the table's counters have to be named in each.
    """
    if not sums:
        return
    counters = tuple(next(iter(sums.values())))
    rows = ({**dict(zip(key, values, strict=True)), **sums[values]} for values in sums)
    connection.execute(_add(table, tuple(key), counters), (_text(rows),))


def change(connection: Connection, table: str, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set columns of the rows that are there, by their key; of those with the same key the last one counts."""
    if not rows:
        return
    last = {row[key]: row for row in rows}
    connection.execute(_change(table, key, tuple(rows[0])), (_text(last.values()),))


def _text(rows: Iterable[Mapping[str, Any]]) -> str:
    return orjson.dumps(list(rows)).decode()


# Rendered once, because composing takes longer than the server does over a row. The table's name leads where the search
# path says, also as the type of its rows.


@cache
def _find(table: str, key: str) -> bytes:
    return _rendered("select * from {table} where {key} = any(%s::uuid[])", table, key=sql.Identifier(key))


@cache
def _upsert(table: str, key: tuple[str, ...], columns: tuple[str, ...]) -> bytes:
    kept = [column for column in columns if column not in key]
    return _rendered(
        "insert into {table} ({columns}) select {columns} from json_populate_recordset(null::{table}, %s)"
        " on conflict ({key}) do {action}",
        table,
        columns=_names(columns),
        key=_names(key),
        action=sql.SQL("update set {}").format(_each("{0} = excluded.{0}", kept)) if kept else sql.SQL("nothing"),
    )


@cache
def _add(table: str, key: tuple[str, ...], counters: tuple[str, ...]) -> bytes:
    return _rendered(
        "insert into {table} ({columns}) select {columns} from json_populate_recordset(null::{table}, %s)"
        " on conflict ({key}) do update set {sums}",
        table,
        columns=_names((*key, *counters)),
        key=_names(key),
        sums=_each("{0} = {table}.{0} + excluded.{0}", counters, table=sql.Identifier(table)),
    )


@cache
def _change(table: str, key: str, columns: tuple[str, ...]) -> bytes:
    return _rendered(
        "update {table} set {changes} from json_populate_recordset(null::{table}, %s) as changed"
        " where {table}.{key} = changed.{key}",
        table,
        key=sql.Identifier(key),
        changes=_each("{0} = changed.{0}", [column for column in columns if column != key]),
    )


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _each(text: Any, columns: Iterable[str], **parts: sql.Composable) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(text).format(sql.Identifier(column), **parts) for column in columns)


def _rendered(text: Any, table: str, **parts: sql.Composable) -> bytes:
    return sql.SQL(text).format(table=sql.Identifier(table), **parts).as_bytes(None)
