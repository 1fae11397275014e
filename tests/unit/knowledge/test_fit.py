"""How well pieces fit a question: what counts more than what, and that scores of different questions compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from services.knowledge.fit import (
    Asked,
    Meanings,
    Piece,
    article_pieces,
    asked_in,
    best,
    faq_piece,
    read_related,
)
from services.knowledge.index.words import Synonyms
from shared.wording import stem, words

FIREWALL = article_pieces(
    *("firewall-rules", 3, "Firewall rules", "Open and close ports.", ("ports",), "networking"),
    "A firewall drops packets.\n\n## Create a rule\n\nAdd protocol and port.\n\n## Remove a rule\n\nPress delete.\n",
)
DATABASE = article_pieces(
    *("restore", 1, "Restore a database", "Go back in time.", ("backup",), "databases"),
    "Backups run each night.\n\n## Point in time\n\nEnter the second. A firewall is kept.\n",
)
BUCKET = article_pieces("bucket", 1, "Create a bucket", "Store files.", ("s3",), "storage", "Choose a name.\n")
FAQ = [faq_piece("q1", 2, "How do I reset my password?", "Choose Forgot password.", "account")]
PIECES = [*FIREWALL, *DATABASE, *BUCKET, *FAQ]
MEANINGS = Meanings.of(
    Synonyms.parse("firewall, security group\ndatabase, db\n"), read_related("locked out, get in : password\n")
)


@dataclass(frozen=True)
class FakeVocabulary:
    """Counts in three articles."""

    articles: Sequence[Sequence[Piece]] = (FIREWALL, DATABASE, BUCKET)

    def size(self) -> int:
        return len(self.articles)

    def counts(self, asked: Sequence[Sequence[str]]) -> Sequence[tuple[int, int]]:
        return [(self._count(ways, "whole"), self._count(ways, "names")) for ways in asked]

    def _count(self, ways: Sequence[str], field: str) -> int:
        phrases = [" ".join(map(stem, words(way))) for way in ways]
        return sum(any(getattr(pieces[0], field).has(phrase) for phrase in phrases) for pieces in self.articles)

    def alike(self, unknown: Sequence[str]) -> Mapping[str, Sequence[tuple[str, int]]]:
        known = {word for pieces in self.articles for piece in pieces for word in words(f"{piece.title} {piece.text}")}
        return {word: [(other, 1) for other in known] for word in unknown if stem(word) not in map(stem, known)}


def ask(text: str) -> list[Asked]:
    return asked_in(text, MEANINGS, FakeVocabulary(), FAQ)


def found(text: str) -> list[tuple[str, str]]:
    return [(piece.slug, piece.heading) for piece, _ in best(ask(text), PIECES, 8)]


def top(text: str) -> float:
    return max((score for _, score in best(ask(text), PIECES, 8)), default=0.0)


def test_a_question_is_answered_by_its_section() -> None:
    assert found("how do I remove a firewall rule?")[0] == ("firewall-rules", "Remove a rule")
    assert found("restore to a point in time")[0] == ("restore", "Point in time")


def test_a_question_of_the_faq_is_a_piece_with_its_question_as_heading() -> None:
    piece, score = best(ask("How do I reset my password?"), PIECES, 1)[0]
    assert (piece.kind, piece.slug, piece.version, piece.anchor) == ("faq", "q1", 2, None)
    assert piece.heading == piece.title == "How do I reset my password?"
    assert score == pytest.approx(1.0)


def test_a_section_has_the_anchor_of_its_heading_and_the_version_of_its_article() -> None:
    assert [(piece.anchor, piece.version) for piece in FIREWALL] == [
        (None, 3),
        ("s-create-a-rule", 3),
        ("s-remove-a-rule", 3),
    ]


def test_a_title_counts_more_than_a_text() -> None:
    assert found("firewall")[0][0] == "firewall-rules"
    assert {slug for slug, _ in found("firewall")} == {"firewall-rules", "restore"}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("restore a database", "restore a db"),
        ("firewall", "security group"),
        ("restore a database", "restroe a database"),
        ("reset password", "locked out"),
        ("restore database", "restore giraffe database"),
    ],
)
def test_what_is_named_otherwise_misspelt_or_unknown_counts_less(better: str, worse: str) -> None:
    assert top(better) > top(worse) > 0.3


def test_scores_of_different_questions_compare() -> None:
    answered = [top(text) for text in ("create a firewall rule", "how do I reset the password", "create bucket")]
    unanswered = [top(text) for text in ("what does a giraffe eat", "giraffe password elephant tiger", "create lions")]
    assert min(answered) > 0.65
    assert max(unanswered) < 0.5


@pytest.mark.parametrize("text", ["", "?!", "the", "how do I", "x" * 5_000, "\0", "' or 1=1 --"])
def test_anything_may_be_asked(text: str) -> None:
    assert top(text) < 0.3


def test_words_that_say_little_count_little() -> None:
    weights = {each.ways[0].written: each.weight for each in ask("please explain the firewall again")}
    assert weights["explain"] < weights["firewall"] / 2


def test_a_story_is_not_measured_by_its_every_word() -> None:
    story = (
        "grandmother visited with cake flowers wine cheese bread honey and juice and asked how to restore a database"
    )
    weights = {each.ways[0].written: each.weight for each in ask(story)}
    assert weights["flowers"] < next(each.weight for each in ask("flowers"))
    assert found(story)[0][0] == "restore"


def test_a_word_of_another_subject_counts_more_than_one_that_is_only_unknown() -> None:
    assert top("restore a database with pizza") < top("restore a database with blorbs")
    assert [each.known for each in ask("passport")] == [False]


def test_of_one_article_only_some_sections_are_found() -> None:
    assert [piece.slug for piece, _ in best(ask("firewall"), PIECES, 8, each=1)] == ["firewall-rules", "restore"]


def test_a_short_word_is_no_slip_of_another() -> None:
    assert top("cast") < 0.3


@pytest.mark.parametrize("text", ["no colon", "a : ", " : b", "a : b : c", "a, : b"])
def test_a_line_that_relates_nothing_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        read_related(f"a : b\n{text}\n")


def test_related_words_lead_one_way() -> None:
    meanings = Meanings.of(Synonyms(), read_related("get in : password # a remark\n"))
    assert [way.phrase for way in meanings.ways["get", "in"]] == ["password"]
    assert ("password",) not in meanings.ways
