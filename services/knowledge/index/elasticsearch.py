"""Search on Elasticsearch: an index for each version of schema and synonyms, behind one alias that readers use."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import orjson
from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from services.knowledge.index.port import (
    MARK_END,
    MARK_START,
    Document,
    Hit,
    Results,
    SearchUnavailable,
    snippet,
)
from services.knowledge.index.words import MAX_QUERY, Synonyms, corrections, slots, stop_words

ENGINE = "elasticsearch"
ALIAS = "kb-articles"
# somebody waits for a search, and PostgreSQL must still have time to answer within the second
SEARCH_SECONDS = 0.7
ADMIN_SECONDS = 10.0
EXCERPT = 160

# title, headings, tags, summary, body
_FIELDS = ["title^3", "headings^2", "tags^2", "summary^2", "body"]
_MENDED = 0.6
_BUSY = (429, 502, 503, 504)


class RefusedDocument(Exception):
    """The index does not take a document as it is: a fault of ours, for which the line stops."""


class ElasticsearchIndex:
    """Implements SearchIndex on the index behind `alias`; nothing is connected before it is used."""

    engine = ENGINE

    def __init__(self, url: str, synonyms: Callable[[], Synonyms], alias: str = ALIAS) -> None:
        client = Elasticsearch(url, max_retries=0, retry_on_timeout=False)
        # a search that is under way in an index while a rebuild deletes it fails at once, and finds the new one then
        self._search_client = client.options(
            request_timeout=SEARCH_SECONDS, max_retries=1, retry_on_status=(404, 503), retry_on_timeout=False
        )
        self._client = client.options(request_timeout=ADMIN_SECONDS)
        self._synonyms, self._alias = synonyms, alias

    def search(
        self, text: str, category: str | None = None, limit: int = 10, offset: int = 0, excerpts: bool = True
    ) -> Results:
        text = text[:MAX_QUERY]
        if not self._subject(text):
            return Results()
        started = time.monotonic()
        answer = self._ask(text, None, category, limit, offset, excerpts)
        mended = self._mend(text, answer["suggest"])
        if mended is not None and (left := started + SEARCH_SECONDS - time.monotonic()) > 0:
            # what was found for the words as they were written is better than no answer
            with suppress(SearchUnavailable):
                answer = self._ask(text, mended, category, limit, offset, excerpts, left)
        return Results(
            hits=[_hit(hit, _excerpt(hit) if excerpts else "") for hit in answer["hits"]["hits"]],
            total=answer["hits"]["total"]["value"],
            facets={each["key"]: each["doc_count"] for each in answer["aggregations"]["category"]["buckets"]},
            did_you_mean=mended,
        )

    def suggest(self, text: str, limit: int = 5) -> Sequence[Hit]:
        with _translated():
            answer = self._search_client.search(index=self._alias, **self.typed(text[:MAX_QUERY], limit))
        return [_hit(hit, "") for hit in answer["hits"]["hits"]]

    def put(self, documents: Sequence[Document]) -> None:
        self.put_into(self._alias, documents, require_alias=True)

    def refresh(self) -> None:
        with _translated():
            self._client.indices.refresh(index=self._alias)

    def put_into(self, index: str, documents: Sequence[Document], require_alias: bool = False) -> None:
        """Take documents into an index by name. Raises RefusedDocument, SearchUnavailable."""
        if not documents:
            return
        operations: list[dict[str, Any]] = []
        for document in documents:
            place = {"_id": document.article_id, "version": document.revision, "version_type": "external_gte"}
            operations += [{"index": place}, _source(document)]
        with _translated():
            answer = self._client.bulk(index=index, operations=operations, require_alias=require_alias)
        for item in answer["items"]:
            self._check(item["index"])

    def _check(self, item: Mapping[str, Any]) -> None:
        status = item["status"]
        # 409: a newer revision is there already
        if status < 300 or status == 409:
            return
        if status in _BUSY or status == 404:
            raise SearchUnavailable(f"{status}: {item['error']}")
        raise RefusedDocument(f"article {item['_id']}: {item['error']}")

    def ready(self) -> bool:
        """Whether the alias leads to an index of this version, with the synonyms as they are now."""
        current = self._current()
        return len(current) == 1 and current[0].startswith(self._prefix())

    def create(self) -> str:
        """Make a new empty index that nobody reads yet; its name."""
        name = f"{self._prefix()}{uuid.uuid4().hex[:8]}"
        with _translated():
            self._client.indices.create(index=name, settings=self._settings(), mappings=MAPPINGS)
        return name

    def swap(self, name: str) -> None:
        """Lead the alias to `name`, in one step, and delete every other index of this alias."""
        with _translated():
            self._client.indices.refresh(index=name)
            actions: list[dict[str, Any]] = [
                {"remove": {"index": old, "alias": self._alias}} for old in self._current()
            ]
            actions.append({"add": {"index": name, "alias": self._alias}})
            self._client.indices.update_aliases(actions=actions)
            others = [each for each in self._client.indices.get(index=f"{self._alias}-v*") if each != name]
            if others:
                self._client.indices.delete(index=others, ignore_unavailable=True)

    def drop(self) -> None:
        """Delete every index of this alias."""
        with _translated():
            names = list(self._client.indices.get(index=f"{self._alias}-v*"))
            if names:
                self._client.indices.delete(index=names, ignore_unavailable=True)

    def close(self) -> None:
        """Give back connections."""
        self._client.close()

    def _current(self) -> list[str]:
        with _translated():
            try:
                return list(self._client.indices.get_alias(name=self._alias))
            except NotFoundError:
                return []

    def _prefix(self) -> str:
        digest = hashlib.sha256(orjson.dumps([self._settings(), MAPPINGS])).hexdigest()[:8]
        return f"{self._alias}-v{digest}-"

    def _ask(
        self,
        text: str,
        mended: str | None,
        category: str | None,
        limit: int,
        offset: int,
        excerpts: bool,
        seconds: float = SEARCH_SECONDS,
    ) -> Any:
        with _translated():
            return self._search_client.options(request_timeout=seconds).search(
                index=self._alias, **self.request(text, mended, category, limit, offset, excerpts)
            )

    def request(
        self,
        text: str,
        mended: str | None = None,
        category: str | None = None,
        limit: int = 10,
        offset: int = 0,
        excerpts: bool = True,
    ) -> dict[str, Any]:
        """What Elasticsearch is asked for a search, as its client's arguments."""
        asked = self._subject(text)
        queries = [_words(asked), _phrase(asked)]
        if mended is not None:
            meant = self._subject(mended)
            queries += [_words(meant, _MENDED), _phrase(meant, _MENDED)]
        return {
            "query": self._by_coverage(_visible(queries), mended or text),
            "post_filter": None if category is None else {"term": {"category": category}},
            "aggregations": {"category": {"terms": {"field": "category", "size": 100}}},
            "highlight": _HIGHLIGHT if excerpts else None,
            "suggest": {
                "text": text,
                "written": _suggester("spelling", "written"),
                "stem": _suggester("body", "stem"),
            },
            "size": limit,
            "from_": offset,
            "sort": ["_score", "slug"],
            "track_scores": True,
            "track_total_hits": True,
        }

    def typed(self, text: str, limit: int = 5) -> dict[str, Any]:
        """What Elasticsearch is asked for suggestions, as its client's arguments."""
        typed = [
            {"match": {"title.typed": {"query": text, "operator": "and", "boost": 8}}},
            {"match": {"headings.typed": {"query": text, "operator": "and", "boost": 2}}},
            {"match": {"title.typed": {"query": text, "boost": 1}}},
        ]
        return {
            "query": _visible([*typed, _words(self._subject(text))]),
            "size": limit,
            "sort": ["_score", "slug"],
        }

    def _mend(self, text: str, suggested: Mapping[str, Any]) -> str | None:
        """The text with its slips mended; None where there are none, or nothing is near them."""
        # a word whose stem is known was no slip, only another form
        unknown = {entry["offset"] for entry in suggested["stem"] if entry["options"]}
        synonyms = self._synonyms().parts()
        found = text
        for entry in reversed(suggested["written"]):
            start, end = entry["offset"], entry["offset"] + entry["length"]
            word = text[start:end].lower()
            near = corrections(word, [(option["text"], option["freq"]) for option in entry["options"]])
            if near and start in unknown and word not in synonyms and word not in stop_words():
                found = found[:start] + near[0] + found[end:]
        return None if found == text else found.lower()

    def _by_coverage(self, query: Mapping[str, Any], text: str) -> dict[str, Any]:
        """The query, its scores times the share of what is asked for that an article has at all."""
        asked = slots(text, self._synonyms().by_phrase())
        functions = [{"filter": _words(slot.written), "weight": 1 / len(asked)} for slot in asked]
        return {
            "function_score": {"query": query, "functions": functions, "score_mode": "sum", "boost_mode": "multiply"}
        }

    def _subject(self, text: str) -> str:
        """The text without words that carry no subject, but for those in phrases of the synonyms."""
        return " ".join(slot.written for slot in slots(text, self._synonyms().by_phrase()))

    def _settings(self) -> dict[str, Any]:
        rules = [", ".join(group) for group in self._synonyms().groups]
        words = ["lowercase", "asciifolding", "possessive", "english"]
        return {
            "number_of_shards": 1,
            "number_of_replicas": 0,
            "refresh_interval": "1s",
            "analysis": {
                "filter": {
                    "possessive": {"type": "stemmer", "language": "possessive_english"},
                    "english": {"type": "stemmer", "language": "english"},
                    "same": {"type": "synonym_graph", "synonyms": rules},
                    "beginnings": {"type": "edge_ngram", "min_gram": 2, "max_gram": 15},
                },
                "analyzer": {
                    "stored": {"type": "custom", "tokenizer": "standard", "filter": words},
                    "asked": {
                        "type": "custom",
                        "tokenizer": "standard",
                        "filter": [*words, "same"],
                    },
                    "stem": {"type": "custom", "tokenizer": "standard", "filter": words},
                    "written": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase"]},
                    "typed": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "asciifolding"]},
                    "begun": {
                        "type": "custom",
                        "tokenizer": "standard",
                        "filter": ["lowercase", "asciifolding", "beginnings"],
                    },
                },
            },
        }


