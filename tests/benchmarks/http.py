"""Requests a second through the whole system: gateway, broker, service, store, and the worker following it all."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Callable

import orjson
import psycopg

from deploy.local.stack import Stack
from services.tickets.bootstrap import SCHEMA
from tests.benchmarks import listing, load, projecting, servers
from tests.benchmarks.measure import Scale, cpu_seconds, interleaved, number, ratios, spread
from tests.benchmarks.report import Table

CLIENTS = 16
_PROCESSES = ("gateway", "tickets-rpc", "tickets-worker")
_FOLLOWERS = ("tickets.relay", "auto_close")
_DESCRIPTION = "The line stops for a moment and goes on. " * 10
_BODY = "It happened again this morning, right after the change of shift. " * 4


def measure(stack: Stack, scale: Scale) -> list[Table]:
    projecting.fill(stack)
    _skip_what_was_made_up(stack)
    stack.start_services()
    port = stack.settings.gateway_port
    return [_throughput(stack, scale), listing.measure_http(port, scale.tickets, scale.calls)]


def _throughput(stack: Stack, scale: Scale) -> Table:
    port = stack.settings.gateway_port
    calls = _Calls(port)
    cpu: dict[str, list[list[float]]] = {}
    loads: dict[str, list[load.Load]] = {}

    def variant(name: str, make: Callable[[int], bytes]) -> Callable[[], float]:
        def once() -> float:
            before = _cpu_seconds(stack)
            ran = load.run(port, CLIENTS, scale.http_seconds, make)
            used = [end - begin for begin, end in zip(before, _cpu_seconds(stack), strict=True)]
            loads.setdefault(name, []).append(ran)
            cpu.setdefault(name, []).append([seconds * 1000 / len(ran.times.seconds) for seconds in used])
            return ran.times.rate

        return once

    ceiling = "ceiling: GET /health/live, answered by the gateway alone"
    makers: dict[str, Callable[[int], bytes]] = {
        "POST /tickets": calls.open_ticket,
        "POST /tickets/{id}/messages": calls.post_message,
        "GET /tickets (a customer's own, 25)": calls.list_tickets,
        "GET /tickets/{id}": calls.get_ticket,
        "GET /statistics": calls.statistics,
        ceiling: calls.live,
    }
    found = interleaved(min(2, scale.rounds), {name: variant(name, make) for name, make in makers.items()})
    rows = [
        [
            name,
            f"{ratios(rates, found[ceiling]).middle:.2f}",
            str(spread(rates)),
            f"{spread(one.times.ms(0.5) for one in loads[name]).middle:.1f}",
            f"{spread(one.times.ms(0.99) for one in loads[name]).middle:.1f}",
            " / ".join(f"{spread(parts).middle:.2f}" for parts in zip(*cpu[name], strict=True)),
        ]
        for name, rates in found.items()
    ]
    busiest = max(loads[ceiling], key=lambda one: one.generator)
    own = number(busiest.times.rate / busiest.generator)
    return Table(
        f"HTTP: {CLIENTS} clients, connections kept alive, one process each of gateway, tickets rpc and tickets worker",
        ["", "of the ceiling", "requests/s", "p50 ms", "p99 ms", "processor ms a request: gateway / rpc / worker"],
        rows,
        [
            "Rate limits are off. The worker projects and relays what is written while it is measured.",
            f"The load generator is one thread and could send about {own} requests/s with a core to itself.",
        ],
    )


def _cpu_seconds(stack: Stack) -> list[float]:
    return [cpu_seconds(stack.pid(name)) for name in _PROCESSES]


class _Calls:
    """Requests of several customers, each with tickets of his own."""

    def __init__(self, port: int) -> None:
        client = load.Client(port)
        self._chance = random.Random(1)
        people = [load.person(f"bench-{n}", f"Person {n}", "customer") for n in range(CLIENTS)]
        self._headers = [{"Authorization": f"Bearer {load.token(client, who)}"} for who in people]
        self._tickets = [self._opened(client, headers) for headers in self._headers]
        client.close()
        # messages go round all tickets, so that none grows long and no two writers meet
        owners = [
            (headers, ticket) for headers, ids in zip(self._headers, self._tickets, strict=True) for ticket in ids
        ]
        self._chance.shuffle(owners)
        self._round = itertools.cycle(owners)

    def open_ticket(self, n: int) -> bytes:
        return load.request("POST", "/api/v1/tickets", self._commanding(n), _TICKET)

    def post_message(self, _: int) -> bytes:
        headers, ticket = next(self._round)
        sent = {**headers, "Idempotency-Key": str(uuid.uuid4())}
        return load.request("POST", f"/api/v1/tickets/{ticket}/messages", sent, _MESSAGE)

    def list_tickets(self, n: int) -> bytes:
        return load.request("GET", "/api/v1/tickets?limit=25", self._headers[n % CLIENTS])

    def get_ticket(self, _: int) -> bytes:
        headers, ticket = next(self._round)
        return load.request("GET", f"/api/v1/tickets/{ticket}", headers)

    def statistics(self, n: int) -> bytes:
        return load.request("GET", "/api/v1/tickets/statistics", self._headers[n % CLIENTS])

    def live(self, _: int) -> bytes:
        return load.request("GET", "/health/live", {})

    def _commanding(self, n: int) -> dict[str, str]:
        return {**self._headers[n % CLIENTS], "Idempotency-Key": str(uuid.uuid4())}

    def _opened(self, client: load.Client, headers: dict[str, str]) -> list[str]:
        keys = ({**headers, "Idempotency-Key": str(uuid.uuid4())} for _ in range(30))
        answers = (client.call("POST", "/api/v1/tickets", key, orjson.loads(_TICKET)) for key in keys)
        return [str(answer["id"]) for answer in answers]


_TICKET = orjson.dumps(
    {"subject": "Line 3 stops", "category": "TECHNICAL", "priority": "HIGH", "description": _DESCRIPTION}
)
_MESSAGE = orjson.dumps({"body": _BODY})


def _skip_what_was_made_up(stack: Stack) -> None:
    """Start the worker's relay and process behind the story, which is nobody's news."""
    with psycopg.connect(servers.admin(stack, "read_models")) as connection:
        connection.execute(f"set search_path = {SCHEMA}")
        connection.execute(
            "insert into checkpoints (name, position) select follower, max(position) from checkpoints,"
            " unnest(%s::text[]) follower group by follower on conflict (name) do nothing",
            (list(_FOLLOWERS),),
        )
