"""Answer questions from the read models, in plain SQL."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, TypeVar

import orjson

from services.knowledge import views
from services.knowledge.actor import Actor
from services.knowledge.application import vote_id
from services.knowledge.domain import errors
from services.knowledge.domain.article import body_fault
from services.knowledge.rendering import render
from shared.events.catalog.knowledge import PROJECTED, PUBLISHED
from shared.events.errors import Refusal
from shared.events.read_model import ReadModel
from shared.events.relay import published
from shared.events.store.port import EventStore
from shared.events.stream import Position

RELATED = 4
_LIST: LiteralString = (
    "article_id, status, slug, title, summary, category, tags, language, version, changed, published_at, draft,"
    " draft_by, draft_at, created_at, updated_at, revision"
)
_VOTES: LiteralString = "coalesce(yes, 0) as yes, coalesce(no, 0) as no"
_CHANGED_AT: LiteralString = "greatest(updated_at, draft_at)"
_AUTHORED: LiteralString = (
    "(%(status)s::text is null or status = %(status)s)"
    " and (%(category)s::text is null or category = %(category)s)"
    " and concat_ws(' ', title, slug, draft->>'title', draft->>'slug', draft->>'summary', draft->>'tags',"
    " draft->>'body') ilike all(%(patterns)s::text[])"
)

Answer = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Queries:
    """The questions that the knowledge service answers.

    `min_position` asks for read models that have seen at least that position; what they have after a second is
    answered, with the `position` that it is from. Each raises Refusal.
    """

    read_model: ReadModel
    store: EventStore

    def events(self, actor: Actor, after: int, limit: int = 100) -> Answer:
        """The log as other systems get it, for agents and service accounts."""
        _ = actor.author
        return published(self.store, PUBLISHED, after, limit)

    def categories(self, min_position: int | None = None) -> Answer:
        reached = self._reached("articles", min_position)
        rows = self.read_model.query(
            "select c.slug, c.title, c.description, count(a.article_id) as article_count from kb_categories c"
            " left join articles a on a.category = c.slug and a.status = 'PUBLISHED'"
            " group by c.slug order by c.position, c.slug"
        )
        return {"items": rows, "position": reached}

    def list_articles(
        self,
        category: str | None = None,
        limit: int = 25,
        cursor: str | None = None,
        min_position: int | None = None,
    ) -> Answer:
        """Published articles by title."""
        reached = self._reached("articles", min_position)
        title, id_ = (None, None) if cursor is None else _read_cursor(cursor, str)
        rows = self.read_model.query(
            f"select {_LIST} from articles where status = 'PUBLISHED'"
            " and (%(category)s::text is null or category = %(category)s)"
            " and (%(title)s::text is null or (title, article_id) > (%(title)s, %(id)s::uuid))"
            " order by title, article_id limit %(limit)s",
            {"category": category, "limit": limit + 1, "title": title, "id": id_},
        )
        total = self.read_model.query(
            "select count(*) as n from articles where status = 'PUBLISHED'"
            " and (%(category)s::text is null or category = %(category)s)",
            {"category": category},
        )[0]["n"]
        page, more = rows[:limit], len(rows) > limit
        return {
            "items": [views.summary(row) for row in page],
            "next_cursor": _cursor(page[-1]["title"], page[-1]["article_id"]) if more else None,
            "total": total,
            "position": reached,
        }

    def published(self) -> list[Any]:
        """The slug of every published article."""
        return self.read_model.query("select slug from articles where status = 'PUBLISHED' order by category, slug")

    def authored(
        self,
        actor: Actor,
        status: str | None = None,
        category: str | None = None,
        q: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        min_position: int | None = None,
    ) -> Answer:
        """All articles as authors see them, the last changed first; for agents.

        With `q` those that have each of its words, or a part of one, in what is shown or in their draft.
        """
        _ = actor.author
        reached = self._reached("articles", min_position)
        at, id_ = (None, None) if cursor is None else _read_cursor(cursor, datetime.fromisoformat)
        patterns = [f"%{_literal(word)}%" for word in (q or "").split()]
        filters = {"status": status, "category": category, "patterns": patterns}
        rows = self.read_model.query(
            f"select {_LIST}, {_VOTES}, {_CHANGED_AT} as changed_at"
            f" from articles left join article_votes using (article_id) where {_AUTHORED}"
            f" and (%(at)s::timestamptz is null or ({_CHANGED_AT}, article_id) < (%(at)s, %(id)s::uuid))"
            " order by changed_at desc, article_id desc limit %(limit)s",
            {**filters, "limit": limit + 1, "at": at, "id": id_},
        )
        total = self.read_model.query(f"select count(*) as n from articles where {_AUTHORED}", filters)[0]["n"]
        page, more = rows[:limit], len(rows) > limit
        return {
            "items": [views.authors_article(row) | views.votes(row) for row in page],
            "next_cursor": _cursor(page[-1]["changed_at"].isoformat(), page[-1]["article_id"]) if more else None,
            "total": total,
            "position": reached,
        }

    def get_article(
        self, actor: Actor, slug: str, version: int | None = None, min_position: int | None = None
    ) -> Answer:
        """A published article by its slug or an earlier one (compare `slug` of the answer: a link should redirect)."""
        reached = self._reached("articles", min_position)
        row = self._by_slug(slug)
        article_id = row["article_id"]
        if version is not None and version != row["version"]:
            older = self.read_model.query(
                "select * from article_versions where article_id = %s and version = %s", (article_id, version)
            )
            if not older:
                raise errors.version_not_found(version)
            # an older version is read at the article's present address
            row = {**row, **older[0], "slug": row["slug"], "updated_at": older[0]["at"]}
        votes = self.read_model.query("select yes, no from article_votes where article_id = %s", (article_id,))
        mine = self.read_model.query(
            "select helpful, comment from article_feedback where vote_id = %s", (vote_id(str(article_id), actor),)
        )
        related = self.read_model.query(
            "select slug, title, category from articles where status = 'PUBLISHED' and article_id <> %(id)s"
            " order by (select count(*) from jsonb_array_elements_text(tags) t where %(tags)s::jsonb ? t) desc,"
            " category = %(category)s desc, title limit %(limit)s",
            {
                "id": article_id,
                "tags": orjson.dumps(row["tags"]).decode(),
                "category": row["category"],
                "limit": RELATED,
            },
        )
        shown = views.article(row, votes[0] if votes else None, mine[0] if mine else None, related)
        return {"article": shown, "position": reached}

    def author_article(self, actor: Actor, article_id: str, min_position: int | None = None) -> Answer:
        """An article with its draft and votes, whatever its status; for agents."""
        _ = actor.author
        reached = self._reached("articles", min_position)
        rows = self.read_model.query(
            f"select {_LIST}, {_VOTES} from articles left join article_votes using (article_id) where article_id = %s",
            (_uuid(article_id),),
        )
        if not rows:
            raise errors.article_not_found()
        return {"article": views.authors_article(rows[0]) | views.votes(rows[0]), "position": reached}

    def authors_versions(self, actor: Actor, article_id: str, min_position: int | None = None) -> Answer:
        """The versions of an article, whatever its status, the newest first; none before the first publication."""
        reached = self.author_article(actor, article_id, min_position)["position"]
        return {"items": self._versions(_uuid(article_id)), "position": reached}

    def authors_version(self, actor: Actor, article_id: str, version: int, min_position: int | None = None) -> Answer:
        """What a version of an article says, whatever the article's status; for agents."""
        reached = self.author_article(actor, article_id, min_position)["position"]
        rows = self.read_model.query(
            "select * from article_versions where article_id = %s and version = %s", (_uuid(article_id), version)
        )
        if not rows:
            raise errors.version_not_found(version)
        return {"version": views.version(rows[0]) | {"text": views.text(rows[0])}, "position": reached}

    def versions(self, slug: str, min_position: int | None = None) -> Answer:
        """The versions of a published article, the newest first."""
        reached = self._reached("articles", min_position)
        return {"items": self._versions(self._by_slug(slug)["article_id"]), "position": reached}

    def feedback(self, actor: Actor, article_id: str, limit: int = 100) -> Answer:
        """What voters said of an article, the latest first, without who they are; for agents."""
        _ = actor.author
        rows = self.read_model.query(
            "select version, helpful, comment, at from article_feedback where article_id = %s"
            " order by at desc, vote_id limit %s",
            (_uuid(article_id), limit),
        )
        return {"items": [{**row, "at": views.time(row["at"])} for row in rows]}

    def faq_list(self, category: str | None = None, min_position: int | None = None) -> Answer:
        reached = self._reached("faq", min_position)
        rows = self.read_model.query(
            "select f.* from faq f left join kb_categories c on c.slug = f.category"
            " where not removed and (%(category)s::text is null or f.category = %(category)s)"
            " order by c.position nulls last, f.category, f.position, f.question",
            {"category": category},
        )
        return {"items": [views.faq(row) for row in rows], "position": reached}

    def searches(self, actor: Actor, days: int = 30, empty: bool = False, limit: int = 50) -> Answer:
        """What was searched for, the most frequent first; with `empty` only what found nothing. For agents."""
        _ = actor.author
        rows = self.read_model.query(
            "select words as query, count(*) as searches, count(*) filter (where hits = 0) as without_result,"
            " count(chosen_slug) as opened, max(at) as last_at from kb_searches"
            " where at > now() - make_interval(days => %(days)s) and words <> ''"
            " group by words having not %(empty)s or bool_or(hits = 0)"
            " order by searches desc, last_at desc limit %(limit)s",
            {"days": days, "empty": empty, "limit": limit},
        )
        totals = self.read_model.query(
            "select count(*) as searches, count(*) filter (where hits = 0) as without_result,"
            " count(chosen_slug) as opened from kb_searches where at > now() - make_interval(days => %s)",
            (days,),
        )[0]
        return {"items": [{**row, "last_at": views.time(row["last_at"])} for row in rows], "totals": totals}

    def preview(self, actor: Actor, body: str) -> Answer:
        """How a text will look; for agents."""
        _ = actor.author
        if (fault := body_fault(body)) is not None:
            raise errors.invalid({"body": [fault]})
        rendered = render(body)
        contents = [{"level": each.level, "id": each.id, "title": each.title} for each in rendered.contents]
        return {"body_html": rendered.html, "contents": contents}

    def _versions(self, article_id: str) -> list[Answer]:
        rows = self.read_model.query(
            "select version, title, change_note, from_version, by, at from article_versions where article_id = %s"
            " order by version desc",
            (article_id,),
        )
        return [views.version(row) for row in rows]

    def _by_slug(self, slug: str) -> Any:
        rows = self.read_model.query(
            "select a.* from article_slugs s join articles a using (article_id)"
            " where s.slug = %s and a.status = 'PUBLISHED'",
            (slug,),
        )
        if not rows:
            raise errors.article_not_found()
        return rows[0]

    def _reached(self, projection: str, min_position: int | None) -> Position:
        return self.read_model.reached(projection, min_position, self.store, PROJECTED)


def _cursor(key: str, article_id: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([key, article_id])).decode().rstrip("=")


def _read_cursor(cursor: str, read: Callable[[str], T]) -> tuple[T, uuid.UUID]:
    """The key, read by `read`, and the article id of a cursor. Raises Refusal invalid_cursor."""
    try:
        key, article_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return read(key), uuid.UUID(article_id)
    except (ValueError, TypeError, AttributeError):
        raise Refusal(
            "invalid_cursor",
            "This cursor is not one that was given out for this list.",
            kind="invalid",
            errors={"cursor": ["Use the next_cursor of an answer, with the same filters."]},
        ) from None


def _literal(word: str) -> str:
    """A pattern of LIKE that means just this word."""
    return re.sub(r"([\\%_])", r"\\\1", word)


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise errors.article_not_found() from None