def _text(**more: Any) -> dict[str, Any]:
    return {"type": "text", "analyzer": "stored", "search_analyzer": "asked", "copy_to": "spelling", **more}


_TYPED = {"typed": {"type": "text", "analyzer": "begun", "search_analyzer": "typed"}}
MAPPINGS: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "slug": {"type": "keyword"},
        "category": {"type": "keyword"},
        "visible": {"type": "boolean"},
        "title": _text(fields=_TYPED),
        "headings": _text(fields=_TYPED),
        "tags": _text(),
        "summary": _text(),
        "body": _text(),
        "spelling": {"type": "text", "analyzer": "written"},
    },
}
_HIGHLIGHT: dict[str, Any] = {
    "type": "unified",
    "pre_tags": [MARK_START],
    "post_tags": [MARK_END],
    "fragment_size": EXCERPT,
    "number_of_fragments": 2,
    "order": "score",
    "fields": {"body": {}, "summary": {"number_of_fragments": 0}},
}


def _visible(queries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"bool": {"filter": [{"term": {"visible": True}}], "should": list(queries), "minimum_should_match": 1}}


def _words(text: str, boost: float = 1.0) -> dict[str, Any]:
    """Each word in its best field; a long question needs not be met whole."""
    return {
        "multi_match": {
            "query": text,
            "type": "cross_fields",
            "fields": _FIELDS,
            "operator": "or",
            "minimum_should_match": "30%",
            "tie_breaker": 1.0,
            "boost": boost,
        }
    }


