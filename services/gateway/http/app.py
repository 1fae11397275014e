"""The way of every request: who, may they, how often, is it well formed; then the handler; then headers and errors.

Knows Werkzeug and no server, so tests call it as it is.
"""

from __future__ import annotations

import functools
import gzip
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from marshmallow import Schema, ValidationError
from prometheus_client import Counter, Histogram
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.http import HTTP_STATUS_CODES, parse_accept_header
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from services.gateway import answers, conditions, problems
from services.gateway.auth import Principal, bearer_token
from services.gateway.http.access import log_request
from services.gateway.http.route import Answer, Call, Route, routes_of
from services.gateway.parts import Parts
from services.gateway.problems import Problem
from services.gateway.uploads import FILE_LIMIT
from shared.service.admission import Admission
from shared.service.client import RemoteRefusal, ServiceUnavailable
from shared.service.metrics import SECONDS

BODY_SECONDS = 30
"""How long a JSON body may take to arrive."""
_GZIP_FROM = 1024
_CALL = "call"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_EXPOSED = "ETag, Location, Idempotency-Replayed, Retry-After, X-Position, X-Correlation-ID"
_ALLOWED_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Range, X-Correlation-ID"
)

log = structlog.get_logger(__name__)
requests_total = Counter("support_http_requests_total", "Requests answered", ["method", "route", "status"])
request_seconds = Histogram(
    "support_http_seconds", "From a request to the beginning of its answer", ["method", "route"], buckets=SECONDS
)


