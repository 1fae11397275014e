"""Live streams: one follower of the log for each process, fanned out in memory to everyone who listens.

Order and completeness come from the log, pulled by position; a message from the broker is only a doorbell that
says when to pull. A client that falls behind is told to fetch everything again instead of being waited for.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from prometheus_client import Counter as Metric
from prometheus_client import Gauge

from services.gateway.feeds import Feed
from services.gateway.problems import Problem

RING_ITEMS = 5_000
CLIENT_ITEMS = 256
PAGE = 500
PULL = 100
"""Items pulled at a time: fewer than a client's queue holds, so that a burst alone drops nobody who reads."""
REPLAY_PAGES = 20
HEARTBEAT_SECONDS = 10
POLL_SECONDS = 5
RETRY_SECONDS = 1

log = structlog.get_logger(__name__)
open_streams = Gauge("support_live_streams", "Open live streams")
dropped_streams = Metric("support_live_dropped_total", "Live streams ended because the client was too slow")
live_position = Gauge("support_live_position", "Position up to which the gateway has followed the log")


@dataclass(frozen=True, slots=True)
class Item:
    """One event on its way to the clients; `frame` is made once for all of them.

    position:  None for a signal, which is shown for a moment, kept nowhere and never replayed
    about:     id of the ticket or chat
    """

    position: int | None
    customer: str | None
    internal: bool
    about: str | None
    frame: bytes


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


def item_of(fed: Mapping[str, Any]) -> Item:
    """An item of the feed, or a signal, which has no position; one without an audience is for agents only."""
    audience, position = fed.get("audience") or {}, fed.get("position")
    return Item(
        position=position,
        customer=audience.get("customer"),
        internal=bool(audience.get("internal", True)),
        about=fed["data"].get("ticket_id") or fed["data"].get("chat_id"),
        frame=frame(fed["name"], fed["data"], position),
    )


def frame(name: str, data: Any, position: int | None = None) -> bytes:
    """A server-sent event; with a position, which a client gives back as Last-Event-ID."""
    mark = "" if position is None else f"id: {position}\n"
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"{mark}event: {name}\ndata: {text}\n\n".encode()