def _phrase(text: str, boost: float = 1.0) -> dict[str, Any]:
    fields = ["title^4", "headings^2", "summary"]
    return {"multi_match": {"query": text, "type": "phrase", "fields": fields, "slop": 2, "boost": boost}}


def _suggester(field: str, analyzer: str) -> dict[str, Any]:
    return {
        "term": {
            "field": field,
            "analyzer": analyzer,
            "suggest_mode": "missing",
            "max_edits": 2,
            "prefix_length": 1,
            "min_word_length": 3,
            "size": 5,
        }
    }


def _source(document: Document) -> dict[str, Any]:
    return {
        "slug": document.slug,
        "category": document.category,
        "visible": document.visible,
        "title": document.title,
        "headings": document.headings,
        "tags": list(document.tags),
        "summary": document.summary,
        "body": document.body,
    }


def _hit(hit: Mapping[str, Any], snippet_html: str) -> Hit:
    source = hit["_source"]
    return Hit(source["slug"], source["title"], source["category"], snippet_html, hit["_score"])


def _excerpt(hit: Mapping[str, Any]) -> str:
    found = hit.get("highlight", {})
    source = hit["_source"]
    plain = source["summary"] or source["body"][:EXCERPT]
    parts = found.get("body") or found.get("summary") or [plain]
    return snippet(" … ".join(" ".join(part.split()) for part in parts), MARK_START, MARK_END)


@contextmanager
def _translated() -> Iterator[None]:
    """The driver's errors as ours: whatever keeps the engine from answering is that it is away."""
    try:
        yield
    except (ApiError, TransportError) as error:
        raise SearchUnavailable(f"{type(error).__name__}: {error}"[:500]) from error
