from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest

from shared.events.catalog.types import PersonalText
from shared.events.codec import Codec, schema_for
from shared.events.errors import InvalidEvent, UnknownEvent
from shared.events.event import RecordedEvent
from shared.events.stream import Position, Revision, StreamName


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Part:
    name: PersonalText
    weight: float


@dataclass(frozen=True)
class Painted:
    by: str
    at: datetime
    colour: Colour
    parts: tuple[Part, ...]
    coats: int = 1
    dried_at: datetime | None = None
    remark: PersonalText | None = None


CODEC = Codec({("Painted", 1): Painted})
AT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
EVENT = Painted("ada", AT, Colour.RED, (Part("door", 2.5),), 2, None, "nice")
DATA = {
    "by": "ada",
    "at": "2026-03-29T01:30:00+00:00",
    "colour": "red",
    "parts": [{"name": "door", "weight": 2.5}],
    "coats": 2,
    "dried_at": None,
    "remark": "nice",
}


def recorded(name: str, version: int, data: Mapping[str, Any]) -> RecordedEvent:
    return RecordedEvent(uuid.uuid4(), name, version, StreamName("thing", "1"), Revision(0), Position(0), AT, data, {})


def test_there_and_back() -> None:
    assert CODEC.encode(EVENT) == ("Painted", 1, DATA)
    assert CODEC.decode(recorded("Painted", 1, DATA)) == EVENT


def test_missing_optional_fields_have_their_defaults_and_unknown_ones_are_ignored() -> None:
    old = {"by": "ada", "at": "2026-03-29T01:30:00+00:00", "colour": "red", "parts": [], "later": 1}
    assert CODEC.decode(recorded("Painted", 1, old)) == Painted("ada", AT, Colour.RED, ())


@pytest.mark.parametrize(
    "wrong",
    [
        Painted("ada", AT, "blue", ()),  # type: ignore[arg-type]
        Painted("ada", AT, Colour.RED, (), coats="many"),  # type: ignore[arg-type]
        Painted(None, AT, Colour.RED, ()),  # type: ignore[arg-type]
    ],
)
def test_what_has_the_wrong_type_is_not_written(wrong: Painted) -> None:
    with pytest.raises(InvalidEvent):
        CODEC.encode(wrong)


@pytest.mark.parametrize("data", [{}, {**DATA, "colour": "blue"}, {**DATA, "at": "yesterday"}, {**DATA, "parts": 1}])
def test_what_cannot_be_read_says_where_it_stands(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent, match="Painted v1 at 0"):
        CODEC.decode(recorded("Painted", 1, data))


def test_what_is_in_no_catalog_is_unknown() -> None:
    with pytest.raises(UnknownEvent):
        CODEC.encode(Part("door", 1.0))
    with pytest.raises(UnknownEvent):
        CODEC.decode(recorded("Painted", 2, DATA))


def test_old_versions_are_brought_up_to_date_step_by_step() -> None:
    codec = Codec(
        {("Painted", 1): Painted},
        {
            ("Coloured", 1): lambda data: ("Coloured", 2, {**data, "coats": 3}),
            ("Coloured", 2): lambda data: ("Painted", 1, {**data, "parts": []}),
        },
    )
    stored = {"by": "ada", "at": "2026-03-29T01:30:00+00:00", "colour": "red"}
    assert codec.decode(recorded("Coloured", 1, stored)) == Painted("ada", AT, Colour.RED, (), 3)
    assert stored == {"by": "ada", "at": "2026-03-29T01:30:00+00:00", "colour": "red"}


def test_the_schema_says_what_is_personal_and_refuses_what_it_does_not_know() -> None:
    schema = schema_for(Painted)()
    assert schema.fields["remark"].metadata == {"x-personal": True}
    assert schema.fields["by"].metadata == {}
    assert "later" in schema.validate({**DATA, "later": 1})
