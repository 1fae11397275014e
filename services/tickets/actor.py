"""Who asks, as the gateway vouches for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.tickets.domain import errors
from shared.events.catalog.tickets import Customer, Person, Role


@dataclass(frozen=True, slots=True)
class Actor:
    """The person behind a request. `role` is what the person acts as here: an agent or admin is an agent."""

    id: str
    name: str
    email: str
    account: str
    roles: frozenset[str]

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> Actor:
        return cls(data["id"], data["name"], data["email"], data["account"], frozenset(data["roles"]))

    @property
    def role(self) -> Role:
        return Role.AGENT if self.is_agent else Role.CUSTOMER

    @property
    def is_agent(self) -> bool:
        return not self.roles.isdisjoint({"agent", "admin"})

    @property
    def person(self) -> Person:
        return Person(self.id, self.name, self.role)

    @property
    def customer(self) -> Customer:
        return Customer(self.id, self.name, self.email, self.account)

    @property
    def stored(self) -> dict[str, Any]:
        """What each event's metadata says of the actor: no names."""
        return {"id": self.id, "role": str(self.role)}

    def may_see(self, customer_id: str) -> bool:
        """An agent sees every ticket, a customer those opened for this person."""
        return self.is_agent or self.id == customer_id

    def must_see(self, customer_id: str) -> None:
        """Raises Refusal ticket_not_found, the same as for a ticket that is not there."""
        if not self.may_see(customer_id):
            raise errors.ticket_not_found()
