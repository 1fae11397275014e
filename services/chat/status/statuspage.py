"""The state of the platform from a hosted status page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from services.chat.assistant.port import ServiceStatus, StatusReport
from services.chat.status.fetch import SECONDS, FetchFailed
from services.chat.status.port import TRUSTED_FOR, trusted
from services.chat.status.summary import BadSummary, read_summary

FRESH_FOR = timedelta(seconds=30)
RETRY_AFTER = timedelta(seconds=10)
"""After a failure the page is left alone for so long."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Fetching:
    """A fetch that is under way; whoever waits for it waits until `until` (monotonic)."""

    until: float
    done: threading.Event = field(default_factory=threading.Event)


class StatusPage:
    """StatusSource over `fetch`, which gives a summary or raises FetchFailed. One fetch is under way at a time.

    Whoever needs a new answer waits for it, at most SECONDS. Who comes while a fetch is under way gets the last answer,
    and waits only where none holds any more. A fetch that takes longer goes on by itself, and its answer is used.
    """

    def __init__(self, url: str, fetch: Callable[[], bytes], now: Callable[[], datetime]) -> None:
        self._url, self._fetch, self._now = url, fetch, now
        self._lock = threading.Lock()
        self._last: StatusReport | None = None
        self._failed_at: datetime | None = None
        self._fetching: _Fetching | None = None

    def report(self) -> StatusReport:
        """The last good answer, renewed where it is older than 30 s; see StatusSource."""
        wait = self._wait_for()
        if wait is not None:
            wait.done.wait(max(0.0, wait.until - time.monotonic()))
        return trusted(self._last, self._url, self._now())

    def _wait_for(self) -> _Fetching | None:
        """The fetch that an answer has to wait for, begun here where it is needed."""
        with self._lock:
            now = self._now()
            if self._fetching is not None:
                return None if _younger(self._asked_at(), now, TRUSTED_FOR) else self._fetching
            if _younger(self._asked_at(), now, FRESH_FOR) or _younger(self._failed_at, now, RETRY_AFTER):
                return None
            fetching = _Fetching(time.monotonic() + SECONDS)
            try:
                threading.Thread(target=self._renew, args=(fetching,), name="status-page", daemon=True).start()
            except RuntimeError:
                # This machine has no thread to spare now: that is as if the page were away.
                self._failed_at = now
                return None
            self._fetching = fetching
            return fetching

    def _renew(self, fetching: _Fetching) -> None:
        report, reason = None, ""
        try:
            report = read_summary(self._fetch(), self._url, self._now())
        except (FetchFailed, BadSummary) as error:
            reason = str(error)
        except Exception as error:
            # The answer is somebody else's: whatever it does, the page counts as away and is asked again.
            reason = repr(error)
        with self._lock:
            if report is None:
                log.warning("status_page_away", reason=reason)
                self._failed_at = self._now()
            else:
                self._last, self._failed_at = keeping_since(self._last, report), None
            self._fetching = None
        fetching.done.set()

    def _asked_at(self) -> datetime | None:
        return self._last.updated_at if self._last is not None else None


def keeping_since(last: StatusReport | None, new: StatusReport) -> StatusReport:
    """`new`, in which a service whose level is as in `last` has it since then.

    A page renews the time of a component for changes that leave its level alone, such as from partial to major outage.
    """
    known = {service.key: service for service in last.services} if last is not None else {}
    return replace(new, services=tuple(_since(known.get(service.key), service) for service in new.services))


def _since(last: ServiceStatus | None, new: ServiceStatus) -> ServiceStatus:
    if last is None or last.level != new.level:
        return new
    return replace(new, since=min((at for at in (last.since, new.since) if at), default=None))


def _younger(at: datetime | None, now: datetime, age: timedelta) -> bool:
    # A clock that was set back would else keep an answer fresh until it has caught up.
    return at is not None and timedelta(0) <= now - at < age
