"""What people run by hand for any service: rebuild and verify, with progress bars."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from shared.events.projection import Projection, Rebuild, RebuildRunning
from shared.events.store.port import EventStore
from shared.events.stream import START, Position

MAX_SHOWN = 20

console = Console(highlight=False)


def say_migrated(ran: list[str]) -> int:
    """Print the names of migrations that were run; 0."""
    console.print(f"migrations run: {', '.join(ran)}" if ran else "the schema is up to date")
    return 0


def rebuild(anew: Rebuild, projection: Projection, store: EventStore) -> int:
    """Fill a projection anew and swap it in; readers go on with the old rows until the swap. 1 where another does."""
    try:
        position = _fill(anew, projection, store.head())
    except RebuildRunning as error:
        print(error, file=sys.stderr)
        return 1
    started = time.monotonic()
    position = anew.swap(position)
    took = (time.monotonic() - started) * 1000
    console.print(f"{projection.name} swapped in at position {position} in {took:.0f} ms")
    return 0


def verify(projections: Iterable[Projection], anew_of: Callable[[Projection], Rebuild], store: EventStore) -> int:
    """Make every projection anew beside the live one and print each row that differs; 0 where none does.

    1 also where a rebuild is at work; the new tables go in any case.
    """
    different = 0
    for projection in projections:
        try:
            rows = _differences(anew_of(projection), projection, store)
        except RebuildRunning as error:
            print(error, file=sys.stderr)
            return 1
        different += len(rows)
        console.print(f"{projection.name}: {len(rows)} differences")
        for row in rows[:MAX_SHOWN]:
            console.print(f"  {row['table']}, only in the {row['side']}: {row['row']}")
    console.print(f"{different} differences in all")
    return 1 if different else 0


def no_projection(name: str, known: Iterable[str]) -> int:
    """Say which projections there are; 2."""
    print(f"no projection is called {name}; there are {', '.join(known)}", file=sys.stderr)
    return 2


def progress() -> Progress:
    """A progress bar that stays on a terminal and leaves nothing in a file."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=not console.is_terminal)


def _differences(anew: Rebuild, projection: Projection, store: EventStore) -> list[dict[str, Any]]:
    try:
        rows = anew.differences(_fill(anew, projection, store.head()))
    except RebuildRunning:
        # the tables are those of the other, who fills them
        raise
    except BaseException:
        anew.discard()
        raise
    anew.discard()
    return rows


def _fill(anew: Rebuild, projection: Projection, head: Position) -> Position:
    position = START
    with progress() as bar:
        task = bar.add_task(projection.name, total=max(head, 1))
        for position in anew.fill(head):
            bar.update(task, completed=min(position, head))
    return position
