"""Envelopes: an event on its way into the store, and one that came out of it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

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


class RecordedEvent(NamedTuple):
    """An event as the store gives it back: what was appended, where it stands, and when it was recorded (UTC).

    A tuple, because a million of them are made in a rebuild and a frozen dataclass takes five times as long to make.
    """

    id: uuid.UUID
    name: str
    version: int
    stream: StreamName
    revision: Revision
    position: Position
    recorded_at: datetime
    data: Mapping[str, Any]
    metadata: Mapping[str, Any]


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
