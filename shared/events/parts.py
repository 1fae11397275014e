"""Fill tables in several processes: each has its part of the streams, and tables that nobody else sees."""

from __future__ import annotations

import multiprocessing
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import Any

from psycopg import sql

from shared.events.read_model import Connection
from shared.events.stream import StreamName

BLOCK = 65_536
STOP_SECONDS = 5.0

# In the binary form, which nothing has to be parsed for: both tables are made like the same third one.
_OUT = "copy {table} ({columns}) to stdout (format binary)"
_IN = "copy {table} ({columns}) from stdin (format binary)"


@dataclass(frozen=True, slots=True)
class Part:
    """One of `count` parts of all streams; streams with the same id, whatever their category, are in the same one."""

    number: int = 0
    count: int = 1

    def has(self, stream: StreamName) -> bool:
        return self.count == 1 or zlib.crc32(stream.id.encode()) % self.count == self.number


@contextmanager
def running(target: Callable[[Any, Part, Pipe], None], job: Any, count: int) -> Iterator[list[Pipe]]:
    """Run `target(job, part, pipe)` for each part in a process of its own; gives the other ends of the pipes.

    The processes end with the block. Where this process dies instead, theirs end at what they next send.
    """
    context = multiprocessing.get_context("spawn")
    processes, pipes = [], []
    try:
        for number in range(count):
            ours, theirs = context.Pipe(duplex=False)
            pipes.append(ours)
            process = context.Process(target=target, args=(job, Part(number, count), theirs), daemon=True)
            process.start()
            processes.append(process)
            # or the end of the process would not be the end of what can be read
            theirs.close()
        yield pipes
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.terminate()
            process.join(STOP_SECONDS)


def give(connection: Connection, table: sql.Composable, columns: Sequence[str], pipe: Pipe) -> None:
    """Send the rows of a table."""
    block = bytearray()
    with connection.cursor().copy(_statement(_OUT, table, columns)) as copy:
        for row in copy:
            block += row
            if len(block) >= BLOCK:
                pipe.send_bytes(block)
                block.clear()
    pipe.send_bytes(block)
    pipe.send_bytes(b"")


def take(connection: Connection, table: sql.Composable, columns: Sequence[str], pipe: Pipe) -> None:
    """Write the rows that `give` sends. Raises EOFError where the process at the other end has died."""
    with connection.cursor().copy(_statement(_IN, table, columns)) as copy:
        while block := pipe.recv_bytes():
            copy.write(block)


def take_sums(
    connection: Connection, table: sql.Composable, columns: Sequence[str], key: Sequence[str], pipe: Pipe
) -> None:
    """Add the rows that `give` sends to those that have the same key; all other columns are counters."""
    came = sql.Identifier("came")
    with connection.transaction():
        connection.execute(sql.SQL("create temp table {} (like {}) on commit drop").format(came, table))
        take(connection, came, columns, pipe)
        connection.execute(
            sql.SQL(
                "insert into {table} as kept ({columns}) select {columns} from {came} on conflict ({key}) do update"
                " set {sums}"
            ).format(
                table=table,
                came=came,
                columns=_names(columns),
                key=_names(key),
                sums=sql.SQL(", ").join(
                    sql.SQL("{0} = kept.{0} + excluded.{0}").format(sql.Identifier(column))
                    for column in columns
                    if column not in key
                ),
            )
        )


def may_have_own(connection: Connection) -> bool:
    """Whether the role has been given the right to make temporary tables."""
    row = connection.execute("select has_database_privilege(current_database(), 'temporary') as given").fetchone()
    return row is not None and bool(row["given"])


def columns_of(connection: Connection, table: sql.Composable) -> list[str]:
    """The columns of a table that are written, in their order."""
    rows = connection.execute(
        sql.SQL(
            "select attname from pg_attribute where attrelid = {}::regclass and attnum > 0 and not attisdropped"
            " and attgenerated = '' order by attnum"
        ).format(_literal(connection, table))
    )
    return [row["attname"] for row in rows]


def key_of(connection: Connection, table: sql.Composable) -> list[str]:
    """The columns of a table's primary key."""
    rows = connection.execute(
        sql.SQL(
            "select a.attname from pg_index i"
            " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)"
            " where i.indrelid = {}::regclass and i.indisprimary"
        ).format(_literal(connection, table))
    )
    return [row["attname"] for row in rows]


def drop_indexes(connection: Connection, table: sql.Composable) -> list[str]:
    """Drop those indexes of a table that only make it faster to read; gives the statements that make them again."""
    rows = connection.execute(
        sql.SQL(
            "select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index"
            " where indrelid = {}::regclass and not indisunique order by indexrelid"
        ).format(_literal(connection, table))
    ).fetchall()
    for row in rows:
        connection.execute(f"drop index {row['name']}".encode())
    return [row["definition"] for row in rows]


def _literal(connection: Connection, table: sql.Composable) -> sql.Literal:
    return sql.Literal(table.as_string(connection))


def _statement(text: Any, table: sql.Composable, columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(text).format(table=table, columns=_names(columns))


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
