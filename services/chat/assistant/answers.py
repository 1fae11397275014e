"""From passages of the knowledge base to what the assistant says: in their own words, cut to what answers. Pure.

A message shows paragraphs, lists, bold and code, so links become their words and tables become lists.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.chat.assistant import actions
from services.chat.assistant.actions import Action
from services.chat.assistant.intents import subject
from services.chat.assistant.port import Passage, Source
from shared.wording import stems

MAX_ANSWER = 900
"""Characters of a section that an answer shows; more is one button away."""

FLOOR = 0.42
"""Scores below this answer nothing: on the development set, most of what is not answered here stays under it."""
SURE = 0.8
NEAR = 0.3
"""Scores from here are near enough to be offered to read, where nothing answers."""
AS_GOOD = 0.04
"""Two topics whose scores are no further apart are equally meant."""

WHICH = "I can answer that for more than one thing. Which do you mean?"

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*(?:\s[^)]*)?\)")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^>\s]+)>")
_MORE = re.compile(r"^(More|See also|Next steps?):? .*\(kb:[^)]*\)\.?$", re.MULTILINE)
_KB = re.compile(r"\[([^\]]*)\]\(kb:([a-z0-9-]{1,100})(?:#([A-Za-z0-9_-]{1,120}))?\)")
_ITEM = re.compile(r"^(\d+\.|[-*+]) ")
_SENTENCE = re.compile(r"(?<=[.!?:])\s+(?=[A-Z*`])")
_GENERAL = {
    *("before you start", "before you begin", "before you change", "check that it works", "if it does not work"),
    "next steps",
}


# -- What a passage says


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Words of a passage; `whole` says whether nothing was left out."""

    text: str
    whole: bool


def excerpt(passage: Passage, question: str) -> Excerpt:
    """What a passage says to a question, in at most MAX_ANSWER characters, cut between its blocks, steps or sentences.

    Of a list of cases, such as messages with what helps, only the cases that the question is about are told.
    """
    blocks = _blocks(_plain(passage.text))
    chosen = _cases(blocks, question)
    kept: list[str] = []
    left = MAX_ANSWER
    for block in chosen:
        if len(block) > left:
            if not kept:
                kept.append(_sentences(block, left))
            break
        kept.append(block)
        left -= len(block) + 2
    # a lead-in whose example was cut off says nothing
    while len(kept) > 1 and len(kept) < len(chosen) and kept[-1].rstrip().endswith(":"):
        kept.pop()
    text = _joined(kept)
    return Excerpt(text, text == _joined(blocks))


def _plain(markdown: str) -> str:
    """Markdown without links, headings' marks and tables."""
    parts = re.split(r"(^[ ]*```.*?^[ ]*```[ ]*$)", markdown.strip(), flags=re.MULTILINE | re.DOTALL)
    # every second part is code, which stays as it is
    return "".join(part if at % 2 else _text(part) for at, part in enumerate(parts)).strip()


def _text(markdown: str) -> str:
    markdown = _MORE.sub("", markdown)
    markdown = _AUTOLINK.sub(r"\1", _LINK.sub(r"\1", markdown))
    return re.sub(r"(?:^[ ]*\|.*\|[ ]*\n?)+", lambda table: _table(table[0]), markdown, flags=re.MULTILINE)


def _table(rows: str) -> str:
    """A table as a list: the first column in bold, the others behind it."""
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in rows.strip().splitlines()]
    lines = []
    for row in cells[2:]:
        first, rest = row[0], "; ".join(cell for cell in row[1:] if cell)
        name = first if "*" in first or "`" in first else f"**{first}**"
        lines.append(f"- {name}: {rest}" if rest else f"- {name}")
    return "\n".join(lines) + "\n"


def _blocks(text: str) -> list[str]:
    """Paragraphs, code blocks and the items of lists, each whole, with what is indented below it."""
    blocks: list[list[str]] = []
    fenced = blank = False
    for line in text.splitlines():
        if line.strip().startswith("```"):
            if not fenced and (not blocks or (blank and not line.startswith(" "))):
                blocks.append([])
            blocks[-1].append(line)
            fenced, blank = not fenced, False
        elif fenced:
            blocks[-1].append(line)
        elif not line.strip():
            blank = True
        else:
            continues = bool(blocks) and (line.startswith("  ") or not blank) and not _ITEM.match(line)
            if not continues:
                blocks.append([])
            elif blank:
                blocks[-1].append("")
            blocks[-1].append(line)
            blank = False
    return ["\n".join(block) for block in blocks]


