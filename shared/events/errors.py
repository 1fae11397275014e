"""Every error that the event core raises.

EventStoreError
├── WrongExpectedRevision    somebody else appended first: reload and decide again
├── CommandIdReused          the command's id already stands in another stream
├── EventTooLarge            one event is over MAX_EVENT_BYTES
├── InvalidEvent             the store cannot take this (a bad stream name, no events, data that is not JSON)
├── NotTheOwner              this writer may not append to that category
├── UnknownEvent             (name, version) is not in the catalog
└── StoreUnavailable         the store did not answer in time: try again later, the outcome may be unknown
    └── ReadModelUnavailable the same of a read model's database
Refusal                      the domain says no; carries a stable code for the caller
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Kind = Literal["invalid", "forbidden", "not_found", "conflict", "stale", "too_large", "unavailable", "internal"]


class EventStoreError(Exception):
    """Base of what an event store raises."""


class WrongExpectedRevision(EventStoreError):
    """The stream is not at the revision that the writer expected.

    `actual` is the stream's revision now, None where it does not exist or the store did not say.
    """

    def __init__(self, stream: object, expected: object, actual: int | None) -> None:
        super().__init__(f"{stream}: expected revision {expected}, is {actual}")
        self.stream, self.expected, self.actual = str(stream), expected, actual


class CommandIdReused(EventStoreError):
    """The command's id was used before, for another stream."""


class EventTooLarge(EventStoreError):
    """One event's data and metadata together exceed MAX_EVENT_BYTES."""


class InvalidEvent(EventStoreError):
    """The store cannot take these events as they are."""


class NotTheOwner(EventStoreError):
    """The writer does not own the category that it tried to append to."""


class UnknownEvent(EventStoreError):
    """No event of this name and version is in the catalog."""


class StoreUnavailable(EventStoreError):
    """The store could not be reached or did not answer in time; an append may or may not have happened."""


class ReadModelUnavailable(StoreUnavailable):
    """The database of a read model could not be reached or did not answer in time."""


class Refusal(Exception):
    """The domain's named no: `code` is stable and for programs, the message is for people.

    `kind` tells the transport what sort of no it is; `details` are extra members for the caller
    (JSON types); `errors` maps a field to its messages where a field is at fault.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        kind: Kind = "conflict",
        errors: Mapping[str, list[str]] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.kind = code, message, kind
        self.errors = dict(errors or {})
        self.details = dict(details or {})
