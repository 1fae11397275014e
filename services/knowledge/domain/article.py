"""The article: commands, state, evolve, decide; its slugs and its votes, which have streams of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

from services.knowledge.domain import errors
from shared.events.catalog.knowledge import (
    ArticleArchived,
    ArticleContent,
    ArticleDrafted,
    ArticlePublished,
    ArticleRestored,
    ArticleRevised,
    ArticleVoted,
    Author,
    SlugTaken,
)
from shared.events.decider import Decider

MAX_BODY_BYTES = 20_000
MAX_TAGS = 20
MAX_SLUG = 90
_LENGTHS: Mapping[str, tuple[int, int]] = {"title": (3, 150), "summary": (0, 300), "category": (1, 60)}
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2}")


class Status(StrEnum):
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    ARCHIVED = "ARCHIVED"


# -- Commands. Each says who (`by`) and when (`at`).


@dataclass(frozen=True, slots=True)
class DraftArticle:
    by: Author
    at: datetime
    content: ArticleContent


@dataclass(frozen=True, slots=True)
class ReviseArticle:
    by: Author
    at: datetime
    content: ArticleContent


@dataclass(frozen=True, slots=True)
class PublishArticle:
    by: Author
    at: datetime
    change_note: str = ""


@dataclass(frozen=True, slots=True)
class RestoreVersion:
    by: Author
    at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class ArchiveArticle:
    by: Author
    at: datetime


Command = DraftArticle | ReviseArticle | PublishArticle | RestoreVersion | ArchiveArticle


# -- State: what decisions need, nothing else.


@dataclass(frozen=True, slots=True)
class Article:
    """`status` is None before the article was drafted; `versions` are contents by version, the last one is shown."""

    status: Status | None = None
    draft: ArticleContent | None = None
    versions: Mapping[int, ArticleContent] = field(default_factory=dict)

    @property
    def version(self) -> int:
        return max(self.versions, default=0)

    @property
    def published(self) -> ArticleContent | None:
        """What readers see; None where they see nothing."""
        return self.versions[self.version] if self.status is Status.PUBLISHED else None


def evolve(article: Article, event: Any) -> Article:
    """The article after `event`."""
    match event:
        case ArticleDrafted():
            return replace(article, status=Status.DRAFT, draft=event.content)
        case ArticleRevised():
            return replace(article, draft=event.content)
        case ArticlePublished():
            return replace(
                article,
                status=Status.PUBLISHED,
                draft=event.content,
                versions={**article.versions, event.version: event.content},
            )
        case ArticleRestored():
            unchanged = article.draft == article.versions[article.version]
            return replace(
                article,
                status=Status.PUBLISHED,
                draft=event.content if unchanged else article.draft,
                versions={**article.versions, event.version: event.content},
            )
        case ArticleArchived():
            return replace(article, status=Status.ARCHIVED)
    return article


# -- Decisions: one short function an intent.


def decide(command: Command, article: Article) -> Sequence[Any]:
    """The events that `command` causes. Raises Refusal."""
    if isinstance(command, DraftArticle):
        return draft_article(command, article)
    if article.status is None:
        raise errors.article_not_found()
    match command:
        case ReviseArticle():
            return revise_article(command, article)
        case PublishArticle():
            return publish_article(command, article)
        case RestoreVersion():
            return restore_version(command, article)
        case ArchiveArticle():
            return archive_article(command, article)
    assert_never(command)


def draft_article(command: DraftArticle, article: Article) -> Sequence[Any]:
    if article.status is not None:
        return []
    check_content(command.content)
    return [ArticleDrafted(command.by, command.at, command.content)]


def revise_article(command: ReviseArticle, article: Article) -> Sequence[Any]:
    check_content(command.content)
    if command.content == article.draft:
        return []
    return [ArticleRevised(command.by, command.at, command.content)]


def publish_article(command: PublishArticle, article: Article) -> Sequence[Any]:
    assert article.draft is not None
    if article.draft == article.published:
        raise errors.nothing_to_publish()
    if len(command.change_note) > 300:
        raise errors.invalid({"change_note": ["At most 300 characters."]})
    return [ArticlePublished(command.by, command.at, article.version + 1, article.draft, command.change_note)]


def restore_version(command: RestoreVersion, article: Article) -> Sequence[Any]:
    content = article.versions.get(command.version)
    if content is None:
        raise errors.version_not_found(command.version)
    if content == article.published:
        raise errors.already_shown(command.version)
    note = f"Version {command.version} restored"
    return [ArticleRestored(command.by, command.at, article.version + 1, command.version, content, note)]


def archive_article(command: ArchiveArticle, article: Article) -> Sequence[Any]:
    if article.status is Status.ARCHIVED:
        return []
    return [ArticleArchived(command.by, command.at)]


def check_content(content: ArticleContent) -> None:
    """Raises Refusal `invalid_content` naming every field that is at fault, `article_too_large` for the body."""
    found: dict[str, list[str]] = {}
    for name, (shortest, longest) in _LENGTHS.items():
        length = len(getattr(content, name).strip())
        if not shortest <= length <= longest:
            found[name] = [f"Must have {shortest} to {longest} characters."]
    if not _SLUG.fullmatch(content.slug) or len(content.slug) > MAX_SLUG:
        found["slug"] = [f"Lower-case letters, digits and single dashes, at most {MAX_SLUG}."]
    if not _LANGUAGE.fullmatch(content.language):
        found["language"] = ["Two lower-case letters, such as en."]
    if len(content.tags) > MAX_TAGS or not all(1 <= len(tag) <= 40 for tag in content.tags):
        found["tags"] = [f"At most {MAX_TAGS}, each of 1 to 40 characters."]
    if (fault := body_fault(content.body)) is not None:
        found["body"] = [fault]
    if found:
        raise errors.invalid(found)


def body_fault(body: str) -> str | None:
    """What is wrong with a Markdown text, None where nothing is."""
    if not body.strip():
        return "Must not be empty."
    if len(body.encode()) > MAX_BODY_BYTES:
        return f"At most {MAX_BODY_BYTES} bytes."
    return "Must not contain the character NUL." if "\0" in body else None


ARTICLE: Decider[Article] = Decider(Article(), evolve, decide)


# -- Slugs: each is a stream whose first event says whose it is. Old ones stay with their article, so links redirect.


@dataclass(frozen=True, slots=True)
class TakeSlug:
    slug: str
    article_id: str


def evolve_slug(owner: str | None, event: Any) -> str | None:
    return event.article_id if isinstance(event, SlugTaken) else owner


def take_slug(command: TakeSlug, owner: str | None) -> Sequence[Any]:
    """Nothing where the article has it already. Raises Refusal `slug_taken` where another has it."""
    if owner == command.article_id:
        return []
    if owner is not None:
        raise errors.slug_taken(command.slug)
    return [SlugTaken(command.slug, command.article_id)]


SLUGS: Decider[str | None] = Decider(None, evolve_slug, take_slug)


# -- Votes: a stream for each person on each article, so that counts are exact and no two voters collide.


@dataclass(frozen=True, slots=True)
class Vote:
    article_id: str
    version: int
    helpful: bool
    at: datetime
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What the person said last; None before."""

    helpful: bool | None = None
    comment: str | None = None


def evolve_vote(said: Said, event: Any) -> Said:
    return Said(event.helpful, event.comment) if isinstance(event, ArticleVoted) else said


def vote(command: Vote, said: Said) -> Sequence[Any]:
    """Nothing where the person said the same before."""
    if command.comment is not None and len(command.comment) > 2000:
        raise errors.invalid({"comment": ["At most 2000 characters."]})
    if said == Said(command.helpful, command.comment):
        return []
    return [
        ArticleVoted(command.article_id, command.version, command.helpful, command.at, said.helpful, command.comment)
    ]


VOTES: Decider[Said] = Decider(Said(), evolve_vote, vote)
