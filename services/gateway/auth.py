"""From a bearer token to a Principal. Tokens are only verified here, never made; see dev_login for the exception."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jwt

from services.gateway.problems import Problem

ALGORITHMS = ("RS256", "ES256", "EdDSA")
LEEWAY_SECONDS = 60
MAX_TOKEN_CHARACTERS = 8192
REMEMBERED_TOKENS = 4096
REMEMBERED_SECONDS = 60
_TYPES = {"jwt", "at+jwt", "application/at+jwt"}
_KEY_TYPES = ("RSA", "EC", "OKP")
_ROLES = frozenset({"customer", "agent", "admin"})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, as the token says. `expires_at` is in seconds since 1970."""

    id: str
    name: str
    email: str
    account: str
    roles: frozenset[str]
    expires_at: float

    @property
    def is_agent(self) -> bool:
        return bool(self.roles & {"agent", "admin"})

    def actor(self) -> dict[str, Any]:
        """As the services take it."""
        return {
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "account": self.account,
            "roles": sorted(self.roles),
        }


def principal_from_claims(claims: Mapping[str, Any], expires_at: float) -> Principal:
    """Raises Problem token_invalid where a claim has the wrong form; roles that are not ours are left out."""
    texts = {name: claims.get(name, "") for name in ("sub", "name", "email", "account")}
    roles = claims.get("roles", [])
    if any(not isinstance(text, str) or len(text) > 255 for text in texts.values()) or not texts["sub"]:
        raise invalid_token("The token's sub, name, email and account have to be texts of at most 255 characters.")
    if not isinstance(roles, list) or any(not isinstance(role, str) for role in roles):
        raise invalid_token("The token's roles have to be a list of texts.")
    return Principal(
        id=texts["sub"],
        name=texts["name"] or texts["sub"],
        email=texts["email"],
        account=texts["account"],
        roles=_ROLES & frozenset(roles),
        expires_at=expires_at,
    )


def invalid_token(detail: str, code: str = "token_invalid") -> Problem:
    return Problem(code, detail, headers=[("WWW-Authenticate", 'Bearer error="invalid_token"')])


class KeySource(Protocol):
    """Where the public keys of an issuer come from."""

    def key(self, kid: str) -> jwt.PyJWK | None:
        """The key of this id; None where the issuer has none. Raises Problem keys_unavailable."""
        ...


class JwksKeys:
    """An issuer's keys by JWKS: fetched at most every `cooldown`, renewed after `lifespan`.

    While the issuer is away the last good keys stay valid for `grace`: an outage there must not sign everyone
    out here, and a withdrawn key must not live for ever either. All in seconds.
    """

    def __init__(
        self,
        fetch: Callable[[], Mapping[str, Any]],
        *,
        lifespan: float = 300,
        cooldown: float = 30,
        grace: float = 3600,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._now = fetch, now
        self._lifespan, self._cooldown, self._grace = lifespan, cooldown, grace
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._good_at: float | None = None
        self._tried_at: float | None = None

    def key(self, kid: str) -> jwt.PyJWK | None:
        if self._fresh() and kid in self._keys:
            return self._keys[kid]
        with self._lock:
            if not (self._fresh() and kid in self._keys) and self._may_try():
                self._refresh()
        if self._good_at is None or self._now() - self._good_at > self._grace:
            raise Problem("keys_unavailable", "The keys that sign tokens cannot be had at the moment.", retry_after=5)
        return self._keys.get(kid)

    def _fresh(self) -> bool:
        return self._good_at is not None and self._now() - self._good_at < self._lifespan

    def _may_try(self) -> bool:
        # Before the first success there is nothing to fall back on, so an outage at start is probed more often.
        pause = self._cooldown if self._good_at is not None else min(self._cooldown, 2)
        return self._tried_at is None or self._now() - self._tried_at >= pause

    def _refresh(self) -> None:
        self._tried_at = self._now()
        try:
            self._keys = usable_keys(self._fetch())
        except (OSError, ValueError, jwt.PyJWTError):
            return
        self._good_at = self._now()


def usable_keys(document: Mapping[str, Any]) -> dict[str, jwt.PyJWK]:
    """Key id → key for each entry that may verify one of ALGORITHMS; symmetric and unknown ones are left out.

    Raises ValueError for what is no JWKS.
    """
    entries = document.get("keys")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("a JWKS has a list of keys")
    found: dict[str, jwt.PyJWK] = {}
    for entry in entries:
        kid = entry.get("kid")
        if not isinstance(kid, str) or entry.get("use", "sig") != "sig" or entry.get("kty") not in _KEY_TYPES:
            continue
        try:
            key = jwt.PyJWK(entry)
        except jwt.PyJWTError:
            continue
        if key.algorithm_name in ALGORITHMS:
            found[kid] = key
    return found


def fetch_json(url: str, timeout: float = 2) -> dict[str, Any]:
    """A JSON object over HTTP, at most 1 MiB. Raises OSError or ValueError."""
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"not an HTTP address: {url}")
    with urllib.request.urlopen(url, timeout=timeout) as answer:  # noqa: S310 the scheme is checked above
        document = json.loads(answer.read(1 << 20))
    if not isinstance(document, dict):
        raise ValueError(f"not a JSON object: {url}")
    return document


