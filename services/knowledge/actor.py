"""Who asks, as the gateway vouches for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.knowledge.domain import errors
from shared.events.catalog.knowledge import Author


@dataclass(frozen=True, slots=True)
class Actor:
    """The person behind a request. Everybody reads what is published; agents and admins write."""

    id: str
    name: str
    roles: frozenset[str]

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> Actor:
        return cls(data["id"], data["name"], frozenset(data["roles"]))

    @property
    def is_agent(self) -> bool:
        return not self.roles.isdisjoint({"agent", "admin"})

    @property
    def author(self) -> Author:
        """Raises Refusal role_required for those who may not write."""
        if not self.is_agent:
            raise errors.role_required()
        return Author(self.id, self.name)

    @property
    def stored(self) -> dict[str, Any]:
        """What each event's metadata says of the actor: no names."""
        return {"id": self.id, "role": "agent" if self.is_agent else "customer"}
