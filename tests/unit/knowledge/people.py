"""People, contexts and texts for the tests of knowledge."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.knowledge.actor import Actor
from shared.events.catalog.knowledge import ArticleContent
from shared.events.runner import CommandContext
from shared.service.actor import context_of

ADA = Actor("c-ada", "Ada", "ada@acme.example", "acme", frozenset({"customer"}))
CHI = Actor("c-chi", "Chi", "chi@globex.example", "globex", frozenset({"customer"}))
BEN = Actor("a-ben", "Ben", "ben@cloudfactory.example", "cloudfactory", frozenset({"agent"}))
EVA = Actor("a-eva", "Eva", "eva@cloudfactory.example", "cloudfactory", frozenset({"agent"}))
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CONTENT = ArticleContent("reset-password", "Reset your password", "", "account", ("login",), "en", "Choose **Forgot**.")
OTHER = replace(CONTENT, body="Choose **Forgotten**.")


def context(actor: Actor, expected: int | None = None, command_id: uuid.UUID | None = None) -> CommandContext:
    """The context of a request by `actor`; a new command unless one is given."""
    data: dict[str, Any] = {"fingerprint": "same", "correlation_id": "test", "expected_revision": expected}
    return context_of({**data, "command_id": str(command_id or uuid.uuid4())}, actor)
