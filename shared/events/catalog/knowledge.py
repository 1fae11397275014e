"""Public events of the knowledge service.

These are storage formats: a stored name and version never changes its meaning. To change one: add an optional
field with a default; else a new version with an upcaster; else a new name. tests/contract/golden keeps an example
of each for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.events.catalog.types import PersonalText

ARTICLE = "article"
SLUG = "article_slug"
VOTE = "article_vote"
SECTION = "kb_category"
FAQ = "faq"
SEARCHES = "kb_search"


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote or decided something."""

    id: str
    name: PersonalText


@dataclass(frozen=True, slots=True)
class ArticleContent:
    """All that an author writes. `slug` is the article's place in links; `body` is Markdown."""

    slug: str
    title: str
    summary: str
    category: str
    tags: tuple[str, ...]
    language: str
    body: str


@dataclass(frozen=True, slots=True)
class ArticleDrafted:
    """An article came to be; readers don't see it yet."""

    by: Author
    at: datetime
    content: ArticleContent


@dataclass(frozen=True, slots=True)
class ArticleRevised:
    """The draft changed; readers go on seeing what is published."""

    by: Author
    at: datetime
    content: ArticleContent


@dataclass(frozen=True, slots=True)
class ArticlePublished:
    """Readers see this content from now on, as version `version`: 1, 2, …"""

    by: Author
    at: datetime
    version: int
    content: ArticleContent
    change_note: str


@dataclass(frozen=True, slots=True)
class ArticleRestored:
    """The content of an older version is shown again, as the new version `version`. A changed draft stays as it is."""

    by: Author
    at: datetime
    version: int
    from_version: int
    content: ArticleContent
    change_note: str


@dataclass(frozen=True, slots=True)
class ArticleArchived:
    """Readers don't see the article any more; publishing or restoring brings it back."""

    by: Author
    at: datetime


@dataclass(frozen=True, slots=True)
class SlugTaken:
    """A slug belongs to one article, for ever: the first and only event of the stream named after the slug."""

    slug: str
    article_id: str


@dataclass(frozen=True, slots=True)
class ArticleVoted:
    """One person's answer to "Was this helpful?"; the stream is that person's on that article.

    `before` is what the same person had said, None the first time: counters add the difference.
    """

    article_id: str
    version: int
    helpful: bool
    at: datetime
    before: bool | None = None
    comment: PersonalText | None = None


@dataclass(frozen=True, slots=True)
class CategoryDefined:
    """A category of the knowledge base, anew or changed; the stream bears its slug. Lists go by `position`."""

    slug: str
    title: str
    description: str
    position: int
    by: Author
    at: datetime


@dataclass(frozen=True, slots=True)
class FaqContent:
    """A question and its answer in Markdown. Lists go by category and `position`."""

    question: str
    answer: str
    category: str
    position: int


@dataclass(frozen=True, slots=True)
class FaqAdded:
    """A question and its answer came to be; readers see them at once."""

    by: Author
    at: datetime
    content: FaqContent


@dataclass(frozen=True, slots=True)
class FaqChanged:
    """Readers see this question and answer instead."""

    by: Author
    at: datetime
    content: FaqContent


@dataclass(frozen=True, slots=True)
class FaqRemoved:
    """Readers don't see the question any more."""

    by: Author
    at: datetime


@dataclass(frozen=True, slots=True)
class SearchPerformed:
    """Somebody searched; nobody is named. `hits` counts all that matched, `engine` is who answered."""

    search_id: str
    query: PersonalText
    category: str | None
    hits: int
    engine: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ResultChosen:
    """Somebody opened a result of a search; `rank` is its place in the list, from 1."""

    search_id: str
    slug: str
    rank: int
    at: datetime


EVENTS: Mapping[tuple[str, int], type] = {
    ("ArticleDrafted", 1): ArticleDrafted,
    ("ArticleRevised", 1): ArticleRevised,
    ("ArticlePublished", 1): ArticlePublished,
    ("ArticleRestored", 1): ArticleRestored,
    ("ArticleArchived", 1): ArticleArchived,
    ("SlugTaken", 1): SlugTaken,
    ("ArticleVoted", 1): ArticleVoted,
    ("CategoryDefined", 1): CategoryDefined,
    ("FaqAdded", 1): FaqAdded,
    ("FaqChanged", 1): FaqChanged,
    ("FaqRemoved", 1): FaqRemoved,
    ("SearchPerformed", 1): SearchPerformed,
    ("ResultChosen", 1): ResultChosen,
}

CATEGORIES: Mapping[str, str] = {
    "SlugTaken": SLUG,
    "ArticleVoted": VOTE,
    "CategoryDefined": SECTION,
    "FaqAdded": FAQ,
    "FaqChanged": FAQ,
    "FaqRemoved": FAQ,
    "SearchPerformed": SEARCHES,
    "ResultChosen": SEARCHES,
}
"""In streams of which category an event stands, where that is not ARTICLE."""

PUBLISHED = (ARTICLE, SECTION, FAQ)
"""The categories whose events leave the service."""

PROJECTED = (*PUBLISHED, VOTE, SEARCHES)
"""The categories of which the service makes rows."""

UPCASTERS: Mapping[tuple[str, int], Callable[[dict[str, Any]], tuple[str, int, dict[str, Any]]]] = {}
