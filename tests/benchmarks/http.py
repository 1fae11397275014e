"""What a call through the whole system costs, and how many a second there can be, with everything running."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from deploy.local.stack import Stack
from tests.benchmarks import listing, load, meter, running, servers, whose
from tests.benchmarks.calls import CLIENTS, Calls
from tests.benchmarks.measure import Scale, interleaved, number, ratios, spread
from tests.benchmarks.meter import Meter, Spent
from tests.benchmarks.report import Aim, Reached, Table, met

Make = Callable[[int], bytes]

_OPENING, _READING, _COUNTING = "POST /tickets", "GET /tickets/{id}", "GET /statistics"
_CEILING = "ceiling: GET /health/live, answered by the gateway alone"
_LONE_RATE = 4.0
_IDLE_AFTER_SECONDS = 20.0
_LONE, _CROWDED = "alone", f"{CLIENTS} clients"
_OTHER_WORKERS = ("knowledge-worker", "chat-worker")

READING = Aim("GET /tickets/{id}, of GET /health/live", least=0.35)
COUNTING = Aim("GET /statistics, of GET /health/live", least=0.35)
LONE_TRANSACTIONS = Aim("one POST /tickets alone, transactions", most=6)
TRANSACTIONS = Aim(f"one POST /tickets at {CLIENTS} clients, transactions", most=3)
PROCESSOR = Aim(f"one POST /tickets at {CLIENTS} clients, processor of all processes", most=4, unit="ms")
FOREIGN = Aim("workers of the other services meanwhile, of all processor time", most=2, unit="%")
IDLE_TRANSACTIONS = Aim("an idle copy, transactions a second", most=12)
IDLE_CONNECTIONS = Aim("an idle copy, connections to PostgreSQL", most=40)
IDLE_PROCESSOR = Aim("an idle copy, of one core", most=2, unit="%")

# the name by which load tools from outside prepare a copy
_skip_what_was_made_up = running.skip_what_was_made_up


def measure(stack: Stack, scale: Scale) -> list[Table]:
    port = running.start(stack)
    calls = Calls(port)
    makers: dict[str, Make] = {
        _OPENING: calls.open_ticket,
        "POST /tickets/{id}/messages": calls.post_message,
        _READING: calls.get_ticket,
        "GET /tickets (a customer's own, 25)": calls.list_tickets,
        _COUNTING: calls.statistics,
    }
    with Meter(stack) as measured:
        throughput, crowded = _crowded(port, measured, scale, {**makers, _CEILING: calls.live})
        # or autovacuum would clear up behind the crowd, and be counted as what it meets
        servers.settle(stack)
        time.sleep(meter.SETTLED_SECONDS)
        raw = {name: _lone(port, measured, scale.lone_calls, make) for name, make in makers.items()}
        idle = _idle(measured, scale.idle_seconds)
        idleness = _idleness(stack, idle)
        lone = {name: cost.less(idle) for name, cost in raw.items()}
    return [
        _transactions(lone, crowded, idle),
        _processor(lone, crowded),
        whose.table(
            *(stack, _OPENING, partial(_alone, port, makers[_OPENING])),
            *(scale.lone_calls, scale.lone_calls / _LONE_RATE, scale.http_seconds * 4),
        ),
        idleness,
        throughput,
        listing.measure_http(port, scale.tickets, scale.calls),
    ]


def _crowded(port: int, measured: Meter, scale: Scale, makers: dict[str, Make]) -> tuple[Table, dict[str, Spent]]:
    loads: dict[str, list[load.Load]] = {name: [] for name in makers}
    costs: dict[str, list[Spent]] = {name: [] for name in makers}

    def once(name: str, make: Make) -> float:
        load.run(port, CLIENTS, meter.LEAD_IN_SECONDS, make)
        before = measured.read()
        ran = load.run(port, CLIENTS, scale.http_seconds, make)
        costs[name].append((measured.read() - before).each(len(ran.times.seconds)))
        loads[name].append(ran)
        return ran.times.rate

    found = interleaved(min(2, scale.rounds), {name: partial(once, name, make) for name, make in makers.items()})
    shares = {name: ratios(rates, found[_CEILING]).middle for name, rates in found.items()}
    aims = {_READING: Reached(READING, shares[_READING]), _COUNTING: Reached(COUNTING, shares[_COUNTING])}
    rows = [
        [
            name,
            met(shares[name], aims[name].aim) if name in aims else f"{shares[name]:.2f}",
            str(spread(rates)),
            *(f"{spread(one.times.ms(share) for one in loads[name]).middle:.1f}" for share in (0.5, 0.99)),
        ]
        for name, rates in found.items()
    ]
    busiest = max(loads[_CEILING], key=lambda one: one.generator)
    own = number(busiest.times.rate / busiest.generator)
    table = Table(
        f"HTTP: {CLIENTS} clients, connections kept alive, one process of each role",
        ["", "of the ceiling", "requests/s", "p50 ms", "p99 ms"],
        rows,
        [
            "Rate limits are off. The workers project and relay what is written while it is measured.",
            f"The load generator is one thread and could send about {own} requests/s with a core to itself.",
        ],
        list(aims.values()),
    )
    return table, {name: meter.mean(several) for name, several in costs.items()}


@dataclass(frozen=True, slots=True)
class _Lone:
    """What so many calls have cost: while they went on, and until the last backend had told what it did."""

    calls: int
    running: Spent
    settled: Spent

    def less(self, idle: Spent) -> Spent:
        """One call, less what an idle copy spends in the same time."""
        running, settled = (spent.without(idle).each(self.calls) for spent in (self.running, self.settled))
        return Spent(running.seconds, running.processor, settled.transactions)


def _lone(port: int, measured: Meter, count: int, make: Make) -> _Lone:
    before = measured.read()
    _alone(port, make, count)
    running = measured.read() - before
    time.sleep(meter.SETTLED_SECONDS)
    return _Lone(count, running, measured.read() - before)


def _alone(port: int, make: Make, count: int) -> None:
    """One call every quarter of a second, so that nothing of one meets anything of another."""
    load.answered(load.scheduled(port, 1, load.paced(_LONE_RATE, count), make))


def _idle(measured: Meter, seconds: float) -> Spent:
    time.sleep(_IDLE_AFTER_SECONDS - meter.SETTLED_SECONDS)
    before = measured.read()
    time.sleep(seconds)
    return measured.read() - before


def _transactions(lone: dict[str, Spent], crowded: dict[str, Spent], idle: Spent) -> Table:
    def row(name: str, way: str, cost: Spent, aim: Aim) -> list[str]:
        judged = met(cost.in_all, aim) if name == _OPENING else number(cost.in_all)
        return [f"{name}, {way}", judged, *(number(cost.transactions[database]) for database in servers.DATABASES)]

    return Table(
        "What one call costs: transactions",
        ["", "transactions", "in the event store", "in the read models"],
        [
            line
            for name in lone
            for line in (
                row(name, _LONE, lone[name], LONE_TRANSACTIONS),
                row(name, _CROWDED, crowded[name], TRANSACTIONS),
            )
        ],
        [
            "All services run: gateway, and rpc and worker of tickets, knowledge and chat. PostgreSQL's own count"
            " (xact_commit and xact_rollback), which leaves out connections that never read a table.",
            f"Alone: one call every {1000 / _LONE_RATE:.0f} ms, less the {idle.in_all / idle.seconds:.1f} transactions"
            " a second of an idle copy. Under load these stay in, because what is busy does not look up by itself.",
        ],
        [
            Reached(LONE_TRANSACTIONS, lone[_OPENING].in_all),
            Reached(TRANSACTIONS, crowded[_OPENING].in_all),
        ],
    )


def _processor(lone: dict[str, Spent], crowded: dict[str, Spent]) -> Table:
    processes = [name for name in crowded[_OPENING].processor if name != "epmd"]
    opening = crowded[_OPENING]
    foreign = 100 * sum(opening.processor[name] for name in _OTHER_WORKERS) * 1000 / opening.processor_ms

    def row(name: str, way: str, cost: Spent) -> list[str]:
        whole = cost.processor_ms
        judged = met(whole, PROCESSOR) if cost is opening else f"{whole:.1f}"
        return [f"{name}, {way}", judged, *(f"{cost.processor[process] * 1000:.2f}" for process in processes)]

    return Table(
        "What one call costs: milliseconds of processor, all processes of the copy",
        ["", "in all", *processes],
        [
            row(name, way, costs[name])
            for name in (*lone, _CEILING)
            for way, costs in ((_LONE, lone), (_CROWDED, crowded))
            if name in costs
        ],
        [
            "User and system time; a server's is that of all its processes, those that have ended among them. Alone:"
            " less what an idle copy spends in the same time.",
            f"Workers of the other services while {CLIENTS} clients open tickets, of all processor time:"
            f" {met(foreign, FOREIGN)}.",
        ],
        [Reached(PROCESSOR, opening.processor_ms), Reached(FOREIGN, foreign)],
    )


def _idleness(stack: Stack, idle: Spent) -> Table:
    ports = stack.settings.ports
    postgres, amqp = (meter.connections(ports[name]) for name in ("POSTGRES_PORT", "AMQP_PORT"))
    # the meter's own is no part of the copy
    postgres -= 1
    share = 100 * sum(idle.processor.values()) / idle.seconds
    reached = [
        Reached(IDLE_TRANSACTIONS, idle.in_all / idle.seconds),
        Reached(IDLE_CONNECTIONS, postgres),
        Reached(IDLE_PROCESSOR, share),
    ]
    busiest = sorted(idle.processor.items(), key=lambda item: item[1], reverse=True)
    rows: list[Sequence[str]] = [
        ["transactions a second", met(reached[0].figure, IDLE_TRANSACTIONS)],
        *([f"in {name}", number(count / idle.seconds)] for name, count in idle.transactions.items()),
        ["connections to PostgreSQL", met(postgres, IDLE_CONNECTIONS)],
        ["connections to RabbitMQ", number(amqp)],
        ["processor, of one core", met(share, IDLE_PROCESSOR)],
        *([name, f"{100 * seconds / idle.seconds:.2f} %"] for name, seconds in busiest),
    ]
    return Table(
        "An idle copy",
        ["", f"over {idle.seconds:.0f} s"],
        rows,
        [f"Beginning {_IDLE_AFTER_SECONDS:.0f} s after the last call, with the pools that the load has filled."],
        reached,
    )
