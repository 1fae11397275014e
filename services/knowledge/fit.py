"""How well pieces of the knowledge base fit a question in plain words. Pure.

A question becomes a list of what it asks for, each weighed by how few articles have it, and how few in their titles, so
that `certificate` counts more than `instance`, and `help` hardly at all. A word that stands nowhere keeps a high
weight, because a question about it is probably not answered here. The score of a piece is the share of that weight
that the piece has: all of a word's where it stands in the title, less where it stands in the text, under another name,
misspelt, or only elsewhere in the article. A share is comparable between questions, which a sum of ranks is not: it
says whether anything answers at all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Protocol

from services.knowledge.index.words import Synonyms, corrections, distance, stop_words
from services.knowledge.rendering import sections
from shared.wording import stem, words

MAX_QUESTION = 4_000
MAX_ASKED = 24

RELATED, SYNONYM, SLIP, FAR_SLIP = 0.75, 0.9, 0.85, 0.65
# where the word itself stands nowhere, what it leads to is what was meant
ONLY_RELATED = 0.9
FAINT, DOING = 0.2, 0.75
# of an amount, a time or a name with figures that stands nowhere
NUMBER = 0.4
# what a slip of a word that stands in no title is less believed
NO_SLIP = 0.7
# the weight of a word that stands nowhere, in a question of so few words; in a story most words are no subject
UNKNOWN = 1.2
STORY = 6
# how much more a word counts that other subjects are spoken of with
FOREIGN = 2.0
# how much less a word counts that stands in no title: it is what articles are written with, not what they are about
NO_TITLE = 0.6
IN_TEXT = (0.6, 0.8)
NAME, HEADING, ABOUT, BODY, ONCE, ELSEWHERE = 1.0, 0.95, 0.9, 0.6, 0.45, 0.25
# how much of a word's share is for the section itself, so that the right one of an article comes first
NEAR = 0.3
# how much of the score is for a title that asks for nothing else
EXACT = 0.1
# a question of less weight than this says too little to be sure of
EVIDENCE = 0.5
# how much of the score is for words that stand in one paragraph, and how many pieces are looked at so closely
TOGETHER = 0.2
CLOSER = 40
LITTLE = 0.2

_BETWEEN = frozenset(("a", "an", "the", "my", "our", "your", "its", "their", "this", "that"))


@dataclass(frozen=True, slots=True)
class Field:
    """A text's stems, as a set and in their order between spaces."""

    stems: frozenset[str]
    line: str

    @classmethod
    def of(cls, *texts: str) -> Field:
        terms = [term for text in texts for term in terms_of(text)]
        return cls(frozenset(terms), f" {' '.join(terms)} ")

    def has(self, phrase: str) -> bool:
        return phrase in self.stems if " " not in phrase else f" {phrase} " in self.line


@dataclass(frozen=True, slots=True)
class Piece:
    """A section of a published article or a question of the FAQ, with what it is compared by.

    version: of the article, revision of the question
    whole:   the article's text, every section of it
    """

    kind: str
    slug: str
    version: int
    title: str
    anchor: str | None
    heading: str
    text: str
    category: str
    names: Field
    about: Field
    headings: Field
    body: Field
    whole: Field
    blocks: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """What something is called: its stems, how much having it counts, and its words as they are written."""

    phrase: str
    strength: float
    written: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a question asks for: what it may be called, what counts most first; `known` if any stands here."""

    weight: float
    ways: tuple[Way, ...]
    known: bool


class Vocabulary(Protocol):
    """What the articles are written with."""

    def size(self) -> int:
        """How many articles there are."""

    def counts(self, asked: Sequence[Sequence[str]]) -> Sequence[tuple[int, int]]:
        """For each list of words and phrases, how many articles have any of them in any form, and how many in titles.

        Headings and tags are titles, too.
        """

    def alike(self, unknown: Sequence[str]) -> Mapping[str, Sequence[tuple[str, int]]]:
        """For each word that no article has in any form, the words spelt like it, with how many articles have them."""


@dataclass(frozen=True, slots=True)
class Meanings:
    """What else words and phrases are called; `related` leads from customers' words to the articles' only."""

    ways: Mapping[tuple[str, ...], Sequence[Way]]
    known: frozenset[str]

    @classmethod
    def of(cls, synonyms: Synonyms, related: Sequence[tuple[Sequence[str], Sequence[str]]] = ()) -> Meanings:
        ways: dict[tuple[str, ...], list[Way]] = {}
        for said, meant in related:
            for term in said:
                _add(ways, term, meant, RELATED)
        for group in synonyms.groups:
            for term in group:
                _add(ways, term, group, SYNONYM)
        return cls(ways, frozenset(part for phrase in ways for part in phrase))


def _add(ways: dict[tuple[str, ...], list[Way]], term: str, others: Sequence[str], strength: float) -> None:
    phrase = tuple(terms_of(term))
    meant = (Way(" ".join(terms_of(other)), strength, other) for other in others)
    ways.setdefault(phrase, []).extend(way for way in meant if way.phrase != " ".join(phrase))


def read_related(text: str) -> list[tuple[list[str], list[str]]]:
    """From lines `what is said, … : what articles say, …`; what follows # is for people. Raises ValueError."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.partition("#")[0].strip()
        if not plain:
            continue
        sides = [[" ".join(term.split()) for term in side.split(",")] for side in plain.split(":")]
        if len(sides) != 2 or not all(words(term) for side in sides for term in side):
            raise ValueError(f"line {number} of the related words: words or phrases, a colon, words: {line!r}")
        found.append((sides[0], sides[1]))
    return found


