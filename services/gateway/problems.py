"""Errors as the outside sees them: RFC 9457 problem details with stable codes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Code:
    """A stable error code: its HTTP status and what it means, in one sentence for the documentation."""

    status: int
    meaning: str


CODES: Mapping[str, Code] = {
    # The request as such
    "malformed_request": Code(400, "The request cannot be read: bad JSON, a bad header or a bad encoding."),
    "host_not_allowed": Code(400, "The Host header names a host that this gateway does not serve."),
    "not_found": Code(404, "Nothing is at this address."),
    "method_not_allowed": Code(405, "This address does not take that method; Allow names those it takes."),
    "not_acceptable": Code(406, "The answer has no form that Accept allows."),
    "too_large": Code(413, "The body, a file or an event is larger than allowed."),
    "address_too_long": Code(414, "The address is longer than allowed."),
    "event_too_large": Code(413, "What was written is too long to be stored."),
    "unsupported_media_type": Code(415, "Content-Type is not one that this address takes."),
    "range_not_satisfiable": Code(416, "The asked range lies outside the file."),
    "invalid": Code(422, "Fields are missing or wrong; errors says which and why."),
    "idempotency_key_reused": Code(422, "The Idempotency-Key was used before with another request."),
    "invalid_cursor": Code(422, "The cursor was not made by this list, or belongs to another sort order."),
    "request_timed_out": Code(408, "The request's body did not arrive in time."),
    # Who asks
    "token_missing": Code(401, "The call needs a bearer token."),
    "token_invalid": Code(401, "The token's signature or claims are wrong."),
    "token_expired": Code(401, "The token has expired."),
    "live_ticket_invalid": Code(401, "The ticket for a live stream is wrong, expired or was used before."),
    "role_required": Code(403, "The caller's roles do not allow this."),
    "too_many_requests": Code(429, "The limit for this person, account or address is reached; Retry-After says when."),
    "too_many_streams": Code(429, "This person has as many live streams open as one may have."),
    # What the domain refuses
    "ticket_not_found": Code(404, "There is no such ticket, or it is not the caller's."),
    "attachment_not_found": Code(404, "There is no such file, or the caller may not see it (422 in a body)."),
    "ticket_closed": Code(409, "A closed ticket takes nothing more; follow_up_to says what to open instead."),
    "not_allowed_in_status": Code(409, "The ticket's status does not allow this; allowed_actions says what is."),
    "customer_required": Code(422, "An agent has to say for whom the ticket is (on_behalf_of)."),
    "rating_window_over": Code(409, "The time in which a ticket can be rated is over."),
    "write_conflict": Code(503, "Others kept changing the same thing at the same moment; try again."),
    "stale_revision": Code(412, "If-Match names an older revision; revision says the present one."),
    "too_many_attachments": Code(422, "A message takes at most ten files."),
    "file_type_refused": Code(422, "Files of this type are not accepted."),
    "article_not_found": Code(404, "There is no such article, or readers do not see it."),
    "version_not_found": Code(404, "The article has no version of this number."),
    "faq_not_found": Code(404, "There is no such question."),
    "search_not_found": Code(404, "There was no such search."),
    "category_not_found": Code(422, "The knowledge base has no such category."),
    "invalid_content": Code(422, "A text cannot be stored as it is; errors says which and why."),
    "revision_required": Code(422, "The new text of an article needs If-Match, so that nobody's text is lost."),
    "slug_taken": Code(409, "Another article has, or once had, this address."),
    "nothing_to_publish": Code(409, "The draft says what is published already."),
    "already_shown": Code(409, "Readers see the content of this version already."),
    "not_published": Code(409, "Only an article that readers see takes this."),
    "chat_not_found": Code(404, "There is no such chat, or it is not the caller's."),
    "message_not_found": Code(404, "The chat has no such answer of the assistant."),
    "chat_ended": Code(409, "An ended chat takes no message; begin a new one."),
    "already_taken": Code(409, "Another agent has the chat; assignee says who."),
    "not_your_chat": Code(409, "Only the agent who has a chat writes in it, passes it on or ends it."),
    "agent_not_there": Code(409, "The agent to whom the chat is to go is not there, or takes no chats."),
    "at_capacity": Code(409, "The agent has as many chats as they take at once."),
    "outside_business_hours": Code(409, "Nobody is there; opens_at says when people are, and a ticket is offered."),
    "action_not_offered": Code(422, "The assistant has not offered this action in the chat."),
    "nothing_said": Code(422, "A message of a chat needs words, a file or an action."),
    # What is away
    "tickets_away": Code(503, "The chat service cannot reach tickets at the moment."),
    "keys_unavailable": Code(503, "The token's signing keys cannot be had at the moment."),
    "overloaded": Code(503, "Too much is going on at once; Retry-After says when to try again."),
    "service_away": Code(503, "A service behind the gateway is away; Retry-After says when to try again."),
    "broker_away": Code(503, "The message broker is away; Retry-After says when to try again."),
    "deadline_exceeded": Code(503, "A service did not answer in time; the outcome may be unknown."),
    "circuit_open": Code(503, "A service failed several times in a row and is left alone for a moment."),
    "store_unavailable": Code(503, "The event store did not answer in time; the outcome may be unknown."),
    "object_store_unavailable": Code(503, "The file store is away."),
    "live_unavailable": Code(503, "Live updates cannot start at the moment."),
    "internal_error": Code(500, "Something failed in a way that nobody foresaw; the correlation id finds it."),
}

KIND_STATUS: Mapping[str, int] = {
    "invalid": 422,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "stale": 412,
    "too_large": 413,
    "unavailable": 503,
    "internal": 500,
}

_OF_HTTP = {
    400: "malformed_request",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timed_out",
    413: "too_large",
    414: "address_too_long",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    422: "invalid",
}
DEFAULT_RETRY_AFTER = 2


class Problem(Exception):
    """A refusal for the caller.

    `code` is one of CODES or one that a service gave; `errors` maps a field to its messages; `details` become
    members of the answer; `retry_after` is in seconds.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int | None = None,
        errors: Mapping[str, Any] | None = None,
        details: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail
        self.status = status or CODES[code].status
        self.errors, self.details = dict(errors or {}), dict(details or {})
        self.headers = list(headers)
        if retry_after is None and self.status == 503:
            retry_after = DEFAULT_RETRY_AFTER
        if retry_after is not None:
            self.headers.append(("Retry-After", str(max(1, round(retry_after + 0.499)))))


def from_service(problem: Mapping[str, Any]) -> Problem:
    """The answer for a problem that a service named in its reply."""
    details = dict(problem.get("details") or {})
    return Problem(
        str(problem.get("code") or "internal_error"),
        str(problem.get("detail") or ""),
        status=KIND_STATUS.get(str(problem.get("kind")), 500),
        errors=problem.get("errors"),
        retry_after=details.pop("retry_after", None),
        details=details,
    )


def from_http(error: HTTPException) -> Problem:
    """The answer for an error that Werkzeug raised; only its status and Allow are taken over."""
    code = _OF_HTTP.get(error.code or 500, "internal_error")
    allow = [(name, value) for name, value in error.get_headers() if name.lower() == "allow"]
    return Problem(code, CODES[code].meaning, headers=allow)


def response(problem: Problem, correlation_id: str) -> Response:
    """The problem as an HTTP answer; members that RFC 9457 names cannot be overwritten by details."""
    body: dict[str, Any] = {
        **problem.details,
        "type": f"/docs#{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "correlation_id": correlation_id,
    }
    if problem.errors:
        body["errors"] = problem.errors
    return Response(json.dumps(body), problem.status, problem.headers, content_type=MEDIA_TYPE)
