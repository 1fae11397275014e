"""Run what follows the store: projections, relays, processes. One worker leads each, others stand by.

A follower that fails stops its line: it says at which event and why, shows red, and tries that event again later. It
never steps over one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import psycopg
import structlog
from prometheus_client import Counter, Gauge

from shared.events.errors import StoreUnavailable
from shared.events.lease import Leases
from shared.events.read_model import ReadModel
from shared.events.shared_subscription import SharedSubscription
from shared.events.store.port import Batch, EventStore
from shared.events.stream import START, Position

TAKEOVER_SECONDS = 0.5
KEEP_SECONDS = 30.0
RETRY_AWAY_SECONDS = 0.5
RETRY_FAILED_SECONDS = 5.0
LAG_LIMIT = 1000
LAG_SECONDS_BETWEEN = 5.0

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

    name:        frozen: its checkpoint and its lease bear it
    categories:  of the streams that it follows
    """

    name: str
    categories: Collection[str]

    def position(self) -> Position:
        """Its checkpoint: the store is followed from behind it."""

    def handle(self, batch: Batch) -> None:
        """Deal with every event of the batch, or raise; a batch may be empty, once a second.

        The checkpoint moves with what the events changed; where they changed nothing, `keep` will follow.
        """

    def keep(self, position: Position) -> None:
        """Move the checkpoint to `position`, up to which everything was dealt with."""


@dataclass(frozen=True, slots=True)
class Status:
    """Where a follower is: `state` is leading, standby, waiting (something is away) or stopped (failed at an event)."""

    state: str
    position: Position
    error: str | None


class Source(Protocol):
    """What a follower follows: an EventStore, or a process's SharedSubscription to one."""

    def head(self) -> Position: ...

    def read_all(self, after: Position, categories: Collection[str] | None = None, limit: int = 1000) -> Batch: ...

    def subscribe(
        self, after: Position, categories: Collection[str] | None = None, *, stop: threading.Event
    ) -> Iterator[Batch]: ...


class FollowerRunner:
    """Runs one follower until `stop`: takes the lead when it is free, follows, waits out outages, retries failures."""

    def __init__(self, follower: Follower, source: Source, leases: Leases, stop: threading.Event) -> None:
        self.follower, self.name = follower, follower.name
        self._source, self._leases, self._stop = source, leases, stop
        self.status = Status("standby", START, None)
        leases.want(self.name)

    def run(self) -> None:
        """Returns when `stop` is set."""
        while not self._stop.is_set():
            try:
                if self._leases.wait(self.name, TAKEOVER_SECONDS):
                    log.info("leading", follower=self.name)
                    self._follow()
                else:
                    self._show("standby")
            except (StoreUnavailable, Unavailable, psycopg.OperationalError) as error:
                self._show("waiting", error)
                log.warning("follower waits", follower=self.name, error=str(error))
                self._stop.wait(RETRY_AWAY_SECONDS)
            except Exception as error:
                self._show("stopped", error)
                log.error("follower stopped", follower=self.name, position=self.status.position, exc_info=error)
                self._stop.wait(RETRY_FAILED_SECONDS)
        self._show("standby")

    def _follow(self) -> None:
        follower = self.follower
        position = kept = follower.position()
        self.status = replace(self.status, position=position)
        if position > self._source.head():
            raise RuntimeError(f"the checkpoint {position} lies behind the end of the log: was the log put back?")
        kept_at = time.monotonic()
        for batch in self._source.subscribe(position, follower.categories, stop=self._stop):
            if not self._leases.holds(self.name):
                return
            follower.handle(batch)
            HANDLED.labels(self.name).inc(len(batch.events))
            self._show("leading", position=batch.position)
            # over events that change nothing here the checkpoint moves rarely: it costs a transaction
            over = self._stop.is_set()
            if batch.position > kept and (over or time.monotonic() - kept_at > KEEP_SECONDS):
                follower.keep(batch.position)
                kept, kept_at = batch.position, time.monotonic()
            if over:
                return

    def measure_lag(self) -> None:
        """Set the lag metrics; reads at most LAG_LIMIT events. Who does not lead has none."""
        try:
            stands = self.status.state != "standby"
            behind = (
                self._source.read_all(self.status.position, self.follower.categories, LAG_LIMIT) if stands else None
            )
        except StoreUnavailable:
            return
        ahead = behind.events if behind else ()
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


@dataclass(frozen=True, slots=True)
class Job:
    """Something that the worker which leads it does every `seconds`."""

    name: str
    run: Callable[[], None]
    seconds: float


class JobRunner:
    """Runs one job until `stop`, whenever this process leads it."""

    def __init__(self, job: Job, leases: Leases, stop: threading.Event) -> None:
        self.name, self._job, self._leases, self._stop = job.name, job, leases, stop
        self._error: str | None = None
        leases.want(self.name)

    def run(self) -> None:
        """Returns when `stop` is set."""
        while not self._stop.is_set():
            if not self._leases.wait(self.name, TAKEOVER_SECONDS):
                self._error = None
                continue
            try:
                self._job.run()
                self._error = None
                self._stop.wait(self._job.seconds)
            except Exception as error:
                self._error = f"{type(error).__name__}: {error}"
                log.warning("job failed", job=self.name, exc_info=error)
                self._stop.wait(RETRY_FAILED_SECONDS)

    def check(self) -> None:
        """For readiness: raises RuntimeError where the last run failed."""
        if self._error is not None:
            raise RuntimeError(f"{self.name}: {self._error}")


class Worker:
    """All that a process does behind the log: followers on one shared subscription, jobs, one set of leases."""

    def __init__(
        self,
        store: EventStore,
        read_model: ReadModel,
        followers: Sequence[Follower],
        jobs: Sequence[Job],
        stop: threading.Event,
    ) -> None:
        self._stop, self._leases = stop, Leases(read_model)
        self._source = SharedSubscription(store, {name for follower in followers for name in follower.categories})
        self.followers = [FollowerRunner(follower, self._source, self._leases, stop) for follower in followers]
        own = [JobRunner(job, self._leases, stop) for job in jobs]
        self._runners: list[FollowerRunner | JobRunner] = [*self.followers, *own]

    def checks(self) -> Mapping[str, Callable[[], None]]:
        """For readiness: one check for each follower and job, and one for the leases."""
        return {"leases": self._leases.check, **{runner.name: runner.check for runner in self._runners}}

    def run(self, drain_seconds: float = 15.0) -> None:
        """Run each in a thread of its own until stopped, then wait for them at most `drain_seconds` seconds."""
        runners = [threading.Thread(target=one.run, name=one.name) for one in self._runners]
        letting_go = threading.Event()
        common = [
            threading.Thread(target=self._leases.run, args=(letting_go,), name="leases"),
            threading.Thread(target=self._source.run, args=(letting_go,), name="reader"),
        ]
        for thread in (*common, *runners):
            thread.daemon = True
            thread.start()
        while not self._stop.wait(LAG_SECONDS_BETWEEN):
            self._measure_lag()
        deadline = time.monotonic() + drain_seconds
        # the leases last: nobody else may begin before these have ended
        for thread in runners:
            thread.join(max(0.0, deadline - time.monotonic()))
        letting_go.set()
        for thread in common:
            thread.join(max(1.0, deadline - time.monotonic()))

    def _measure_lag(self) -> None:
        for runner in self.followers:
            try:
                runner.measure_lag()
            except Exception as error:
                # an event that cannot be read stops its own line and not this loop
                log.warning("lag not measured", follower=runner.name, error=str(error))
