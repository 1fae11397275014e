"""What is the same for every call: errors, correlation, CORS, security headers, limits of size and number."""

from __future__ import annotations

import json
import logging
import uuid
from datetime import datetime
from typing import Any

import pytest

from services.gateway.http import app
from services.gateway.settings import Rates
from shared.service.client import RemoteRefusal, ServiceUnavailable

MEMBERS = {"type", "title", "status", "detail", "code", "correlation_id"}
NEW = {"subject": "Instance is unreachable", "category": "TECHNICAL", "priority": "HIGH", "description": "Help."}


def problem_of(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json.get("code")) == (status, code), answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.json.keys() >= MEMBERS
    assert answer.json["correlation_id"] == answer.headers["X-Correlation-ID"]
    assert answer.json["status"] == status
    body: dict[str, Any] = answer.json
    return body


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/nothing", {}, 404, "not_found"),
        ("GET", "/tickets/1abc", {}, 404, "not_found"),
        ("GET", "/tickets/../../etc/passwd", {}, 404, "not_found"),
        ("DELETE", "/tickets", {}, 405, "method_not_allowed"),
        ("GET", "/me", {"headers": {"Accept": "text/html"}}, 406, "not_acceptable"),
        ("POST", "/tickets", {"data": b"{", "content_type": "application/json"}, 400, "malformed_request"),
        ("POST", "/tickets", {"data": b"[]", "content_type": "application/json"}, 400, "malformed_request"),
        ("POST", "/tickets", {"data": b'{"a": NaN}', "content_type": "application/json"}, 400, "malformed_request"),
        ("POST", "/tickets", {"data": b"\xff\xfe", "content_type": "application/json"}, 400, "malformed_request"),
        ("POST", "/tickets", {"data": b'{"\\ud800": 1}', "content_type": "application/json"}, 400, "malformed_request"),
        ("GET", "/tickets/0b8f7f4e-7f0e-4d2b-9a57-1f3f6f6a2c11?as_of=2026-13-45T99:99:99Z", {}, 422, "invalid"),
        ("GET", "/tickets?assignee=%00", {}, 422, "invalid"),
        ("POST", "/tickets", {"data": b"[" * 100_000, "content_type": "application/json"}, 400, "malformed_request"),
        ("POST", "/tickets", {"data": b"<a/>", "content_type": "text/xml"}, 415, "unsupported_media_type"),
        ("POST", "/tickets", {"data": b" " * (1 << 20) + b"{}", "content_type": "application/json"}, 413, "too_large"),
        ("POST", "/attachments", {"json": {}}, 415, "unsupported_media_type"),
        ("POST", "/tickets", {"json": NEW, "headers": {"Idempotency-Key": "x" * 201}}, 400, "malformed_request"),
        ("POST", "/tickets", {"json": NEW, "headers": {"If-Match": "3"}}, 400, "malformed_request"),
        ("GET", "/tickets?limit=101", {}, 422, "invalid"),
        ("GET", "/tickets?colour=red", {}, 422, "invalid"),
        ("GET", "/tickets?limit=1&limit=2", {}, 422, "invalid"),
        ("GET", "/live", {"headers": {"Last-Event-ID": "soon"}}, 400, "malformed_request"),
        ("GET", "/me", {"headers": {"Authorization": "Basic eDp5"}}, 401, "token_invalid"),
    ],
)
def test_every_error_is_a_problem_document(
    gateway: Any, method: str, path: str, options: dict[str, Any], status: int, code: str
) -> None:
    headers = {"Authorization": f"Bearer {gateway.token()}", **options.pop("headers", {})}
    problem_of(gateway.ask(method, path, headers=headers, **options), status, code)


def test_405_names_what_is_allowed(gateway: Any) -> None:
    assert set(gateway.ask("DELETE", "/me").headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("invalid", 422),
        ("forbidden", 403),
        ("not_found", 404),
        ("conflict", 409),
        ("stale", 412),
        ("too_large", 413),
        ("unavailable", 503),
    ],
)
def test_what_a_service_refuses_keeps_its_code_and_details(gateway: Any, kind: str, status: int) -> None:
    gateway.tickets.answers["get_ticket"] = RemoteRefusal(
        {
            "kind": kind,
            "code": "some_reason",
            "detail": "It will not do.",
            "errors": {"body": ["Too short."]},
            "details": {"revision": 9, "status": "forged", "title": "forged"},
        }
    )
    answer = gateway.ask("GET", "/tickets/0b8f7f4e-7f0e-4d2b-9a57-1f3f6f6a2c11", token=gateway.token())
    body = problem_of(answer, status, "some_reason")
    assert body["errors"] == {"body": ["Too short."]}
    assert body["revision"] == 9
    assert body["title"] != "forged"
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_a_service_that_is_away_is_503_with_retry_after(gateway: Any) -> None:
    gateway.tickets.answers["list_tickets"] = ServiceUnavailable("circuit_open", retry_after=3)
    answer = gateway.ask("GET", "/tickets", token=gateway.token())
    problem_of(answer, 503, "circuit_open")
    assert int(answer.headers["Retry-After"]) >= 3


