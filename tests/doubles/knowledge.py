"""The knowledge base's starting content in memory, for measuring the assistant without servers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from services.chat.assistant.port import Asker, Passage, Source, StatusReport, TicketFound
from services.knowledge import fit
from services.knowledge.index.words import Synonyms
from services.knowledge.rendering import sections
from services.knowledge.settings import CONTENT
from shared.wording import words

NOT_KNOWN = StatusReport("UNKNOWN", "Not known.", None, "")


@dataclass(frozen=True, slots=True)
class MemoryVocabulary:
    """Implements Vocabulary on the whole texts of articles."""

    articles: Sequence[fit.Field]
    titles: Sequence[fit.Field]
    spellings: Mapping[str, int]

    def size(self) -> int:
        return len(self.articles)

    def counts(self, asked: Sequence[Sequence[str]]) -> Sequence[tuple[int, int]]:
        return [(_count(self.articles, ways), _count(self.titles, ways)) for ways in asked]

    def alike(self, unknown: Sequence[str]) -> Mapping[str, Sequence[tuple[str, int]]]:
        known = {stem for article in self.articles for stem in article.stems}
        return {word: list(self.spellings.items()) for word in unknown if fit.stem(word) not in known}


def _count(texts: Sequence[fit.Field], ways: Sequence[str]) -> int:
    phrases = [" ".join(fit.terms_of(way)) for way in ways]
    return sum(any(text.has(phrase) for phrase in phrases) for text in texts)


@dataclass(frozen=True, slots=True)
class ContentLookups:
    """Implements Lookups on a folder of content."""

    pieces: Sequence[fit.Piece]
    faq: Sequence[fit.Piece]
    vocabulary: MemoryVocabulary
    meanings: fit.Meanings
    report: StatusReport = NOT_KNOWN
    own: Sequence[TicketFound] = ()
    asked: list[str] = field(default_factory=list)

    def passages(self, query: str, limit: int = 8) -> Sequence[Passage]:
        self.asked.append(query)
        asked = fit.asked_in(query, self.meanings, self.vocabulary, self.faq)
        found = fit.best(asked, [*self.pieces, *self.faq], limit)
        return [
            Passage(
                Source(piece.kind, piece.slug, piece.version, piece.title, piece.anchor),
                *(piece.heading, piece.text, piece.category, score),
            )
            for piece, score in found
        ]

    def status(self) -> StatusReport:
        return self.report

    def ticket(self, asker: Asker, number: str) -> TicketFound | None:
        return next((ticket for ticket in self.own if ticket.number == number), None)

    def tickets(self, asker: Asker, limit: int = 5) -> Sequence[TicketFound]:
        return list(self.own)[:limit]


def read_content(folder: Path = CONTENT, **more: Any) -> ContentLookups:
    """Every article and question of a folder; the id of a question is its file's name."""
    pieces: list[fit.Piece] = []
    spellings: dict[str, int] = {}
    articles, titles = [], []
    for path in sorted((folder / "articles").glob("*/*.md")):
        front, body = _read(path)
        cut = fit.article_pieces(
            *(path.stem, 1, front["title"], front["summary"], front["tags"], front["category"], body)
        )
        pieces += cut
        articles.append(fit.Field.of(front["title"], front["summary"], *map(str, front["tags"]), body))
        headings = [section.title for section in sections(body)]
        titles.append(fit.Field.of(front["title"], *map(str, front["tags"]), *headings))
        for word in set(words(f"{front['title']} {body}")):
            spellings[word] = spellings.get(word, 0) + 1
    faq = []
    for path in sorted((folder / "faq").glob("*.md")):
        front, body = _read(path)
        faq.append(fit.faq_piece(path.stem, 1, front["question"], body, front["category"]))
    meanings = fit.Meanings.of(
        Synonyms.read(folder / "synonyms.txt"), fit.read_related((folder / "related.txt").read_text("utf-8"))
    )
    return ContentLookups(pieces, faq, MemoryVocabulary(articles, titles, spellings), meanings, **more)


def _read(path: Path) -> tuple[dict[str, Any], str]:
    _, front, body = path.read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(front), body