class Hub:
    """The follower and its clients."""

    def __init__(
        self,
        feed: Feed,
        *,
        ring_items: int = RING_ITEMS,
        client_items: int = CLIENT_ITEMS,
        streams_per_person: int = 20,
        heartbeat: float = HEARTBEAT_SECONDS,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.feed, self.heartbeat, self.wall, self.clock = feed, heartbeat, wall, clock
        self._client_items, self._streams_per_person = client_items, streams_per_person
        self._ring: deque[Item] = deque(maxlen=ring_items)
        self._ring_start: int | None = None
        self._clients: set[Stream] = set()
        self._per_person: Counter[str] = Counter()
        self._bell = threading.Event()
        self._closed = False
        self._lock = threading.Lock()
        self.position: int | None = None
        """Everything up to here was handed to the clients; None before the follower has found the head."""

    # The follower

    def ring(self) -> None:
        """Something may be new: pull soon. Any number of rings before the next pull count once."""
        self._bell.set()

    def run(self) -> None:
        """Follow until close(); survives every failure of the feed."""
        while not self._closed:
            pause: float = POLL_SECONDS
            self._bell.clear()
            try:
                self.pull()
            except Exception as error:
                log.warning("live feed away", error=type(error).__name__)
                pause = RETRY_SECONDS
            self._bell.wait(pause)

    def pull(self) -> None:
        """Fetch what is new and hand it out. Raises what the feed raises; nothing is lost or doubled then."""
        if self.position is None:
            head = int(self.feed(-1, 1)["head"])
            with self._lock:
                self._ring_start = self.position = head
            live_position.set(head)
            return
        while not self._closed:
            page = self.feed(self.position, PULL)
            self._hand_out([item_of(fed) for fed in page["items"]], int(page["position"]))
            if page["caught_up"]:
                return

    def _hand_out(self, items: list[Item], position: int) -> None:
        with self._lock:
            for item in items:
                if len(self._ring) == self._ring.maxlen:
                    self._ring_start = self._ring[0].position
                self._ring.append(item)
                for client in self._clients:
                    client.offer(item)
            # Last: a client that finds its queue empty may take this as the place up to which it is current.
            self.position = max(position, self.position if self.position is not None else position)
            live_position.set(self.position)

    def signal(self, item: Item) -> None:
        """Show the clients something for a moment; not kept, so who is not there now never sees it."""
        with self._lock:
            for client in self._clients:
                client.offer(item)

    # The clients

    def subscribe(self, viewer: Viewer, after: int | None) -> Stream:
        """A stream of what `viewer` may see, beginning behind `after` (None: now); iterate it, then close it.

        Raises Problem: live_unavailable, too_many_streams.
        """
        with self._lock:
            if self.position is None or self._ring_start is None or self._closed:
                raise Problem("live_unavailable", "Live updates cannot start at the moment.", retry_after=2)
            if self._per_person[viewer.id] >= self._streams_per_person:
                raise Problem(
                    "too_many_streams",
                    f"{self._streams_per_person} live streams are the limit for one person.",
                    retry_after=30,
                )
            begin = self.position if after is None else after
            stream = Stream(self, viewer, begin, joined=self.position, bound=self._client_items)
            if begin >= self._ring_start:
                stream.replay_from(item for item in self._ring if item.position > begin)
            self._clients.add(stream)
            self._per_person[viewer.id] += 1
            open_streams.inc()
            return stream

    def forget(self, stream: Stream) -> None:
        with self._lock:
            if stream not in self._clients:
                return
            self._clients.discard(stream)
            self._per_person[stream.viewer.id] -= 1
            if not self._per_person[stream.viewer.id]:
                del self._per_person[stream.viewer.id]
            open_streams.dec()

    def close(self) -> None:
        """End the follower and every stream; the clients come back to another replica by themselves."""
        self._closed = True
        self._bell.set()
        with self._lock:
            for client in self._clients:
                client.end()


class Stream:
    """What one client gets, as bytes; made by Hub.subscribe.

    An object and not a generator: its close() has to give the place back also when iteration never began.
    """

    def __init__(self, hub: Hub, viewer: Viewer, begin: int, *, joined: int, bound: int) -> None:
        self.viewer = viewer
        self._hub = hub
        self._begin = self._seen = begin
        self._joined = joined
        self._kept: list[Item] | None = None
        self._queue: queue.Queue[Item | None] = queue.Queue(bound)
        self._overflow = False
        self._ended = False
        self._frames = self._generate()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._frames)

    def close(self) -> None:
        self._frames.close()
        self._hub.forget(self)

    def replay_from(self, items: Iterator[Item]) -> None:
        """What the gateway still has from between the client's position and now."""
        self._kept = [item for item in items if self.viewer.sees(item)]

    def offer(self, item: Item) -> None:
        """Queue an item without ever waiting: where there is no room a signal is lost, else this stream ends."""
        if self._overflow or not self.viewer.sees(item):
            return
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            self._overflow = item.position is not None

    def end(self) -> None:
        self._ended = True
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            return

    def _generate(self) -> Generator[bytes, None, None]:
        yield frame("heartbeat", {"position": self._joined})
        kept = self._kept
        if kept is None:
            yield from self._replay_from_log()
        else:
            self._kept = None
            yield from self._new(kept)
        yield from self._live()

    def _new(self, items: list[Item]) -> Iterator[bytes]:
        for item in items:
            if item.position is None:
                yield item.frame
            elif item.position > self._seen:
                self._seen = item.position
                yield item.frame

    def _replay_from_log(self) -> Iterator[bytes]:
        after = self._begin
        for _ in range(REPLAY_PAGES):
            try:
                page = self._hub.feed(after, PAGE)
            except Exception as error:
                log.warning("live replay stopped", error=type(error).__name__)
                break
            items = [item_of(fed) for fed in page["items"] if fed["position"] <= self._joined]
            yield from self._new([item for item in items if self.viewer.sees(item)])
            after = int(page["position"])
            if after >= self._joined or page["caught_up"]:
                return
        yield self._resync(self._joined)

    def _live(self) -> Iterator[bytes]:
        due = self._hub.clock() + self._hub.heartbeat
        while not self._ended:
            left = self.viewer.until - self._hub.wall()
            if left <= 0:
                return
            seen = self._seen
            frames = list(self._new(self._waiting(min(max(due - self._hub.clock(), 0), left))))
            if self._seen == seen and self._hub.clock() >= due and not self._ended:
                # Whatever signals came: they have no position for the client to resume from.
                frames += self._heartbeat()
                due = self._hub.clock() + self._hub.heartbeat
            elif self._seen > seen:
                due = self._hub.clock() + self._hub.heartbeat
            if frames:
                # In one piece: a burst costs one write and not one for each item.
                yield b"".join(frames)
            if self._overflow:
                dropped_streams.inc()
                yield self._resync(self._hub.position or self._seen)
                return

    def _waiting(self, seconds: float) -> list[Item]:
        """Everything that is queued, once there is something; empty after so many seconds or at the end."""
        items = []
        try:
            item = self._queue.get(timeout=seconds)
            while item is not None:
                items.append(item)
                item = self._queue.get_nowait()
        except queue.Empty:
            return items
        return items

    def _heartbeat(self) -> Iterator[bytes]:
        # The position is read before the queue is emptied: what was handed out up to it is queued by then.
        position = self._hub.position or 0
        yield from self._new(self._waiting(0))
        if not self._overflow:
            # With an id, so that a client to whom nothing happened resumes from here and not from long ago.
            yield frame("heartbeat", {"position": position}, max(position, self._seen))

    def _resync(self, position: int) -> bytes:
        self._seen = max(self._seen, position)
        return frame("resync", {"after": self._seen}, self._seen)
