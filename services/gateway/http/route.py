"""Declares an HTTP entrypoint: address, policy, forms of request and answers. OpenAPI is made from the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema
from werkzeug.wrappers import Request, Response

from services.gateway.auth import Principal
from services.gateway.limits import COMMAND, NONE, READ
from services.gateway.policy import Policy
from services.gateway.schemas import NoQuery

API = "/api/v1"
JSON_BODY_LIMIT = 1 << 20
"""Largest JSON body in bytes."""

_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_ROUTES = "gateway_routes"
_PARAMETER = re.compile(r"<(?:[a-z]+:)?([a-z0-9_]+)>")


class RouteError(Exception):
    """An entrypoint is declared wrongly: the gateway does not start."""


@dataclass(frozen=True, slots=True)
class Route:
    """One entrypoint as declared.

    body, query: marshmallow schemas; answers: status → schema, media type, or None for an empty answer
    limit:       kind of rate limit; None = by method
    pooled:      False for calls that have to be answered also while every worker is taken
    body_limit:  bytes; `streams_body` leaves reading the body to the handler
    codes:       error codes beyond the ones that every call can give
    """

    method: str
    path: str
    policy: Policy
    body: type[Schema] | None = None
    query: type[Schema] = NoQuery
    answers: Mapping[int, type[Schema] | str | None] = field(default_factory=dict)
    limit: str | None = None
    pooled: bool = True
    body_limit: int = JSON_BODY_LIMIT
    streams_body: bool = False
    body_media_type: str = "application/json"
    command: bool = False
    summary: str = ""
    tag: str = ""
    codes: tuple[str, ...] = ()
    documented: bool = True

    @property
    def changes(self) -> bool:
        return self.method in _CHANGES

    @property
    def limit_kind(self) -> str:
        if self.limit is not None:
            return self.limit
        if not self.path.startswith(API):
            return NONE
        return COMMAND if self.changes else READ

    @property
    def template(self) -> str:
        """The path as OpenAPI and the metrics write it."""
        return _PARAMETER.sub(r"{\1}", self.path)

    @property
    def media_types(self) -> tuple[str, ...]:
        """What the answers are, where it is known beforehand."""
        return tuple(
            answer if isinstance(answer, str) else "application/json"
            for answer in self.answers.values()
            if answer is not None
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read and checked: what a handler gets."""

    http: Request
    route: Route
    principal: Principal | None
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    correlation_id: str
    idempotency_key: str | None = None
    context: Mapping[str, Any] | None = None

    @property
    def person(self) -> Principal:
        """The principal, of an entrypoint whose policy is not public."""
        if self.principal is None:
            raise RouteError(f"{self.route.path} is public: nobody is known here")
        return self.principal

    @property
    def actor(self) -> dict[str, Any]:
        return self.person.actor()

    @property
    def ticket_id(self) -> str:
        return self.path["ticket_id"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler gives back: the value is written through the schema declared for the status."""

    status: int
    value: Any = None
    headers: tuple[tuple[str, str], ...] = ()


Handler = Callable[[Any, Call], Answer | Response]


def route(method: str, path: str, **declared: Any) -> Callable[[Handler], Handler]:
    """Declare the decorated method as the entrypoint for `method path`; see Route. Raises RouteError."""

    def declare(handler: Handler) -> Handler:
        summary = (handler.__doc__ or "").strip().split("\n")[0]
        if declared.get("policy") is None:
            raise RouteError(f"{handler.__qualname__} ({method} {path}) declares no policy")
        declared_route = Route(method, path, **{"summary": summary, **declared})
        setattr(handler, _ROUTES, [*getattr(handler, _ROUTES, []), declared_route])
        return handler

    return declare


def routes_of(service: type) -> Iterator[tuple[str, Route]]:
    """(name of the method, route) for each entrypoint of a class.

    Raises RouteError where one has no answers, no summary, or an address that is taken.
    """
    seen: set[tuple[str, str]] = set()
    for name in sorted(dir(service)):
        for declared in getattr(getattr(service, name), _ROUTES, ()):
            place = f"{service.__name__}.{name} ({declared.method} {declared.path})"
            if not declared.answers or not declared.summary:
                raise RouteError(f"{place} declares no answers or has no docstring")
            if (declared.method, declared.template) in seen:
                raise RouteError(f"{place} is declared twice")
            seen.add((declared.method, declared.template))
            yield name, declared
