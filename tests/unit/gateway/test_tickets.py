"""Tickets over HTTP: what reaches the tickets service, and what becomes of its answers."""

from __future__ import annotations

from typing import Any

import pytest

NEW = {"subject": " Instance is unreachable ", "category": "TECHNICAL", "priority": "HIGH", "description": "a\r\nb"}
PLACE = "/tickets/0b8f7f4e-7f0e-4d2b-9a57-1f3f6f6a2c11"
FILE = "7b1c9d52-08a5-4b38-9d0f-0a6f5b1f0001"


def test_a_new_ticket_is_201_with_its_place_revision_and_position(gateway: Any, a_command_answer: Any) -> None:
    gateway.tickets.answers["open_ticket"] = a_command_answer(revision=0)
    answer = gateway.ask("POST", "/tickets", token=gateway.token(), json={**NEW, "attachments": [FILE]})
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1{PLACE}"
    assert (answer.headers["ETag"], answer.headers["X-Position"], answer.json["position"]) == ('"0"', "12", 12)
    assert "Idempotency-Replayed" not in answer.headers
    asked = gateway.tickets.last
    assert asked["actor"]["id"] == "anna"
    assert (asked["subject"], asked["description"], asked["attachments"]) == (
        "Instance is unreachable",
        "a\nb",
        [FILE],
    )


def test_only_declared_members_leave(gateway: Any, a_command_answer: Any, a_ticket: Any) -> None:
    gateway.tickets.answers["open_ticket"] = a_command_answer(ticket=a_ticket(internal_rank=7))
    assert "internal_rank" not in gateway.ask("POST", "/tickets", token=gateway.token(), json=NEW).json


def test_the_same_key_is_the_same_command_for_the_same_person_only(gateway: Any, a_command_answer: Any) -> None:
    gateway.tickets.answers["open_ticket"] = a_command_answer(replayed=True)
    contexts = []
    for person, key, body in [
        ("anna", "k", NEW),
        ("anna", "k", NEW),
        ("anna", "k", {**NEW, "priority": "LOW"}),
        ("berta", "k", NEW),
        ("anna", "other", NEW),
        ("anna", None, NEW),
        ("anna", None, NEW),
    ]:
        headers = {"Idempotency-Key": key} if key else {}
        answer = gateway.ask("POST", "/tickets", token=gateway.token(person), json=body, headers=headers)
        assert answer.headers["Idempotency-Replayed"] == "true"
        contexts.append(gateway.tickets.last["context"])
    ids = [context["command_id"] for context in contexts]
    prints = [context["fingerprint"] for context in contexts]
    assert ids[0] == ids[1] == ids[2]
    assert len(set(ids)) == 5
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize(("header", "revision"), [(None, None), ("*", None), ('"0"', 0), (' "17" ', 17)])
def test_if_match_is_the_expected_revision(
    gateway: Any, a_command_answer: Any, header: str | None, revision: int | None
) -> None:
    gateway.tickets.answers["post_message"] = a_command_answer()
    headers = {} if header is None else {"If-Match": header}
    gateway.ask("POST", f"{PLACE}/messages", token=gateway.token(), json={"body": "x"}, headers=headers)
    assert gateway.tickets.last["context"]["expected_revision"] == revision


@pytest.mark.parametrize("header", ["3", 'W/"3"', '"3", "4"', '"-1"', '"03"', '""', '"a"', '"' + "9" * 30 + '"'])
def test_another_if_match_is_malformed(gateway: Any, header: str) -> None:
    answer = gateway.ask(
        "POST", f"{PLACE}/messages", token=gateway.token(), json={"body": "x"}, headers={"If-Match": header}
    )
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_request")
    assert gateway.tickets.calls == []


def test_a_message_tells_where_the_ticket_stands(gateway: Any, a_command_answer: Any) -> None:
    gateway.tickets.answers["post_message"] = a_command_answer()
    answer = gateway.ask("POST", f"{PLACE}/messages", token=gateway.token(), json={"body": " Hello \n"})
    assert answer.status_code == 201
    assert (answer.json["position"], answer.json["ticket_revision"], answer.json["ticket_status"]) == (12, 4, "OPEN")
    asked = gateway.tickets.last
    assert (asked["body"], asked["internal"], asked["attachments"]) == ("Hello", False, [])


