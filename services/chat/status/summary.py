"""The summary format of hosted status pages (`/api/v2/summary.json`), read without believing any of it."""

from __future__ import annotations

import html
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import nh3
import orjson

from services.chat.assistant.port import Incident, ServiceStatus, StatusReport

MAX_BYTES = 1024 * 1024
MAX_SERVICES = 200
MAX_INCIDENTS = 100
MAX_NAME = 100
MAX_TITLE = 200
MAX_BODY = 1_000

LEVELS: Mapping[str, str] = {
    "operational": "OPERATIONAL",
    "degraded_performance": "DEGRADED",
    # an outage for those whom it hits
    "partial_outage": "OUTAGE",
    "major_outage": "OUTAGE",
    "under_maintenance": "MAINTENANCE",
}
"""Status of a component → level."""

SEVERITY = ("UNKNOWN", "OPERATIONAL", "MAINTENANCE", "DEGRADED", "OUTAGE")
"""Levels, the worst last."""

OVER = frozenset({"resolved", "postmortem", "completed", "scheduled"})
"""Statuses of incidents and maintenances that are over, or have not begun."""

SUMMARIES: Mapping[str, str] = {
    "OPERATIONAL": "All services work.",
    "MAINTENANCE": "Maintenance is under way.",
    "DEGRADED": "Some services are degraded.",
    "OUTAGE": "Some services are out of order.",
    "UNKNOWN": "The state of the services is not known.",
}
"""What is said of a level where the page says nothing."""

_INDICATORS: Mapping[str, str] = {
    "none": "OPERATIONAL",
    "minor": "DEGRADED",
    "major": "OUTAGE",
    "critical": "OUTAGE",
    "maintenance": "MAINTENANCE",
}
_KEYS: Mapping[str, str] = {"managed-databases": "databases", "console-and-api": "console"}
_EPOCH = datetime.fromtimestamp(0, UTC)
_MAX_RAW = 10_000
_MAX_KEY = 60
_MAX_URL = 2_048
_LINE_ENDS = re.compile(r"<(?:br|/p|/li|/div)\b[^<>]*>", re.IGNORECASE)


class BadSummary(Exception):
    """It is no summary of a status page; the message says why."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An incident or a maintenance that goes on. `components`: ids and names of what it concerns."""

    components: frozenset[str]
    incident: Incident


def read_summary(content: bytes, url: str, now: datetime) -> StatusReport:
    """The report that a summary makes, said at `now`; `url` is the page where the summary names none.

    A component is a service, and one that makes no sense is left out. Groups are none: their components stand for
    themselves, and carry the group's name where two have the same. The level is what the page says of itself, else the
    worst of its services. An incident belongs to the services that it names. Raises BadSummary.
    """
    document = parse_document(content)
    status, page = _mapping(document.get("status")), _mapping(document.get("page"))
    services = tuple(_services(document, now))
    worst = max((service.level for service in services), key=SEVERITY.index, default="UNKNOWN")
    claimed = _INDICATORS.get(_text(status.get("indicator")), "UNKNOWN")
    # A page that says all is well while one of its services is not is believed in the service.
    level = max(claimed, worst, key=SEVERITY.index) if claimed in ("UNKNOWN", "OPERATIONAL") else claimed
    said = plain(status.get("description"), MAX_TITLE) if level == claimed else ""
    return StatusReport(
        level=level,
        summary=said or SUMMARIES[level],
        updated_at=now,
        url=_page_url(page.get("url")) or url,
        services=services,
    )


