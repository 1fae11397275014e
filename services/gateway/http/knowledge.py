"""The knowledge base and the FAQ over HTTP: everybody reads, people vote, agents write."""

from __future__ import annotations

import re
import uuid
from typing import Any

from services.gateway import schemas
from services.gateway.conditions import etag
from services.gateway.http.base import Handlers
from services.gateway.http.route import API, Answer, Call, route
from services.gateway.http.tickets import command_headers, position_header, read_answer
from services.gateway.policy import AGENT, READER, SIGNED_IN
from services.gateway.problems import Problem

KB = f"{API}/kb"
ARTICLES = f"{KB}/articles"
# by its slug for readers and by its id for authors: OpenAPI knows one name for one place
ARTICLE = f"{ARTICLES}/<article>"
AUTHORING = f"{KB}/authoring"
AUTHORED = f"{AUTHORING}/articles/<uuid:article_id>"
FAQ = f"{API}/faq"
SUGGEST_SECONDS = 2.0
"""Who still types does not wait longer for help with it."""
_SLUG = re.compile("[a-z0-9-]{1,100}")
# the person of whom nothing is known: no token has an empty sub, so nobody's vote is shown
_NOBODY = {"id": "", "name": "", "email": "", "account": "", "roles": []}
_MISSING = ("article_not_found",)
_TEXT = ("invalid_content", "category_not_found", "write_conflict")
_CHANGES = ("article_not_found", "stale_revision", "write_conflict")


