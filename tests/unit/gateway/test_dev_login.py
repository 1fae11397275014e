"""The development sign-in's key: of one process, or kept for several."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.gateway.auth import JwksKeys, Verifier
from services.gateway.dev_login import ISSUER, DevLogin
from services.gateway.problems import Problem

PERSON = {"sub": "a", "name": "A", "email": "a@example.org", "account": "acme", "roles": ["customer"]}


def verified(login: DevLogin, by: DevLogin) -> str:
    return Verifier({ISSUER: JwksKeys(by.jwks)}, "support").principal(login.token(PERSON)["access_token"]).id


def test_replicas_with_one_key_file_take_each_others_tokens(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    one, other = DevLogin("support", file), DevLogin("support", file)
    assert verified(one, by=other) == "a"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]


def test_replicas_that_start_together_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        logins = list(pool.map(lambda _: DevLogin("support", tmp_path / "key.pem"), range(8)))
    assert len({str(login.jwks()) for login in logins}) == 1


def test_processes_without_a_file_do_not_trust_each_other() -> None:
    with pytest.raises(Problem):
        verified(DevLogin("support"), by=DevLogin("support"))


def test_the_public_key_has_no_private_part() -> None:
    (key,) = DevLogin("support").jwks()["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
