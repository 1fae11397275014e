"""Fills the demo through the public HTTP API; every call has a fixed key, so that a second run changes nothing."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from deploy.local import demo_files
from deploy.local.demo_stories import STORIES, Step, Story
from deploy.local.progress import Step as Progress
from deploy.local.progress import silent
from deploy.local.settings import PROJECT, LocalError

_SECONDS = 30
_TRIES = 8
_AT_ONCE = 4
_BOUNDARY = "cloud-factory-support-demo"


class _ToldOtherwise(Exception):
    """An older version of the demo has used this key with other words."""


def fill(url: str, step: Progress = silent) -> None:
    """Bring the demo's people, tickets, conversations and files into the system at `url`. Raises LocalError."""
    session = requests.Session()
    with step(f"Filling the demo: {len(STORIES)} tickets"):
        tokens = {person["name"]: _token(session, url, person) for person in people()}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            told = [pool.submit(_tell, url, tokens, story) for story in STORIES]
            for story in told:
                # What an older version has told stays as it is, and its end too.
                with contextlib.suppress(_ToldOtherwise):
                    story.result()


def people() -> list[dict[str, Any]]:
    """Whom the demo knows: `{sub, name, email, account, roles, title}` each."""
    text = (PROJECT / "services" / "gateway" / "people.json").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)["items"]
    return found


def _token(session: requests.Session, url: str, person: dict[str, Any]) -> str:
    claims = {name: person[name] for name in ("sub", "name", "email", "account", "roles")}
    return str(_send(session, f"{url}/dev/token", {}, json.dumps(claims).encode())["access_token"])


def _tell(url: str, tokens: dict[str, str], story: Story) -> None:
    with requests.Session() as session:
        teller = _Teller(session, f"{url}/api/v1", tokens, story.key)
        opened = teller.post(
            story.customer,
            "/tickets",
            {
                "subject": story.subject,
                "category": story.category,
                "priority": story.priority,
                "description": story.description,
                "attachments": teller.upload(story.customer, story.files),
            },
        )
        for step in story.steps:
            for path, body in _calls(step, teller):
                teller.post(step.who, f"/tickets/{opened['id']}/{path}", body)


class _Teller:
    """Sends the calls of one story; the n-th call of a story always has the same key."""

    def __init__(self, session: requests.Session, api: str, tokens: dict[str, str], story: str) -> None:
        self._session, self._api, self._tokens, self._story, self._count = session, api, tokens, story, 0

    def post(self, who: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._post(who, path, "application/json", json.dumps(body).encode())

    def upload(self, who: str, names: tuple[str, ...]) -> list[str]:
        media_type = f"multipart/form-data; boundary={_BOUNDARY}"
        return [str(self._post(who, "/attachments", media_type, _form(name))["id"]) for name in names]

    def _post(self, who: str, path: str, media_type: str, body: bytes) -> dict[str, Any]:
        self._count += 1
        headers = {
            "Authorization": f"Bearer {self._tokens[who]}",
            "Content-Type": media_type,
            "Idempotency-Key": f"demo-1-{self._story}-{self._count}",
        }
        return _send(self._session, f"{self._api}{path}", headers, body)


def _calls(step: Step, teller: _Teller) -> Iterator[tuple[str, dict[str, Any]]]:
    match step.what:
        case "reply":
            yield "messages", {"body": step.text, "attachments": teller.upload(step.who, step.files)}
        case "note":
            yield "messages", {"body": step.text, "internal": True}
        case "ask":
            yield "request-information", {"body": step.text}
        case "take":
            who = next(person for person in people() if person["name"] == step.who)
            yield "assign", {"assignee": {"id": who["sub"], "name": who["name"]}}
        case "resolve":
            yield "resolve", {"body": step.text} if step.text else {}
        case "reopen":
            yield "reopen", {"reason": step.text}
        case "close":
            yield "close", {}
        case "priority":
            yield "priority", {"priority": step.text}
        case "rate":
            yield "satisfaction", {"score": step.score} | ({"comment": step.text} if step.text else {})
        case unknown:
            raise ValueError(f"A story has no step called {unknown}.")


def _form(name: str) -> bytes:
    # A fixed boundary: the same key has to come with the same bytes.
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    return (
        f"{head}Content-Type: application/octet-stream\r\n\r\n".encode()
        + demo_files.content(name)
        + f"\r\n--{_BOUNDARY}--\r\n".encode()
    )


def _send(session: requests.Session, url: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """POST, again when the system asks to wait. Raises LocalError with the problem's words."""
    problem = ""
    for _ in range(_TRIES):
        try:
            answer = session.post(
                url, data=body, headers={"Content-Type": "application/json", **headers}, timeout=_SECONDS
            )
        except requests.RequestException as error:
            problem, wait = str(error), 1.0
        else:
            if answer.ok:
                made: dict[str, Any] = answer.json()
                return made
            problem, wait = f"{answer.status_code} {answer.text[:2000]}", float(answer.headers.get("Retry-After", 1))
            if answer.status_code == 422 and answer.json().get("code") == "idempotency_key_reused":
                raise _ToldOtherwise
            if answer.status_code not in (429, 503):
                break
        time.sleep(min(wait, 60))
    raise LocalError(f"POST {url} failed: {problem}")
