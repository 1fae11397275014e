"""The only place where the knowledge service is put together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING

from services.knowledge.application import Knowledge
from services.knowledge.index import postgres as postgres_index
from services.knowledge.index.postgres import ArticleSearch, PostgresIndex, PostgresVocabulary
from services.knowledge.passages import MeaningsFiles, Passages
from services.knowledge.projections.articles import Articles
from services.knowledge.projections.categories import Categories
from services.knowledge.projections.faq import Faq
from services.knowledge.projections.feedback import Feedback
from services.knowledge.projections.searches import Searches
from services.knowledge.queries import Queries
from services.knowledge.search import Search, SearchLog, SynonymsFile
from services.knowledge.settings import Settings
from shared.events import read_model
from shared.events.catalog import knowledge as catalog
from shared.events.codec import Codec
from shared.events.follower import Follower, Worker
from shared.events.projection import Projection, ProjectionGroup, Rebuild
from shared.events.read_model import ReadModel
from shared.events.relay import Relay
from shared.events.store import migrate_event_store, open_event_store
from shared.events.store.port import EventStore
from shared.service.settings import AdminSettings

if TYPE_CHECKING:
    from services.knowledge.index.elasticsearch import ElasticsearchIndex
    from services.knowledge.index.follower import IndexFollower

SCHEMA = "knowledge"
ROLE = "knowledge"
PUBLIC = catalog.PUBLISHED
FOLLOWED = catalog.PROJECTED
OWNED = dict.fromkeys((*FOLLOWED, catalog.SLUG), ROLE)
CODEC = Codec(catalog.EVENTS, catalog.UPCASTERS)
PROJECTIONS: tuple[Projection, ...] = (Categories(), Articles(), ArticleSearch(), Faq(), Feedback(), Searches())


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that answer requests."""

    knowledge: Knowledge
    queries: Queries
    search: Search
    passages: Passages
    searches: SearchLog
    store: EventStore
    read_model: ReadModel

    def checks(self) -> dict[str, Callable[[], None]]:
        """For readiness: raise where a dependency is away. Elasticsearch is none: PostgreSQL stands in for it."""
        return {"event_store": self._check_store, "read_model": self._check_read_model}

    def _check_store(self) -> None:
        self.store.head()

    def _check_read_model(self) -> None:
        self.read_model.query("select 1")

    def close(self) -> None:
        self.searches.close()
        self.store.close()
        self.read_model.close()


def build(settings: Settings, clock: Callable[[], datetime] = now) -> Service:
    """Open the store and the read models, and put the service together on them."""
    store = open_event_store(settings.store, settings.store_url)
    rows = ReadModel(settings.read_model_url, SCHEMA)
    synonyms = SynonymsFile(settings.synonyms_file)
    searches = SearchLog(store, CODEC)
    search = Search(PostgresIndex(rows, synonyms), open_elasticsearch(settings), searches, clock)
    meanings = MeaningsFiles(settings.synonyms_file, settings.related_file)
    passages = Passages(rows, PostgresVocabulary(rows), search.slugs, meanings)
    return Service(Knowledge(store, CODEC, clock), Queries(rows, store), search, passages, searches, store, rows)


def build_worker(service: Service, settings: Settings, amqp_url: str, stop: threading.Event) -> Worker:
    """What follows the log."""
    followers: list[Follower] = [
        ProjectionGroup("knowledge.read_models", FOLLOWED, PROJECTIONS, service.read_model, CODEC),
        Relay("knowledge.relay", PUBLIC, service.read_model, amqp_url),
    ]
    if (follower := build_index_follower(service, settings)) is not None:
        followers.append(follower)
    return Worker(service.store, service.read_model, followers, (), stop)


def build_index_follower(service: Service, settings: Settings) -> IndexFollower | None:
    """What keeps the index of Elasticsearch, where there is one."""
    if (index := open_elasticsearch(settings)) is None:
        return None
    from services.knowledge.index.follower import IndexFollower

    return IndexFollower(index, service.store, service.read_model, CODEC)


def build_rebuild(service: Service, settings: Settings, projection: Projection) -> Rebuild:
    """What fills one projection anew."""
    open_store = partial(open_event_store, settings.store, settings.store_url)
    url, processes = settings.read_model_url, os.cpu_count() or 1
    return Rebuild(projection, FOLLOWED, service.store, CODEC, url, SCHEMA, _views(), open_store, processes)


def migrate(settings: AdminSettings) -> list[str]:
    """Bring the store and the read models up to date; names of the migrations that were run."""
    migrate_event_store(settings.store_admin_url, OWNED)
    postgres_index.prepare(settings.read_model_admin_url)
    folder = resources.files("services.knowledge.migrations")
    return read_model.migrate(settings.read_model_admin_url, SCHEMA, ROLE, folder, _views())


def open_elasticsearch(settings: Settings) -> ElasticsearchIndex | None:
    """The better engine where one is configured; nothing is connected yet."""
    if settings.elasticsearch_url is None:
        return None
    from services.knowledge.index.elasticsearch import ElasticsearchIndex

    return ElasticsearchIndex(settings.elasticsearch_url, SynonymsFile(settings.synonyms_file))


def _views() -> str:
    return resources.files("services.knowledge.projections").joinpath("analytics.sql").read_text()
