"""Live streams: followers of the log for each process, fanned out in memory to everyone who listens.

Order and completeness come from the log, pulled by position; a message from the broker is only a doorbell that
says whom to ask. Each service words its own events and is followed on its own, so one that is away holds up nobody
else's. A client that falls behind is told to fetch everything again instead of being waited for.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from prometheus_client import Counter as Metric
from prometheus_client import Gauge

from services.gateway.feeds import Feed
from services.gateway.places import BEGINNING, Places, written
from services.gateway.problems import Problem

RING_ITEMS = 5_000
RING_BYTES = 16 << 20
CLIENT_ITEMS = 256
CLIENT_BYTES = 1 << 20
"""What may wait for one client; a single larger item is let in where nothing else waits."""
PAGE = 500
PULL = 100
"""Items pulled at a time: fewer than a client's queue holds, so that a burst alone drops nobody who reads."""
REPLAY_PAGES = 20
REPLAYS = 8
"""Pages of the log that are read at once for clients who come back: after a restart they all do."""
REPLAY_SECONDS = 10
HEARTBEAT_SECONDS = 10
POLL_SECONDS = 15
LOOK_SECONDS = 2
"""How far a service without events may lie behind the others: heartbeats say where the last of them is."""
RETRY_SECONDS = 1
LONGEST_RETRY = 5
GAP_SECONDS = 0.02
"""Between two pulls of a service: under load a pull brings more events instead of more pulls bringing one each."""

log = structlog.get_logger(__name__)
open_streams = Gauge("support_live_streams", "Open live streams")
dropped_streams = Metric("support_live_dropped_total", "Live streams ended because the client was too slow")
live_position = Gauge("support_live_position", "Position up to which the gateway has followed the log", ["target"])
live_pulls = Metric("support_live_pulls_total", "How often the gateway asked a service for new events", ["target"])


@dataclass(frozen=True, slots=True)
class Item:
    """One event on its way to the clients; `frame` is made once for all of them.

    position:  None for a signal, which is shown for a moment, kept nowhere and never replayed
    about:     id of the ticket or chat
    places:    how far each service had been followed with this item; its id in `frame` says the same
    """

    position: int | None
    customer: str | None
    internal: bool
    about: str | None
    frame: bytes
    service: str = ""
    places: Places = field(default_factory=dict)

    def framed(self, places: Places) -> bytes:
        """The frame for a client who is at `places` with this item."""
        if places is self.places or places == self.places:
            return self.frame
        return f"id: {written(places, self.position)}\n".encode() + self.frame.partition(b"\n")[2]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who listens: `about` narrows to one ticket or chat; `until` is when the session ends, in seconds since 1970."""

    id: str
    sees_all: bool
    about: str | None = None
    until: float = float("inf")

    def sees(self, item: Item) -> bool:
        if self.about is not None and item.about != self.about:
            return False
        return self.sees_all or (not item.internal and item.customer is not None and item.customer == self.id)


def item_of(fed: Mapping[str, Any], service: str = "", places: Places | None = None) -> Item:
    """An item of a service's feed, or a signal, which has no position; one without an audience is for agents only."""
    audience, position = fed.get("audience") or {}, fed.get("position")
    reached = {} if position is None else {**(places or {}), service: position}
    return Item(
        position=position,
        customer=audience.get("customer"),
        internal=bool(audience.get("internal", True)),
        about=fed["data"].get("ticket_id") or fed["data"].get("chat_id"),
        frame=frame(fed["name"], fed["data"], None if position is None else written(reached, position)),
        service=service,
        places=reached,
    )


def frame(name: str, data: Any, place: str | int | None = None) -> bytes:
    """A server-sent event; with a place, which a client gives back as Last-Event-ID."""
    mark = "" if place is None else f"id: {place}\n"
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"{mark}event: {name}\ndata: {text}\n\n".encode()


class Bell(Protocol):
    """Wakes the one who waits for it; rung before, it wakes at once."""

    def ring(self) -> None: ...

    def wait(self, seconds: float) -> None:
        """Return when it was rung, at the latest after so many seconds; it is silent again then."""
        ...


