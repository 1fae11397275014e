"""The port that every search engine implements; index/testing.py holds its contract suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Document:
    """An article as it is searched.

    headings, body:  plain words
    visible:         False for an archived one: kept only so that nothing older can bring it back
    revision:        of the article's stream: a document replaces older ones, never newer ones
    """

    article_id: str
    slug: str
    title: str
    summary: str
    category: str
    tags: tuple[str, ...]
    headings: str
    body: str
    revision: int
    visible: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """A result. `snippet_html` is escaped but for <mark> around what matched; scores compare in one answer only."""

    slug: str
    title: str
    category: str
    snippet_html: str
    score: float


@dataclass(frozen=True, slots=True)
class Results:
    """What a search found, best first.

    total:         all that matched, in the category if one was asked for
    facets:        category -> how many matched, whichever category was asked for
    did_you_mean:  the query with its slips mended, where that changes it
    """

    hits: Sequence[Hit] = ()
    total: int = 0
    facets: Mapping[str, int] = field(default_factory=dict)
    did_you_mean: str | None = None


class SearchUnavailable(Exception):
    """The engine could not be reached or did not answer in time."""


class SearchIndex(Protocol):
    """Searches articles. Every call ends within a deadline or raises SearchUnavailable."""

    @property
    def engine(self) -> str:
        """Its name in answers."""

    def search(
        self, text: str, category: str | None = None, limit: int = 10, offset: int = 0, excerpts: bool = True
    ) -> Results:
        """What answers `text`, which is what somebody typed: words with slips, a question, an error code.

        Without `excerpts`, which cost more than the rest, snippets are empty.
        """

    def suggest(self, text: str, limit: int = 5) -> Sequence[Hit]:
        """What `text` may become, whose last word is still being typed; without snippets."""

    def put(self, documents: Sequence[Document]) -> None:
        """Take documents in; they are found at once where the engine says so, else after `refresh`."""

    def refresh(self) -> None:
        """Return when everything that was put is found."""


def snippet(marked: str, start: str, end: str) -> str:
    """An engine's excerpt as HTML: everything escaped but its two marks, which no text contains."""
    escaped = marked.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return escaped.replace(start, "<mark>").replace(end, "</mark>")


MARK_START, MARK_END = "\ue000", "\ue001"
"""Private characters around what matched; texts are put without them."""
