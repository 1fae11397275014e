"""What the assistant looks up: the knowledge base and tickets over RPC, the platform's state from its source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.chat.assistant.port import Asker, LookupFailed, Passage, Source, StatusReport, TicketFound
from services.chat.status.port import StatusSource
from services.chat.tickets import Tickets, customers_view
from shared.events.catalog.types import Customer
from shared.events.errors import Refusal
from shared.service.client import RemoteRefusal, RemoteService, ServiceUnavailable

PASSAGES_SECONDS = 3.0
UNSOLVED = ("OPEN", "IN_PROGRESS", "WAITING_ON_CUSTOMER")


class RemoteLookups:
    """Implements `Lookups`; whoever asks for tickets gets this person's and no other's."""

    def __init__(self, knowledge: RemoteService, tickets: Tickets, status: StatusSource) -> None:
        self._knowledge, self._tickets, self._status = knowledge, tickets, status

    def passages(self, query: str, limit: int = 8) -> Sequence[Passage]:
        try:
            answer = self._knowledge.call("passages", deadline=PASSAGES_SECONDS, q=query, limit=limit)
        except (RemoteRefusal, ServiceUnavailable) as error:
            raise LookupFailed(f"knowledge: {error}") from error
        return [passage_of(item) for item in answer["items"]]

    def status(self) -> StatusReport:
        return self._status.report()

    def ticket(self, asker: Asker, number: str) -> TicketFound | None:
        found = self._find(asker, q=number, limit=5)
        return next((ticket for ticket in found if ticket.number == number.upper()), None)

    def tickets(self, asker: Asker, limit: int = 5) -> Sequence[TicketFound]:
        return self._find(asker, status=list(UNSOLVED), limit=limit)

    def _find(self, asker: Asker, **filters: Any) -> list[TicketFound]:
        customer = Customer(asker.id, asker.name, asker.email, asker.account)
        try:
            return [_ticket(item) for item in self._tickets.find(customers_view(customer), **filters)]
        except Refusal as refusal:
            raise LookupFailed(f"tickets: {refusal.code}") from refusal


def passage_of(item: dict[str, Any]) -> Passage:
    """A passage as the knowledge service gives it."""
    source = Source(item["kind"], item["slug"], item["version"], item["title"], item["anchor"])
    return Passage(source, item["heading"], item["text"], item["category"], item["score"])


def _ticket(item: dict[str, Any]) -> TicketFound:
    return TicketFound(
        item["id"], item["number"], item["subject"], item["status"], datetime.fromisoformat(item["updated_at"])
    )
