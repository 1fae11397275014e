"""Events a second out of the store, beside COPY of the same columns to nowhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from deploy.local.stack import Stack
from services.tickets.bootstrap import CODEC
from shared.events.store.postgres import PostgresEventStore
from shared.events.stream import START
from tests.benchmarks import servers
from tests.benchmarks.measure import Scale, interleaved, ratios, spread
from tests.benchmarks.report import Aim, Reached, Table, met

ENVELOPES = Aim("store.read_all as envelopes, of COPY", least=0.5)

_COLUMNS = "event_id, name, version, stream, revision, position, recorded_at, data, metadata"


def measure(stack: Stack, scale: Scale) -> list[Table]:
    store = PostgresEventStore(stack.database_url("tickets", "event_store"))
    count = min(scale.replayed_events, int(store.head()) + 1)
    variants: dict[str, Callable[[], float]] = {
        "limit": partial(_copy, servers.admin(stack, "event_store"), count),
        "envelopes": partial(_read, store, count, decode=False),
        "decoded": partial(_read, store, count, decode=True),
    }
    try:
        _copy(servers.admin(stack, "event_store"), count)
        found = interleaved(scale.rounds, variants)
    finally:
        store.close()
    labels = {
        "limit": "limit: COPY of the same columns in the same order, thrown away",
        "envelopes": "store.read_all in batches of 1,000, as envelopes",
        "decoded": "the same, decoded into the catalog's dataclasses",
    }
    shares = {name: ratios(values, found["limit"]).middle for name, values in found.items()}
    said = {name: met(share, ENVELOPES) if name == "envelopes" else f"{share:.2f}" for name, share in shares.items()}
    rows = [[labels[name], said[name], str(spread(found[name]))] for name in ("envelopes", "decoded", "limit")]
    return [
        Table(
            f"Replay: {count:,} events in the order of the log, one process",
            ["", "of the limit", "events/s"],
            rows,
            ["What an envelope says is decoded when somebody looks: its id, its data, its metadata."],
            [Reached(ENVELOPES, shares["envelopes"])],
        )
    ]


def _copy(url: str, count: int) -> float:
    query = f"copy (select {_COLUMNS} from events.log where position < {count} order by position) to stdout"
    begin = time.perf_counter()
    servers.run("psql", ["--no-psqlrc", "--quiet", "--command", query, "--output", "/dev/null"], url, timeout=60)
    return count / (time.perf_counter() - begin)


def _read(store: PostgresEventStore, count: int, *, decode: bool) -> float:
    position, seen = START, 0
    begin = time.perf_counter()
    while seen < count:
        batch = store.read_all(position)
        if decode:
            for event in batch.events:
                CODEC.decode(event)
        position, seen = batch.position, seen + len(batch.events)
    return seen / (time.perf_counter() - begin)
