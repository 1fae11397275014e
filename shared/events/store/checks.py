"""What every adapter checks before it appends."""

from __future__ import annotations

import re
from collections.abc import Sequence

import orjson

from shared.events.errors import EventTooLarge, InvalidEvent
from shared.events.event import MAX_EVENT_BYTES, NewEvent
from shared.events.store.port import Write
from shared.events.stream import Expect, ExpectedRevision

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def check_appendable(events: Sequence[NewEvent]) -> list[tuple[bytes, bytes]]:
    """Each event's data and metadata as JSON bytes. Raises InvalidEvent or EventTooLarge."""
    if not events:
        raise InvalidEvent("an append needs at least one event")
    if len({event.id for event in events}) != len(events):
        raise InvalidEvent("two events of one append have the same id")
    return [_encoded(event) for event in events]


def check_writes(writes: Sequence[Write]) -> list[list[tuple[bytes, bytes]]]:
    """What `check_appendable` gives, for each write. InvalidEvent also where a stream or an id is there twice."""
    if len({write.stream for write in writes}) != len(writes) or not writes:
        raise InvalidEvent("an append names each of its streams once, and one at least")
    encoded = [check_appendable(write.events) for write in writes]
    if len(writes) > 1 and len({event.id for write in writes for event in write.events}) != sum(map(len, encoded)):
        raise InvalidEvent("two events of one append have the same id")
    return encoded


def _encoded(event: NewEvent) -> tuple[bytes, bytes]:
    try:
        data, metadata = orjson.dumps(event.data), orjson.dumps(event.metadata)
    except TypeError as error:
        raise InvalidEvent(f"{event.name}: {error}") from error
    if not data.startswith(b"{") or not metadata.startswith(b"{"):
        raise InvalidEvent(f"{event.name}: data and metadata are JSON objects")
    # PostgreSQL's JSON has no NUL, and no store needs it
    if _has_nul(data) or _has_nul(metadata):
        raise InvalidEvent(f"{event.name}: text may not contain NUL")
    if len(data) + len(metadata) > MAX_EVENT_BYTES:
        raise EventTooLarge(f"{event.name}: {len(data) + len(metadata)} bytes, at most {MAX_EVENT_BYTES}")
    return data, metadata


def _has_nul(json: bytes) -> bool:
    # the six characters that a NUL is written in; behind a backslash they are what somebody has typed
    return rb"\u0000" in json and _NUL.search(json) is not None


def revision_matches(expected: ExpectedRevision, actual: int) -> bool:
    """Whether a stream at revision `actual` (-1: no stream) is what the writer expected."""
    match expected:
        case Expect.ANY:
            return True
        case Expect.NO_STREAM:
            return actual == -1
        case Expect.EXISTS:
            return actual >= 0
        case revision:
            return actual == revision
