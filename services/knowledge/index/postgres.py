"""Search on PostgreSQL: weighted tsvectors, terms that are rarer count more, spelling by trigrams. Always there.

A query becomes slots (see words.py); each slot matches by the word itself, its synonyms, or what it may be a slip of.
The score of an article is the sum over its slots of rank in the best field × rarity, times the share of the query
that it answers: ts_rank alone knows neither rarity nor how much of a query is met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

from services.knowledge.index.documents import documents_of
from services.knowledge.index.port import MARK_END, MARK_START, Document, Hit, Results, snippet
from services.knowledge.index.words import Slot, Synonyms, corrections, fold, parts, slots, words
from shared.events.catalog.knowledge import ArticleArchived, ArticlePublished, ArticleRestored
from shared.events.projection import Fact
from shared.events.read_model import Connection, ReadModel
from shared.events.rows import add, upsert

ENGINE = "postgresql"
SYNONYM, SLIP = 0.8, 0.6
# an article that answers less of a query than this, by rarity, is no result
COVERED = 0.15
# so many articles, more than anybody pages through, are ranked by where and how often they have the terms
RANKED = 200

_KNOWN: LiteralString = (
    "select t.word from unnest(%s::text[]) t(word) where numnode(plainto_tsquery('english', t.word)) = 0"
    " or exists (select from article_search a where a.visible and a.vector @@ plainto_tsquery('english', t.word))"
)
_SPELT_ALIKE: LiteralString = (
    "select t.word as wrong, w.word, w.articles from unnest(%(words)s::text[]) t(word)"
    " cross join lateral (select word, articles from search_words where word operator(public.%%) t.word"
    " union select word, articles from search_words where length(t.word) < 6 and word like left(t.word, 1) || '%%'"
    " and length(word) between length(t.word) - 1 and length(t.word) + 1) w"
)
# How a term is asked for: `all` its words anywhere, as a `phrase`, or as the beginning of a word (`prefix`).
# To rank an article reads the whole of its vector, so only the likeliest are ranked; the others follow in that order.
# `offset 0` and `materialized` keep the planner from asking every article for every term: it cannot know how many
# articles have them.
_TERMS: LiteralString = """
with term as materialized (
    select slot, boost, case kind
        when 'phrase' then phraseto_tsquery('english', words)
        when 'prefix' then plainto_tsquery('english', words) || to_tsquery('simple', quote_literal(words) || ':*')
        else plainto_tsquery('english', words) end as query
    from unnest(%(slots)s::integer[], %(boosts)s::float8[], %(kinds)s::text[], %(words)s::text[])
        as t(slot, boost, kind, words)
), asked as materialized (
    select slot, boost, query from term where numnode(query) > 0
), matched as materialized (
    select slot, article_id, min(category collate "C") as category, max(likely) as likely
    from (
        select t.slot, a.article_id, a.category, t.boost * %(in_text)s::float8 as likely
        from asked t cross join lateral (
            select article_id, category from article_search where visible and vector @@ t.query offset 0
        ) a
        union all
        -- titles, headings and tags
        select t.slot, a.article_id, a.category, t.boost
        from asked t cross join lateral (
            select article_id, category from article_search
            where visible and ts_filter(vector, '{a,b}') @@ t.query offset 0
        ) a
    ) each
    group by slot, article_id
), size as (
    select greatest(count(*), 1) as articles from article_search where visible
), had as materialized (
    select slot, count(*) as articles from matched group by slot
), rarity as materialized (
    -- a word that no article has says less about which article is meant than its rarity claims
    select s.slot, case when had.articles is null then 0.5 else 1 end
           * ln(1 + (size.articles - coalesce(had.articles, 0) + 0.5) / (coalesce(had.articles, 0) + 0.5)) as weight
    from size cross join generate_series(0, %(last)s::integer) as s(slot) left join had using (slot)
), found as materialized (
    select m.article_id, min(m.category) as category, sum(r.weight) / (select sum(weight) from rarity) as covered,
           sum(m.likely * r.weight) * sum(r.weight) as likely
    from matched m join rarity r using (slot)
    group by m.article_id
    having sum(r.weight) / (select sum(weight) from rarity) >= %(covered)s
), likeliest as materialized (
    select article_id, covered, likely from found where %(category)s::text is null or category = %(category)s
    order by likely desc, article_id limit greatest(%(ranked)s::integer, %(limit)s::integer + %(offset)s::integer)
), vectors as materialized (
    -- unpacked once, not by each term
    select l.article_id, a.vector || ''::tsvector as vector
    from (select article_id from likeliest order by likely desc, article_id limit %(ranked)s) l
    cross join lateral (select vector from article_search a where a.article_id = l.article_id offset 0) a
), ranked as materialized (
    select article_id, sum(rank * weight) as rank
    from (
        select v.article_id, t.slot, max(t.boost * ts_rank(%(weights)s::float4[], v.vector, t.query, 1)) as rank
        from vectors v join asked t on v.vector @@ t.query
        group by v.article_id, t.slot
    ) each join rarity using (slot)
    group by article_id
), page as materialized (
    select a.article_id, a.slug, a.title, a.category, coalesce(r.rank * l.covered, 0) as score,
           row_number() over (
               order by r.rank * l.covered desc nulls last, case when r.rank is not null then a.slug end,
                        l.likely desc, l.article_id
           ) as place
    from likeliest l left join ranked r using (article_id)
    cross join lateral (
        select article_id, slug, title, category from article_search a where a.article_id = l.article_id offset 0
    ) a
    order by place limit %(limit)s offset %(offset)s
)
"""
_SEARCH: LiteralString = (
    _TERMS
    + """
