"""How long it takes from a command to other people's screens, for many commands and for many screens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local.stack import Stack
from tests.benchmarks import load, running
from tests.benchmarks.audience import STREAMS_EACH, Audience, mark
from tests.benchmarks.calls import Calls, bearer, open_ticket, post_message
from tests.benchmarks.measure import Scale, number, percentile
from tests.benchmarks.report import Aim, Reached, Table, met

_RATE = 200
# the last is the one with the aim
_RATES = (20, _RATE)
_LANES = 64
_LAST_SECONDS = 15.0
_PAUSE_SECONDS = 0.5
_BODY = " It happened again this morning, right after the change of shift." * 4

SCREEN = Aim(f"from a command to another screen at {_RATE} commands/s, p95", most=150, unit="ms")
STREAM = Aim("from a command to each of {streams} live streams, p99", most=250, unit="ms")
MEMORY = Aim("memory of the gateway for one of {streams} live streams", most=60, unit="KB")


def measure(stack: Stack, scale: Scale) -> list[Table]:
    port = running.start(stack)
    return [_screens(port, scale), _streams(stack, port, scale)]


@dataclass(frozen=True, slots=True)
class _Seen:
    rate: float
    unsent: int
    refused: int
    missing: int
    seconds: list[float]


def _screens(port: int, scale: Scale) -> Table:
    calls = Calls(port)
    client = load.Client(port)
    agent = bearer(client, "bench-watcher", "Watcher", "agent")
    client.close()
    first = 0
    found: dict[int, _Seen] = {}
    for rate in _RATES:
        count = round(rate * 4 * scale.http_seconds)
        with Audience(port, [agent], 1) as audience:
            found[rate] = _watched(port, audience, calls, rate, count, first)
        first += count
    aimed = found[_RATE]
    p95 = percentile(aimed.seconds, 0.95) * 1000
    return Table(
        "From a command to another screen: POST message, and an agent's live stream",
        ["commands/s, as they were due", "answered/s", "p50 ms", "p95 ms", "not sent", "refused", "never came"],
        [
            [
                number(rate),
                number(seen.rate),
                number(percentile(seen.seconds, 0.5) * 1000),
                met(p95, SCREEN) if seen is aimed else number(percentile(seen.seconds, 0.95) * 1000),
                number(seen.unsent),
                number(seen.refused),
                number(seen.missing),
            ]
            for rate, seen in found.items()
        ],
        [
            f"Commands are due at an even pace, whatever became of the earlier ones, on {_LANES} connections; the time"
            " runs from when a command was due. Where fewer are answered a second than were due, the queue is what is"
            " measured; once that is as long as the whole measurement, nothing more is sent.",
        ],
        [Reached(SCREEN, p95)],
    )


def _watched(port: int, audience: Audience, calls: Calls, rate: int, count: int, first: int) -> _Seen:
    def make(n: int) -> bytes:
        return calls.post_message(n, mark(first + n) + _BODY)

    begin = time.perf_counter()
    answers = load.scheduled(port, _LANES, _while_it_makes_sense(load.paced(rate, count), begin), make)
    took = max(answer.done for answer in answers) - begin
    good = [answer for answer in answers if answer.good]
    deadline = time.perf_counter() + _LAST_SECONDS
    while not all(audience.arrived(first + one.number) for one in good) and time.perf_counter() < deadline:
        time.sleep(0.05)
    came = [(one.due, audience.arrived(first + one.number)) for one in good]
    seconds = [arrived[0] - due for due, arrived in came if arrived]
    return _Seen(len(good) / took, count - len(answers), len(answers) - len(good), len(good) - len(seconds), seconds)


def _while_it_makes_sense(moments: list[float], begin: float) -> Iterator[float]:
    """The moments, until sending has fallen behind by as long as all of them were to take."""
    for moment in moments:
        if time.perf_counter() - begin - moment > moments[-1]:
            return
        yield moment


def _streams(stack: Stack, port: int, scale: Scale) -> Table:
    count = scale.streams
    client = load.Client(port)
    headers = [bearer(client, f"bench-screen-{n}", f"Screen {n}", "agent") for n in range(-(-count // STREAMS_EACH))]
    customer = bearer(client, "bench-0", "Person 0", "customer")
    ticket = open_ticket(client, customer)
    gateway = stack.pid("gateway")
    before = _resident_kb(gateway)
    seconds: list[float] = []
    missing = 0
    with Audience(port, headers, count) as audience:
        # the streams' first frames are on their way
        time.sleep(2)
        opened = audience.processor
        for n in range(scale.calls):
            raw = post_message(ticket, customer, mark(n) + _BODY)
            (answer,) = load.answered(load.scheduled(port, 1, [0.0], lambda _, raw=raw: raw))
            arrived = audience.await_all(n, _LAST_SECONDS)
            missing += count - len(arrived)
            seconds += [moment - answer.due for moment in arrived]
            time.sleep(_PAUSE_SECONDS)
        memory = (_resident_kb(gateway) - before) / count
        reading = (audience.processor - opened) / scale.calls * 1000
    client.close()
    p50, p99 = (percentile(seconds, share) * 1000 for share in (0.5, 0.99))
    reached = [
        Reached(Aim(aim.what.format(streams=number(count)), most=aim.most, unit=aim.unit), figure)
        for aim, figure in ((STREAM, p99), (MEMORY, memory))
    ]
    return Table(
        f"Live streams: {count:,} open in one gateway, and one message after the other",
        ["", "p50 ms", "p99 ms", "never came", "KB of memory each"],
        [
            [
                "from sending a message to its arrival at each stream",
                number(p50),
                met(p99, reached[0].aim),
                number(missing),
                met(memory, reached[1].aim),
            ]
        ],
        [
            f"{scale.calls} messages. All streams are agents', who see everything. One thread of the benchmark reads"
            f" them all, on the same processors, which takes {reading:.0f} ms for a message.",
        ],
        reached,
    )


def _resident_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])