def parse_document(content: bytes) -> dict[str, Any]:
    """The summary as it is, with `components` a list and `status` an object. Raises BadSummary."""
    if len(content) > MAX_BYTES:
        raise BadSummary(f"it is larger than {MAX_BYTES} bytes")
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadSummary(f"it is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadSummary("it is no object")
    if not isinstance(document.get("status"), dict) or not isinstance(document.get("components"), list):
        raise BadSummary("it has no status or no components")
    return document


def key_of(name: str) -> str:
    """The key of a service of this name: "Object Storage" → "object-storage"; "" where no letter is Latin."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:_MAX_KEY].rstrip("-")
    return _KEYS.get(slug, slug)


def plain(value: object, limit: int) -> str:
    """What somebody wrote, as text without mark-up and control characters, cut at `limit`; "" for what is no text.

    Signs such as < may be part of the text, so whoever makes HTML or Markdown of it has to escape it.
    """
    marked = _LINE_ENDS.sub("\n", _text(value)[:_MAX_RAW])
    bare = html.unescape(nh3.clean(marked, tags=set(), clean_content_tags={"script", "style"}))
    lines = (
        " ".join("".join(sign if sign.isprintable() else " " for sign in line).split()) for line in bare.split("\n")
    )
    text = "\n".join(line for line in lines if line)
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def _services(document: Mapping[str, Any], now: datetime) -> Iterator[ServiceStatus]:
    components = list(itertools.islice(_mappings(document["components"]), MAX_SERVICES))
    groups = {_text(each.get("id")): _name(each) for each in components if each.get("group") is True}
    shown = [each for each in components if each.get("group") is not True and _name(each)]
    same = Counter(key_of(_name(each)) for each in shown)
    entries = list(_entries(document, now))
    taken: set[str] = set()
    for component in shown:
        name, group = _name(component), groups.get(_text(component.get("group_id")), "")
        if same[key_of(name)] > 1 and group:
            name = f"{group} {name}"[:MAX_NAME]
        key = _free_key(key_of(name) or "service", taken)
        taken.add(key)
        names = {_text(component.get("id")), _text(component.get("name"))} - {""}
        yield ServiceStatus(
            key=key,
            name=name,
            level=LEVELS.get(_text(component.get("status")), "UNKNOWN"),
            since=_moment(component.get("updated_at"), now),
            incident=_latest(entry.incident for entry in entries if entry.components & names),
        )


def _free_key(key: str, taken: set[str]) -> str:
    if key not in taken:
        return key
    return next(numbered for number in itertools.count(2) if (numbered := f"{key}-{number}") not in taken)


def _entries(document: Mapping[str, Any], now: datetime) -> Iterator[_Entry]:
    for kind in ("incidents", "scheduled_maintenances"):
        for entry in itertools.islice(_mappings(document.get(kind)), MAX_INCIDENTS):
            title = plain(entry.get("name"), MAX_TITLE)
            if title and _text(entry.get("status")) not in OVER:
                yield _entry(entry, title, now)


def _entry(entry: Mapping[str, Any], title: str, now: datetime) -> _Entry:
    updates = sorted(
        itertools.islice(_mappings(entry.get("incident_updates")), MAX_INCIDENTS),
        key=lambda update: _moment(update.get("created_at"), now) or _EPOCH,
        reverse=True,
    )
    bodies = (plain(update.get("body"), MAX_BODY) for update in updates)
    times = [_moment(each.get(field), now) for each in (entry, *updates) for field in ("updated_at", "created_at")]
    concerned = {
        _text(named.get(field))
        for named in (*_mappings(entry.get("components")), *_affected(updates))
        for field in ("id", "code", "name")
    }
    return _Entry(
        components=frozenset(concerned - {""}),
        incident=Incident(title, next(filter(None, bodies), ""), max((at for at in times if at), default=now)),
    )


def _affected(updates: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for update in updates:
        yield from itertools.islice(_mappings(update.get("affected_components")), MAX_SERVICES)


def _latest(incidents: Iterator[Incident]) -> Incident | None:
    return max(incidents, key=lambda incident: incident.updated_at, default=None)


def _moment(value: object, now: datetime) -> datetime | None:
    """An ISO 8601 time with a zone as UTC; never later than `now`."""
    try:
        at = datetime.fromisoformat(_text(value)[:_MAX_KEY])
        return min(at.astimezone(UTC), now) if at.utcoffset() is not None else None
    except (ValueError, OverflowError):
        return None


def _page_url(value: object) -> str:
    """An https address without credentials, else ""."""
    text = _text(value)
    try:
        parts = urlsplit(text)
        sound = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return ""
    return text if sound and len(text) <= _MAX_URL and text.isprintable() and " " not in text else ""


def _name(component: Mapping[str, Any]) -> str:
    return " ".join(plain(component.get("name"), MAX_NAME).split())


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())
