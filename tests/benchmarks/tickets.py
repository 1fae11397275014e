"""Tickets that are out of the ordinary: very long ones, and ones that twenty people answer at the same moment."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from deploy.local.stack import Stack
from shared.events.event import NewEvent
from shared.events.store.postgres import PostgresEventStore
from shared.events.stream import Expect, StreamName
from tests.benchmarks import load, running
from tests.benchmarks.calls import bearer, open_ticket, post_message
from tests.benchmarks.measure import Scale, number, percentile
from tests.benchmarks.report import Aim, Reached, Table, met
from tests.benchmarks.story import Story

_SHORT = 10
_BATCH = 200
_RESTARTS = 3
_PEOPLE = 20
_PROJECTED_SECONDS = 60.0

WARM = Aim("reply to a ticket of {messages} messages, of one with ten, warm", most=2)
COLD = Aim("the same, as the first after a restart", most=2)
CONFLICTS = Aim(f"{_PEOPLE} people reply to one ticket at once, answered 409", most=0)


def measure(stack: Stack, scale: Scale) -> list[Table]:
    port = running.start(stack)
    # the crowd first: a service that has given up on a long ticket is at work on it for a while
    return [_crowd(port, scale), _long(stack, port, scale)]


def _long(stack: Stack, port: int, scale: Scale) -> Table:
    client = load.Client(port)
    customer = bearer(client, "bench-0", "Person 0", "customer")
    lengths = {"short": _SHORT, "long": scale.long_messages}
    tickets = {name: open_ticket(client, customer) for name in (*lengths, "other")}
    for name, length in lengths.items():
        _lengthen(stack, tickets[name], length)
        _await_messages(client, customer, tickets[name], length)

    refused: Counter[str] = Counter()

    def reply(name: str) -> float:
        raw = post_message(tickets[name], customer)
        (answer,) = load.scheduled(port, 1, [0.0], lambda _: raw)
        # where a reply is not taken, that took as long all the same
        refused[name] += not answer.good
        return answer.seconds * 1000

    warm: dict[str, list[float]] = {name: [] for name in lengths}
    for turn in range(scale.calls + 1):
        for name in lengths if turn % 2 == 0 else reversed(list(lengths)):
            took = reply(name)
            # what a first reply costs is measured below
            if turn:
                warm[name].append(took)
    cold: dict[str, list[float]] = {name: [] for name in lengths}
    for turn in range(_RESTARTS):
        stack.restart("tickets-rpc")
        # connections and code, which any first call pays for
        for _ in range(3):
            reply("other")
        for name in lengths if turn % 2 == 0 else reversed(list(lengths)):
            cold[name].append(reply(name))
    client.close()
    messages = number(scale.long_messages)
    reached = [
        Reached(Aim(aim.what.format(messages=messages), most=aim.most), _half(taken["long"]) / _half(taken["short"]))
        for aim, taken in ((WARM, warm), (COLD, cold))
    ]
    return Table(
        f"A reply to a ticket of {messages} messages, and to one of {_SHORT}",
        ["", "short, p50 ms", "long, p50 ms", "long / short"],
        [
            [words, number(_half(taken["short"])), number(_half(taken["long"])), met(one.figure, one.aim)]
            for words, taken, one in (
                ("warm", warm, reached[0]),
                ("the first after a restart of the tickets rpc", cold, reached[1]),
            )
        ],
        [
            f"One client over HTTP; {scale.calls} replies each, and {_RESTARTS} restarts. Refused or not answered in"
            f" time: {refused['short']} to the short ticket, {refused['long']} to the long one."
        ],
        reached,
    )


def _half(values: list[float]) -> float:
    return percentile(values, 0.5)


def _lengthen(stack: Stack, ticket: str, messages: int) -> None:
    """Give a ticket so many messages, past the service that would take them one by one."""
    store = PostgresEventStore(stack.database_url("tickets", "event_store"))
    try:
        made = _messages(messages)
        while batch := list(islice(made, _BATCH)):
            store.append(StreamName("ticket", ticket), batch, Expect.EXISTS, uuid.uuid4())
    finally:
        store.close()


def _messages(count: int) -> Iterator[NewEvent]:
    said = [line for line in Story(100).lines() if line.name == "MessagePosted"]
    for n in range(count):
        line = said[n % len(said)]
        fresh: dict[str, Any] = {**line.data, "message_id": str(uuid.uuid4())}
        yield NewEvent(uuid.uuid4(), line.name, 1, fresh, line.metadata)


def _await_messages(client: load.Client, headers: dict[str, str], ticket: str, messages: int) -> None:
    deadline = time.monotonic() + _PROJECTED_SECONDS
    while time.monotonic() < deadline:
        if client.call("GET", f"/api/v1/tickets/{ticket}/messages?limit=1", headers)["total"] >= messages:
            return
        time.sleep(0.2)
    raise RuntimeError(f"the messages of {ticket} were not projected within {_PROJECTED_SECONDS:.0f} s")


def _crowd(port: int, scale: Scale) -> Table:
    client = load.Client(port)
    customer = bearer(client, "bench-0", "Person 0", "customer")
    agents = [bearer(client, f"bench-agent-{n}", f"Agent {n}", "agent") for n in range(_PEOPLE)]
    found: Counter[int] = Counter()
    seconds: list[float] = []
    for _ in range(scale.rounds + 2):
        ticket = open_ticket(client, customer)
        replies = [post_message(ticket, headers) for headers in agents]
        answers = load.scheduled(port, _PEOPLE, [0.0] * _PEOPLE, replies.__getitem__)
        found.update(answer.status for answer in answers)
        seconds += [answer.seconds for answer in answers if answer.good]
    client.close()
    conflicts = Reached(CONFLICTS, found[409])
    others = sum(count for status, count in found.items() if status not in (201, 409))
    return Table(
        f"{_PEOPLE} people reply to one ticket at the same moment",
        ["", "201", "409", "other answers", "p50 ms", "p99 ms"],
        [
            [
                f"{scale.rounds + 2} times",
                number(found[201]),
                met(conflicts.figure, CONFLICTS),
                number(others),
                *(number(percentile(seconds, share) * 1000) for share in (0.5, 0.99)),
            ]
        ],
        aims=[conflicts],
    )
