"""From events to what search engines hold."""

from __future__ import annotations

from collections.abc import Sequence

from services.knowledge.index.port import MARK_END, MARK_START, Document
from services.knowledge.rendering import render
from shared.events.catalog.knowledge import ArticleArchived, ArticlePublished, ArticleRestored
from shared.events.projection import Fact

_NO_MARKS = str.maketrans({MARK_START: None, MARK_END: None})


def documents_of(facts: Sequence[Fact]) -> list[Document]:
    """The newest document of each article that readers see otherwise after these facts."""
    found = {}
    for fact in facts:
        if (document := document_of(fact)) is not None:
            found[document.article_id] = document
    return list(found.values())


def document_of(fact: Fact) -> Document | None:
    """The document that a fact makes, None where readers see no change."""
    event, article_id, revision = fact.event, fact.recorded.stream.id, fact.recorded.revision
    if isinstance(event, ArticleArchived):
        return Document(article_id, "", "", "", "", (), "", "", revision, visible=False)
    if not isinstance(event, ArticlePublished | ArticleRestored):
        return None
    content = event.content
    rendered = render(content.body)
    return Document(
        article_id=article_id,
        slug=content.slug,
        title=content.title.translate(_NO_MARKS),
        summary=content.summary.translate(_NO_MARKS),
        category=content.category,
        tags=content.tags,
        headings="\n".join(heading.title for heading in rendered.contents).translate(_NO_MARKS),
        body=rendered.text.translate(_NO_MARKS),
        revision=revision,
    )
