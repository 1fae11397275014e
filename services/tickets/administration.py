"""What people run by hand: migrate, rebuild, verify. Each prints what it does and gives an exit code."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from services.tickets import bootstrap
from services.tickets.settings import AdminSettings, Settings
from shared.events.projection import Projection, Rebuild, RebuildRunning
from shared.events.stream import START, Position

MAX_SHOWN = 20

console = Console(highlight=False)


def migrate(settings: AdminSettings) -> int:
    """Bring the schemas up to date."""
    ran = bootstrap.migrate(settings)
    console.print(f"migrations run: {', '.join(ran)}" if ran else "the schema is up to date")
    return 0


def rebuild(settings: Settings, name: str) -> int:
    """Fill a projection anew and swap it in; readers go on with the old rows until the swap."""
    projection = {each.name: each for each in bootstrap.PROJECTIONS}.get(name)
    if projection is None:
        known = ", ".join(each.name for each in bootstrap.PROJECTIONS)
        print(f"no projection is called {name}; there are {known}", file=sys.stderr)
        return 2
    service = bootstrap.build(settings)
    try:
        anew = bootstrap.build_rebuild(service, settings, projection)
        try:
            position = _fill(anew, projection, service.store.head())
        except RebuildRunning as error:
            print(error, file=sys.stderr)
            return 1
        started = time.monotonic()
        position = anew.swap(position)
        console.print(f"{name} swapped in at position {position} in {(time.monotonic() - started) * 1000:.0f} ms")
    finally:
        service.close()
    return 0


def verify(settings: Settings) -> int:
    """Make every projection anew beside the live one and print each row that differs; none is 0."""
    service = bootstrap.build(settings)
    different = 0
    try:
        for projection in bootstrap.PROJECTIONS:
            anew = bootstrap.build_rebuild(service, settings, projection)
            position = _fill(anew, projection, service.store.head())
            rows = anew.differences(position)
            anew.discard()
            different += len(rows)
            console.print(f"{projection.name}: {len(rows)} differences")
            for row in rows[:MAX_SHOWN]:
                console.print(f"  {row['table']}, only in the {row['side']}: {row['row']}")
    finally:
        service.close()
    console.print(f"{different} differences in all")
    return 1 if different else 0


def _fill(anew: Rebuild, projection: Projection, head: Position) -> Position:
    position = START
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=not console.is_terminal) as progress:
        task = progress.add_task(projection.name, total=max(head, 1))
        for position in anew.fill(head):
            progress.update(task, completed=min(position, head))
    return position
