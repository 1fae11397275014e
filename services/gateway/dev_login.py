"""Development sign-in: makes tokens that the ordinary verifier takes. Settings refuse it in production."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

ISSUER = "urn:cloud-factory-support:development"
LIFETIME_SECONDS = 8 * 3600
_PEOPLE = Path(__file__).with_name("people.json")


class DevLogin:
    """Signs tokens with an ES256 key of this process, or of `key_file` where several replicas share one."""

    def __init__(self, audience: str, key_file: Path | None = None) -> None:
        self._audience = audience
        self._key = _kept_key(key_file) if key_file else ec.generate_private_key(ec.SECP256R1())
        public = json.loads(ECAlgorithm.to_jwk(self._key.public_key()))
        digest = hashlib.sha256(json.dumps(public, sort_keys=True).encode()).digest()
        self._kid = base64.urlsafe_b64encode(digest[:12]).decode()
        self._public = {**public, "kid": self._kid, "use": "sig", "alg": "ES256"}

    def jwks(self) -> dict[str, Any]:
        """The public key as an issuer publishes it."""
        return {"keys": [self._public]}

    def token(self, person: Mapping[str, Any]) -> dict[str, Any]:
        """`{access_token, token_type, expires_in}` for the claims sub, name, email, account, roles."""
        now = int(time.time())
        claims = {
            **person,
            "iss": ISSUER,
            "aud": self._audience,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
        }
        signed = jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": self._kid, "typ": "at+jwt"})
        return {"access_token": signed, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS}


def people() -> dict[str, Any]:
    """`{items: [{sub, name, email, account, roles}]}`: whom one may sign in as on the development page."""
    listed = json.loads(_PEOPLE.read_text(encoding="utf-8")) if _PEOPLE.exists() else []
    return {"items": listed["items"] if isinstance(listed, dict) else listed}


def _kept_key(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.exists():
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        # Made whole under another name first: two replicas may start in the same moment, and the first link wins.
        made = path.with_name(f"{path.name}.{uuid.uuid4()}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        with suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError(f"{path} does not hold a P-256 private key")
    return key
