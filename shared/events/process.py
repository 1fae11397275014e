"""Process managers: events and the clock become commands. Timers are rows beside the checkpoint: none is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from psycopg.types.json import Jsonb

from shared.events.codec import Codec
from shared.events.errors import Refusal
from shared.events.follower import Unavailable
from shared.events.projection import Fact, decode
from shared.events.read_model import Connection, ReadModel, lock_checkpoints, save_checkpoints
from shared.events.store.port import Batch
from shared.events.stream import Position

FIRE_LIMIT = 100
LOOK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Timer:
    """Something to do at `due_at` (UTC). Within a process `key` names it: a later one replaces it.

    caused_by:  id of the event that set it; derive the command's id from it, so that firing twice has one effect
    """

    key: str
    due_at: datetime
    caused_by: str
    data: dict[str, str]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Forget the timer of this key, if there is one."""

    key: str


class Process(Protocol):
    """What a process manager decides.

    name:        frozen: its checkpoint bears it
    categories:  of the streams that it follows
    """

    @property
    def name(self) -> str: ...

    @property
    def categories(self) -> Collection[str]: ...

    def react(self, fact: Fact) -> Sequence[Timer | Cancel]:
        """The timers that an event sets and cancels; pure."""

    def fire(self, timer: Timer, now: datetime) -> None:
        """Send the command of a timer that is due. May be called again after a crash; raises to be called later."""


class ProcessRunner:
    """Follows the store for one process and fires its timers; needs the table `timers` in the read model's schema."""

    def __init__(self, process: Process, read_model: ReadModel, codec: Codec, now: Callable[[], datetime]) -> None:
        self.name, self.categories = process.name, process.categories
        self._process, self._read_model, self._codec, self._now = process, read_model, codec, now
        self._quiet_until: datetime | None = None

    def position(self) -> Position:
        # whoever led before may have left other timers
        self._quiet_until = None
        return self._read_model.positions([self.name])[self.name]

    def handle(self, batch: Batch) -> None:
        facts = decode(self._codec, batch.events, self.name)
        if effects := [(fact.recorded.position, effect) for fact in facts for effect in self._process.react(fact)]:
            with self._read_model.transaction() as connection:
                # one that only believes to lead must not set anew what the leader has cancelled
                reached = lock_checkpoints(connection, [self.name])[self.name]
                for position, effect in effects:
                    if position > reached:
                        self._set(connection, effect)
                save_checkpoints(connection, [self.name], batch.position)
            self._quiet_until = None
        # only then: an event not looked at yet may cancel what seems due
        if batch.caught_up and (self._quiet_until is None or self._now() >= self._quiet_until):
            self.fire_due()

    def keep(self, position: Position) -> None:
        self._read_model.save([self.name], position)

    def fire_due(self) -> int:
        """Fire the timers that are due, at most FIRE_LIMIT; how many that were.

        One that fails keeps none of the others from being fired; its error is raised at the end, and it is fired again.
        """
        failed: Exception | None = None
        now = self._now()
        rows = self._read_model.query(
            "select key, due_at, caused_by, data from timers where process = %s order by due_at, key limit %s",
            (self.name, FIRE_LIMIT + 1),
        )
        due = [Timer(**row) for row in rows[:FIRE_LIMIT] if row["due_at"] <= now]
        later = rows[len(due) :]
        for timer in due:
            # the command first and the row after it: a crash between sends the same command again, never none
            try:
                self._fire(timer, now)
            except Exception as error:
                # what cannot come right by waiting is told before what can
                if failed is None or isinstance(failed, Unavailable):
                    failed = error
                continue
            with self._read_model.transaction() as connection:
                connection.execute(
                    "delete from timers where process = %s and key = %s and caused_by = %s",
                    (self.name, timer.key, timer.caused_by),
                )
        if failed is not None:
            raise failed
        # nobody else sets timers of this process; what happened to them by another hand is seen within the minute
        limit = now + LOOK_AGAIN
        self._quiet_until = min(later[0]["due_at"], limit) if later else limit
        return len(due)

    def _fire(self, timer: Timer, now: datetime) -> None:
        try:
            self._process.fire(timer, now)
        except Refusal as refusal:
            if refusal.kind == "unavailable":
                # nothing stands against it but the moment: it is sent again
                raise Unavailable(refusal.code) from refusal
            raise

    def _set(self, connection: Connection, effect: Timer | Cancel) -> None:
        match effect:
            case Cancel(key):
                connection.execute("delete from timers where process = %s and key = %s", (self.name, key))
            case Timer(key, due_at, caused_by, data):
                connection.execute(
                    "insert into timers (process, key, due_at, caused_by, data) values (%s, %s, %s, %s, %s)"
                    " on conflict (process, key) do update set due_at = excluded.due_at,"
                    " caused_by = excluded.caused_by, data = excluded.data",
                    (self.name, key, due_at, caused_by, Jsonb(data)),
                )