def _joined(blocks: Sequence[str]) -> str:
    """Blocks as Markdown: items of one list stand together."""
    text = ""
    for block in blocks:
        listed = _ITEM.match(block) and _ITEM.match(text.rpartition("\n\n")[2])
        text += ("" if not text else "\n" if listed else "\n\n") + block
    return text


def _cases(blocks: Sequence[str], question: str) -> Sequence[str]:
    """Where most of a section is a list of cases, those that share most of the question's words; else all of it."""
    cases = [block for block in blocks if block.startswith(("- ", "* "))]
    if len(cases) < 3 or 2 * len(cases) < len(blocks):
        return blocks
    asked = set(subject(question))
    shared = {
        block: len(asked & set(stems(block.partition(": ")[0]))) * 2 + len(asked & set(stems(block))) for block in cases
    }
    most = max(shared.values())
    if most == 0 or sum(map(len, blocks)) <= MAX_ANSWER // 2:
        return blocks
    return [block for block in blocks if block not in shared or shared[block] >= max(1, most - 1)]


def _sentences(block: str, room: int) -> str:
    """The sentences of a block that fit; of code, its lines."""
    if block.lstrip().startswith("```"):
        lines, kept = block.splitlines(), 0
        while kept < len(lines) - 1 and sum(len(line) + 1 for line in lines[: kept + 1]) < room - 4:
            kept += 1
        return "\n".join([*lines[:kept], "```"])
    text = ""
    for sentence in _SENTENCE.split(block):
        if text and len(text) + len(sentence) + 1 > room:
            break
        text = f"{text} {sentence}".strip()
    return text if len(text) <= room else text[:room].rsplit(" ", 1)[0] + " …"


# -- Which passages answer


def confidence_of(score: float) -> float:
    """How likely an answer of this score is right, by what the development set showed."""
    points = ((0.0, 0.0), (0.3, 0.1), (FLOOR, 0.6), (0.6, 0.8), (SURE, 0.93), (1.0, 0.99))
    for (low, at_low), (high, at_high) in pairwise(points):
        if score <= high:
            return round(at_low + (at_high - at_low) * (score - low) / (high - low), 2)
    return 0.99


def alternatives(passages: Sequence[Passage], question: str) -> list[Passage]:
    """The topics that a short question means equally, two or three; none where one is meant more."""
    if not passages or len(set(subject(question))) > 2:
        return []
    best: dict[str, Passage] = {}
    for passage in passages:
        best.setdefault(passage.source.slug, passage)
    near = [passage for passage in best.values() if passage.score >= passages[0].score - AS_GOOD]
    topics: list[Passage] = []
    for passage in near:
        if not any(_same_topic(passage, other) for other in topics):
            topics.append(passage)
    return topics[:3] if len(topics) > 1 else []


def _same_topic(one: Passage, other: Passage) -> bool:
    """Whether one reads on in the other, or both are called alike."""
    if any(f"kb:{a.source.slug}" in b.text for a, b in ((one, other), (other, one))):
        return True
    names = [set(subject(passage.source.title)) for passage in (one, other)]
    return len(names[0] & names[1]) >= min(map(len, names)) * 0.6


def name_of(passage: Passage) -> str:
    """What a passage is about, for a button."""
    if passage.source.kind == "faq" or not passage.heading or passage.heading.lower() in _GENERAL:
        return passage.source.title
    heading = re.sub(r"^\d+\.\s*", "", passage.heading)
    return passage.source.title if len(heading.split()) < 2 else f"{passage.source.title}: {heading}"


def reading(passages: Sequence[Passage], at_most: int = 2) -> list[Action]:
    """Articles to read on: those of the passages themselves, and where a question of the FAQ points to."""
    found: dict[str, Action] = {}
    for passage in passages:
        for title, slug, anchor in _links(passage):
            found.setdefault(slug, actions.open_article(f"Read on: {title}", slug, anchor))
    return list(found.values())[:at_most]


def _links(passage: Passage) -> list[tuple[str, str, str | None]]:
    if passage.source.kind == "article":
        return [(passage.source.title, passage.source.slug, passage.source.anchor)]
    return [(title, slug, anchor or None) for title, slug, anchor in _KB.findall(passage.text)]


def articles_of(passages: Sequence[Passage]) -> set[str]:
    """Slugs of the passages' articles, and of those that questions of the FAQ point to."""
    return {slug for passage in passages for _, slug, _ in _links(passage)}


def sources_of(passages: Sequence[Passage]) -> tuple[Source, ...]:
    """Where passages stand, each once."""
    return tuple(dict.fromkeys(passage.source for passage in passages))
