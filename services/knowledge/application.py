"""Carry out commands on articles, questions and categories: load, decide, append."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from services.knowledge import views
from services.knowledge.actor import Actor
from services.knowledge.domain import errors
from services.knowledge.domain.article import (
    ARTICLE,
    MAX_SLUG,
    SLUGS,
    VOTES,
    ArchiveArticle,
    Article,
    Command,
    DraftArticle,
    PublishArticle,
    RestoreVersion,
    ReviseArticle,
    TakeSlug,
    Vote,
)
from services.knowledge.domain.faq import CATEGORY, FAQ, AddFaq, ChangeFaq, DefineCategory, RemoveFaq
from services.knowledge.projections import articles, faq
from shared.events.catalog import knowledge as catalog
from shared.events.catalog.knowledge import ArticleContent, FaqContent
from shared.events.codec import Codec
from shared.events.decider import CommandContext, Outcome, handle
from shared.events.errors import Refusal
from shared.events.event import event_id, stream_id
from shared.events.projection import Fact
from shared.events.store.port import EventStore
from shared.events.stream import Revision, StreamName

_VOTERS = uuid.UUID("0f6a3a55-2f0c-4ed5-8f2e-4d3d7f6f9a10")
_ADDRESS = re.compile(r"[a-z0-9-]{1,100}")

Answer = dict[str, Any]
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The commands of the knowledge service.

    Each takes who asks and the command's context, and answers {article | faq, revision, position, replayed}: the state
    right after the command, the same again for every retry. Each raises Refusal.
    """

    store: EventStore
    codec: Codec
    now: Callable[[], datetime]

    def draft(
        self,
        actor: Actor,
        context: CommandContext,
        title: str,
        category: str,
        body: str,
        summary: str = "",
        tags: Sequence[str] = (),
        language: str = "en",
        slug: str | None = None,
    ) -> Answer:
        content = ArticleContent(slug or slug_of(title), title, summary, category, tuple(tags), language, body)
        command = DraftArticle(actor.author, self.now(), content)
        return self._write(actor, str(stream_id(context.command_id)), command, context)

    def revise(
        self,
        actor: Actor,
        context: CommandContext,
        article_id: str,
        title: str,
        category: str,
        body: str,
        summary: str = "",
        tags: Sequence[str] = (),
        language: str = "en",
        slug: str | None = None,
    ) -> Answer:
        if context.expected is None:
            raise errors.revision_required()
        content = ArticleContent(slug or slug_of(title), title, summary, category, tuple(tags), language, body)
        return self._write(actor, article_id, ReviseArticle(actor.author, self.now(), content), context)

    def publish(self, actor: Actor, context: CommandContext, article_id: str, change_note: str = "") -> Answer:
        return self._execute(article_id, PublishArticle(actor.author, self.now(), change_note), context)

    def archive(self, actor: Actor, context: CommandContext, article_id: str) -> Answer:
        return self._execute(article_id, ArchiveArticle(actor.author, self.now()), context)

    def restore(self, actor: Actor, context: CommandContext, article_id: str, version: int) -> Answer:
        return self._execute(article_id, RestoreVersion(actor.author, self.now(), version), context)

    def vote(
        self, actor: Actor, context: CommandContext, slug: str, helpful: bool, comment: str | None = None
    ) -> Answer:
        """Answers {article_id, version, helpful, comment, position, replayed}."""
        article_id = self.find(slug)
        article = ARTICLE.fold(fact.event for fact in self._facts(StreamName(catalog.ARTICLE, article_id)))
        if article.published is None:
            raise errors.article_not_found()
        command = Vote(article_id, article.version, helpful, self.now(), comment)
        stream = StreamName(catalog.VOTE, vote_id(article_id, actor))
        outcome = handle(self.store, self.codec, VOTES, stream, command, replace(context, expected=None))
        last = self._fact(outcome.events[-1]).event
        return {
            "article_id": article_id,
            "version": last.version,
            "helpful": last.helpful,
            "comment": last.comment,
            "position": outcome.position,
            "replayed": outcome.duplicate,
        }

    def add_faq(
        self, actor: Actor, context: CommandContext, question: str, answer: str, category: str, position: int = 0
    ) -> Answer:
        content = FaqContent(question, answer, category, position)
        command = AddFaq(actor.author, self.now(), content)
        self._must_be_category(category)
        return self._faq(str(stream_id(context.command_id)), command, context)

    def change_faq(
        self,
        actor: Actor,
        context: CommandContext,
        faq_id: str,
        question: str,
        answer: str,
        category: str,
        position: int = 0,
    ) -> Answer:
        content = FaqContent(question, answer, category, position)
        command = ChangeFaq(actor.author, self.now(), content)
        self._must_be_category(category)
        return self._faq(faq_id, command, context)

    def remove_faq(self, actor: Actor, context: CommandContext, faq_id: str) -> Answer:
        return self._faq(faq_id, RemoveFaq(actor.author, self.now()), context)

    def define_category(
        self, actor: Actor, context: CommandContext, slug: str, title: str, description: str, position: int
    ) -> bool:
        """Whether anything changed."""
        command = DefineCategory(actor.author, self.now(), slug, title, description, position)
        stream = StreamName(catalog.SECTION, slug)
        outcome = handle(self.store, self.codec, CATEGORY, stream, command, context)
        return outcome.caused > 0 and not outcome.duplicate

    def find(self, slug: str) -> str:
        """The id of the article that has or had this slug. Raises Refusal article_not_found."""
        if not _ADDRESS.fullmatch(slug):
            raise errors.article_not_found()
        owner = SLUGS.fold(fact.event for fact in self._facts(StreamName(catalog.SLUG, slug)))
        if owner is None:
            raise errors.article_not_found()
        return owner

    def id_of(self, command: uuid.UUID) -> str:
        """The id of what `command` creates."""
        return str(stream_id(command))

    def state(self, article_id: str) -> tuple[Article, Revision]:
        """What the article's own stream says now; revision -1 where there is none."""
        facts = self._facts(StreamName(catalog.ARTICLE, article_id))
        revision = facts[-1].recorded.revision if facts else Revision(-1)
        return ARTICLE.fold(fact.event for fact in facts), revision

    def _write(
        self, actor: Actor, article_id: str, command: DraftArticle | ReviseArticle, context: CommandContext
    ) -> Answer:
        """Carry out a command that brings content: its category must be there and its slug must be free."""
        stream = _stream(catalog.ARTICLE, article_id, errors.article_not_found)
        facts = self._facts(stream)
        article, revision = ARTICLE.fold(fact.event for fact in facts), len(facts) - 1
        # asked first, so that no slug is spent on what is refused anyway
        if context.expected in (None, revision) and ARTICLE.decide(command, article):
            self._must_be_category(command.content.category)
            own = replace(
                context,
                command_id=event_id(context.command_id, -1),
                causation_id=str(context.command_id),
                expected=None,
            )
            slug = StreamName(catalog.SLUG, command.content.slug)
            handle(self.store, self.codec, SLUGS, slug, TakeSlug(command.content.slug, article_id), own)
        return self._execute(article_id, command, context)

    def _execute(self, article_id: str, command: Command, context: CommandContext) -> Answer:
        stream = _stream(catalog.ARTICLE, article_id, errors.article_not_found)
        try:
            outcome = handle(self.store, self.codec, ARTICLE, stream, command, context)
        except Refusal as refusal:
            if refusal.code == "stale_revision":
                refusal.details.update(self._meanwhile(stream))
            raise
        row = articles.row_of([self._fact(event) for event in outcome.events])
        assert row is not None
        return {"article": views.authors_article(row), **_receipt(outcome)}

    def _meanwhile(self, stream: StreamName) -> Answer:
        """What stands there now and whose it is, so that an author can compare and neither text is lost."""
        row = articles.row_of(self._facts(stream))
        if row is None:
            return {}
        return {"changed_by": row["draft_by"], "changed_at": views.time(row["draft_at"]), "current": row["draft"]}

    def _faq(self, faq_id: str, command: AddFaq | ChangeFaq | RemoveFaq, context: CommandContext) -> Answer:
        stream = _stream(catalog.FAQ, faq_id, errors.faq_not_found)
        outcome = handle(self.store, self.codec, FAQ, stream, command, context)
        row = None
        for event in outcome.events:
            row = faq.evolve(row, self._fact(event))
        assert row is not None
        return {"faq": views.faq(row), **_receipt(outcome)}

    def _must_be_category(self, slug: str) -> None:
        if not _ADDRESS.fullmatch(slug) or not self.store.read(StreamName(catalog.SECTION, slug), limit=1):
            raise errors.category_not_found(slug)

    def _facts(self, stream: StreamName) -> list[Fact]:
        return [self._fact(event) for event in self.store.read(stream)]

    def _fact(self, recorded: Any) -> Fact:
        return Fact(self.codec.decode(recorded), recorded)


def slug_of(title: str) -> str:
    """A slug made of a title."""
    plain = unicodedata.normalize("NFKD", title.lower().replace("ß", "ss")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG].rstrip("-")


def vote_id(article_id: str, actor: Actor) -> str:
    """The id of one person's vote on one article, from which nobody reads the person."""
    return str(uuid.uuid5(_VOTERS, f"{article_id}\n{actor.id}"))


def _receipt(outcome: Outcome[S]) -> Answer:
    return {"revision": outcome.revision, "position": outcome.position, "replayed": outcome.duplicate}


def _stream(category: str, id_: str, refusal: Callable[[], Refusal]) -> StreamName:
    try:
        return StreamName(category, str(uuid.UUID(id_)))
    except ValueError:
        raise refusal() from None
