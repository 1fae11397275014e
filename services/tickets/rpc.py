"""The tickets service on the wire: one line a method."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from services.tickets import views
from services.tickets.actor import Actor
from shared.service.actor import context_of
from shared.service.provided import Provided, Wire
from shared.service.rpc import rpc


class TicketsRpc:
    name = "tickets"

    service: Any = Provided()

    @rpc(kind="command")
    def open_ticket(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.tickets.open(who, context_of(context, who), **command)

    @rpc(kind="command")
    def open_ticket_from_chat(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.tickets.open_from_chat(who, context_of(context, who), **command)

    @rpc(kind="command")
    def bind_to_chat(self, actor: Wire, **command: Any) -> Wire:
        return [asdict(file) for file in self.service.uploads.bind_to_chat(Actor.from_wire(actor), **command)]

    @rpc(kind="command")
    def post_message(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.tickets.post_message(who, context_of(context, who), **command)

    @rpc(kind="command")
    def request_information(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.tickets.request_information(who, context_of(context, who), **command)

    @rpc(kind="command")
    def resolve_ticket(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.tickets.resolve(who, context_of(context, who), **command)

    @rpc(kind="command")
    def reopen_ticket(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.tickets.reopen(who, context_of(context, who), **command)

    @rpc(kind="command")
    def close_ticket(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.tickets.close(who, context_of(context, who), **command)

    @rpc(kind="command")
    def assign_ticket(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.tickets.assign(who, context_of(context, who), **command)

    @rpc(kind="command")
    def change_priority(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.tickets.change_priority(who, context_of(context, who), **command)

    @rpc(kind="command")
    def change_category(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.tickets.change_category(who, context_of(context, who), **command)

    @rpc(kind="command")
    def rate_ticket(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.tickets.rate(who, context_of(context, who), **command)

    @rpc(kind="query")
    def list_tickets(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.list_tickets(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def statistics(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.statistics(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def get_ticket(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.get_ticket(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def list_messages(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.list_messages(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def ticket_history(self, actor: Wire, ticket_id: str) -> Wire:
        return self.service.queries.history(Actor.from_wire(actor), ticket_id)

    @rpc(kind="query")
    def get_draft(self, actor: Wire, ticket_id: str) -> Wire:
        return self.service.queries.get_draft(Actor.from_wire(actor), ticket_id)

    @rpc(kind="command")
    def put_draft(self, actor: Wire, **draft: Any) -> Wire:
        return self.service.queries.put_draft(Actor.from_wire(actor), **draft)

    @rpc(kind="command")
    def delete_draft(self, actor: Wire, ticket_id: str) -> None:
        self.service.queries.delete_draft(Actor.from_wire(actor), ticket_id)

    @rpc(kind="command")
    def mark_read(self, actor: Wire, ticket_id: str, revision: int) -> Wire:
        return self.service.queries.mark_read(Actor.from_wire(actor), ticket_id, revision)

    @rpc(kind="command")
    def register_upload(self, actor: Wire, **upload: Any) -> Wire:
        row = self.service.uploads.register(Actor.from_wire(actor), **upload)
        return {**views.attachment(row), "replayed": row["replayed"]}

    @rpc(kind="query")
    def find_attachment(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.find_attachment(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def feed(self, after: int, limit: int = 500) -> Wire:
        return self.service.queries.feed(after, limit)

    @rpc(kind="query")
    def events(self, actor: Wire, after: int, limit: int = 100) -> Wire:
        return self.service.queries.events(Actor.from_wire(actor), after, limit)

    @rpc(kind="query")
    def agents(self, actor: Wire) -> Wire:
        return self.service.queries.agents(Actor.from_wire(actor))

    @rpc(kind="query")
    def ping(self) -> Wire:
        return {}
