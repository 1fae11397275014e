"""Which process's connections make the transactions, by PostgreSQL's log of statements; in runs that nothing times."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg

from deploy.local.stack import Stack
from tests.benchmarks import meter, servers
from tests.benchmarks.measure import number
from tests.benchmarks.report import Table

_LOGGING = {"log_statement": "all", "log_parameter_max_length": "0", "log_line_prefix": "%p %d %v|"}
# a backend, its database, and a transaction of it
_STATEMENT = re.compile(rb"(?m)^(\d+) (\w+) (\d+/\d+)\|LOG:  (?:statement|execute [^:]*): ")
_NOBODY = "a process that has ended"

Cell = tuple[str, str]
"""Name of the process, name of the database."""


def table(
    stack: Stack, name: str, call: Callable[[int], None], calls: int, seconds: float, idle_seconds: float
) -> Table:
    """Whose transactions there are for one call and in an idle second; `call(n)` makes n calls within `seconds`."""
    with servers.altered(stack, _LOGGING):
        idle = _counted(stack, lambda: time.sleep(idle_seconds), idle_seconds)
        busy = _counted(stack, lambda: call(calls), calls)
    own = {cell: max(0.0, busy.get(cell, 0.0) - idle.get(cell, 0.0) * seconds / calls) for cell in {*idle, *busy}}
    cells = sorted(own, key=lambda cell: own[cell], reverse=True)
    rows = [[*cell, number(own[cell]), number(idle.get(cell, 0.0))] for cell in cells]
    return Table(
        f"Whose transactions they are: one {name}, alone, and an idle second",
        ["", "database", name, "an idle second"],
        [*rows, ["together", "", number(sum(own.values())), number(sum(idle.values()))]],
        [
            "By PostgreSQL's log of statements, in a run of its own. It has connections that never read a table, which"
            " PostgreSQL's counters leave out, and not what comes without a statement, such as autovacuum. A call comes"
            " less what the copy does anyway in the time between two.",
        ],
    )


def _counted(stack: Stack, work: Callable[[], None], parts: float) -> dict[Cell, float]:
    """Transactions by process and database while this is done, divided by the number of its parts."""
    log = stack.settings.logs / "postgres.log"
    owners = _owners(stack)
    # let what was logged under the settings before come to its end
    time.sleep(meter.LEAD_IN_SECONDS)
    begin = log.stat().st_size
    work()
    text = log.read_bytes()[begin:]
    owners |= _owners(stack)
    seen = {(int(pid), database.decode(), own) for pid, database, own in _STATEMENT.findall(text)}
    found = Counter((owners.get(pid, _NOBODY), database) for pid, database, _ in seen if database in servers.DATABASES)
    return {cell: count / parts for cell, count in found.items()}


def _owners(stack: Stack) -> dict[int, str]:
    """Backend -> the process of ours that holds its other end."""
    sockets = _sockets({name: int(entry["pid"]) for name, entry in stack.processes().items() if entry["pid"]})
    ends = {}
    for line in Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]:
        fields = line.split()
        if fields[9] in sockets:
            ends[int(fields[1].rpartition(":")[2], 16)] = sockets[fields[9]]
    with psycopg.connect(servers.admin(stack, "postgres")) as connection:
        backends = connection.execute("select pid, client_port from pg_stat_activity").fetchall()
    return {pid: ends[port] for pid, port in backends if port in ends}


def _sockets(pids: dict[str, int]) -> dict[str, str]:
    """Inode of a socket -> name of the process that has it open."""
    found = {}
    for name, pid in pids.items():
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = os.readlink(descriptor)
            except FileNotFoundError:
                continue
            if target.startswith("socket:["):
                found[target[8:-1]] = name
    return found
