"""How long searches of a large knowledge base take, on each engine, beside the engine alone."""

from __future__ import annotations

import os
import random
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import yaml
from elasticsearch import Elasticsearch

from deploy.local.stack import Stack
from services.knowledge import judge
from services.knowledge.bootstrap import SCHEMA
from services.knowledge.domain.article import Status
from services.knowledge.index.elasticsearch import ElasticsearchIndex
from services.knowledge.index.port import Document, SearchIndex, SearchUnavailable
from services.knowledge.index.postgres import PostgresIndex, PostgresVocabulary
from services.knowledge.index.words import words
from services.knowledge.passages import MeaningsFiles, Passages
from services.knowledge.search import SynonymsFile
from services.knowledge.settings import CONTENT
from shared.events.read_model import ReadModel, connection_options
from shared.events.rows import upsert
from tests.benchmarks import servers
from tests.benchmarks.measure import Scale, Times, number
from tests.benchmarks.report import Table

_JUDGED = Path(__file__).parents[1] / "judged"
_ALIAS = "bench-articles"
_BATCH = 1000
_PAGE = 10
# how many letters a person has typed when suggestions are asked for
_TYPED = 9
_CATEGORIES = ("billing", "databases", "getting-started", "networking")
_SYLLABLES = ("ba", "co", "de", "fi", "gu", "ha", "jo", "ke", "li", "mo", "nu", "pa", "ri", "so", "ta", "vu")
_AT = datetime(2026, 1, 1, tzinfo=UTC)