def test_an_unforeseen_error_says_nothing_about_itself(gateway: Any) -> None:
    gateway.tickets.answers["list_tickets"] = RuntimeError("password=hunter2")
    answer = gateway.ask("GET", "/tickets", token=gateway.token())
    problem_of(answer, 500, "internal_error")
    assert "hunter2" not in answer.text


def test_validation_names_every_field(gateway: Any) -> None:
    body = {
        "subject": "  a ",
        "category": "LOVE",
        "priority": 1,
        "description": "x\x00y",
        "attachments": ["1", "2"],
        "on_behalf_of": {"id": "c", "name": "C", "email": "nonsense"},
        "status": "CLOSED",
    }
    errors = problem_of(gateway.ask("POST", "/tickets", token=gateway.token(), json=body), 422, "invalid")["errors"]
    assert errors.keys() == {
        "subject",
        "category",
        "priority",
        "description",
        "attachments.0",
        "attachments.1",
        "on_behalf_of.email",
        "on_behalf_of.account",
        "status",
    }
    assert all(isinstance(messages, list) and messages for messages in errors.values())


@pytest.mark.parametrize("given", ["abc-123_x.Y", "0b8f7f4e-7f0e-4d2b-9a57-1f3f6f6a2c11"])
def test_a_correlation_id_is_kept(gateway: Any, given: str, a_command_answer: Any) -> None:
    gateway.tickets.answers["open_ticket"] = a_command_answer()
    headers = {"X-Correlation-ID": given}
    answer = gateway.ask("POST", "/tickets", token=gateway.token(), json=NEW, headers=headers)
    assert answer.headers["X-Correlation-ID"] == given
    assert gateway.tickets.last["context"]["correlation_id"] == given


@pytest.mark.parametrize("given", [None, "", "x" * 65, "a b", "a\u00fc"])
def test_another_correlation_id_is_replaced(gateway: Any, given: str | None) -> None:
    headers = {} if given is None else {"X-Correlation-ID": given}
    made = gateway.ask("GET", "/support/hub", headers=headers).headers["X-Correlation-ID"]
    assert made != given
    assert len(made) == 36


def test_answers_are_not_stored_sniffed_or_framed(gateway: Any) -> None:
    headers = gateway.ask("GET", "/support/hub").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_https_is_believed_from_a_trusted_proxy_only(make: Any) -> None:
    forwarded = {"X-Forwarded-Proto": "https"}
    assert "Strict-Transport-Security" not in make().ask("GET", "/support/hub", headers=forwarded).headers
    assert "Strict-Transport-Security" in make(trusted_proxies=1).ask("GET", "/support/hub", headers=forwarded).headers


