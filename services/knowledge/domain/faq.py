"""A question with its answer, and the categories that questions and articles stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from services.knowledge.domain import errors
from services.knowledge.domain.article import body_fault
from shared.events.catalog.knowledge import Author, CategoryDefined, FaqAdded, FaqChanged, FaqContent, FaqRemoved
from shared.events.decider import Decider


@dataclass(frozen=True, slots=True)
class AddFaq:
    by: Author
    at: datetime
    content: FaqContent


@dataclass(frozen=True, slots=True)
class ChangeFaq:
    by: Author
    at: datetime
    content: FaqContent


@dataclass(frozen=True, slots=True)
class RemoveFaq:
    by: Author
    at: datetime


Command = AddFaq | ChangeFaq | RemoveFaq


@dataclass(frozen=True, slots=True)
class Faq:
    """`content` is None before the entry was added; a removed one can't come back."""

    content: FaqContent | None = None
    removed: bool = False


def evolve(faq: Faq, event: Any) -> Faq:
    """The entry after `event`."""
    match event:
        case FaqAdded() | FaqChanged():
            return replace(faq, content=event.content)
        case FaqRemoved():
            return replace(faq, removed=True)
    return faq


def decide(command: Command, faq: Faq) -> Sequence[Any]:
    """The events that `command` causes. Raises Refusal."""
    match command:
        case AddFaq():
            return add_faq(command, faq)
        case ChangeFaq():
            return change_faq(command, faq)
        case RemoveFaq():
            return remove_faq(command, faq)
    assert_never(command)


def add_faq(command: AddFaq, faq: Faq) -> Sequence[Any]:
    if faq.content is not None:
        return []
    _check(command.content)
    return [FaqAdded(command.by, command.at, command.content)]


def change_faq(command: ChangeFaq, faq: Faq) -> Sequence[Any]:
    if faq.content is None or faq.removed:
        raise errors.faq_not_found()
    _check(command.content)
    return [] if command.content == faq.content else [FaqChanged(command.by, command.at, command.content)]


def remove_faq(command: RemoveFaq, faq: Faq) -> Sequence[Any]:
    if faq.content is None:
        raise errors.faq_not_found()
    return [] if faq.removed else [FaqRemoved(command.by, command.at)]


def _check(content: FaqContent) -> None:
    found: dict[str, list[str]] = {}
    if not 3 <= len(content.question.strip()) <= 200:
        found["question"] = ["Must have 3 to 200 characters."]
    if (fault := body_fault(content.answer)) is not None:
        found["answer"] = [fault]
    if not 0 <= content.position <= 100_000:
        found["position"] = ["Must be 0 to 100000."]
    if found:
        raise errors.invalid(found)


FAQ: Decider[Faq] = Decider(Faq(), evolve, decide)


# -- Categories: each a stream named after its slug.


@dataclass(frozen=True, slots=True)
class DefineCategory:
    by: Author
    at: datetime
    slug: str
    title: str
    description: str
    position: int


Shown = tuple[str, str, int]
"""Title, description and position of a category."""


def evolve_category(shown: Shown | None, event: Any) -> Shown | None:
    return (event.title, event.description, event.position) if isinstance(event, CategoryDefined) else shown


def define_category(command: DefineCategory, shown: Shown | None) -> Sequence[Any]:
    """Nothing where the category is so already."""
    if shown == (command.title, command.description, command.position):
        return []
    return [CategoryDefined(command.slug, command.title, command.description, command.position, command.by, command.at)]


CATEGORY: Decider[Shown | None] = Decider(None, evolve_category, define_category)