Ask = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask; `limit` is the name of the way that it is compared with."""

    name: str
    ask: Ask
    limit: str | None = None


@dataclass(frozen=True, slots=True)
class Ways:
    """All ways of asking for the same thing, by thing; `absent` says which engine is missing."""

    searches: list[Way] = field(default_factory=list)
    suggestions: list[Way] = field(default_factory=list)
    passages: list[Way] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


def measure(stack: Stack, scale: Scale) -> list[Table]:
    url = stack.database_url("knowledge", "read_models")
    documents = list(_documents(scale.articles))
    with ExitStack() as ends:
        rows = ReadModel(url, SCHEMA)
        ends.callback(rows.close)
        _fill(rows, documents)
        servers.settle(stack)
        ways = Ways()
        _add_postgres(ways, rows, url, ends)
        _add_elasticsearch(ways, rows, documents, ends)
        queries = [query.text for query in judge.read(_JUDGED / "search.yaml")]
        taken = (
            _taken(ways.searches, queries)
            | _taken(ways.suggestions, [query[:_TYPED] for query in queries])
            | _taken(ways.passages, _questions(len(queries)))
        )
    return [
        Table(
            f"Search among {number(scale.articles)} articles, ms",
            ["", "p50", "p95", "p99", "of the limit, p50", "of the limit, p99"],
            [_row(way, taken) for way in (*ways.searches, *ways.suggestions, *ways.passages)],
            [
                f"{len(queries)} queries of tests/judged/search.yaml, pages of {_PAGE} with excerpts, total and facets;"
                f" suggestions for their first {_TYPED} letters; passages for as many questions of"
                " tests/judged/chat.yaml. Each query goes every way before the next one does; a first round is not"
                " counted. Aim: at most 1.5 times the limit.",
                *ways.absent,
            ],
        )
    ]


def _row(way: Way, taken: Mapping[str, Times]) -> list[str]:
    own = taken[way.name]
    times = [f"{own.ms(share):.1f}" for share in (0.5, 0.95, 0.99)]
    if way.limit is None:
        return [way.name, *times, "", ""]
    limit = taken[way.limit]
    return [way.name, *times, *(f"{own.ms(share) / limit.ms(share):.2f}" for share in (0.5, 0.99))]


def _taken(ways: Sequence[Way], queries: Sequence[str]) -> dict[str, Times]:
    """Each query each way, one after the other, so that what else the machine does hits all alike."""
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    for counted in (False, True):
        for turn, query in enumerate(queries):
            for way in ways if turn % 2 == 0 else reversed(ways):
                begin = time.perf_counter()
                # an engine that does not answer within its deadline has taken that long
                with suppress(SearchUnavailable):
                    way.ask(query)
                if counted:
                    seconds[way.name].append(time.perf_counter() - begin)
    return {name: Times(values, len(values) / sum(values)) for name, values in seconds.items()}


def _questions(count: int) -> list[str]:
    rows = yaml.safe_load((_JUDGED / "chat.yaml").read_text("utf-8"))
    asked = [row["say"] for row in rows if row["expect"] == "question" and "said" not in row]
    return asked[:: max(1, len(asked) // count)][:count]


# -- Ways to ask


class _Overheard:
    """Read models whose last statement can be asked for: what an index sends in the end."""

    def __init__(self, rows: ReadModel) -> None:
        self._rows = rows
        self.last: tuple[Any, Any] = ("", ())

    def query(self, query: Any, parameters: Any = ()) -> list[Any]:
        self.last = (query, parameters)
        return self._rows.query(query, parameters)


def _add_postgres(ways: Ways, rows: ReadModel, url: str, ends: ExitStack) -> None:
    synonyms = SynonymsFile(CONTENT / "synonyms.txt")
    index = PostgresIndex(rows, synonyms)
    overheard = _Overheard(rows)
    listening: Any = PostgresIndex(overheard, synonyms)  # type: ignore[arg-type]
    alone = psycopg.connect(url, autocommit=True, **connection_options(SCHEMA, 5.0))
    ends.callback(alone.close)

    @cache
    def searched(query: str) -> tuple[Any, Any]:
        listening.search(query, limit=_PAGE)
        return overheard.last

    @cache
    def suggested(query: str) -> tuple[Any, Any]:
        listening.suggest(query)
        return overheard.last

    same, same_typed = "limit: the same statement, psycopg alone", "limit: that statement, psycopg alone"
    ways.searches.extend(
        [
            Way("PostgreSQL: search", lambda query: index.search(query, limit=_PAGE), same),
            Way(same, lambda query: alone.execute(*searched(query)).fetchall()),
            Way(
                "for comparison: the query's words by ts_rank, without synonyms, slips and rarity",
                lambda query: alone.execute(_PLAIN, {"query": query, "limit": _PAGE}).fetchall(),
            ),
        ]
    )
    ways.suggestions.extend(
        [
            Way("PostgreSQL: suggest", index.suggest, same_typed),
            Way(same_typed, lambda query: alone.execute(*suggested(query)).fetchall()),
        ]
    )
    ways.passages.append(_passages("PostgreSQL", rows, index))


_PLAIN = """
with asked as (select replace(plainto_tsquery('english', %(query)s)::text, '&', '|')::tsquery as query),
found as (
    select a.article_id, a.category, ts_rank(a.vector, asked.query) as rank
    from article_search a, asked where a.visible and a.vector @@ asked.query
)
select a.slug, a.title, a.category, page.rank, ts_headline('english', a.body, asked.query),
       (select jsonb_object_agg(category, n) from (select category, count(*) as n from found group by category) f)
