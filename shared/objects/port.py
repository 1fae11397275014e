"""Content-addressed storage of uploaded files: what a store promises, and how it fails.

ObjectStoreError
├── ObjectMissing            nothing is stored under this name
├── ObjectTooLarge           the content went over the caller's limit; nothing was stored
└── ObjectStoreUnavailable   the storage did not answer, is full, or refuses us: try again later
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

CHUNK_BYTES = 64 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ObjectStoreError(Exception):
    """Base of what an object store raises."""


class ObjectMissing(ObjectStoreError):
    """Nothing is stored under this name."""


class ObjectTooLarge(ObjectStoreError):
    """The content is longer than the caller allows; nothing was stored."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the content is longer than {limit} bytes")
        self.limit = limit


class ObjectStoreUnavailable(ObjectStoreError):
    """The storage is away, full, or does not let us in."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Whole content under its name: `sha256` in 64 lower-case hex digits, `size` in bytes."""

    sha256: str
    size: int


class ObjectStore(Protocol):
    """Files named by their SHA-256, so equal content is stored once and never changes."""

    def put(self, chunks: Iterable[bytes], limit: int) -> StoredObject:
        """Store the chunks whole or not at all; ObjectTooLarge as soon as they pass `limit` bytes.

        Content that is already stored gets a new age. What iterating over `chunks` raises comes through as it is.
        """

    def open(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Bytes from `start`, at most `length` of them, in chunks.

        ObjectMissing is raised by this call, not by the first chunk. A start at or behind the end yields nothing.
        The iterator has `close()`; reading to the end closes it too.
        """

    def size(self, sha256: str) -> int:
        """Length in bytes; ObjectMissing where there is none."""

    def delete(self, sha256: str) -> None:
        """Remove the content; no error where there is none."""

    def older_than(self, age: timedelta, now: datetime) -> Iterator[str]:
        """Names of content last put more than `age` before `now`, in no order; `now` knows its time zone."""

    def check(self) -> None:
        """Return when the storage can be used now, else raise ObjectStoreUnavailable."""


def is_name(sha256: str) -> bool:
    """Whether this is a name that a store can have given: 64 lower-case hex digits."""
    return _SHA256.fullmatch(sha256) is not None


def require_name(sha256: str) -> str:
    """The name itself; ObjectMissing for anything that no store can have given, such as a path."""
    if not is_name(sha256):
        raise ObjectMissing("not the name of a stored object")
    return sha256


def require_range(start: int, length: int | None) -> None:
    """Refuse a negative start or length with ValueError."""
    if start < 0 or (length is not None and length < 0):
        raise ValueError(f"start and length must not be negative, are {start} and {length}")
