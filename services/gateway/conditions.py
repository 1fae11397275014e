"""What a request's headers say about repeating it, about the revision it rests on, and about its correlation."""

from __future__ import annotations

import re
import uuid
from typing import Any

from services.gateway.auth import Principal
from services.gateway.problems import Problem
from shared.events.event import command_id, fingerprint

_KEY = re.compile(r"[\x20-\x7e]{1,200}")
_STRONG = re.compile(r'"(0|[1-9][0-9]{0,17})"')
_CORRELATION = re.compile(r"[A-Za-z0-9._-]{1,64}")


def idempotency_key(header: str | None) -> str | None:
    """The key as given; None without one. Raises Problem malformed_request."""
    if header is None:
        return None
    if not _KEY.fullmatch(header):
        raise Problem("malformed_request", "Idempotency-Key has to be 1 to 200 printable ASCII characters.")
    return header


def expected_revision(header: str | None) -> int | None:
    """The revision of `If-Match: "n"`; None without the header and for `*`. Raises Problem malformed_request."""
    if header is None or header.strip() == "*":
        return None
    match = _STRONG.fullmatch(header.strip())
    if match is None:
        raise Problem("malformed_request", 'If-Match has to be one revision in quotes, such as "3".')
    return int(match.group(1))


def etag(revision: int) -> str:
    return f'"{revision}"'


def correlation_id(header: str | None) -> str:
    """The caller's correlation id where it has the form that we keep, else a new one."""
    return header if header is not None and _CORRELATION.fullmatch(header) else str(uuid.uuid4())


def command_context(
    principal: Principal,
    *,
    key: str | None,
    revision: int | None,
    correlation: str,
    method: str,
    path: str,
    body: bytes,
) -> dict[str, Any]:
    """The `context` that a command takes along: its id, a digest of the request, and the expected revision.

    Without a key the command gets an id of its own, so that nothing is taken for its repetition.
    """
    return {
        "command_id": str(command_id(principal.id, key or str(uuid.uuid4()))),
        "fingerprint": fingerprint(method, path, body),
        "correlation_id": correlation,
        "expected_revision": revision,
    }
