"""What the assistant says of the state of the platform, and which service a customer means. All pure.

Sentences are Markdown. What others wrote is escaped in them: it can be no link, no list and no HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.chat.assistant.port import Incident, ServiceStatus, StatusReport
from services.chat.status.summary import SEVERITY

STALE_AFTER = timedelta(minutes=1)
"""An answer that is older is told with its age: a source that is there is asked more often."""

SYNONYMS: Mapping[str, Sequence[str]] = {
    "compute": (
        *("vm", "vms", "virtual machine", "virtual server", "server", "instance", "virtual private server", "vps"),
        *("compute", "gpu", "ssh", "reboot"),
    ),
    "databases": (
        *("database", "db", "dbs", "dbaas", "managed database", "postgres", "postgresql", "psql", "pg", "mysql"),
        *("mariadb", "redis", "mongodb", "mongo", "sql", "database cluster"),
    ),
    "object-storage": (
        *("s3", "s3 bucket", "bucket", "object storage", "object store", "storage", "blob", "blob storage"),
        *("presigned url", "s3 api"),
    ),
    "networking": (
        *("network", "networking", "vpc", "private network", "load balancer", "loadbalancer", "lb", "firewall", "vpn"),
        *("floating ip", "public ip", "ip address", "subnet", "router", "security group", "connectivity"),
    ),
    "kubernetes": (
        *("kubernetes", "k8s", "k8", "kube", "kubectl", "kubernetes cluster", "kubernetes api", "pod", "node pool"),
        *("ingress", "helm", "control plane"),
    ),
    "dns": ("dns", "nameserver", "name server", "domain", "domain name", "dns record", "dns zone", "name resolution"),
    "console": (
        *("console", "api", "rest api", "dashboard", "control panel", "portal", "web interface", "login", "log in"),
        *("sign in", "cli"),
    ),
    "billing": ("billing", "bill", "invoice", "payment", "credit card", "invoicing"),
}
"""Key of a service → what customers call it."""

_WORD = re.compile(r"[a-z0-9]+")
_LONGEST = 4
_MARKS = re.compile(r"[\\`*_\[\]<>~|]|&(?=#?\w+;)")


# -- Sentences


def about_service(service: ServiceStatus, report: StatusReport, now: datetime, zone: ZoneInfo | None = None) -> str:
    """How one service of the report is, since when, and what its incident says; times in `zone`, else in UTC."""
    parts = [_state(service, now, zone), _incident(service, now), _age(report, now)]
    return "\n\n".join(part for part in parts if part)


def about_all(report: StatusReport, now: datetime, zone: ZoneInfo | None = None) -> str:
    """Which services are not as they should be, or that all is well; times in `zone`, else in UTC."""
    if report.level == "UNKNOWN":
        return "\n\n".join(filter(None, ["I cannot tell how our services are at the moment.", _age(report, now)]))
    unwell = sorted(
        (service for service in report.services if service.level != "OPERATIONAL"),
        key=lambda service: SEVERITY.index(service.level),
        reverse=True,
    )
    parts = [_all_in_one(report, unwell)]
    parts += ["\n".join(f"- {_line(service, now, zone)}" for service in unwell)] if unwell else []
    if 0 < len(unwell) < len(report.services):
        parts.append("Everything else works normally.")
    return "\n\n".join(part for part in [*parts, _age(report, now)] if part)


def escaped(text: str) -> str:
    """Text of somebody else as one line of Markdown that shows it and does nothing else."""
    return _MARKS.sub(lambda mark: f"\\{mark[0]}", " ".join(text.split()))


def _all_in_one(report: StatusReport, unwell: Sequence[ServiceStatus]) -> str:
    if unwell:
        count = len(unwell)
        return "One service does not work as usual:" if count == 1 else f"{count} services do not work as usual:"
    if report.level == "OPERATIONAL":
        return "All services work normally."
    return f"The status page says: “{escaped(report.summary)}” None of the services is marked as affected."


def _line(service: ServiceStatus, now: datetime, zone: ZoneInfo | None) -> str:
    return " ".join(part for part in (_state(service, now, zone), _incident(service, now)) if part)


def _state(service: ServiceStatus, now: datetime, zone: ZoneInfo | None) -> str:
    name = f"**{escaped(service.name)}**"
    if service.level == "OPERATIONAL":
        return f"{name} works normally."
    if service.level == "UNKNOWN":
        return f"I cannot tell how {name} is at the moment."
    now_words, since_words = {
        "DEGRADED": ("is degraded", "has been degraded"),
        "OUTAGE": ("is out of order", "has been out of order"),
        "MAINTENANCE": ("is under maintenance", "has been under maintenance"),
    }[service.level]
    if service.since is None:
        return f"{name} {now_words}."
    return f"{name} {since_words} since {_time(service.since, now, zone)} ({duration(now - service.since)})."


def _incident(service: ServiceStatus, now: datetime) -> str:
    incident: Incident | None = service.incident
    if incident is None:
        return ""
    news = escaped(incident.body) or "There are no details yet."
    return f"**{escaped(incident.title)}**: {news} (Updated {duration(now - incident.updated_at)} ago.)"


def _age(report: StatusReport, now: datetime) -> str:
    if report.updated_at is None:
        return "The status page does not answer."
    age = now - report.updated_at
    if age <= STALE_AFTER:
        return ""
    if report.level == "UNKNOWN":
        return f"The status page does not answer; it last did {duration(age)} ago."
    return f"This is what the status page said {duration(age)} ago; it does not answer at the moment."


def duration(span: timedelta) -> str:
    """In the largest whole unit: "25 minutes", "1 hour", "3 days"."""
    minutes = int(span.total_seconds() // 60)
    for unit, length in (("day", 24 * 60), ("hour", 60), ("minute", 1)):
        if minutes >= length:
            count = minutes // length
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "less than a minute"


def _time(at: datetime, now: datetime, zone: ZoneInfo | None) -> str:
    local, today = at.astimezone(zone or UTC), now.astimezone(zone or UTC).date()
    clock = f"{local:%H:%M} {zone.key if zone else 'UTC'}"
    if local.date() == today:
        return clock
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {local:%B}{year}, {clock}"


# -- Which service is meant


def find_service(report: StatusReport, text: str) -> ServiceStatus | None:
    """The service that a customer's words name, by its name or by what people call it; None where they name none.

    The longest phrase counts, then a service's own name, then what stands first, then the service that is worse.
    """
    words = _words(text)
    names = {service.key: _names(service) for service in report.services}
    best: tuple[tuple[int, bool, int, int], ServiceStatus] | None = None
    for start, phrase in _phrases(words):
        for service in report.services:
            own = names[service.key].get(phrase)
            if own is None:
                continue
            rank = (len(phrase), own, -start, SEVERITY.index(service.level))
            if best is None or rank > best[0]:
                best = rank, service
    return best[1] if best is not None else None


def _names(service: ServiceStatus) -> Mapping[tuple[str, ...], bool]:
    """Phrase → whether it is the service's own name and not only what people call such services."""
    name = _words(service.name)
    inside = {phrase for _, phrase in _phrases(name)}
    names: dict[tuple[str, ...], bool] = {}
    for key, synonyms in SYNONYMS.items():
        phrases = [_words(synonym) for synonym in synonyms]
        # A page that calls it "Virtual Machines" means what others call compute.
        if key == service.key or (service.key not in SYNONYMS and not inside.isdisjoint(phrases)):
            names |= dict.fromkeys(phrases, False)
    return names | {name: True, _words(service.key): True}


def _phrases(words: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    for start in range(len(words)):
        for length in range(1, min(_LONGEST, len(words) - start) + 1):
            yield start, tuple(words[start : start + length])


def _words(text: str) -> tuple[str, ...]:
    return tuple(_singular(word) for word in _WORD.findall(text.lower()))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
