"""The buttons that a message may offer. A pressed one comes back as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Action = Mapping[str, Any]


def start_procedure(label: str, procedure: str) -> Action:
    """Begin a guided procedure."""
    return {"kind": "start_procedure", "label": label, "procedure": procedure}


def choose(label: str, value: str, procedure: str | None = None, step: str | None = None) -> Action:
    """One of several answers: to a procedure's step, or (without one) to a clarifying question, `value` its query."""
    return {"kind": "choose", "label": label, "value": value, "procedure": procedure, "step": step}


def show_status(label: str, service: str | None = None) -> Action:
    """Say how a service is, or all of them."""
    return {"kind": "show_status", "label": label, "service": service}


def talk_to_person(label: str = "Talk to a person") -> Action:
    """Hand over to people."""
    return {"kind": "talk_to_person", "label": label}


def open_ticket(
    label: str = "Open a ticket",
    subject: str | None = None,
    category: str | None = None,
    priority: str | None = None,
    description: str | None = None,
) -> Action:
    """Make a ticket of the conversation, with these fields where they are known."""
    fields = {"subject": subject, "category": category, "priority": priority, "description": description}
    return {"kind": "open_ticket", "label": label, **fields}


def within_hours(offered: Sequence[Action], people_are_there: bool) -> tuple[Action, ...]:
    """What is offered now: where nobody is there, no person but a ticket."""
    persons = [action for action in offered if action["kind"] == "talk_to_person"]
    if people_are_there or not persons:
        return tuple(offered)
    others = [action for action in offered if action["kind"] != "talk_to_person"]
    has_ticket = any(action["kind"] == "open_ticket" for action in others)
    return (*others, *(() if has_ticket else (open_ticket(),)))


def open_article(label: str, slug: str, anchor: str | None = None) -> Action:
    """Read an article."""
    return {"kind": "open_article", "label": label, "slug": slug, "anchor": anchor}


def each_once(offered: Sequence[Action]) -> tuple[Action, ...]:
    """The buttons in their order, each once; of several that open the same article, the first."""
    kept: dict[Any, Action] = {}
    for action in offered:
        same = action["slug"] if action["kind"] == "open_article" else tuple(action.items())
        kept.setdefault(same, action)
    return tuple(kept.values())
