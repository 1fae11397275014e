"""Live chat over HTTP: one RPC a call; shapes and refusals are the chat service's."""

from __future__ import annotations

from typing import Any

from services.gateway import chat_schemas as schemas
from services.gateway.conditions import etag
from services.gateway.http.base import Handlers
from services.gateway.http.route import API, Answer, Call, route
from services.gateway.http.tickets import command_headers, position_header, read_answer
from services.gateway.limits import READ
from services.gateway.policy import AGENT, CUSTOMER, CUSTOMER_OR_AGENT, PUBLIC
from services.gateway.schemas import NoQuery

CHATS = f"{API}/chats"
CHAT = f"{CHATS}/<uuid:chat_id>"
_MISSING = ("chat_not_found",)
_REFUSALS = (*_MISSING, "chat_ended", "not_allowed_in_status", "stale_revision", "write_conflict")
_FILES = ("attachment_not_found", "too_many_attachments", "tickets_away")


class Chats(Handlers):
    @route(
        "GET",
        f"{CHATS}/availability",
        policy=PUBLIC,
        query=NoQuery,
        answers={200: schemas.AvailabilityOut},
        tag="Live chat",
    )
    def chat_availability(self, call: Call) -> Answer:
        """Say who answers chats now, and when people do."""
        return Answer(200, self.chat.call("availability"))

    @route(
        "GET",
        f"{CHATS}/desk",
        policy=AGENT,
        query=NoQuery,
        answers={200: schemas.ChatDeskOut},
        tag="Live chat",
    )
    def chat_desk(self, call: Call) -> Answer:
        """Count the chats that wait and that agents have, and say which agents are there."""
        return Answer(200, self.chat.call("desk", actor=call.actor))

    @route(
        "GET",
        f"{CHATS}/unanswered",
        policy=AGENT,
        query=schemas.ListUnanswered,
        answers={200: schemas.UnansweredList},
        tag="Live chat",
    )
    def unanswered_questions(self, call: Call) -> Answer:
        """List what the assistant had no answer to, the latest first, without who asked."""
        return Answer(200, self.chat.call("unanswered", actor=call.actor, **call.query))

    @route(
        "PUT",
        f"{CHATS}/presence",
        policy=AGENT,
        body=schemas.ReportPresence,
        answers={200: schemas.ChatDeskOut},
        limit=READ,
        tag="Live chat",
    )
    def report_presence(self, call: Call) -> Answer:
        """Say that one is there, every 20 seconds or so; who is not for a minute loses the chats to the queue."""
        return Answer(200, self.chat.call("report_presence", actor=call.actor, **call.body))

    @route(
        "POST",
        CHATS,
        policy=CUSTOMER,
        body=schemas.StartChat,
        answers={201: schemas.ChatAnswer},
        command=True,
        tag="Live chat",
        codes=(*_MISSING, "write_conflict"),
    )
    def start_chat(self, call: Call) -> Answer:
        """Begin a chat with the assistant, with a first message or without."""
        result = self._chat_command(call, "start_chat", **call.body)
        place = ("Location", f"{CHATS}/{result['chat']['id']}")
        return Answer(201, _chat(result), (place, *command_headers(result)))

    @route(
        "GET",
        CHATS,
        policy=CUSTOMER_OR_AGENT,
        query=schemas.ListChats,
        answers={200: schemas.ChatList},
        tag="Live chat",
        codes=("invalid_cursor",),
    )
    def list_chats(self, call: Call) -> Answer:
        """List one's own chats; agents list all, and only those that wait in the order of the queue."""
        return read_answer(self.chat.call("list_chats", actor=call.actor, **call.query))

    @route(
        "GET",
        CHAT,
        policy=CUSTOMER_OR_AGENT,
        query=schemas.Consistent,
        answers={200: schemas.ChatOut},
        tag="Live chat",
        codes=_MISSING,
    )
    def get_chat(self, call: Call) -> Answer:
        """Read a chat."""
        result = self.chat.call("get_chat", actor=call.actor, chat_id=call.path["chat_id"], **call.query)
        chat = result["chat"]
        return Answer(200, chat, (("ETag", etag(chat["revision"])), *position_header(result)))

    @route(
        "GET",
        f"{CHAT}/messages",
        policy=CUSTOMER_OR_AGENT,
        query=schemas.ListChatMessages,
        answers={200: schemas.ChatMessageList},
        tag="Live chat",
        codes=(*_MISSING, "invalid_cursor"),
    )
    def list_chat_messages(self, call: Call) -> Answer:
        """Read the conversation, oldest first; next_cursor as before= gives the page of earlier ones."""
        chat_id = call.path["chat_id"]
        return read_answer(self.chat.call("list_messages", actor=call.actor, chat_id=chat_id, **call.query))

    @route(
        "GET",
        f"{CHAT}/summary",
        policy=AGENT,
        query=NoQuery,
        answers={200: schemas.ChatSummaryOut},
        tag="Live chat",
        codes=_MISSING,
    )
    def chat_summary(self, call: Call) -> Answer:
        """Read what was asked, answered and tried before a person came."""
        return Answer(200, self.chat.call("summary", actor=call.actor, chat_id=call.path["chat_id"]))

    @route(
        "POST",
        f"{CHAT}/messages",
        policy=CUSTOMER_OR_AGENT,
        body=schemas.WriteMessage,
        answers={201: schemas.ChatMessageAnswer},
        command=True,
        tag="Live chat",
        codes=(*_REFUSALS, *_FILES, "not_your_chat", "action_not_offered", "nothing_said"),
    )
    def write_chat_message(self, call: Call) -> Answer:
        """Write a message, or send back an action that the assistant offered; its answer follows as a message."""
        result = self._on_chat(call, "write_message")
        message = {
            **result["message"],
            "position": result["position"],
            "chat_revision": result["revision"],
            "chat_status": result["chat"]["status"],
        }
        return Answer(201, message, command_headers(result)[1:])

    @route(
        "POST",
        f"{CHAT}/messages/<uuid:message_id>/feedback",
        policy=CUSTOMER,
        body=schemas.RateAnswer,
        answers={200: schemas.ChatAnswer},
        command=True,
        tag="Live chat",
        codes=(*_REFUSALS, "message_not_found"),
    )
    def rate_chat_answer(self, call: Call) -> Answer:
        """Say whether an answer of the assistant helped; a later word replaces it."""
        return self._changed(call, "rate_answer", message_id=call.path["message_id"])

    @route(
        "POST",
        f"{CHAT}/typing",
        policy=CUSTOMER_OR_AGENT,
        body=schemas.Nothing,
        answers={204: None},
        limit=READ,
        tag="Live chat",
        codes=_MISSING,
    )
    def chat_typing(self, call: Call) -> Answer:
        """Show the other side for some seconds that one types; nothing is kept."""
        self.chat.call("typing", actor=call.actor, chat_id=call.path["chat_id"])
        return Answer(204)

    @route(
        "POST",
        f"{CHAT}/handoff",
        policy=CUSTOMER,
        body=schemas.RequestAgent,
        answers={202: schemas.HandoffAnswer},
        command=True,
        tag="Live chat",
        codes=(*_REFUSALS, "outside_business_hours"),
    )
    def request_agent(self, call: Call) -> Answer:
        """Ask for a person; outside hours the refusal says when people are back, and offers a ticket."""
        result = self._on_chat(call, "request_agent")
        return Answer(202, _chat(result), command_headers(result))

    @route(
        "DELETE",
        f"{CHAT}/handoff",
        policy=CUSTOMER,
        answers={200: schemas.ChatAnswer},
        command=True,
        tag="Live chat",
        codes=_REFUSALS,
    )
    def withdraw_request(self, call: Call) -> Answer:
        """Wait no longer; the assistant goes on."""
        return self._changed(call, "withdraw_request")

    @route(
        "POST",
        f"{CHAT}/accept",
        policy=AGENT,
        body=schemas.Nothing,
        answers={200: schemas.ChatAnswer},
        command=True,
        tag="Live chat",
        codes=(*_REFUSALS, "already_taken", "at_capacity"),
    )
    def accept_chat(self, call: Call) -> Answer:
        """Take a chat, from the queue or from the assistant; of several agents one gets it."""
        return self._changed(call, "accept_chat")

    @route(
        "POST",
        f"{CHAT}/transfer",
        policy=AGENT,
        body=schemas.TransferChat,
        answers={200: schemas.ChatAnswer},
        command=True,
        tag="Live chat",
        codes=(*_REFUSALS, "not_your_chat", "agent_not_there"),
    )
    def transfer_chat(self, call: Call) -> Answer:
        """Pass a chat on to another agent, or to the queue."""
        return self._changed(call, "transfer_chat")

    @route(
        "POST",
        f"{CHAT}/hand-back",
        policy=AGENT,
        body=schemas.Nothing,
        answers={200: schemas.ChatAnswer},
        command=True,
        tag="Live chat",
        codes=(*_REFUSALS, "not_your_chat"),
    )
    def hand_back_chat(self, call: Call) -> Answer:
        """Leave a chat to the assistant."""
        return self._changed(call, "hand_back_chat")

    @route(
        "POST",
        f"{CHAT}/end",
        policy=CUSTOMER_OR_AGENT,
        body=schemas.Nothing,
        answers={200: schemas.ChatAnswer},
        command=True,
        tag="Live chat",
        codes=(*_REFUSALS, "not_your_chat"),
    )
    def end_chat(self, call: Call) -> Answer:
        """End a chat."""
        return self._changed(call, "end_chat")

    @route(
        "POST",
        f"{CHAT}/ticket",
        policy=CUSTOMER_OR_AGENT,
        body=schemas.MakeTicket,
        answers={201: schemas.ChatTicketAnswer},
        command=True,
        tag="Live chat",
        codes=(*_REFUSALS, "tickets_away"),
    )
    def make_chat_ticket(self, call: Call) -> Answer:
        """Make a ticket of the conversation; a chat has one, and asking again answers the same."""
        result = self._on_chat(call, "make_ticket")
        ticket = {**result["ticket"], "position": result["position"]}
        place = ("Location", f"{API}/tickets/{ticket['id']}")
        return Answer(201, ticket, (place, *command_headers(result)[1:]))

    @route(
        "GET",
        f"{API}/support/status",
        policy=PUBLIC,
        query=NoQuery,
        answers={200: schemas.PlatformStatusOut},
        tag="Support hub",
    )
    def platform_status(self, call: Call) -> Answer:
        """Read how the services of the platform are."""
        return Answer(200, self.chat.call("platform_status"))

    def _chat_command(self, call: Call, method: str, **arguments: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.chat.call(method, actor=call.actor, context=call.context, **arguments)
        return result

    def _on_chat(self, call: Call, method: str, **more: Any) -> dict[str, Any]:
        return self._chat_command(call, method, chat_id=call.path["chat_id"], **more, **call.body)

    def _changed(self, call: Call, method: str, **more: Any) -> Answer:
        result = self._on_chat(call, method, **more)
        return Answer(200, _chat(result), command_headers(result))


def _chat(result: dict[str, Any]) -> dict[str, Any]:
    return {**result["chat"], "position": result["position"]}
