"""Words of English texts, to compare by. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_LONE_LETTER = re.compile(r"\b([a-z])-(?=[a-z])")
_VOWELS = "aeiou"

# (ending, what stands for it), the longest that fits is taken; for stems with at least one syllable, then with two
_ENDINGS = (
    *(("ational", "ate"), ("ization", "ize"), ("isation", "ize"), ("ification", "ifi"), ("fulness", "ful")),
    *(("iveness", "ive"), ("ousness", "ous"), ("biliti", "ble"), ("tional", "tion"), ("ation", "ate")),
    *(("alism", "al"), ("aliti", "al"), ("iviti", "ive"), ("ousli", "ous"), ("entli", "ent"), ("izer", "ize")),
    *(("ator", "ate"), ("enci", "ence"), ("anci", "ance"), ("alli", "al"), ("abli", "able"), ("eli", "e")),
    *(("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")),
)
_LAST = (
    *("ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize"),
    *("sion", "tion", "al", "er", "ic"),
)


def words(text: str) -> list[str]:
    """The single words of a text in lower case without accents: `e-mail` is email, `quota_exceeded` is two."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss").replace("’", "'"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return [word.removesuffix("'s").replace("'", "") for word in _WORD.findall(_LONE_LETTER.sub(r"\1", plain))]


def stems(text: str) -> list[str]:
    """The words of a text, each without its ending."""
    return [stem(word) for word in words(text)]


@lru_cache(65_536)
def stem(word: str) -> str:
    """A word in lower case without its ending, after Porter (1980): `connections`, `connecting` are both `connect`."""
    if len(word) < 3 or not word.isalpha() or not word.isascii():
        return word
    word = _past(_plural(word))
    if word.endswith("y") and any(letter in _VOWELS for letter in word[:-1]) and len(word) > 2:
        word = word[:-1] + "i"
    for ending, instead in _ENDINGS:
        if word.endswith(ending):
            if _syllables(word.removesuffix(ending)) > 0:
                word = word.removesuffix(ending) + instead
            break
    for ending in _LAST:
        if word.endswith(ending):
            # of -sion and -tion the first letter belongs to the stem
            its_own = ending in ("sion", "tion")
            kept = word[: -len(ending)] + (ending[0] if its_own else "")
            if _syllables(kept) > (0 if its_own else 1):
                word = kept
            break
    if word.endswith("e") and (_syllables(word[:-1]) > 1 or (_syllables(word[:-1]) == 1 and not _short(word[:-1]))):
        word = word[:-1]
    return word[:-1] if word.endswith("ll") and _syllables(word) > 1 else word


def _plural(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("ies"):
        return word[:-3] + "i" if len(word) > 4 else word[:-1]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _syllables(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        kept = word.removesuffix(ending)
        if kept != word and any(letter in _VOWELS + "y" for letter in kept):
            if kept.endswith(("at", "bl", "iz")):
                return kept + "e"
            if len(kept) > 1 and kept[-1] == kept[-2] and kept[-1] not in "lsz":
                return kept[:-1]
            return kept + "e" if _syllables(kept) == 1 and _short(kept) else kept
    return word


def _syllables(word: str) -> int:
    """How often vowels are followed by consonants."""
    kinds = "".join("v" if _is_vowel(word, at) else "c" for at in range(len(word)))
    return len(re.findall("v+c", kinds))


def _is_vowel(word: str, at: int) -> bool:
    return word[at] in _VOWELS or (word[at] == "y" and at > 0 and word[at - 1] not in _VOWELS)


def _short(word: str) -> bool:
    """Whether a word ends like `hop`: consonant, vowel, consonant."""
    return (
        len(word) > 2
        and not _is_vowel(word, len(word) - 3)
        and _is_vowel(word, len(word) - 2)
        and not _is_vowel(word, len(word) - 1)
        and word[-1] not in "wxy"
    )
