"""What a person changes in a status file, as pure functions over its document."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.chat.status.summary import LEVELS, MAX_BODY, OVER, SEVERITY, SUMMARIES, key_of

STATUSES: Mapping[str, str] = {
    "operational": "operational",
    "degraded": "degraded_performance",
    "outage": "major_outage",
    "maintenance": "under_maintenance",
}
"""What a person says → status of a component."""

MAX_OVER = 50
"""How many incidents that are over stay in the file."""

_INDICATORS: Mapping[str, str] = {
    "OPERATIONAL": "none",
    "MAINTENANCE": "maintenance",
    "DEGRADED": "minor",
    "OUTAGE": "major",
}
_TITLES: Mapping[str, str] = {
    "degraded": "{} is degraded",
    "outage": "{} is out of order",
    "maintenance": "Maintenance of {}",
}
_LISTS = ("incidents", "scheduled_maintenances")

Document = dict[str, Any]


def changed(document: Document, service: str, level: str, text: str | None, now: datetime) -> Document:
    """The document after a change at `now` (aware); see `services.chat.status.file.set_status`.

    A component keeps its `updated_at` while its level stays. Maintenance and incidents are lists of their own: opening
    one ends the other. An incident of several services ends with the last of them. Raises ValueError.
    """
    if level not in STATUSES:
        raise ValueError(f"There is no level {level!r}. There are: {', '.join(STATUSES)}.")
    if text is not None and not 0 < len(text.strip()) <= MAX_BODY:
        raise ValueError(f"A text has 1 to {MAX_BODY} characters.")
    document = copy.deepcopy(document)
    component = _component(document, service)
    stamp = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if LEVELS.get(component.get("status", "")) != LEVELS[STATUSES[level]]:
        component |= {"status": STATUSES[level], "updated_at": stamp}
    kept = {"outage": "incidents", "degraded": "incidents", "maintenance": "scheduled_maintenances"}.get(level)
    for kind in _LISTS:
        entries = document.setdefault(kind, [])
        if kind != kept:
            for entry in _going_on(entries, component):
                _end(entry, component, text if level == "operational" else None, kind, stamp)
        elif text is not None:
            _tell(entries, component, text, level, kind, stamp)
        document[kind] = _without_the_oldest(entries)
    document["status"] = _status(document)
    document.setdefault("page", {})["updated_at"] = stamp
    return document


def _component(document: Document, service: str) -> Document:
    services: list[Document] = _services(document)
    for component in services:
        if service.strip().lower() in (key_of(component["name"]), component["name"].lower()):
            return component
    keys = ", ".join(key_of(each["name"]) for each in services)
    raise ValueError(f"There is no service {service!r}. There are: {keys}.")


def _services(document: Document) -> list[Document]:
    components = (each for each in document["components"] if isinstance(each, dict) and each.get("group") is not True)
    return [each for each in components if isinstance(each.get("name"), str)]


def _going_on(entries: list[Document], component: Document) -> list[Document]:
    return [
        entry
        for entry in entries
        if entry.get("status") not in OVER and any(_same(each, component) for each in entry.get("components", []))
    ]


def _same(one: Document, other: Document) -> bool:
    return one.get("id", one.get("name")) == other.get("id", other["name"])


def _tell(entries: list[Document], component: Document, text: str, level: str, kind: str, stamp: str) -> None:
    going_on = _going_on(entries, component)
    if going_on:
        _update(going_on[0], going_on[0]["status"], text, stamp)
        return
    number = sum(len(entry.get("incident_updates", [])) for entry in entries)
    entry: Document = {
        "id": f"{key_of(component['name'])}-{stamp}-{number}",
        "name": _TITLES[level].format(component["name"]),
        "impact": _INDICATORS[LEVELS[STATUSES[level]]],
        "created_at": stamp,
        "components": [{field: component[field] for field in ("id", "name") if field in component}],
        "incident_updates": [],
    }
    if kind == "scheduled_maintenances":
        entry |= {"scheduled_for": stamp}
    _update(entry, "in_progress" if kind == "scheduled_maintenances" else "investigating", text, stamp)
    entries.insert(0, entry)


def _end(entry: Document, component: Document, text: str | None, kind: str, stamp: str) -> None:
    others = [each for each in entry["components"] if not _same(each, component)]
    if others:
        entry["components"] = others
        return
    over, words = ("completed", "It is over.") if kind == "scheduled_maintenances" else ("resolved", "It is resolved.")
    _update(entry, over, text or words, stamp)
    entry["resolved_at"] = stamp


def _update(entry: Document, status: str, text: str, stamp: str) -> None:
    entry |= {"status": status, "updated_at": stamp}
    entry.setdefault("incident_updates", []).insert(0, {"status": status, "body": text.strip(), "created_at": stamp})


def _without_the_oldest(entries: list[Document]) -> list[Document]:
    over = [entry for entry in entries if entry.get("status") in OVER and entry.get("status") != "scheduled"]
    gone = sorted(over, key=lambda entry: str(entry.get("updated_at", "")), reverse=True)[MAX_OVER:]
    return [entry for entry in entries if entry not in gone]


def _status(document: Document) -> Document:
    levels = [LEVELS.get(each.get("status", ""), "UNKNOWN") for each in _services(document)]
    worst = max(levels, key=SEVERITY.index)
    return {"indicator": _INDICATORS.get(worst, "none"), "description": SUMMARIES[worst]}
