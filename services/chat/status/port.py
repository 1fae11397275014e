"""Where the state of the platform comes from, and what is still said of it while the source is away."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from services.chat.assistant.port import ServiceStatus, StatusReport

TRUSTED_FOR = timedelta(minutes=10)
"""How long the last answer of a source that is away still holds."""

NOT_KNOWN = "The state of the services is not known at the moment."


class StatusSource(Protocol):
    """Says how the platform is."""

    def report(self) -> StatusReport:
        """The last good answer, at most TRUSTED_FOR old, else level UNKNOWN; never raises, waits 2 s at most."""
        ...


def trusted(report: StatusReport | None, url: str, now: datetime) -> StatusReport:
    """What is said at `now` when `report` is the last good answer (None: there was none).

    An answer that is too old leaves the names of the services and its time, and nothing that may have changed.
    """
    if report is None or report.updated_at is None:
        return StatusReport("UNKNOWN", NOT_KNOWN, None, url)
    if now - report.updated_at <= TRUSTED_FOR:
        return report
    services = tuple(ServiceStatus(service.key, service.name, "UNKNOWN") for service in report.services)
    return replace(report, level="UNKNOWN", summary=NOT_KNOWN, services=services)
