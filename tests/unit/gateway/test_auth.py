"""Tokens: what is taken, and every way of forging one that we know of."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from services.gateway.auth import JwksKeys, Verifier, bearer_token, usable_keys
from services.gateway.problems import Problem

ISSUER, AUDIENCE = "https://id.example.org", "cloud-factory-support"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def jwk(kid: str, algorithm: Any, key: Any, **more: Any) -> dict[str, Any]:
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig", **more}


JWKS = {
    "keys": [
        jwk("rsa", RSAAlgorithm, RSA, alg="RS256"),
        jwk("ec", ECAlgorithm, EC, alg="ES256"),
        jwk("ed", OKPAlgorithm, ED, alg="EdDSA"),
    ]
}


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {"sub": "u1", "name": "Anna", "email": "anna@example.org", "account": "acme", "roles": ["customer"]}
    made = {**usual, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600, **changes}
    return {name: value for name, value in made.items() if value is not ...}


def signed(key: Any = EC, algorithm: str = "ES256", kid: str | None = "ec", **changes: Any) -> str:
    headers = {"kid": kid} if kid else {}
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


def pack(value: Mapping[str, Any] | bytes) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(header: Mapping[str, Any], signature: bytes = b"", **changes: Any) -> str:
    return f"{pack(header)}.{pack(claims(**changes))}.{pack(signature)}"


@pytest.fixture
def verifier() -> Verifier:
    return Verifier({ISSUER: JwksKeys(lambda: JWKS)}, AUDIENCE)


@pytest.mark.parametrize(("key", "algorithm", "kid"), [(RSA, "RS256", "rsa"), (EC, "ES256", "ec"), (ED, "EdDSA", "ed")])
def test_a_token_of_each_algorithm_gives_its_principal(verifier: Verifier, key: Any, algorithm: str, kid: str) -> None:
    principal = verifier.principal(signed(key, algorithm, kid, roles=["agent", "owner"]))
    assert (principal.id, principal.name, principal.email) == ("u1", "Anna", "anna@example.org")
    assert principal.roles == {"agent"}
    assert principal.actor()["account"] == "acme"


def _none_token() -> str:
    return forged({"alg": "none", "typ": "JWT", "kid": "ec"})


def _hs256_with_the_public_key() -> str:
    secret = EC.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    body = f"{pack({'alg': 'HS256', 'typ': 'JWT', 'kid': 'ec'})}.{pack(claims())}"
    return f"{body}.{pack(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"


def _own_key_in_the_header() -> str:
    other = ec.generate_private_key(ec.SECP256R1())
    headers = {"kid": "mine", "jwk": jwk("mine", ECAlgorithm, other), "jku": "https://evil.example/jwks", "x5u": "x"}
    return jwt.encode(claims(), other, algorithm="ES256", headers=headers)


def _other_key_under_a_known_name() -> str:
    return signed(ec.generate_private_key(ec.SECP256R1()))


def _changed_claims() -> str:
    head, _, signature = signed().split(".")
    return f"{head}.{pack(claims(roles=['admin']))}.{signature}"


ATTACKS: dict[str, Callable[[], str]] = {
    "no signature": _none_token,
    "symmetric with the public key": _hs256_with_the_public_key,
    "own key in the header": _own_key_in_the_header,
    "other key, known name": _other_key_under_a_known_name,
    "changed claims": _changed_claims,
    "algorithm of another key": lambda: signed(RSA, "RS256", "ec"),
    "algorithm that is not taken": lambda: signed(RSA, "RS512", "rsa"),
    "wrong issuer": lambda: signed(iss="https://evil.example"),
    "issuer is a list": lambda: forged({"alg": "ES256", "kid": "ec"}, iss=[ISSUER]),
    "wrong audience": lambda: signed(aud="another-service"),
    "no audience": lambda: signed(aud=...),
    "no expiry": lambda: signed(exp=...),
    "no subject": lambda: signed(sub=...),
    "empty subject": lambda: signed(sub=""),
    "not yet valid": lambda: signed(nbf=int(time.time()) + 600),
    "unknown key": lambda: signed(kid="other"),
    "no key named": lambda: signed(kid=None),
    "another kind of token": lambda: jwt.encode(
        claims(), EC, algorithm="ES256", headers={"kid": "ec", "typ": "logout+jwt"}
    ),
    "critical header that nobody knows": lambda: jwt.encode(
        claims(), EC, algorithm="ES256", headers={"kid": "ec", "crit": ["x"], "x": 1}
    ),
    "roles are not a list": lambda: signed(roles="admin"),
    "name is not a text": lambda: signed(name={"a": 1}),
    "not a token": lambda: "abc",
    "three dots": lambda: "a.b.c",
    "far too long": lambda: "a" * 10_000,
    "empty": lambda: "",
}


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_a_forged_token_is_refused(verifier: Verifier, attack: str) -> None:
    with pytest.raises(Problem) as refused:
        verifier.principal(ATTACKS[attack]())
    assert (refused.value.status, refused.value.code) == (401, "token_invalid")


def test_an_expired_token_is_refused_behind_a_minute_of_leeway(verifier: Verifier) -> None:
    assert verifier.principal(signed(exp=int(time.time()) - 50)).id == "u1"
    with pytest.raises(Problem) as refused:
        verifier.principal(signed(exp=int(time.time()) - 70))
    assert refused.value.code == "token_expired"


def test_a_good_token_is_believed_for_a_minute_and_never_beyond_its_end() -> None:
    class Keys:
        """A key source whose keys are withdrawn at some time."""

        def __init__(self) -> None:
            self.known = usable_keys(JWKS)

        def key(self, kid: str) -> jwt.PyJWK | None:
            return self.known.get(kid)

    keys, now = Keys(), [time.time()]
    verifier = Verifier({ISSUER: keys}, AUDIENCE, now=lambda: now[0])
    long, short = signed(), signed(exp=int(now[0]) + 30)
    assert verifier.principal(long).id == verifier.principal(short).id == "u1"
    keys.known = {}
    now[0] += 31
    assert verifier.principal(long).id == "u1"
    for token, later in ((short, 0), (long, 30)):
        now[0] += later
        with pytest.raises(Problem):
            verifier.principal(token)


def test_a_refused_token_is_looked_at_each_time() -> None:
    verifier = Verifier({ISSUER: JwksKeys(lambda: JWKS)}, AUDIENCE)
    for _ in range(3):
        with pytest.raises(Problem):
            verifier.principal(_changed_claims())


def test_symmetric_and_encryption_keys_of_an_issuer_are_left_out() -> None:
    secret = {"kty": "oct", "kid": "s", "k": "c2VjcmV0", "alg": "HS256"}
    keys = [
        secret,
        jwk("enc", RSAAlgorithm, RSA, use="enc"),
        jwk("512", RSAAlgorithm, RSA, alg="RS512"),
        {"kty": "RSA"},
    ]
    assert usable_keys({"keys": [*keys, *JWKS["keys"]]}).keys() == {"rsa", "ec", "ed"}


class Issuer:
    """An identity provider that counts how often it is asked and can be away."""

    def __init__(self) -> None:
        self.asked, self.away, self.now = 0, False, 1000.0
        self.document: dict[str, Any] = JWKS
        self.keys = JwksKeys(self.fetch, lifespan=300, cooldown=30, grace=3600, now=lambda: self.now)

    def fetch(self) -> dict[str, Any]:
        self.asked += 1
        if self.away:
            raise OSError("connection refused")
        return self.document


def test_keys_are_fetched_once_for_their_lifespan() -> None:
    issuer = Issuer()
    assert all(issuer.keys.key("ec") for _ in range(5))
    assert issuer.asked == 1
    issuer.now += 301
    assert issuer.keys.key("ec")
    assert issuer.asked == 2


def test_unknown_key_ids_cause_one_fetch_in_the_cooldown() -> None:
    issuer = Issuer()
    issuer.keys.key("ec")
    issuer.now += 31
    assert [issuer.keys.key(f"guess-{number}") for number in range(50)] == [None] * 50
    assert issuer.asked == 2


def test_a_new_key_is_found_and_a_withdrawn_one_forgotten() -> None:
    issuer = Issuer()
    issuer.document = {"keys": JWKS["keys"][:1]}
    issuer.keys.key("rsa")
    issuer.document = {"keys": JWKS["keys"][1:]}
    issuer.now += 31
    assert issuer.keys.key("ec")
    assert issuer.keys.key("rsa") is None


def test_the_last_good_keys_outlive_an_outage_for_an_hour() -> None:
    issuer = Issuer()
    issuer.keys.key("ec")
    issuer.away = True
    issuer.now += 3500
    assert issuer.keys.key("ec")
    issuer.now += 200
    with pytest.raises(Problem) as away:
        issuer.keys.key("ec")
    assert (away.value.status, away.value.code) == (503, "keys_unavailable")
    issuer.away = False
    issuer.now += 31
    assert issuer.keys.key("ec")


def test_an_issuer_that_was_never_there_is_asked_every_two_seconds() -> None:
    issuer = Issuer()
    issuer.away = True
    for _ in range(10):
        with pytest.raises(Problem):
            issuer.keys.key("ec")
    assert issuer.asked == 1
    issuer.away, issuer.now = False, issuer.now + 2
    assert issuer.keys.key("ec")


def test_nonsense_from_the_issuer_counts_as_away() -> None:
    keys = JwksKeys(lambda: {"keys": "none"})
    with pytest.raises(Problem) as away:
        keys.key("ec")
    assert away.value.code == "keys_unavailable"


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer   ", "token abc"])
def test_another_authorization_scheme_is_refused(header: str) -> None:
    with pytest.raises(Problem) as refused:
        bearer_token(header)
    assert refused.value.code == "token_invalid"


def test_the_scheme_is_read_without_case() -> None:
    assert bearer_token("bearer abc") == "abc"
    assert bearer_token(None) is None
