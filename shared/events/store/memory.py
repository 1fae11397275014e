"""An event store in memory, for unit tests and for the gRPC double. Thread-safe; nothing survives the process."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from shared.events.errors import CommandIdReused, WrongExpectedRevision
from shared.events.event import NewEvent, RecordedEvent
from shared.events.store.checks import check_writes, revision_matches
from shared.events.store.port import Appended, Batch, Write
from shared.events.stream import START, ExpectedRevision, Position, Revision, StreamName
from shared.events.subscription import StopSignal, catch_up


class MemoryEventStore:
    """Implements EventStore; positions are dense from 0."""

    def __init__(self) -> None:
        self._log: list[RecordedEvent] = []
        self._commands: dict[uuid.UUID | None, tuple[StreamName, Appended]] = {}
        self._events: dict[uuid.UUID, tuple[StreamName, Appended]] = {}
        self._changed = threading.Condition()

    def append(
        self,
        stream: StreamName,
        events: Sequence[NewEvent],
        expected: ExpectedRevision,
        command: uuid.UUID | None = None,
    ) -> Appended:
        return self.append_all([Write(stream, events, expected, command)])[0]

    def append_all(self, writes: Sequence[Write]) -> list[Appended]:
        check_writes(writes)
        with self._changed:
            first = [self._first_result(write) for write in writes]
            for write, known in zip(writes, first, strict=True):
                actual = self._revision(write.stream)
                if known is None and not revision_matches(write.expected, actual):
                    raise WrongExpectedRevision(write.stream, write.expected, None if actual < 0 else actual)
            done = [known or self._write(write) for write, known in zip(writes, first, strict=True)]
            self._changed.notify_all()
            return done

    def appended(self, stream: StreamName, command: uuid.UUID) -> Appended | None:
        with self._changed:
            where, first = self._commands.get(command, (None, None))
            return first if where == stream else None

    def _first_result(self, write: Write) -> Appended | None:
        if write.command in self._commands:
            stream, first = self._commands[write.command]
        elif write.events[0].id in self._events:
            stream, first = self._events[write.events[0].id]
        else:
            return None
        if stream != write.stream:
            raise CommandIdReused(f"command {write.command} was used for another stream")
        return first

    def _write(self, write: Write) -> Appended:
        begin, place = len(self._log), self._revision(write.stream) + 1
        for index, event in enumerate(write.events):
            recorded = RecordedEvent(
                event.id,
                event.name,
                event.version,
                write.stream,
                Revision(place + index),
                Position(begin + index),
                datetime.now(UTC),
                json.loads(json.dumps(event.data)),
                json.loads(json.dumps(event.metadata)),
            )
            self._log.append(recorded)
        done = Appended(Revision(place), tuple(map(Position, range(begin, len(self._log)))))
        known = write.stream, replace(done, duplicate=True)
        self._events.update({event.id: known for event in write.events})
        if write.command is not None:
            self._commands[write.command] = known
        return done

    def _revision(self, stream: StreamName) -> int:
        return sum(event.stream == stream for event in self._log) - 1

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

    def _wait(self, position: Position) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self._log) - 1 > position, timeout=1.0)

    def close(self) -> None:
        return None
