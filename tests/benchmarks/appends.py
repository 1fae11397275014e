"""Durable appends a second: our store beside pgbench with the least that such an append can be."""

from __future__ import annotations

import re
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial
from importlib import resources
from pathlib import Path

import orjson
import psycopg

from deploy.local.stack import Stack
from shared.events.event import NewEvent
from shared.events.store.postgres import PostgresEventStore, migrate
from shared.events.stream import Expect, Revision, StreamName
from tests.benchmarks import servers
from tests.benchmarks.measure import Scale, Spread, Times, interleaved, ratios, spread
from tests.benchmarks.report import Table
from tests.benchmarks.story import Line, Story

WRITERS = (1, 8, 32)
DATABASE = "bench_appends"
# short and many: what else the machine does hits all variants alike, and pgbench takes whole seconds
_SECONDS = 1
# a ticket's first event and three more, each an append of its own
APPENDS_A_STREAM = 4

_LIMIT = "select bench.append('ticket-' || :stream, {expected}, gen_random_uuid(), 'MessagePosted', :data, :metadata);"
_OURS = (
    "select * from events.append('ticket-' || :stream, 'ticket', {expected}, gen_random_uuid(),"
    " array[gen_random_uuid()], array['MessagePosted'], array[1], array[:data], array[:metadata]);"
)


def measure(stack: Stack, scale: Scale) -> list[Table]:
    servers.make_database(stack, DATABASE)
    admin = servers.admin(stack, DATABASE)
    migrate(admin, {"ticket": "tickets"})
    with psycopg.connect(admin) as connection:
        connection.execute(resources.files(__package__).joinpath("limit_append.sql").read_bytes())
    url = stack.database_url("tickets", DATABASE)
    event = next(line for line in Story(100).lines() if line.name == "MessagePosted")
    size = len(orjson.dumps(event.data)) + len(orjson.dumps(event.metadata))

    limit: list[str] = []
    function: list[str] = []
    ours: list[str] = []
    shares: list[str] = []
    function_shares: list[str] = []
    latencies: list[str] = []
    for writers in WRITERS:
        taken: list[Times] = []
        variants: dict[str, Callable[[], float]] = {
            "limit": partial(_pgbench, url, _LIMIT, event, writers, _SECONDS),
            "function": partial(_pgbench, url, _OURS, event, writers, _SECONDS),
            "ours": partial(_ours, url, event, writers, _SECONDS, taken),
        }
        found = interleaved(scale.append_rounds, variants)
        limit.append(str(spread(found["limit"])))
        function.append(str(spread(found["function"])))
        ours.append(str(spread(found["ours"])))
        shares.append(_share(ratios(found["ours"], found["limit"])))
        function_shares.append(_share(ratios(found["function"], found["limit"])))
        latencies.append(_milliseconds(taken))
    return [
        Table(
            "Appends: events a second that are safe on disk, one event an append",
            ["", *(f"{writers} writer{'s' * (writers > 1)}" for writers in WRITERS)],
            [
                ["our store, of the limit", *shares],
                ["our database function alone, of the limit", *function_shares],
                ["our store (PostgresEventStore.append, threads of one process, 10 connections)", *ours],
                ["our database function, called by pgbench", *function],
                ["limit: shortest append function with the same promises, called by pgbench", *limit],
                ["our store, p50 / p99 in ms", *latencies],
            ],
            [f"Events of {size} bytes, four to a stream, each with its expected revision. Aim: 0.9 at 8 writers."],
        )
    ]


def _milliseconds(taken: list[Times]) -> str:
    half, most = (spread(times.ms(share) for times in taken).middle for share in (0.5, 0.99))
    return f"{half:.2f} / {most:.1f}"


def _share(value: Spread) -> str:
    return f"{value.middle:.2f} [{value.low:.2f}–{value.high:.2f}]"


def _pgbench(url: str, statement: str, event: Line, writers: int, seconds: int) -> float:
    statements = [statement.format(expected=revision - 1) for revision in range(APPENDS_A_STREAM)]
    script = "\n".join(["\\set stream random(1, 9000000000000000000)", *statements])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "append.sql")
        path.write_text(script, encoding="utf-8")
        said = servers.run(
            "pgbench",
            [
                *("--no-vacuum", "--protocol", "prepared", "--client", str(writers), "--jobs", str(min(2, writers))),
                *("--time", str(seconds), "--file", str(path)),
                *("--define", f"data={orjson.dumps(event.data).decode()}"),
                *("--define", f"metadata={orjson.dumps(event.metadata).decode()}"),
            ],
            url,
            timeout=seconds + 30,
        )
    rate = re.search(r"tps = ([\d.]+)", said)
    assert rate is not None, said
    return float(rate[1]) * APPENDS_A_STREAM


def _ours(url: str, event: Line, writers: int, seconds: int, taken: list[Times]) -> float:
    store = PostgresEventStore(url)
    try:
        store.head()
        times = write(store, event, writers, seconds)
    finally:
        store.close()
    taken.append(times)
    return times.rate


def write(store: PostgresEventStore, event: Line, writers: int, seconds: int) -> Times:
    """Append from as many threads for as long; each stream gets four events."""
    ready = threading.Barrier(writers + 1)
    lasted: list[list[float]] = [[] for _ in range(writers)]
    failed: list[BaseException] = []

    def writer(mine: list[float]) -> None:
        try:
            # opens the connections before the clock runs
            store.head()
            ready.wait(timeout=30)
            deadline = time.perf_counter() + seconds
            while time.perf_counter() < deadline:
                _write_stream(store, event, mine)
        except BaseException as error:
            failed.append(error)
            ready.abort()

    threads = [threading.Thread(target=writer, args=(mine,)) for mine in lasted]
    for thread in threads:
        thread.start()
    ready.wait(timeout=30)
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begin
    if failed:
        raise failed[0]
    every = [value for mine in lasted for value in mine]
    return Times(every, len(every) / took)


def _write_stream(store: PostgresEventStore, event: Line, lasted: list[float]) -> None:
    stream = StreamName("ticket", str(uuid.uuid4()))
    expected: Expect | Revision = Expect.NO_STREAM
    for _ in range(APPENDS_A_STREAM):
        new = NewEvent(uuid.uuid4(), event.name, 1, event.data, event.metadata)
        before = time.perf_counter()
        expected = store.append(stream, [new], expected, uuid.uuid4()).last
        lasted.append(time.perf_counter() - before)
