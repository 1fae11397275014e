"""Who leads: rows with a lease, renewed together. And a lock for what a person does by hand."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import structlog

from shared.events.read_model import ReadModel

LEASE_SECONDS = 3.0
RENEW_SECONDS = 1.0
TAKE_SECONDS = 0.5

log = structlog.get_logger()


class Leases:
    """The leads that this process wants, as rows of the table `leases` beside the checkpoints.

    A lead that is free, or whose lease ran out, is taken; it goes to another process at the latest LEASE_SECONDS after
    this one has ceased to renew it. The clock of the database decides when that is, and this process counts from before
    it asked, so it gives up first. Should it not notice, a follower's checkpoint is locked while it moves and never
    moves back.
    """

    def __init__(self, read_model: ReadModel) -> None:
        self._read_model = read_model
        self._holder = uuid.uuid4()
        self._changed = threading.Condition()
        self._wanted: set[str] = set()
        self._held: dict[str, float] = {}
        self._error: str | None = None

    def want(self, name: str) -> None:
        """Try to get the lead `name` from now on."""
        self._wanted.add(name)

    def holds(self, name: str) -> bool:
        """Whether this process leads."""
        return time.monotonic() < self._held.get(name, 0.0)

    def wait(self, name: str, seconds: float) -> bool:
        """Whether this process leads, once it does or after so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self.holds(name), seconds)

    def check(self) -> None:
        """For readiness: raises RuntimeError where leases cannot be had."""
        if self._error is not None:
            raise RuntimeError(self._error)

    def run(self, stop: threading.Event) -> None:
        """Take and renew until `stop` is set, then let go."""
        while not stop.is_set():
            self.renew()
            stop.wait(RENEW_SECONDS if self._wanted <= self._held.keys() else TAKE_SECONDS)
        self.release()

    def renew(self) -> None:
        """Take what is free and renew what is held; what cannot be renewed runs out."""
        until = time.monotonic() + LEASE_SECONDS
        try:
            rows = self._read_model.query(
                "insert into leases as held (name, holder, until)"
                " select name, %s, now() + make_interval(secs => %s) from unnest(%s::text[]) name order by name"
                " on conflict (name) do update set holder = excluded.holder, until = excluded.until"
                " where held.holder = excluded.holder or held.until < now()"
                " returning name",
                (self._holder, LEASE_SECONDS, sorted(self._wanted)),
            )
        except Exception as error:
            # whatever it is, a database that takes no writes for a while must not end this thread
            self._error = f"{type(error).__name__}: {error}"
            log.warning("leases not renewed", error=self._error)
            return
        self._error = None
        with self._changed:
            self._held = {row["name"]: until for row in rows}
            self._changed.notify_all()

    def release(self) -> None:
        """Let others lead at once."""
        self._held = {}
        try:
            self._read_model.query("delete from leases where holder = %s returning name", (self._holder,))
        except Exception as error:
            # they run out by themselves
            log.warning("leases not released", error=f"{type(error).__name__}: {error}")


@contextmanager
def alone(url: str, name: str) -> Iterator[Callable[[], None] | None]:
    """Keep others from doing `name` during the block, by a session-level advisory lock: it goes with this process.

    Yields None where somebody else is at it; else a function that raises psycopg.OperationalError once it is lost.
    """
    # the server must notice a holder whose machine or network is gone, or nobody could follow for hours
    noticed = "-c tcp_keepalives_idle=1 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3 -c tcp_user_timeout=4000"
    with psycopg.connect(url, autocommit=True, connect_timeout=3, tcp_user_timeout=4000, options=noticed) as connection:
        row = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
        if row is None or not row[0]:
            yield None
            return

        def still() -> None:
            connection.execute("select 1")

        yield still
