from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.events.event import RecordedEvent
from shared.events.stream import Position, Revision, StreamName

ID = uuid.UUID("7d1f8f0e-6a8e-4d5c-9a39-0d6f2f6f1c11")
AT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def recorded(id_: uuid.UUID | bytes = ID, data: Any = None, metadata: Any = None) -> RecordedEvent:
    stream = StreamName("thing", "1")
    return RecordedEvent(id_, "Happened", 1, stream, Revision(3), Position(7), AT, data or {}, metadata or {})


def test_what_is_decoded_late_is_what_was_meant() -> None:
    late = recorded(ID.bytes, b'{"n": [1, "\xc3\xbc"]}', b'{"customer": "ada"}')
    assert (late.id, late.data, late.metadata) == (ID, {"n": [1, "ü"]}, {"customer": "ada"})
    assert late.data is late.data
    assert late.metadata is late.metadata


def test_it_does_not_matter_who_has_looked() -> None:
    soon = recorded(ID, {"n": 1}, {"by": "ada"})
    late = recorded(ID.bytes, b'{"n":1}', b'{ "by": "ada" }')
    assert late == soon
    assert repr(late) == repr(soon)
    assert late != recorded(ID, {"n": 2}, {"by": "ada"})
    assert late != recorded(uuid.UUID(int=1), {"n": 1}, {"by": "ada"})
    with pytest.raises(TypeError):
        hash(late)
