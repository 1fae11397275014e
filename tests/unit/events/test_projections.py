"""What projections say of themselves, and how a rebuild is split by it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

import services.chat.bootstrap as chat
import services.knowledge.bootstrap as knowledge
import services.tickets.bootstrap as tickets
from shared.events.parts import Part
from shared.events.stream import StreamName


@pytest.mark.parametrize("service", [tickets, knowledge, chat], ids=lambda service: service.SCHEMA)
def test_each_wants_events_of_its_catalog_and_sums_up_tables_of_its_own(service: Any) -> None:
    catalog = set(service.CODEC.events.values())
    for projection in service.PROJECTIONS:
        assert set(projection.events) <= catalog
        assert projection.events
        assert set(projection.summed or ()) <= set(projection.tables)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_every_stream_is_in_one_part_and_what_bears_its_id_too(count: int) -> None:
    ids = [str(uuid.UUID(int=n)) for n in range(200)]
    parts = [Part(number, count) for number in range(count)]
    sizes = [0] * count
    for id_ in ids:
        mine = [part.has(StreamName("ticket", id_)) for part in parts]
        assert mine == [part.has(StreamName("ticket_note", id_)) for part in parts]
        assert sum(mine) == 1
        sizes[mine.index(True)] += 1
    assert min(sizes) > len(ids) / count / 3
