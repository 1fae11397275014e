"""One row an article, one a version of it, and every slug it had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, LiteralString

from services.knowledge.domain.article import Status
from services.knowledge.rendering import render
from shared.events.catalog.knowledge import (
    ARTICLE,
    ArticleArchived,
    ArticleContent,
    ArticleDrafted,
    ArticlePublished,
    ArticleRestored,
    ArticleRevised,
    Author,
)
from shared.events.projection import Fact, begun_before
from shared.events.read_model import Connection
from shared.events.rows import find, upsert

Row = dict[str, Any]

COLUMNS: LiteralString = (
    "article_id, status, slug, title, summary, category, tags, language, body_markdown, body_html, contents, version,"
    " published_at, draft, draft_by, draft_at, changed, created_at, updated_at, revision, position"
)

_COMPARED = (
    *((name, name) for name in ("slug", "title", "summary", "category", "tags", "language")),
    ("body", "body_markdown"),
)


class Articles:
    """The tables articles, article_versions and article_slugs."""

    name = "articles"
    tables = ("articles", "article_versions", "article_slugs")
    events = frozenset({ArticleDrafted, ArticleRevised, ArticlePublished, ArticleRestored, ArticleArchived})
    summed = None

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        mine = [fact for fact in facts if fact.recorded.stream.category == ARTICLE]
        rows = find(connection, "articles", "article_id", begun_before(mine, ArticleDrafted))
        before = {article_id: row["body_markdown"] for article_id, row in rows.items()}
        for fact in mine:
            rows[fact.recorded.stream.id] = evolve(rows.get(fact.recorded.stream.id), fact)
        shown = [
            row if before.get(article_id) == row["body_markdown"] else with_html(row)
            for article_id, row in rows.items()
        ]
        upsert(connection, "articles", ["article_id"], shown)
        versions = [with_html(row) for row in map(version_of, mine) if row]
        upsert(connection, "article_versions", ["article_id", "version"], versions)
        upsert(connection, "article_slugs", ["slug"], [row for row in map(_slug_of, mine) if row])


def row_of(facts: Iterable[Fact]) -> Row | None:
    """The row that one article's facts add up to, without HTML; None without any."""
    row: Row | None = None
    for fact in facts:
        row = evolve(row, fact)
    return row


def evolve(row: Row | None, fact: Fact) -> Row:
    """The row after a fact of its article; HTML is made afterwards, by `with_html`."""
    event, recorded = fact.event, fact.recorded
    if isinstance(event, ArticleDrafted):
        row = {"article_id": recorded.stream.id, "version": 0, "published_at": None, "created_at": event.at}
    assert row is not None, "an article's first event is ArticleDrafted"
    changed: Row = {"revision": recorded.revision, "position": recorded.position}
    match event:
        case ArticleDrafted() | ArticleRevised():
            changed |= _drafted(event.content, event.by, event)
            if row["version"] == 0:
                status = row.get("status", Status.DRAFT)
                changed |= _shown(event.content) | {"updated_at": event.at, "status": status, "changed": True}
            else:
                changed["changed"] = any(changed["draft"][name] != row[column] for name, column in _COMPARED)
        case ArticlePublished():
            changed |= _drafted(event.content, event.by, event) | _published(event) | {"changed": False}
        case ArticleRestored():
            changed |= _published(event)
            if not row["changed"]:
                changed |= _drafted(event.content, event.by, event)
        case ArticleArchived():
            changed |= {"status": Status.ARCHIVED, "updated_at": event.at}
    return {**row, **changed}


def version_of(fact: Fact) -> Row | None:
    """The version that a fact makes, None where it makes none."""
    event = fact.event
    if not isinstance(event, ArticlePublished | ArticleRestored):
        return None
    return {
        "article_id": fact.recorded.stream.id,
        "version": event.version,
        **_shown(event.content),
        "change_note": event.change_note,
        "from_version": event.from_version if isinstance(event, ArticleRestored) else None,
        "by": _author(event.by),
        "at": event.at,
    }


def with_html(row: Row) -> Row:
    """The row with its Markdown rendered."""
    rendered = render(row["body_markdown"])
    return {**row, "body_html": rendered.html, "contents": [asdict(heading) for heading in rendered.contents]}


def content_dict(content: ArticleContent) -> Row:
    """A content as rows and answers show it."""
    return {**asdict(content), "tags": list(content.tags)}


def _published(event: ArticlePublished | ArticleRestored) -> Row:
    return {
        **_shown(event.content),
        "status": Status.PUBLISHED,
        "version": event.version,
        "published_at": event.at,
        "updated_at": event.at,
    }


def _shown(content: ArticleContent) -> Row:
    return {
        "slug": content.slug,
        "title": content.title,
        "summary": content.summary,
        "category": content.category,
        "tags": list(content.tags),
        "language": content.language,
        "body_markdown": content.body,
    }


def _drafted(content: ArticleContent, by: Author, event: Any) -> Row:
    return {"draft": content_dict(content), "draft_by": _author(by), "draft_at": event.at}


def _author(by: Author) -> Row:
    return {"id": by.id, "name": by.name}


def _slug_of(fact: Fact) -> Row | None:
    content = getattr(fact.event, "content", None)
    return None if content is None else {"slug": content.slug, "article_id": fact.recorded.stream.id}
