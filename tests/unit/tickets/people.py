"""People and contexts for the tests of tickets."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from services.tickets.actor import Actor
from services.tickets.domain import errors
from shared.events.catalog.types import AttachedFile
from shared.events.runner import CommandContext
from shared.service.actor import context_of

ADA = Actor("c-ada", "Ada", "ada@acme.example", "acme", frozenset({"customer"}))
CHI = Actor("c-chi", "Chi", "chi@globex.example", "globex", frozenset({"customer"}))
BEN = Actor("a-ben", "Ben", "ben@cloudfactory.example", "cloudfactory", frozenset({"agent"}))
CUSTOMERS = (ADA, CHI)


def context(
    actor: Actor, command_id: uuid.UUID | None = None, fingerprint: str = "same", expected: int | None = None
) -> CommandContext:
    """The context of a request by `actor`; a new command unless one is given."""
    return context_of(
        {
            "command_id": str(command_id or uuid.uuid4()),
            "fingerprint": fingerprint,
            "correlation_id": "test",
            "expected_revision": expected,
        },
        actor,
    )


class NoUploads:
    """Stands in for Uploads where nobody has uploaded anything."""

    def use(self, actor: Actor, ids: Sequence[str]) -> tuple[AttachedFile, ...]:
        if ids:
            raise errors.attachment_not_found(ids)
        return ()