def jwks_fetcher(issuer: str, jwks_url: str | None) -> Callable[[], Mapping[str, Any]]:
    """Fetches an issuer's JWKS, by its discovery document where `jwks_url` is not given."""

    def fetch() -> Mapping[str, Any]:
        if jwks_url is not None:
            return fetch_json(jwks_url)
        discovered = fetch_json(issuer.rstrip("/") + "/.well-known/openid-configuration")
        return fetch_json(str(discovered.get("jwks_uri")))

    return fetch


class Verifier:
    """Verifies tokens of the issuers that are trusted; `issuers` maps the exact `iss` to its keys.

    A token that was found good is believed for REMEMBERED_SECONDS, at most until it expires: a client sends the
    same one with every call, and verifying it costs as much as the rest of a small call.
    """

    def __init__(self, issuers: Mapping[str, KeySource], audience: str, now: Callable[[], float] = time.time) -> None:
        self._issuers, self._audience, self._now = dict(issuers), audience, now
        self._known: dict[bytes, tuple[float, Principal]] = {}

    def principal(self, token: str) -> Principal:
        """Raises Problem: token_invalid, token_expired, keys_unavailable."""
        name = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        until, principal = self._known.get(name, (0.0, None))
        if principal is not None and self._now() < until:
            return principal
        principal = self._verified(token)
        if len(self._known) >= REMEMBERED_TOKENS:
            self._known.clear()
        self._known[name] = (min(self._now() + REMEMBERED_SECONDS, principal.expires_at), principal)
        return principal

    def _verified(self, token: str) -> Principal:
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise invalid_token("The token is too long.")
        try:
            header = jwt.get_unverified_header(token)
            # Read unverified only to pick the keys; decode() below checks the same claim against them.
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except (jwt.PyJWTError, ValueError) as error:
            raise invalid_token("The token is not a signed JWT.") from error
        if header.get("alg") not in ALGORITHMS:
            raise invalid_token(f"The token has to be signed with {', '.join(ALGORITHMS)}.")
        if str(header.get("typ", "JWT")).lower() not in _TYPES:
            raise invalid_token("This kind of token is not taken here.")
        keys = self._issuers.get(issuer) if isinstance(issuer, str) else None
        if keys is None:
            raise invalid_token("The token's issuer is not trusted here.")
        kid = header.get("kid")
        key = keys.key(kid) if isinstance(kid, str) else None
        if key is None:
            raise invalid_token("The token names no key of its issuer.")
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise invalid_token("The token has expired.", "token_expired") from error
        except (jwt.PyJWTError, ValueError) as error:
            raise invalid_token("The token's signature or claims are wrong.") from error
        return principal_from_claims(claims, float(claims["exp"]))


def bearer_token(header: str | None) -> str | None:
    """The token of an Authorization header; None without one. Raises Problem for another scheme."""
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise invalid_token("Authorization has to be: Bearer, a space, and the token.")
    return token.strip()
