"""The gateway's HTTP interface as OpenAPI 3.1, made from the declared routes and their schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from services.gateway import places, schemas
from services.gateway.http.route import Route
from services.gateway.limits import NONE
from services.gateway.problems import CODES, MEDIA_TYPE

_PARAMETER = re.compile(r"<(?:([a-z]+):)?([a-z0-9_]+)>")
_PLACES = {"uuid": {"type": "string", "format": "uuid"}, "int": {"type": "integer"}}
_ALWAYS = ("not_acceptable", "internal_error", "overloaded")
_WITH_TOKEN = ("token_missing", "token_invalid", "token_expired", "keys_unavailable", "too_many_requests")
_WITH_BODY = ("malformed_request", "too_large", "unsupported_media_type", "invalid", "request_timed_out")
_COMMAND_HEADERS = ("IdempotencyKey", "IfMatch")

TAGS = (
    "Tickets",
    "Attachments",
    "Live",
    "People",
    "Knowledge base",
    "FAQ",
    "Authoring",
    "Live chat",
    "Events",
    "Support hub",
    "Operation",
    "Development",
)

DESCRIPTION = """Support tickets of Cloud Factory: open, converse, resolve, follow live; articles to read; live chat.

Send `Authorization: Bearer <JWT>`. Errors are `application/problem+json` with a stable `code`.
A repeated request with the same `Idempotency-Key` and body has one effect and gets the first answer again.
`ETag` is the revision; `If-Match` makes a command depend on it. `position` in a command's answer can be given as
`min_position` to a read, which then waits up to a second for it."""


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The whole OpenAPI document."""
    spec = APISpec(
        title="Cloud Factory Support",
        version="1.0.0",
        openapi_version="3.1.0",
        info={"description": DESCRIPTION},
        tags=[{"name": tag} for tag in TAGS],
        plugins=[MarshmallowPlugin(schema_name_resolver=_schema_name)],
    )
    _components(spec)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if route.documented:
            paths.setdefault(route.template, {})[route.method.lower()] = operation(route)
    for path, operations in sorted(paths.items()):
        spec.path(path=path, operations=operations)
    return spec.to_dict()


def operation(route: Route) -> dict[str, Any]:
    """One operation of the document."""
    described: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{re.sub('[^a-zA-Z0-9]+', '_', route.template)}".rstrip("_"),
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": _parameters(route),
        "responses": _responses(route),
        "security": _security(route),
        "x-policy": route.policy.name,
    }
    if route.body is not None:
        described["requestBody"] = {
            "required": _has_required(route.body),
            "content": {route.body_media_type: {"schema": route.body}},
        }
    return described


def codes_of(route: Route) -> list[str]:
    """Every error code that the route can answer."""
    codes = set(route.codes) | set(_ALWAYS)
    if not route.policy.public:
        codes |= set(_WITH_TOKEN) | ({"role_required"} if route.policy.roles else set())
    elif route.policy.greets:
        codes |= {"token_invalid", "token_expired"}
    if route.limit_kind != NONE:
        codes.add("too_many_requests")
    if route.path.startswith("/api/"):
        codes |= {"invalid", "service_away", "store_unavailable"}
    if "<" in route.path:
        codes.add("not_found")
    if route.changes or "text/event-stream" in route.media_types:
        codes.add("malformed_request")
    if route.body is not None:
        codes |= set(_WITH_BODY)
    if route.command:
        codes.add("idempotency_key_reused")
    return sorted(codes)


def _security(route: Route) -> list[dict[str, list[str]]]:
    if not route.policy.public:
        return [{"bearer": []}]
    return [{}, {"bearer": []}] if route.policy.greets else []


def _parameters(route: Route) -> list[dict[str, Any] | str]:
    parameters: list[dict[str, Any] | str] = [
        {
            "in": "path",
            "name": name,
            "required": True,
            "schema": _PLACES.get(kind, {"type": "string"}),
        }
        for kind, name in _PARAMETER.findall(route.path)
    ]
    if route.query().fields:
        parameters.append({"in": "query", "schema": route.query})
    if route.changes:
        parameters += _COMMAND_HEADERS if route.command else _COMMAND_HEADERS[:1]
    if "text/event-stream" in route.media_types:
        parameters.append("LastEventId")
    return [*parameters, "CorrelationId"]


def _responses(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, answer in route.answers.items():
        described: dict[str, Any] = {"description": _DESCRIPTIONS.get(status, "Done.")}
        if isinstance(answer, str):
            described["content"] = {answer: {"schema": _TEXT_FORMS.get(answer, {})}}
        elif answer is not None:
            described["content"] = {"application/json": {"schema": answer}}
        headers = _answer_headers(route, status)
        if headers:
            described["headers"] = headers
        responses[str(status)] = described
    by_status: dict[int, list[str]] = {}
    for code in codes_of(route):
        by_status.setdefault(CODES[code].status, []).append(code)
    if "attachment_not_found" in route.codes and route.body is not None:
        by_status.setdefault(422, []).append("attachment_not_found")
    for status, codes in sorted(by_status.items()):
        responses.setdefault(
            str(status),
            {
                "description": "; ".join(f"`{code}`" for code in codes),
                "content": {MEDIA_TYPE: {"schema": schemas.ProblemOut}},
            },
        )
    return responses


_TEXT_FORMS: dict[str, dict[str, Any]] = {
    "text/plain": {"type": "string"},
    # One frame of the stream; data is JSON as text.
    "text/event-stream": {
        "type": "object",
        "required": ["event", "data"],
        "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
    },
}
_DESCRIPTIONS = {201: "Made.", 204: "Done; no body.", 206: "The asked range.", 304: "Unchanged."}


def _answer_headers(route: Route, status: int) -> dict[str, Any]:
    text, number = {"schema": {"type": "string"}}, {"schema": {"type": "integer"}}
    headers: dict[str, Any] = {"X-Correlation-ID": text}
    if status == 201:
        headers["Location"] = text
    if route.command:
        headers |= {"ETag": text, "X-Position": number, "Idempotency-Replayed": text}
    elif issubclass(route.query, schemas.Consistent):
        headers["X-Position"] = number
    return headers


def _components(spec: APISpec) -> None:
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    spec.components.parameter(
        "IdempotencyKey",
        "header",
        {
            "name": "Idempotency-Key",
            "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
            "description": "The same key with the same body has one effect.",
        },
    )
    spec.components.parameter(
        "IfMatch",
        "header",
        {
            "name": "If-Match",
            "schema": {"type": "string", "pattern": '^(\\*|"(0|[1-9][0-9]{0,17})")$'},
            "description": "The revision, in quotes, that the command rests on.",
        },
    )
    spec.components.parameter(
        "LastEventId",
        "header",
        {
            "name": "Last-Event-ID",
            "schema": {"type": "string", "pattern": places.PATTERN},
            "description": "Resume behind this place, as the stream gave it.",
        },
    )
    spec.components.parameter(
        "CorrelationId",
        "header",
        {
            "name": "X-Correlation-ID",
            "schema": {"type": "string"},
            "description": "Kept where it is 1 to 64 of A-Z a-z 0-9 . _ -, else made; echoed, and in every event.",
        },
    )


def _schema_name(schema: type[Schema] | Schema) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return cls.__name__.removesuffix("Out")


def _has_required(schema: type[Schema]) -> bool:
    return any(field.required for field in schema().fields.values())