select (select jsonb_object_agg(category, n) from (select category, count(*) as n from found group by category) f)
       as facets,
       (select jsonb_agg(jsonb_build_object('slug', p.slug, 'title', p.title, 'category', p.category,
               'score', p.score, 'snippet', case when %(excerpts)s then ts_headline('english',
               translate(a.summary || E'\\n' || a.body, '<>', %(angles)s),
               (select string_agg('(' || query::text || ')', ' | ')::tsquery from asked),
               %(headline)s) else '' end) order by p.place)
        from page p join article_search a using (article_id)) as hits
"""
)
_SUGGEST: LiteralString = _TERMS + "select slug, title, category, score from page order by place"
_COUNTS: LiteralString = """
with asked as (
    select number, string_agg('(' || query || ')', ' | ')::tsquery as query
    from (select number, plainto_tsquery('english', words)::text as query
          from unnest(%s::integer[], %s::text[]) as t(number, words)) each
    where query <> ''
    group by number
)
select number,
       (select count(*) from article_search a where a.visible and a.vector @@ asked.query) as articles,
       -- titles, headings and tags
       (select count(*) from article_search a
        where a.visible and ts_filter(a.vector, '{a,b}') @@ asked.query) as titles
from asked
"""
_HEADLINE = (
    f"StartSel={MARK_START}, StopSel={MARK_END}, MaxWords=28, MinWords=12, ShortWord=2, MaxFragments=2,"
    ' FragmentDelimiter=" … "'
)
# ts_headline leaves out whatever looks like a tag
_ANGLES = "\ue002\ue003"
_BACK = str.maketrans(_ANGLES, "<>")
# body, summary, headings and tags, title
_WEIGHTS = [0.1, 0.3, 0.6, 1.0]
_TITLE_FIRST = [0.02, 0.2, 0.5, 1.0]

_COLUMNS: LiteralString = "article_id, parts, revision"
_VECTOR: LiteralString = (
    "update article_search a set vector = setweight(to_tsvector('english', d.title), 'A')"
    " || setweight(to_tsvector('english', d.headings), 'B') || setweight(to_tsvector('english', d.summary), 'C')"
    " || setweight(to_tsvector('english', d.body), 'D')"
    " from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[])"
    " as d(article_id, title, headings, summary, body) where a.article_id = d.article_id"
)


@dataclass(frozen=True, slots=True)
class _Term:
    slot: int
    boost: float
    kind: str
    words: str


class PostgresIndex:
    """Implements SearchIndex on the tables article_search and search_words; what was put is found at once."""

    engine = ENGINE

    def __init__(self, read_model: ReadModel, synonyms: Callable[[], Synonyms]) -> None:
        self._read_model, self._synonyms = read_model, synonyms

    def search(
        self, text: str, category: str | None = None, limit: int = 10, offset: int = 0, excerpts: bool = True
    ) -> Results:
        asked = slots(text, self._synonyms().by_phrase())
        if not asked:
            return Results()
        mended = self._mend(asked)
        row = self._read_model.query(
            _SEARCH,
            {
                **_parameters(_terms(asked, mended), len(asked), _WEIGHTS),
                "category": category,
                "limit": limit,
                "offset": offset,
                "headline": _HEADLINE,
                "excerpts": excerpts,
                "angles": _ANGLES,
            },
        )[0]
        facets = row["facets"] or {}
        return Results(
            hits=[
                Hit(hit["slug"], hit["title"], hit["category"], _snippet(hit["snippet"]), hit["score"])
                for hit in row["hits"] or ()
            ],
            total=sum(facets.values()) if category is None else facets.get(category, 0),
            facets=facets,
            did_you_mean=_mended(text, mended),
        )

    def suggest(self, text: str, limit: int = 5) -> Sequence[Hit]:
        asked = slots(text, self._synonyms().by_phrase())
        written = words(text)
        if not asked or not written:
            return []
        terms = _terms(asked, self._mend(asked[:-1]))
        if len(written[-1]) >= 2:
            ends = len(asked) - 1 if asked[-1].written.endswith(written[-1]) else len(asked)
            terms.append(_Term(ends, 1.0, "prefix", written[-1]))
        last = max(term.slot for term in terms)
        page = {"category": None, "limit": limit, "offset": 0}
        rows = self._read_model.query(_SUGGEST, {**_parameters(terms, last + 1, _TITLE_FIRST), **page})
        return [Hit(row["slug"], row["title"], row["category"], "", row["score"]) for row in rows]

    def put(self, documents: Sequence[Document]) -> None:
        with self._read_model.transaction() as connection:
            write(connection, documents)

    def refresh(self) -> None:
        return None

    def _mend(self, asked: Sequence[Slot]) -> dict[str, list[str]]:
        """Word that stands in no article -> the words that it may be a slip of."""
        single = {word for slot in asked if not slot.others for word in parts(slot.written)}
        if not single:
            return {}
        known = {row["word"] for row in self._read_model.query(_KNOWN, (list(single),))}
        synonyms = self._synonyms().parts()
        unknown = sorted(single - known - synonyms)
        if not unknown:
            return {}
        alike: dict[str, list[tuple[str, int]]] = {word: [(other, 0) for other in synonyms] for word in unknown}
        for row in self._read_model.query(_SPELT_ALIKE, {"words": unknown}):
            alike[row["wrong"]].append((row["word"], row["articles"]))
        found = {word: corrections(word, others) for word, others in alike.items()}
        by_phrase = self._synonyms().by_phrase()
        return {word: _with_synonyms(right, by_phrase) for word, right in found.items() if right}


class PostgresVocabulary:
    """Implements services.knowledge.fit.Vocabulary on the same tables."""

    def __init__(self, read_model: ReadModel) -> None:
        self._read_model = read_model

    def size(self) -> int:
        return int(self._read_model.query("select count(*) as n from article_search where visible")[0]["n"])

    def counts(self, asked: Sequence[Sequence[str]]) -> Sequence[tuple[int, int]]:
        different = list(dict.fromkeys(map(tuple, asked)))
        pairs = [(number, way) for number, ways in enumerate(different) for way in ways]
        rows = self._read_model.query(_COUNTS, ([number for number, _ in pairs], [way for _, way in pairs]))
        found = {different[row["number"]]: (row["articles"], row["titles"]) for row in rows}
        return [found.get(tuple(ways), (0, 0)) for ways in asked]

    def alike(self, unknown: Sequence[str]) -> Mapping[str, Sequence[tuple[str, int]]]:
        known = {row["word"] for row in self._read_model.query(_KNOWN, (list(unknown),))}
        alike: dict[str, list[tuple[str, int]]] = {word: [] for word in unknown if word not in known}
        if alike:
            for row in self._read_model.query(_SPELT_ALIKE, {"words": list(alike)}):
                alike[row["wrong"]].append((row["word"], row["articles"]))
        return alike


class ArticleSearch:
    """The projection that keeps PostgresIndex: the tables article_search and search_words."""

    name = "article_search"
    tables = ("article_search", "search_words")
    events = frozenset({ArticlePublished, ArticleRestored, ArticleArchived})
    summed = None

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        write(connection, documents_of(facts))


def write(connection: Connection, documents: Sequence[Document]) -> None:
    """Take documents in, in the caller's transaction; older ones than are there are left out."""
    ids = [document.article_id for document in documents]
    known: dict[str, Mapping[str, Any]] = {
        str(row["article_id"]): row
        for row in connection.execute(
            f"select {_COLUMNS} from article_search where article_id = any(%s::uuid[])",
            (ids,),
        )
    }
    newer = [
        document
        for document in documents
        if document.article_id not in known or known[document.article_id]["revision"] < document.revision
    ]
    if not newer:
        return
    rows = [_row(document) for document in newer]
    upsert(connection, "article_search", ["article_id"], rows)
    connection.execute(
        _VECTOR,
        (
            [document.article_id for document in newer],
            [document.title for document in newer],
            [f"{document.headings}\n{', '.join(document.tags)}" for document in newer],
            [document.summary for document in newer],
            [document.body for document in newer],
        ),
    )
    counts: dict[tuple[Any, ...], dict[str, int]] = {}
    for row in rows:
        before = set(known[row["article_id"]]["parts"]) if row["article_id"] in known else set()
        after = set(row["parts"])
        for word in before ^ after:
            counts.setdefault((word,), {"articles": 0})["articles"] += 1 if word in after else -1
    add(connection, "search_words", ["word"], counts)
    connection.execute("delete from search_words where articles = 0")