@pytest.mark.parametrize("internal", ["true", 1, "yes", None])
def test_internal_is_true_or_false_and_nothing_like_it(gateway: Any, internal: Any) -> None:
    body = {"body": "x", "internal": internal}
    answer = gateway.ask("POST", f"{PLACE}/messages", token=gateway.token(roles=("agent",)), json=body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["internal"])


@pytest.mark.parametrize(
    ("path", "method", "body", "roles", "sent"),
    [
        ("resolve", "resolve_ticket", None, "customer", {"body": None}),
        ("resolve", "resolve_ticket", {"body": "Done."}, "agent", {"body": "Done."}),
        ("reopen", "reopen_ticket", {}, "customer", {"reason": None}),
        ("close", "close_ticket", {}, "agent", {}),
        (
            "assign",
            "assign_ticket",
            {"assignee": {"id": "b", "name": "B"}},
            "agent",
            {"assignee": {"id": "b", "name": "B"}},
        ),
        ("assign", "assign_ticket", {"assignee": None}, "agent", {"assignee": None}),
        ("priority", "change_priority", {"priority": "LOW"}, "agent", {"priority": "LOW"}),
        ("category", "change_category", {"category": "BILLING"}, "agent", {"category": "BILLING"}),
        ("satisfaction", "rate_ticket", {"score": 5}, "customer", {"score": 5, "comment": None}),
    ],
)
def test_a_change_answers_the_ticket(
    gateway: Any, a_command_answer: Any, path: str, method: str, body: Any, roles: str, sent: dict[str, Any]
) -> None:
    gateway.tickets.answers[method] = a_command_answer()
    options = {} if body is None else {"json": body}
    answer = gateway.ask("POST", f"{PLACE}/{path}", token=gateway.token(roles=(roles,)), **options)
    assert (answer.status_code, answer.headers["ETag"], answer.json["position"]) == (200, '"4"', 12)
    asked = dict(gateway.tickets.last)
    assert {"actor", "context", "ticket_id"} <= asked.keys()
    assert {name: asked[name] for name in sent} == sent


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("assign", {}, "assignee"),
        ("satisfaction", {"score": 6}, "score"),
        ("satisfaction", {"score": "5"}, "score"),
        ("satisfaction", {"score": True}, "score"),
        ("priority", {"priority": "low"}, "priority"),
        ("close", {"why": "x"}, "why"),
        ("read", {"revision": -1}, "revision"),
        ("messages", {"body": "   "}, "body"),
        ("messages", {"body": "x" * 10_001}, "body"),
        ("messages", {"body": "x", "attachments": [FILE, FILE]}, "attachments"),
        ("messages", {"body": "x", "attachments": [FILE[:-2] + f"{n:02}" for n in range(11)]}, "attachments"),
        ("messages", {"body": ["x"]}, "body"),
    ],
)
def test_wrong_fields_are_named(gateway: Any, path: str, body: Any, field: str) -> None:
    token = gateway.token(roles=("agent", "customer"))
    answer = gateway.ask("POST", f"{PLACE}/{path}", token=token, json=body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert gateway.tickets.calls == []


def test_a_list_takes_its_filters_along(gateway: Any, a_ticket: Any) -> None:
    page = {"items": [a_ticket()], "next_cursor": "abc", "total": 1, "position": 40}
    gateway.tickets.answers["list_tickets"] = page
    filters = "status=OPEN&status=RESOLVED&priority=HIGH&assignee=none&q=%20db%20"
    path = f"/tickets?{filters}&sort=-priority&limit=5&min_position=9"
    answer = gateway.ask("GET", path, token=gateway.token())
    assert (answer.json["total"], answer.json["next_cursor"], answer.headers["X-Position"]) == (1, "abc", "40")
    asked = dict(gateway.tickets.last)
    asked.pop("actor")
    assert asked == {
        "status": ["OPEN", "RESOLVED"],
        "category": [],
        "priority": ["HIGH"],
        "assignee": "none",
        "customer": None,
        "q": "db",
        "sort": "-priority",
        "limit": 5,
        "cursor": None,
        "min_position": 9,
    }


def test_a_ticket_has_its_revision_as_etag(gateway: Any, a_ticket: Any) -> None:
    gateway.tickets.answers["get_ticket"] = {"ticket": a_ticket(), "position": 41}
    answer = gateway.ask("GET", f"{PLACE}?min_position=40", token=gateway.token())
    assert (answer.headers["ETag"], answer.headers["X-Position"]) == ('"3"', "41")
    assert "messages" not in answer.json
    assert gateway.tickets.last["min_position"] == 40


@pytest.mark.parametrize(
    ("given", "sent"),
    [("7", 7), ("2026-11-24T09:00:00Z", "2026-11-24T09:00:00Z"), ("2026-11-24T09:00:00.25%2B01:00", ...)],
)
def test_as_of_is_a_revision_or_a_time_and_brings_the_thread(
    gateway: Any, a_ticket: Any, a_message: Any, given: str, sent: Any
) -> None:
    gateway.tickets.answers["get_ticket"] = {"ticket": a_ticket(), "messages": [a_message()], "position": 41}
    answer = gateway.ask("GET", f"{PLACE}?as_of={given}", token=gateway.token())
    assert answer.json["messages"][0]["body"] == "Hello"
    assert gateway.tickets.last["as_of"] == (sent if sent is not ... else "2026-11-24T09:00:00.25+01:00")


@pytest.mark.parametrize("given", ["yesterday", "-1", "2026-11-24", "2026-11-24T09:00:00", "1" * 19, "٣"])
def test_another_as_of_is_invalid(gateway: Any, given: str) -> None:
    answer = gateway.ask("GET", f"{PLACE}?as_of={given}", token=gateway.token())
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["as_of"])


