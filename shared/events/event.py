"""Envelopes: an event on its way into the store, and one that came out of it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from shared.events.stream import Position, Revision, StreamName

MAX_EVENT_BYTES = 1_048_576
"""Largest event that a store takes: data and metadata as JSON in UTF-8, together."""

_IDS = uuid.UUID("5b0c8f0e-6a8e-4d5c-9a39-0d6f2f6f1c11")


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append.

    id:        unique in the store; derive it with `event_id` where the command can be sent again
    name:      literal from the catalog, never a class path
    version:   of the schema that `data` follows
    data:      JSON object
    metadata:  JSON object: correlation_id, causation_id, command_id, fingerprint, actor, customer
    """

    id: uuid.UUID
    name: str
    version: int
    data: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)


class RecordedEvent:
    """An event as the store gives it back: what was appended, where it stands, and when it was recorded (UTC).

    `id` may be given as the 16 bytes of the UUID, `data` and `metadata` as JSON: they are decoded when somebody looks.
    A rebuild makes a million of these and looks into a fraction, which is also why this is no frozen dataclass.
    """

    __slots__ = ("_data", "_id", "_metadata", "name", "position", "recorded_at", "revision", "stream", "version")

    def __init__(
        self,
        id: uuid.UUID | bytes,  # noqa: A002
        name: str,
        version: int,
        stream: StreamName,
        revision: Revision,
        position: Position,
        recorded_at: datetime,
        data: Mapping[str, Any] | bytes,
        metadata: Mapping[str, Any] | bytes,
    ) -> None:
        self._id = id
        self.name = name
        self.version = version
        self.stream = stream
        self.revision = revision
        self.position = position
        self.recorded_at = recorded_at
        self._data = data
        self._metadata = metadata

    @property
    def id(self) -> uuid.UUID:
        # read once, here and below: followers in several threads look at the same events
        value = self._id
        if isinstance(value, bytes):
            value = self._id = uuid.UUID(bytes=value)
        return value

    @property
    def data(self) -> Mapping[str, Any]:
        value = self._data
        if isinstance(value, bytes):
            value = self._data = orjson.loads(value)
        return value

    @property
    def metadata(self) -> Mapping[str, Any]:
        value = self._metadata
        if isinstance(value, bytes):
            value = self._metadata = orjson.loads(value)
        return value

    @property
    def size(self) -> int:
        """About how many bytes it takes in memory, also once somebody has looked into it."""
        return 500 + _size(self._data) + _size(self._metadata)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RecordedEvent) and self._members() == other._members()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"RecordedEvent{self._members()!r}"

    def _members(self) -> tuple[Any, ...]:
        places = self.stream, self.revision, self.position, self.recorded_at
        return (self.id, self.name, self.version, *places, self.data, self.metadata)


def _size(value: Any) -> int:
    if isinstance(value, bytes):
        # JSON, and what it becomes is about three times as large
        return 3 * len(value)
    if isinstance(value, str):
        return 50 + len(value)
    if isinstance(value, Mapping):
        return 100 + sum(50 + _size(each) for each in value.values())
    if isinstance(value, list):
        return 60 + sum(map(_size, value))
    return 30


@dataclass(frozen=True, slots=True)
class Fact:
    """A recorded event with what it says, decoded."""

    event: Any
    recorded: RecordedEvent


def command_id(caller: str, idempotency_key: str) -> uuid.UUID:
    """The id of the command that `caller` sends under `idempotency_key`: the same pair, the same id, on any replica."""
    return uuid.uuid5(_IDS, f"command\n{caller}\n{idempotency_key}")


def stream_id(command: uuid.UUID) -> uuid.UUID:
    """The id of the stream that `command` creates, so that a retry of it finds the stream that the first try made."""
    return uuid.uuid5(_IDS, f"stream\n{command}")


def event_id(command: uuid.UUID, index: int) -> uuid.UUID:
    """The id of the event number `index` that `command` causes."""
    return uuid.uuid5(_IDS, f"event\n{command}\n{index}")


def fingerprint(*parts: bytes | str) -> str:
    """A short digest of a request, to tell a retry from another request under the same key."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()[:32]
