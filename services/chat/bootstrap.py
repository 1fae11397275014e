"""The only place where the chat service is put together."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from services.chat.actor import Actor
from services.chat.application import Chats
from services.chat.assistant.engine import Passages
from services.chat.assistant.llm import LlmAssistant
from services.chat.assistant.port import Assistant, Lookups
from services.chat.assistant.procedures import Procedures
from services.chat.lookups import RemoteLookups
from services.chat.presence import Presence, Signals
from services.chat.processes.absent_agents import EVERY_SECONDS, ReleaseAbsentAgents
from services.chat.processes.answering import SHARDS, Answering
from services.chat.processes.clock import Clock
from services.chat.projections.analytics import Analytics
from services.chat.projections.chats import Chats as ChatRows
from services.chat.projections.messages import Messages
from services.chat.queries import Queries
from services.chat.settings import Settings
from services.chat.status.fetch import checked_address, fetch
from services.chat.status.file import StatusFile
from services.chat.status.port import StatusSource
from services.chat.status.statuspage import StatusPage
from services.chat.status.summary import MAX_BYTES
from services.chat.tickets import Tickets
from shared.events import read_model
from shared.events.catalog import chat as catalog
from shared.events.codec import Codec
from shared.events.follower import Follower, Job, Worker
from shared.events.process import Process, ProcessRunner
from shared.events.projection import Projection, ProjectionGroup, Rebuild
from shared.events.read_model import ReadModel
from shared.events.relay import Relay
from shared.events.runner import CommandContext
from shared.events.store import migrate_event_store, open_event_store
from shared.events.store.port import EventStore
from shared.service.client import Caller, RemoteService
from shared.service.settings import AdminSettings

SCHEMA = "chat"
ROLE = "chat"
OWNED = {catalog.CATEGORY: ROLE}
PUBLIC = catalog.PUBLISHED
CODEC = Codec(catalog.EVENTS, catalog.UPCASTERS)
PROJECTIONS: tuple[Projection, ...] = (ChatRows(), Messages(), Analytics())


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that answer requests."""

    chats: Chats
    queries: Queries
    presence: Presence
    signals: Signals
    lookups: Lookups
    store: EventStore
    read_model: ReadModel
    caller: Caller

    def write(self, actor: Actor, context: CommandContext, chat_id: str, **command: Any) -> dict[str, Any]:
        """Write a message; an agent who does is there."""
        if actor.is_agent:
            self.presence.seen(actor)
        return self.chats.write(actor, context, chat_id, **command)

    def accept(self, actor: Actor, context: CommandContext, chat_id: str) -> dict[str, Any]:
        """Take a chat, within what the agent takes at once."""
        actor.must_be_agent("accept")
        self.queries.must_see(actor, chat_id)
        self.presence.seen(actor)
        if not self.chats.knows(chat_id, context):
            self.presence.must_have_room(actor, chat_id)
        return self.chats.accept(actor, context, chat_id)

    def transfer(
        self, actor: Actor, context: CommandContext, chat_id: str, assignee: Mapping[str, str] | None
    ) -> dict[str, Any]:
        """Pass a chat on: to an agent who is there, under the name that their own desk has said, or to the queue."""
        self.queries.must_see(actor, chat_id)
        if assignee is not None and not self.chats.knows(chat_id, context):
            assignee = self.presence.there(assignee["id"])
        return self.chats.transfer(actor, context, chat_id, assignee)

    def typing(self, actor: Actor, chat_id: str) -> None:
        """Show whoever sees the chat that the actor types in it; nothing where the actor may not write."""
        customer_id, writes = self.queries.writes_in(actor, chat_id)
        if writes:
            self.signals.typing(actor, chat_id, customer_id)

    def checks(self) -> Mapping[str, Callable[[], None]]:
        """For readiness: raise where a dependency is away."""
        return {"event_store": self._check_store, "read_model": self._check_read_model}

    def _check_store(self) -> None:
        self.store.head()

    def _check_read_model(self) -> None:
        self.read_model.query("select 1")

    def close(self) -> None:
        self.caller.stop()
        self.signals.close()
        self.store.close()
        self.read_model.close()


def build(settings: Settings, amqp_url: str, clock: Callable[[], datetime] = now) -> Service:
    """Open the store and the read models, and put the service together on them."""
    store = open_event_store(settings.store, settings.store_url)
    rows = ReadModel(settings.read_model_url, SCHEMA)
    caller = Caller(amqp_url, name="chat")
    caller.start()
    tickets = Tickets(RemoteService(caller, "tickets"))
    presence = Presence(rows, clock)
    status = status_source(settings, clock)
    queries = Queries(rows, store, CODEC, settings.hours, presence, status, clock)
    chats = Chats(store, CODEC, settings.hours, tickets, queries.place_in_queue, clock)
    lookups = RemoteLookups(RemoteService(caller, "knowledge"), tickets, status)
    return Service(chats, queries, presence, Signals(amqp_url), lookups, store, rows, caller)


def status_source(settings: Settings, clock: Callable[[], datetime]) -> StatusSource:
    """Where the platform's state comes from."""
    if settings.status_url is None:
        return StatusFile(settings.status_file, settings.status_page, clock)
    address = checked_address(settings.status_url, settings.status_private)
    return StatusPage(settings.status_page, functools.partial(fetch, address, MAX_BYTES), clock)


def build_assistant(settings: Settings, lookups: Lookups, clock: Callable[[], datetime] = now) -> Assistant:
    """The engine that answers. Raises ProcedureError where a guided procedure is faulty."""
    passages = Passages(lookups, Procedures.load(settings.procedures), clock)
    return passages if settings.llm is None else LlmAssistant(settings.llm, lookups, passages)


def build_worker(
    service: Service,
    settings: Settings,
    amqp_url: str,
    stop: threading.Event,
    clock: Callable[[], datetime] = now,
) -> Worker:
    """What follows the log, and the jobs beside it."""
    assistant = build_assistant(settings, service.lookups, clock)
    answering = [Answering(shard, service.chats, assistant) for shard in range(SHARDS)]
    processes: list[Process] = [Clock(service.chats), *answering]
    followers: list[Follower] = [
        ProjectionGroup("chat.read_models", PUBLIC, PROJECTIONS, service.read_model, CODEC),
        Relay("chat.relay", PUBLIC, service.read_model, amqp_url),
        *(ProcessRunner(process, service.read_model, CODEC, clock) for process in processes),
    ]
    absent = ReleaseAbsentAgents(service.chats, service.read_model, clock, service.caller.check)
    jobs = [Job(absent.name, absent, EVERY_SECONDS)]
    return Worker(service.store, service.read_model, followers, jobs, stop)


def build_rebuild(service: Service, settings: Settings, projection: Projection) -> Rebuild:
    """What fills one projection anew."""
    open_store = functools.partial(open_event_store, settings.store, settings.store_url)
    url, processes = settings.read_model_url, os.cpu_count() or 1
    return Rebuild(projection, PUBLIC, service.store, CODEC, url, SCHEMA, _views(), open_store, processes)


def migrate(settings: AdminSettings) -> list[str]:
    """Bring the store and the read models up to date; names of the migrations that were run."""
    migrate_event_store(settings.store_admin_url, OWNED)
    folder = resources.files("services.chat.migrations")
    return read_model.migrate(settings.read_model_admin_url, SCHEMA, ROLE, folder, _views())


def _views() -> str:
    return resources.files("services.chat.projections").joinpath("analytics.sql").read_text()
