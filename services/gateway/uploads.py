"""Takes one file out of a multipart body while it arrives: nothing is held in memory but the piece in hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData, Preamble

from services.gateway.filetypes import HEAD_BYTES, TAIL_BYTES, FileType, RefusedType, decide
from services.gateway.problems import Problem

FILE_LIMIT = 25 << 20
"""Largest file in bytes."""
FORM_LIMIT = FILE_LIMIT + (64 << 10)
"""Largest body in bytes: the file and the multipart form around it."""
_PIECE = 64 << 10
_WITHOUT_AN_END = 4 * _PIECE
"""Bytes that the head of a part may take before it is none."""


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(slots=True)
class Upload:
    """The part named `file` of a form; iterate `sniffed()` to its end, then ask `type()`."""

    filename: str
    chunks: Iterator[bytes]
    _head: bytearray = field(default_factory=bytearray)
    _tail: bytearray = field(default_factory=bytearray)

    def sniffed(self) -> Iterator[bytes]:
        """The chunks. Raises Problem file_type_refused at their end, so that a store drops what it has."""
        for chunk in self.chunks:
            if len(self._head) < HEAD_BYTES:
                self._head += chunk[: HEAD_BYTES - len(self._head)]
            self._tail = (self._tail + chunk)[-TAIL_BYTES:]
            yield chunk
        self.type()

    def type(self) -> FileType:
        """Raises Problem file_type_refused."""
        try:
            return decide(bytes(self._head), bytes(self._tail), self.filename)
        except RefusedType as refused:
            detail = f"This file is {refused.reason}."
            raise Problem("file_type_refused", detail, errors={"file": [detail]}) from refused


def file_of(stream: Readable, content_type: str) -> Upload:
    """The file of a multipart form that is being read from `stream`. Raises Problem."""
    _, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if not boundary or len(boundary) > 200 or not boundary.isascii():
        raise Problem("malformed_request", "Content-Type has to name the form's boundary.")
    events = _events(stream, boundary)
    for event in events:
        if isinstance(event, File):
            if event.name != "file":
                raise _wrong_part(event.name)
            return Upload(event.filename or "file", _contents(events))
        if isinstance(event, Field):
            raise _wrong_part(event.name)
    raise Problem("invalid", "The form has no file.", errors={"file": ["Missing data for required field."]})


def _contents(events: Iterator[Event]) -> Iterator[bytes]:
    for event in events:
        if isinstance(event, Data):
            if event.data:
                yield bytes(event.data)
        elif isinstance(event, (File, Field)):
            raise _wrong_part(event.name)


def _events(stream: Readable, boundary: str) -> Iterator[Event]:
    decoder = MultipartDecoder(boundary.encode("ascii"), max_form_memory_size=None, max_parts=2)
    try:
        while True:
            piece = stream.read(_PIECE)
            decoder.receive_data(piece or None)
            while True:
                event = decoder.next_event()
                if isinstance(event, NeedData):
                    if len(decoder.buffer) > _WITHOUT_AN_END:
                        raise Problem("malformed_request", "A part of the form has no end to its head.")
                    break
                if isinstance(event, Epilogue):
                    return
                if not isinstance(event, Preamble):
                    yield event
    except RequestEntityTooLarge as error:
        raise Problem("too_large", f"A file may have at most {FILE_LIMIT:,} bytes.") from error
    except ValueError as error:
        raise Problem("malformed_request", "The form is broken off or not multipart/form-data.") from error


def _wrong_part(name: str | None) -> Problem:
    said = "Only one file is taken." if name == "file" else "Unknown field; the part is called file."
    return Problem("invalid", "The form takes one part, file.", errors={str(name): [said]})
