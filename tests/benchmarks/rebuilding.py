"""Events a second into the counters of all tickets made anew, beside the same counters by one SQL statement."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, LiteralString

import psycopg
from psycopg.rows import tuple_row

from deploy.local.stack import Stack
from services.tickets import bootstrap
from services.tickets.bootstrap import CODEC, PUBLIC, SCHEMA
from services.tickets.projections.statistics import COUNTERS, Statistics
from shared.events.projection import Rebuild
from shared.events.store import open_event_store
from shared.events.store.postgres import PostgresEventStore
from tests.benchmarks import servers
from tests.benchmarks.measure import Scale, interleaved, ratios, spread
from tests.benchmarks.report import Aim, Reached, Table, met

PROCESSES = 2
SPLIT = Aim(f"statistics rebuilt by {PROCESSES} processes, of the same counters by SQL", least=0.2)

_BY_SQL: LiteralString = """
with moved as (
    select metadata->>'customer' as customer, data->>'from_status' as before,
           case name when 'TicketOpened' then 'OPEN' else data->>'to_status' end as after, count(*) as n
    from events.log where category = 'ticket' group by 1, 2, 3
)
select scope, scope_id, coalesce(sum(d) filter (where status = 'OPEN'), 0)::int,
       coalesce(sum(d) filter (where status = 'IN_PROGRESS'), 0)::int,
       coalesce(sum(d) filter (where status = 'WAITING_ON_CUSTOMER'), 0)::int,
       coalesce(sum(d) filter (where status = 'RESOLVED'), 0)::int,
       coalesce(sum(d) filter (where status = 'CLOSED'), 0)::int
from moved
cross join lateral (values (after, n), (before, -n)) as m(status, d)
cross join lateral (values ('all', ''), ('customer', customer)) as s(scope, scope_id)
where status is not null
group by 1, 2
"""


def measure(stack: Stack, scale: Scale) -> list[Table]:
    address = stack.database_url("tickets", "event_store")
    store = PostgresEventStore(address)
    count = int(store.head()) + 1
    admin = servers.admin(stack, "event_store")
    try:
        url = stack.database_url("tickets", "read_models")
        anew = {n: _rebuild(store, address, url, n) for n in (1, PROCESSES)}
        _check(anew[PROCESSES], store, url, _counters(admin))
        variants: dict[str, Callable[[], float]] = {
            "limit": partial(_took, partial(_counters, admin), count),
            **{f"{n}": partial(_filled, each, store, count) for n, each in anew.items()},
        }
        found = interleaved(scale.rounds, variants)
    finally:
        store.close()
    split = ratios(found[f"{PROCESSES}"], found["limit"]).middle
    return [
        Table(
            f"Rebuilding: statistics of {count:,} events",
            ["", "of the limit", "events/s"],
            [
                [f"rebuilt by {PROCESSES} processes", met(split, SPLIT), str(spread(found[f"{PROCESSES}"]))],
                ["by one", f"{ratios(found['1'], found['limit']).middle:.2f}", str(spread(found["1"]))],
                ["limit: the same counters by one SQL statement over the log", "1.00", str(spread(found["limit"]))],
            ],
            ["Until the new tables are full; starting the processes is part of it. What comes out is compared first."],
            [Reached(SPLIT, split)],
        )
    ]


def _rebuild(store: PostgresEventStore, address: str, url: str, processes: int) -> Rebuild:
    opens = partial(open_event_store, "postgres", address)
    return Rebuild(Statistics(), PUBLIC, store, CODEC, url, SCHEMA, bootstrap._views(), opens, processes)


def _fill(anew: Rebuild, store: PostgresEventStore) -> None:
    for _ in anew.fill(store.head()):
        pass


def _filled(anew: Rebuild, store: PostgresEventStore, count: int) -> float:
    try:
        return _took(partial(_fill, anew, store), count)
    finally:
        anew.discard()


def _took(work: Callable[[], object], count: int) -> float:
    begin = time.perf_counter()
    work()
    return count / (time.perf_counter() - begin)


def _counters(url: str) -> set[tuple[Any, ...]]:
    with psycopg.connect(url, row_factory=tuple_row) as connection:
        return set(connection.execute(_BY_SQL).fetchall())


def _check(anew: Rebuild, store: PostgresEventStore, url: str, expected: set[tuple[Any, ...]]) -> None:
    columns = ", ".join(("scope", "scope_id", *COUNTERS))
    try:
        _fill(anew, store)
        with psycopg.connect(url, row_factory=tuple_row) as connection:
            rows = connection.execute(f"select {columns} from {SCHEMA}_rebuild.statistics".encode()).fetchall()
    finally:
        anew.discard()
    if set(rows) != expected:
        raise RuntimeError("the counters that were rebuilt are not those that SQL counts")
