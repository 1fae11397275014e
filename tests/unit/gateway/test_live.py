"""The live hub as plain code: who sees what, resuming without a gap or a double, slow clients."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from structlog.testing import capture_logs

from services.gateway import live, places
from services.gateway.feeds import Feed
from services.gateway.live import PAGE, REPLAY_PAGES, Hub, Item, Stream, Viewer, frame
from services.gateway.problems import Problem

ANNA = Viewer("anna", sees_all=False)
BERTA = Viewer("berta", sees_all=False)
AGENT = Viewer("agent", sees_all=True)

TYPING = Item(None, "anna", False, "t1", frame("typing", {}))


class Log:
    """A log that the hub follows; positions are not dense, as on some stores."""

    def __init__(self, step: int = 3) -> None:
        self.items: list[dict[str, Any]] = []
        self.step, self.head = step, 0
        self.asked: list[str] = []
        self.gone: set[str] = set()

    def add(
        self,
        customer: str = "anna",
        *,
        internal: bool = False,
        ticket: str = "t1",
        name: str = "MessagePosted",
        service: str = "tickets",
        text: str = "",
    ) -> int:
        self.head += self.step
        audience = {"customer": customer, "internal": internal}
        data = {"ticket_id": ticket, "at": self.head, "text": text}
        item = {"position": self.head, "name": name, "audience": audience, "data": data, "service": service}
        self.items.append(item)
        return self.head

    @property
    def pages(self) -> int:
        return len(self.asked)

    @property
    def away(self) -> bool:
        return "tickets" in self.gone

    @away.setter
    def away(self, away: bool) -> None:
        self.gone = {"tickets"} if away else set()

    def feed(self, after: int, limit: int, service: str = "tickets") -> dict[str, Any]:
        if service in self.gone:
            raise ConnectionError(f"{service} is away")
        self.asked.append(service)
        found = [item for item in self.items if item["position"] > after and item["service"] == service]
        page = found[:limit]
        position = page[-1]["position"] if len(found) > limit else max(self.head, after)
        return {"items": page, "position": position, "caught_up": len(found) <= limit, "head": self.head}

    def feeds(self) -> dict[str, Feed]:
        """The feeds of two services that share the log."""
        return {
            "tickets": self.feed,
            "chat": lambda after, limit: self.feed(after, limit, "chat"),
        }


def started(log: Log, **options: Any) -> Hub:
    return started_with({"tickets": log.feed}, **options)


def started_with(feeds: dict[str, Feed], **options: Any) -> Hub:
    hub = Hub(feeds, **{"heartbeat": 0.01, **options})
    hub.pull()
    return hub


def ticking() -> Any:
    """A clock on which a second passes with each look, so that nothing waits."""
    ticks = itertools.count()
    return lambda: next(ticks)


_rest: WeakKeyDictionary[Stream, list[str]] = WeakKeyDictionary()


def read(stream: Stream) -> tuple[str, Any, int | None]:
    """(event, data, id) of the next frame; several may come in one piece."""
    event, data, place = read_place(stream)
    return event, data, None if place is None else int(place)


def read_place(stream: Stream) -> tuple[str, Any, str | None]:
    """The same with the id as it is."""
    while not (frames := _rest.setdefault(stream, [])):
        frames += [frame for frame in next(stream).decode().split("\n\n") if frame]
    fields = dict(line.split(": ", 1) for line in frames.pop(0).split("\n"))
    return fields["event"], json.loads(fields["data"]), fields.get("id")


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


def test_a_log_that_goes_away_while_resuming_is_read_when_it_is_back() -> None:
    log = Log()
    log.add()
    hub = started(log, clock=ticking())
    stream = hub.subscribe(ANNA, 0)
    log.away = True
    assert [read(stream)[0], read(stream)] == ["heartbeat", ("heartbeat", {"position": 0}, 0)]
    log.away = False
    assert positions(stream) == [3]


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

    hub = started_with({"tickets": feed})
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
        Hub({"tickets": Log().feed}).subscribe(ANNA, None)
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
    hub = Hub({"tickets": log.feed}, heartbeat=60)
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


def current(stream: Stream, head: int) -> Iterable[tuple[str, int]]:
    """(service, position) of the items until a heartbeat says that the client has everything up to `head`."""
    while True:
        event, data, place = read_place(stream)
        if event == "heartbeat" and place is not None and data["position"] >= head:
            return
        if event != "heartbeat":
            assert event != "resync"
            yield data["ticket_id"], data["at"]


@pytest.mark.parametrize("seed", range(60))
def test_any_sequence_of_reconnects_sees_each_item_once_while_services_come_and_go(seed: int) -> None:
    chance = random.Random(seed)
    log = Log(step=chance.choice([1, 7]))
    ring = chance.choice([2, 10, 1000])
    replicas = [started_with(log.feeds(), ring_items=ring, clock=ticking()) for _ in range(2)]
    services = ["tickets", "chat"]
    place, got, mine = "0", [], []
    for _ in range(40):
        if chance.random() < 0.2:
            # A replica that begins while a service may be away.
            begun = Hub(log.feeds(), ring_items=ring, heartbeat=0.01, clock=ticking())
            with suppress(ConnectionError):
                begun.pull()
            if begun.position is not None:
                replicas[chance.randrange(2)] = begun
        log.gone = {service for service in services if chance.random() < 0.3}
        hub = chance.choice(replicas)
        stream = hub.subscribe(ANNA, places.read(place, hub.services))
        for _ in range(chance.randrange(5)):
            customer, service = chance.choice(["anna", "berta"]), chance.choice(services)
            position = log.add(customer, service=service, ticket=service)
            if customer == "anna":
                mine.append((service, position))
            if chance.random() < 0.3:
                log.gone = {service for service in services if chance.random() < 0.3}
            if chance.random() < 0.7:
                with suppress(ConnectionError):
                    chance.choice(replicas).pull()
        for _ in range(chance.randrange(5)):
            event, data, given = read_place(stream)
            place = place if given is None else given
            if event != "heartbeat":
                assert event != "resync"
                got.append((data["ticket_id"], data["at"]))
        stream.close()
    log.gone = set()
    for hub in replicas:
        hub.pull()
    hub = chance.choice(replicas)
    got += current(hub.subscribe(ANNA, places.read(place, hub.services)), log.head)
    for service in services:
        assert [at for name, at in got if name == service] == [at for name, at in mine if name == service]


def test_a_service_that_is_away_holds_up_nobody_elses_events_and_is_made_up_for() -> None:
    log = Log()
    hub = started_with(log.feeds())
    stream = hub.subscribe(ANNA, None)
    assert read_place(stream) == ("heartbeat", {"position": 0}, None)
    log.gone = {"tickets"}
    log.add(service="tickets")
    log.add(service="chat", ticket="c1")
    with pytest.raises(ConnectionError):
        hub.pull()
    event, _, place = read_place(stream)
    assert (event, place) == ("MessagePosted", "6.tickets-0")
    assert read_place(stream) == ("heartbeat", {"position": 0}, "0.chat-6")
    # On a replica that has seen neither.
    log.gone = set()
    assert place is not None
    other = started_with(log.feeds()).subscribe(ANNA, places.read(place, ["tickets", "chat"]))
    assert [read_place(other)[::2], read_place(other)[::2]] == [("heartbeat", None), ("MessagePosted", "3.chat-6")]
    hub.pull()
    assert read_place(stream)[::2] == ("MessagePosted", "3.chat-6")


def test_a_plain_number_is_the_same_place_for_every_service() -> None:
    log = Log()
    for service in ("tickets", "chat", "tickets"):
        log.add(service=service, ticket=service)
    stream = started_with(log.feeds(), clock=ticking()).subscribe(ANNA, places.read("3", ["tickets", "chat"]))
    assert sorted(current(stream, 9)) == [("chat", 6), ("tickets", 9)]


def test_a_gateway_begins_while_a_service_is_away_and_goes_on_from_there() -> None:
    log = Log()
    log.add()
    log.gone = {"tickets"}
    hub = Hub(log.feeds(), heartbeat=0.01)
    with pytest.raises(ConnectionError):
        hub.pull()
    stream = hub.subscribe(ANNA, None)
    assert read_place(stream) == ("heartbeat", {"position": 3}, None)
    log.add()
    log.gone = set()
    hub.pull()
    assert read_place(stream)[::2] == ("MessagePosted", "6.chat-3")


@pytest.mark.parametrize("text", ["", "soon", "1.chat", "1.chat-", "1.chat-2.chat-3", "-2", "1\n", "9" * 19, "1" * 99])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no place"):
        places.read(text, ["chat"])


@pytest.mark.parametrize("at", [None, 5, 7])
def test_places_come_back_as_they_were_written(at: int | None) -> None:
    there = {"chat": 7, "tickets": 5, "people": 7}
    assert places.read(places.written(there, at), there) == there


def test_only_the_service_whose_bell_rings_is_asked_and_once_for_a_burst() -> None:
    log = Log()
    hub = Hub(log.feeds(), heartbeat=60)
    follower = threading.Thread(target=hub.run)
    follower.start()
    until(lambda: {"tickets", "chat"} <= set(log.asked))
    stream = hub.subscribe(ANNA, None)
    read_place(stream)
    time.sleep(0.1)
    log.asked.clear()
    rung = [log.add(service="chat") for _ in range(50)]
    for position in rung:
        hub.ring("chat", position)
    got: list[Any] = []
    while len(got) < 50:
        got.append(read_place(stream)[1]["at"])
    # Bells for what has been pulled already, as those of a burst that come after its pull.
    for position in rung:
        hub.ring("chat", position)
    time.sleep(0.1)
    assert (got, log.asked) == (rung, ["chat"])
    hub.close()
    follower.join(timeout=5)


def test_a_service_without_events_follows_the_others_before_its_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.01)
    log = Log()
    hub = Hub(log.feeds(), heartbeat=60)
    follower = threading.Thread(target=hub.run)
    follower.start()
    until(lambda: hub.position is not None)
    hub.ring("chat", log.add(service="chat"))
    until(lambda: hub.position == log.head)
    time.sleep(0.1)
    log.asked.clear()
    time.sleep(0.1)
    assert log.asked == []
    hub.close()
    follower.join(timeout=5)


def until(condition: Any) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_the_hub_says_who_is_away_and_why() -> None:
    with capture_logs() as said:
        _goes_away_and_comes_back(said)


def _goes_away_and_comes_back(said: list[Any]) -> None:
    log = Log()
    now = [100.0]
    hub = Hub(log.feeds(), clock=lambda: now[0])
    assert hub.report() == {"ok": False, "error": "not followed yet", "age_seconds": None}
    hub.pull()
    assert hub.report() == {"ok": True, "error": None, "age_seconds": 0.0}
    log.gone = {"chat"}
    now[0] += 7
    with pytest.raises(ConnectionError):
        hub.pull()
    assert hub.report() == {"ok": False, "error": "chat: ConnectionError", "age_seconds": 7.0}
    with pytest.raises(ConnectionError):
        hub.pull()
    log.gone = set()
    hub.pull()
    assert hub.report()["ok"]
    # Once for an absence, however often it was asked meanwhile.
    assert [(one["event"], one["target"]) for one in said] == [("live_feed_away", "chat"), ("live_feed_back", "chat")]


def test_the_ring_is_bounded_by_bytes() -> None:
    log = Log()
    hub = started(log, ring_bytes=10_000)
    for _ in range(20):
        log.add(text="x" * 1_000)
    hub.pull()
    asked = log.pages
    assert positions(hub.subscribe(ANNA, 39)) == list(range(42, 61, 3))
    assert log.pages == asked
    assert positions(hub.subscribe(ANNA, 0)) == list(range(3, 61, 3))
    assert log.pages > asked


def test_a_client_is_bounded_by_bytes_and_one_large_item_passes() -> None:
    log = Log()
    hub = started(log, client_bytes=3_000)
    slow, quick = hub.subscribe(ANNA, None), hub.subscribe(ANNA, None)
    read(slow), read(quick)
    log.add(text="x" * 10_000)
    hub.pull()
    assert read(quick)[2] == 3
    log.add()
    hub.pull()
    assert read(quick)[2] == 6
    assert [read(slow)[2], read(slow)] == [3, ("resync", {"after": 6}, 6)]


def test_an_event_for_a_customer_is_offered_to_those_who_may_see_it_only() -> None:
    offered: list[str] = []

    class Watched(Stream):
        def offer(self, item: Item) -> None:
            offered.append(self.viewer.id)
            super().offer(item)

    log = Log()
    hub = started(log)
    for viewer in (ANNA, BERTA, AGENT):
        hub.subscribe(viewer, None).__class__ = Watched
    log.add("anna")
    log.add("anna", internal=True)
    hub.pull()
    assert sorted(offered) == ["agent", "agent", "anna"]


def test_few_read_the_log_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    log.add()
    monkeypatch.setattr(live, "REPLAY_SECONDS", 0.01)
    hub = started(log, clock=ticking())
    for _ in range(live.REPLAYS):
        assert hub._replays.acquire(blocking=False)
    stream = hub.subscribe(ANNA, 0)
    assert [read(stream), read(stream)[2]] == [("heartbeat", {"position": 3}, None), 0]
    hub._replays.release()
    assert positions(stream) == [3]
