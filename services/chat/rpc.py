"""The chat service on the wire: one line a method."""

from __future__ import annotations

from typing import Any

from services.chat.actor import Actor
from shared.service.actor import context_of
from shared.service.provided import Provided, Wire
from shared.service.rpc import rpc


class ChatRpc:
    name = "chat"

    service: Any = Provided()

    @rpc(kind="command")
    def start_chat(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.chats.start(who, context_of(context, who), **command)

    @rpc(kind="command")
    def write_message(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.write(who, context_of(context, who), **command)

    @rpc(kind="command")
    def rate_answer(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.chats.rate(who, context_of(context, who), **command)

    @rpc(kind="command")
    def request_agent(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.chats.request_agent(who, context_of(context, who), **command)

    @rpc(kind="command")
    def withdraw_request(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.chats.withdraw_request(who, context_of(context, who), **command)

    @rpc(kind="command")
    def accept_chat(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.accept(who, context_of(context, who), **command)

    @rpc(kind="command")
    def transfer_chat(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.transfer(who, context_of(context, who), **command)

    @rpc(kind="command")
    def hand_back_chat(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.chats.hand_back(who, context_of(context, who), **command)

    @rpc(kind="command")
    def end_chat(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.chats.end(who, context_of(context, who), **command)

    @rpc(kind="command")
    def make_ticket(self, actor: Wire, context: Wire, **command: Any) -> Wire:
        who = Actor.from_wire(actor)
        return self.service.chats.make_ticket(who, context_of(context, who), **command)

    @rpc(kind="command")
    def typing(self, actor: Wire, chat_id: str) -> Wire:
        self.service.typing(Actor.from_wire(actor), chat_id)

    @rpc(kind="command")
    def report_presence(self, actor: Wire, **presence: Any) -> Wire:
        who = Actor.from_wire(actor)
        self.service.presence.report(who, **presence)
        return self.service.queries.desk(who)

    @rpc(kind="query")
    def get_chat(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.get_chat(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def list_chats(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.list_chats(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def list_messages(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.list_messages(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def summary(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.summary(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def availability(self) -> Wire:
        return self.service.queries.availability()

    @rpc(kind="query")
    def hub(self) -> Wire:
        queries = self.service.queries
        return {"availability": queries.availability(), "status": queries.platform_status()}

    @rpc(kind="query")
    def desk(self, actor: Wire) -> Wire:
        return self.service.queries.desk(Actor.from_wire(actor))

    @rpc(kind="query")
    def unanswered(self, actor: Wire, **question: Any) -> Wire:
        return self.service.queries.unanswered(Actor.from_wire(actor), **question)

    @rpc(kind="query")
    def platform_status(self) -> Wire:
        return self.service.queries.platform_status()

    @rpc(kind="query")
    def feed(self, after: int, limit: int = 500) -> Wire:
        return self.service.queries.feed(after, limit)

    @rpc(kind="query")
    def events(self, actor: Wire, after: int, limit: int = 100) -> Wire:
        return self.service.queries.events(Actor.from_wire(actor), after, limit)

    @rpc(kind="query")
    def ping(self) -> Wire:
        return {}
