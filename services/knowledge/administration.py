"""What people run by hand: migrate, import, export, judge, rebuild, verify. Each gives an exit code."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from services.knowledge import bootstrap, importer
from services.knowledge import judge as judging
from services.knowledge.index.port import SearchIndex, SearchUnavailable
from services.knowledge.index.postgres import PostgresIndex
from services.knowledge.search import SynonymsFile
from services.knowledge.settings import AdminSettings, Settings
from shared.events.projection import Projection, Rebuild, RebuildRunning
from shared.events.stream import START, Position

MAX_SHOWN = 20
INDEX = "kb-index"

console = Console(highlight=False)


def migrate(settings: AdminSettings) -> int:
    """Bring the schemas up to date."""
    ran = bootstrap.migrate(settings)
    console.print(f"migrations run: {', '.join(ran)}" if ran else "the schema is up to date")
    return 0


def bring_in(settings: Settings, folder: Path) -> int:
    """Publish what is new or changed in a folder of Markdown files."""
    service = bootstrap.build(settings)
    counts: Counter[str] = Counter()
    try:
        for done in importer.bring_in(service.knowledge, folder):
            counts[done.outcome] += 1
            if done.outcome != "unchanged":
                console.print(f"{done.outcome:>9}  {done.kind} {done.name}")
    except importer.ContentError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        service.close()
    console.print(
        ", ".join(f"{counts[outcome]} {outcome}" for outcome in ("published", "changed", "unchanged", "kept"))
    )
    return 0


def write_out(settings: Settings, folder: Path) -> int:
    """Write what is published into a folder that `import` reads."""
    service = bootstrap.build(settings)
    try:
        slugs = [row["slug"] for row in service.queries.published()]
        importer.write_categories(folder, service.queries.categories()["items"])
        files = importer.write_out(service.knowledge, folder, slugs, service.queries.faq_list()["items"])
    finally:
        service.close()
    console.print(f"{files} files written to {folder}")
    return 0


def judge(settings: Settings, file: Path, page: Path) -> int:
    """Measure each engine on the judged set; prints the figures and writes them to `page`."""
    service = bootstrap.build(settings)
    try:
        queries = judging.read(file)
        engines: list[SearchIndex] = [PostgresIndex(service.read_model, SynonymsFile(settings.synonyms_file))]
        if (better := bootstrap.open_elasticsearch(settings)) is not None:
            engines.append(better)
        articles = len(service.queries.published())
        judged = {engine.engine: judging.judge(engine, queries) for engine in engines}
    except SearchUnavailable as error:
        print(f"an engine did not answer: {error}", file=sys.stderr)
        return 1
    finally:
        service.close()
    text = judging.report(judged, articles, str(file))
    print(text)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")
    return 0


def rebuild(settings: Settings, name: str) -> int:
    """Fill a projection anew and swap it in; readers go on with the old one until the swap."""
    by_name = {each.name: each for each in bootstrap.PROJECTIONS}
    if name not in (INDEX, *by_name):
        print(f"no projection is called {name}; there are {', '.join((INDEX, *by_name))}", file=sys.stderr)
        return 2
    service = bootstrap.build(settings)
    try:
        if name == INDEX:
            _rebuild_rows(service, settings, by_name["article_search"])
            return _rebuild_elasticsearch(service, settings)
        _rebuild_rows(service, settings, by_name[name])
    except RebuildRunning as error:
        print(error, file=sys.stderr)
        return 1
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


def _rebuild_rows(service: bootstrap.Service, settings: Settings, projection: Projection) -> None:
    anew = bootstrap.build_rebuild(service, settings, projection)
    position = _fill(anew, projection, service.store.head())
    started = time.monotonic()
    position = anew.swap(position)
    took = (time.monotonic() - started) * 1000
    console.print(f"{projection.name} swapped in at position {position} in {took:.0f} ms")


def _rebuild_elasticsearch(service: bootstrap.Service, settings: Settings) -> int:
    follower = bootstrap.build_index_follower(service, settings)
    if follower is None:
        return 0
    head = service.store.head()
    try:
        with _bar() as progress:
            task = progress.add_task("elasticsearch", total=max(head, 1))
            for position in follower.rebuild():
                progress.update(task, completed=min(position, head))
    except SearchUnavailable as error:
        print(f"Elasticsearch: {error}", file=sys.stderr)
        return 1
    console.print("the index of Elasticsearch is swapped in")
    return 0


def _fill(anew: Rebuild, projection: Projection, head: Position) -> Position:
    position = START
    with _bar() as progress:
        task = progress.add_task(projection.name, total=max(head, 1))
        for position in anew.fill(head):
            progress.update(task, completed=min(position, head))
    return position


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=not console.is_terminal)
