"""Whether a model's answer says only what the given passages say. Nothing here asks or trusts the model."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from services.chat.assistant.port import Passage, Source

MAX_ANSWER = 1_500
"""Characters of an answer that is used."""
MIN_QUOTED_WORDS = 3
"""An answer quotes at least once at this length, so that a reader sees the article's own words."""
MAX_FOREIGN_WORDS = 3
MAX_FOREIGN_SHARE = 0.34
"""How many words of a sentence, and which share of them, may be none of the cited passages' words."""

UNKNOWN = "I do not know."
"""What the model is told to write where the passages do not hold the answer."""


class NotGrounded(Exception):
    """The answer is not used; `reason` says in a word why, without a word of the answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Grounded:
    """An answer that may be shown: [n] in `body` is the n-th of `cited`, whose sources all differ."""

    body: str
    cited: tuple[Passage, ...]

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(passage.source for passage in self.cited)


# -- What goes to the model


def visible(text: str) -> str:
    """The text without characters that a reader does not see: control, format, private, variation, fillers."""
    return "".join(character for character in text if not _is_hidden(character))


def shown(passage: Passage) -> str:
    """A passage as the model reads it and as quotes are compared: its heading and text, links as their words."""
    text = visible(f"{passage.heading}\n{passage.text}" if passage.heading else passage.text)
    return _BARE_LINK.sub(r"\1", _LINK.sub(r"\1", text)).strip()


_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_BARE_LINK = re.compile(r"<((?:https?|mailto|kb):[^<>\s]*)>")
# they are letters or marks to Unicode, and nothing to the eye
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def _is_hidden(character: str) -> bool:
    if character in "\n\t":
        return False
    return (
        unicodedata.category(character) in ("Cc", "Cf", "Cn", "Co", "Cs")
        or character in _BLANK
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )


# -- What comes back


def grounded(answer: str, passages: Sequence[Passage]) -> Grounded:
    """The answer, checked against the passages that it was given as [1], [2], …

    Raises NotGrounded: hidden, empty, unknown, too_long, html, link, uncited, citation, quote, unquoted, number, claim
    or unsupported.
    """
    if any(_is_hidden(character) for character in answer):
        raise NotGrounded("hidden")
    body = answer.strip()
    if not body:
        raise NotGrounded("empty")
    if len(body) > MAX_ANSWER:
        raise NotGrounded("too_long")
    if _plain(body).rstrip(".") == _plain(UNKNOWN).rstrip("."):
        raise NotGrounded("unknown")
    numbers = _cited_numbers(body, len(passages))
    evidence = _Evidence.of([passages[number - 1] for number in numbers])
    _refuse_syntax(body)
    words = _CITATION.sub("", body)
    _refuse_quotes(words, evidence)
    rest = unicodedata.normalize("NFKC", _without_quotes(words))
    _refuse_addresses(rest, evidence)
    _refuse_numbers(rest, evidence)
    _refuse_claims(rest, evidence)
    _refuse_unsupported(rest, evidence)
    return _renumbered(body, numbers, passages)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The cited passages: each as plain text, the stems of their words, their numbers."""

    texts: tuple[str, ...]
    stems: frozenset[str]
    figures: frozenset[str]

    @staticmethod
    def of(passages: Sequence[Passage]) -> _Evidence:
        written = [shown(passage) for passage in passages]
        texts = tuple(map(_plain, written))
        stems = {_stem(word) for text in texts for word in _WORD.findall(text)}
        return _Evidence(texts, frozenset(stems), frozenset(figure for text in written for figure in _figures(text)))

    def holds(self, span: str) -> bool:
        """Whether one passage has the span, as whole words."""
        plain = _plain(span).strip(_EDGES)
        if not plain:
            return True
        start, end = (r"\b" if plain[0].isalnum() else ""), (r"\b" if plain[-1].isalnum() else "")
        pattern = re.compile(start + re.escape(plain) + end)
        return any(pattern.search(text) for text in self.texts)


