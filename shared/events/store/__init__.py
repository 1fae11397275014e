"""The event store: a port, and an adapter for each store that it can be."""

from __future__ import annotations

from collections.abc import Mapping

from shared.events.store.port import EventStore


def open_event_store(kind: str, url: str) -> EventStore:
    """The store of a kind (`postgres` or `kurrentdb`) at an address; a driver is imported only where it is used."""
    if kind == "kurrentdb":
        from shared.events.store.kurrentdb import KurrentDBEventStore

        return KurrentDBEventStore(url)
    from shared.events.store.postgres import PostgresEventStore

    return PostgresEventStore(url)


def migrate_event_store(admin_url: str | None, owned: Mapping[str, str]) -> None:
    """Bring the store's schema up to date and note who owns which category; nothing where it needs none (None)."""
    if admin_url is not None:
        from shared.events.store import postgres

        postgres.migrate(admin_url, owned)
