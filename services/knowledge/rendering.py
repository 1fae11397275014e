"""From Markdown to safe HTML, contents and plain text. Pure; costs milliseconds, so it runs where events are projected.

What an author writes is never trusted: raw HTML is shown as text, and what comes out passes an allow-list once more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

ARTICLE_LINK = re.compile(r"kb:([a-z0-9-]{1,100})(#[A-Za-z0-9_-]{1,120})?")
ARTICLE_PATH = "/support/knowledge-base/"

_TAGS = {
    *("a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre"),
    *("s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_ATTRIBUTES = {
    **{f"h{level}": {"id"} for level in range(2, 7)},
    "a": {"href", "title", "data-article"},
    "code": {"class"},
    "span": {"class"},
    "ol": {"start"},
}
_CLASS = re.compile(r"hl-[a-z0-9]{1,4}|language-[a-z0-9+#-]{1,30}")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading with its anchor in the page; `level` 2 to 6."""

    level: int
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Section:
    """What stands between two headings: `text` is its Markdown without the heading; `id` is None at the beginning."""

    id: str | None
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a Markdown text comes to: `text` is its plain words, headings and code included."""

    html: str
    contents: tuple[Heading, ...]
    text: str


def render(markdown: str) -> Rendered:
    """Render a text that the domain took, so at most 20 kB."""
    tokens = _parser().parse(markdown)
    contents = _name_headings(tokens)
    html = _parser().renderer.render(tokens, _parser().options, {})
    text = "\n".join(part for token in tokens for part in _texts(token))
    return Rendered(_clean(html), contents, text)


def sections(markdown: str) -> list[Section]:
    """The parts of a text, cut at its headings, with the anchors that `render` gives them; none is empty."""
    tokens = _parser().parse(markdown)
    headings = _name_headings(tokens)
    lines = markdown.splitlines()
    places = [token.map for token in tokens if token.type == "heading_open"]
    starts = [(None, "", 0)]
    ends = []
    for heading, place in zip(headings, places, strict=True):
        assert place is not None, "a heading stands on lines"
        ends.append(place[0])
        starts.append((heading.id, heading.title, place[1]))
    cut = [
        Section(name, title, "\n".join(lines[start:end]).strip())
        for (name, title, start), end in zip(starts, [*ends, len(lines)], strict=True)
    ]
    return [section for section in cut if section.text]


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "highlight": _highlight}).enable(["table", "strikethrough"])
    # a picture would be loaded from wherever its author says, by everybody who reads
    parser.disable(["image", "html_block", "html_inline"])
    parser.add_render_rule("link_open", _link)
    return parser


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_filter,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )


def _filter(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "class":
        return " ".join(each for each in value.split() if _CLASS.fullmatch(each)) or None
    return value


def _highlight(code: str, language: str, _: str) -> str:
    try:
        lexer = get_lexer_by_name(language) if language else None
    except ClassNotFound:
        lexer = None
    # an empty answer makes the parser escape the code itself
    return highlight(code, lexer, HtmlFormatter(nowrap=True, classprefix="hl-")) if lexer else ""


def _link(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    href = str(token.attrGet("href") or "")
    if href.startswith("kb:"):
        named = ARTICLE_LINK.fullmatch(href)
        token.attrSet("href", ARTICLE_PATH + named[1] + (named[2] or "") if named else "#")
        if named:
            token.attrSet("data-article", named[1])
    return str(renderer.renderToken(tokens, index, options, env))


def _name_headings(tokens: Sequence[Token]) -> tuple[Heading, ...]:
    """Give each heading an anchor of its own; the page has the first level for itself."""
    contents: list[Heading] = []
    taken: set[str] = set()
    for index, token in enumerate(tokens):
        if token.type not in ("heading_open", "heading_close"):
            continue
        level = max(2, int(token.tag[1:]))
        token.tag = f"h{level}"
        if token.type == "heading_close":
            continue
        title = " ".join(_texts(tokens[index + 1]))
        name = _unique(anchor(title), taken)
        token.attrSet("id", name)
        contents.append(Heading(level, name, title))
    return tuple(contents)


def anchor(title: str) -> str:
    """The anchor of a heading: letters and digits with dashes, after a prefix that no element of a page has."""
    plain = unicodedata.normalize("NFKD", title.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return "s-" + (re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80] or "section")


def _unique(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    taken.add(found)
    return found


def _texts(token: Token) -> list[str]:
    if token.type == "inline":
        words = [
            child.content if child.type in ("text", "code_inline") else " "
            for child in token.children or ()
            if child.type in ("text", "code_inline", "softbreak", "hardbreak")
        ]
        return ["".join(words)]
    return [token.content] if token.type in ("fence", "code_block") else []
