"""Figures from repeated measurements."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some rounds, with the lowest and the highest."""

    middle: float
    low: float
    high: float

    def __str__(self) -> str:
        return number(self.middle) if self.low == self.high else f"{number(self.middle)} [{self._range()}]"

    def _range(self) -> str:
        return f"{number(self.low)}–{number(self.high)}"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that single calls took, and how many calls a second went through in all."""

    seconds: Sequence[float]
    rate: float

    def ms(self, share: float) -> float:
        """The milliseconds within which this share of the calls was done."""
        return percentile(self.seconds, share) * 1000


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: a whole run, or a quick one for a first look."""

    rounds: int
    append_rounds: int
    tickets: int
    replayed_events: int
    projected_events: int
    http_seconds: float
    calls: int
    articles: int
    lone_calls: int
    idle_seconds: float
    streams: int
    long_messages: int


WHOLE = Scale(3, 5, 100_000, 300_000, 100_000, 3.0, 40, 10_000, 60, 30.0, 5_000, 10_000)
QUICK = Scale(2, 1, 10_000, 30_000, 15_000, 1.5, 15, 2_000, 16, 15.0, 1_000, 10_000)


def spread(values: Iterable[float]) -> Spread:
    found = list(values)
    return Spread(median(found), min(found), max(found))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def interleaved(rounds: int, variants: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Each variant once a round, so that what else the machine does hits all alike; name -> one figure a round."""
    found: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(rounds):
        names = list(variants)
        # whoever comes right after another profits or suffers from what that one left behind
        for name in names if turn % 2 == 0 else reversed(names):
            found[name].append(variants[name]())
    return found


def ratios(values: Sequence[float], limits: Sequence[float]) -> Spread:
    """Value by limit, round by round."""
    return spread(value / limit for value, limit in zip(values, limits, strict=True))


def timed(calls: int, call: Callable[[], object], at_most_seconds: float = 2.0) -> Times:
    """Call again and again, one at a time, at most for so long; the first call is not counted."""
    call()
    taken: list[float] = []
    begin = time.perf_counter()
    while len(taken) < calls and time.perf_counter() - begin < at_most_seconds:
        before = time.perf_counter()
        call()
        taken.append(time.perf_counter() - before)
    return Times(taken, len(taken) / sum(taken))


def number(value: float) -> str:
    """Three figures or more: 12,345 · 123 · 12.3 · 1.23 · 0.123."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 0.1 or value == 0 else f"{value:.2g}"


def machine() -> list[tuple[str, str]]:
    """What the figures depend on."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        ("Processor", f"{os.cpu_count()} × {', '.join(sorted(models)) or os.uname().machine}"),
        ("Memory", f"{memory:.0f} GiB"),
        ("System", f"Linux {os.uname().release}"),
        ("Busy with other things", f"load average {os.getloadavg()[0]:.1f} when the run began"),
    ]
