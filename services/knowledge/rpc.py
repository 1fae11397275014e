"""The knowledge service on the wire: one line a method."""

from __future__ import annotations

from typing import Any

from eventlet import tpool

from services.knowledge.actor import Actor
from shared.service.actor import context_of
from shared.service.provided import Provided, Wire
from shared.service.rpc import rpc


class KnowledgeRpc:
    name = "knowledge"

    service: Any = Provided()

    @rpc(kind="query")
    def kb_categories(self, **question: Any) -> Wire:
        return self.service.queries.categories(**question)

    @rpc(kind="query")
    def list_articles(self, **question: Any) -> Wire:
        return self.service.queries.list_articles(**question)

    @rpc(kind="query")
    def get_article(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.get_article(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def article_versions(self, **question: Any) -> Wire:
        return self.service.queries.versions(**question)

    @rpc(kind="query")
    def search(self, **question: Any) -> Wire:
        return self.service.search.search(**question)

    @rpc(kind="query")
    def suggest(self, **question: Any) -> Wire:
        return self.service.search.suggest(**question)

    @rpc(kind="query")
    def passages(self, **question: Any) -> Wire:
        return self.service.passages.find(**question)

    @rpc(kind="command")
    def result_chosen(self, search_id: str, slug: str, rank: int) -> Wire:
        self.service.search.chose(search_id, slug, rank)

    @rpc(kind="command")
    def article_feedback(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.knowledge.vote(who, context_of(context, who), **command)

    @rpc(kind="query")
    def faq_list(self, **question: Any) -> Wire:
        return self.service.queries.faq_list(**question)

    @rpc(kind="query")
    def authored_articles(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.authored(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def author_article(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.author_article(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def authors_versions(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.authors_versions(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def authors_version(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.authors_version(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def feedback_report(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.feedback(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def events(self, actor: Wire, after: int, limit: int = 100) -> Wire:
        return self.service.queries.events(Actor.from_wire(actor), after, limit)

    @rpc(kind="query")
    def searches_report(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.searches(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def preview(self, actor: Wire, body: str) -> Wire:
        # rendering is work, not waiting: it must not hold up everybody else
        return tpool.execute(self.service.queries.preview, Actor.from_wire(actor), body)

    @rpc(kind="command")
    def draft_article(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.knowledge.draft(who, context_of(context, who), **command)

    @rpc(kind="command")
    def revise_article(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.knowledge.revise(who, context_of(context, who), **command)

    @rpc(kind="command")
    def publish_article(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.knowledge.publish(who, context_of(context, who), **command)

    @rpc(kind="command")
    def archive_article(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.knowledge.archive(who, context_of(context, who), **command)

    @rpc(kind="command")
    def restore_article(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.knowledge.restore(who, context_of(context, who), **command)

    @rpc(kind="command")
    def create_faq(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.knowledge.add_faq(who, context_of(context, who), **command)

    @rpc(kind="command")
    def update_faq(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.knowledge.change_faq(who, context_of(context, who), **command)

    @rpc(kind="command")
    def delete_faq(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.knowledge.remove_faq(who, context_of(context, who), **command)

    @rpc(kind="query")
    def ping(self) -> Wire:
        return {}
