"""Keep the index of Elasticsearch: follow the log, make the index anew where it is missing or outdated."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator

from services.knowledge.index.documents import documents_of
from services.knowledge.index.elasticsearch import ElasticsearchIndex
from services.knowledge.index.port import SearchUnavailable
from shared.events.catalog.knowledge import ARTICLE
from shared.events.codec import Codec
from shared.events.follower import Unavailable
from shared.events.projection import decode
from shared.events.read_model import ReadModel, lock_checkpoints, save_checkpoints
from shared.events.store.port import Batch, EventStore
from shared.events.stream import START, Position

LOOK_SECONDS = 5.0
REBUILD_BATCH = 200


class IndexFollower:
    """Follows articles; its checkpoint lies in `read_model`. While Elasticsearch is away it waits."""

    name = "knowledge.kb_index"
    categories: Collection[str] = (ARTICLE,)

    def __init__(self, index: ElasticsearchIndex, store: EventStore, read_model: ReadModel, codec: Codec) -> None:
        self._index, self._store, self._read_model, self._codec = index, store, read_model, codec
        self._looked_at = 0.0

    def position(self) -> Position:
        return self._read_model.positions([self.name])[self.name]

    def handle(self, batch: Batch) -> None:
        try:
            if time.monotonic() - self._looked_at > LOOK_SECONDS:
                self._make_ready()
            if not batch.events:
                return
            documents = documents_of(decode(self._codec, batch.events, self.name))
            # the lock keeps a rebuild from swapping between the write and the checkpoint
            with self._read_model.transaction() as connection:
                lock_checkpoints(connection, [self.name])
                self._index.put(documents)
                save_checkpoints(connection, [self.name], batch.position)
        except SearchUnavailable as error:
            raise Unavailable(str(error)) from error

    def keep(self, position: Position) -> None:
        self._read_model.save([self.name], position)

    def _make_ready(self) -> None:
        # here and not in position(), because only the worker that leads may rebuild
        if not self._index.ready():
            for _ in self.rebuild():
                pass
        self._looked_at = time.monotonic()

    def rebuild(self) -> Iterator[Position]:
        """Fill a new index beside the live one, then swap; yields how far it has come. Raises SearchUnavailable."""
        name = self._index.create()
        head, position = self._store.head(), START
        while position < head:
            position = self._step(name, position)
            yield position
        with self._read_model.transaction() as connection:
            live = lock_checkpoints(connection, [self.name])[self.name]
            while position < live:
                position = self._step(name, position)
            self._index.swap(name)
            save_checkpoints(connection, [self.name], position)
        yield position

    def _step(self, name: str, position: Position) -> Position:
        batch = self._store.read_all(position, self.categories, REBUILD_BATCH)
        self._index.put_into(name, documents_of(decode(self._codec, batch.events, self.name)))
        return batch.position