_EDGES = " \n\t.,;:!?"
_DOUBLE_QUOTES = dict.fromkeys(map(ord, '"“”„«»'))
_APOSTROPHES = str.maketrans("’‘", "''")
_EMPHASIS = re.compile(r"[*`]+|(?<!\w)_+|_+(?!\w)")


def _plain(text: str) -> str:
    """For comparing: one form of each character, no double quotes, no emphasis, no case, single spaces."""
    text = unicodedata.normalize("NFKC", text).translate(_DOUBLE_QUOTES).translate(_APOSTROPHES)
    return " ".join(_EMPHASIS.sub("", text).casefold().split())


# -- Citations

_CITATION = re.compile(r"\[([0-9]+(?:\s*,\s*[0-9]+)*)\]")


def _cited_numbers(body: str, given: int) -> list[int]:
    """Each number once, in the order of the text."""
    numbers = [int(number[:6]) for found in _CITATION.findall(body) for number in found.replace(" ", "").split(",")]
    if not numbers:
        raise NotGrounded("uncited")
    if any(not 1 <= number <= given for number in numbers):
        raise NotGrounded("citation")
    return list(dict.fromkeys(numbers))


def _renumbered(body: str, numbers: Sequence[int], passages: Sequence[Passage]) -> Grounded:
    cited: dict[Source, Passage] = {}
    for number in numbers:
        cited.setdefault(passages[number - 1].source, passages[number - 1])
    place = {source: index for index, source in enumerate(cited, 1)}

    def renumber(found: re.Match[str]) -> str:
        given = (int(number) for number in found[1].split(","))
        return "".join(f"[{place}]" for place in dict.fromkeys(place[passages[n - 1].source] for n in given))

    return Grounded(_CITATION.sub(renumber, body), tuple(cited.values()))


# -- Quotes

_CODE = re.compile(r"^```[^\n`]*\n(.*?)^```[ \t]*$|(?<!`)`([^`]+)`(?!`)", re.MULTILINE | re.DOTALL)
_QUOTES = (
    re.compile(r"^[ \t]*>(.*)$", re.MULTILINE),
    re.compile(r"[“„»«]([^“”„«»]*)[”“«»]"),
    re.compile(r"‘([^‘’\n]*)’"),
    re.compile(r'"([^"]*)"'),
)
_MARK = re.compile(r"[\"`“”„«»‘]")


def _refuse_quotes(words: str, evidence: _Evidence) -> None:
    """Raises unless all quotes and code stand in a cited passage and one of them is long enough to show something."""
    code = [found[1] or found[2] for found in _CODE.finditer(words)]
    # code inside a quote belongs to the quote; a quotation mark inside code ends none
    text = _CODE.sub(lambda found: _MARK.sub("", found[1] or found[2]), words)
    quotes = []
    for pattern in _QUOTES:
        quotes += pattern.findall(text)
        text = pattern.sub(" ", text)
    if _MARK.search(text) or not all(map(evidence.holds, [*code, *quotes])):
        raise NotGrounded("quote")
    if max((len(span.split()) for span in [*code, *quotes]), default=0) < MIN_QUOTED_WORDS:
        raise NotGrounded("unquoted")


def _without_quotes(words: str) -> str:
    """What an answer says in words of its own."""
    for pattern in (_CODE, *_QUOTES):
        words = pattern.sub(" ", words)
    return words


# -- Links and HTML

_HTML = re.compile(r"<[A-Za-z/!?]|&#?\w+;")
_LINK_SYNTAX = re.compile(r"\]\(|^\s{0,3}\[[^\]]+\]:", re.MULTILINE)
_ADDRESS = re.compile(r"\w:/|\w:[^\W\d]|@|^www|(?:^|[^\W_])[.。][^\W\d_]{2,}", re.IGNORECASE)
_SPELT_ADDRESS = re.compile(r"\bdot\s+\w{2,}|[^\W_]\s+[.。]\s+(?:com|net|org|io|dev|example)\b", re.IGNORECASE)


def _refuse_syntax(body: str) -> None:
    """Raises for what would become a link or HTML."""
    outside_code = _CODE.sub(" ", body)
    if _HTML.search(outside_code):
        raise NotGrounded("html")
    if _LINK_SYNTAX.search(outside_code):
        raise NotGrounded("link")


