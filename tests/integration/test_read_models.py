"""Projections, their checkpoints, rebuilds and timers on a real PostgreSQL."""

from __future__ import annotations

import base64
import json
import multiprocessing
import pickle
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.tickets import bootstrap
from services.tickets.application import Tickets
from services.tickets.bootstrap import CODEC, PROJECTIONS, PUBLIC, SCHEMA
from services.tickets.processes.auto_close import AutoClose
from services.tickets.queries import Queries
from services.tickets.uploads import Uploads
from shared.events.catalog.tickets import TicketOpened
from shared.events.errors import ReadModelUnavailable, Refusal, StoreUnavailable
from shared.events.follower import Worker
from shared.events.lease import LEASE_SECONDS, Leases
from shared.events.process import ProcessRunner
from shared.events.projection import Fact, ProjectionGroup, Rebuild, RebuildRunning, decode
from shared.events.read_model import Connection, ReadModel, save_checkpoints
from shared.events.store.memory import MemoryEventStore
from shared.events.store.port import Batch
from shared.events.stream import START, Position
from shared.service.settings import AdminSettings
from tests.integration.stores import cannot_open, dies, remembered
from tests.unit.tickets.people import ADA, BEN, CHI, context

TABLES = [table for projection in PROJECTIONS for table in projection.tables]


@dataclass
class World:
    """A tickets service on an empty read model and a log in memory, with a clock that the test sets."""

    store: MemoryEventStore
    read_model: ReadModel
    url: str
    clock: datetime

    def __post_init__(self) -> None:
        self.uploads = Uploads(self.read_model, lambda: self.clock)
        self.tickets = Tickets(self.store, CODEC, self.uploads, lambda: self.clock)
        self.queries = Queries(self.read_model, self.store, CODEC, lambda: self.clock)
        self.group = ProjectionGroup("group", PUBLIC, PROJECTIONS, self.read_model, CODEC)

    def project(self) -> None:
        self.group.handle(self.store.read_all(self.group.position(), PUBLIC))

    def rows(self) -> dict[str, list[Any]]:
        with self.read_model.transaction() as connection:
            return {
                table: connection.execute(f"select to_jsonb(t) as row from {table} t order by 1").fetchall()  # type: ignore[arg-type]
                for table in TABLES
            }

    def open(self, who: Any = ADA, **changes: Any) -> str:
        command = {"subject": "Server down", "category": "TECHNICAL", "priority": "HIGH", "description": "It is."}
        answer = self.tickets.open(who, context(who), **{**command, **changes})
        return str(answer["ticket"]["id"])

    def life(self) -> str:
        """A ticket to which everything has happened."""
        ticket = self.open()
        self.tickets.post_message(BEN, context(BEN), ticket, "Looking into it")
        self.tickets.post_message(BEN, context(BEN), ticket, "The switch again?", internal=True)
        self.tickets.assign(BEN, context(BEN), ticket, {"id": "a-eva", "name": "Eva"})
        self.tickets.request_information(BEN, context(BEN), ticket, "Which zone?")
        self.tickets.post_message(ADA, context(ADA), ticket, "Zone b")
        self.tickets.change_priority(BEN, context(BEN), ticket, "LOW")
        self.tickets.change_category(BEN, context(BEN), ticket, "BILLING")
        self.tickets.resolve(BEN, context(BEN), ticket, "Replaced the switch")
        self.tickets.reopen(ADA, context(ADA), ticket, "Down again")
        self.tickets.assign(BEN, context(BEN), ticket, None)
        self.tickets.resolve(ADA, context(ADA), ticket)
        self.tickets.rate(ADA, context(ADA), ticket, 4, "Took a while")
        self.tickets.close(BEN, context(BEN), ticket)
        return ticket

    def rebuild(self, projection: Any, processes: int = 1) -> Rebuild:
        # another process has no memory of this one
        open_store = partial(remembered, self.store.read_all(START, limit=10_000).events)
        views = bootstrap._views()
        return Rebuild(projection, PUBLIC, self.store, CODEC, self.url, SCHEMA, views, open_store, processes)


@pytest.fixture(scope="session")
def migrated(read_model_admin_url: str, read_model_url: str) -> str:
    settings = AdminSettings(None, read_model_admin_url)
    assert bootstrap.migrate(settings) == ["0001_read_models.sql", "0002_chats.sql"]
    assert bootstrap.migrate(settings) == []
    return read_model_url


