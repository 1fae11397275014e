"""Search as callers see it: the best engine that answers in time, and a log of what was looked for."""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import structlog
from prometheus_client import Counter

from services.knowledge.domain import errors
from services.knowledge.index.port import SearchIndex, SearchUnavailable
from services.knowledge.index.words import MAX_QUERY, Synonyms
from shared.events.catalog.knowledge import SEARCHES, ResultChosen, SearchPerformed
from shared.events.codec import Codec
from shared.events.errors import EventStoreError, StoreUnavailable
from shared.events.event import NewEvent
from shared.events.store.port import EventStore
from shared.events.stream import Expect, StreamName

# after a failure the better engine is left alone for so long
REST_SECONDS = 5.0
LOG_BOUND = 5_000
LOG_BATCH = 200
LOG_RETRY_SECONDS = 1.0

FALLBACKS = Counter("knowledge_search_fallbacks", "Searches that the better engine did not answer")
UNLOGGED = Counter("knowledge_searches_unlogged", "Searches that were answered but not logged")

log = structlog.get_logger()

Answer = dict[str, Any]
Found = TypeVar("Found")
Logged = SearchPerformed | ResultChosen


class Search:
    """Answers from `better` where there is one and it answers, else from `always`."""

    def __init__(
        self,
        always: SearchIndex,
        better: SearchIndex | None,
        searches: SearchLog,
        now: Callable[[], datetime],
    ) -> None:
        self._always, self._better, self._searches, self._now = always, better, searches, now
        self._rests_until = 0.0

    def search(self, q: str, category: str | None = None, limit: int = 10, offset: int = 0) -> Answer:
        """{search_id, items, total, facets, did_you_mean, engine}, and the search is logged without who searched."""
        q = _plain(q)
        engine, results = self._ask(lambda index: (index.engine, index.search(q, category, limit, offset)))
        search_id = str(uuid.uuid4())
        if offset == 0:
            self._searches.record(SearchPerformed(search_id, q, category, results.total, engine, self._now()))
        return {
            "search_id": search_id,
            "items": [asdict(hit) for hit in results.hits],
            "total": results.total,
            "facets": dict(results.facets),
            "did_you_mean": results.did_you_mean,
            "engine": engine,
        }

    def suggest(self, q: str, limit: int = 5) -> Answer:
        """{items: [{slug, title, category}], engine}; not logged."""
        q = _plain(q)
        engine, hits = self._ask(lambda index: (index.engine, index.suggest(q, limit)))
        items = [{"slug": hit.slug, "title": hit.title, "category": hit.category} for hit in hits]
        return {"items": items, "engine": engine}

    def slugs(self, q: str, limit: int) -> list[str]:
        """The articles that fit best, the best first; not logged."""
        q = _plain(q)
        return [hit.slug for hit in self._ask(lambda index: index.search(q, limit=limit, excerpts=False)).hits]

    def chose(self, search_id: str, slug: str, rank: int) -> None:
        """Log which result of a search was opened. Raises Refusal search_not_found for what is no search's id."""
        try:
            search_id = str(uuid.UUID(search_id))
        except ValueError:
            raise errors.search_not_found() from None
        self._searches.record(ResultChosen(search_id, slug[:100], min(max(rank, 1), 1000), self._now()))

    def _ask(self, question: Callable[[SearchIndex], Found]) -> Found:
        if self._better is not None and time.monotonic() >= self._rests_until:
            try:
                return question(self._better)
            except SearchUnavailable as error:
                self._rests_until = time.monotonic() + REST_SECONDS
                FALLBACKS.inc()
                log.warning("search engine away", engine=self._better.engine, error=str(error))
        return question(self._always)


class SearchLog:
    """Appends searches to the event store from a thread of its own, so that no search waits for it.

    What is not written yet is bounded: beyond that, and when the process is killed, searches go uncounted.
    """

    def __init__(self, store: EventStore, codec: Codec) -> None:
        self._store, self._codec = store, codec
        self._waiting: queue.Queue[Logged | None] = queue.Queue(LOG_BOUND)
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    def record(self, event: Logged) -> None:
        """Take an event to write soon; never waits."""
        if self._thread is None:
            with self._start:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="search-log", daemon=True)
                    self._thread.start()
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            UNLOGGED.inc()

    def close(self, seconds: float = 5.0) -> None:
        """Write what waits, for at most so many seconds."""
        if self._thread is not None:
            self._closing.set()
            self._waiting.put(None)
            self._thread.join(seconds)

    def _run(self) -> None:
        while (event := self._waiting.get()) is not None:
            events, ended = [event], False
            while len(events) < LOG_BATCH and not self._waiting.empty():
                more = self._waiting.get_nowait()
                if more is None:
                    ended = True
                    break
                events.append(more)
            self._write(events)
            if ended:
                return

    def _write(self, events: Sequence[Logged]) -> None:
        day = StreamName(SEARCHES, events[0].at.strftime("%Y-%m-%d"))
        new = [
            NewEvent(uuid.uuid4(), *self._codec.encode(event), {"correlation_id": event.search_id}) for event in events
        ]
        while True:
            try:
                self._store.append(day, new, Expect.ANY)
                return
            except StoreUnavailable as error:
                log.warning("searches not logged yet", count=len(new), error=str(error))
                if self._closing.wait(LOG_RETRY_SECONDS):
                    break
            except EventStoreError:
                log.exception("searches not logged", count=len(new))
                break
        UNLOGGED.inc(len(new))


@dataclass(slots=True)
class SynonymsFile:
    """Called, gives the synonyms of a file that people edit, as it is now; a broken edit changes nothing."""

    path: Path
    _seen: float = 0.0
    _known: Synonyms = field(default_factory=Synonyms)

    def __call__(self) -> Synonyms:
        try:
            changed = self.path.stat().st_mtime
            if changed != self._seen:
                self._seen = changed
                self._known = Synonyms.read(self.path)
        except (OSError, ValueError) as error:
            log.warning("synonyms not read", path=str(self.path), error=str(error))
        return self._known


def _plain(q: str) -> str:
    return " ".join(q.replace("\0", " ").split())[:MAX_QUERY]
