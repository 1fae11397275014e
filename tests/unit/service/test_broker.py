"""Frames in and out of a connection, and what becomes of published messages, without a broker."""

from __future__ import annotations

import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from amqp.exceptions import UnexpectedFrame

from shared.service.broker import BrokerUnavailable, _frames, _Writer
from shared.service.publishing import Publisher, Rejected, Unroutable

FRAMES = [(1, 0, b""), (2, 7, b"head"), (3, 7, b"x" * 70_000), (8, 0, b"")]


def encoded(frames: Sequence[tuple[int, int, bytes]]) -> bytes:
    return b"".join(struct.pack(">BHI", kind, channel, len(body)) + body + b"\xce" for kind, channel, body in frames)


def socket_of(*parts: bytes | Exception) -> Callable[[int], bytes]:
    """A receive() that gives these parts, each at most as long as asked for, then the end of the stream."""
    left = list(parts)

    def receive(most: int) -> bytes:
        if not left:
            return b""
        part = left.pop(0)
        if isinstance(part, Exception):
            raise part
        if len(part) > most:
            left.insert(0, part[most:])
        return part[:most]

    return receive


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 4096, 1_000_000])
def test_frames_arrive_whole_wherever_they_are_cut(size: int) -> None:
    data = encoded(FRAMES)
    read = _frames(socket_of(*(data[start : start + size] for start in range(0, len(data), size))))
    assert [read() for _ in FRAMES] == FRAMES


@pytest.mark.parametrize("cut", [0, 3, 7, 9, 11])
def test_a_timeout_loses_nothing(cut: int) -> None:
    data = encoded(FRAMES[1:3])
    read = (
        _frames(socket_of(data[:cut], TimeoutError(), data[cut:])) if cut else _frames(socket_of(TimeoutError(), data))
    )
    with pytest.raises(TimeoutError):
        read()
    assert [read(), read()] == FRAMES[1:3]


def test_an_end_within_a_frame_is_an_error() -> None:
    with pytest.raises(ConnectionResetError):
        _frames(socket_of(encoded(FRAMES[1:2])[:-1]))()


def test_a_frame_that_ends_elsewhere_is_an_error() -> None:
    with pytest.raises(UnexpectedFrame):
        _frames(socket_of(encoded(FRAMES[1:2])[:-1] + b"\x00"))()


class Half:
    """A transport whose write breaks off."""

    def __init__(self) -> None:
        self.sock, self.shut = self, False

    def write(self, _: bytes) -> None:
        raise TimeoutError

    def shutdown(self, _: int) -> None:
        self.shut = True


def test_nothing_is_written_behind_half_a_frame() -> None:
    transport = Half()
    writer = _Writer(transport)
    with pytest.raises(TimeoutError):
        writer.write(b"frame")
    assert transport.shut
    with pytest.raises(ConnectionResetError):
        writer.write(b"frame")


def test_a_write_to_a_connection_that_is_gone_says_so() -> None:
    transport: Any = Half()
    transport.sock = None
    with pytest.raises(TimeoutError):
        _Writer(transport).write(b"frame")


class Channel:
    """What a publisher needs of one; `sent` = the properties of what it published."""

    def __init__(self) -> None:
        self.events: defaultdict[str, set[Callable[..., None]]] = defaultdict(set)
        self.sent: list[dict[str, Any]] = []
        self.properties: dict[str, Any] = {}

    def confirm_select(self) -> None: ...

    def publish(self, _: bytes, **message: Any) -> None:
        self.sent.append(message)

    def tell(self, event: str, *what: Any) -> None:
        for callback in self.events[event]:
            callback(*what)


@pytest.fixture
def channel() -> Channel:
    return Channel()


@pytest.fixture
def publisher(channel: Channel) -> Iterator[Publisher]:
    publisher = Publisher("amqp://127.0.0.1:1/", name="test")
    publisher._thread = threading.current_thread()  # connected by hand
    publisher.get_consumers(None, channel)
    publisher.on_consume_ready(None, channel, [])
    yield publisher
    assert publisher.pending == 0


def published(publisher: Publisher, channel: Channel, count: int) -> list[Any]:
    """Publish so many at once; gives what becomes of each: "waits", then None or the class of its error."""
    outcomes: list[Any] = ["waits"] * count

    def publish(place: int) -> None:
        try:
            publisher.publish(b"", exchange="e", routing_key=str(place), timeout=3.0)
            outcomes[place] = None
        except (BrokerUnavailable, Rejected, Unroutable) as error:
            outcomes[place] = type(error)

    for place in range(count):
        threading.Thread(target=publish, args=(place,), daemon=True).start()
        until(lambda place=place: len(channel.sent) == place + 1)  # type: ignore[misc]
    return outcomes


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.001)


def test_a_confirm_of_several_ends_the_waiting_of_these_only(publisher: Publisher, channel: Channel) -> None:
    outcomes = published(publisher, channel, 4)
    channel.tell("basic_ack", 3, True)
    until(lambda: outcomes[:3] == [None] * 3)
    assert outcomes[3] == "waits"
    channel.tell("basic_nack", 4, False)
    until(lambda: outcomes[3] is Rejected)


def test_what_is_returned_is_unroutable_though_it_is_confirmed(publisher: Publisher, channel: Channel) -> None:
    outcomes = published(publisher, channel, 2)
    channel.properties = {"message_id": channel.sent[1]["message_id"]}
    channel.tell("basic_return", None, "e", "1", channel)
    channel.tell("basic_ack", 2, True)
    until(lambda: outcomes == [None, Unroutable])


def test_what_a_lost_connection_left_open_is_sent_once_more(publisher: Publisher, channel: Channel) -> None:
    outcomes = published(publisher, channel, 1)
    publisher.on_disconnected()
    publisher.on_consume_ready(None, channel, [])
    until(lambda: len(channel.sent) == 2)
    assert outcomes == ["waits"]
    publisher.on_disconnected()
    until(lambda: outcomes != ["waits"])
    assert issubclass(outcomes[0], BrokerUnavailable)
    assert len(channel.sent) == 2
