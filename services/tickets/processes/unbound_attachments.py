"""Uploads that nothing named within a day go, with their content."""

from __future__ import annotations

from services.tickets.uploads import Uploads
from shared.events.catalog.tickets import CATEGORY, NOTE_CATEGORY
from shared.events.read_model import ReadModel
from shared.events.store.port import EventStore
from shared.objects.port import ObjectStore

EVERY_SECONDS = 600.0


class RemoveUnboundAttachments:
    """A job for the worker: does nothing while the projection that knows what is bound lags behind."""

    name = "unbound_attachments"

    def __init__(self, uploads: Uploads, objects: ObjectStore, read_model: ReadModel, store: EventStore) -> None:
        self._uploads, self._objects, self._read_model, self._store = uploads, objects, read_model, store

    def __call__(self) -> None:
        seen = self._read_model.positions(["messages"])["messages"]
        if not self._store.read_all(seen, [CATEGORY, NOTE_CATEGORY], limit=1).events:
            self._uploads.remove_unbound(self._objects)
