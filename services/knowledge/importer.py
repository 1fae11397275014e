"""Bring a folder of Markdown files into the knowledge base, and write the knowledge base out as such a folder.

categories.yaml             a list of {slug, title, description}, in their order
articles/<category>/<slug>.md   title, summary, category, tags, language in front matter, then the body
faq/<nn>-<name>.md          question, category, position in front matter, then the answer
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from services.knowledge.actor import Actor
from services.knowledge.application import Knowledge, slug_of
from shared.events.catalog import knowledge as catalog
from shared.events.catalog.knowledge import ArticleContent, FaqContent
from shared.events.errors import Refusal
from shared.events.event import event_id, fingerprint
from shared.events.runner import CommandContext
from shared.events.stream import StreamName

IMPORTER = Actor("content", "Cloud Factory", "", "", frozenset({"agent"}))
_IDS = uuid.UUID("7c1d2f0a-54d5-4b0e-9b59-0d7f0a1f6c55")
_ARTICLE = {"title", "summary", "category", "tags", "language"}
_FAQ = {"question", "category", "position"}


class ContentError(Exception):
    """A file is not as it should be; the message names it."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one file: `published` (the first time), `changed`, `unchanged`, or `kept` as authors have it."""

    kind: str
    name: str
    outcome: str


def bring_in(knowledge: Knowledge, folder: Path) -> Iterator[Done]:
    """Publish what is new or differs from what readers see; run again, it does nothing. Raises ContentError.

    What an author touched since (drafted, published, restored, archived) is left alone, so that nobody's text is lost.
    """
    if not (folder / "categories.yaml").is_file():
        raise ContentError(f"{folder} has no categories.yaml")
    for position, each in enumerate(yaml.safe_load((folder / "categories.yaml").read_text("utf-8")), 1):
        wanted = {**each, "position": position}
        before = len(knowledge.store.read(StreamName(catalog.SECTION, each["slug"])))
        context = _context("category", each["slug"], f"{before} {wanted}")
        changed = knowledge.define_category(IMPORTER, context, **wanted)
        yield Done("category", each["slug"], "changed" if changed else "unchanged")
    for path in sorted((folder / "articles").glob("*/*.md")):
        yield _named(path, lambda path: Done("article", path.stem, _article(knowledge, path)))
    for path in sorted((folder / "faq").glob("*.md")):
        yield _named(path, lambda path: Done("faq", path.stem, _faq(knowledge, path)))


def write_out(knowledge: Knowledge, folder: Path, slugs: list[str], faqs: list[Mapping[str, Any]]) -> int:
    """Write the published articles of these slugs and these questions; how many files."""
    for slug in slugs:
        article, _ = knowledge.state(knowledge.find(slug))
        if (content := article.published) is None:
            continue
        front: dict[str, Any] = {"title": content.title, "summary": content.summary, "category": content.category}
        front |= {"tags": list(content.tags), "language": content.language}
        _write(folder / "articles" / content.category / f"{content.slug}.md", front, content.body)
    for number, faq in enumerate(faqs, 1):
        front = {name: faq[name] for name in ("question", "category", "position")}
        _write(folder / "faq" / f"{number:02}-{slug_of(faq['question'])[:60]}.md", front, faq["answer_markdown"])
    return len(slugs) + len(faqs)


def write_categories(folder: Path, categories: list[Mapping[str, Any]]) -> None:
    """Write categories.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{name: row[name] for name in ("slug", "title", "description")} for row in categories]
    (folder / "categories.yaml").write_text(yaml.safe_dump(rows, sort_keys=False, allow_unicode=True, width=10_000))


def _article(knowledge: Knowledge, path: Path) -> str:
    front, body = _read(path, _ARTICLE)
    content = ArticleContent(
        slug=path.stem,
        title=front["title"],
        summary=front.get("summary", ""),
        category=front["category"],
        tags=tuple(map(str, front.get("tags", []))),
        language=front.get("language", "en"),
        body=body,
    )
    article_id = _owner(knowledge, path.stem)
    article, revision = knowledge.state(article_id)
    if article.published == content:
        return "unchanged"
    if article.status is not None and _is_authors(knowledge, StreamName(catalog.ARTICLE, article_id)):
        return "kept"
    context = _context("article", path.stem, f"{revision} {content}")
    values = {name: getattr(content, name) for name in (*_ARTICLE, "slug", "body")}
    if article.status is None:
        # the id comes from the command, and the command from the file's name
        knowledge.draft(IMPORTER, _context("article", path.stem, ""), **values)
    elif article.draft != content:
        knowledge.revise(IMPORTER, replace(context, expected=revision), article_id, **values)
    note = "" if article.version == 0 else "Imported"
    knowledge.publish(IMPORTER, replace(context, command_id=event_id(context.command_id, 1)), article_id, note)
    return "published" if article.version == 0 else "changed"


def _owner(knowledge: Knowledge, slug: str) -> str:
    try:
        return knowledge.find(slug)
    except Refusal:
        return knowledge.id_of(_context("article", slug, "").command_id)


def _faq(knowledge: Knowledge, path: Path) -> str:
    front, body = _read(path, _FAQ)
    content = FaqContent(front["question"], body, front["category"], int(front["position"]))
    first = _context("faq", path.stem, "")
    faq_id = knowledge.id_of(first.command_id)
    values: dict[str, Any] = {
        "question": content.question,
        "answer": content.answer,
        "category": content.category,
        "position": content.position,
    }
    events = knowledge.store.read(StreamName(catalog.FAQ, faq_id))
    if not events:
        knowledge.add_faq(IMPORTER, first, **values)
        return "published"
    if _is_authors(knowledge, StreamName(catalog.FAQ, faq_id)):
        return "kept"
    context = _context("faq", path.stem, f"{events[-1].revision} {content}")
    answer = knowledge.change_faq(IMPORTER, context, faq_id, **values)
    return "changed" if answer["revision"] > events[-1].revision else "unchanged"


def _is_authors(knowledge: Knowledge, stream: StreamName) -> bool:
    """Whether the last word on it is somebody else's."""
    return bool(knowledge.store.read(stream)[-1].data["by"]["id"] != IMPORTER.id)


def _context(kind: str, name: str, digest: str) -> CommandContext:
    """The same file on the same state is the same command, however often it is imported."""
    command = uuid.uuid5(_IDS, f"{kind}\n{name}\n{fingerprint(digest)}")
    return CommandContext(command, fingerprint(kind, name, digest), str(command), IMPORTER.stored)


def _named(path: Path, work: Any) -> Done:
    try:
        done: Done = work(path)
    except Refusal as refusal:
        faults = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in refusal.errors.items())
        raise ContentError(f"{path}: {refusal.message} {faults}") from refusal
    return done


def _read(path: Path, known: set[str]) -> tuple[dict[str, Any], str]:
    opening, _, rest = path.read_text("utf-8").partition("---\n")
    front, closing, body = rest.partition("\n---\n")
    if opening or not closing:
        raise ContentError(f"{path}: front matter between two lines of --- is missing")
    try:
        values = yaml.safe_load(front)
    except yaml.YAMLError as error:
        raise ContentError(f"{path}: {error}") from error
    required = known - {"summary", "tags", "language"}
    if not isinstance(values, dict) or not required <= set(values) <= known:
        raise ContentError(f"{path}: the front matter must have {', '.join(sorted(known))}")
    return values, body.strip() + "\n"


def _write(path: Path, front: Mapping[str, Any], body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = yaml.safe_dump(dict(front), sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=None)
    path.write_text(f"---\n{head}---\n{body.strip()}\n", encoding="utf-8")