def test_other_hosts_are_refused_where_hosts_are_listed(make: Any) -> None:
    gateway = make(allowed_hosts=frozenset({"support.example.org"}))
    assert gateway.ask("GET", "/support/hub", headers={"Host": "support.example.org"}).status_code == 200
    problem_of(gateway.ask("GET", "/support/hub", headers={"Host": "evil.example"}), 400, "host_not_allowed")
    assert gateway.ask("GET", "/health/live", headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_cors_lets_in_listed_origins_only(make: Any) -> None:
    gateway = make(cors_origins=frozenset({"https://portal.example.org"}))
    good = gateway.ask("GET", "/support/hub", headers={"Origin": "https://portal.example.org"})
    assert good.headers["Access-Control-Allow-Origin"] == "https://portal.example.org"
    assert "Access-Control-Allow-Credentials" not in good.headers
    exposed = set(good.headers["Access-Control-Expose-Headers"].split(", "))
    assert exposed >= {"ETag", "Location", "Idempotency-Replayed", "Retry-After", "X-Position", "X-Correlation-ID"}
    for origin in ("https://evil.example", "null", "https://portal.example.org.evil.example"):
        bad = gateway.ask("GET", "/support/hub", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in bad.headers
        assert "Origin" in bad.headers["Vary"]


def test_a_preflight_answers_without_a_token(make: Any) -> None:
    gateway = make(cors_origins=frozenset({"https://portal.example.org"}))
    headers = {"Origin": "https://portal.example.org", "Access-Control-Request-Method": "POST"}
    answer = gateway.ask("OPTIONS", "/tickets", headers=headers)
    assert answer.status_code == 204
    assert {"GET", "POST"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    allowed = answer.headers["Access-Control-Allow-Headers"]
    assert all(name in allowed for name in ("Authorization", "Idempotency-Key", "If-Match", "Last-Event-ID"))
    assert gateway.ask("OPTIONS", "/nothing", headers=headers).status_code == 404


def test_long_answers_are_compressed_for_who_takes_it(gateway: Any, a_ticket: Any) -> None:
    tickets = [a_ticket(id=str(number)) for number in range(25)]
    gateway.tickets.answers["list_tickets"] = {"items": tickets, "next_cursor": None, "total": 25, "position": 3}
    zipped = gateway.ask("GET", "/tickets", token=gateway.token(), headers={"Accept-Encoding": "gzip"})
    plain = gateway.ask("GET", "/tickets", token=gateway.token())
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert len(zipped.data) < len(plain.data) / 3
    assert "Accept-Encoding" in zipped.headers["Vary"]
    assert len(json.loads(plain.data)["items"]) == 25


def test_reads_commands_and_uploads_are_counted_apart(make: Any, a_command_answer: Any) -> None:
    gateway = make(rates=Rates(reads=2, commands=1, uploads=1, dev_tokens=0))
    gateway.tickets.answers["open_ticket"] = a_command_answer()
    token = gateway.token()
    assert [gateway.ask("GET", "/me", token=token).status_code for _ in range(3)] == [200, 200, 429]
    assert [gateway.ask("POST", "/tickets", token=token, json=NEW).status_code for _ in range(2)] == [201, 429]
    refused = gateway.ask("GET", "/me", token=token)
    problem_of(refused, 429, "too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert gateway.ask("GET", "/me", token=gateway.token("berta")).status_code == 200


def test_an_account_has_a_limit_of_its_own(make: Any) -> None:
    gateway = make(rates=Rates(reads=2, commands=0, uploads=0, dev_tokens=0, account_factor=2))
    statuses = [gateway.ask("GET", "/me", token=gateway.token(f"person-{n}")).status_code for n in range(5)]
    assert statuses == [200, 200, 200, 200, 429]
    assert gateway.ask("GET", "/me", token=gateway.token("x", account="other")).status_code == 200


def test_dev_tokens_are_counted_by_address(make: Any) -> None:
    person = {"sub": "a", "name": "A", "email": "a@example.org", "account": "acme", "roles": ["customer"]}
    behind = make(rates=Rates(0, 0, 0, dev_tokens=1), trusted_proxies=1)
    for number in (1, 2):
        chain = {"X-Forwarded-For": f"1.2.3.4, 10.0.0.{number}"}
        assert behind.ask("POST", "/dev/token", json=person, headers=chain).status_code == 200
    direct = make(rates=Rates(0, 0, 0, dev_tokens=1))
    forged = [{"X-Forwarded-For": f"1.2.3.{number}"} for number in (1, 2)]
    assert [direct.ask("POST", "/dev/token", json=person, headers=one).status_code for one in forged] == [200, 429]


def test_there_is_no_development_login_where_it_is_off(make: Any) -> None:
    gateway = make(dev_login=False, oidc_issuer="https://id.example.org")
    person = {"sub": "a", "name": "A", "email": "a@example.org", "account": "acme", "roles": ["customer"]}
    problem_of(gateway.ask("POST", "/dev/token", json=person), 404, "not_found")
    problem_of(gateway.ask("GET", "/dev/people"), 404, "not_found")
    assert gateway.ask("GET", "/dev/jwks.json").json == {"keys": []}


def test_a_development_token_is_one_that_the_api_takes(gateway: Any) -> None:
    person = {"sub": "a", "name": "A", "email": "a@example.org", "account": "acme", "roles": ["agent"]}
    token = gateway.ask("POST", "/dev/token", json=person).json["access_token"]
    me = gateway.ask("GET", "/me", token=token).json
    assert me == {"id": "a", "name": "A", "email": "a@example.org", "account": "acme", "roles": ["agent"]}
    problem_of(gateway.ask("POST", "/dev/token", json={**person, "roles": ["root"]}), 422, "invalid")


def test_the_hub_says_honestly_what_is_not_there(gateway: Any) -> None:
    hub = gateway.ask("GET", "/support/hub").json
    assert hub["cards"][0]["key"] == "status-page"
    assert (hub["chat"]["available"], hub["knowledge"]["available"]) == (False, False)
    assert hub["status"]["level"] == "UNKNOWN"


def test_too_many_calls_at_once_are_refused(make: Any) -> None:
    gateway = make(max_in_flight=1)
    inner: list[Any] = []

    def while_busy(**_: Any) -> dict[str, Any]:
        inner.append(gateway.ask("GET", "/me", token=gateway.token()))
        assert gateway.ask("GET", "/health/live").status_code == 200
        return {"items": [], "next_cursor": None, "total": 0, "position": 1}

    gateway.tickets.answers["list_tickets"] = while_busy
    assert gateway.ask("GET", "/tickets", token=gateway.token()).status_code == 200
    problem_of(inner[0], 503, "overloaded")
    assert gateway.ask("GET", "/me", token=gateway.token()).status_code == 200


def test_a_header_of_an_answer_cannot_be_split(gateway: Any, a_command_answer: Any) -> None:
    gateway.tickets.answers["open_ticket"] = a_command_answer(
        ticket={**a_command_answer()["ticket"], "id": "x\r\nA: b"}
    )
    problem_of(gateway.ask("POST", "/tickets", token=gateway.token(), json=NEW), 500, "internal_error")


def test_what_is_remembered_of_an_address_is_bounded(
    gateway: Any, a_ticket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_KNOWN_ADDRESSES", 3)
    gateway.tickets.answers["get_ticket"] = lambda ticket_id, **_: {"ticket": a_ticket(id=ticket_id), "position": 1}
    for number in range(20):
        ticket_id = str(uuid.UUID(int=number % 5))
        assert gateway.ask("GET", f"/tickets/{ticket_id}", token=gateway.token()).json["id"] == ticket_id
        assert gateway.ask("GET", f"/tickets/1{number}abc", token=gateway.token()).status_code == 404
        assert len(gateway.app._known) <= 3


def test_each_method_of_an_address_has_its_own_entrypoint(gateway: Any, a_command_answer: Any) -> None:
    gateway.tickets.answers.update(open_ticket=a_command_answer(), list_tickets={"items": [], "position": 1})
    for _ in range(2):
        assert gateway.ask("GET", "/tickets", token=gateway.token()).status_code == 200
        assert gateway.ask("POST", "/tickets", token=gateway.token(), json=NEW).status_code == 201
        assert gateway.ask("DELETE", "/tickets", token=gateway.token()).status_code == 405


def test_a_head_request_says_how_long_the_answer_is_and_sends_none_of_it(gateway: Any, a_ticket: Any) -> None:
    gateway.tickets.answers["get_ticket"] = {"ticket": a_ticket(), "position": 1}
    there = gateway.ask("GET", f"/tickets/{a_ticket()['id']}", token=gateway.token())
    answer = gateway.ask("HEAD", f"/tickets/{a_ticket()['id']}", token=gateway.token())
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == there.headers["Content-Length"] == str(len(there.data))


def test_each_request_is_a_line_in_the_log_without_its_address_or_person(
    gateway: Any, a_ticket: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.tickets.answers["get_ticket"] = {"ticket": a_ticket(), "position": 1}
    logging.getLogger().setLevel(logging.INFO)
    try:
        gateway.ask(
            "GET", f"/tickets/{a_ticket()['id']}?as_of=3", token=gateway.token(), headers={"X-Correlation-ID": "c-1"}
        )
    finally:
        logging.getLogger().setLevel(logging.WARNING)
    line = json.loads(capsys.readouterr().err)
    assert {"method": "GET", "route": "/api/v1/tickets/{ticket_id}", "event": "request"}.items() <= line.items()
    assert (line["correlation_id"], line["service"], line["level"]) == ("c-1", "gateway", "info")
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None
    fields = "method route status ms event correlation_id level logger timestamp service"
    assert line.keys() == set(fields.split())
