"""Tables for the screen and for docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"

_PREFACE = """\
# Benchmarks

Written by `{command}` on {date}. Run it again and compare the ratios: they hold from one machine to the next, while
the absolute figures belong to this machine on that day.

| | |
|---|---|
{facts}

How to read it:

- *Limit* is the same work done in the same run by the shortest way that the server allows, without our code. *Of the
  limit* is our figure divided by it, round by round.
- Rounds are interleaved and their order is turned each time. A figure is the median of the rounds, with the lowest and
  the highest in brackets. Differences of less than 15 % are noise.
- Everything runs on one machine: servers, services and the load itself share its processors. fsync is on.
- p50 and p99 are the times within which half, and 99 of 100, of the calls were answered.
"""


@dataclass(frozen=True, slots=True)
class Table:
    """One table; the first column names what was measured."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = field(default_factory=tuple)


def show(console: Console, table: Table) -> None:
    shown = RichTable(title=table.title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for index, column in enumerate(table.columns):
        shown.add_column(column, justify="left" if index == 0 else "right")
    for row in table.rows:
        shown.add_row(*row)
    console.print(shown)
    for note in table.notes:
        console.print(f"  {note}", style="dim")
    console.print()


def write(tables: Sequence[Table], facts: Sequence[tuple[str, str]], command: str, path: Path = DOCUMENT) -> None:
    """Write docs/benchmarks.md anew."""
    date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = "\n".join(f"| {name} | {value} |" for name, value in facts)
    preface = _PREFACE.format(command=command, date=date, facts=lines)
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([preface, *map(_markdown, tables)]), encoding="utf-8")


def _markdown(table: Table) -> str:
    rule = ["---", *["---:"] * (len(table.columns) - 1)]
    lines = [f"| {' | '.join(row)} |" for row in (table.columns, rule, *table.rows)]
    notes = "".join(f"\n{note}\n" for note in table.notes)
    return f"## {table.title}\n\n" + "\n".join(lines) + f"\n{notes}"