class ThreadBell:
    """A bell between any two threads."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        self._rung.set()

    def wait(self, seconds: float) -> None:
        self._rung.wait(seconds)
        self._rung.clear()


class Line:
    """One service that the hub follows. `position` and `start` are None until the log's head is known."""

    def __init__(self, service: str, feed: Feed) -> None:
        self.service, self.feed = service, feed
        self.position: int | None = None
        """Everything up to here was handed out to the clients."""
        self.start: int | None = None
        """The ring has everything behind this."""
        self.fault: str | None = None
        self.well_at: float | None = None
        self.bell = threading.Event()


class Hub:
    """The followers and their clients."""

    def __init__(
        self,
        feeds: Mapping[str, Feed],
        *,
        ring_items: int = RING_ITEMS,
        ring_bytes: int = RING_BYTES,
        client_items: int = CLIENT_ITEMS,
        client_bytes: int = CLIENT_BYTES,
        streams_per_person: int = 20,
        heartbeat: float = HEARTBEAT_SECONDS,
        bell: Callable[[], Bell] = ThreadBell,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.heartbeat, self.bell, self.wall, self.clock = heartbeat, bell, wall, clock
        self.client_items, self.client_bytes = client_items, client_bytes
        self._ring_items, self._ring_bytes, self._streams_per_person = ring_items, ring_bytes, streams_per_person
        self._lines = {service: Line(service, feed) for service, feed in feeds.items()}
        self._ring: deque[Item] = deque()
        self._in_ring = 0
        self._streams: dict[str, set[Stream]] = {}
        """By the person who listens, so that an event for one customer looks at nobody else's streams."""
        self._seeing_all: set[Stream] = set()
        self._replays = threading.BoundedSemaphore(REPLAYS)
        self._closed = False
        self._lock = threading.Lock()

    @property
    def services(self) -> Iterable[str]:
        """The services that are followed."""
        return self._lines.keys()

    @property
    def position(self) -> int | None:
        """Everything up to here was handed out to the clients; None before the log's head is known."""
        positions = [line.position for line in self._lines.values() if line.position is not None]
        return min(positions, default=None)

    def places(self) -> dict[str, int]:
        """How far each service has been followed."""
        return {service: line.position or 0 for service, line in self._lines.items()}

    # The followers

    def ring(self, service: str | None = None, position: int | None = None) -> None:
        """Say that `service` (None: any) has something new, at `position` where that is known: pull soon.

        Any number of rings before the next pull count once, and those for what has been pulled count nothing.
        """
        for line in self._lines.values() if service is None else (self._lines[service],):
            if position is None or line.position is None or position > line.position:
                line.bell.set()

    def run(self) -> None:
        """Follow every service until close(); survives every failure of a feed."""
        followers = [
            threading.Thread(target=self._follow, args=(line,), name=f"live-{line.service}", daemon=True)
            for line in self._lines.values()
        ]
        for follower in followers:
            follower.start()
        for follower in followers:
            follower.join()

    def pull(self) -> None:
        """Fetch from every service what is new and hand it out.

        Raises what one of the feeds raised, after asking the others; nothing is lost or doubled then.
        """
        faults = []
        for line in self._lines.values():
            try:
                self._pull(line)
            except Exception as fault:
                faults.append(fault)
        if faults:
            raise faults[0]

    def _follow(self, line: Line) -> None:
        retry: float = RETRY_SECONDS
        while not self._closed:
            line.bell.clear()
            try:
                self._pull(line)
            except Exception:
                # whoever cannot answer is not asked again for every event
                self._pause(retry * random.uniform(0.8, 1.2))
                retry = min(2 * retry, LONGEST_RETRY)
            else:
                retry = RETRY_SECONDS
                time.sleep(GAP_SECONDS)
                self._rest(line, POLL_SECONDS * random.uniform(0.8, 1.2))

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._closed and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_SECONDS))

    def _rest(self, line: Line, seconds: float) -> None:
        """Wait for the bell, at most so long; less where another service has come further, which says the log grew."""
        end = time.monotonic() + seconds
        while not self._closed and (left := end - time.monotonic()) > 0:
            if line.bell.wait(min(left, LOOK_SECONDS)) or (line.fault is None and self._is_behind(line)):
                return

    def _is_behind(self, line: Line) -> bool:
        return any((other.position or 0) > (line.position or 0) for other in self._lines.values())

    def _pull(self, line: Line) -> None:
        try:
            if line.position is None:
                self._begin(self._page(line, BEGINNING, 1)["head"])
            else:
                self._advance(line)
        except Exception as error:
            self._failed(line, error)
            raise
        self._went_well(line)

    def _begin(self, head: int) -> None:
        # The log is one: who answers first says where it ends, and so where to begin with those that are away.
        with self._lock:
            for line in self._lines.values():
                if line.position is None:
                    line.start = line.position = head
                    live_position.labels(line.service).set(head)

    def _advance(self, line: Line) -> None:
        while not self._closed and line.position is not None:
            page = self._page(line, line.position, PULL)
            self._hand_out(line, page["items"], int(page["position"]))
            if page["caught_up"]:
                return

    def _page(self, line: Line, after: int, limit: int) -> dict[str, Any]:
        live_pulls.labels(line.service).inc()
        return line.feed(after, limit)

    def _hand_out(self, line: Line, fed: Iterable[Mapping[str, Any]], position: int) -> None:
        with self._lock:
            places = self.places()
            for one in fed:
                item = item_of(one, line.service, places)
                self._keep(item)
                for client in self._audience(item):
                    client.offer(item)
            # Last: a client that finds its queue empty may take this as the place up to which it is current.
            line.position = max(position, places[line.service])
            live_position.labels(line.service).set(line.position)

    def _keep(self, item: Item) -> None:
        self._ring.append(item)
        self._in_ring += len(item.frame)
        while len(self._ring) > self._ring_items or self._in_ring > self._ring_bytes:
            gone = self._ring.popleft()
            self._in_ring -= len(gone.frame)
            self._lines[gone.service].start = gone.position

    def _audience(self, item: Item) -> Iterable[Stream]:
        own = None if item.internal or item.customer is None else self._streams.get(item.customer)
        return self._seeing_all | own if own else self._seeing_all

    def signal(self, item: Item) -> None:
        """Show the clients something for a moment; not kept, so who is not there now never sees it."""
        with self._lock:
            for client in self._audience(item):
                client.offer(item)

    # What is the matter

    def _failed(self, line: Line, error: Exception) -> None:
        # The code of a service that is away, else the class only: this goes out on an open port.
        fault = str(getattr(error, "code", "") or type(error).__name__)
        if line.fault is None:
            log.warning("live_feed_away", target=line.service, code=fault, error=repr(error))
        line.fault = fault

    def _went_well(self, line: Line) -> None:
        fault, line.fault, line.well_at = line.fault, None, self.clock()
        if fault is None:
            return
        log.info("live_feed_back", target=line.service)
        with self._lock:
            for streams in self._streams.values():
                for stream in streams:
                    stream.wake_if_owed(line.service)

    def answers(self, service: str) -> bool:
        """Whether the service answered when it was last asked for new events."""
        return self._lines[service].fault is None

    def report(self) -> dict[str, Any]:
        """For readiness: {ok, error, age_seconds}; error names each service that does not answer, and why."""
        faults = [f"{line.service}: {line.fault}" for line in self._lines.values() if line.fault is not None]
        if self.position is None:
            faults = faults or ["not followed yet"]
        oldest = min((line.well_at for line in self._lines.values() if line.well_at is not None), default=None)
        age = None if oldest is None else round(self.clock() - oldest, 1)
        return {"ok": not faults, "error": "; ".join(faults) or None, "age_seconds": age}

    # The clients

    def subscribe(self, viewer: Viewer, after: Places | int | None) -> Stream:
        """A stream of what `viewer` may see, beginning behind `after` (None: now; a number: the same place in each
        service's events); iterate it, then close it.

        Raises Problem: live_unavailable, too_many_streams.
        """
        with self._lock:
            if self.position is None or self._closed:
                raise Problem("live_unavailable", "Live updates cannot start at the moment.", retry_after=2)
            mine = self._streams.get(viewer.id, set())
            if len(mine) >= self._streams_per_person:
                raise Problem(
                    "too_many_streams",
                    f"{self._streams_per_person} live streams are the limit for one person.",
                    retry_after=30,
                )
            begin = self._beginning(after)
            owed = {name for name, line in self._lines.items() if line.start is None or begin[name] < line.start}
            stream = Stream(self, viewer, begin, joined=self.position, owed=owed)
            stream.replay_from(item for item in self._ring if item.service not in owed)
            self._streams.setdefault(viewer.id, mine).add(stream)
            if viewer.sees_all:
                self._seeing_all.add(stream)
            open_streams.inc()
            return stream

    def _beginning(self, after: Places | int | None) -> dict[str, int]:
        if after is None:
            return self.places()
        return {name: after if isinstance(after, int) else after[name] for name in self._lines}

    def forget(self, stream: Stream) -> None:
        with self._lock:
            mine = self._streams.get(stream.viewer.id, set())
            if stream not in mine:
                return
            mine.discard(stream)
            self._seeing_all.discard(stream)
            if not mine:
                del self._streams[stream.viewer.id]
            open_streams.dec()

    def replay(self, service: str, after: int) -> dict[str, Any]:
        """A page of the log for a client who comes back. Raises what the feed raises, and TimeoutError."""
        if not self._replays.acquire(timeout=REPLAY_SECONDS):
            raise TimeoutError("too many clients come back at once")
        try:
            return self._lines[service].feed(after, PAGE)
        finally:
            self._replays.release()

    def close(self) -> None:
        """End the followers and every stream; the clients come back to another replica by themselves."""
        self._closed = True
        for line in self._lines.values():
            line.bell.set()
        with self._lock:
            for streams in self._streams.values():
                for stream in streams:
                    stream.end()


