"""The named refusals of a chat. Codes are stable: clients and the HTTP API rely on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shared.events.catalog.chat import Agent
from shared.events.errors import Refusal


def chat_not_found() -> Refusal:
    """Also the answer for a chat that the caller may not see, to the letter."""
    return Refusal("chat_not_found", "There is no such chat.", kind="not_found")


def message_not_found() -> Refusal:
    return Refusal("message_not_found", "There is no such answer of the assistant in this chat.", kind="not_found")


def role_required(action: str) -> Refusal:
    return Refusal("role_required", f"You may not '{action.replace('_', ' ')}' here.", kind="forbidden")


def not_allowed_in_status(action: str, status: str, allowed: Iterable[str]) -> Refusal:
    words = action.replace("_", " ")
    return Refusal(
        "not_allowed_in_status",
        f"'{words}' is not possible while the chat is {status}.",
        details={"chat_status": status, "allowed_actions": sorted(allowed)},
    )


def chat_ended() -> Refusal:
    return Refusal("chat_ended", "This chat has ended. Begin a new one to go on.")


def already_taken(agent: Agent) -> Refusal:
    return Refusal(
        "already_taken",
        f"{agent.name} has this chat.",
        details={"assignee": {"id": agent.id, "name": agent.name}},
    )


def not_your_chat(agent: Agent | None) -> Refusal:
    """An agent acts in a chat that another has, or nobody: one voice at a time."""
    who = "Nobody has accepted this chat yet." if agent is None else f"{agent.name} has this chat."
    return Refusal("not_your_chat", f"{who} Only who has it can do this.")


def agent_not_there() -> Refusal:
    return Refusal("agent_not_there", "This agent is not there at the moment, or takes no chats.")


def outside_business_hours(details: Mapping[str, Any]) -> Refusal:
    """`details`: opens_at, hours, timezone, and the offer of a ticket."""
    return Refusal("outside_business_hours", "Nobody is there now. Leave a ticket instead.", details=details)


def button_not_offered() -> Refusal:
    return Refusal(
        "action_not_offered",
        "The assistant has not offered this.",
        kind="invalid",
        errors={"action": ["Send back an action of one of the assistant's messages, as it was."]},
    )


def nothing_said() -> Refusal:
    return Refusal(
        "nothing_said",
        "A message needs words, a file or an action.",
        kind="invalid",
        errors={"body": ["Write something, or attach a file."]},
    )


def at_capacity(limit: int) -> Refusal:
    return Refusal("at_capacity", f"You have as many chats as you take at once ({limit}).")


def too_many_attachments(limit: int) -> Refusal:
    return Refusal(
        "too_many_attachments",
        f"A message takes at most {limit} files.",
        kind="invalid",
        errors={"attachments": [f"At most {limit} files."]},
    )
