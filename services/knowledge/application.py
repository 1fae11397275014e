"""Carry out commands on articles, questions and categories: load, decide, append."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
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
    Said,
    TakeSlug,
    Vote,
)
from services.knowledge.domain.faq import CATEGORY, FAQ, AddFaq, ChangeFaq, DefineCategory, RemoveFaq
from services.knowledge.projections import articles, faq
from shared.events.catalog import knowledge as catalog
from shared.events.catalog.knowledge import ArticleContent, ArticleVoted, FaqContent
from shared.events.codec import Codec
from shared.events.errors import Refusal
from shared.events.event import event_id, stream_id
from shared.events.runner import CommandContext, Outcome, Runner
from shared.events.store.port import EventStore
from shared.events.stream import Revision, StreamName

_VOTERS = uuid.UUID("0f6a3a55-2f0c-4ed5-8f2e-4d3d7f6f9a10")
_ADDRESS = re.compile(r"[a-z0-9-]{1,100}")

Answer = dict[str, Any]
S = TypeVar("S")
V = TypeVar("V")


class Knowledge:
    """The commands of the knowledge service.

    Each takes who asks and the command's context, and answers {article | faq, revision, position, replayed}: the state
    right after the command, the same again for every retry. Each raises Refusal.
    """

    def __init__(self, store: EventStore, codec: Codec, now: Callable[[], datetime]) -> None:
        self.store, self.codec, self.now = store, codec, now
        self._articles = Runner(store, codec, ARTICLE, articles.evolve)
        self._slugs: Runner[str | None, None] = Runner(store, codec, SLUGS)
        self._votes: Runner[Said, ArticleVoted] = Runner(store, codec, VOTES, lambda _, fact: fact.event)
        self._questions = Runner(store, codec, FAQ, faq.evolve)
        self._categories: Runner[Any, None] = Runner(store, codec, CATEGORY)

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
        article, _ = self.state(article_id)
        if article.published is None:
            raise errors.article_not_found()
        command = Vote(article_id, article.version, helpful, self.now(), comment)
        stream = StreamName(catalog.VOTE, vote_id(article_id, actor))
        outcome = self._votes.run(stream, command, replace(context, expected=None))
        vote = outcome.after.view
        assert vote is not None
        return {
            "article_id": article_id,
            "version": vote.version,
            "helpful": vote.helpful,
            "comment": vote.comment,
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
        outcome = self._categories.run(stream, command, context)
        return outcome.caused > 0 and not outcome.duplicate

    def find(self, slug: str) -> str:
        """The id of the article that has or had this slug. Raises Refusal article_not_found."""
        if not _ADDRESS.fullmatch(slug):
            raise errors.article_not_found()
        owner = self._slugs.load(StreamName(catalog.SLUG, slug)).state
        if owner is None:
            raise errors.article_not_found()
        return owner

    def id_of(self, command: uuid.UUID) -> str:
        """The id of what `command` creates."""
        return str(stream_id(command))

    def state(self, article_id: str) -> tuple[Article, Revision]:
        """What the article's own stream says now; revision -1 where there is none."""
        known = self._articles.load(StreamName(catalog.ARTICLE, article_id))
        return known.state, known.revision

    def _write(
        self, actor: Actor, article_id: str, command: DraftArticle | ReviseArticle, context: CommandContext
    ) -> Answer:
        """Carry out a command that brings content: its category must be there and its slug must be free."""
        stream = _stream(catalog.ARTICLE, article_id, errors.article_not_found)
        article = self._articles.load(stream)
        # asked first, so that no slug is spent on what is refused anyway
        if context.expected in (None, article.revision) and ARTICLE.decide(command, article.state):
            self._must_be_category(command.content.category)
            own = replace(
                context,
                command_id=event_id(context.command_id, -1),
                causation_id=str(context.command_id),
                expected=None,
            )
            slug = StreamName(catalog.SLUG, command.content.slug)
            self._slugs.run(slug, TakeSlug(command.content.slug, article_id), own)
        return self._execute(article_id, command, context)

    def _execute(self, article_id: str, command: Command, context: CommandContext) -> Answer:
        stream = _stream(catalog.ARTICLE, article_id, errors.article_not_found)
        try:
            outcome = self._articles.run(stream, command, context)
        except Refusal as refusal:
            if refusal.code == "stale_revision":
                refusal.details.update(self._meanwhile(stream))
            raise
        assert outcome.after.view is not None
        return {"article": views.authors_article(outcome.after.view), **_receipt(outcome)}

    def _meanwhile(self, stream: StreamName) -> Answer:
        """What stands there now and whose it is, so that an author can compare and neither text is lost."""
        row = self._articles.load(stream).view
        if row is None:
            return {}
        return {"changed_by": row["draft_by"], "changed_at": views.time(row["draft_at"]), "current": row["draft"]}

    def _faq(self, faq_id: str, command: AddFaq | ChangeFaq | RemoveFaq, context: CommandContext) -> Answer:
        stream = _stream(catalog.FAQ, faq_id, errors.faq_not_found)
        outcome = self._questions.run(stream, command, context, new=isinstance(command, AddFaq))
        assert outcome.after.view is not None
        return {"faq": views.faq(outcome.after.view), **_receipt(outcome)}

    def _must_be_category(self, slug: str) -> None:
        if not _ADDRESS.fullmatch(slug) or not self.store.read(StreamName(catalog.SECTION, slug), limit=1):
            raise errors.category_not_found(slug)


def slug_of(title: str) -> str:
    """A slug made of a title."""
    plain = unicodedata.normalize("NFKD", title.lower().replace("ß", "ss")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG].rstrip("-")


def vote_id(article_id: str, actor: Actor) -> str:
    """The id of one person's vote on one article, from which nobody reads the person."""
    return str(uuid.uuid5(_VOTERS, f"{article_id}\n{actor.id}"))


def _receipt(outcome: Outcome[S, V]) -> Answer:
    return {"revision": outcome.revision, "position": outcome.position, "replayed": outcome.duplicate}


def _stream(category: str, id_: str, refusal: Callable[[], Refusal]) -> StreamName:
    try:
        return StreamName(category, str(uuid.UUID(id_)))
    except ValueError:
        raise refusal() from None
