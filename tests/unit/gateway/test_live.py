"""The live hub as plain code: who sees what, resuming without a gap or a double, slow clients."""

from __future__ import annotations

import json
import random
import threading
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from services.gateway.live import PAGE, REPLAY_PAGES, Feed, Hub, Item, Stream, Viewer, frame
from services.gateway.problems import Problem

ANNA = Viewer("anna", sees_all=False)
BERTA = Viewer("berta", sees_all=False)
AGENT = Viewer("agent", sees_all=True)

TYPING = Item(None, "anna", False, "t1", frame("typing", {}))


class Log:
    """A log that the hub follows; positions are not dense, as on some stores."""

    def __init__(self, step: int = 3) -> None:
        self.items: list[dict[str, Any]] = []
        self.step, self.head, self.pages, self.away = step, 0, 0, False

    def add(
        self, customer: str = "anna", *, internal: bool = False, ticket: str = "t1", name: str = "MessagePosted"
    ) -> int:
        self.head += self.step
        audience = {"customer": customer, "internal": internal}
        self.items.append(
            {"position": self.head, "name": name, "audience": audience, "data": {"ticket_id": ticket, "at": self.head}}
        )
        return self.head

    def feed(self, after: int, limit: int) -> dict[str, Any]:
        if self.away:
            raise ConnectionError("tickets is away")
        self.pages += 1
        found = [item for item in self.items if item["position"] > after]
        page = found[:limit]
        position = page[-1]["position"] if len(found) > limit else max(self.head, after)
        return {"items": page, "position": position, "caught_up": len(found) <= limit, "head": self.head}


def started(log: Log, **options: Any) -> Hub:
    return started_with(log.feed, **options)


def started_with(feed: Feed, **options: Any) -> Hub:
    hub = Hub(feed, **{"heartbeat": 0.01, **options})
    hub.pull()
    return hub


_rest: WeakKeyDictionary[Stream, list[str]] = WeakKeyDictionary()


def read(stream: Stream) -> tuple[str, Any, int | None]:
    """(event, data, id) of the next frame; several may come in one piece."""
    while not (frames := _rest.setdefault(stream, [])):
        frames += [frame for frame in next(stream).decode().split("\n\n") if frame]
    fields = dict(line.split(": ", 1) for line in frames.pop(0).split("\n"))
    return fields["event"], json.loads(fields["data"]), int(fields["id"]) if "id" in fields else None


def positions(stream: Stream) -> list[int]:
    """Ids of the items until the first heartbeat that has an id, which says that the client is current."""
    found = []
    while True:
        event, _, position = read(stream)
        if event == "heartbeat" and position is not None:
            return found
        if event != "heartbeat":
            assert position is not None
            found.append(position)


def test_the_first_word_is_the_head() -> None:
    log = Log()
    log.add()
    stream = started(log).subscribe(ANNA, None)
    assert read(stream) == ("heartbeat", {"position": 3}, None)


def test_an_item_reaches_those_who_may_see_it() -> None:
    log = Log()
    hub = started(log)
    streams = {viewer.id: hub.subscribe(viewer, None) for viewer in (ANNA, BERTA, AGENT)}
    log.add("anna")
    log.add("anna", internal=True)
    log.add("berta")
    hub.pull()
    assert {name: positions(stream) for name, stream in streams.items()} == {
        "anna": [3],
        "berta": [9],
        "agent": [3, 6, 9],
    }


def test_an_item_without_a_customer_is_for_agents() -> None:
    log = Log()
    hub = started(log)
    nobody = Viewer("", sees_all=False)
    streams = [hub.subscribe(viewer, None) for viewer in (ANNA, nobody, AGENT)]
    log.add()
    log.items[-1]["audience"] = None
    hub.pull()
    assert [positions(stream) for stream in streams] == [[], [], [3]]


def test_one_ticket_is_a_part_of_what_one_sees() -> None:
    log = Log()
    hub = started(log)
    mine = hub.subscribe(Viewer("anna", sees_all=False, about="t2"), None)
    log.add("anna", ticket="t1")
    log.add("anna", ticket="t2")
    log.add("berta", ticket="t2")
    hub.pull()
    assert positions(mine) == [6]


def test_resuming_from_what_the_gateway_still_has_asks_nobody() -> None:
    log = Log()
    hub = started(log)
    for _ in range(5):
        log.add()
    hub.pull()
    asked = log.pages
    assert positions(hub.subscribe(ANNA, 6)) == [9, 12, 15]
    assert log.pages == asked


