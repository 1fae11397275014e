"""Who asks, in the words of the knowledge base."""

from __future__ import annotations

from dataclasses import dataclass

from services.knowledge.domain import errors
from shared.events.catalog.knowledge import Author
from shared.service import actor


@dataclass(frozen=True, slots=True)
class Actor(actor.Actor):
    """The person behind a request. Everybody reads what is published; agents and admins write."""

    @property
    def author(self) -> Author:
        """Raises Refusal role_required for those who may not write."""
        if not self.is_agent:
            raise errors.role_required()
        return Author(self.id, self.name)