def terms_of(text: str) -> list[str]:
    """The stems of a text in order, without articles and pronouns, which stand between the words of a phrase."""
    return [stem(word) for word in words(text) if word not in _BETWEEN]


# -- Pieces


def article_pieces(
    slug: str, version: int, title: str, summary: str, tags: Sequence[str], category: str, markdown: str
) -> list[Piece]:
    """The sections of an article."""
    names, about = Field.of(title), Field.of(summary, *tags)
    whole = Field.of(title, summary, markdown)
    return [
        Piece(
            *("article", slug, version, title, section.id, section.title, section.text, category),
            *(names, about, Field.of(section.title), Field.of(section.text), whole, _blocks(section.text)),
        )
        for section in sections(markdown)
    ]


def faq_piece(faq_id: str, revision: int, question: str, answer: str, category: str) -> Piece:
    """A question of the FAQ."""
    names, body, none = Field.of(question), Field.of(answer), Field(frozenset(), "  ")
    return Piece(
        "faq",
        faq_id,
        revision,
        question,
        None,
        question,
        answer,
        category,
        names,
        none,
        names,
        body,
        none,
        _blocks(answer),
    )


def _blocks(markdown: str) -> tuple[Field, ...]:
    """Paragraphs, steps and rows of tables."""
    return tuple(Field.of(block) for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*|]|\d+\.) ?)", markdown))


# -- Questions


def asked_in(text: str, meanings: Meanings, vocabulary: Vocabulary, faq: Sequence[Piece]) -> list[Asked]:
    """What a question asks for, the weightiest at most MAX_ASKED."""
    written = [word for word in words(text[:MAX_QUESTION]) if word not in _BETWEEN]
    mended = _mended(written, meanings, vocabulary, faq)
    found = {ways[0].phrase: ways for ways in reversed(list(_phrases(written, mended, meanings)))}
    slots = list(reversed(found.values()))[: 4 * MAX_ASKED]
    # what is only related says nothing of how rare the word itself is, unless that stands nowhere
    same = [[way for way in ways if way.strength > RELATED] or [ways[0]] for ways in slots]
    counts = vocabulary.counts([[way.written for way in ways] for ways in (*same, *slots)])
    size = vocabulary.size() + len(faq)
    faint = [all(map(_is_faint, ways[0].written.split())) for ways in slots]
    foreign = [is_foreign(ways[0].written) and len(ways) == 1 for ways in slots]
    unknown = UNKNOWN * min(1.0, STORY / max(1, len(slots) - sum(faint)))
    asked = []
    for number, ways in enumerate(slots):
        own = _with_faq(counts[number], same[number], faq)
        either = own if own[0] else _with_faq(counts[len(slots) + number], ways, faq)
        if foreign[number] and either[1] == 0:
            # that an article happens to have it, too, proves nothing
            asked.append(Asked(FOREIGN * unknown, tuple(replace(way, strength=0.0) for way in ways), False))
            continue
        weight = (_weight(*either, size) if either[0] else unknown) * _meaning(ways, faint[number], either[0])
        asked.append(_one(ways, weight, unknown, own, either))
    return sorted(asked, key=lambda each: -each.weight)[:MAX_ASKED]


def _meaning(ways: Sequence[Way], faint: bool, had: int) -> float:
    """How much of its weight a word keeps for what it is: a faint one that leads to others says what is to be done."""
    if faint:
        return DOING if len(ways) > 1 else FAINT
    return NUMBER if had == 0 and any(letter.isdigit() for letter in ways[0].phrase) else 1.0


