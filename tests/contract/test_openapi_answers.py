"""What the gateway answers to generated requests, good and bad, against its own OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from services.gateway import bootstrap
from services.gateway.http.app import App
from services.gateway.http.handlers import Gateway
from services.gateway.live import Hub
from services.gateway.settings import HUB_CARDS, HubCard, Rates, Settings
from shared.objects import StoredObject
from shared.service.settings import ServiceSettings

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
ID = "0b8f7f4e-7f0e-4d2b-9a57-1f3f6f6a2c11"
AT = "2026-11-24T09:00:00+00:00"
PERSON = {"id": "anna", "name": "Anna"}
FILE = {"id": ID, "filename": "a.txt", "content_type": "text/plain", "size": 1, "sha256": "0" * 64}
MESSAGE = {
    "id": ID,
    "author": {**PERSON, "role": "customer"},
    "body": "Hello",
    "internal": False,
    "attachments": [FILE],
    "created_at": AT,
    "revision": 1,
    "position": 2,
}
TICKET = {
    "id": ID,
    "number": "CF-7K2M9QX",
    "subject": "Instance",
    "category": "GENERAL",
    "priority": "LOW",
    "status": "OPEN",
    "description": "Text",
    "customer": {**PERSON, "email": "anna@example.org", "account": "acme"},
    "assignee": None,
    "created_at": AT,
    "updated_at": AT,
    "first_response_at": None,
    "first_response_due_at": AT,
    "resolved_at": None,
    "closed_at": None,
    "closes_at": None,
    "message_count": 1,
    "unread_count": 0,
    "attachments": [],
    "attachment_count": 0,
    "satisfaction": None,
    "last_message": {"author": {**PERSON, "role": "customer"}, "at": AT},
    "follow_up_to": None,
    "from_chat": None,
    "allowed_actions": ["reply"],
    "revision": 1,
}
COMMAND = {"ticket": TICKET, "message": MESSAGE, "revision": 1, "position": 2, "replayed": False}
PAGE = {"next_cursor": None, "total": 1, "position": 2}
ENTRY = {"position": 2, "revision": 1, "internal": False, "name": "TicketOpened", "version": 1, "at": AT, "data": {}}
SUMMARY = {
    "id": ID,
    "slug": "create-an-instance",
    "title": "Create an instance",
    "summary": "In five minutes",
    "category": "getting-started",
    "tags": ["compute"],
    "language": "en",
    "version": 1,
    "updated_at": AT,
}
LINK = {"slug": "create-an-instance", "title": "Create an instance", "category": "getting-started"}
HEADING = {"level": 2, "id": "before", "title": "Before"}
ARTICLE = {
    **SUMMARY,
    "body_markdown": "## Before",
    "body_html": '<h2 id="before">Before</h2>',
    "contents": [HEADING],
    "helpful": {"yes": 1, "no": 0},
    "my_vote": {"helpful": True, "comment": None},
    "related": [LINK],
}
VERSION = {"version": 1, "title": "Create an instance", "change_note": "", "from_version": None, "by": PERSON, "at": AT}
TEXT = {name: SUMMARY[name] for name in ("slug", "title", "summary", "category", "tags", "language")} | {"body": "x"}
AUTHORED = {
    **SUMMARY,
    "status": "PUBLISHED",
    "changed": False,
    "published_at": AT,
    "created_at": AT,
    "draft": TEXT,
    "draft_by": PERSON,
    "draft_at": AT,
    "allowed_actions": ["revise", "archive", "restore"],
    "revision": 1,
}
QUESTION = {
    "id": ID,
    "question": "How?",
    "answer_markdown": "So.",
    "answer_html": "<p>So.</p>",
    "category": "getting-started",
    "position": 10,
    "updated_at": AT,
    "revision": 1,
}
RECEIPT = {"revision": 1, "position": 2, "replayed": False}
COUNT = {"searches": 3, "without_result": 1, "opened": 1}
KNOWLEDGE: dict[str, Any] = {
    "kb_categories": {
        "items": [{"slug": "getting-started", "title": "Start", "description": "", "article_count": 1}],
        "position": 2,
    },
    "list_articles": {"items": [SUMMARY], **PAGE},
    "get_article": {"article": ARTICLE, "position": 2},
    "article_versions": {"items": [VERSION], "position": 2},
    "search": {
        "search_id": ID,
        "items": [{**LINK, "snippet_html": "an <mark>instance</mark>", "score": 1.5}],
        "total": 1,
        "facets": {"getting-started": 1},
        "did_you_mean": None,
        "engine": "postgresql",
    },
    "suggest": {"items": [LINK], "engine": "postgresql"},
    "result_chosen": None,
    "article_feedback": {
        "article_id": ID,
        "version": 1,
        "helpful": True,
        "comment": None,
        "position": 2,
        "replayed": False,
    },
    "faq_list": {"items": [QUESTION], "position": 2},
    "authored_articles": {"items": [{**AUTHORED, "helpful": {"yes": 1, "no": 0}}], **PAGE},
    "author_article": {"article": {**AUTHORED, "helpful": {"yes": 1, "no": 0}}, "position": 2},
    "authors_versions": {"items": [VERSION], "position": 2},
    "authors_version": {"version": {**VERSION, "text": TEXT}, "position": 2},
    "feedback_report": {"items": [{"version": 1, "helpful": False, "comment": "Too short", "at": AT}]},
    "searches_report": {"items": [{"query": "vpn", **COUNT, "last_at": AT}], "totals": COUNT},
    "events": {"items": [], "position": 2, "caught_up": True},
    "preview": {"body_html": "<p>x</p>", "contents": [HEADING]},
    **{
        method: {"article": AUTHORED, **RECEIPT}
        for method in ("draft_article", "revise_article", "publish_article", "archive_article", "restore_article")
    },
    **{method: {"faq": QUESTION, **RECEIPT} for method in ("create_faq", "update_faq", "delete_faq")},
}
ANSWERS: dict[str, Any] = {
    "list_tickets": {"items": [TICKET], **PAGE},
    "list_messages": {"items": [MESSAGE], **PAGE},
    "get_ticket": {"ticket": TICKET, "messages": [MESSAGE], "position": 2},
    "ticket_history": {"items": [{**ENTRY, "actor": {**PERSON, "role": "agent"}, "words": "Anna"}], "position": 2},
    "statistics": {"total": 1, "open": 1, "cards": {"total": 1, "open": 1}, "position": 2},
    "get_draft": None,
    "put_draft": {"body": "x", "attachments": [FILE], "updated_at": AT},
    "delete_draft": {},
    "mark_read": {"unread_count": 0},
    "agents": {"items": [PERSON]},
    "events": {"items": [], "position": 2, "caught_up": True},
    "register_upload": FILE,
    "find_attachment": {**FILE, "sha256": "1" * 64},
    "feed": {"items": [], "position": 2, "caught_up": True, "head": 2},
}


class KeepsNothing:
    """An object store in which every file has one byte."""

    def put(self, chunks: Iterable[bytes], limit: int) -> StoredObject:
        return StoredObject("1" * 64, sum(map(len, chunks)))

    def size(self, sha256: str) -> int:
        return 1

    def open(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        return iter([b"x"])

    def check(self) -> None:
        return


class Tickets:
    """A tickets service that takes everything."""

    def call(self, method: str, **_: Any) -> Any:
        return ANSWERS.get(method, COMMAND)


SPEAKER = {"id": "a", "name": "Anna", "role": "agent"}
CHAT = {
    "id": ID,
    "status": "WITH_AGENT",
    "owner": "AGENT",
    "customer": {**PERSON, "email": "a@b.example", "account": "acme"},
    "assignee": PERSON,
    "ticket_id": None,
    "ticket_number": None,
    "previous_chat": None,
    "question": "How?",
    "queue_position": None,
    "waits_since": None,
    "created_at": AT,
    "updated_at": AT,
    "ended_at": None,
    "end_reason": None,
    "ends_at": AT,
    "message_count": 1,
    "last_message": {"author": SPEAKER, "at": AT, "body": "So."},
    "allowed_actions": ["write"],
    "revision": 3,
}
SAID = {
    "id": ID,
    "kind": "message",
    "author": {**SPEAKER, "role": "assistant"},
    "body": "So.",
    "attachments": [FILE],
    "action": None,
    "sources": [{"kind": "article", "slug": "x", "version": 1, "title": "X", "anchor": None}],
    "confidence": 0.9,
    "actions": [{"kind": "talk_to_person", "label": "Talk to a person"}],
    "feedback": None,
    "created_at": AT,
    "revision": 3,
    "position": 2,
}
DONE = {"chat": CHAT, "message": SAID, "ticket": TICKET, **RECEIPT}
DESK = {
    "waiting": 1,
    "mine": 0,
    "with_agents": 0,
    "assisted": 2,
    "agents": [{**PERSON, "available": True, "capacity": 4, "chats": 0}],
}
STATUS = {
    "level": "DEGRADED",
    "summary": "Slow",
    "updated_at": AT,
    "url": "https://status.example/",
    "services": [
        {
            "key": "dns",
            "name": "DNS",
            "level": "DEGRADED",
            "since": AT,
            "incident": {"title": "Slow", "body": "We look.", "updated_at": AT},
        }
    ],
}
AVAILABLE = {
    "assistant": True,
    "human": True,
    "opens_at": None,
    "closes_at": AT,
    "hours": "Monday to Friday",
    "timezone": "Europe/Berlin",
    "queue_length": 1,
}
CHATS: dict[str, Any] = {
    "list_chats": {"items": [CHAT], **PAGE},
    "get_chat": {"chat": CHAT, "position": 2},
    "list_messages": {"items": [SAID], **PAGE},
    "summary": {
        "question": "How?",
        "last_question": "How?",
        "answers": [{"title": "X", "answered": True}],
        "choices": [{"procedure": "p", "step": "s", "label": "Yes"}],
        "requested_because": None,
    },
    "unanswered": {
        "items": [
            {"at": AT, "question": "How?", "intent": "unknown", "source": None, "confidence": 0.1, "engine": "passages"}
        ]
    },
    "availability": AVAILABLE,
    "desk": DESK,
    "report_presence": DESK,
    "platform_status": STATUS,
    "hub": {"availability": AVAILABLE, "status": STATUS},
    "typing": None,
    "events": {"items": [], "position": 2, "caught_up": True},
}


class Chats:
    """A chat service that takes everything."""

    def call(self, method: str, **_: Any) -> Any:
        return CHATS.get(method, DONE)


class Knowledge:
    """A knowledge service that has one of everything."""

    def call(self, method: str, **_: Any) -> Any:
        return KNOWLEDGE[method]


@cache
def gateway() -> tuple[App, str]:
    """The application, and a token of somebody who is customer and agent."""
    made = Settings(
        service=ServiceSettings(service="gateway", amqp_url="amqp://nobody@localhost:1/none"),
        object_store_url="file:///nowhere/that/is/written/to",
        dev_login=True,
        rates=Rates(0, 0, 0, 0, 0),
        hub_cards=tuple(HubCard(key, title, text, url) for key, title, text, _, url in HUB_CARDS),
        max_streams_per_person=1000,
    )
    # The session is over for the hub's clock, so that each stream ends after its first word.
    hub = Hub({"tickets": lambda after, limit: ANSWERS["feed"]}, wall=lambda: 1e12)
    hub.pull()
    parts = replace(
        bootstrap.build(made, lambda seconds: nullcontext()),
        tickets=Tickets(),
        knowledge=Knowledge(),
        chat=Chats(),
        hub=hub,
        objects=KeepsNothing(),
    )

    def run(entry: Any, call: Any) -> Any:
        service = Gateway()
        service.parts = parts
        return getattr(service, entry.name)(call)

    person = {"sub": "anna", "name": "Anna", "email": "anna@example.org", "account": "acme"}
    assert parts.dev_login is not None
    token = parts.dev_login.token({**person, "roles": ["customer", "agent"]})["access_token"]
    return App(Gateway, parts, run), token


def application(environ: dict[str, Any], start_response: Any) -> Any:
    return gateway()[0](environ, start_response)


schema = schemathesis.openapi.from_dict(bootstrap.openapi_document())
schema.app = application
# Ready it is not, without a broker: a 503 that is no failure.
schema = schema.exclude(path="/health/ready")


@schema.parametrize()
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_answers_are_as_documented(case: Any) -> None:
    headers = {"Authorization": f"Bearer {gateway()[1]}", "Accept-Encoding": "identity"}
    response = case.call(headers=headers)
    case.validate_response(response, checks=CHECKS, headers=headers)