def test_resuming_from_further_back_reads_the_log() -> None:
    log = Log()
    for _ in range(PAGE + 10):
        log.add()
    hub = started(log)
    log.add()
    hub.pull()
    assert positions(hub.subscribe(ANNA, 0)) == [3 * number for number in range(1, PAGE + 12)]


def test_too_far_back_is_told_to_fetch_everything() -> None:
    log = Log(step=1)
    for _ in range(PAGE * REPLAY_PAGES + 1):
        log.add("berta")
    hub = started(log)
    stream = hub.subscribe(ANNA, 0)
    assert read(stream)[0] == "heartbeat"
    assert read(stream) == ("resync", {"after": log.head}, log.head)
    log.add("anna")
    hub.pull()
    assert read(stream)[2] == log.head


def test_a_log_that_goes_away_while_resuming_ends_in_a_resync() -> None:
    log = Log()
    log.add()
    hub = started(log)
    stream = hub.subscribe(ANNA, 0)
    log.away = True
    assert [read(stream)[0], read(stream)] == ["heartbeat", ("resync", {"after": 3}, 3)]


def test_what_is_forgotten_is_not_taken_for_complete() -> None:
    log = Log()
    hub = started(log, ring_items=4)
    for _ in range(10):
        log.add()
    hub.pull()
    asked = log.pages
    assert positions(hub.subscribe(ANNA, 15)) == [18, 21, 24, 27, 30]
    assert log.pages > asked
    asked = log.pages
    assert positions(hub.subscribe(ANNA, 18)) == [21, 24, 27, 30]
    assert log.pages == asked


def test_a_client_that_is_ahead_of_this_replica_gets_nothing_twice() -> None:
    log = Log()
    hub = started(log)
    log.add()
    log.add()
    stream = hub.subscribe(ANNA, 6)
    hub.pull()
    log.add()
    hub.pull()
    assert positions(stream) == [9]


def test_events_between_subscribing_and_reading_are_neither_lost_nor_doubled() -> None:
    log = Log()
    for _ in range(3):
        log.add()
    hub = started(log)
    from_log, from_ring = hub.subscribe(ANNA, 0), hub.subscribe(ANNA, 9)
    log.add()
    hub.pull()
    assert positions(from_log) == [3, 6, 9, 12]
    assert positions(from_ring) == [12]


def test_a_failed_pull_is_made_up_for() -> None:
    log = Log()
    hub = started(log)
    stream = hub.subscribe(ANNA, None)
    log.add()
    log.away = True
    with pytest.raises(ConnectionError):
        hub.pull()
    log.away = False
    log.add()
    hub.pull()
    assert positions(stream) == [3, 6]


def test_a_quiet_client_moves_on_by_heartbeats() -> None:
    log = Log()
    hub = started(log)
    stream = hub.subscribe(BERTA, None)
    read(stream)
    for _ in range(3):
        log.add("anna")
    hub.pull()
    assert read(stream) == ("heartbeat", {"position": 9}, 9)


def test_signals_hold_up_no_heartbeat() -> None:
    log = Log()
    now = [100.0]
    hub = started(log, heartbeat=60, clock=lambda: now[0])
    stream = hub.subscribe(ANNA, None)
    read(stream)
    pieces = []
    for seconds in (0, 30, 30, 30):
        log.add("berta")
        hub.pull()
        hub.signal(TYPING)
        now[0] += seconds
        pieces.append(next(stream))
    assert pieces == [
        TYPING.frame,
        TYPING.frame,
        TYPING.frame + frame("heartbeat", {"position": 9}, 9),
        TYPING.frame,
    ]


def test_an_item_is_as_good_as_a_heartbeat() -> None:
    log = Log()
    now = [100.0]
    hub = started(log, heartbeat=60, clock=lambda: now[0])
    stream = hub.subscribe(ANNA, None)
    read(stream)
    hub.signal(TYPING)
    assert read(stream)[0] == "typing"
    now[0] += 59
    log.add("anna")
    hub.pull()
    assert read(stream)[2] == 3
    now[0] += 59
    hub.signal(TYPING)
    assert next(stream) == TYPING.frame
    now[0] += 1
    assert read(stream) == ("heartbeat", {"position": 3}, 3)


def test_a_slow_client_is_dropped_with_a_place_to_go_on_from_and_the_others_are_not() -> None:
    log = Log()
    hub = started(log, client_items=4)
    slow, quick = hub.subscribe(AGENT, None), hub.subscribe(ANNA, None)
    read(slow)
    got = []
    for _ in range(6):
        log.add("anna")
        hub.pull()
        while not got or got[-1] != log.head:
            event, _, position = read(quick)
            if event != "heartbeat":
                got.append(position)
    assert got == [3, 6, 9, 12, 15, 18]
    assert [read(slow)[2] for _ in range(4)] == [3, 6, 9, 12]
    assert read(slow) == ("resync", {"after": 18}, 18)
    with pytest.raises(StopIteration):
        next(slow)