def test_messages_history_and_statistics_come_with_their_position(gateway: Any, a_message: Any) -> None:
    gateway.tickets.answers |= {
        "list_messages": {"items": [a_message()], "next_cursor": "7", "total": 31, "position": 5},
        "ticket_history": {"items": [{"name": "TicketOpened", "words": "Anna opened the ticket"}], "position": 6},
        "statistics": {"total": 1, "open": 1, "cards": {"total": 1, "open": 1}, "position": 7},
    }
    token = gateway.token()
    messages = gateway.ask("GET", f"{PLACE}/messages?before=9&limit=2", token=token)
    assert (messages.json["next_cursor"], messages.headers["X-Position"]) == ("7", "5")
    assert gateway.tickets.last["before"] == "9"
    history = gateway.ask("GET", f"{PLACE}/history?min_position=3", token=token)
    assert (history.json["items"][0]["words"], history.headers["X-Position"]) == ("Anna opened the ticket", "6")
    statistics = gateway.ask("GET", "/tickets/statistics", token=token)
    assert (statistics.json["cards"]["total"], statistics.headers["X-Position"]) == (1, "7")


def test_a_draft_is_kept_as_typed(gateway: Any) -> None:
    kept = {"body": " half a sen", "attachments": [], "updated_at": "2026-11-24T09:00:00+00:00"}
    gateway.tickets.answers |= {"put_draft": kept, "get_draft": kept, "delete_draft": {}}
    token = gateway.token()
    answer = gateway.ask("PUT", f"{PLACE}/draft", token=token, json={"body": " half a sen"})
    assert (answer.status_code, gateway.tickets.last["body"]) == (200, " half a sen")
    assert gateway.ask("GET", f"{PLACE}/draft", token=token).json == kept
    assert gateway.ask("DELETE", f"{PLACE}/draft", token=token).status_code == 204


def test_no_draft_is_an_empty_one(gateway: Any) -> None:
    gateway.tickets.answers["get_draft"] = lambda **_: None
    answer = gateway.ask("GET", f"{PLACE}/draft", token=gateway.token())
    assert answer.json == {"body": "", "attachments": [], "updated_at": None}


def test_events_go_to_agents_behind_a_position(gateway: Any) -> None:
    event = {"id": "e", "position": 9, "data": {"a": 1}}
    for service, items in ((gateway.tickets, [event]), (gateway.knowledge, []), (gateway.chat, [])):
        service.answers["events"] = {"items": items, "position": 9, "caught_up": True}
    answer = gateway.ask("GET", "/events?after=8&limit=50", token=gateway.token(roles=("agent",)))
    assert (answer.json["items"][0]["data"], answer.json["caught_up"]) == ({"a": 1}, True)
    assert (gateway.tickets.last["after"], gateway.tickets.last["limit"]) == (8, 50)
