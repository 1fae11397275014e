"""The knowledge service on a real PostgreSQL and, where there is one, a real Elasticsearch; the log is in memory."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.knowledge import bootstrap, importer
from services.knowledge.application import Knowledge
from services.knowledge.bootstrap import CODEC, FOLLOWED, PROJECTIONS, SCHEMA
from services.knowledge.index.elasticsearch import ElasticsearchIndex
from services.knowledge.index.follower import IndexFollower
from services.knowledge.index.postgres import PostgresIndex, PostgresVocabulary
from services.knowledge.passages import MeaningsFiles, Passages
from services.knowledge.queries import Queries
from services.knowledge.search import Search, SearchLog, SynonymsFile
from services.knowledge.settings import CONTENT
from shared.events.catalog.knowledge import SEARCHES
from shared.events.errors import Refusal
from shared.events.follower import Worker
from shared.events.projection import ProjectionGroup, Rebuild, decode
from shared.events.read_model import ReadModel
from shared.events.store.memory import MemoryEventStore
from shared.events.stream import START
from shared.service.settings import AdminSettings
from tests.unit.knowledge.people import ADA, BEN, CHI, EVA, context

TABLES = [table for projection in PROJECTIONS for table in projection.tables]
TEXT = {"title": "Reset your password", "category": "account", "body": "## Steps\n\nChoose *Forgot password*."}


@dataclass
class World:
    """A knowledge service on an empty read model and a log in memory."""

    store: MemoryEventStore
    read_model: ReadModel
    url: str

    def __post_init__(self) -> None:
        clock = lambda: datetime.now(UTC)  # noqa: E731
        self.knowledge = Knowledge(self.store, CODEC, clock)
        self.queries = Queries(self.read_model, self.store)
        self.group = ProjectionGroup("group", FOLLOWED, PROJECTIONS, self.read_model, CODEC)
        self.searches = SearchLog(self.store, CODEC)
        self.postgres = PostgresIndex(self.read_model, SynonymsFile(CONTENT / "synonyms.txt"))
        self.search = Search(self.postgres, None, self.searches, clock)
        self.vocabulary = PostgresVocabulary(self.read_model)
        self.passages = self.passages_by(self.search)

    def passages_by(self, search: Search) -> Passages:
        meanings = MeaningsFiles(CONTENT / "synonyms.txt", CONTENT / "related.txt")
        return Passages(self.read_model, self.vocabulary, search.slugs, meanings)

    def project(self) -> None:
        while not (batch := self.store.read_all(self.group.position(), FOLLOWED)).caught_up or batch.events:
            self.group.handle(batch)

    def rows(self) -> dict[str, list[Any]]:
        with self.read_model.transaction() as connection:
            return {
                table: connection.execute(f"select to_jsonb(t) as row from {table} t order by 1").fetchall()  # type: ignore[arg-type]
                for table in TABLES
            }

    def publish(self, **changes: Any) -> str:
        self.knowledge.define_category(BEN, context(BEN), "account", "Account", "Your account", 1)
        article: dict[str, Any] = self.knowledge.draft(BEN, context(BEN), **{**TEXT, **changes})["article"]
        self.knowledge.publish(BEN, context(BEN), article["id"])
        return str(article["id"])

    def life(self) -> str:
        """An article to which everything has happened, and a question."""
        article = self.publish()
        revision = self.knowledge.state(article)[1]
        new = {**TEXT, "body": "Otherwise.", "slug": "forgotten-password", "tags": ["login"]}
        self.knowledge.revise(EVA, context(EVA, revision), article, **new)
        self.knowledge.publish(EVA, context(EVA), article, "Shorter")
        for who, helpful in ((ADA, True), (CHI, True), (ADA, False)):
            self.knowledge.vote(who, context(who), "forgotten-password", helpful)
        self.knowledge.restore(BEN, context(BEN), article, 1)
        self.knowledge.archive(BEN, context(BEN), article)
        self.knowledge.publish(BEN, context(BEN), article)
        faq = self.knowledge.add_faq(BEN, context(BEN), "How?", "So.", "account", 1)["faq"]["id"]
        self.knowledge.change_faq(BEN, context(BEN), faq, "How?", "**So.**", "account", 2)
        return article


@pytest.fixture
def world(stack: Any, contract_databases: dict[str, str], read_model_admin_url: str) -> Iterator[World]:
    bootstrap.migrate(AdminSettings(None, read_model_admin_url))
    url = stack.database_url("knowledge", contract_databases["read_models"])
    read_model = ReadModel(url, SCHEMA)
    with read_model.transaction() as connection:
        for table in [*TABLES, "checkpoints"]:
            connection.execute(f"truncate {table}")  # type: ignore[arg-type]
    world = World(MemoryEventStore(), read_model, url)
    yield world
    world.searches.close()
    read_model.close()


class TestProjections:
    @pytest.mark.parametrize("batch_size", [1, 3, 1000])
    def test_the_rows_do_not_depend_on_how_the_log_was_cut(self, world: World, batch_size: int) -> None:
        world.life()
        facts = decode(CODEC, world.store.read_all(START, FOLLOWED).events, "test")
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

    def test_a_rebuild_makes_the_same_rows(self, world: World) -> None:
        world.life()
        world.project()
        before = world.rows()
        for projection in PROJECTIONS:
            anew = Rebuild(projection, FOLLOWED, world.store, CODEC, world.url, SCHEMA, bootstrap._views())
            position = list(anew.fill(world.store.head()))[-1]
            assert anew.differences(position) == []
            anew.swap(position)
        assert world.rows() == before
        assert world.postgres.search("password").total == 1


class TestArticles:
    def test_readers_see_what_is_published_and_old_links_lead_there(self, world: World) -> None:
        article = world.publish()
        world.project()
        shown = world.queries.get_article(ADA, "reset-your-password")["article"]
        assert (shown["id"], shown["version"]) == (article, 1)
        assert '<h2 id="s-steps">' in shown["body_html"]
        new = {**TEXT, "slug": "forgotten"}
        world.knowledge.revise(BEN, context(BEN, 1), article, **new)
        world.project()
        assert world.queries.get_article(ADA, "reset-your-password")["article"]["slug"] == "reset-your-password"
        world.knowledge.publish(BEN, context(BEN), article, "Moved")
        world.project()
        assert world.queries.get_article(ADA, "reset-your-password")["article"]["slug"] == "forgotten"
        assert [each["version"] for each in world.queries.versions("forgotten")["items"]] == [2, 1]
        assert world.queries.categories()["items"][0]["article_count"] == 1

    def test_two_authors_at_once_lose_nothing(self, world: World) -> None:
        article = world.publish()
        world.knowledge.revise(EVA, context(EVA, 1), article, **{**TEXT, "body": "Eva's text"})
        with pytest.raises(Refusal) as caught:
            world.knowledge.revise(BEN, context(BEN, 1), article, **{**TEXT, "body": "Ben's text"})
        assert (caught.value.code, caught.value.kind) == ("stale_revision", "stale")
        assert caught.value.details["revision"] == 2
        assert caught.value.details["changed_by"] == {"id": EVA.id, "name": EVA.name}
        assert caught.value.details["current"]["body"] == "Eva's text"
        with pytest.raises(Refusal, match="revision"):
            world.knowledge.revise(BEN, context(BEN), article, **TEXT)

    def test_an_author_finds_articles_by_parts_of_words_and_goes_on_where_the_page_ended(self, world: World) -> None:
        titles = ["Reset a password", "Rotate 100% of the keys", "Read_replicas"]
        ids = [world.publish(title=title) for title in titles]
        world.knowledge.revise(BEN, context(BEN, 1), ids[0], **{**TEXT, "title": titles[0], "body": "Halfway there"})
        world.project()

        def found(**question: Any) -> list[str]:
            return [one["title"] for one in world.queries.authored(BEN, **question)["items"]]

        assert found(q="half password") == ["Reset a password"]
        assert found(q="%") == ["Rotate 100% of the keys"]
        assert found(q="d_r") == ["Read_replicas"]
        assert found(q="tags") == []
        first = world.queries.authored(BEN, limit=2)
        assert (first["total"], [one["id"] for one in first["items"]]) == (3, [ids[0], ids[2]])
        rest = world.queries.authored(BEN, limit=2, cursor=first["next_cursor"])
        assert ([one["id"] for one in rest["items"]], rest["next_cursor"]) == ([ids[1]], None)
        with pytest.raises(Refusal) as caught:
            world.queries.authored(BEN, cursor=world.queries.list_articles(limit=1)["next_cursor"])
        assert caught.value.code == "invalid_cursor"

    def test_an_author_reads_every_version_of_what_readers_do_not_see(self, world: World) -> None:
        article = world.life()
        world.knowledge.archive(BEN, context(BEN), article)
        world.project()
        shown = world.queries.author_article(BEN, article)["article"]
        assert (shown["status"], shown["helpful"]) == ("ARCHIVED", {"yes": 1, "no": 1})
        versions = world.queries.authors_versions(BEN, article)["items"]
        assert [(one["version"], one["from_version"]) for one in versions] == [(4, None), (3, 1), (2, None), (1, None)]
        second = world.queries.authors_version(BEN, article, 2)["version"]
        assert (second["change_note"], second["by"]["name"]) == ("Shorter", EVA.name)
        expected = {**TEXT, "body": "Otherwise.", "slug": "forgotten-password", "tags": ["login"]}
        assert second["text"] == {**expected, "summary": "", "language": "en"}
        with pytest.raises(Refusal) as caught:
            world.queries.authors_version(BEN, article, 9)
        assert caught.value.code == "version_not_found"

    def test_a_slug_has_one_article(self, world: World) -> None:
        world.publish()
        with pytest.raises(Refusal) as caught:
            world.publish()
        assert caught.value.code == "slug_taken"

    def test_a_retry_has_the_first_answer(self, world: World) -> None:
        world.knowledge.define_category(BEN, context(BEN), "account", "Account", "", 1)
        command = uuid.uuid4()
        first = world.knowledge.draft(BEN, context(BEN, command_id=command), **TEXT)
        again = world.knowledge.draft(BEN, context(BEN, command_id=command), **TEXT)
        assert again == {**first, "replayed": True}

    def test_customers_write_nothing_and_see_no_drafts(self, world: World) -> None:
        world.knowledge.define_category(BEN, context(BEN), "account", "Account", "", 1)
        drafted = world.knowledge.draft(BEN, context(BEN), **TEXT)["article"]["id"]
        world.project()
        for question in (
            lambda: world.knowledge.draft(ADA, context(ADA), **TEXT),
            lambda: world.queries.author_article(ADA, drafted),
            lambda: world.queries.authored(ADA),
            lambda: world.queries.authors_versions(ADA, drafted),
            lambda: world.queries.authors_version(ADA, drafted, 1),
            lambda: world.queries.searches(ADA),
            lambda: world.queries.preview(ADA, "x"),
        ):
            with pytest.raises(Refusal) as caught:
                question()
            assert caught.value.code == "role_required"
        with pytest.raises(Refusal) as hidden:
            world.queries.get_article(BEN, "reset-your-password")
        assert hidden.value.code == "article_not_found"
        assert world.queries.list_articles()["items"] == []

    def test_a_category_must_be_there(self, world: World) -> None:
        with pytest.raises(Refusal) as caught:
            world.knowledge.draft(BEN, context(BEN), **{**TEXT, "category": "nowhere"})
        assert caught.value.code == "category_not_found"

    def test_votes_are_counted_exactly(self, world: World) -> None:
        world.publish()
        people = [(ADA, True), (CHI, False), (ADA, False), (ADA, False), (CHI, True)]
        for who, helpful in people:
            world.knowledge.vote(who, context(who), "reset-your-password", helpful, "because")
            world.project()
        shown = world.queries.get_article(ADA, "reset-your-password")["article"]
        assert shown["helpful"] == {"yes": 1, "no": 1}
        assert shown["my_vote"] == {"helpful": False, "comment": "because"}


class TestPassages:
    def test_a_question_finds_the_section_that_answers_it(self, world: World) -> None:
        list(importer.bring_in(world.knowledge, CONTENT))
        world.project()
        best = world.passages.find("How do I rehearse a major upgrade of my database on a copy?")["items"][0]
        assert (best["kind"], best["slug"], best["heading"]) == (
            "article",
            "database-major-upgrade",
            "2. Rehearse on a copy",
        )
        article = world.queries.get_article(ADA, best["slug"])["article"]
        assert best["anchor"] in [heading["id"] for heading in article["contents"]]
        assert (best["version"], best["title"], best["category"]) == (1, article["title"], "databases")
        assert best["text"] in article["body_markdown"]

    def test_a_question_of_the_faq_is_found_by_its_id(self, world: World) -> None:
        list(importer.bring_in(world.knowledge, CONTENT))
        world.project()
        best = world.passages.find("how do i reset my pasword")["items"][0]
        entries = {entry["id"]: entry for entry in world.queries.faq_list()["items"]}
        assert best["kind"] == "faq"
        assert best["heading"] == best["title"] == entries[best["slug"]]["question"]
        assert (best["version"], best["anchor"]) == (entries[best["slug"]]["revision"], None)

    def test_scores_tell_what_is_answered_from_what_is_not(self, world: World) -> None:
        list(importer.bring_in(world.knowledge, CONTENT))
        world.project()
        scores = [
            next((item["score"] for item in world.passages.find(question)["items"]), 0.0)
            for question in ("Which VAT is charged?", "who won the world cup", "xqzzt blorp", "", "the")
        ]
        assert scores[0] > 0.7
        assert max(scores[1:]) < 0.3

    def test_only_what_readers_see_is_found(self, world: World) -> None:
        article = world.publish(title="Zebra crossings", body="## Stripes\n\nZebras have stripes.")
        state, revision = world.knowledge.state(article)
        assert state.published is not None
        world.knowledge.revise(BEN, context(BEN, revision), article, **{**TEXT, "title": "Okapis", "body": "Okapis."})
        faq = world.knowledge.add_faq(BEN, context(BEN), "Do okapis bark?", "No.", "account", 1)["faq"]["id"]
        world.project()
        assert [item["title"] for item in world.passages.find("zebra stripes")["items"]] == ["Zebra crossings"]
        assert [item["slug"] for item in world.passages.find("okapis")["items"]] == [faq]
        world.knowledge.remove_faq(BEN, context(BEN), faq)
        world.knowledge.archive(BEN, context(BEN), article)
        world.project()
        assert world.passages.find("zebra stripes okapis")["items"] == []

    def test_nothing_is_logged(self, world: World) -> None:
        world.publish()
        world.project()
        assert world.passages.find("password")["items"] != []
        world.searches.close()
        assert world.store.read_all(START, [SEARCHES]).events == []

    def test_while_elasticsearch_is_away_postgres_answers(self, world: World, free_port: int) -> None:
        world.publish()
        world.project()
        away = ElasticsearchIndex(f"http://127.0.0.1:{free_port}", SynonymsFile(CONTENT / "synonyms.txt"))
        search = Search(world.postgres, away, world.searches, lambda: datetime.now(UTC))
        assert world.passages_by(search).find("reset the password")["items"][0]["slug"] == "reset-your-password"
        away.close()

    def test_the_vocabulary_counts_articles_by_any_form_of_a_word(self, world: World) -> None:
        world.publish(title="Zebra crossings", body="Painted stripes.", tags=["road"])
        world.publish(title="Roads", body="A zebra crosses the road.")
        world.project()
        asked = [["zebra"], ["striped"], ["road"], ["giraffe"], ["giraffe", "paint"], ["!"], ["zebra crossing"]]
        assert world.vocabulary.size() == 2
        assert world.vocabulary.counts(asked) == [(2, 1), (1, 0), (2, 2), (0, 0), (1, 0), (0, 0), (2, 1)]
        assert world.vocabulary.alike(["zebar", "zebras"]) == {"zebar": [("zebra", 2)]}


class TestContent:
    def test_import_does_what_is_missing_and_export_gives_it_back(self, world: World, tmp_path: Path) -> None:
        first = list(importer.bring_in(world.knowledge, CONTENT))
        assert {done.outcome for done in first if done.kind != "category"} == {"published"}
        head = world.store.head()
        assert {done.outcome for done in importer.bring_in(world.knowledge, CONTENT)} == {"unchanged"}
        assert world.store.head() == head
        world.project()
        importer.write_categories(tmp_path, world.queries.categories()["items"])
        slugs = [row["slug"] for row in world.queries.published()]
        importer.write_out(world.knowledge, tmp_path, slugs, world.queries.faq_list()["items"])
        articles = [done for done in importer.bring_in(world.knowledge, tmp_path) if done.kind != "faq"]
        assert {done.outcome for done in articles} == {"unchanged"}
        assert len(slugs) >= 24
        assert len(world.queries.faq_list()["items"]) >= 16

    def test_links_between_articles_lead_somewhere(self, world: World) -> None:
        list(importer.bring_in(world.knowledge, CONTENT))
        world.project()
        for row in world.read_model.query(
            "select distinct l[1] as slug from articles, regexp_matches(body_html, 'data-article=\"([^\"]+)\"', 'g') l"
        ):
            world.queries.get_article(ADA, row["slug"])

    def test_an_import_changes_no_draft_of_an_author(self, world: World, tmp_path: Path) -> None:
        list(importer.bring_in(world.knowledge, CONTENT))
        article = world.knowledge.find("firewall-rules")
        state, revision = world.knowledge.state(article)
        assert state.draft is not None
        mine = {name: getattr(state.draft, name) for name in ("title", "category", "summary", "tags", "slug")}
        world.knowledge.revise(BEN, context(BEN, revision), article, **mine, body="Half a text")
        target = tmp_path / "articles" / "networking" / "firewall-rules.md"
        target.parent.mkdir(parents=True)
        (tmp_path / "categories.yaml").write_text("[]")
        text = (CONTENT / "articles/networking/firewall-rules.md").read_text()
        target.write_text(text + "\nMore.\n")
        assert [done.outcome for done in importer.bring_in(world.knowledge, tmp_path)] == ["kept"]
        assert world.knowledge.state(article)[1] == revision + 1

    def test_an_import_takes_nothing_back_that_an_author_published(self, world: World) -> None:
        list(importer.bring_in(world.knowledge, CONTENT))
        changed, gone = world.knowledge.find("firewall-rules"), world.knowledge.find("slow-queries")
        state, revision = world.knowledge.state(changed)
        assert state.draft is not None
        mine = {name: getattr(state.draft, name) for name in ("title", "category", "summary", "tags", "slug")}
        world.knowledge.revise(BEN, context(BEN, revision), changed, **mine, body="Better")
        world.knowledge.publish(BEN, context(BEN), changed)
        world.knowledge.archive(BEN, context(BEN), gone)
        kept = {done.name for done in importer.bring_in(world.knowledge, CONTENT) if done.outcome == "kept"}
        assert kept == {"firewall-rules", "slow-queries"}

    def test_a_bad_file_is_named(self, world: World, tmp_path: Path) -> None:
        (tmp_path / "articles" / "a").mkdir(parents=True)
        (tmp_path / "categories.yaml").write_text("[]")
        (tmp_path / "articles" / "a" / "b.md").write_text("no front matter")
        with pytest.raises(importer.ContentError, match=r"b\.md"):
            list(importer.bring_in(world.knowledge, tmp_path))


class TestSearches:
    def test_a_search_is_logged_without_who_searched(self, world: World) -> None:
        world.publish()
        world.project()
        found = world.search.search("Passwort  zurück")
        world.search.search("zebra")
        world.search.chose(found["search_id"], found["items"][0]["slug"], 1)
        world.searches.close()
        world.project()
        events = world.store.read_all(START, [SEARCHES]).events
        assert [event.name for event in events] == ["SearchPerformed", "SearchPerformed", "ResultChosen"]
        assert all("actor" not in event.metadata for event in events)
        report = world.queries.searches(BEN)
        assert report["totals"] == {"searches": 2, "without_result": 1, "opened": 1}
        assert [item["query"] for item in world.queries.searches(BEN, empty=True)["items"]] == ["zebra"]


@pytest.fixture
def elasticsearch(request: pytest.FixtureRequest) -> Iterator[ElasticsearchIndex]:
    if not (url := os.environ.get("ELASTICSEARCH_URL")):
        missing = "ELASTICSEARCH_URL is not set"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    index = ElasticsearchIndex(url, SynonymsFile(CONTENT / "synonyms.txt"), f"test-{uuid.uuid4().hex[:8]}")
    yield index
    index.drop()
    index.close()


class TestElasticsearch:
    def test_it_follows_is_made_anew_and_loses_nothing(self, world: World, elasticsearch: ElasticsearchIndex) -> None:
        follower = IndexFollower(elasticsearch, world.store, world.read_model, CODEC)
        stop = threading.Event()
        worker = Worker(world.store, world.read_model, [follower], (), stop)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            self._until(elasticsearch, "password", 0)
            world.publish()
            self._until(elasticsearch, "password", 1)
            # somebody deletes the index: it is made anew with all that ever was
            elasticsearch.drop()
            world.publish(title="Change your password")
            self._until(elasticsearch, "password", 2)
        finally:
            stop.set()
            thread.join(10)
        assert not thread.is_alive()

    def test_a_rebuild_under_load_loses_no_query(self, world: World, elasticsearch: ElasticsearchIndex) -> None:
        list(importer.bring_in(world.knowledge, CONTENT))
        follower = IndexFollower(elasticsearch, world.store, world.read_model, CODEC)
        list(follower.rebuild())
        stop, totals, faults = threading.Event(), [], []

        def ask() -> None:
            while not stop.is_set():
                try:
                    totals.append(elasticsearch.search("password").total)
                except Exception as error:
                    faults.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            for _ in range(3):
                list(follower.rebuild())
        finally:
            stop.set()
            thread.join(10)
        assert faults == []
        assert len(set(totals)) == 1
        assert totals[0] > 0

    def test_while_it_is_away_postgres_answers(self, world: World, free_port: int) -> None:
        world.publish()
        world.project()
        away = ElasticsearchIndex(f"http://127.0.0.1:{free_port}", SynonymsFile(CONTENT / "synonyms.txt"))
        search = Search(world.postgres, away, world.searches, lambda: datetime.now(UTC))
        started = time.monotonic()
        answer = search.search("password")
        assert time.monotonic() - started < 1.0
        assert (answer["engine"], answer["total"]) == ("postgresql", 1)
        away.close()

    @staticmethod
    def _until(index: ElasticsearchIndex, text: str, total: int) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                index.refresh()
                if index.search(text).total == total and index.ready():
                    return
            except Exception as error:
                last = error
            threading.Event().wait(0.05)
        raise AssertionError(f"not {total} in time; {locals().get('last')}")