class Stream:
    """What one client gets, as bytes; made by Hub.subscribe.

    `begin` is the client's place. Of a service that is `owed` the hub does not have in memory what is behind it: the
    log is read first, once the service answers, and its new items wait for that.

    An object and not a generator: its close() has to give the place back also when iteration never began.
    """

    def __init__(self, hub: Hub, viewer: Viewer, begin: dict[str, int], *, joined: int, owed: set[str]) -> None:
        self.viewer = viewer
        self._hub = hub
        self._seen: Places = begin
        self._owed = owed
        self._joined = joined
        self._kept: list[Item] = []
        self._queue: deque[Item] = deque()
        self._queued = 0
        self._bell = hub.bell()
        self._overflow = False
        self._ended = False
        self._settle_at = 0.0
        self._frames = self._generate()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._frames)

    def close(self) -> None:
        self._frames.close()
        self._hub.forget(self)

    def replay_from(self, items: Iterable[Item]) -> None:
        """What the gateway still has from between the client's place and now."""
        self._kept = [item for item in items if self._is_new(item) and self.viewer.sees(item)]

    def offer(self, item: Item) -> None:
        """Queue an item without ever waiting: where there is no room a signal is lost, else this stream ends."""
        if self._overflow or not self.viewer.sees(item):
            return
        size, waiting = len(item.frame), len(self._queue)
        if waiting >= self._hub.client_items or (waiting and self._queued + size > self._hub.client_bytes):
            self._overflow = item.position is not None
            return
        self._queued += size
        self._queue.append(item)
        self._bell.ring()

    def wake_if_owed(self, service: str) -> None:
        if service in self._owed:
            self._settle_at = 0.0
            self._bell.ring()

    def end(self) -> None:
        self._ended = True
        self._bell.ring()

    def _generate(self) -> Generator[bytes, None, None]:
        yield frame("heartbeat", {"position": self._joined})
        kept, self._kept = self._kept, []
        yield from self._new(kept)
        yield from self._live()

    def _is_new(self, item: Item) -> bool:
        return item.position is None or item.position > self._seen[item.service]

    def _new(self, items: Iterable[Item]) -> Iterator[bytes]:
        for item in items:
            if item.position is None:
                yield item.frame
            elif item.service not in self._owed and self._is_new(item):
                self._seen = self._up_to(item.places)
                yield item.framed(self._seen)

    def _up_to(self, places: Places) -> Places:
        """Where the client is when it has what the hub had handed out at `places`."""
        seen, owed = self._seen, self._owed
        if not owed:
            for name, at in seen.items():
                if places[name] < at:
                    break
            else:
                # As nearly always: the same for every client, so nobody needs a copy.
                return places
        return {name: seen[name] if name in owed else max(seen[name], places[name]) for name in seen}

    def _settle(self) -> Iterator[bytes]:
        """Give the client what it is owed, of the services that answer."""
        if self._hub.clock() < self._settle_at:
            return
        for service in sorted(self._owed):
            if self._hub.answers(service):
                yield from self._replay_from_log(service)

    def _replay_from_log(self, service: str) -> Iterator[bytes]:
        # What the hub hands out from now on is behind this, and new when it comes out of the queue.
        goal = self._hub.places()[service]
        for _ in range(REPLAY_PAGES):
            try:
                page = self._hub.replay(service, self._seen[service])
            except Exception as error:
                log.warning("live_replay_stopped", target=service, error=type(error).__name__)
                self._settle_at = self._hub.clock() + RETRY_SECONDS
                return
            for fed in page["items"]:
                self._seen = {**self._seen, service: int(fed["position"])}
                item = item_of(fed, service, self._seen)
                if self.viewer.sees(item):
                    yield item.frame
            self._seen = {**self._seen, service: max(int(page["position"]), self._seen[service])}
            if self._seen[service] >= goal or page["caught_up"]:
                self._owed.discard(service)
                return
        self._owed.discard(service)
        self._seen = {**self._seen, service: goal}
        yield self._resync()

    def _live(self) -> Iterator[bytes]:
        due = self._hub.clock() + self._hub.heartbeat
        while not self._ended:
            left = self.viewer.until - self._hub.wall()
            if left <= 0:
                return
            if self._owed:
                yield from self._settle()
            seen = self._seen
            frames = list(self._new(self._waiting(min(self._pause(due), left))))
            if self._seen == seen and self._hub.clock() >= due and not self._ended:
                # Whatever signals came: they have no position for the client to resume from.
                frames += self._heartbeat()
                due = self._hub.clock() + self._hub.heartbeat
            elif self._seen != seen:
                due = self._hub.clock() + self._hub.heartbeat
            if frames:
                # In one piece: a burst costs one write and not one for each item.
                yield b"".join(frames)
            if self._overflow:
                dropped_streams.inc()
                self._seen = self._up_to(self._hub.places())
                yield self._resync()
                return

    def _pause(self, due: float) -> float:
        pause = max(due - self._hub.clock(), 0)
        # While a service is away nobody looks after it but the hub, which wakes those that it owes something.
        return min(pause, RETRY_SECONDS) if any(map(self._hub.answers, self._owed)) else pause

    def _waiting(self, seconds: float) -> list[Item]:
        """Everything that is queued, once there is something; empty after so many seconds or at the end."""
        if seconds > 0:
            self._bell.wait(seconds)
        items = []
        while self._queue:
            items.append(self._queue.popleft())
        self._queued = 0
        return items

    def _heartbeat(self) -> Iterator[bytes]:
        # The places are read before the queue is emptied: what was handed out up to them is queued by then.
        places = self._hub.places()
        yield from self._new(self._waiting(0))
        if not self._overflow:
            self._seen = self._up_to(places)
            # With an id, so that a client to whom nothing happened resumes from here and not from long ago.
            yield frame("heartbeat", {"position": min(self._seen.values())}, written(self._seen))

    def _resync(self) -> bytes:
        return frame("resync", {"after": min(self._seen.values())}, written(self._seen))
