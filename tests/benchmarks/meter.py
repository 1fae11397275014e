"""What all processes and databases of a copy spend: processor time and transactions."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from types import TracebackType

import psycopg

from deploy.local.stack import Stack
from tests.benchmarks import servers

SUPERVISOR = "supervisor"
LEAD_IN_SECONDS = 1.5
"""How long the same work has to go on before a reading: a busy backend tells what it did once a second, so that a
reading lags by up to a second, and only between two readings in the middle of steady work is the lag the same."""
SETTLED_SECONDS = 10.5
"""After how long an idle backend has told everything: a reading then lags by nothing."""
_TICKS = os.sysconf("SC_CLK_TCK")
_ESTABLISHED = "01"


@dataclass(frozen=True, slots=True)
class Spent:
    """Between two readings: seconds that went by, seconds of processor by process, transactions by database."""

    seconds: float
    processor: Mapping[str, float]
    transactions: Mapping[str, float]

    def each(self, calls: int) -> Spent:
        """For one of so many calls."""
        return Spent(
            self.seconds / calls,
            {name: value / calls for name, value in self.processor.items()},
            {name: value / calls for name, value in self.transactions.items()},
        )

    def without(self, idle: Spent) -> Spent:
        """Less what an idle copy spends in as many seconds."""
        share = self.seconds / idle.seconds
        return Spent(
            self.seconds,
            {name: max(0.0, value - share * idle.processor[name]) for name, value in self.processor.items()},
            {name: max(0.0, value - share * idle.transactions[name]) for name, value in self.transactions.items()},
        )

    @property
    def processor_ms(self) -> float:
        return sum(self.processor.values()) * 1000

    @property
    def in_all(self) -> float:
        """Transactions in all databases."""
        return sum(self.transactions.values())


def mean(several: Iterable[Spent]) -> Spent:
    found = list(several)
    return Spent(
        fmean(one.seconds for one in found),
        {name: fmean(one.processor[name] for one in found) for name in found[0].processor},
        {name: fmean(one.transactions[name] for one in found) for name in found[0].transactions},
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """The same counters, from when the processes and databases began."""

    at: float
    processor: Mapping[str, float]
    transactions: Mapping[str, int]

    def __sub__(self, earlier: Reading) -> Spent:
        return Spent(
            self.at - earlier.at,
            {name: value - earlier.processor[name] for name, value in self.processor.items()},
            {name: value - earlier.transactions[name] for name, value in self.transactions.items()},
        )


class Meter:
    """Reads the counters of the processes that run when it is made."""

    def __init__(self, stack: Stack) -> None:
        # in a database of its own, so that it does not count itself
        self._connection = psycopg.connect(servers.admin(stack, "postgres"), autocommit=True)
        self._roots = {name: int(entry["pid"]) for name, entry in stack.processes().items() if entry["pid"]}
        self._supervisor = int((stack.settings.run_dir / "supervisor.pid").read_text())

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._connection.close()

    def read(self) -> Reading:
        rows = self._connection.execute(
            "select datname, xact_commit + xact_rollback from pg_stat_database where datname = any(%s)",
            (list(servers.DATABASES),),
        ).fetchall()
        return Reading(time.perf_counter(), self._processor(), dict(rows))

    def _processor(self) -> dict[str, float]:
        trees = processor(self._roots.values())
        # everything else hangs below the supervisor, so it counts without its children
        return {
            **{name: trees[pid] for name, pid in self._roots.items()},
            SUPERVISOR: _processes()[self._supervisor].own,
        }


def processor(roots: Iterable[int]) -> dict[int, float]:
    """Seconds of processor that each of these processes has used, with its children and those that have ended."""
    every = _processes()
    children: defaultdict[int, list[int]] = defaultdict(list)
    for pid, one in every.items():
        children[one.parent].append(pid)

    def tree(pid: int) -> float:
        # what has ended is in the time that its parent has waited for
        return every[pid].own + every[pid].waited_for + sum(tree(child) for child in children[pid])

    return {root: tree(root) for root in roots}


@dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    own: float
    waited_for: float


def _processes() -> dict[int, _Process]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            own, waited_for = (int(fields[n]) + int(fields[n + 1]) for n in (11, 13))
            found[int(folder.name)] = _Process(int(fields[1]), own / _TICKS, waited_for / _TICKS)
    return found


def connections(port: int) -> int:
    """How many connections a server of this machine has open on a port."""
    lines = Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]
    local = [(fields[1], fields[3]) for fields in map(str.split, lines)]
    return sum(int(address.rpartition(":")[2], 16) == port and state == _ESTABLISHED for address, state in local)
