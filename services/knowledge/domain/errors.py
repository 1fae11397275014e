"""The named refusals of the knowledge service. Codes are stable: clients and the HTTP API rely on them."""

from __future__ import annotations

from collections.abc import Mapping

from shared.events.errors import Refusal


def article_not_found() -> Refusal:
    """Also the answer for an article that the caller may not see, to the letter."""
    return Refusal("article_not_found", "There is no such article.", kind="not_found")


def version_not_found(version: int) -> Refusal:
    return Refusal("version_not_found", f"The article has no version {version}.", kind="not_found")


def category_not_found(slug: str) -> Refusal:
    return Refusal(
        "category_not_found",
        "There is no such category.",
        kind="invalid",
        errors={"category": [f"There is no category {slug}."]},
    )


def faq_not_found() -> Refusal:
    return Refusal("faq_not_found", "There is no such question.", kind="not_found")


def search_not_found() -> Refusal:
    return Refusal("search_not_found", "There was no such search.", kind="not_found")


def role_required() -> Refusal:
    return Refusal("role_required", "Only agents write here.", kind="forbidden")


def invalid(errors: Mapping[str, list[str]]) -> Refusal:
    return Refusal("invalid_content", "Some of this cannot be stored as it is.", kind="invalid", errors=errors)


def slug_taken(slug: str) -> Refusal:
    return Refusal(
        "slug_taken",
        "Another article has, or once had, this address.",
        errors={"slug": [f"{slug} belongs to another article. Choose another one."]},
    )


def nothing_to_publish() -> Refusal:
    return Refusal("nothing_to_publish", "The draft says what is published already.")


def already_shown(version: int) -> Refusal:
    return Refusal("already_shown", f"Readers see the content of version {version} already.")


def not_published() -> Refusal:
    return Refusal("not_published", "Only an article that readers see can be archived or voted on.")


def revision_required() -> Refusal:
    return Refusal(
        "revision_required",
        "Say which revision your text was written on, so that nobody's text is lost.",
        kind="invalid",
        errors={"expected_revision": ["Send the revision (ETag) of the article as you read it."]},
    )
