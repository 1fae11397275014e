"""The whole copy at work over what was made up, every process of `make up` in it."""

from __future__ import annotations

import time

import psycopg

from deploy.local.stack import Stack
from services.tickets.bootstrap import SCHEMA
from tests.benchmarks import projecting, servers
from tests.benchmarks.meter import Meter

_FOLLOWERS = ("tickets.relay", "auto_close")
_CALM_SECONDS = 120.0
_CALM_SHARE = 0.2


def start(stack: Stack) -> int:
    """Start every process unless they run already, and wait until the workers have caught up; the gateway's port."""
    if not stack.processes()["gateway"]["pid"]:
        projecting.fill(stack)
        skip_what_was_made_up(stack)
        servers.settle(stack)
        stack.start_services()
        _await_calm(stack)
    return stack.settings.gateway_port


def skip_what_was_made_up(stack: Stack) -> None:
    """Start the worker's relay and process behind the story, which is nobody's news."""
    with psycopg.connect(servers.admin(stack, "read_models")) as connection:
        connection.execute(f"set search_path = {SCHEMA}")
        connection.execute(
            "insert into checkpoints (name, position) select follower, max(position) from checkpoints,"
            " unnest(%s::text[]) follower group by follower on conflict (name) do nothing",
            (list(_FOLLOWERS),),
        )


def _await_calm(stack: Stack) -> None:
    """Until all processes together use less than a fifth of one core."""
    deadline = time.monotonic() + _CALM_SECONDS
    with Meter(stack) as meter:
        before = meter.read()
        while time.monotonic() < deadline:
            time.sleep(1)
            now = meter.read()
            spent = now - before
            if sum(spent.processor.values()) < _CALM_SHARE * spent.seconds:
                return
            before = now
    raise RuntimeError(f"the copy was still busy {_CALM_SECONDS:.0f} s after its start")
