"""Live streams over HTTP, and the one-use tickets that open them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest

from services.gateway.auth import Principal
from services.gateway.live_tickets import LIFETIME_SECONDS, LiveTickets
from services.gateway.problems import Problem

ANNA = Principal("anna", "Anna", "anna@example.org", "acme", frozenset({"customer"}), 5000.0)
KEY = "k" * 32
PLACE = "/tickets/0b8f7f4e-7f0e-4d2b-9a57-1f3f6f6a2c11"


def feed(after: int, limit: int) -> dict[str, Any]:
    return {"items": [], "position": max(after, 7), "caught_up": True, "head": 7}


@pytest.fixture
def live(make: Callable[..., Any]) -> Any:
    gateway = make(feed=feed)
    gateway.parts.hub.pull()
    return gateway


def first_frame(answer: Any) -> str:
    frame: bytes = next(iter(answer.response))
    answer.close()
    return frame.decode()


def test_a_stream_begins_with_the_head(live: Any) -> None:
    answer = live.ask("GET", "/live", token=live.token())
    assert (answer.status_code, answer.content_type) == (200, "text/event-stream")
    assert (answer.headers["Cache-Control"], answer.headers["X-Accel-Buffering"]) == ("no-store", "no")
    assert first_frame(answer) == 'event: heartbeat\ndata: {"position":7}\n\n'


def test_a_head_request_opens_no_stream(make: Callable[..., Any]) -> None:
    gateway = make(feed=feed)
    assert gateway.ask("HEAD", "/live", token=gateway.token()).status_code == 200


def test_a_live_ticket_opens_one_stream(live: Any) -> None:
    made = live.ask("POST", "/live/tickets", token=live.token())
    assert made.json["expires_in"] == LIFETIME_SECONDS
    opened = live.ask("GET", f"/live?ticket={made.json['ticket']}")
    assert opened.status_code == 200
    first_frame(opened)
    again = live.ask("GET", f"/live?ticket={made.json['ticket']}")
    assert (again.status_code, again.json["code"]) == (401, "live_ticket_invalid")


def test_a_live_ticket_opens_nothing_else(live: Any) -> None:
    ticket = live.ask("POST", "/live/tickets", token=live.token()).json["ticket"]
    assert live.ask("GET", "/me", token=ticket).json["code"] == "token_invalid"
    assert live.ask("GET", f"/tickets?ticket={ticket}").json["code"] == "token_missing"


def test_a_bearer_token_is_no_live_ticket(live: Any) -> None:
    assert live.ask("GET", f"/live?ticket={live.token()}").json["code"] == "live_ticket_invalid"


def test_somebody_elses_ticket_has_no_stream(live: Any) -> None:
    answer = live.ask("GET", f"{PLACE}/live", token=live.token("berta"))
    assert (answer.status_code, answer.json["code"]) == (404, "ticket_not_found")


def test_one_ticket_can_be_followed_by_whom_the_service_lets(live: Any, a_ticket: Any) -> None:
    live.tickets.answers["get_ticket"] = {"ticket": a_ticket(), "position": 7}
    answer = live.ask("GET", f"{PLACE}/live?after=3", token=live.token())
    assert first_frame(answer).startswith("event: heartbeat")


def test_without_the_log_a_stream_is_503(make: Callable[..., Any]) -> None:
    gateway = make(feed=feed)
    answer = gateway.ask("GET", "/live", token=gateway.token())
    assert (answer.status_code, answer.json["code"]) == (503, "live_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_ticket_carries_its_person_and_session() -> None:
    tickets = LiveTickets(KEY, now=lambda: 1000.0)
    assert tickets.redeem(str(tickets.issue(ANNA)["ticket"])) == ANNA


def test_a_ticket_of_one_replica_is_taken_by_another() -> None:
    ticket = str(LiveTickets(KEY, now=lambda: 1000.0).issue(ANNA)["ticket"])
    assert LiveTickets(KEY, now=lambda: 1010.0).redeem(ticket).id == "anna"
    with pytest.raises(Problem):
        LiveTickets("x" * 32, now=lambda: 1010.0).redeem(ticket)


def test_a_ticket_expires() -> None:
    now = [1000.0]
    tickets = LiveTickets(KEY, now=lambda: now[0])
    ticket = str(tickets.issue(ANNA)["ticket"])
    now[0] += LIFETIME_SECONDS
    with pytest.raises(Problem) as refused:
        tickets.redeem(ticket)
    assert (refused.value.status, refused.value.code) == (401, "live_ticket_invalid")


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "abc",
        jwt.encode({"sub": "anna", "aud": "live-stream", "jti": "1", "exp": 9e9}, None, algorithm="none"),
        jwt.encode({"sub": "anna", "aud": "live-stream", "exp": 9e9}, KEY, algorithm="HS256"),
        jwt.encode({"sub": "anna", "aud": "something-else", "jti": "1", "exp": 9e9}, KEY, algorithm="HS256"),
    ],
)
def test_a_forged_ticket_is_refused(forged: str) -> None:
    with pytest.raises(Problem) as refused:
        LiveTickets(KEY).redeem(forged)
    assert refused.value.code == "live_ticket_invalid"