@pytest.fixture
def world(migrated: str) -> Iterator[World]:
    read_model = ReadModel(migrated, SCHEMA)
    with read_model.transaction() as connection:
        for table in [*TABLES, "checkpoints", "timers", "uploads", "drafts", "read_marks"]:
            connection.execute(f"truncate {table}")  # type: ignore[arg-type]
    yield World(MemoryEventStore(), read_model, migrated, datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
    read_model.close()


class TestProjections:
    @pytest.mark.parametrize("batch_size", [1, 3, 1000])
    def test_the_rows_do_not_depend_on_how_the_log_was_cut(self, world: World, batch_size: int) -> None:
        world.life()
        world.open(CHI)
        facts = decode(CODEC, world.store.read_all(START, PUBLIC).events, "test")
        with world.read_model.transaction() as connection:
            for start in range(0, len(facts), batch_size):
                for projection in PROJECTIONS:
                    projection.apply(connection, facts[start : start + batch_size])
        cut = world.rows()
        with world.read_model.transaction() as connection:
            for table in TABLES:
                connection.execute(f"truncate {table}")  # type: ignore[arg-type]
        world.project()
        assert world.rows() == cut
        assert len(cut["ticket_list"]) == 2

    def test_the_same_batch_twice_changes_nothing(self, world: World) -> None:
        world.life()
        batch = world.store.read_all(START, PUBLIC)
        world.group.handle(batch)
        once = world.rows()
        world.group.handle(batch)
        assert world.rows() == once
        assert set(world.read_model.positions([each.name for each in PROJECTIONS]).values()) == {batch.position}

    def test_a_projection_that_comes_later_catches_up_while_the_others_wait(self, world: World) -> None:
        world.life()
        late = PROJECTIONS[1]
        others = [each for each in PROJECTIONS if each is not late]
        ProjectionGroup("group", PUBLIC, others, world.read_model, CODEC).handle(world.store.read_all(START, PUBLIC))
        world.open(CHI)
        assert world.group.position() == START
        world.project()
        together = world.rows()
        assert together["statistics"] != []
        assert len(together["ticket_list"]) == 2

    def test_a_batch_that_fails_leaves_nothing_behind(self, world: World) -> None:
        class Failing:
            name, tables, events = "failing", (), (TicketOpened,)

            def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
                raise ValueError("cannot")

        world.life()
        group = ProjectionGroup("group", PUBLIC, [*PROJECTIONS, Failing()], world.read_model, CODEC)
        with pytest.raises(ValueError, match="cannot"):
            group.handle(world.store.read_all(START, PUBLIC))
        assert all(rows == [] for rows in world.rows().values())
        assert world.group.position() == START

    def test_a_statement_that_fails_unasked_leaves_nothing_behind(self, world: World) -> None:
        class Failing:
            name, tables, events = "failing", (), (TicketOpened,)

            def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
                connection.execute("insert into statistics (scope) values (1 / 0)")

        world.life()
        for projections in ([*PROJECTIONS, Failing()], [Failing(), *PROJECTIONS]):
            group = ProjectionGroup("group", PUBLIC, projections, world.read_model, CODEC)
            with pytest.raises(psycopg.errors.DivisionByZero):
                group.handle(world.store.read_all(START, PUBLIC))
            assert all(rows == [] for rows in world.rows().values())
            assert world.group.position() == START
        world.project()
        assert len(world.rows()["ticket_list"]) == 1

    def test_an_unknown_event_is_passed_and_counted(self, world: World) -> None:
        from shared.events.follower import UNKNOWN
        from shared.events.stream import Expect, StreamName
        from shared.events.testing import happened

        world.open()
        world.store.append(StreamName("ticket", str(uuid.uuid4())), [happened("FromTheFuture")], Expect.ANY)
        world.open()
        before = UNKNOWN.labels("group", "FromTheFuture")._value.get()
        world.project()
        assert UNKNOWN.labels("group", "FromTheFuture")._value.get() == before + 1
        assert len(world.rows()["ticket_list"]) == 2

    def test_counters_and_list_agree_for_everybody(self, world: World) -> None:
        world.life()
        for who in (ADA, CHI, CHI):
            world.open(who)
        world.project()
        for who, count in ((ADA, 2), (CHI, 2), (BEN, 4)):
            statistics, listed = world.queries.statistics(who), world.queries.list_tickets(who)
            assert statistics["total"] == listed["total"] == len(listed["items"]) == count
            for status in ("OPEN", "IN_PROGRESS", "WAITING_ON_CUSTOMER", "RESOLVED", "CLOSED"):
                filtered = world.queries.list_tickets(who, status=[status])
                assert statistics[status.lower()] == filtered["total"] == len(filtered["items"])
            cards = statistics["cards"]
            assert cards["total"] == cards["open"] + cards["in_progress"] + cards["resolved"] == count


class TestRebuild:
    @pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
    def test_what_was_rebuilt_equals_what_was_live(self, world: World, projection: Any, analytics_url: str) -> None:
        world.life()
        world.project()
        before = world.rows()
        anew = world.rebuild(projection)
        *_, position = anew.fill(world.store.head())
        world.open(CHI)
        world.project()
        after = world.rows()
        assert after != before
        anew.swap(position)
        assert world.rows() == after
        world.open(ADA)
        world.project()
        assert len(world.rows()["ticket_list"]) == 3
        with psycopg.connect(analytics_url) as connection:
            assert connection.execute("select count(*) from analytics.tickets").fetchone() == (3,)

    @pytest.mark.parametrize("processes", [2, 3])
    @pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
    def test_what_several_processes_rebuilt_equals_what_was_live(
        self, world: World, projection: Any, processes: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shared.events.projection.WORTH_SPLITTING", 1)
        for _ in range(6):
            world.life()
            world.open(CHI)
        world.project()
        indexes = _indexes(world)
        anew = world.rebuild(projection, processes)
        *_, position = anew.fill(world.store.head())
        assert position == world.store.head()
        assert anew.differences(position) == []
        world.open(CHI)
        world.project()
        after = world.rows()
        anew.swap(position)
        assert world.rows() == after
        assert _indexes(world) == indexes
        world.open(ADA)
        world.project()
        assert len(world.rows()["ticket_list"]) == 14

    def test_a_process_that_fails_or_dies_says_so_and_leaves_the_live_rows(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shared.events.projection.WORTH_SPLITTING", 1)
        world.life()
        world.project()
        before = world.rows()
        for open_store, error in ((cannot_open, StoreUnavailable), (dies, RuntimeError)):
            anew = world.rebuild(PROJECTIONS[1], 2)
            anew._open_store = open_store
            with pytest.raises(error):
                list(anew.fill(world.store.head()))
            anew.discard()
        assert world.rows() == before
        assert multiprocessing.active_children() == []

    def test_a_rebuild_in_several_processes_that_was_killed_leaves_none_of_them(
        self, world: World, tmp_path: Path
    ) -> None:
        for _ in range(6):
            world.life()
        world.project()
        before = world.rows()
        events = tmp_path / "events"
        events.write_bytes(pickle.dumps(world.store.read_all(START, limit=10_000).events))
        command = [sys.executable, "-m", "tests.integration.stores", str(events), world.url, SCHEMA]
        # in a group of its own, where nobody but the test ends anything
        with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as rebuild:
            try:
                assert rebuild.stdout is not None
                assert rebuild.stdout.readline() == b"half way\n"
                _until(lambda: _own_tables(world) == 2)
            finally:
                rebuild.kill()
        _until(lambda: _own_tables(world) == 0)
        anew = world.rebuild(PROJECTIONS[1])
        *_, position = anew.fill(world.store.head())
        assert anew.differences(position) == []
        anew.discard()
        assert world.rows() == before

    def test_a_rebuild_that_was_killed_is_begun_again(self, world: World) -> None:
        world.life()
        world.project()
        anew = world.rebuild(PROJECTIONS[0])
        next(iter(anew.fill(world.store.head())))
        *_, position = anew.fill(world.store.head())
        anew.swap(position)
        assert len(world.rows()["ticket_list"]) == 1

    def test_two_at_once_do_not_add_up(self, world: World) -> None:
        world.life()
        world.project()
        before = world.rows()
        first, second = world.rebuild(PROJECTIONS[1]), world.rebuild(PROJECTIONS[1])
        *_, position = first.fill(world.store.head())
        with pytest.raises(RebuildRunning):
            next(iter(second.fill(world.store.head())))
        first.swap(position)
        assert world.rows() == before
        *_, position = second.fill(world.store.head())
        assert second.differences(position) == []
        second.discard()

    def test_differences_names_what_is_wrong(self, world: World) -> None:
        world.life()
        world.project()
        anew = world.rebuild(PROJECTIONS[1])
        *_, position = anew.fill(world.store.head())
        assert anew.differences(position) == []
        with world.read_model.transaction() as connection:
            connection.execute("update statistics set closed = closed + 1 where scope = 'all'")
        wrong = anew.differences(position)
        assert {(row["side"], row["row"]["closed"]) for row in wrong} == {("read model", 2), ("log", 1)}
        anew.discard()


class TestReading:
    def test_waits_for_a_position_but_not_for_ever(self, world: World) -> None:
        ticket = world.open()
        late = threading.Timer(0.1, world.project)
        late.start()
        answer = world.queries.get_ticket(ADA, ticket, min_position=world.store.head())
        assert answer["position"] == world.store.head()
        assert answer["ticket"]["id"] == ticket
        beyond = world.store.head() + 100
        assert world.queries.statistics(ADA, min_position=beyond)["position"] < beyond
        late.join()

    def test_pages_are_stable_under_inserts(self, world: World) -> None:
        for number in range(7):
            world.clock += timedelta(minutes=1)
            world.open(subject=f"Ticket {number}")
        world.project()
        for sort in ("-updated_at", "created_at", "-priority"):
            first = world.queries.list_tickets(BEN, sort=sort, limit=3)
            world.clock += timedelta(minutes=1)
            world.open(subject="A new one", priority="URGENT")
            world.project()
            seen = [item["id"] for item in first["items"]]
            cursor = first["next_cursor"]
            while cursor:
                page = world.queries.list_tickets(BEN, sort=sort, limit=3, cursor=cursor)
                seen += [item["id"] for item in page["items"]]
                cursor = page["next_cursor"]
            assert len(seen) == len(set(seen))
            before = {item["id"] for item in first["items"]}
            assert before < set(seen)
            assert len(seen) >= 7

    def test_search_looks_into_subject_number_and_messages_but_shows_no_notes(self, world: World) -> None:
        ticket = world.open(subject="Grüße vom Lastverteiler", description="504 from the balancer")
        other = world.open(CHI, subject="Invoice")
        world.tickets.post_message(BEN, context(BEN), ticket, "The certificate had expired")
        world.tickets.post_message(BEN, context(BEN), ticket, "their key is xylophone", internal=True)
        world.project()
        number = world.queries.get_ticket(ADA, ticket)["ticket"]["number"]

        def found(who: Any, q: str) -> list[str]:
            answer = world.queries.list_tickets(who, q=q)
            assert answer["total"] == len(answer["items"])
            return [item["id"] for item in answer["items"]]

        for q in ("grüße", "lastver", "GRÜSSE"[:3], number, number.lower(), "certif", "balancer certificate", "504"):
            assert found(ADA, q) == [ticket], q
        terms = world.open(subject="Terms", description="ada@acme.example report.pdf 10.0.0.1 MAX_RETRY_COUNT v1.2.3")
        world.project()
        for q in ("ada@acme.example", "acme", "report.pdf", "pdf", "10.0.0.1", "MAX_RETRY_COUNT", "retry", "1.2.3"):
            assert found(ADA, q) == [terms], q
        # no number of a ticket has a U in it
        for q in ("invoice", "xylophone", "nothing like it", "!!!", "' | 'zzu"):
            assert found(ADA, q) == [], q
        assert found(BEN, "xylophone") == [ticket]
        assert found(BEN, "invoice") == [other]

    def test_every_page_of_a_search_has_its_total(self, world: World) -> None:
        # no number of a ticket has a U in it, so none is found by chance
        for number in range(5):
            world.clock += timedelta(minutes=1)
            world.open(subject=f"Zebra u{number}")
        world.project()
        for sort in ("-updated_at", "created_at", "-priority"):
            first = world.queries.list_tickets(BEN, q="zebra", sort=sort, limit=3)
            rest = world.queries.list_tickets(BEN, q="zebra", sort=sort, limit=3, cursor=first["next_cursor"])
            shown = [item["subject"] for item in first["items"] + rest["items"]]
            assert sorted(shown) == [f"Zebra u{number}" for number in range(5)]
            assert (first["total"], rest["total"], rest["next_cursor"]) == (5, 5, None)
            assert shown == [item["subject"] for item in world.queries.list_tickets(BEN, q="zebra", sort=sort)["items"]]
        # what the cursor of an older list points to may be the last that is left
        last = world.queries.list_tickets(BEN, q="zebra", sort="-updated_at", limit=4)["next_cursor"]
        beyond = world.queries.list_tickets(BEN, q="zebra u4", sort="-updated_at", cursor=last)
        assert (beyond["items"], beyond["total"]) == ([], 1)

    def test_one_customers_tickets(self, world: World) -> None:
        mine, other = world.open(ADA), world.open(CHI)
        world.project()
        for who, customer, expected in ((BEN, ADA, [mine]), (BEN, CHI, [other]), (ADA, CHI, [])):
            answer = world.queries.list_tickets(who, customer=customer.id)
            assert ([item["id"] for item in answer["items"]], answer["total"]) == (expected, len(expected))

    @pytest.mark.parametrize(
        ("sort", "value"),
        [("-updated_at", 5), ("priority", 99_999), ("-priority", "2026-01-01T00:00:00+00:00"), ("created_at", None)],
    )
    def test_a_cursor_of_another_making_is_refused(self, world: World, sort: str, value: Any) -> None:
        cursor = base64.urlsafe_b64encode(json.dumps([sort, value, str(uuid.uuid4())]).encode()).decode()
        with pytest.raises(Refusal) as caught:
            world.queries.list_tickets(ADA, sort=sort, cursor=cursor)
        assert caught.value.code == "invalid_cursor"

    def test_a_ticket_can_be_seen_before_it_is_projected(self, world: World) -> None:
        ticket = world.open()
        assert world.queries.get_ticket(ADA, ticket)["ticket"]["status"] == "OPEN"
        assert world.queries.put_draft(ADA, ticket, "one more thing")["body"] == "one more thing"
        assert world.queries.mark_read(ADA, ticket, 0) == {"unread_count": 0}
        with pytest.raises(Refusal) as caught:
            world.queries.get_ticket(CHI, ticket)
        assert caught.value.code == "ticket_not_found"

    def test_nobody_has_read_what_is_not_written_yet(self, world: World) -> None:
        ticket = world.open()
        world.project()
        world.queries.mark_read(ADA, ticket, 10**18)
        world.tickets.post_message(BEN, context(BEN), ticket, "news")
        world.project()
        assert world.queries.get_ticket(ADA, ticket)["ticket"]["unread_count"] == 1

    def test_unread_counts_what_others_wrote(self, world: World) -> None:
        ticket = world.open()
        world.tickets.post_message(BEN, context(BEN), ticket, "one")
        world.tickets.post_message(BEN, context(BEN), ticket, "a note", internal=True)
        second = world.tickets.post_message(BEN, context(BEN), ticket, "two")
        world.tickets.post_message(ADA, context(ADA), ticket, "three")
        world.project()
        assert world.queries.get_ticket(ADA, ticket)["ticket"]["unread_count"] == 2
        assert world.queries.get_ticket(BEN, ticket)["ticket"]["unread_count"] == 1
        assert world.queries.mark_read(ADA, ticket, second["revision"]) == {"unread_count": 0}
        assert world.queries.mark_read(ADA, ticket, 0) == {"unread_count": 0}
        assert world.queries.list_tickets(ADA)["items"][0]["unread_count"] == 0

    def test_messages_come_in_pages_from_the_end(self, world: World) -> None:
        ticket = world.open()
        for number in range(5):
            world.tickets.post_message(BEN, context(BEN), ticket, f"message {number}", internal=number == 3)
        world.project()
        page = world.queries.list_messages(BEN, ticket, limit=2)
        assert [item["body"] for item in page["items"]] == ["message 3", "message 4"]
        earlier = world.queries.list_messages(BEN, ticket, limit=3, before=page["next_cursor"])
        assert [item["body"] for item in earlier["items"]] == ["message 0", "message 1", "message 2"]
        assert earlier["next_cursor"] is None
        mine = world.queries.list_messages(ADA, ticket)
        assert (mine["total"], "message 3" in str(mine)) == (4, False)

    def test_as_it_stood(self, world: World) -> None:
        ticket = world.life()
        for revision, status in ((0, "OPEN"), (2, "IN_PROGRESS"), (5, "WAITING_ON_CUSTOMER")):
            answer = world.queries.get_ticket(ADA, ticket, as_of=revision)
            assert (answer["ticket"]["status"], answer["ticket"]["revision"]) == (status, revision)
            assert answer["ticket"]["allowed_actions"] == []
        at = (world.clock + timedelta(seconds=1)).isoformat()
        now = world.queries.get_ticket(BEN, ticket, as_of=at)
        assert now["ticket"]["status"] == "CLOSED"
        assert [message["internal"] for message in now["messages"]].count(True) == 1


class TestDraftsAndUploads:
    def upload(self, world: World, who: Any = ADA, content: str = "ab") -> str:
        id_ = str(uuid.uuid4())
        world.uploads.register(who, id_, "log.txt", "text/plain", 3, content * 32)
        return id_

    def test_a_draft_is_its_writers_own(self, world: World) -> None:
        ticket, file = world.open(), ""
        world.project()
        file = self.upload(world)
        world.queries.put_draft(ADA, ticket, "half a sent", [file])
        draft = world.queries.get_draft(ADA, ticket)
        assert draft is not None
        assert (draft["body"], [each["id"] for each in draft["attachments"]]) == ("half a sent", [file])
        assert world.queries.get_draft(BEN, ticket) is None
        world.queries.delete_draft(ADA, ticket)
        assert world.queries.get_draft(ADA, ticket) is None

    def test_a_refused_ticket_leaves_nothing_behind(self, world: World) -> None:
        head = world.store.head()
        with pytest.raises(Refusal):
            world.open(attachments=[str(uuid.uuid4())])
        assert world.store.head() == head

    def test_another_file_under_a_used_key_is_refused(self, world: World) -> None:
        id_ = str(uuid.uuid4())
        first = world.uploads.register(ADA, id_, "a.txt", "text/plain", 1, "ab" * 32)
        again = world.uploads.register(ADA, id_, "a.txt", "text/plain", 1, "ab" * 32)
        assert (first["replayed"], again["replayed"]) == (False, True)
        for who, name, content in ((ADA, "b.txt", "ab"), (ADA, "a.txt", "cd"), (CHI, "a.txt", "ab")):
            with pytest.raises(Refusal) as caught:
                world.uploads.register(who, id_, name, "text/plain", 1, content * 32)
            assert caught.value.code == "idempotency_key_reused"

    def test_a_draft_names_ones_own_files(self, world: World) -> None:
        ticket, foreign = world.open(), self.upload(world, CHI)
        with pytest.raises(Refusal) as caught:
            world.queries.put_draft(ADA, ticket, "see", [foreign])
        assert caught.value.code == "attachment_not_found"

    def test_only_the_owner_binds_a_file(self, world: World) -> None:
        ticket, foreign = world.open(), self.upload(world, CHI)
        with pytest.raises(Refusal) as caught:
            world.tickets.post_message(ADA, context(ADA), ticket, "see", [foreign])
        assert (caught.value.code, caught.value.kind) == ("attachment_not_found", "invalid")

    def test_the_clean_up_spares_what_is_bound_drafted_or_young(self, world: World) -> None:
        ticket = world.open()
        old, drafted, bound, reused = (self.upload(world, content=c) for c in ("aa", "bb", "cc", "dd"))
        world.tickets.post_message(ADA, context(ADA), ticket, "see", [bound])
        world.project()
        world.queries.put_draft(ADA, ticket, "later", [drafted])
        world.clock += timedelta(hours=25)
        world.uploads.use(ADA, [reused])
        young = self.upload(world, content="ee")
        objects = Folder({c * 32 for c in ("aa", "bb", "cc", "dd", "ff")})
        assert world.uploads.remove_unbound(objects) == 1
        left = {row["attachment_id"] for row in world.read_model.query("select attachment_id from uploads")}
        assert {str(id_) for id_ in left} == {drafted, bound, reused, young}
        assert old not in left
        assert objects.content == {c * 32 for c in ("bb", "cc", "dd")}


class Folder:
    """An object store whose content is all old."""

    def __init__(self, content: set[str]) -> None:
        self.content = content

    def older_than(self, age: timedelta, now: datetime) -> list[str]:
        return sorted(self.content)

    def delete(self, sha256: str) -> None:
        self.content.discard(sha256)


class TestAutoClose:
    def runner(self, world: World) -> ProcessRunner:
        process = AutoClose(world.tickets.announce_closing, world.tickets.close_if_due)
        return ProcessRunner(process, world.read_model, CODEC, lambda: world.clock)

    def follow(self, world: World, runner: ProcessRunner) -> None:
        runner.handle(world.store.read_all(runner.position(), ["ticket"]))

    def test_warns_and_closes_in_time(self, world: World) -> None:
        ticket, runner = world.open(), self.runner(world)
        world.tickets.resolve(BEN, context(BEN), ticket)
        self.follow(world, runner)
        statuses = []
        for _ in range(8):
            world.clock += timedelta(days=1)
            self.follow(world, runner)
            world.project()
            statuses.append(world.queries.get_ticket(ADA, ticket)["ticket"]["status"])
        assert statuses == ["RESOLVED"] * 6 + ["CLOSED"] * 2
        names = [line["name"] for line in world.queries.history(ADA, ticket)["items"]]
        assert names == ["TicketOpened", "TicketResolved", "ClosingAnnounced", "TicketClosed"]

    def test_firing_twice_has_one_effect(self, world: World) -> None:
        ticket, runner = world.open(), self.runner(world)
        world.tickets.resolve(BEN, context(BEN), ticket)
        self.follow(world, runner)
        kept = world.read_model.query("select * from timers order by key")
        world.clock += timedelta(days=8)
        assert runner.fire_due() == 2
        for row in kept:
            world.read_model.query(
                "insert into timers values (%s, %s, %s, %s, '{}'::jsonb || %s::jsonb) returning 1",
                (row["process"], row["key"], row["due_at"], row["caused_by"], json.dumps(row["data"])),
            )
        assert runner.fire_due() == 2
        names = [line["name"] for line in world.queries.history(ADA, ticket)["items"]]
        assert names == ["TicketOpened", "TicketResolved", "ClosingAnnounced", "TicketClosed"]

    def test_a_timer_that_fails_keeps_none_of_the_others_from_firing(self, world: World) -> None:
        tickets = [world.open(), world.open()]
        broken = tickets[0]

        def close(ticket_id: str, caused_by: str, now: datetime) -> None:
            if ticket_id == broken:
                raise ValueError("a bug")
            world.tickets.close_if_due(ticket_id, caused_by, now)

        runner = ProcessRunner(AutoClose(close, close), world.read_model, CODEC, lambda: world.clock)
        for ticket in tickets:
            world.tickets.resolve(BEN, context(BEN), ticket)
        self.follow(world, runner)
        world.clock += timedelta(days=8)
        for _ in range(2):
            with pytest.raises(ValueError, match="a bug"):
                runner.fire_due()
        world.project()
        statuses = [world.queries.get_ticket(ADA, ticket)["ticket"]["status"] for ticket in tickets]
        assert statuses == ["RESOLVED", "CLOSED"]
        assert {row["data"]["ticket_id"] for row in world.read_model.query("select data from timers")} == {broken}

    def test_reopening_stops_the_clock(self, world: World) -> None:
        ticket, runner = world.open(), self.runner(world)
        world.tickets.resolve(BEN, context(BEN), ticket)
        world.tickets.reopen(ADA, context(ADA), ticket)
        self.follow(world, runner)
        assert world.read_model.query("select * from timers") == []


class TestLeading:
    def test_one_leads_and_another_takes_over(self, world: World) -> None:
        name = f"test.{uuid.uuid4()}"
        first, second = Leases(world.read_model), Leases(world.read_model)
        for one in (first, second):
            one.want(name)
            one.renew()
        assert (first.holds(name), second.holds(name)) == (True, False)
        first.renew()
        second.renew()
        assert (first.holds(name), second.holds(name)) == (True, False)
        first.release()
        second.renew()
        assert (first.holds(name), second.holds(name)) == (False, True)

    def test_a_lease_runs_out_for_its_holder_before_it_does_for_others(self, world: World) -> None:
        name = f"test.{uuid.uuid4()}"
        first, second = Leases(world.read_model), Leases(world.read_model)
        for one in (first, second):
            one.want(name)
        first.renew()
        began = time.monotonic()
        while not second.holds(name):
            holds = first.holds(name)
            second.renew()
            assert not (holds and second.holds(name) and first.holds(name))
            assert time.monotonic() - began < LEASE_SECONDS + 1
            time.sleep(0.02)
        assert time.monotonic() - began > LEASE_SECONDS - 0.5

    def test_leads_are_taken_one_by_one(self, world: World) -> None:
        names = [f"test.{uuid.uuid4()}" for _ in range(3)]
        first, second = Leases(world.read_model), Leases(world.read_model)
        first.want(names[0])
        first.renew()
        for name in names:
            second.want(name)
        second.renew()
        assert [second.holds(name) for name in names] == [False, True, True]

    def test_a_database_that_is_away_gives_no_lead(self, free_port: int) -> None:
        read_model = ReadModel(f"postgresql://tickets@127.0.0.1:{free_port}/read_models", SCHEMA)
        leases = Leases(read_model)
        leases.want("test")
        leases.renew()
        assert not leases.holds("test")
        with pytest.raises(RuntimeError):
            leases.check()
        read_model.close()

    def test_a_follower_that_fails_stops_its_line_and_goes_on_when_it_can(self, world: World) -> None:
        ready, stop = threading.Event(), threading.Event()
        handled: list[Position] = []
        kept: list[Position] = []

        class Follower:
            name, categories = f"test.{uuid.uuid4()}", ("ticket",)

            def position(self) -> Position:
                return handled[-1] if handled else START

            def handle(self, batch: Batch) -> None:
                if batch.events and not ready.is_set():
                    raise ValueError("cannot read this")
                if batch.events:
                    handled.append(batch.position)
                    stop.set()

            def keep(self, position: Position) -> None:
                kept.append(position)

        world.open()
        worker = Worker(world.store, world.read_model, [Follower()], (), stop)
        (runner,) = worker.followers
        thread = threading.Thread(target=worker.run)
        thread.start()
        _until(lambda: runner.status.state == "stopped")
        with pytest.raises(RuntimeError, match="cannot read this"):
            runner.check()
        ready.set()
        thread.join(timeout=10)
        assert handled == kept == [world.store.head()]

    def test_a_checkpoint_never_goes_back(self, world: World) -> None:
        with world.read_model.transaction() as connection:
            save_checkpoints(connection, ["late"], Position(7))
            save_checkpoints(connection, ["late"], Position(5))
        assert world.read_model.positions(["late"]) == {"late": 7}


def test_a_database_that_is_away_is_unavailable(free_port: int) -> None:
    read_model = ReadModel(f"postgresql://tickets@127.0.0.1:{free_port}/read_models", SCHEMA)
    try:
        with pytest.raises(ReadModelUnavailable):
            read_model.query("select 1")
    finally:
        read_model.close()


class TestAnalytics:
    def test_the_views_say_what_happened(self, world: World, analytics_url: str) -> None:
        world.life()
        world.project()
        with psycopg.connect(analytics_url) as connection:
            connection.row_factory = psycopg.rows.dict_row  # type: ignore[assignment]

            def one(view: str) -> Any:
                (row,) = connection.execute(f"select * from analytics.{view}").fetchall()  # type: ignore[arg-type]
                return row

            ticket = one("tickets")
            assert (ticket["status"], ticket["reopened"], ticket["agent_messages"]) == ("CLOSED", 1, 3)
            assert (ticket["customer_messages"], ticket["agent_id"]) == (1, None)
            assert one("satisfaction")["score"] == 4
            assert one("sla")["first_response_breached"] is False
            days = connection.execute("select * from analytics.ticket_daily").fetchall()
            totals = {name: sum(day[name] for day in days) for name in ("opened", "resolved", "reopened", "closed")}
            assert totals == {"opened": 1, "resolved": 2, "reopened": 1, "closed": 1}
            (agent,) = connection.execute("select * from analytics.agent_daily").fetchall()
            assert (agent["replies"], agent["notes"], agent["first_answered"], agent["resolved"]) == (3, 1, 1, 1)
            people = connection.execute("select person_id, email from analytics.people order by 1").fetchall()
            assert {row["person_id"]: row["email"] for row in people} == {
                "a-ben": None,
                "a-eva": None,
                "c-ada": "ada@acme.example",
            }

    @pytest.mark.parametrize("table", [*TABLES, "uploads", "drafts", "checkpoints"])
    def test_the_reader_reads_nothing_else(self, migrated: str, analytics_url: str, table: str) -> None:
        with psycopg.connect(analytics_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"select * from tickets.{table}")  # type: ignore[arg-type]


def _own_tables(world: World) -> int:
    """How many processes have temporary counters at this moment."""
    found = "select count(*) as n from pg_class where relname = 'statistics' and relpersistence = 't'"
    return int(world.read_model.query(found)[0]["n"])


def _indexes(world: World) -> list[tuple[str, str]]:
    """Table and kind of every index, whatever it is called."""
    rows = world.read_model.query(
        "select tablename, regexp_replace(indexdef, '.* USING ', '') as kind from pg_indexes where schemaname = %s"
        " order by 1, 2",
        (SCHEMA,),
    )
    return [(row["tablename"], row["kind"]) for row in rows]


def _until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    import time

    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.01)
