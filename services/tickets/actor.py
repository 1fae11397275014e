"""Who asks, in the words of tickets."""

from __future__ import annotations

from dataclasses import dataclass

from services.tickets.domain import errors
from shared.events.catalog.tickets import Person, Role
from shared.events.catalog.types import Customer
from shared.service import actor


@dataclass(frozen=True, slots=True)
class Actor(actor.Actor):
    """The person behind a request. `role` is what the person acts as here: an agent or admin is an agent."""

    @property
    def role(self) -> Role:
        return Role.AGENT if self.is_agent else Role.CUSTOMER

    @property
    def person(self) -> Person:
        return Person(self.id, self.name, self.role)

    @property
    def customer(self) -> Customer:
        return Customer(self.id, self.name, self.email, self.account)

    def may_see(self, customer_id: str) -> bool:
        """An agent sees every ticket, a customer those opened for this person."""
        return self.is_agent or self.id == customer_id

    def must_see(self, customer_id: str) -> None:
        """Raises Refusal ticket_not_found, the same as for a ticket that is not there."""
        if not self.may_see(customer_id):
            raise errors.ticket_not_found()
