"""One-use tickets for live streams: EventSource cannot send a header, and a bearer token has no place in an address."""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections.abc import Callable

import jwt

from services.gateway.auth import Principal, principal_from_claims
from services.gateway.problems import Problem

LIFETIME_SECONDS = 30
_AUDIENCE = "live-stream"


class LiveTickets:
    """Makes and redeems tickets.

    A ticket is a JWT signed with a key that the replicas share, so any of them takes it; that it was used is
    known to the replica that took it, so within its 30 seconds it opens at most one stream on each replica.
    """

    def __init__(self, key: str | None = None, now: Callable[[], float] = time.time) -> None:
        self._key = key or secrets.token_urlsafe(48)
        self._now = now
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()

    def issue(self, principal: Principal) -> dict[str, object]:
        """`{ticket, expires_in}` for whoever `principal` is."""
        claims = {
            "sub": principal.id,
            "name": principal.name,
            "email": principal.email,
            "account": principal.account,
            "roles": sorted(principal.roles),
            "session_exp": principal.expires_at,
            "aud": _AUDIENCE,
            "jti": str(uuid.uuid4()),
            "exp": self._now() + LIFETIME_SECONDS,
        }
        return {"ticket": jwt.encode(claims, self._key, algorithm="HS256"), "expires_in": LIFETIME_SECONDS}

    def redeem(self, ticket: str) -> Principal:
        """Who holds the ticket. Raises Problem live_ticket_invalid, also for one that was used before."""
        try:
            claims = jwt.decode(
                ticket,
                self._key,
                algorithms=["HS256"],
                audience=_AUDIENCE,
                options={"require": ["exp", "aud", "jti", "sub"], "verify_exp": False},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise _invalid() from error
        if claims["exp"] <= self._now() or not self._first_use(claims["jti"], claims["exp"]):
            raise _invalid()
        return principal_from_claims(claims, float(claims["session_exp"]))

    def _first_use(self, jti: str, expires: float) -> bool:
        with self._lock:
            now = self._now()
            self._used = {known: end for known, end in self._used.items() if end > now}
            if jti in self._used:
                return False
            self._used[jti] = expires
            return True


def _invalid() -> Problem:
    return Problem("live_ticket_invalid", "The ticket is wrong, has expired, or was used before; get a new one.")
