"""The tickets service as chats need it, over RPC."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from services.chat.actor import Actor
from shared.events.catalog.chat import Speaker, SpeakerRole
from shared.events.catalog.types import AttachedFile, Customer
from shared.events.errors import Refusal
from shared.events.event import event_id, fingerprint
from shared.service.client import RemoteRefusal, RemoteService, ServiceUnavailable

_TICKETS = uuid.UUID("3d0b1f9e-5f0d-4a0b-8a43-0d6c7c1f8e52")


class Tickets:
    """Each call has a deadline and raises Refusal: what tickets refuses, or kind unavailable where it is away."""

    def __init__(self, remote: RemoteService) -> None:
        self._remote = remote

    def bind_files(self, actor: Actor, ids: Sequence[str], chat_id: str, customer_id: str) -> tuple[AttachedFile, ...]:
        """The actor's uploads of these ids, bound to the chat so that whoever sees it sees them."""
        files = self._call("bind_to_chat", actor=_wire(actor), ids=list(ids), chat_id=chat_id, customer_id=customer_id)
        return tuple(AttachedFile(**file) for file in files)

    def open(
        self,
        by: Speaker,
        customer: Customer,
        chat_id: str,
        correlation_id: str,
        causation_id: str,
        subject: str,
        category: str,
        priority: str,
        description: str,
        attachments: Sequence[str],
    ) -> dict[str, Any]:
        """The ticket that a chat becomes: however often it is asked for, and by whom, a chat has one."""
        command = event_id(uuid.uuid5(_TICKETS, chat_id), 0)
        answer = self._call(
            "open_ticket_from_chat",
            actor=_wire(_viewer(by, customer)),
            context={
                "command_id": str(command),
                "fingerprint": fingerprint("chat", chat_id),
                "correlation_id": correlation_id,
                "causation_id": causation_id,
            },
            chat_id=chat_id,
            customer={
                "id": customer.id,
                "name": customer.name,
                "email": customer.email,
                "account": customer.account,
            },
            by={"id": by.id, "name": by.name, "role": str(by.role)},
            subject=subject,
            category=category,
            priority=priority,
            description=description,
            attachments=list(attachments),
        )
        return dict(answer["ticket"]) | {"position": answer["position"]}

    def find(self, actor: Actor, **filters: Any) -> list[dict[str, Any]]:
        """Tickets that the actor may see."""
        return list(self._call("list_tickets", deadline=2.0, actor=_wire(actor), **filters)["items"])

    def get(self, actor: Actor, ticket_id: str) -> dict[str, Any]:
        return dict(self._call("get_ticket", actor=_wire(actor), ticket_id=ticket_id)["ticket"])

    def _call(self, method: str, deadline: float = 5.0, **arguments: Any) -> Any:
        try:
            return self._remote.call(method, deadline=deadline, **arguments)
        except RemoteRefusal as refused:
            problem = refused.problem
            raise Refusal(
                problem["code"],
                problem["detail"],
                kind=problem["kind"],
                errors=problem["errors"],
                details=problem["details"],
            ) from refused
        except ServiceUnavailable as away:
            raise Refusal(
                "tickets_away",
                "Tickets cannot be reached at the moment. Please try again.",
                kind="unavailable",
                details={"retry_after": away.retry_after},
            ) from away


def customers_view(customer: Customer) -> Actor:
    """The customer as the one who asks, with this person's rights and no more."""
    roles = frozenset({str(SpeakerRole.CUSTOMER)})
    return Actor(customer.id, customer.name, customer.email, customer.account, roles)


def _viewer(by: Speaker, customer: Customer) -> Actor:
    """Who is shown the ticket: the agent who asked for it, else its customer."""
    if by.role is SpeakerRole.AGENT:
        return Actor(by.id, by.name, "", "", frozenset({str(SpeakerRole.AGENT)}))
    return customers_view(customer)


def _wire(actor: Actor) -> Mapping[str, Any]:
    return {
        "id": actor.id,
        "name": actor.name,
        "email": actor.email,
        "account": actor.account,
        "roles": sorted(actor.roles),
    }
