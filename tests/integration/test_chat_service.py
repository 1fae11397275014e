"""The chat service's rows: the same however the log is cut, rebuilt or shown to analysts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from services.chat import bootstrap
from services.chat.application import Cause
from services.chat.assistant.port import Reply, Source
from services.chat.bootstrap import CODEC, PROJECTIONS, PUBLIC, SCHEMA
from services.chat.hours import Hours
from services.chat.presence import Presence
from services.chat.processes.absent_agents import ALL_GONE_AFTER, GONE_AFTER, ReleaseAbsentAgents
from services.chat.queries import Queries
from shared.events.errors import Refusal
from shared.events.projection import ProjectionGroup, Rebuild, decode
from shared.events.read_model import ReadModel
from shared.events.stream import START, Expect, StreamName
from shared.events.testing import happened
from shared.service.broker import BrokerUnavailable
from shared.service.settings import AdminSettings
from tests.unit.chat.people import ADA, BEN, CHI, EVA, World, context

SECOND = timedelta(seconds=1)
TABLES = [table for projection in PROJECTIONS for table in projection.tables]
ANSWER = Reply("So.", "question", sources=(Source("article", "reset", 2, "Reset"),), confidence=0.8)
NO_STATUS: Any = None
NO_ANSWER = Reply("I do not know.", "unknown", answered=False, confidence=0.1)


class Projected(World):
    """A chat service on a log in memory, with rows in PostgreSQL."""

    def __init__(self, read_model: ReadModel, url: str) -> None:
        super().__init__()
        self.read_model, self.url = read_model, url
        self.group = ProjectionGroup("group", PUBLIC, PROJECTIONS, read_model, CODEC)
        self.presence = Presence(read_model, lambda: self.at)

    def project(self) -> None:
        while not (batch := self.store.read_all(self.group.position(), PUBLIC)).caught_up or batch.events:
            self.group.handle(batch)

    def rows(self) -> dict[str, list[Any]]:
        with self.read_model.transaction() as connection:
            return {
                table: connection.execute(f"select to_jsonb(t) as row from {table} t order by 1").fetchall()  # type: ignore[arg-type]
                for table in TABLES
            }

    def answer(self, chat_id: str, reply: Reply) -> str:
        last = self.store.read_all(START, PUBLIC).events[-1]
        assert self.chats.answer(chat_id, Cause.of(last), reply, last.revision, self.at)
        return str(self.store.read_all(START, PUBLIC).events[-1].data["message_id"])

    def lives(self) -> str:
        """Chats to which everything has happened; the id of the first."""
        first = self.start(ADA, "How do I reset my password?")
        rated = self.answer(first, ANSWER)
        for helpful in (False, True):
            self.chats.rate(ADA, context(ADA), first, rated, helpful)
        self.chats.request_agent(ADA, context(ADA), first, "It does not work")
        self.chats.prolong_wait(first, Cause(str(uuid.uuid4()), "c"), self.at)
        self.chats.accept(BEN, context(BEN), first)
        self.chats.write(BEN, context(BEN), first, "I look.", [str(uuid.uuid4())])
        self.chats.transfer(BEN, context(BEN), first, {"id": EVA.id, "name": EVA.name})
        self.chats.release(first, EVA.id, Cause(str(uuid.uuid4()), "c"), self.at)
        self.chats.accept(EVA, context(EVA), first)
        self.chats.make_ticket(EVA, context(EVA), first)
        self.chats.hand_back(EVA, context(EVA), first)
        self.chats.write(ADA, context(ADA), first, "And the DNS?")
        self.answer(first, NO_ANSWER)
        self.chats.end(ADA, context(ADA), first)
        second = self.start(CHI, "Hello")
        self.chats.request_agent(CHI, context(CHI), second)
        self.chats.withdraw_request(CHI, context(CHI), second)
        self.chats.start(ADA, context(ADA), "Me again", first)
        return first


@pytest.fixture
def world(stack: Any, contract_databases: dict[str, str], read_model_admin_url: str) -> Iterator[Projected]:
    bootstrap.migrate(AdminSettings(None, read_model_admin_url))
    url = stack.database_url("chat", contract_databases["read_models"])
    read_model = ReadModel(url, SCHEMA)
    with read_model.transaction() as connection:
        for table in [*TABLES, "checkpoints", "agents"]:
            connection.execute(f"truncate {table}")  # type: ignore[arg-type]
    yield Projected(read_model, url)
    read_model.close()


@pytest.mark.parametrize("batch_size", [1, 3, 1000])
def test_the_rows_do_not_depend_on_how_the_log_was_cut(world: Projected, batch_size: int) -> None:
    world.lives()
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
    # and once more, which the checkpoints keep from counting twice
    world.project()
    assert world.rows() == cut


def test_a_rebuild_makes_the_same_rows(world: Projected) -> None:
    world.lives()
    world.project()
    before = world.rows()
    for projection in PROJECTIONS:
        anew = Rebuild(projection, PUBLIC, world.store, CODEC, world.url, SCHEMA, bootstrap._views())
        position = list(anew.fill(world.store.head()))[-1]
        assert anew.differences(position) == []
        anew.swap(position)
    assert world.rows() == before


def test_analysts_see_how_chats_went_and_no_words(world: Projected, analytics_url: str) -> None:
    first = world.lives()
    world.project()
    with psycopg.connect(analytics_url) as connection:
        connection.execute("set timezone to utc")
        chat = connection.execute(
            "select customer_messages, assistant_messages, agent_messages, unanswered, handed_over, transfers, returns,"
            " end_reason, ticket_id is not null, answered_by_assistant from analytics.chats where chat_id = %s",
            (first,),
        ).fetchone()
        assert chat == (2, 2, 1, 1, True, 1, 1, "CUSTOMER", True, False)
        answers = connection.execute(
            "select intent, answered, source, helpful from analytics.chat_answers order by intent"
        ).fetchall()
        assert answers == [("question", True, "reset", True), ("unknown", False, None, None)]
        unanswered = connection.execute("select intent, source, confidence, engine from analytics.chat_unanswered")
        assert unanswered.fetchall() == [("unknown", None, 0.1, NO_ANSWER.engine)]
        views = connection.execute(
            "select format('analytics.%I', table_name) from information_schema.views where table_schema = 'analytics'"
            " and table_name like 'chat%' and table_name <> 'chat_people'"
        ).fetchall()
        shown = "".join(str(connection.execute(f"select * from {view}").fetchall()) for (view,) in views)  # type: ignore[arg-type]
        assert len(views) >= 3
        for words in ("password", "And the DNS?", "I look.", "It does not work", ADA.name, ADA.email, EVA.name):
            assert words not in shown
        keys = connection.execute(
            "select p.name, p.email, p.account, p.role from (select customer_id as id from analytics.chats union"
            " select agent_id from analytics.chats where agent_id is not null) k"
            " left join analytics.chat_people p on p.person_id = k.id order by p.name"
        ).fetchall()
        assert keys == [
            ("Ada", ADA.email, ADA.account, "customer"),
            ("Chi", CHI.email, CHI.account, "customer"),
            ("Eva", None, None, "agent"),
        ]
        for table in (*TABLES, "agents", "timers"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(f"select * from chat.{table}")  # type: ignore[arg-type]


def test_who_waits_no_longer_is_not_counted_as_waiting(world: Projected, analytics_url: str) -> None:
    def wait(seconds: int) -> None:
        world.at += timedelta(seconds=seconds)

    def seen() -> Any:
        world.project()
        with psycopg.connect(analytics_url) as connection:
            return connection.execute("select status, waited_seconds from analytics.chats").fetchone()

    chat_id = world.start(ADA, "Help")
    assert seen() == ("ASSISTED", None)
    world.chats.request_agent(ADA, context(ADA), chat_id)
    wait(10)
    world.chats.withdraw_request(ADA, context(ADA), chat_id)
    wait(100)
    assert seen() == ("ASSISTED", 10)
    world.chats.request_agent(ADA, context(ADA), chat_id)
    wait(20)
    world.chats.accept(BEN, context(BEN), chat_id)
    assert seen() == ("WITH_AGENT", 20)
    world.chats.hand_back(BEN, context(BEN), chat_id)
    world.chats.request_agent(ADA, context(ADA), chat_id)
    wait(40)
    world.chats.withdraw_request(ADA, context(ADA), chat_id)
    assert seen() == ("ASSISTED", 20)


def test_an_agent_who_came_unasked_was_not_waited_for(world: Projected, analytics_url: str) -> None:
    chat_id = world.start(ADA, "Help")
    world.chats.accept(BEN, context(BEN), chat_id)
    world.chats.hand_back(BEN, context(BEN), chat_id)
    world.at += timedelta(seconds=10)
    world.chats.request_agent(ADA, context(ADA), chat_id)
    world.project()
    with psycopg.connect(analytics_url) as connection:
        assert connection.execute("select waited_seconds from analytics.chats").fetchall() == [(0,)]


def test_agents_read_what_found_no_answer_and_not_who_asked(world: Projected) -> None:
    world.lives()
    world.project()
    queries = Queries(world.read_model, world.store, CODEC, Hours(), world.presence, NO_STATUS, lambda: world.at)
    asked = {"question": "And the DNS?", "intent": "unknown", "source": None, "confidence": 0.1}
    at = "2026-03-02T09:30:00Z"
    assert queries.unanswered(BEN) == {"items": [{"at": at, **asked, "engine": NO_ANSWER.engine}]}
    assert queries.unanswered(BEN, limit=0)["items"] == []
    world.at += timedelta(days=7)
    assert queries.unanswered(BEN, days=7)["items"] == []
    with pytest.raises(Refusal) as refused:
        queries.unanswered(ADA)
    assert refused.value.code == "role_required"


def test_what_happened_elsewhere_in_the_log_is_not_waited_for(world: Projected) -> None:
    chat_id = world.start(ADA, "Hello")
    world.project()
    queries = Queries(world.read_model, world.store, CODEC, Hours(), world.presence, NO_STATUS, lambda: world.at)
    elsewhere = world.store.append(StreamName("ticket", "t"), [happened()], Expect.NO_STREAM).position
    assert queries.get_chat(ADA, chat_id, elsewhere)["position"] == elsewhere
    ours = world.chats.write(ADA, context(ADA), chat_id, "More")["position"]
    behind = queries.get_chat(ADA, chat_id, ours)
    assert (behind["position"] < ours, behind["chat"]["message_count"]) == (True, 1)


class TestPresence:
    @pytest.fixture
    def waiting(self, world: Projected) -> str:
        """A chat that Ben has taken."""
        chat_id = world.start(ADA, "Help")
        world.chats.request_agent(ADA, context(ADA), chat_id)
        world.presence.report(BEN)
        world.chats.accept(BEN, context(BEN), chat_id)
        world.project()
        return chat_id

    def test_an_agent_who_is_gone_loses_the_chat_to_the_queue(self, world: Projected, waiting: str) -> None:
        job = ReleaseAbsentAgents(world.chats, world.read_model, lambda: world.at, lambda: None)
        job()
        world.at += GONE_AFTER
        world.presence.report(BEN)
        job()
        assert self._status(world, waiting) == "WITH_AGENT"
        world.at += GONE_AFTER + SECOND
        world.presence.report(EVA)
        for _ in range(2):
            job()
        assert self._status(world, waiting) == "WAITING_FOR_AGENT"
        names = [event.name for event in world.store.read_all(START, PUBLIC).events]
        assert names.count("ReturnedToQueue") == 1

    def test_where_nobody_is_seen_it_takes_longer(self, world: Projected, waiting: str) -> None:
        job = ReleaseAbsentAgents(world.chats, world.read_model, lambda: world.at, lambda: None)
        job()
        world.at += ALL_GONE_AFTER - SECOND
        job()
        assert self._status(world, waiting) == "WITH_AGENT"
        world.at += 2 * SECOND
        job()
        assert self._status(world, waiting) == "WAITING_FOR_AGENT"

    def test_an_outage_takes_no_chat_from_anybody(self, world: Projected, waiting: str) -> None:
        away = True

        def reached() -> None:
            if away:
                raise BrokerUnavailable("away")

        job = ReleaseAbsentAgents(world.chats, world.read_model, lambda: world.at, reached)
        for _ in range(2):
            world.at += 2 * ALL_GONE_AFTER
            job()
        away = False
        job()
        world.at += timedelta(seconds=20)
        world.presence.report(BEN)
        world.at += GONE_AFTER - timedelta(seconds=20)
        job()
        assert self._status(world, waiting) == "WITH_AGENT"

    def test_an_agent_takes_as_many_as_the_desk_has_said(self, world: Projected) -> None:
        world.presence.report(BEN, capacity=1)
        chats = [world.start(ADA, "Help") for _ in range(2)]
        world.chats.accept(BEN, context(BEN), chats[0])
        world.project()
        world.presence.must_have_room(BEN, chats[0])
        world.presence.must_have_room(EVA, chats[1])
        with pytest.raises(Refusal) as refused:
            world.presence.must_have_room(BEN, chats[1])
        assert refused.value.code == "at_capacity"

    def test_only_who_was_seen_lately_is_there(self, world: Projected) -> None:
        world.presence.report(BEN)
        world.at += GONE_AFTER
        world.presence.report(EVA, available=False, capacity=2)
        assert [(agent["name"], agent["available"], agent["chats"]) for agent in world.presence.agents()] == [
            ("Eva", False, 0)
        ]
        with pytest.raises(Refusal):
            world.presence.report(ADA)

    def test_a_chat_goes_to_who_is_there_and_takes_chats(self, world: Projected) -> None:
        world.presence.report(BEN)
        world.presence.report(EVA, available=False)
        assert world.presence.there(BEN.id) == {"id": BEN.id, "name": "Ben"}
        for nobody in (EVA.id, "somebody"):
            with pytest.raises(Refusal) as refused:
                world.presence.there(nobody)
            assert refused.value.code == "agent_not_there"

    def _status(self, world: Projected, chat_id: str) -> str:
        world.project()
        return str(world.read_model.query("select status from chats where chat_id = %s", (chat_id,))[0]["status"])