from asked, (select * from found order by rank desc limit %(limit)s) page join article_search a using (article_id)
order by page.rank desc
"""


def _add_elasticsearch(ways: Ways, rows: ReadModel, documents: Sequence[Document], ends: ExitStack) -> None:
    if not (url := os.environ.get("ELASTICSEARCH_URL")):
        ways.absent.append("Elasticsearch was not there: ELASTICSEARCH_URL was not given.")
        return
    index = ElasticsearchIndex(url, SynonymsFile(CONTENT / "synonyms.txt"), _ALIAS)
    ends.callback(index.close)
    ends.callback(index.drop)
    name = index.create()
    for batch in _batches(documents):
        index.put_into(name, batch)
    index.swap(name)
    alone = Elasticsearch(url, max_retries=0)
    ends.callback(alone.close)

    @cache
    def searched(query: str) -> dict[str, Any]:
        mended = index.search(query, limit=_PAGE).did_you_mean
        return index.request(query, mended, limit=_PAGE)

    same, same_typed = "limit: the same request, its client alone", "limit: that request, its client alone"
    ways.searches.extend(
        [
            Way("Elasticsearch: search", lambda query: index.search(query, limit=_PAGE), same),
            Way(same, lambda query: alone.search(index=_ALIAS, **searched(query))),
        ]
    )
    ways.suggestions.extend(
        [
            Way("Elasticsearch: suggest", index.suggest, same_typed),
            Way(same_typed, lambda query: alone.search(index=_ALIAS, **index.typed(query))),
        ]
    )
    ways.passages.append(_passages("Elasticsearch", rows, index))


def _passages(engine: str, rows: ReadModel, index: SearchIndex) -> Way:
    def slugs(query: str, limit: int) -> list[str]:
        return [hit.slug for hit in index.search(query, limit=limit, excerpts=False).hits]

    meanings = MeaningsFiles(CONTENT / "synonyms.txt", CONTENT / "related.txt")
    return Way(f"{engine}: passages", Passages(rows, PostgresVocabulary(rows), slugs, meanings).find)


# -- Articles


def _documents(count: int) -> Iterator[Document]:
    """Articles of about 250 words: sentences of the starting content among others of made-up words."""
    chance = random.Random(20260101)
    said = _sentences()
    strange = ["".join(chance.choices(_SYLLABLES, k=chance.randrange(2, 5))) for _ in range(20_000)]
    weights = [1 / rank for rank in range(1, len(strange) + 1)]
    subjects = [word for sentence in said for word in words(sentence) if len(word) > 4]

    def paragraph() -> str:
        filling = chance.choices(strange, weights, k=40)
        return " ".join((*chance.choices(said, k=2), " ".join(filling[:20]) + ".", " ".join(filling[20:]) + "."))

    for turn in range(count):
        subject = chance.choices(subjects, k=3)
        headings = [" ".join(chance.choices(subjects, k=2)) for _ in range(4)]
        yield Document(
            article_id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            slug=f"article-{turn}",
            title=" ".join((*subject, *chance.choices(strange, k=2))),
            summary=chance.choice(said),
            category=_CATEGORIES[turn % len(_CATEGORIES)],
            tags=(subject[0],),
            headings="\n".join(headings),
            body="\n\n".join(f"{heading}\n\n{paragraph()}" for heading in headings),
            revision=0,
        )


def _sentences() -> list[str]:
    texts = [path.read_text("utf-8").split("---", 2)[2] for path in sorted((CONTENT / "articles").glob("*/*.md"))]
    plain = [" ".join(re.sub(r"[`*#|>\[\]()]", " ", sentence).split()) for text in texts for sentence in _cut(text)]
    return [sentence for sentence in plain if len(sentence) > 20]


def _cut(text: str) -> list[str]:
    return re.split(r"(?<=[.:])\s|\n\s*\n|\n(?=[-*|#\d])", text)


def _fill(rows: ReadModel, documents: Sequence[Document]) -> None:
    """Put the articles into the read models, where neither events nor HTML are needed for a search."""
    index = PostgresIndex(rows, SynonymsFile(CONTENT / "synonyms.txt"))
    for batch in _batches(documents):
        index.put(batch)
        with rows.transaction() as connection:
            upsert(connection, "articles", ["article_id"], [_article(document) for document in batch])


def _article(document: Document) -> dict[str, Any]:
    markdown = document.body
    for heading in document.headings.split("\n"):
        markdown = markdown.replace(f"{heading}\n\n", f"## {heading}\n\n", 1)
    return {
        **{name: getattr(document, name) for name in ("article_id", "slug", "title", "summary", "category")},
        "tags": list(document.tags),
        "status": Status.PUBLISHED,
        "language": "en",
        "body_markdown": markdown,
        "body_html": "",
        "contents": [],
        "version": 1,
        "published_at": _AT,
        "draft": {},
        "draft_by": {},
        "draft_at": _AT,
        "changed": False,
        "created_at": _AT,
        "updated_at": _AT,
        "revision": document.revision,
        "position": 0,
    }


def _batches(documents: Sequence[Document]) -> Iterator[Sequence[Document]]:
    for start in range(0, len(documents), _BATCH):
        yield documents[start : start + _BATCH]
