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
class Write:
    """What one append does to one stream: `command` is what caused these events, None where nobody repeats it."""

    stream: StreamName
    events: Sequence[NewEvent]
    expected: ExpectedRevision
    command: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """Where the events of one write stand.

    first:      revision of the first of them; the others follow it
    positions:  of each of them
    duplicate:  True where nothing was written now, because the same command (or event id) was appended before;
                the places are then those of the first time
    """

    first: Revision
    positions: tuple[Position, ...]
    duplicate: bool = False

    @property
    def last(self) -> Revision:
        return Revision(self.first + len(self.positions) - 1)

    @property
    def position(self) -> Position:
        """Of the last event."""
        return self.positions[-1]


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

    def append_all(self, writes: Sequence[Write]) -> list[Appended]:
        """Append to several streams, each named once, all or none; where the events of each stand.

        A write whose command or event id stands in its stream already is a duplicate, as in `append`, and hinders
        none of the others. A store that has no such append takes the writes in their order and stops at the first
        that is refused, so whoever repeats the call finds those before it as duplicates. Raises what `append` raises;
        a WrongExpectedRevision names the stream.
        """

    def appended(self, stream: StreamName, command: uuid.UUID) -> Appended | None:
        """What `command` appended to the stream, as a duplicate; None where it did not.

        A store may also know a command from another stream and raise CommandIdReused. Raises StoreUnavailable.
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