def _one(ways: list[Way], weight: float, unknown: float, own: tuple[int, int], either: tuple[int, int]) -> Asked:
    """What a word asks for: `own` counts it by its own names, `either` by what it leads to where these are nowhere."""
    trust = ways[0].strength
    if own[0] == 0 and len(ways) > 1:
        ways = [replace(way, strength=max(way.strength, ONLY_RELATED * trust)) for way in ways[1:]]
    if trust < 1:
        # it may also be a word that stands nowhere, the more so where what it may be a slip of stands in no title
        ways = [replace(way, strength=way.strength * (1.0 if either[1] else NO_SLIP)) for way in ways]
        believed = trust * (1.0 if either[1] else NO_SLIP)
        weight = believed * weight + (1 - believed) * unknown
    return Asked(weight, tuple(sorted(ways, key=lambda way: -way.strength)), either[0] > 0)


def _with_faq(articles: tuple[int, int], ways: Sequence[Way], faq: Sequence[Piece]) -> tuple[int, int]:
    had = sum(any(_has(piece, way.phrase) for way in ways) for piece in faq)
    titled = sum(any(piece.names.has(way.phrase) for way in ways) for piece in faq)
    return articles[0] + had, articles[1] + titled


def _has(piece: Piece, phrase: str) -> bool:
    return piece.names.has(phrase) or piece.body.has(phrase)


def _weight(had: int, titled: int, size: int) -> float:
    if titled == 0:
        return NO_TITLE * _rarity(had, size)
    return (_rarity(had, size) + _rarity(titled, size)) / 2


def _rarity(had: int, size: int) -> float:
    """From 0 for what every article has to 1 for what one has."""
    return min(1.0, math.log(1 + (max(size - had, 0) + 0.5) / (had + 0.5)) / math.log(1 + (size - 0.5) / 1.5))


def _phrases(written: Sequence[str], mended: Mapping[str, Mended], meanings: Meanings) -> Iterator[list[Way]]:
    """What the longest phrases that have meanings, and the other words that carry a subject, may be called.

    The first of each is what was written, mended.
    """
    stopped = stop_words()
    right = [mended[word].right[0] if word in mended else word for word in written]
    stemmed = [stem(word) for word in right]
    longest = max((len(phrase) for phrase in meanings.ways), default=1)
    at = 0
    while at < len(written):
        fits = range(min(longest, len(written) - at), 0, -1)
        length = next((each for each in fits if tuple(stemmed[at : at + each]) in meanings.ways), 0)
        if length == 0 and (written[at] in stopped or right[at] in stopped):
            at += 1
            continue
        until = at + max(length, 1)
        trust = min(mended[word].trust if word in mended else 1.0 for word in written[at:until])
        ways = [Way(" ".join(stemmed[at:until]), trust, " ".join(right[at:until]))]
        if until - at == 1 and written[at] in mended:
            ways += [Way(stem(other), trust, other) for other in mended[written[at]].right[1:]]
        for way in meanings.ways.get(tuple(stemmed[at:until]), ()):
            ways.append(replace(way, strength=way.strength * trust))
        yield ways
        at = until


@dataclass(frozen=True, slots=True)
class Mended:
    """What a word may be a slip of, the likeliest first, and how far that is believed, 0 to 1."""

    right: Sequence[str]
    trust: float


def _mended(
    written: Sequence[str], meanings: Meanings, vocabulary: Vocabulary, faq: Sequence[Piece]
) -> dict[str, Mended]:
    """Word that stands nowhere -> what it may be a slip of."""
    stopped = stop_words()
    strange = [
        word
        for word in dict.fromkeys(written)
        if len(word) > 3
        and word.isalpha()
        and word not in stopped
        and stem(word) not in _faint_stems()
        and not is_foreign(word)
        and stem(word) not in meanings.known
        and not any(_has(piece, stem(word)) for piece in faq)
    ]
    if not strange:
        return {}
    known_here = [(word, 1) for word in _spellings(faq)] + [(word, 1) for word in _faint_words()]
    found = {}
    for word, near in vocabulary.alike(strange).items():
        right = corrections(word, [*near, *known_here, *((each, 1) for each in meanings.known)])
        if right and (trust := _trust(word, right[0])):
            found[word] = Mended(right, trust)
    return found


def _trust(word: str, right: str) -> float:
    """How far a word is believed to be a slip of another: two wrong letters only in a long one that begins alike."""
    if distance(word, right) == 1:
        return SLIP if word[0] == right[0] or len(word) > 5 else 0.0
    return FAR_SLIP if len(word) > 7 and word[:2] == right[:2] else 0.0


