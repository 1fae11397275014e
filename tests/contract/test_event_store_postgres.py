"""The store's contract on a real PostgreSQL, and what only that adapter promises."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from shared.events.errors import CommandIdReused, NotTheOwner, StoreUnavailable
from shared.events.store.postgres import PostgresEventStore, migrate
from shared.events.stream import Expect, StreamName
from shared.events.testing import EventStoreContract, happened


@pytest.fixture(scope="module")
def postgres_store(event_store_admin_url: str, event_store_url: str) -> Iterator[PostgresEventStore]:
    contract = EventStoreContract
    migrate(event_store_admin_url, {contract.category: "tickets", contract.other: "tickets"})
    store = PostgresEventStore(event_store_url)
    yield store
    store.close()


class TestPostgresEventStore(EventStoreContract):
    @pytest.fixture
    def store(self, postgres_store: PostgresEventStore) -> PostgresEventStore:
        return postgres_store

    def test_positions_are_dense_and_in_commit_order(self, store: PostgresEventStore) -> None:
        start = store.head()

        def write(_: int) -> None:
            stream = StreamName(self.category, uuid.uuid4().hex)
            for _n in range(10):
                store.append(stream, [happened(), happened()], Expect.ANY)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(8)))
        positions = [event.position for event in store.read_all(start, None, 1000).events]
        assert positions == list(range(start + 1, start + 1 + 8 * 20))

    def test_a_command_id_of_another_stream_is_refused(self, store: PostgresEventStore) -> None:
        command = uuid.uuid4()
        store.append(StreamName(self.category, uuid.uuid4().hex), [happened()], Expect.ANY, command)
        other = StreamName(self.category, uuid.uuid4().hex)
        with pytest.raises(CommandIdReused):
            store.append(other, [happened()], Expect.ANY, command)
        assert store.read(other) == []

    def test_only_the_owner_appends_to_its_category(self, store: PostgresEventStore) -> None:
        with pytest.raises(NotTheOwner):
            store.append(StreamName("somebody_elses", "1"), [happened()], Expect.ANY)

    @pytest.mark.parametrize(
        "statement",
        [
            "select * from events.log",
            "delete from events.log",
            "update events.log set data = '{}'",
            "insert into events.owners values ('somebody_elses', 'tickets')",
        ],
    )
    def test_the_writer_has_no_rights_on_tables(
        self, store: PostgresEventStore, event_store_url: str, statement: str
    ) -> None:
        with psycopg.connect(event_store_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)

    def test_a_dropped_connection_is_replaced(self, store: PostgresEventStore, event_store_admin_url: str) -> None:
        stream = StreamName(self.category, uuid.uuid4().hex)
        store.append(stream, [happened()], Expect.ANY)
        _cut(event_store_admin_url)
        store.append(stream, [happened()], Expect.ANY)
        _cut(event_store_admin_url)
        assert len(store.read(stream)) == 2

    def test_a_cut_subscription_says_so_and_resumes(
        self, store: PostgresEventStore, event_store_admin_url: str
    ) -> None:
        stream, stop, seen = StreamName(self.category, uuid.uuid4().hex), threading.Event(), []
        after = store.head()
        with pytest.raises(StoreUnavailable):
            for batch in store.subscribe(after, [self.category], stop=stop):
                seen.extend(batch.events)
                after = batch.position
                _cut(event_store_admin_url)
        store.append(stream, [happened()], Expect.ANY)
        for batch in store.subscribe(after, [self.category], stop=stop):
            seen.extend(batch.events)
            if batch.caught_up:
                stop.set()
        assert [event.stream for event in seen] == [stream]

    def test_migrating_again_changes_nothing(self, store: PostgresEventStore, event_store_admin_url: str) -> None:
        stream = StreamName(self.category, uuid.uuid4().hex)
        store.append(stream, [happened()], Expect.ANY)
        migrate(event_store_admin_url, {self.category: "tickets"})
        assert len(store.read(stream)) == 1


def test_a_server_that_is_not_there_is_unavailable(free_port: int) -> None:
    store = PostgresEventStore(f"postgresql://tickets@127.0.0.1:{free_port}/event_store")
    try:
        with pytest.raises(StoreUnavailable):
            store.read(StreamName("contract", "1"))
    finally:
        store.close()


def _cut(admin_url: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'tickets'")