_COMMON = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cache-Control", "no-store"),
)
_HTTPS_ONLY = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
_KNOWN_ADDRESSES = 4096
_LONGEST_KNOWN = 200
_STATUS_LINES = {status: f"{status} {phrase.upper()}" for status, phrase in HTTP_STATUS_CODES.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An entrypoint that can be called, with what its route says of every call."""

    name: str
    route: Route
    template: str
    limit_kind: str
    offered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """An answer that is JSON and has nothing of its own to say about who may keep, frame or read it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@functools.cache
def url_map(service: type) -> Map:
    """The addresses of a class's entrypoints, each with its Entry. Raises RouteError."""
    entries = [
        Entry(name, declared, declared.template, declared.limit_kind, offered_types(declared))
        for name, declared in routes_of(service)
    ]
    rules = [Rule(entry.route.path, methods=[entry.route.method], endpoint=entry) for entry in entries]
    return Map(rules, strict_slashes=False, merge_slashes=False)


class App:
    """WSGI application over the entrypoints of `service`; call(entry, call) runs a handler where the server likes."""

    def __init__(
        self,
        service: type,
        parts: Parts,
        call: Callable[[Entry, Call], Answer | Response],
    ) -> None:
        self._settings, self._verifier, self._limits = parts.settings, parts.verifier, parts.limits
        self._live_tickets, self._deadline, self._call = parts.live_tickets, parts.deadline, call
        self._admission = Admission({_CALL: parts.settings.max_in_flight})
        self._addresses = url_map(service).bind("gateway")
        self._known: dict[tuple[str, str], tuple[Entry, dict[str, str]]] = {}
        self._metrics: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        # Werkzeug takes a chunked body only where the server says that its input ends by itself, as eventlet's does.
        if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
            environ["wsgi.input_terminated"] = True
        request = Request(environ)
        started = time.monotonic()
        correlation = conditions.correlation_id(environ.get("HTTP_X_CORRELATION_ID"))
        structlog.contextvars.bind_contextvars(correlation_id=correlation)
        template, response = self._respond(request, correlation)
        status = response.status if isinstance(response, Written) else response.status_code
        self._count(environ["REQUEST_METHOD"], template, status, time.monotonic() - started, correlation)
        if isinstance(response, Written):
            return self._send(response, environ, correlation, start_response)
        self._common_headers(request, response, correlation)
        return response(environ, start_response)

    def _count(self, method: str, template: str, status: int, seconds: float, correlation: str) -> None:
        # Whatever a client invents as a method must not become a metric of its own.
        method = method if method in _METHODS else "other"
        metrics = self._metrics.get((method, template, status))
        if metrics is None:
            metrics = requests_total.labels(method, template, status), request_seconds.labels(method, template)
            self._metrics[method, template, status] = metrics
        metrics[0].inc()
        metrics[1].observe(seconds)
        log_request(method, template, status, seconds, correlation)

    def _send(
        self, answer: Written, environ: dict[str, Any], correlation: str, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        headers = [*answer.headers, *_COMMON, ("X-Correlation-ID", correlation)]
        if environ_scheme(environ, self._settings.trusted_proxies) == "https":
            headers.append(_HTTPS_ONLY)
        vary = "Accept-Encoding"
        if self._settings.cors_origins:
            vary = "Accept-Encoding, Origin"
            origin = environ.get("HTTP_ORIGIN")
            if origin in self._settings.cors_origins:
                headers += [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", _EXPOSED)]
        headers += [("Vary", vary), ("Content-Length", str(len(answer.body)))]
        start_response(_STATUS_LINES[answer.status], headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def _respond(self, request: Request, correlation: str) -> tuple[str, Written | Response]:
        template = "none"
        try:
            self._check_host(request)
            try:
                entry, path = self._match(request)
            except MethodNotAllowed:
                if request.method == "OPTIONS":
                    return "options", preflight(self._addresses.allowed_methods(request.path))
                raise
            template = entry.template
            return template, self._answer(entry, path, request, correlation)
        except Exception as error:
            return template, self._problem(error, correlation)

    def _match(self, request: Request) -> tuple[Entry, dict[str, str]]:
        name = request.method, request.path
        known = self._known.get(name)
        if known is not None:
            return known
        entry, values = self._addresses.match(path_info=request.path, method=request.method)
        known = entry, {name: str(value) for name, value in values.items()}
        if len(request.path) <= _LONGEST_KNOWN:
            if len(self._known) >= _KNOWN_ADDRESSES:
                self._known.clear()
            self._known[name] = known
        return known

    def _answer(self, entry: Entry, path: Mapping[str, str], request: Request, correlation: str) -> Written | Response:
        route, environ = entry.route, request.environ
        principal = self._principal(route, request)
        route.policy.check(principal)
        self._limits.check(entry.limit_kind, principal, client_address(request, self._settings.trusted_proxies))
        check_accept(environ.get("HTTP_ACCEPT", ""), entry.offered)
        key = conditions.idempotency_key(environ.get("HTTP_IDEMPOTENCY_KEY")) if route.changes else None
        revision = conditions.expected_revision(environ.get("HTTP_IF_MATCH")) if route.changes else None
        query = load(route.query, request.args.to_dict(flat=False)) if request.query_string else usual(route.query)
        raw, body = self._body(request, route)
        context = None
        if route.command and principal is not None:
            context = conditions.command_context(
                principal,
                key=key,
                revision=revision,
                correlation=correlation,
                method=request.method,
                path=request.path,
                body=raw,
            )
        call = Call(request, route, principal, path, query, body, correlation, key, context)
        if not route.pooled:
            return self._written(self._call(entry, call), route, request)
        if not self._admission.enter(_CALL):
            raise Problem("overloaded", "Too many calls are being answered at once.", retry_after=1)
        try:
            return self._written(self._call(entry, call), route, request)
        finally:
            self._admission.leave(_CALL)

    def _principal(self, route: Route, request: Request) -> Principal | None:
        if route.policy.public and not route.policy.greets:
            return None
        if route.policy.live_ticket and "ticket" in request.args:
            return self._live_tickets.redeem(request.args["ticket"])
        token = bearer_token(request.environ.get("HTTP_AUTHORIZATION"))
        if token is None:
            return None
        try:
            return self._verifier.principal(token)
        except Problem as problem:
            # what everybody may read must not go away with the issuer
            if route.policy.public and problem.code == "keys_unavailable":
                return None
            raise

    def _body(self, request: Request, route: Route) -> tuple[bytes, dict[str, Any]]:
        request.max_content_length = route.body_limit
        if route.body is None:
            return b"", {}
        if (request.content_length or 0) > route.body_limit:
            raise _too_large(route)
        if route.streams_body:
            if request.mimetype != route.body_media_type:
                raise Problem("unsupported_media_type", f"Content-Type has to be {route.body_media_type}.")
            return b"", {}
        # One byte more, because Werkzeug cuts a chunked body off at its limit without a word.
        request.max_content_length = route.body_limit + 1
        with self._deadline(BODY_SECONDS):
            raw = request.get_data(cache=False)
        if len(raw) > route.body_limit:
            raise _too_large(route)
        if raw and request.mimetype != "application/json":
            raise Problem("unsupported_media_type", "Content-Type has to be application/json.")
        return raw, load(route.body, parse_json(raw))

    def _written(self, result: Answer | Response, route: Route, request: Request) -> Written | Response:
        if isinstance(result, Response):
            return result
        schema = route.answers[result.status]
        if schema is None or isinstance(schema, str):
            return Response(status=result.status, headers=list(result.headers))
        if any("\n" in value or "\r" in value for _, value in result.headers):
            raise ValueError("a header of an answer has a line break")
        body = answers.write(schema, result.value)
        headers = [*result.headers, ("Content-Type", "application/json")]
        if len(body) >= _GZIP_FROM and request.accept_encodings["gzip"] > 0:
            body = gzip.compress(body, 5, mtime=0)
            headers.append(("Content-Encoding", "gzip"))
        return Written(result.status, headers, body)

    def _problem(self, error: Exception, correlation: str) -> Response:
        if isinstance(error, RemoteRefusal):
            problem = problems.from_service(error.problem)
        elif isinstance(error, ServiceUnavailable):
            problem = Problem(
                error.code, "A service behind the gateway did not answer.", status=503, retry_after=error.retry_after
            )
        elif isinstance(error, HTTPException):
            problem = problems.from_http(error)
        elif isinstance(error, Problem):
            problem = error
        elif isinstance(error, TimeoutError):
            problem = Problem("request_timed_out", problems.CODES["request_timed_out"].meaning)
        else:
            log.exception("request failed")
            problem = Problem("internal_error", problems.CODES["internal_error"].meaning)
        return problems.response(problem, correlation)

    def _check_host(self, request: Request) -> None:
        allowed = self._settings.allowed_hosts
        # Probes and scrapers reach a replica by its address, whatever it is called outside.
        if allowed and request.environ.get("HTTP_HOST", "").lower() not in allowed:
            if request.path.startswith("/health/") or request.path == "/metrics":
                return
            raise Problem("host_not_allowed", problems.CODES["host_not_allowed"].meaning)

    def _common_headers(self, request: Request, response: Response, correlation: str) -> None:
        headers = response.headers
        headers["X-Correlation-ID"] = correlation
        for name, value in _COMMON:
            headers.setdefault(name, value)
        if environ_scheme(request.environ, self._settings.trusted_proxies) == "https":
            headers.setdefault(*_HTTPS_ONLY)
        origin = request.headers.get("Origin")
        if self._settings.cors_origins:
            response.vary.add("Origin")
        if origin in self._settings.cors_origins:
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = _EXPOSED
            if "Access-Control-Request-Method" in request.headers and request.method == "OPTIONS":
                headers["Access-Control-Allow-Methods"] = headers.get("Allow", "")
                headers["Access-Control-Allow-Headers"] = _ALLOWED_HEADERS
                headers["Access-Control-Max-Age"] = "600"


def _too_large(route: Route) -> Problem:
    if route.streams_body:
        return Problem("too_large", f"A file may have at most {FILE_LIMIT:,} bytes.")
    return Problem("too_large", f"The body may have at most {route.body_limit:,} bytes.")


def preflight(methods: Iterable[str]) -> Response:
    """The answer to OPTIONS; who may read it is said by the headers that every answer gets."""
    return Response(status=204, headers=[("Allow", ", ".join(sorted({*methods, "OPTIONS"})))])


def parse_json(raw: bytes) -> dict[str, Any]:
    """A JSON object; nothing counts as an empty one. Raises Problem malformed_request."""
    if not raw.strip():
        return {}
    try:
        document = _JSON.decode(raw.decode("utf-8"))
        if b"\\u" in raw:
            # half a surrogate pair is no text: nothing behind could store it or send it back
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise Problem("malformed_request", "The body has to be JSON in UTF-8.") from error
    if not isinstance(document, dict):
        raise Problem("malformed_request", "The body has to be a JSON object.")
    return document


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_no_constant)


def load(schema: type[Schema], data: Any) -> dict[str, Any]:
    """`data` by the schema. Raises Problem invalid with the messages of each field."""
    try:
        loaded: dict[str, Any] = schema_of(schema).load(data)
    except ValidationError as error:
        raise Problem("invalid", "Some fields are missing or wrong.", errors=flat(error.messages)) from error
    return loaded


@functools.cache
def schema_of(schema: type[Schema]) -> Schema:
    """One instance of each schema: to make one costs more than to use it."""
    return schema()


def flat(messages: Any, prefix: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages by dotted field: {"on_behalf_of.email": ["Not a valid email address."]}."""
    if isinstance(messages, list):
        return {prefix or "body": [str(message) for message in messages]}
    found: dict[str, list[str]] = {}
    for name, inner in messages.items():
        label = prefix if name == "_schema" else f"{prefix}.{name}" if prefix else str(name)
        found.update(flat(inner, label))
    return found


@functools.cache
def _usual(schema: type[Schema]) -> dict[str, Any]:
    return load(schema, {})


def usual(schema: type[Schema]) -> dict[str, Any]:
    """What `load` makes of nothing; the same each time, so it is made once. Raises Problem invalid."""
    return dict(_usual(schema))


def offered_types(route: Route) -> tuple[str, ...]:
    """The forms that the answers of a route have; empty where one can have any."""
    kinds = tuple(sorted(set(route.media_types)))
    return () if "*/*" in kinds else kinds


def check_accept(accept: str, offered: tuple[str, ...]) -> None:
    """Raise Problem not_acceptable where Accept excludes every form that the answer could have."""
    if accept and offered and not _acceptable(accept, offered):
        raise Problem("not_acceptable", f"The answer is {' or '.join(offered)}.")


@functools.lru_cache(maxsize=256)
def _acceptable(accept: str, offered: tuple[str, ...]) -> bool:
    accepted = parse_accept_header(accept, MIMEAccept)
    return not accepted or accepted.best_match(offered) is not None


def client_address(request: Request, trusted_proxies: int) -> str:
    """The caller's address; X-Forwarded-For counts only as far as our own proxies wrote it."""
    if trusted_proxies:
        chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
        if len(chain) >= trusted_proxies:
            return chain[-trusted_proxies]
    return request.remote_addr or "unknown"


def environ_scheme(environ: Mapping[str, Any], trusted_proxies: int) -> str:
    """http or https: what our own proxy says of the way to it, else of the way to us."""
    scheme: str = environ["wsgi.url_scheme"]
    if trusted_proxies:
        return str(environ.get("HTTP_X_FORWARDED_PROTO", scheme)).split(",")[-1].strip().lower()
    return scheme
