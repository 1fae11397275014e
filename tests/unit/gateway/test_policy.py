"""Who may call what: every entrypoint against every kind of caller."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from services.gateway.http.handlers import Gateway
from services.gateway.http.route import Answer, Call, Route, RouteError, route, routes_of
from services.gateway.policy import PUBLIC

ROUTES = [declared for _, declared in routes_of(Gateway)]
CALLERS = {"nobody": None, "no role": (), "customer": ("customer",), "agent": ("agent",), "admin": ("admin",)}

PUBLIC_CALLS = {
    ("GET", "/api/v1/support/hub"),
    ("GET", "/api/v1/support/status"),
    ("GET", "/api/v1/chats/availability"),
    ("GET", "/api/v1/kb/categories"),
    ("GET", "/api/v1/kb/articles"),
    ("GET", "/api/v1/kb/articles/<article>"),
    ("GET", "/api/v1/kb/articles/<article>/versions"),
    ("GET", "/api/v1/kb/search"),
    ("POST", "/api/v1/kb/search/<uuid:search_id>/choice"),
    ("GET", "/api/v1/kb/suggest"),
    ("GET", "/api/v1/faq"),
}


def address(declared: Route) -> str:
    path = declared.path.replace("<path:view>", "x").replace("<article>", "a").replace("<int:version>", "1")
    return re.sub(r"<uuid:[a-z_]+>", "0b8f7f4e-7f0e-4d2b-9a57-1f3f6f6a2c11", path)


def expected(declared: Route, roles: tuple[str, ...] | None) -> str:
    """What the table of the API says: `passes` the policy, or the code of its refusal."""
    agents = {"agent", "admin"}
    agent_only = (
        *("/request-information", "/close", "/assign", "/priority", "/category", "/events", "/agents"),
        *("/accept", "/transfer", "/hand-back", "/summary", "/chats/desk", "/chats/presence", "/chats/unanswered"),
    )
    customer_only = ("/satisfaction", "/handoff", "<uuid:message_id>/feedback")
    if not declared.path.startswith("/api/v1") or (declared.method, declared.path) in PUBLIC_CALLS:
        return "passes"
    if roles is None:
        return "token_missing"
    if declared.path in ("/api/v1/me", "/api/v1/kb/articles/<article>/feedback"):
        return "passes"
    if declared.path.startswith(("/api/v1/kb/", "/api/v1/faq")):
        return "passes" if agents & set(roles) else "role_required"
    if declared.path.endswith(agent_only):
        return "passes" if agents & set(roles) else "role_required"
    if declared.path.endswith(customer_only) or (declared.method, declared.path) == ("POST", "/api/v1/chats"):
        return "passes" if "customer" in roles else "role_required"
    return "passes" if roles else "role_required"


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("declared", ROUTES, ids=lambda one: f"{one.method} {one.path}")
def test_every_entrypoint_lets_in_whom_its_policy_names(gateway: Any, declared: Route, caller: str) -> None:
    roles = CALLERS[caller]
    headers = {} if roles is None else {"Authorization": f"Bearer {gateway.token(roles=roles)}"}
    answer = gateway.client.open(address(declared), method=declared.method, headers=headers)
    code = answer.json["code"] if answer.content_type == "application/problem+json" else "passes"
    refusal = code if code in {"token_missing", "token_invalid", "role_required"} else "passes"
    assert refusal == expected(declared, roles)
    asked = {name for name, _ in (*gateway.tickets.calls, *gateway.knowledge.calls, *gateway.chat.calls)}
    assert refusal == "passes" or not asked


def test_nothing_is_public_by_accident() -> None:
    public = {(one.method, one.path) for one in ROUTES if one.policy.public and one.path.startswith("/api/")}
    assert public == PUBLIC_CALLS


def _declared_without_a_policy() -> type:
    class Careless:
        @route("GET", "/x", answers={200: None})
        def x(self, call: Call) -> Answer:
            """Do something."""
            return Answer(200)

    return Careless


def _declared_twice() -> type:
    class Careless:
        @route("GET", "/x/<uuid:a>", policy=PUBLIC, answers={200: None})
        def x(self, call: Call) -> Answer:
            """Do something."""
            return Answer(200)

        @route("GET", "/x/<a>", policy=PUBLIC, answers={200: None})
        def y(self, call: Call) -> Answer:
            """Do something else."""
            return Answer(200)

    return Careless


def _declared_without_answers() -> type:
    class Careless:
        @route("GET", "/x", policy=PUBLIC)
        def x(self, call: Call) -> Answer:
            """Do something."""
            return Answer(200)

    return Careless


@pytest.mark.parametrize("declare", [_declared_without_a_policy, _declared_twice, _declared_without_answers])
def test_a_careless_declaration_keeps_the_gateway_from_starting(declare: Callable[[], type]) -> None:
    with pytest.raises(RouteError):
        list(routes_of(declare()))