def prepare(admin_url: str) -> None:
    """Make what the tables need and only the database's owner can make."""
    with psycopg.connect(admin_url) as connection:
        connection.execute("create extension if not exists pg_trgm with schema public")


def _row(document: Document) -> dict[str, Any]:
    text = "\n".join((document.title, document.summary, document.headings, ", ".join(document.tags), document.body))
    return {
        "article_id": document.article_id,
        "slug": document.slug,
        "title": document.title,
        "summary": document.summary,
        "category": document.category,
        "body": document.body,
        "parts": sorted(parts(text)),
        "revision": document.revision,
        "visible": document.visible,
        "vector": "",
    }


def _terms(asked: Sequence[Slot], mended: Mapping[str, Sequence[str]]) -> list[_Term]:
    terms = []
    for number, slot in enumerate(asked):
        terms.append(_Term(number, 1.0, "all", slot.written))
        terms += [_Term(number, SYNONYM, "phrase", other) for other in slot.others]
        terms += [_Term(number, SLIP, "phrase", other) for other in mended.get(slot.written, ())]
    return terms


def _parameters(terms: Sequence[_Term], slots: int, weights: Sequence[float]) -> dict[str, Any]:
    return {
        "slots": [term.slot for term in terms],
        "boosts": [term.boost for term in terms],
        "kinds": [term.kind for term in terms],
        "words": [term.words for term in terms],
        "last": slots - 1,
        "weights": list(weights),
        "covered": COVERED,
        "in_text": _WEIGHTS[0],
        "ranked": RANKED,
    }


def _with_synonyms(right: Sequence[str], by_phrase: Mapping[tuple[str, ...], tuple[str, ...]]) -> list[str]:
    """The words that a slip may stand for; what else the likeliest of them is called comes behind."""
    return list(dict.fromkeys([*right, *by_phrase.get((fold(right[0]),), ())]))


def _mended(text: str, mended: Mapping[str, Sequence[str]]) -> str | None:
    fixed = " ".join(mended[word][0] if word in mended else word for word in words(text))
    return fixed if mended else None


def _snippet(marked: str) -> str:
    return snippet(" ".join(marked.split()).translate(_BACK), MARK_START, MARK_END)