def _spellings(pieces: Iterable[Piece]) -> set[str]:
    return {word for piece in pieces for word in words(f"{piece.title} {piece.text}") if len(word) > 3}


@cache
def _listed(file: str) -> frozenset[str]:
    lines = resources.files("services.knowledge.index").joinpath(file).read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _faint_words() -> frozenset[str]:
    return _listed("faint_words.txt")


def is_foreign(word: str) -> bool:
    """Whether a word is one that other subjects are spoken of with: `pizza`, `passport`, `netflix`."""
    return word in _listed("elsewhere_words.txt")


@cache
def _faint_stems() -> frozenset[str]:
    return frozenset(map(stem, _faint_words()))


def _is_faint(word: str) -> bool:
    """Whether a word says little; adverbs of manner do not say what a question is about."""
    return stem(word) in _stopped_stems() or (len(word) > 5 and word.endswith("ly"))


# -- Scores


def best(asked: Sequence[Asked], pieces: Iterable[Piece], limit: int, each: int = 3) -> list[tuple[Piece, float]]:
    """The pieces that fit best with their scores, the best first, at most `each` of one article."""
    scored = sorted(
        ((piece, score) for piece in pieces if (score := score_of(asked, piece)) > 0),
        key=lambda found: (-found[1], found[0].kind, found[0].slug, found[0].anchor or ""),
    )
    # a single word stands together with nothing
    share = TOGETHER if sum(each.weight > LITTLE for each in asked) > 1 else 0.0
    close = [(piece, (1 - share) * score + share * _together(asked, piece)) for piece, score in scored[:CLOSER]]
    close.sort(key=lambda found: -found[1])
    taken: dict[str, int] = {}
    found = []
    for piece, score in close:
        taken[piece.slug] = taken.get(piece.slug, 0) + 1
        if taken[piece.slug] <= each:
            found.append((piece, score))
    return found[:limit]


def score_of(asked: Sequence[Asked], piece: Piece) -> float:
    """From 0, nothing in common, to 1, all that was asked for stands in its title."""
    total = math.fsum(each.weight for each in asked)
    if total == 0:
        return 0.0
    share = math.fsum(each.weight * _share(each, piece) for each in asked) / max(total, EVIDENCE)
    return share * (1 - EXACT + EXACT * max(_exactness(asked, piece.names), _exactness(asked, piece.headings)))


def _together(asked: Sequence[Asked], piece: Piece) -> float:
    """The share of what is asked for that one paragraph has, with its titles: an answer's words stand together."""
    total = max(math.fsum(each.weight for each in asked), EVIDENCE)
    titled = [_strength(each, piece.names, piece.headings) for each in asked]
    return max(
        math.fsum(each.weight * max(had, _strength(each, block)) for each, had in zip(asked, titled, strict=True))
        / total
        for block in piece.blocks
    )


def _strength(asked: Asked, *fields: Field) -> float:
    return max((way.strength for way in asked.ways if any(field.has(way.phrase) for field in fields)), default=0.0)


def _share(asked: Asked, piece: Piece) -> float:
    anywhere = near = 0.0
    for way in asked.ways:
        in_heading, in_body = piece.headings.has(way.phrase), piece.body.has(way.phrase)
        place = _place(piece, way.phrase, in_heading, in_body)
        if in_heading or in_body:
            near = max(near, way.strength * (1.0 if in_heading else IN_TEXT[place > ONCE]))
        anywhere = max(anywhere, way.strength * place)
    return (1 - NEAR) * anywhere + NEAR * near


def _place(piece: Piece, phrase: str, in_heading: bool, in_body: bool) -> float:
    if piece.names.has(phrase):
        return NAME
    if in_heading:
        return HEADING
    if piece.about.has(phrase):
        return ABOUT
    if in_body:
        return ONCE if piece.body.line.count(f" {phrase} ") == 1 else BODY
    return ELSEWHERE if piece.whole.has(phrase) else 0.0


def _exactness(asked: Sequence[Asked], field: Field) -> float:
    """The share of a title's words that are asked for."""
    own = [term for term in field.stems if term not in _stopped_stems()]
    if not own:
        return 0.0
    wanted = {part for each in asked for way in each.ways for part in way.phrase.split()}
    return sum(term in wanted for term in own) / len(own)


@cache
def _stopped_stems() -> frozenset[str]:
    return frozenset(map(stem, stop_words())) | _faint_stems()
