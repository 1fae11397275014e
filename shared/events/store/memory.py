"""An event store in memory, for unit tests and for the gRPC double. Thread-safe; nothing survives the process."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime

from shared.events.errors import CommandIdReused, WrongExpectedRevision
from shared.events.event import NewEvent, RecordedEvent
from shared.events.store.checks import check_appendable, revision_matches
from shared.events.store.port import Appended, Batch
from shared.events.stream import START, ExpectedRevision, Position, Revision, StreamName
from shared.events.subscription import StopSignal, catch_up


class MemoryEventStore:
    """Implements EventStore; positions are dense from 0."""

    def __init__(self) -> None:
        self._log: list[RecordedEvent] = []
        self._commands: dict[uuid.UUID, tuple[StreamName, Appended]] = {}
        self._events: dict[uuid.UUID, RecordedEvent] = {}
        self._changed = threading.Condition()

    def append(
        self,
        stream: StreamName,
        events: Sequence[NewEvent],
        expected: ExpectedRevision,
        command: uuid.UUID | None = None,
    ) -> Appended:
        check_appendable(events)
        with self._changed:
            if command is not None and command in self._commands:
                return self._first_result(stream, command)
            mine = [event for event in self._log if event.stream == stream]
            known = self._events.get(events[0].id)
            if known is not None:
                if known.stream != stream:
                    raise CommandIdReused(f"event {events[0].id} stands in another stream")
                last = Revision(known.revision + len(events) - 1)
                return Appended(known.revision, last, mine[last].position, duplicate=True)
            actual = len(mine) - 1
            if not revision_matches(expected, actual):
                raise WrongExpectedRevision(stream, expected, actual if mine else None)
            for index, event in enumerate(events, 1):
                recorded = RecordedEvent(
                    event.id,
                    event.name,
                    event.version,
                    stream,
                    Revision(actual + index),
                    Position(len(self._log)),
                    datetime.now(UTC),
                    json.loads(json.dumps(event.data)),
                    json.loads(json.dumps(event.metadata)),
                )
                self._log.append(recorded)
                self._events[event.id] = recorded
            result = Appended(Revision(actual + 1), Revision(actual + len(events)), Position(len(self._log) - 1))
            if command is not None:
                self._commands[command] = (stream, result)
            self._changed.notify_all()
            return result

    def _first_result(self, stream: StreamName, command: uuid.UUID) -> Appended:
        first_stream, first = self._commands[command]
        if first_stream != stream:
            raise CommandIdReused(f"command {command} was used for another stream")
        return Appended(first.first, first.last, first.position, duplicate=True)

    def read(self, stream: StreamName, after: int = -1, limit: int | None = None) -> list[RecordedEvent]:
        with self._changed:
            found = [event for event in self._log if event.stream == stream and event.revision > after]
        return found[:limit]

    def read_all(self, after: Position, categories: Collection[str] | None = None, limit: int = 1000) -> Batch:
        with self._changed:
            rest = self._log[after + 1 :]
        events = [event for event in rest if categories is None or event.stream.category in categories]
        if len(events) > limit:
            return Batch(events[:limit], events[limit - 1].position, caught_up=False)
        return Batch(events, rest[-1].position if rest else after, caught_up=True)

    def head(self) -> Position:
        return self._log[-1].position if self._log else START

    def subscribe(
        self,
        after: Position,
        categories: Collection[str] | None = None,
        *,
        stop: StopSignal,
        batch_size: int = 1000,
    ) -> Iterator[Batch]:
        return catch_up(self, after, categories, stop=stop, batch_size=batch_size, wait=self._wait)

    def _wait(self, position: Position) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._log) - 1 > position, timeout=1.0)

    def close(self) -> None:
        return None
