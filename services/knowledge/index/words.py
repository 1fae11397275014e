"""Words of a query: what is searched for at all, what stands for what, and how far two spellings are apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

MAX_QUERY = 200
MAX_WORDS = 16

_WORD = re.compile(r"[^\W_]+(?:['’.\-_/][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing that a query asks for: as it was written, and what else is called so."""

    written: str
    others: tuple[str, ...] = ()


@cache
def stop_words() -> frozenset[str]:
    """Words that carry no subject."""
    lines = resources.files("services.knowledge.index").joinpath("stop_words.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def words(text: str) -> list[str]:
    """The words of a text in lower case: `cf-1`, `10.0.0.1` and `it's` are one each."""
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


def parts(text: str) -> set[str]:
    """The single words of a text in lower case, to spell by: at least three characters, no numbers."""
    found = _PART.findall(unicodedata.normalize("NFC", text).lower())
    return {word for word in found if 3 <= len(word) <= 40 and not word.isdigit()}


def fold(word: str) -> str:
    """A word without accents and without its plural, to compare by."""
    plain = unicodedata.normalize("NFKD", word.lower().replace("ß", "ss")).replace("’", "'").removesuffix("'s")
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    if len(plain) > 4 and plain.endswith("ies"):
        return plain[:-3] + "y"
    if len(plain) > 2 and plain.endswith("s") and not plain.endswith(("ss", "us", "is")):
        return plain[:-1]
    return plain


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Groups of words and phrases that mean the same here."""

    groups: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Synonyms:
        """From lines of comma-separated words or phrases; what follows # is for people. Raises ValueError."""
        groups = []
        for number, line in enumerate(text.splitlines(), 1):
            terms = tuple(" ".join(term.lower().split()) for term in line.partition("#")[0].split(","))
            if terms == ("",):
                continue
            if len(terms) < 2 or not all(words(term) for term in terms) or "=>" in line:
                raise ValueError(f"line {number} of the synonyms: two or more words or phrases, with commas: {line!r}")
            groups.append(terms)
        return cls(tuple(groups))

    @classmethod
    def read(cls, path: Path) -> Synonyms:
        return cls.parse(path.read_text(encoding="utf-8"))

    def by_phrase(self) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        """Folded phrase -> what else is called so."""
        found: dict[tuple[str, ...], dict[str, None]] = {}
        for group in self.groups:
            for term in group:
                others = found.setdefault(tuple(map(fold, words(term))), {})
                others.update(dict.fromkeys(other for other in group if other != term))
        return {phrase: tuple(others) for phrase, others in found.items()}

    def parts(self) -> set[str]:
        """Every single word that stands in a group."""
        return {part for group in self.groups for term in group for part in parts(term)}


def slots(text: str, synonyms: Mapping[tuple[str, ...], tuple[str, ...]]) -> list[Slot]:
    """What a query asks for: the longest phrases that have synonyms, and the words that carry a subject.

    A query of nothing but words without a subject is taken as it is.
    """
    written = words(text[:MAX_QUERY])[:MAX_WORDS]
    found = list(_slots(written, synonyms))
    return found or [Slot(word) for word in written]


def _slots(written: Sequence[str], synonyms: Mapping[tuple[str, ...], tuple[str, ...]]) -> Iterator[Slot]:
    folded = [fold(word) for word in written]
    longest = max((len(phrase) for phrase in synonyms), default=1)
    at = 0
    while at < len(written):
        for length in range(min(longest, len(written) - at), 0, -1):
            others = synonyms.get(tuple(folded[at : at + length]))
            if others is not None:
                yield Slot(" ".join(written[at : at + length]), others)
                at += length
                break
        else:
            if written[at].replace("'", "").replace("’", "") not in stop_words():
                yield Slot(written[at])
            at += 1


def distance(one: str, other: str) -> int:
    """How many single letters to change, add, drop or swap with their neighbour."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, rows[i - 2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def corrections(word: str, known: Iterable[tuple[str, int]]) -> list[str]:
    """Of known words with how often they stand in texts, those that `word` may be a slip of; the likeliest first."""
    allowed = 0 if len(word) < 3 else 1 if len(word) < 6 else 2
    near = [
        (away, word[0] != other[0], -often, other)
        for other, often in known
        if abs(len(other) - len(word)) <= allowed and 0 < (away := distance(word, other)) <= allowed
    ]
    closest = min((away for away, *_ in near), default=0)
    return [other for away, _, _, other in sorted(near) if away == closest][:3]
