"""A chat in plain text, for the ticket that it becomes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from services.chat.projections import messages
from shared.events.projection import Fact

MAX_TRANSCRIPT = 50_000
"""Bytes in UTF-8; of a longer chat the beginning is left out, and stays in the chat."""
MAX_SUBJECT = 150
MIN_SUBJECT = 3
MAX_FILES = 10
_MARKS = re.compile(r"\*\*(.+?)\*\*|`([^`\n]+)`")
_LABELS = {"assistant": "Assistant", "agent": "Support"}


def transcript(facts: Sequence[Fact]) -> str:
    """What was said, oldest first, each with who and when."""
    rows = [row for row in map(messages.row_of, facts) if row]
    text = "\n\n".join(_paragraph(row) for row in rows if row["kind"] == messages.MESSAGE)
    if not text:
        return "Nothing was written in the chat."
    raw = text.encode()
    if len(raw) <= MAX_TRANSCRIPT:
        return text
    # what is left of a character that was cut through is dropped
    return f"(The beginning is in the chat.)\n\n{raw[-MAX_TRANSCRIPT:].decode(errors='ignore')}"


def subject(facts: Sequence[Fact], at: datetime) -> str:
    """The customer's first words, or that it was a chat."""
    rows = [row for row in map(messages.row_of, facts) if row]
    first = next((row["body"] for row in rows if row["author_role"] == "customer" and row["body"].strip()), "")
    line = " ".join(first.split())
    if len(line) < MIN_SUBJECT:
        return f"Chat of {at.astimezone(UTC):%d %B %Y}"
    return line if len(line) <= MAX_SUBJECT else f"{line[: MAX_SUBJECT - 1].rstrip()}…"


def files(facts: Sequence[Fact]) -> list[str]:
    """Ids of the last files that were sent, as many as a ticket takes."""
    rows = [row for row in map(messages.row_of, facts) if row]
    sent = dict.fromkeys(file["id"] for row in rows for file in row["attachments"])
    return list(sent)[-MAX_FILES:]


def plain(markdown: str) -> str:
    """The assistant's Markdown as a ticket shows it: without the signs for bold and code."""
    lines = [line for line in markdown.split("\n") if not line.startswith("```")]
    return _MARKS.sub(lambda found: found[1] or found[2], "\n".join(lines))


def _paragraph(row: dict[str, Any]) -> str:
    label = _LABELS.get(row["author_role"])
    name = row["author_name"] if label in (None, row["author_name"]) else f"{row['author_name']} ({label})"
    pressed = row["button"]["label"] if row["button"] and row["button"]["label"] != row["body"] else ""
    body = plain(row["body"]) if row["author_role"] == "assistant" else row["body"]
    said = [body, f"[{pressed}]" if pressed else "", *(f"[{file['filename']}]" for file in row["attachments"])]
    return f"{name}, {row['created_at'].astimezone(UTC):%Y-%m-%d %H:%M} UTC\n" + "\n".join(filter(None, said))
