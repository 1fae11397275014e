"""Who asks, as the gateway vouches for it, and what came with the command."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from shared.events.runner import CommandContext
from shared.events.stream import Revision


@dataclass(frozen=True, slots=True)
class Actor:
    """The person behind a request; with empty fields where nobody signed in."""

    id: str
    name: str
    email: str
    account: str
    roles: frozenset[str]

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["id"], data["name"], data["email"], data["account"], frozenset(data["roles"]))

    @property
    def is_agent(self) -> bool:
        return not self.roles.isdisjoint({"agent", "admin"})

    @property
    def stored(self) -> dict[str, Any]:
        """What each event's metadata says of the actor: no names."""
        return {"id": self.id, "role": "agent" if self.is_agent else "customer"}


def context_of(data: Mapping[str, Any], actor: Actor) -> CommandContext:
    """The context that came with a request."""
    expected = data.get("expected_revision")
    return CommandContext(
        command_id=uuid.UUID(data["command_id"]),
        fingerprint=data["fingerprint"],
        correlation_id=data["correlation_id"],
        actor=actor.stored,
        causation_id=data.get("causation_id"),
        expected=None if expected is None else Revision(expected),
    )
