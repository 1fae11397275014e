"""The port that every event store implements; shared/events/testing.py holds its contract suite."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from threading import Event as StopSignal
from typing import Protocol

from shared.events.event import NewEvent, RecordedEvent
from shared.events.stream import ExpectedRevision, Position, Revision, StreamName


@dataclass(frozen=True, slots=True)
class Appended:
    """Where the events of one append stand.

    first, last:  revisions of the first and the last of them
    position:     of the last
    duplicate:    True where nothing was written now, because the same command (or event id) was appended before;
                  the places are then those of the first time
    """

    first: Revision
    last: Revision
    position: Position
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of events out of the whole store, in order.

    events:     may be empty
    position:   how far the store was looked through: continue after it. At least the last event's position
    caught_up:  True where nothing more was there when it was read
    """

    events: Sequence[RecordedEvent]
    position: Position
    caught_up: bool


class EventStore(Protocol):
    """Append-only streams with one global order. Every call ends within a deadline or raises StoreUnavailable."""

    def append(
        self,
        stream: StreamName,
        events: Sequence[NewEvent],
        expected: ExpectedRevision,
        command: uuid.UUID | None = None,
    ) -> Appended:
        """Append all of `events` or none.

        With `command`, or an event id, that stands in this stream already, nothing is written and the first result
        comes back as a duplicate, whatever `expected` says. A store may also know a command from another stream and
        raise CommandIdReused. Raises WrongExpectedRevision, EventTooLarge, InvalidEvent, NotTheOwner,
        StoreUnavailable.
        """

    def read(self, stream: StreamName, after: int = -1, limit: int | None = None) -> list[RecordedEvent]:
        """The stream's events with a revision larger than `after`, in order; empty where there is no such stream."""

    def read_all(self, after: Position, categories: Collection[str] | None = None, limit: int = 1000) -> Batch:
        """The next at most `limit` events after a position, of these categories (None: of all)."""

    def head(self) -> Position:
        """The position of the last event in the store, START where there is none."""

    def subscribe(
        self,
        after: Position,
        categories: Collection[str] | None = None,
        *,
        stop: StopSignal,
        batch_size: int = 1000,
    ) -> Iterator[Batch]:
        """Catch up from a position, then stay live, until `stop` is set.

        Yields every batch that has events, and one with `caught_up` at least every second while nothing happens, so
        that a follower can keep its checkpoint and its clock. Raises StoreUnavailable when the connection is lost:
        the caller subscribes anew after the last position that it has dealt with.
        """

    def close(self) -> None:
        """Give back connections; the store is not used afterwards."""


def nothing_between(store: EventStore, categories: Collection[str], after: Position, until: Position) -> bool:
    """Whether the log has come to `until` and has no event of these categories behind `after` and up to there."""
    # the head first: what is appended from here on lies behind it
    if store.head() < until:
        return False
    events = store.read_all(after, categories, 1).events
    return not events or events[0].position > until
