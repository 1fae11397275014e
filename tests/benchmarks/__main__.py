"""`python -m tests.benchmarks`: measure, print tables and write them to docs/benchmarks.md."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

from rich.console import Console

from deploy.local.stack import Stack
from tests.benchmarks import (
    appends,
    echo,
    http,
    listing,
    live,
    projecting,
    rebuilding,
    replay,
    report,
    searching,
    servers,
    story,
    tickets,
)
from tests.benchmarks.measure import QUICK, WHOLE, Scale, machine, number

Part = Callable[[Stack, Scale], list[report.Table]]

# in this order: projecting leaves the read models full for what comes after it, and from http on all services run
PARTS: dict[str, Part] = {
    "appends": appends.measure,
    "echo": echo.measure,
    "replay": replay.measure,
    "rebuilding": rebuilding.measure,
    "projecting": projecting.measure,
    "listing": listing.measure,
    "searching": searching.measure,
    "http": http.measure,
    "live": live.measure,
    "tickets": tickets.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller and shorter, for a first look")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part (may be given again)")
    parser.add_argument("--tickets", type=int, help="how many are made up; only with --only")
    options = parser.parse_args()
    if options.tickets and not options.only:
        parser.error("--tickets takes --only: the document is about the usual number")
    scale = QUICK if options.quick else WHOLE
    if options.tickets:
        scale = replace(scale, tickets=options.tickets)
    wanted = options.only or list(PARTS)
    console = Console()
    facts = machine()
    begin = time.monotonic()
    tables = _measure(console, scale, wanted)
    console.print(f"Took {time.monotonic() - begin:.0f} s.")
    report.show(console, report.summary(tables))
    if options.only:
        console.print("docs/benchmarks.md stays as it is: only a run of every part writes it.")
        return
    report.write(tables, facts, "make bench T=--quick" if options.quick else "make bench")
    console.print("Written to docs/benchmarks.md.")


def _measure(console: Console, scale: Scale, wanted: list[str]) -> list[report.Table]:
    tables: list[report.Table] = []
    with console.status("Starting servers") as status, servers.servers() as stack:
        if set(wanted) - {"appends", "echo", "searching"}:
            status.update(f"Making up {number(scale.tickets)} tickets")
            story.fill(servers.admin(stack, "event_store"), story.Story(scale.tickets))
            servers.settle(stack)
        for name, part in PARTS.items():
            if name not in wanted:
                continue
            status.update(f"Measuring {name}")
            for table in part(stack, scale):
                report.show(console, table)
                tables.append(table)
    return tables


if __name__ == "__main__":
    main()
