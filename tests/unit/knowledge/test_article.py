"""What may be done to an article, a slug, a vote and a question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.knowledge.domain import faq
from services.knowledge.domain.article import (
    ARTICLE,
    MAX_BODY_BYTES,
    SLUGS,
    VOTES,
    ArchiveArticle,
    DraftArticle,
    PublishArticle,
    RestoreVersion,
    ReviseArticle,
    TakeSlug,
    Vote,
)
from shared.events.catalog.knowledge import (
    ArticleArchived,
    ArticleContent,
    ArticleDrafted,
    ArticlePublished,
    ArticleRestored,
    ArticleRevised,
    ArticleVoted,
    CategoryDefined,
    FaqAdded,
    FaqChanged,
    FaqContent,
    FaqRemoved,
    SlugTaken,
)
from shared.events.testing import given
from tests.unit.knowledge.people import AT, BEN, CONTENT, OTHER

BY = BEN.author
DRAFTED = ArticleDrafted(BY, AT, CONTENT)
PUBLISHED = ArticlePublished(BY, AT, 1, CONTENT, "")
REVISED = ArticleRevised(BY, AT, OTHER)
SECOND = ArticlePublished(BY, AT, 2, OTHER, "Clearer")


class TestArticle:
    def test_is_drafted(self) -> None:
        given(ARTICLE).when(DraftArticle(BY, AT, CONTENT)).then(DRAFTED)

    def test_what_is_not_there_is_not_found(self) -> None:
        for command in (ReviseArticle(BY, AT, OTHER), PublishArticle(BY, AT), ArchiveArticle(BY, AT)):
            given(ARTICLE).when(command).refused("article_not_found")

    def test_is_revised(self) -> None:
        given(ARTICLE, DRAFTED).when(ReviseArticle(BY, AT, OTHER)).then(REVISED)

    def test_the_same_text_changes_nothing(self) -> None:
        given(ARTICLE, DRAFTED).when(ReviseArticle(BY, AT, CONTENT)).then_nothing()

    def test_is_published_as_version_one(self) -> None:
        given(ARTICLE, DRAFTED).when(PublishArticle(BY, AT)).then(PUBLISHED)

    def test_every_publication_is_a_version(self) -> None:
        given(ARTICLE, DRAFTED, PUBLISHED, REVISED).when(PublishArticle(BY, AT, "Clearer")).then(SECOND)

    def test_what_is_shown_already_is_not_published(self) -> None:
        given(ARTICLE, DRAFTED, PUBLISHED).when(PublishArticle(BY, AT)).refused("nothing_to_publish")

    def test_an_older_version_comes_back_as_a_new_one(self) -> None:
        restored = ArticleRestored(BY, AT, 3, 1, CONTENT, "Version 1 restored")
        given(ARTICLE, DRAFTED, PUBLISHED, REVISED, SECOND).when(RestoreVersion(BY, AT, 1)).then(restored)

    def test_restoring_leaves_an_unpublished_draft_alone(self) -> None:
        third = ArticleRevised(BY, AT, replace(CONTENT, body="Third"))
        restored = ArticleRestored(BY, AT, 3, 1, CONTENT, "")
        state = ARTICLE.fold([DRAFTED, PUBLISHED, REVISED, SECOND, third, restored])
        assert state.draft == third.content
        assert state.published == CONTENT

    def test_restoring_takes_a_published_draft_along(self) -> None:
        restored = ArticleRestored(BY, AT, 3, 1, CONTENT, "")
        assert ARTICLE.fold([DRAFTED, PUBLISHED, REVISED, SECOND, restored]).draft == CONTENT

    def test_what_is_shown_already_is_not_restored(self) -> None:
        given(ARTICLE, DRAFTED, PUBLISHED).when(RestoreVersion(BY, AT, 1)).refused("already_shown")

    def test_a_version_that_is_not_there(self) -> None:
        given(ARTICLE, DRAFTED, PUBLISHED).when(RestoreVersion(BY, AT, 2)).refused("version_not_found")

    def test_is_archived_and_comes_back_by_publishing(self) -> None:
        archived = ArticleArchived(BY, AT)
        given(ARTICLE, DRAFTED, PUBLISHED).when(ArchiveArticle(BY, AT)).then(archived)
        again = ArticlePublished(BY, AT, 2, CONTENT, "")
        given(ARTICLE, DRAFTED, PUBLISHED, archived).when(PublishArticle(BY, AT)).then(again)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("slug", "Not A Slug"),
            ("slug", "a" * 91),
            ("slug", ""),
            ("title", "ab"),
            ("title", "x" * 151),
            ("summary", "x" * 301),
            ("category", ""),
            ("language", "english"),
            ("tags", ("",)),
            ("tags", ("x",) * 21),
            ("body", " \n"),
            ("body", "x" * (MAX_BODY_BYTES + 1)),
            ("body", "ü" * (MAX_BODY_BYTES // 2 + 1)),
            ("body", "nul \0"),
        ],
    )
    def test_what_cannot_be_stored_is_named(self, field: str, value: object) -> None:
        content: ArticleContent = replace(CONTENT, **{field: value})
        refusal = given(ARTICLE).when(DraftArticle(BY, AT, content)).refused("invalid_content")
        assert list(refusal.errors) == [field]


class TestSlug:
    def test_is_taken_once_and_for_ever(self) -> None:
        taken = SlugTaken("a", "article")
        given(SLUGS).when(TakeSlug("a", "article")).then(taken)
        given(SLUGS, taken).when(TakeSlug("a", "article")).then_nothing()
        given(SLUGS, taken).when(TakeSlug("a", "another")).refused("slug_taken")


class TestVote:
    def test_counts_once_and_may_change(self) -> None:
        first = ArticleVoted("article", 1, True, AT)
        second = ArticleVoted("article", 2, False, AT, True, "Out of date")
        given(VOTES).when(Vote("article", 1, True, AT)).then(first)
        given(VOTES, first).when(Vote("article", 1, True, AT)).then_nothing()
        given(VOTES, first).when(Vote("article", 2, False, AT, "Out of date")).then(second)

    def test_a_reason_has_its_limit(self) -> None:
        given(VOTES).when(Vote("article", 1, True, AT, "x" * 2001)).refused("invalid_content")


class TestFaq:
    content = FaqContent("How?", "So.", "account", 1)
    added = FaqAdded(BY, AT, content)

    def test_is_added_changed_and_removed(self) -> None:
        changed = replace(self.content, answer="Otherwise.")
        given(faq.FAQ).when(faq.AddFaq(BY, AT, self.content)).then(self.added)
        given(faq.FAQ, self.added).when(faq.ChangeFaq(BY, AT, changed)).then(FaqChanged(BY, AT, changed))
        given(faq.FAQ, self.added).when(faq.RemoveFaq(BY, AT)).then(FaqRemoved(BY, AT))

    def test_what_is_removed_is_not_there(self) -> None:
        removed = FaqRemoved(BY, AT)
        given(faq.FAQ, self.added, removed).when(faq.ChangeFaq(BY, AT, self.content)).refused("faq_not_found")
        given(faq.FAQ).when(faq.RemoveFaq(BY, AT)).refused("faq_not_found")

    def test_what_cannot_be_stored_is_named(self) -> None:
        wrong = FaqContent("?", "", "account", -1)
        refusal = given(faq.FAQ).when(faq.AddFaq(BY, AT, wrong)).refused("invalid_content")
        assert sorted(refusal.errors) == ["answer", "position", "question"]


def test_a_category_is_defined_where_it_differs() -> None:
    defined = CategoryDefined("a", "A", "About a", 1, BY, AT)
    given(faq.CATEGORY).when(faq.DefineCategory(BY, AT, "a", "A", "About a", 1)).then(defined)
    given(faq.CATEGORY, defined).when(faq.DefineCategory(BY, AT, "a", "A", "About a", 1)).then_nothing()