class Knowledge(Handlers):
    @route(
        "GET",
        f"{KB}/categories",
        policy=READER,
        query=schemas.Consistent,
        answers={200: schemas.KbCategoriesOut},
        tag="Knowledge base",
    )
    def kb_categories(self, call: Call) -> Answer:
        """List the categories with how many articles each has."""
        return read_answer(self.knowledge.call("kb_categories", **call.query))

    @route(
        "GET",
        ARTICLES,
        policy=READER,
        query=schemas.ListArticles,
        answers={200: schemas.ArticleListOut},
        tag="Knowledge base",
        codes=("invalid_cursor",),
    )
    def list_articles(self, call: Call) -> Answer:
        """List what is published, by title."""
        return read_answer(self.knowledge.call("list_articles", **call.query))

    @route(
        "GET",
        ARTICLE,
        policy=READER,
        query=schemas.GetArticle,
        answers={200: schemas.ArticleOut},
        tag="Knowledge base",
        codes=(*_MISSING, "version_not_found"),
    )
    def get_article(self, call: Call) -> Answer:
        """Read an article by its slug, present or former, in its last version or an older one."""
        actor = _NOBODY if call.principal is None else call.actor
        result = self.knowledge.call("get_article", actor=actor, slug=slug_of(call), **call.query)
        article = result["article"]
        # says where it really stands when a former slug was asked for, at no second way to and fro
        place = ("Content-Location", f"{ARTICLES}/{article['slug']}")
        return Answer(200, article, (place, *position_header(result)))

    @route(
        "GET",
        f"{ARTICLE}/versions",
        policy=READER,
        query=schemas.Consistent,
        answers={200: schemas.ArticleVersionsOut},
        tag="Knowledge base",
        codes=_MISSING,
    )
    def article_versions(self, call: Call) -> Answer:
        """List an article's versions, the newest first."""
        return read_answer(self.knowledge.call("article_versions", slug=slug_of(call), **call.query))

    @route(
        "GET",
        f"{KB}/search",
        policy=READER,
        query=schemas.SearchArticles,
        answers={200: schemas.SearchOut},
        tag="Knowledge base",
    )
    def search_articles(self, call: Call) -> Answer:
        """Search the articles; slips of the keyboard are forgiven."""
        return Answer(200, self.knowledge.call("search", **call.query))

    @route(
        "POST",
        f"{KB}/search/<uuid:search_id>/choice",
        policy=READER,
        body=schemas.ChooseResult,
        answers={204: None},
        tag="Knowledge base",
        codes=("search_not_found",),
    )
    def choose_result(self, call: Call) -> Answer:
        """Say which result of a search was opened; who opened it is not kept."""
        self.knowledge.call("result_chosen", search_id=call.path["search_id"], **call.body)
        return Answer(204)

    @route(
        "GET",
        f"{KB}/suggest",
        policy=READER,
        query=schemas.SuggestArticles,
        answers={200: schemas.SuggestionsOut},
        tag="Knowledge base",
    )
    def suggest_articles(self, call: Call) -> Answer:
        """Name articles for what is being typed: a search, or a ticket's subject."""
        return Answer(200, self.knowledge.call("suggest", deadline=SUGGEST_SECONDS, **call.query))

    @route(
        "POST",
        f"{ARTICLE}/feedback",
        policy=SIGNED_IN,
        body=schemas.ArticleFeedback,
        answers={200: schemas.ArticleVoteAnswer},
        command=True,
        tag="Knowledge base",
        codes=(*_MISSING, "invalid_content", "write_conflict"),
    )
    def article_feedback(self, call: Call) -> Answer:
        """Say whether an article helped; a later vote of the same person replaces it."""
        result = self._knowledge_command(call, "article_feedback", slug=slug_of(call), **call.body)
        replayed = (("Idempotency-Replayed", "true"),) if result["replayed"] else ()
        return Answer(200, result, (*position_header(result), *replayed))

    @route(
        "POST",
        ARTICLES,
        policy=AGENT,
        body=schemas.WriteArticle,
        answers={201: schemas.AuthoredArticleAnswer},
        command=True,
        tag="Authoring",
        codes=(*_TEXT, "slug_taken"),
    )
    def draft_article(self, call: Call) -> Answer:
        """Draft an article; readers do not see it yet."""
        result = self._knowledge_command(call, "draft_article", **call.body)
        place = ("Location", f"{AUTHORING}/articles/{result['article']['id']}")
        return Answer(201, _article(result), (place, *command_headers(result)))

    @route(
        "PUT",
        ARTICLE,
        policy=AGENT,
        body=schemas.WriteArticle,
        answers={200: schemas.AuthoredArticleAnswer},
        command=True,
        tag="Authoring",
        codes=(*_TEXT, *_CHANGES, "slug_taken", "revision_required"),
    )
    def revise_article(self, call: Call) -> Answer:
        """Replace an article's draft, named by its id; needs If-Match."""
        return _changed(self._knowledge_command(call, "revise_article", article_id=_id_of(call), **call.body))

    @route(
        "POST",
        f"{ARTICLES}/<uuid:article_id>/publish",
        policy=AGENT,
        body=schemas.PublishArticle,
        answers={200: schemas.AuthoredArticleAnswer},
        command=True,
        tag="Authoring",
        codes=(*_CHANGES, "invalid_content", "nothing_to_publish"),
    )
    def publish_article(self, call: Call) -> Answer:
        """Show readers the draft, as a new version."""
        return self._article_command(call, "publish_article")

    @route(
        "POST",
        f"{ARTICLES}/<uuid:article_id>/archive",
        policy=AGENT,
        body=schemas.ArchiveArticle,
        answers={200: schemas.AuthoredArticleAnswer},
        command=True,
        tag="Authoring",
        codes=_CHANGES,
    )
    def archive_article(self, call: Call) -> Answer:
        """Take an article away from readers; publishing or restoring brings it back."""
        return self._article_command(call, "archive_article")

    @route(
        "POST",
        f"{ARTICLES}/<uuid:article_id>/restore",
        policy=AGENT,
        body=schemas.RestoreArticle,
        answers={200: schemas.AuthoredArticleAnswer},
        command=True,
        tag="Authoring",
        codes=(*_CHANGES, "version_not_found", "already_shown"),
    )
    def restore_article(self, call: Call) -> Answer:
        """Show readers an older version's text again, as a new version."""
        return self._article_command(call, "restore_article")

    @route(
        "GET",
        f"{AUTHORING}/articles",
        policy=AGENT,
        query=schemas.ListAuthored,
        answers={200: schemas.AuthoredListOut},
        tag="Authoring",
        codes=("invalid_cursor",),
    )
    def authored_articles(self, call: Call) -> Answer:
        """List all articles with drafts and votes, the last changed first."""
        return read_answer(self.knowledge.call("authored_articles", actor=call.actor, **call.query))

    @route(
        "GET",
        AUTHORED,
        policy=AGENT,
        query=schemas.Consistent,
        answers={200: schemas.AuthoredWithVotesOut},
        tag="Authoring",
        codes=_MISSING,
    )
    def author_article(self, call: Call) -> Answer:
        """Read an article with its draft and votes, whatever its status."""
        result = self.knowledge.call(
            "author_article", actor=call.actor, article_id=call.path["article_id"], **call.query
        )
        article = result["article"]
        return Answer(200, article, (("ETag", etag(article["revision"])), *position_header(result)))

    @route(
        "GET",
        f"{AUTHORED}/versions",
        policy=AGENT,
        query=schemas.Consistent,
        answers={200: schemas.ArticleVersionsOut},
        tag="Authoring",
        codes=_MISSING,
    )
    def authors_versions(self, call: Call) -> Answer:
        """List an article's versions, the newest first, whatever its status."""
        return read_answer(
            self.knowledge.call("authors_versions", actor=call.actor, article_id=call.path["article_id"], **call.query)
        )

    @route(
        "GET",
        f"{AUTHORED}/versions/<int:version>",
        policy=AGENT,
        query=schemas.Consistent,
        answers={200: schemas.AuthoredVersionOut},
        tag="Authoring",
        codes=(*_MISSING, "version_not_found"),
    )
    def authors_version(self, call: Call) -> Answer:
        """Read the text of an article's version, whatever the article's status."""
        article_id, version = call.path["article_id"], version_of(call)
        result = self.knowledge.call(
            "authors_version", actor=call.actor, article_id=article_id, version=version, **call.query
        )
        return Answer(200, result["version"], position_header(result))

    @route(
        "GET",
        f"{AUTHORED}/feedback",
        policy=AGENT,
        query=schemas.ListFeedback,
        answers={200: schemas.ArticleFeedbackListOut},
        tag="Authoring",
    )
    def article_votes(self, call: Call) -> Answer:
        """Read the votes on an article with their reasons, the latest first, without who gave them."""
        article_id = call.path["article_id"]
        return Answer(
            200, self.knowledge.call("feedback_report", actor=call.actor, article_id=article_id, **call.query)
        )

    @route(
        "GET",
        f"{AUTHORING}/searches",
        policy=AGENT,
        query=schemas.ReportSearches,
        answers={200: schemas.SearchReportOut},
        tag="Authoring",
    )
    def searches_report(self, call: Call) -> Answer:
        """Count what was searched for, the most frequent first."""
        question = {**call.query, "empty": call.query["empty"] == "1"}
        return Answer(200, self.knowledge.call("searches_report", actor=call.actor, **question))

    @route(
        "POST",
        f"{AUTHORING}/preview",
        policy=AGENT,
        body=schemas.PreviewText,
        answers={200: schemas.PreviewOut},
        tag="Authoring",
        codes=("invalid_content",),
    )
    def preview_text(self, call: Call) -> Answer:
        """Render a text as readers would see it; nothing is kept."""
        return Answer(200, self.knowledge.call("preview", actor=call.actor, **call.body))

    @route("GET", FAQ, policy=READER, query=schemas.ListFaq, answers={200: schemas.FaqListOut}, tag="FAQ")
    def faq_list(self, call: Call) -> Answer:
        """List the questions with their answers, in order."""
        return read_answer(self.knowledge.call("faq_list", **call.query))

    @route(
        "POST",
        FAQ,
        policy=AGENT,
        body=schemas.WriteFaq,
        answers={201: schemas.FaqOut},
        command=True,
        tag="FAQ",
        codes=_TEXT,
    )
    def create_faq(self, call: Call) -> Answer:
        """Add a question with its answer."""
        result = self._knowledge_command(call, "create_faq", **call.body)
        place = ("Location", f"{FAQ}/{result['faq']['id']}")
        return Answer(201, result["faq"], (place, *command_headers(result)))

    @route(
        "PUT",
        f"{FAQ}/<uuid:faq_id>",
        policy=AGENT,
        body=schemas.WriteFaq,
        answers={200: schemas.FaqOut},
        command=True,
        tag="FAQ",
        codes=(*_TEXT, "faq_not_found", "stale_revision"),
    )
    def update_faq(self, call: Call) -> Answer:
        """Replace a question, its answer and its place."""
        result = self._knowledge_command(call, "update_faq", faq_id=call.path["faq_id"], **call.body)
        return Answer(200, result["faq"], command_headers(result))

    @route(
        "DELETE",
        f"{FAQ}/<uuid:faq_id>",
        policy=AGENT,
        answers={204: None},
        command=True,
        tag="FAQ",
        codes=("faq_not_found", "stale_revision", "write_conflict"),
    )
    def delete_faq(self, call: Call) -> Answer:
        """Remove a question for good."""
        return Answer(
            204, None, command_headers(self._knowledge_command(call, "delete_faq", faq_id=call.path["faq_id"]))
        )

    def _knowledge_command(self, call: Call, method: str, **arguments: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.knowledge.call(method, actor=call.actor, context=call.context, **arguments)
        return result

    def _article_command(self, call: Call, method: str) -> Answer:
        return _changed(self._knowledge_command(call, method, article_id=call.path["article_id"], **call.body))


def slug_of(call: Call) -> str:
    """The slug in the address. Raises Problem article_not_found for what can be none."""
    slug = call.path["article"]
    if not _SLUG.fullmatch(slug):
        raise _no_article()
    return slug


def version_of(call: Call) -> int:
    """The version in the address. Raises Problem version_not_found for what can be none."""
    version = int(call.path["version"])
    if not 1 <= version <= schemas.MAX_VERSION:
        raise Problem("version_not_found", f"The article has no version {version}.")
    return version


def _id_of(call: Call) -> str:
    try:
        return str(uuid.UUID(call.path["article"]))
    except ValueError:
        raise _no_article() from None


def _no_article() -> Problem:
    return Problem("article_not_found", "There is no such article.")


def _article(result: dict[str, Any]) -> dict[str, Any]:
    return {**result["article"], "position": result["position"]}


def _changed(result: dict[str, Any]) -> Answer:
    return Answer(200, _article(result), command_headers(result))
