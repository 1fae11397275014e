"""The store's contract on a real PostgreSQL, and what only that adapter promises."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from shared.events.errors import CommandIdReused, NotTheOwner, StoreUnavailable, WrongExpectedRevision
from shared.events.store.postgres import PostgresEventStore, migrate
from shared.events.stream import Expect, Revision, StreamName
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

    def test_what_waits_at_the_same_time_is_one_commit(
        self, store: PostgresEventStore, event_store_admin_url: str
    ) -> None:
        appends = 24
        with psycopg.connect(event_store_admin_url) as turn, ThreadPoolExecutor(appends) as pool:
            # nobody gets a turn until all are there
            turn.execute("lock table events.append_turn in exclusive mode")
            waiting = [
                pool.submit(store.append, StreamName(self.category, uuid.uuid4().hex), [happened()], Expect.NO_STREAM)
                for _ in range(appends)
            ]
            _until(lambda: len(store._commit._waiting) == appends - 1)
            turn.commit()
            done = [each.result(10) for each in waiting]
        assert len({one.position for one in done}) == appends
        with psycopg.connect(event_store_admin_url) as connection:
            commits = connection.execute(
                "select count(distinct xmin::text) from events.log where position = any(%s)",
                ([one.position for one in done],),
            ).fetchone()
        assert commits == (2,), "the first alone, and then all the others"

    def test_a_repetition_in_a_group_spoils_no_other(
        self, store: PostgresEventStore, event_store_admin_url: str
    ) -> None:
        known, command = StreamName(self.category, uuid.uuid4().hex), uuid.uuid4()
        first = store.append(known, [happened()], Expect.NO_STREAM, command)
        fresh = [StreamName(self.category, uuid.uuid4().hex) for _ in range(8)]
        with psycopg.connect(event_store_admin_url) as turn, ThreadPoolExecutor(16) as pool:
            turn.execute("lock table events.append_turn in exclusive mode")
            new = [pool.submit(store.append, stream, [happened()], Expect.NO_STREAM) for stream in fresh]
            again = pool.submit(store.append, known, [happened()], Revision(0), command)
            stolen = pool.submit(store.append, StreamName(self.category, "stolen"), [happened()], Expect.ANY, command)
            wrong = pool.submit(store.append, StreamName(self.category, "wrong"), [happened()], Revision(5))
            foreign = pool.submit(store.append, StreamName("somebody_elses", "1"), [happened()], Expect.ANY)
            _until(lambda: len(store._commit._waiting) >= 10)
            turn.commit()
            assert [each.result(10).first for each in new] == [0] * 8
            assert (again.result(10).duplicate, again.result(10).position) == (True, first.position)
            for refused, error in ((stolen, CommandIdReused), (wrong, WrongExpectedRevision), (foreign, NotTheOwner)):
                with pytest.raises(error):
                    refused.result(10)

    def test_the_former_version_appends_beside_this_one(self, store: PostgresEventStore, event_store_url: str) -> None:
        stream = StreamName(self.category, uuid.uuid4().hex)
        store.append(stream, [happened()], Expect.NO_STREAM)
        new = uuid.uuid4()
        former = (
            "select * from events.append(%s, %s, %s, %s, array[%s]::uuid[], array['Happened'], array[1],"
            " array['{\"n\": 1}'], array['{}'])"
        )
        with psycopg.connect(event_store_url, autocommit=True) as connection:
            row = connection.execute(former, (str(stream), self.category, 0, uuid.uuid4(), new)).fetchone()
            assert row == (1, 1, store.head())
            with pytest.raises(psycopg.Error) as caught:
                connection.execute(former, (str(stream), self.category, 0, uuid.uuid4(), uuid.uuid4()))
            assert (caught.value.sqlstate, caught.value.diag.message_detail) == ("SE001", "1")
            with pytest.raises(psycopg.Error) as caught:
                connection.execute(former, ("somebody_elses-1", "somebody_elses", -1, uuid.uuid4(), uuid.uuid4()))
            assert caught.value.sqlstate == "SE003"
        assert [event.id for event in store.read(stream)][1:] == [new]

    def test_nobody_else_can_keep_writers_from_their_turn(
        self, store: PostgresEventStore, event_store_url: str
    ) -> None:
        with psycopg.connect(event_store_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("lock table events.append_turn in exclusive mode")

    def test_nobody_wakes_for_what_does_not_concern_them(self, store: PostgresEventStore, event_store_url: str) -> None:
        with psycopg.connect(event_store_url, autocommit=True) as listener:
            listener.execute(f"listen events_{self.category}")
            store.append(StreamName(self.other, uuid.uuid4().hex), [happened()], Expect.ANY)
            mine = store.append(StreamName(self.category, uuid.uuid4().hex), [happened(), happened()], Expect.ANY)
            told = [(note.channel, note.payload) for note in listener.notifies(timeout=0.5)]
        assert told == [(f"events_{self.category}", str(mine.position))]

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


def _until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.005)


def _cut(admin_url: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'tickets'")