def _refuse_addresses(rest: str, evidence: _Evidence) -> None:
    """Raises for an address that no cited passage names."""
    addresses = [token.strip("()[]{}'*_" + _EDGES) for token in rest.split() if _ADDRESS.search(token)]
    if _SPELT_ADDRESS.search(rest) or not all(map(evidence.holds, addresses)):
        raise NotGrounded("link")


# -- Words of its own

_NUMBERED = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]+")
_FIGURE = re.compile(r"[\d%€$£¥]|^cf-\w{7}$")


def _figures(text: str) -> list[str]:
    """Tokens that carry a digit, a currency, per cent or a ticket's number, each alone; not the numbers of a list."""
    spaced = re.sub(r"([%€$£¥])", r" \1 ", re.sub(r"[–—/]", " ", _plain(_NUMBERED.sub("", text))))
    tokens = (token.strip("()[]{}'" + _EDGES) for token in spaced.split())
    return [token for token in tokens if _FIGURE.search(token)]


def _refuse_numbers(rest: str, evidence: _Evidence) -> None:
    """Raises for an amount, a limit, a date or a ticket's number that no cited passage names."""
    if not evidence.figures.issuperset(_figures(rest)):
        raise NotGrounded("number")


# An assistant does nothing and promises nothing, so what sounds like it has to be the passage's own wording: the whole
# of it, or the group where a pattern has one.
_SOON = r"(?:(?:\w+ly|just|now|already)\s+)*"
_CLAIMS = (
    re.compile(r"\bi(?:'\w+)?\s+\w+"),
    re.compile(rf"\bwe(?:'\w+)?\s+{_SOON}(?:(?:have|had|will|are|can)\s+)*{_SOON}\w+"),
    re.compile(rf"\b(?:has|have|had|having)\s+{_SOON}been\s+\w+"),
    re.compile(
        rf"\byour\s+(?:[\w'-]+\s+){{0,3}}([\w'-]+\s+(?:is|are|was|were)\s+{_SOON}(?:\w+ed|paid|sent|made|given))\b"
    ),
    re.compile(
        r"\b(?:support|team|agent|colleague|engineer|staff|someone|somebody)s?\s+(?:will|has|have|is|are)\s+\w+"
    ),
    re.compile(
        r"\b(?:approved|granted|confirmed|processed|escalated|refunded|credited|cancelled|canceled|deleted|resolved"
        r"|reopened|closed|upgraded|issued|initiated|forwarded|notified|entitled|eligible|guaranteed|waived|done)\b"
    ),
)


def _refuse_claims(rest: str, evidence: _Evidence) -> None:
    """Raises for a deed or a promise that no cited passage words alike."""
    plain = _plain(rest)
    if not all(evidence.holds(found[pattern.groups]) for pattern in _CLAIMS for found in pattern.finditer(plain)):
        raise NotGrounded("claim")


_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\n+")
_COMMON = frozenset(
    _WORD.findall(
        "about according after again also answer article been before below both called cannot code command could does "
        "done each either else example first following follows from have here instead into just like line make many "
        "mean means more most much must named need needs next note once only other passage says section should shown "
        "some step steps still such than that their them then there these they this those through under until used "
        "using want wants were what when where whether which while will with within without would your"
    )
)


def _stem(word: str) -> str:
    return word.removesuffix("s")[:5]


def _refuse_unsupported(rest: str, evidence: _Evidence) -> None:
    """Raises where a sentence is made of words that the cited passages do not use."""
    for sentence in _SENTENCE_END.split(rest):
        words = [word for word in _WORD.findall(_plain(sentence)) if len(word) > 3 or not word.isascii()]
        own = [_stem(word) for word in words if word not in _COMMON]
        foreign = sum(stem not in evidence.stems for stem in own)
        if foreign > MAX_FOREIGN_WORDS or foreign > MAX_FOREIGN_SHARE * len(own):
            raise NotGrounded("unsupported")
