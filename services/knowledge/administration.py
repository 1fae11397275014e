"""What people run by hand: migrate, import, export, judge, rebuild, verify. Each gives an exit code."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from services.knowledge import bootstrap, importer
from services.knowledge import judge as judging
from services.knowledge.index.port import SearchIndex, SearchUnavailable
from services.knowledge.index.postgres import PostgresIndex
from services.knowledge.search import SynonymsFile
from services.knowledge.settings import Settings
from shared.service import administration
from shared.service.settings import AdminSettings

INDEX = "kb-index"


def migrate(settings: AdminSettings) -> int:
    """Bring the schemas up to date."""
    return administration.say_migrated(bootstrap.migrate(settings))


def bring_in(settings: Settings, folder: Path) -> int:
    """Publish what is new or changed in a folder of Markdown files."""
    service = bootstrap.build(settings)
    counts: Counter[str] = Counter()
    try:
        for done in importer.bring_in(service.knowledge, folder):
            counts[done.outcome] += 1
            if done.outcome != "unchanged":
                administration.console.print(f"{done.outcome:>9}  {done.kind} {done.name}")
    except importer.ContentError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        service.close()
    administration.console.print(
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
    administration.console.print(f"{files} files written to {folder}")
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
        return administration.no_projection(name, (INDEX, *by_name))
    service = bootstrap.build(settings)
    try:
        projection = by_name["article_search" if name == INDEX else name]
        anew = bootstrap.build_rebuild(service, settings, projection)
        failed = administration.rebuild(anew, projection, service.store)
        return failed or (_rebuild_elasticsearch(service, settings) if name == INDEX else 0)
    finally:
        service.close()


def verify(settings: Settings) -> int:
    """Make every projection anew beside the live one and print each row that differs; none is 0."""
    service = bootstrap.build(settings)
    try:
        return administration.verify(
            bootstrap.PROJECTIONS, lambda each: bootstrap.build_rebuild(service, settings, each), service.store
        )
    finally:
        service.close()


def _rebuild_elasticsearch(service: bootstrap.Service, settings: Settings) -> int:
    follower = bootstrap.build_index_follower(service, settings)
    if follower is None:
        return 0
    head = service.store.head()
    try:
        with administration.progress() as bar:
            task = bar.add_task("elasticsearch", total=max(head, 1))
            for position in follower.rebuild():
                bar.update(task, completed=min(position, head))
    except SearchUnavailable as error:
        print(f"Elasticsearch: {error}", file=sys.stderr)
        return 1
    administration.console.print("the index of Elasticsearch is swapped in")
    return 0
