"""Run what follows the store: projections, relays, processes. One worker leads each, others stand by.

A follower that fails stops its line: it says at which event and why, shows red, and tries that event again later. It
never steps over one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import psycopg
import structlog
from prometheus_client import Counter, Gauge

from shared.events.errors import StoreUnavailable
from shared.events.store.port import Batch, EventStore
from shared.events.stream import START, Position

TAKEOVER_SECONDS = 1.0
RETRY_AWAY_SECONDS = 0.5
RETRY_FAILED_SECONDS = 5.0
LAG_LIMIT = 1000

LEADING = Gauge("follower_leading", "1 where this process leads the follower", ["follower"])
STOPPED = Gauge("follower_stopped", "1 where the follower failed at an event and stopped its line", ["follower"])
LAG_EVENTS = Gauge("follower_lag_events", f"Events not dealt with yet, {LAG_LIMIT} meaning at least", ["follower"])
LAG_SECONDS = Gauge("follower_lag_seconds", "Age of the first event not dealt with yet", ["follower"])
HANDLED = Counter("follower_events", "Events dealt with", ["follower"])
UNKNOWN = Counter("follower_unknown_events", "Events whose name and version no catalog knows", ["follower", "event"])

log = structlog.get_logger()


class Unavailable(Exception):
    """Something that a follower needs is away; not the event's fault, so the follower waits and goes on."""


class Follower(Protocol):
    """What a worker runs for as long as it leads.

    name:        frozen: its checkpoint and its lock bear it
    categories:  of the streams that it follows
    """

    name: str
    categories: Collection[str]

    def position(self) -> Position:
        """Its checkpoint: the store is followed from behind it."""

    def handle(self, batch: Batch) -> None:
        """Deal with every event of the batch and keep the checkpoint, or raise; batches may be empty, once a second."""


@dataclass(frozen=True, slots=True)
class Status:
    """Where a follower is: `state` is leading, standby, waiting (something is away) or stopped (failed at an event)."""

    state: str
    position: Position
    error: str | None


class FollowerRunner:
    """Runs one follower until `stop`: takes the lead when it is free, follows, waits out outages, retries failures."""

    def __init__(self, follower: Follower, store: EventStore, lock_url: str, stop: threading.Event) -> None:
        self.follower, self.name = follower, follower.name
        self._store, self._lock_url, self._stop = store, lock_url, stop
        self.status = Status("standby", START, None)

    def run(self) -> None:
        """Returns when `stop` is set."""
        while not self._stop.is_set():
            try:
                with leadership(self._lock_url, self.name) as alive:
                    if alive is None:
                        self._show("standby")
                        self._stop.wait(TAKEOVER_SECONDS)
                    else:
                        log.info("leading", follower=self.name)
                        self._follow(alive)
            except (StoreUnavailable, Unavailable, psycopg.OperationalError) as error:
                self._show("waiting", error)
                log.warning("follower waits", follower=self.name, error=str(error))
                self._stop.wait(RETRY_AWAY_SECONDS)
            except Exception as error:
                self._show("stopped", error)
                log.error("follower stopped", follower=self.name, position=self.status.position, exc_info=error)
                self._stop.wait(RETRY_FAILED_SECONDS)
        self._show("standby")

    def _follow(self, alive: Callable[[], None]) -> None:
        follower = self.follower
        position = follower.position()
        if position > self._store.head():
            raise RuntimeError(f"the checkpoint {position} lies behind the end of the log: was the log put back?")
        checked = time.monotonic()
        for batch in self._store.subscribe(position, follower.categories, stop=self._stop):
            # a leader whose lock went with its connection must notice before the next one has begun
            if time.monotonic() - checked > TAKEOVER_SECONDS:
                alive()
                checked = time.monotonic()
            follower.handle(batch)
            HANDLED.labels(self.name).inc(len(batch.events))
            self._show("leading", position=batch.position)
            if self._stop.is_set():
                return

    def measure_lag(self) -> None:
        """Set the lag metrics; reads at most LAG_LIMIT events."""
        try:
            ahead = self._store.read_all(self.follower.position(), self.follower.categories, LAG_LIMIT).events
        except StoreUnavailable:
            return
        LAG_EVENTS.labels(self.name).set(len(ahead))
        age = (datetime.now(UTC) - ahead[0].recorded_at).total_seconds() if ahead else 0.0
        LAG_SECONDS.labels(self.name).set(max(age, 0.0))

    def check(self) -> None:
        """For readiness: raises RuntimeError where the line is stopped."""
        if self.status.state == "stopped":
            raise RuntimeError(f"{self.name} stopped behind position {self.status.position}: {self.status.error}")

    def _show(self, state: str, error: BaseException | None = None, position: Position | None = None) -> None:
        at = self.status.position if position is None else position
        self.status = Status(state, at, None if error is None else f"{type(error).__name__}: {error}")
        LEADING.labels(self.name).set(state == "leading")
        STOPPED.labels(self.name).set(state == "stopped")


class PeriodicRunner:
    """Runs `job` every `seconds` on the worker that leads it."""

    def __init__(
        self, name: str, job: Callable[[], None], seconds: float, lock_url: str, stop: threading.Event
    ) -> None:
        self.name, self._job, self._seconds = name, job, seconds
        self._lock_url, self._stop = lock_url, stop
        self._error: str | None = None

    def run(self) -> None:
        """Returns when `stop` is set."""
        while not self._stop.is_set():
            try:
                with leadership(self._lock_url, self.name) as alive:
                    if alive is None:
                        self._error = None
                    while alive is not None and not self._stop.is_set():
                        alive()
                        self._job()
                        self._error = None
                        self._stop.wait(self._seconds)
            except Exception as error:
                self._error = f"{type(error).__name__}: {error}"
                log.warning("job failed", job=self.name, exc_info=error)
            self._stop.wait(TAKEOVER_SECONDS)

    def measure_lag(self) -> None:
        return None

    def check(self) -> None:
        """For readiness: raises RuntimeError where the last run failed."""
        if self._error is not None:
            raise RuntimeError(f"{self.name}: {self._error}")


def run_all(
    runners: Sequence[FollowerRunner | PeriodicRunner], stop: threading.Event, drain_seconds: float = 15.0
) -> None:
    """Run each in a thread of its own until `stop` is set, then wait for them at most `drain_seconds` seconds."""
    threads = [threading.Thread(target=runner.run, name=runner.name, daemon=True) for runner in runners]
    for thread in threads:
        thread.start()
    while not stop.wait(5.0):
        for runner in runners:
            try:
                runner.measure_lag()
            except Exception as error:
                # an event that cannot be read stops its own line and not this loop
                log.warning("lag not measured", follower=runner.name, error=str(error))
    deadline = time.monotonic() + drain_seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


@contextmanager
def leadership(url: str, name: str) -> Iterator[Callable[[], None] | None]:
    """Hold the lead of `name` for the block, by a session-level advisory lock: it goes when this process does.

    Yields None where somebody else leads; else a function that raises psycopg.OperationalError once the lead is lost.
    """
    # the server must notice a holder whose machine or network is gone, or nobody could take over for hours
    noticed = "-c tcp_keepalives_idle=1 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3 -c tcp_user_timeout=4000"
    with psycopg.connect(url, autocommit=True, connect_timeout=3, tcp_user_timeout=4000, options=noticed) as connection:
        row = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
        if row is None or not row[0]:
            yield None
            return

        def alive() -> None:
            connection.execute("select 1")

        yield alive
