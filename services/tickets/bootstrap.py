"""The only place where the tickets service is put together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import resources

from services.tickets.application import Tickets
from services.tickets.processes.auto_close import AutoClose
from services.tickets.processes.unbound_attachments import EVERY_SECONDS, RemoveUnboundAttachments
from services.tickets.projections.analytics import Analytics
from services.tickets.projections.messages import Messages
from services.tickets.projections.search import Search
from services.tickets.projections.statistics import Statistics
from services.tickets.projections.ticket_list import TicketList
from services.tickets.queries import Queries
from services.tickets.settings import Settings
from services.tickets.uploads import Uploads
from shared.events import read_model
from shared.events.catalog import tickets as catalog
from shared.events.codec import Codec
from shared.events.follower import Follower, Job, Worker
from shared.events.process import ProcessRunner
from shared.events.projection import Projection, ProjectionGroup, Rebuild
from shared.events.read_model import ReadModel
from shared.events.relay import Relay
from shared.events.store import migrate_event_store, open_event_store
from shared.events.store.port import EventStore
from shared.objects import open_store as open_object_store
from shared.service.settings import AdminSettings

SCHEMA = "tickets"
ROLE = "tickets"
OWNED = dict.fromkeys((catalog.CATEGORY, catalog.NOTE_CATEGORY, catalog.NUMBER_CATEGORY), ROLE)
PUBLIC = catalog.PUBLISHED
CODEC = Codec(catalog.EVENTS, catalog.UPCASTERS)
PROJECTIONS: tuple[Projection, ...] = (TicketList(), Statistics(), Messages(), Search(), Analytics())


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that answer requests."""

    tickets: Tickets
    queries: Queries
    uploads: Uploads
    store: EventStore
    read_model: ReadModel

    def checks(self) -> dict[str, Callable[[], None]]:
        """For readiness: raise where a dependency is away."""
        return {"event_store": self._check_store, "read_model": self._check_read_model}

    def _check_store(self) -> None:
        self.store.head()

    def _check_read_model(self) -> None:
        self.read_model.query("select 1")

    def close(self) -> None:
        self.store.close()
        self.read_model.close()


def build(settings: Settings, clock: Callable[[], datetime] = now) -> Service:
    """Open the store and the read models, and put the service together on them."""
    store = open_event_store(settings.store, settings.store_url)
    rows = ReadModel(settings.read_model_url, SCHEMA)
    uploads = Uploads(rows, clock)
    return Service(Tickets(store, CODEC, uploads, clock), Queries(rows, store, CODEC, clock), uploads, store, rows)


def build_worker(
    service: Service,
    settings: Settings,
    amqp_url: str,
    stop: threading.Event,
    clock: Callable[[], datetime] = now,
) -> Worker:
    """What follows the log, and the jobs beside it."""
    auto_close = AutoClose(service.tickets.announce_closing, service.tickets.close_if_due)
    clean_up = RemoveUnboundAttachments(
        service.uploads, open_object_store(settings.object_store_url), service.read_model, service.store
    )
    followers: list[Follower] = [
        ProjectionGroup("tickets.read_models", PUBLIC, PROJECTIONS, service.read_model, CODEC),
        Relay("tickets.relay", PUBLIC, service.read_model, amqp_url),
        ProcessRunner(auto_close, service.read_model, CODEC, clock),
    ]
    jobs = [Job(clean_up.name, clean_up, EVERY_SECONDS)]
    return Worker(service.store, service.read_model, followers, jobs, stop)


def build_rebuild(service: Service, settings: Settings, projection: Projection) -> Rebuild:
    """What fills one projection anew."""
    open_store = partial(open_event_store, settings.store, settings.store_url)
    url, processes = settings.read_model_url, os.cpu_count() or 1
    return Rebuild(projection, PUBLIC, service.store, CODEC, url, SCHEMA, _views(), open_store, processes)


def migrate(settings: AdminSettings) -> list[str]:
    """Bring the store and the read models up to date; names of the migrations that were run."""
    migrate_event_store(settings.store_admin_url, OWNED)
    folder = resources.files("services.tickets.migrations")
    return read_model.migrate(settings.read_model_admin_url, SCHEMA, ROLE, folder, _views())


def _views() -> str:
    return resources.files("services.tickets.projections").joinpath("analytics.sql").read_text()
