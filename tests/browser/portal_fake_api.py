"""The gateway as the Support page sees it, in memory, answered inside the browser by route interception.

For states that are hard to bring about on real servers: refusals, lost answers, empty accounts. The story on real
servers is told by the other browser tests.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Request, Route

from services.gateway.assets import page_policy

PROJECT = Path(__file__).resolve().parents[2]
GATEWAY = PROJECT / "services" / "gateway"
ORIGIN = "http://localhost"
LENA = {
    "sub": "6f1c2a54-0d3e-4b7a-9a61-3c1f5e8d7b01",
    "name": "Lena Hofer",
    "email": "lena@halden.example",
    "account": "Halden Logistics",
    "roles": ["customer"],
    "title": "Platform engineer",
}
ANNA = {"id": "a3d90b76-52c8-4e1f-8b24-7e6d1c0f9a11", "name": "Anna Keller", "role": "agent"}
NOW = datetime.now(UTC).replace(microsecond=0)
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
ASSISTANT = {"id": "assistant", "name": "Assistant", "role": "assistant"}
SYSTEM = {"id": "system", "name": "Cloud Factory Support", "role": "system"}
ME = {"id": LENA["sub"], "name": LENA["name"], "role": "customer"}
CHAT_ACTIONS = {
    "ASSISTED": ["write", "request_agent", "make_ticket", "rate", "end"],
    "WAITING_FOR_AGENT": ["write", "withdraw_request", "make_ticket", "rate", "end"],
    "WITH_AGENT": ["write", "make_ticket", "rate", "end"],
    "ENDED": ["make_ticket", "rate"],
}
OWNERS = {"WITH_AGENT": "AGENT", "ENDED": None}
ACTIONS = {
    "OPEN": ["reply", "resolve"],
    "IN_PROGRESS": ["reply", "resolve"],
    "WAITING_ON_CUSTOMER": ["reply", "resolve"],
    "RESOLVED": ["reply", "reopen", "rate"],
    "CLOSED": ["rate", "follow_up"],
}


def at(hours_ago: float) -> str:
    return (NOW - timedelta(hours=hours_ago)).isoformat().replace("+00:00", "Z")


@dataclass
class FakeApi:
    """Tickets and chats of one customer; `failures` are answered before anything else, in order, once each."""

    tickets: list[dict[str, Any]] = field(default_factory=list)
    messages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    history: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    drafts: dict[str, Any] = field(default_factory=dict)
    failures: list[tuple[str, str, int | None, dict[str, Any]]] = field(default_factory=list)
    calls: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    signals: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """What goes over the live stream once, without a position."""
    chats: list[dict[str, Any]] = field(default_factory=list)
    said: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    opens_at: str | None = None
    """When people are back; None: they are there."""
    answered: dict[str, Any] = field(default_factory=dict)
    assets: set[str] = field(default_factory=set)
    position: int = 100
    away: str = ""
    """What matches this path pattern answers 503 as long as it stands here."""

    # What a test arranges

    def ticket(self, subject: str, status: str = "OPEN", **more: Any) -> dict[str, Any]:
        number = len(self.tickets) + 1
        self.position += 1
        ticket = {
            "id": f"00000000-0000-4000-8000-{number:012d}",
            "number": f"CF-{number:07d}",
            "subject": subject,
            "category": "TECHNICAL",
            "priority": "MEDIUM",
            "status": status,
            "description": "It stopped working this morning.",
            "customer": {"id": LENA["sub"], "name": LENA["name"], "email": LENA["email"], "account": LENA["account"]},
            "assignee": None,
            "created_at": at(30),
            "updated_at": at(number),
            "first_response_at": None,
            "first_response_due_at": at(-4),
            "resolved_at": at(1) if status in ("RESOLVED", "CLOSED") else None,
            "closed_at": None,
            "closes_at": at(-140) if status == "RESOLVED" else None,
            "message_count": 0,
            "unread_count": 0,
            "attachments": [],
            "attachment_count": 0,
            "satisfaction": None,
            "last_message": None,
            "follow_up_to": None,
            "from_chat": None,
            "allowed_actions": ACTIONS[status],
            "revision": 0,
            **more,
        }
        self.tickets.append(ticket)
        self.messages[ticket["id"]] = []
        self.history[ticket["id"]] = []
        return ticket

    def message(self, ticket: dict[str, Any], body: str, author: dict[str, Any] = ANNA) -> dict[str, Any]:
        self.position += 1
        ticket["revision"] += 1
        message = {
            "id": f"m{self.position}",
            "author": author,
            "body": body,
            "internal": False,
            "attachments": [],
            "created_at": at(1),
            "revision": ticket["revision"],
            "position": self.position,
        }
        self.messages[ticket["id"]].append(message)
        return message

    def happened(self, ticket: dict[str, Any], name: str, words: str, **more: Any) -> dict[str, Any]:
        self.position += 1
        entry = {
            "position": self.position,
            "revision": ticket["revision"],
            "internal": False,
            "name": name,
            "version": 1,
            "at": at(1),
            "actor": ANNA,
            "words": words,
            "data": {},
            "message_id": None,
            "from_status": None,
            "to_status": None,
            "correlation_id": None,
            "causation_id": None,
            **more,
        }
        self.history[ticket["id"]].append(entry)
        return entry

    def chat(self, status: str = "ASSISTED", **more: Any) -> dict[str, Any]:
        number = len(self.chats) + 1
        self.position += 1
        chat = {
            "id": f"00000000-0000-4000-9000-{number:012d}",
            "customer": {"id": LENA["sub"], "name": LENA["name"], "email": LENA["email"], "account": LENA["account"]},
            "assignee": {"id": ANNA["id"], "name": ANNA["name"]} if status == "WITH_AGENT" else None,
            **dict.fromkeys(("ticket_id", "ticket_number", "previous_chat", "question", "queue_position")),
            **dict.fromkeys(("waits_since", "ended_at", "end_reason", "ends_at", "last_message")),
            "created_at": at(1),
            "updated_at": at(0.5),
            "message_count": 0,
            "revision": 0,
            **more,
        }
        self.chats.append(chat)
        self.said[chat["id"]] = []
        self.become(chat, status)
        return chat

    def become(self, chat: dict[str, Any], status: str, **more: Any) -> None:
        owner = OWNERS.get(status, "ASSISTANT")
        chat.update(status=status, owner=owner, allowed_actions=CHAT_ACTIONS[status], **more)

    def say(self, chat: dict[str, Any], body: str, author: dict[str, Any] = ASSISTANT, **more: Any) -> dict[str, Any]:
        self.position += 1
        chat["revision"] += 1
        chat["message_count"] += 1
        message = {
            "id": f"00000000-0000-4000-a000-{self.position:012d}",
            "kind": "message",
            "author": author,
            "body": body,
            "attachments": [],
            "action": None,
            "sources": [],
            "confidence": 0.9 if author is ASSISTANT else None,
            "actions": [],
            "feedback": None,
            "created_at": at(0),
            "revision": chat["revision"],
            "position": self.position,
            **more,
        }
        self.said[chat["id"]].append(message)
        return message

    def line(self, chat: dict[str, Any], kind: str) -> dict[str, Any]:
        return self.say(chat, f"Words of the server about {kind}.", SYSTEM, kind=kind)

    def tell(self, chat: dict[str, Any], name: str, message: dict[str, Any] | None = None) -> None:
        """Send what happened to a chat over the live stream."""
        by = message["author"] if message else ME
        told = {"position": self.position, "revision": chat["revision"], "name": name, "at": at(0), "by": by}
        state = {"status": chat["status"], "owner": chat["owner"], "message": message}
        self.items.append({"chat_id": chat["id"], **told, **state})

    def fail(self, method: str, path: str, status: int | None, **problem: Any) -> None:
        """The next such call fails; status None: the server does it, and its answer is lost."""
        self.failures.append((method, path, status, problem))

    def keys(self, method: str, path: str) -> list[str]:
        return [headers["idempotency-key"] for verb, where, headers, _ in self.calls if (verb, where) == (method, path)]

    # What the browser asks

    def answer(self, route: Route, request: Request) -> None:
        path = urlsplit(request.url).path
        if path.startswith(("/api/v1/", "/dev/")):
            self._api(route, request, path.removeprefix("/api/v1"))
        else:
            self._file(route, path)

    def _file(self, route: Route, path: str) -> None:
        if path.startswith("/assets/vendor/"):
            file = PROJECT / "node_modules" / path.removeprefix("/assets/vendor/")
        elif path.startswith("/assets/"):
            file = GATEWAY / path.removeprefix("/assets/")
        else:
            file = GATEWAY / "portal" / "index.html"
        if not file.is_file():
            route.fulfill(status=404)
            return
        content = file.read_bytes()
        headers = {"Content-Type": TYPES[file.suffix]}
        if file.suffix == ".html":
            headers["Content-Security-Policy"] = page_policy(content, "'none'")
        else:
            self.assets.add(path)
        route.fulfill(body=content, headers=headers)

    def _api(self, route: Route, request: Request, path: str) -> None:
        body = request.post_data_json if "json" in request.headers.get("content-type", "") else None
        self.calls.append((request.method, path, request.headers, body))
        if self.away and re.fullmatch(self.away, path):
            route.fulfill(status=503, json={"status": 503, "code": "unavailable", "detail": "Away."})
            return
        lost = False
        for failure in self.failures:
            method, pattern, status, problem = failure
            if method == request.method and re.fullmatch(pattern, path):
                self.failures.remove(failure)
                if status is not None:
                    route.fulfill(status=status, json={"status": status, "detail": "Refused.", **problem})
                    return
                lost = True
                break
        if path == "/live":
            self._live(route, request)
            return
        status, answer = self._do(request.method, path, request, body)
        if lost:
            route.abort("connectionreset")
        elif status == 204:
            route.fulfill(status=204)
        else:
            route.fulfill(status=status, json=answer, headers={"X-Position": str(self.position)})

    def _live(self, route: Route, request: Request) -> None:
        """One heartbeat and what is new, then the stream ends: the page comes back with its position."""
        after = parse_qs(urlsplit(request.url).query).get("after")
        lines = [f"event: heartbeat\ndata: {json.dumps({'position': self.position})}\n\n"]
        lines += [f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in self.signals]
        self.signals.clear()
        if after:
            lines += [
                f"id: {item['position']}\nevent: {item['name']}\ndata: {json.dumps(item)}\n\n"
                for item in self.items
                if item["position"] > int(after[0])
            ]
        route.fulfill(body="".join(lines), headers={"Content-Type": "text/event-stream"})

    def _do(self, method: str, path: str, request: Request, body: Any) -> tuple[int, Any]:
        key = request.headers.get("idempotency-key")
        if key in self.answered:
            return 201, self.answered[key]
        match path.split("/")[1:]:
            case ["dev", "people"]:
                return 200, {"items": [LENA]}
            case ["dev", "token"]:
                return 200, {"access_token": "token", "expires_in": 3600}
            case ["me"]:
                return 200, {**{name: LENA[name] for name in ("name", "email", "account", "roles")}, "id": LENA["sub"]}
            case ["support", "hub"]:
                return 200, hub()
            case ["tickets"] if method == "POST":
                ticket = self.ticket(
                    **{name: body[name] for name in ("subject", "category", "priority", "description")}
                )
                self.answered[key or ""] = {**ticket, "position": self.position}
                return 201, self.answered[key or ""]
            case ["tickets"]:
                return 200, self._list(request)
            case ["tickets", "statistics"]:
                return 200, self._statistics()
            case ["chats", "availability"]:
                return 200, self._availability()
            case ["chats"] if method == "POST":
                chat = self.chat(previous_chat=body.get("previous_chat"))
                self.answered[key or ""] = {**chat, "position": self.position}
                return 201, self.answered[key or ""]
            case ["chats"]:
                wanted = parse_qs(urlsplit(request.url).query)["status"]
                found = [chat for chat in self.chats if chat["status"] in wanted]
                return 200, {"items": found, "next_cursor": None, "total": len(found)}
            case ["chats", id_, *what]:
                return self._chat(method, id_, what, request, body)
            case ["attachments"]:
                return 201, {"id": f"f{len(self.calls)}", "filename": "a.txt", "content_type": "text/plain", "size": 5}
            case ["tickets", id_, *what]:
                return self._ticket(method, id_, what[0] if what else "", request, body)
        return 404, {"status": 404, "detail": "Nothing is at this address."}

    def _ticket(self, method: str, id_: str, what: str, request: Request, body: Any) -> tuple[int, Any]:
        ticket = next((one for one in self.tickets if one["id"] == id_), None)
        if ticket is None:
            return 404, {"status": 404, "code": "ticket_not_found", "detail": "This ticket does not exist."}
        if what == "messages" and method == "POST":
            me = {"id": LENA["sub"], "name": LENA["name"], "role": "customer"}
            message = self.message(ticket, body["body"], me)
            self.answered[request.headers["idempotency-key"]] = message
            return 201, message
        if what == "messages":
            query = parse_qs(urlsplit(request.url).query)
            everything = self.messages[id_]
            end = int(query.get("before", [str(len(everything))])[0])
            start = max(0, end - int(query["limit"][0]))
            cursor = str(start) if start else None
            return 200, {"items": everything[start:end], "next_cursor": cursor, "total": len(everything)}
        if what == "history":
            return 200, {"items": self.history[id_], "position": self.position}
        if what == "draft":
            if method == "PUT":
                self.drafts[id_] = {**body, "attachments": [], "updated_at": at(0)}
            if method == "DELETE":
                self.drafts.pop(id_, None)
                return 204, None
            return 200, self.drafts.get(id_, {"body": "", "attachments": [], "updated_at": None})
        if what == "read":
            ticket["unread_count"] = 0
            return 200, {"unread_count": 0}
        return 200, ticket

    def _availability(self) -> dict[str, Any]:
        return {
            "assistant": True,
            "human": self.opens_at is None,
            "opens_at": self.opens_at,
            "closes_at": at(-3) if self.opens_at is None else None,
            "hours": "Monday to Friday 09:00–18:00 (Europe/Berlin)",
            "timezone": "Europe/Berlin",
            "queue_length": 0,
        }

    def _chat(self, method: str, id_: str, what: list[str], request: Request, body: Any) -> tuple[int, Any]:
        chat = next((one for one in self.chats if one["id"] == id_), None)
        if chat is None:
            return 404, {"status": 404, "code": "chat_not_found", "detail": "This chat does not exist."}
        match what:
            case ["messages"] if method == "POST":
                files = [
                    {"id": file, "filename": "a.txt", "content_type": "text/plain", "size": 5}
                    for file in body.get("attachments", [])
                ]
                action = body.get("action")
                words = body["body"] or (action["label"] if action else "")
                message = self.say(chat, words, ME, attachments=files, action=action)
                self.answered[request.headers["idempotency-key"]] = message
                return 201, message
            case ["messages"]:
                return 200, {"items": self.said[id_], "next_cursor": None, "total": len(self.said[id_])}
            case ["messages", message_id, "feedback"]:
                message = next(one for one in self.said[id_] if one["id"] == message_id)
                message["feedback"] = body["helpful"]
            case ["typing"]:
                return 204, None
            case ["handoff"] if method == "DELETE":
                self.become(chat, "ASSISTED", queue_position=None)
            case ["handoff"]:
                if self.opens_at is not None:
                    return 409, {"status": 409, "code": "outside_business_hours", "detail": "Nobody is there."}
                self.become(chat, "WAITING_FOR_AGENT", queue_position=2)
                self.line(chat, "waiting")
            case ["end"]:
                self.become(chat, "ENDED", end_reason="CUSTOMER")
                self.line(chat, "ended")
            case ["ticket"]:
                given = {name: value for name, value in body.items() if value}
                ticket = self.ticket(**{"subject": "From a chat", **given}, from_chat=id_)
                self.become(chat, "ENDED", end_reason="TICKET", ticket_id=ticket["id"], ticket_number=ticket["number"])
                self.line(chat, "ticket")
                return 201, {**ticket, "position": self.position}
        return 200, {**chat, "position": self.position}

    def _list(self, request: Request) -> dict[str, Any]:
        query = parse_qs(urlsplit(request.url).query)
        found = [
            ticket
            for ticket in self.tickets
            if ticket["status"] in query.get("status", [ticket["status"]])
            and query.get("q", [""])[0].lower() in ticket["subject"].lower()
        ]
        start = int(query.get("cursor", ["0"])[0])
        end = start + int(query["limit"][0])
        return {"items": found[start:end], "next_cursor": str(end) if end < len(found) else None, "total": len(found)}

    def _statistics(self) -> dict[str, Any]:
        n = Counter(ticket["status"].lower() for ticket in self.tickets)
        names = ("open", "in_progress", "waiting_on_customer", "resolved", "closed")
        cards = {
            "total": n.total(),
            "open": n["open"],
            "in_progress": n["in_progress"] + n["waiting_on_customer"],
            "resolved": n["resolved"] + n["closed"],
        }
        return {"total": n.total(), **{name: n[name] for name in names}, "cards": cards, "position": self.position}


def hub() -> dict[str, Any]:
    titles = {
        "documentation": "Documentation",
        "video-tutorials": "Video Tutorials",
        "community-forum": "Community Forum",
        "status-page": "Status Page",
    }
    return {
        "cards": [
            {"key": key, "title": title, "description": "Somewhere else.", "url": f"https://{key}.example/"}
            for key, title in titles.items()
        ],
        "chat": {"available": True},
        "knowledge": {"available": False},
        "status": {"level": "DEGRADED", "summary": "", "updated_at": at(1), "url": "https://status.example/"},
    }
