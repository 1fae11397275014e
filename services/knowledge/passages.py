"""The pieces of the published knowledge base that answer a question in plain words, for other services.

The search engine finds the articles, so that it takes as long with ten thousand of them; then their sections and the
questions of the FAQ are compared with the question by `services.knowledge.fit`, whose score is one of all questions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog

from services.knowledge.fit import (
    LITTLE,
    Asked,
    Meanings,
    Piece,
    Vocabulary,
    article_pieces,
    asked_in,
    best,
    faq_piece,
    read_related,
)
from services.knowledge.index.words import Synonyms
from shared.events.read_model import ReadModel

ARTICLES = 15
MAX_PASSAGES = 20
# of the FAQ that many are compared; an FAQ of more is none
MAX_FAQ = 500
# what a search engine is asked for
SEARCHED = 6

log = structlog.get_logger()

Answer = dict[str, Any]


class Passages:
    """Finds passages. `slugs(q, limit)` gives the articles that fit a query, the best first."""

    def __init__(
        self,
        read_model: ReadModel,
        vocabulary: Vocabulary,
        slugs: Callable[[str, int], Sequence[str]],
        meanings: Callable[[], Meanings],
    ) -> None:
        self._read_model, self._vocabulary, self._slugs, self._meanings = read_model, vocabulary, slugs, meanings

    def find(self, q: str, limit: int = 8) -> Answer:
        """{items: [{kind, slug, version, title, anchor, heading, text, category, score}]}, the best first.

        kind: article, with its version and the section's anchor (None for its beginning); or faq, `slug` its id,
              `version` its revision, title and heading the question
        score: 0 to 1, comparable between queries
        """
        faq = [_faq(row) for row in self._read_model.query(_FAQ, (MAX_FAQ,))]
        asked = asked_in(q, self._meanings(), self._vocabulary, faq)
        if not asked:
            return {"items": []}
        slugs = list(self._slugs(_query(asked), ARTICLES))
        articles = [piece for row in self._read_model.query(_ARTICLES, (slugs,)) for piece in _article(row)]
        found = best(asked, [*articles, *faq], min(max(limit, 1), MAX_PASSAGES))
        return {"items": [_shown(piece, score) for piece, score in found]}


_ARTICLES = (
    "select slug, version, title, summary, tags, category, body_markdown from articles"
    " where slug = any(%s) and status = 'PUBLISHED'"
)
_FAQ = (
    "select faq_id, revision, question, answer_markdown, category from faq where not removed order by faq_id limit %s"
)


def _query(asked: Sequence[Asked]) -> str:
    """The weightiest words, mended or led to what the articles say; a search engine finds synonyms itself.

    What says little is left out: it would find articles that have nothing else of the question.
    """
    known = [each for each in asked if each.known]
    weighty = [each for each in known if each.weight > LITTLE] or known
    return " ".join(dict.fromkeys(each.ways[0].written for each in weighty[:SEARCHED]))


def _article(row: Any) -> list[Piece]:
    return _pieces(
        *(row["slug"], row["version"], row["title"], row["summary"], tuple(row["tags"])),
        *(row["category"], row["body_markdown"]),
    )


# cutting an article takes milliseconds
_pieces = lru_cache(1_000)(article_pieces)
_question = lru_cache(2 * MAX_FAQ)(faq_piece)


def _faq(row: Any) -> Piece:
    return _question(
        *(str(row["faq_id"]), row["revision"], row["question"], row["answer_markdown"], row["category"]),
    )


def _shown(piece: Piece, score: float) -> Answer:
    names = ("kind", "slug", "version", "title", "anchor", "heading", "text", "category")
    return {**{name: getattr(piece, name) for name in names}, "score": round(score, 4)}


@dataclass(slots=True)
class MeaningsFiles:
    """Called, gives the meanings of two files that people edit, as they are now; a broken edit changes nothing."""

    synonyms: Path
    related: Path
    _seen: tuple[float, float] = (0.0, 0.0)
    _known: Meanings = field(default_factory=lambda: Meanings.of(Synonyms()))

    def __call__(self) -> Meanings:
        try:
            changed = (self.synonyms.stat().st_mtime, self.related.stat().st_mtime)
            if changed != self._seen:
                self._seen = changed
                self._known = Meanings.of(Synonyms.read(self.synonyms), read_related(self.related.read_text("utf-8")))
        except (OSError, ValueError) as error:
            log.warning("meanings not read", paths=[str(self.synonyms), str(self.related)], error=str(error))
        return self._known
