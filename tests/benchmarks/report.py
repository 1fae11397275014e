"""Tables for the screen and for docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from tests.benchmarks.measure import number

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
# kept by hand: what was measured against systems that are not part of this repository
PEERS = DOCUMENT.with_name("benchmarks-peers.md")

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
- A figure that has an aim says whether it was met; the first table has them all.
"""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure is to be: `least` or `most`, in `unit`."""

    what: str
    least: float | None = None
    most: float | None = None
    unit: str = ""

    def holds(self, figure: float) -> bool:
        return (self.least is None or figure >= self.least) and (self.most is None or figure <= self.most)

    def __str__(self) -> str:
        bounds = [("≥", self.least), ("≤", self.most)]
        text = " and ".join(f"{sign} {number(bound)}" for sign, bound in bounds if bound is not None)
        return f"{text} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Reached:
    """An aim and what it came to."""

    aim: Aim
    figure: float

    @property
    def verdict(self) -> str:
        return "met" if self.aim.holds(self.figure) else "missed"


def met(figure: float, aim: Aim) -> str:
    """The figure with its aim and whether it was met, as it stands in a table."""
    return f"{number(figure)} (aim {aim}: {Reached(aim, figure).verdict})"


@dataclass(frozen=True, slots=True)
class Table:
    """One table; the first column names what was measured, `aims` is what of it stands in the first table of all."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = field(default_factory=tuple)
    aims: Sequence[Reached] = field(default_factory=tuple)


def summary(tables: Sequence[Table]) -> Table:
    """Every aim of these tables, met or missed."""
    reached = [one for table in tables for one in table.aims]
    return Table(
        "Aims of the path of a command",
        ["", "aim", "measured", ""],
        [[one.aim.what, str(one.aim), f"{number(one.figure)} {one.aim.unit}".rstrip(), one.verdict] for one in reached],
    )


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
    parts = [preface, _markdown(summary(tables)), PEERS.read_text(encoding="utf-8"), *map(_markdown, tables)]
    path.write_text("\n".join(parts), encoding="utf-8")


def _markdown(table: Table) -> str:
    rule = ["---", *["---:"] * (len(table.columns) - 1)]
    lines = [f"| {' | '.join(row)} |" for row in (table.columns, rule, *table.rows)]
    notes = "".join(f"\n{note}\n" for note in table.notes)
    return f"## {table.title}\n\n" + "\n".join(lines) + f"\n{notes}"
