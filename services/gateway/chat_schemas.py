"""The forms of requests and answers of live chat."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.gateway.schemas import (
    MAX_LIMIT,
    AssigneeIn,
    AssigneeOut,
    AttachmentOut,
    Attachments,
    Consistent,
    CustomerOut,
    Flag,
    Input,
    Query,
    Text,
    TicketAnswer,
    one_of,
    timestamp,
    whole,
)
from shared.events.catalog.chat import EndReason, SpeakerRole, Status
from shared.events.catalog.tickets import Category, Priority

MAX_MESSAGE = 10_000
ACTIONS = ("start_procedure", "choose", "show_status", "talk_to_person", "open_ticket", "open_article")
LEVELS = ("OPERATIONAL", "DEGRADED", "OUTAGE", "MAINTENANCE", "UNKNOWN")
OWNERS = ("ASSISTANT", "AGENT")


# Requests


class StartChat(Input):
    message = Text(1, MAX_MESSAGE, lines=True, allow_none=True, load_default=None)
    previous_chat = fields.UUID(allow_none=True, load_default=None)

    @post_load
    def texts(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        previous = data["previous_chat"]
        return {**data, "previous_chat": None if previous is None else str(previous)}


def _told(high: int) -> fields.String:
    return fields.String(allow_none=True, validate=validate.Length(max=high))


class ActionIn(Input):
    """An action that a message offered, as it was."""

    kind = one_of(ACTIONS, required=True)
    label = fields.String(required=True, validate=validate.Length(1, 200))
    value = _told(1_000)
    procedure = _told(100)
    step = _told(100)
    service = _told(100)
    slug = _told(100)
    anchor = _told(200)
    subject = _told(200)
    category = _told(40)
    priority = _told(40)
    description = _told(MAX_MESSAGE)


class WriteMessage(Input):
    """Words, files or an action."""

    body = Text(0, MAX_MESSAGE, lines=True, load_default="")
    attachments = Attachments()
    action = fields.Nested(ActionIn, allow_none=True, load_default=None)

    @validates_schema
    def something(self, data: dict[str, Any], **_: Any) -> None:
        if not data["body"] and not data["attachments"] and data["action"] is None:
            raise ValidationError("Write something, or attach a file.", "body")


class RateAnswer(Input):
    helpful = Flag(required=True)


class RequestAgent(Input):
    reason = Text(1, 1_000, lines=True, allow_none=True, load_default=None)


class TransferChat(Input):
    assignee = fields.Nested(AssigneeIn, required=True, allow_none=True)


class MakeTicket(Input):
    subject = Text(3, 150, allow_none=True, load_default=None)
    category = one_of(Category, allow_none=True, load_default=None)
    priority = one_of(Priority, allow_none=True, load_default=None)
    description = Text(1, MAX_MESSAGE, lines=True, allow_none=True, load_default=None)


class ReportPresence(Input):
    """`capacity`: chats at once."""

    available = Flag(load_default=True)
    capacity = whole(load_default=4, validate=validate.Range(1, 20))


class Nothing(Input):
    pass


# Parameters


class ListChats(Consistent):
    status = fields.List(one_of(Status), load_default=list)
    assignee = Text(1, 255, load_default=None)
    customer = Text(1, 255, load_default=None)
    limit = fields.Integer(load_default=25, validate=validate.Range(1, MAX_LIMIT))
    cursor = fields.String(load_default=None, validate=validate.Length(1, 1000))


class ListChatMessages(Consistent):
    before = fields.String(load_default=None, validate=validate.Length(1, 1000))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MAX_LIMIT))


class ListUnanswered(Query):
    days = fields.Integer(load_default=30, validate=validate.Range(1, 365))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MAX_LIMIT))


# Answers


class SpeakerOut(Schema):
    id = fields.String()
    name = fields.String()
    role = one_of(SpeakerRole)


class SourceOut(Schema):
    kind = one_of(("article", "faq"))
    slug = fields.String(metadata={"description": "Of the article; the question's id where kind is faq."})
    version = fields.Integer()
    title = fields.String()
    anchor = fields.String(allow_none=True)


class ActionOut(Schema):
    """Which members there are depends on the kind; send it back as it is."""

    kind = one_of(ACTIONS)
    label = fields.String()
    value = fields.String()
    procedure = fields.String()
    step = fields.String()
    service = fields.String()
    slug = fields.String()
    anchor = fields.String()
    subject = fields.String()
    category = fields.String()
    priority = fields.String()
    description = fields.String()


class ChatMessageOut(Schema):
    id = fields.String()
    kind = fields.String(metadata={"description": "message, or what a line of the system is about."})
    author = fields.Nested(SpeakerOut)
    body = fields.String()
    attachments = fields.List(fields.Nested(AttachmentOut))
    action = fields.Nested(ActionOut, allow_none=True)
    sources = fields.List(fields.Nested(SourceOut))
    confidence = fields.Float(allow_none=True)
    actions = fields.List(fields.Nested(ActionOut))
    feedback = fields.Boolean(allow_none=True)
    created_at = timestamp()
    revision = fields.Integer()
    position = fields.Integer()


class ChatMessageAnswer(ChatMessageOut):
    chat_revision = fields.Integer()
    chat_status = one_of(Status)


class ChatMessageList(Schema):
    items = fields.List(fields.Nested(ChatMessageOut))
    next_cursor = fields.String(allow_none=True)
    total = fields.Integer()


class LastSaidOut(Schema):
    author = fields.Nested(SpeakerOut)
    at = timestamp()
    body = fields.String()


class ChatOut(Schema):
    id = fields.String()
    status = one_of(Status)
    owner = one_of(OWNERS, allow_none=True)
    customer = fields.Nested(CustomerOut)
    assignee = fields.Nested(AssigneeOut, allow_none=True)
    ticket_id = fields.String(allow_none=True)
    ticket_number = fields.String(allow_none=True)
    previous_chat = fields.String(allow_none=True)
    question = fields.String(allow_none=True)
    queue_position = fields.Integer(allow_none=True)
    waits_since = timestamp(allow_none=True)
    created_at = timestamp()
    updated_at = timestamp()
    ended_at = timestamp(allow_none=True)
    end_reason = one_of(EndReason, allow_none=True)
    ends_at = timestamp(allow_none=True)
    message_count = fields.Integer()
    last_message = fields.Nested(LastSaidOut, allow_none=True)
    allowed_actions = fields.List(fields.String())
    revision = fields.Integer()


class ChatAnswer(ChatOut):
    position = fields.Integer()


class ChatList(Schema):
    items = fields.List(fields.Nested(ChatOut))
    next_cursor = fields.String(allow_none=True)
    total = fields.Integer()


class HandoffAnswer(ChatAnswer):
    """A chat that waits for a person."""


class ChatTicketAnswer(TicketAnswer):
    """The ticket that a chat has become."""


class AvailabilityOut(Schema):
    assistant = fields.Boolean()
    human = fields.Boolean()
    opens_at = timestamp(allow_none=True)
    closes_at = timestamp(allow_none=True)
    hours = fields.String()
    timezone = fields.String()
    queue_length = fields.Integer()


class AgentOut(Schema):
    id = fields.String()
    name = fields.String()
    available = fields.Boolean()
    capacity = fields.Integer()
    chats = fields.Integer()


class ChatDeskOut(Schema):
    waiting = fields.Integer()
    mine = fields.Integer()
    with_agents = fields.Integer()
    assisted = fields.Integer()
    agents = fields.List(fields.Nested(AgentOut))


class UnansweredOut(Schema):
    at = timestamp()
    question = fields.String()
    intent = fields.String()
    source = fields.String(allow_none=True)
    confidence = fields.Float()
    engine = fields.String()


class UnansweredList(Schema):
    items = fields.List(fields.Nested(UnansweredOut))


class AnsweredOut(Schema):
    title = fields.String(allow_none=True)
    answered = fields.Boolean()


class ChosenOut(Schema):
    procedure = fields.String(allow_none=True)
    step = fields.String(allow_none=True)
    label = fields.String()


class ChatSummaryOut(Schema):
    question = fields.String(allow_none=True)
    last_question = fields.String(allow_none=True)
    answers = fields.List(fields.Nested(AnsweredOut))
    choices = fields.List(fields.Nested(ChosenOut))
    requested_because = fields.String(allow_none=True)


class IncidentOut(Schema):
    title = fields.String()
    body = fields.String()
    updated_at = timestamp()


class ServiceStatusOut(Schema):
    key = fields.String()
    name = fields.String()
    level = one_of(LEVELS)
    since = timestamp(allow_none=True)
    incident = fields.Nested(IncidentOut, allow_none=True)


class PlatformStatusOut(Schema):
    level = one_of(LEVELS)
    summary = fields.String()
    updated_at = timestamp(allow_none=True)
    url = fields.String()
    services = fields.List(fields.Nested(ServiceStatusOut))