def test_signals_that_find_no_room_are_lost_and_drop_nobody() -> None:
    log = Log()
    hub = started(log, client_items=2)
    stream = hub.subscribe(ANNA, None)
    read(stream)
    for _ in range(3):
        hub.signal(TYPING)
    assert [read(stream)[0] for _ in range(3)] == ["typing", "typing", "heartbeat"]
    log.add()
    hub.pull()
    assert positions(stream) == [3]


def test_a_burst_drops_nobody_who_reads() -> None:
    log = Log()
    streams: list[Stream] = []
    got = [0]

    def feed(after: int, limit: int) -> dict[str, Any]:
        # As under eventlet: who waits for items gets its turn while the hub waits for the next page.
        while streams and got[-1] < after:
            got.append(read(streams[0])[2] or 0)
        return log.feed(after, limit)

    hub = started_with(feed)
    streams.append(hub.subscribe(ANNA, None))
    read(streams[0])
    for _ in range(1000):
        log.add()
    hub.pull()
    while got[-1] < log.head:
        got.append(read(streams[0])[2] or 0)
    assert got == [3 * number for number in range(1001)]


def test_a_stream_ends_with_its_session() -> None:
    now = [100.0]
    hub = started(Log(), wall=lambda: now[0])
    stream = hub.subscribe(Viewer("anna", sees_all=False, until=160.0), None)
    assert [read(stream)[0], read(stream)[0]] == ["heartbeat", "heartbeat"]
    now[0] = 160.0
    with pytest.raises(StopIteration):
        next(stream)


def test_a_person_has_a_bounded_number_of_streams_and_gets_places_back() -> None:
    hub = started(Log(), streams_per_person=2)
    first, _ = hub.subscribe(ANNA, None), hub.subscribe(ANNA, None)
    with pytest.raises(Problem) as refused:
        hub.subscribe(ANNA, None)
    assert (refused.value.status, refused.value.code) == (429, "too_many_streams")
    hub.subscribe(BERTA, None)
    # Never read from, as when the client is gone before the first byte.
    first.close()
    first.close()
    hub.subscribe(ANNA, None)


def test_before_the_head_is_known_nobody_can_subscribe() -> None:
    with pytest.raises(Problem) as refused:
        Hub(Log().feed).subscribe(ANNA, None)
    assert (refused.value.status, refused.value.code) == (503, "live_unavailable")


def test_closing_ends_every_stream_and_the_follower() -> None:
    log = Log()
    hub = started(log, heartbeat=60)
    stream = hub.subscribe(ANNA, None)
    read(stream)
    follower = threading.Thread(target=hub.run)
    follower.start()
    hub.close()
    with pytest.raises(StopIteration):
        next(stream)
    follower.join(timeout=5)
    assert not follower.is_alive()


def test_the_follower_pulls_when_the_bell_rings_and_survives_failures() -> None:
    log = Log()
    log.away = True
    hub = Hub(log.feed, heartbeat=60)
    follower = threading.Thread(target=hub.run)
    follower.start()
    log.away = False
    hub.ring()
    while hub.position is None:
        hub.ring()
    stream = hub.subscribe(ANNA, None)
    read(stream)
    log.add()
    hub.ring()
    assert read(stream)[2] == 3
    hub.close()
    follower.join(timeout=5)


@pytest.mark.parametrize("seed", range(20))
def test_any_sequence_of_reconnects_sees_each_item_once_in_order(seed: int) -> None:
    chance = random.Random(seed)
    log = Log(step=chance.choice([1, 7]))
    hub = started(log, ring_items=chance.choice([2, 10, 1000]))
    after, got, mine = 0, [], []
    for _ in range(30):
        stream = hub.subscribe(ANNA, after)
        for _ in range(chance.randrange(4)):
            customer = chance.choice(["anna", "berta"])
            position = log.add(customer)
            if customer == "anna":
                mine.append(position)
            if chance.random() < 0.7:
                hub.pull()
        for _ in range(chance.randrange(4)):
            event, _, position = read(stream)
            after = position if position is not None else after
            if event not in ("heartbeat", "resync"):
                got.append(position)
        stream.close()
    hub.pull()
    got += positions(hub.subscribe(ANNA, after))
    assert got == mine
