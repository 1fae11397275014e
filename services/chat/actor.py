"""Who asks, in the words of chats."""

from __future__ import annotations

from dataclasses import dataclass

from services.chat.domain import errors
from shared.events.catalog.chat import Speaker, SpeakerRole
from shared.events.catalog.types import Customer
from shared.service import actor

ASSISTANT = Speaker("assistant", "Assistant", SpeakerRole.ASSISTANT)
SYSTEM = Speaker("system", "Cloud Factory Support", SpeakerRole.SYSTEM)


@dataclass(frozen=True, slots=True)
class Actor(actor.Actor):
    """The person behind a request. `role` is what the person acts as here: an agent or admin is an agent."""

    @property
    def role(self) -> SpeakerRole:
        return SpeakerRole.AGENT if self.is_agent else SpeakerRole.CUSTOMER

    def role_in(self, customer_id: str) -> SpeakerRole:
        """As what the person acts in a chat of this customer: also an agent is a customer in a chat of their own."""
        return SpeakerRole.CUSTOMER if self.id == customer_id else self.role

    @property
    def speaker(self) -> Speaker:
        return Speaker(self.id, self.name, self.role)

    @property
    def customer(self) -> Customer:
        return Customer(self.id, self.name, self.email, self.account)

    def may_see(self, customer_id: str) -> bool:
        """An agent sees every chat, a customer those that this person began."""
        return self.is_agent or self.id == customer_id

    def must_see(self, customer_id: str) -> None:
        """Raises Refusal chat_not_found, the same as for a chat that is not there."""
        if not self.may_see(customer_id):
            raise errors.chat_not_found()

    def must_be_agent(self, action: str) -> None:
        """Raises Refusal role_required."""
        if not self.is_agent:
            raise errors.role_required(action)
