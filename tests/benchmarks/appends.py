"""Durable appends a second: our store beside pgbench with the least that such an append can be."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import orjson
import psycopg

from deploy.local.stack import Stack
from shared.events.event import NewEvent
from shared.events.store.postgres import PostgresEventStore, migrate
from shared.events.stream import Expect, Revision, StreamName
from tests.benchmarks import servers
from tests.benchmarks.measure import Scale, Spread, Times, interleaved, ratios, spread
from tests.benchmarks.report import Aim, Reached, Table, met
from tests.benchmarks.story import Story

# writers -> what our store is to reach in one rpc process, of the limit
AIMS = {1: 0.8, 8: 1.3, 32: 2.0}
WRITERS = tuple(AIMS)
DATABASE = "bench_appends"
# short and many: what else the machine does hits all variants alike, and pgbench takes whole seconds
_SECONDS = 1
# a ticket's first event and three more, each an append of its own
APPENDS_A_STREAM = 4

_LIMIT = "select bench.append('ticket-' || :stream, {expected}, gen_random_uuid(), 'MessagePosted', :data, :metadata);"
_OURS = (
    "select * from events.append_all("
    "json_build_array(json_build_object('append', 1, 'stream', 'ticket-' || :stream, 'expected', {expected},"
    " 'command', gen_random_uuid(), 'events', 1)),"
    " json_build_array(json_build_object('write', 1, 'id', gen_random_uuid(), 'name', 'MessagePosted', 'version', 1,"
    " 'data', (:data)::json, 'metadata', (:metadata)::json)));"
)


Event = Mapping[str, Any]


def measure(stack: Stack, scale: Scale) -> list[Table]:
    servers.make_database(stack, DATABASE)
    admin = servers.admin(stack, DATABASE)
    migrate(admin, {"ticket": "tickets"})
    with psycopg.connect(admin) as connection:
        connection.execute(resources.files(__package__).joinpath("limit_append.sql").read_bytes())
    url = stack.database_url("tickets", DATABASE)
    line = next(line for line in Story(100).lines() if line.name == "MessagePosted")
    event: Event = {"name": line.name, "data": line.data, "metadata": line.metadata}
    size = len(orjson.dumps(event["data"])) + len(orjson.dumps(event["metadata"]))
    columns = [_measured(url, event, writers, scale) for writers in WRITERS]
    return [
        Table(
            "Appends: events a second that are safe on disk, one event an append",
            ["", *map(_writers, WRITERS)],
            [[name, *(column[name] for column, _ in columns)] for name in columns[0][0]],
            [
                f"Events of {size} bytes, four to a stream, each with its expected revision; PostgresEventStore.append"
                " in one process. The limit commits each append by itself."
            ],
            [reached for _, reached in columns],
        )
    ]


def _measured(url: str, event: Event, writers: int, scale: Scale) -> tuple[dict[str, str], Reached]:
    """The cells of one column by the names of their rows, and what its aim came to."""
    green: list[Times] = []
    threaded: list[Times] = []
    variants: dict[str, Callable[[], float]] = {
        "limit": partial(_pgbench, url, _LIMIT, event, writers, _SECONDS),
        "function": partial(_pgbench, url, _OURS, event, writers, _SECONDS),
        "green": partial(_noted, green, partial(_in_rpc_process, url, event, writers, _SECONDS)),
        "threaded": partial(_noted, threaded, partial(ours, url, event, writers, _SECONDS)),
    }
    found = interleaved(scale.append_rounds, variants)
    aim = Aim(f"appends by {_writers(writers)} in one rpc process, of one commit each", least=AIMS[writers])
    share = ratios(found["green"], found["limit"])
    return {
        "our store in a process like an rpc process, of the limit": met(share.middle, aim),
        "our store in threads, of the limit": _share(ratios(found["threaded"], found["limit"])),
        "our database function alone, of the limit": _share(ratios(found["function"], found["limit"])),
        "our store in a process like an rpc process (eventlet)": str(spread(found["green"])),
        "our store in threads": str(spread(found["threaded"])),
        "our database function, called by pgbench": str(spread(found["function"])),
        "limit: shortest append function with the same promises, called by pgbench": str(spread(found["limit"])),
        "our store like an rpc process, p50 / p99 in ms": _milliseconds(green),
        "our store in threads, p50 / p99 in ms": _milliseconds(threaded),
    }, Reached(aim, share.middle)


def _writers(count: int) -> str:
    return f"{count} writer{'s' * (count > 1)}"


def _milliseconds(taken: list[Times]) -> str:
    half, most = (spread(times.ms(share) for times in taken).middle for share in (0.5, 0.99))
    return f"{half:.2f} / {most:.1f}"


def _share(value: Spread) -> str:
    return f"{value.middle:.2f} [{value.low:.2f}–{value.high:.2f}]"


def _pgbench(url: str, statement: str, event: Event, writers: int, seconds: int) -> float:
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
                *("--define", f"data={orjson.dumps(event['data']).decode()}"),
                *("--define", f"metadata={orjson.dumps(event['metadata']).decode()}"),
            ],
            url,
            timeout=seconds + 30,
        )
    rate = re.search(r"tps = ([\d.]+)", said)
    assert rate is not None, said
    return float(rate[1]) * APPENDS_A_STREAM


def _noted(taken: list[Times], measure: Callable[[], Times]) -> float:
    taken.append(measure())
    return taken[-1].rate


def _in_rpc_process(url: str, event: Event, writers: int, seconds: float) -> Times:
    """The same as `ours`, in a process of its own that is patched for eventlet."""
    done = subprocess.run(
        [sys.executable, "-m", f"{__package__}.appending", url, str(writers), str(seconds)],
        input=orjson.dumps(event),
        capture_output=True,
        timeout=seconds + 60,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"appending ended with {done.returncode}: {done.stderr[-2000:].decode()}")
    return Times(**orjson.loads(done.stdout))


def ours(url: str, event: Event, writers: int, seconds: float) -> Times:
    """Append from as many threads, or green threads where this process is patched, to a store of their own."""
    store = PostgresEventStore(url)
    try:
        store.head()
        return _write(store, event, writers, seconds)
    finally:
        store.close()


def _write(store: PostgresEventStore, event: Event, writers: int, seconds: float) -> Times:
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


def _write_stream(store: PostgresEventStore, event: Event, lasted: list[float]) -> None:
    stream = StreamName("ticket", str(uuid.uuid4()))
    expected: Expect | Revision = Expect.NO_STREAM
    for _ in range(APPENDS_A_STREAM):
        new = NewEvent(uuid.uuid4(), event["name"], 1, event["data"], event["metadata"])
        before = time.perf_counter()
        expected = store.append(stream, [new], expected, uuid.uuid4()).last
        lasted.append(time.perf_counter() - before)
