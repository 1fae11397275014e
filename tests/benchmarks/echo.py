"""HTTP, RPC and back with 1 KB of JSON: our gateway and rpc code beside nameko's own, both with a service behind."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from http.client import HTTPException

import orjson

from deploy.local.stack import Stack
from tests.benchmarks import load, servers
from tests.benchmarks.calls import CLIENTS
from tests.benchmarks.echoing import PATH
from tests.benchmarks.measure import Scale, interleaved, ratios, spread
from tests.benchmarks.meter import processor
from tests.benchmarks.report import Aim, Reached, Table, met

ECHO = Aim("echo of 1 KB through gateway and rpc, of nameko's own", least=1.4)
_DOCUMENT = orjson.dumps(
    {"ticket": "3f0c9d52", "subject": "Backup stopped", "priority": "high", "body": "The volume is full. " * 46}
)
_START_SECONDS = 30.0
_WARM_SECONDS = 0.5
_OURS, _NAMEKO = "our gateway and rpc code", "limit: nameko's own HTTP, RPC and reply, as it comes"


def measure(stack: Stack, scale: Scale) -> list[Table]:
    ports = [stack.settings.gateway_port + offset for offset in servers.SPARE_PORTS]
    environment = stack.env_for("gateway")
    with ExitStack() as ends:

        def start(port: int, *roles: str) -> tuple[int, list[int]]:
            own = {**environment, "GATEWAY_PORT": str(port)}
            pids = [
                ends.enter_context(
                    servers.process(["tests.benchmarks.echoing", role], own, stack.settings.logs / f"echo-{role}.log")
                )
                for role in roles
            ]
            _await(port)
            return port, pids

        ways = {
            _OURS: start(ports[0], "service", "gateway"),
            _NAMEKO: start(ports[1], "nameko-service", "nameko-gateway"),
        }
        costs: dict[str, list[list[float]]] = {name: [] for name in ways}
        loads: dict[str, list[load.Load]] = {name: [] for name in ways}

        def once(name: str, port: int, pids: Sequence[int]) -> float:
            load.run(port, CLIENTS, _WARM_SECONDS, _request)
            measured = (*pids, stack.pid("rabbitmq"))
            before = processor(measured)
            ran = load.run(port, CLIENTS, scale.http_seconds, _request)
            used = processor(measured)
            costs[name].append([(used[pid] - before[pid]) * 1000 / len(ran.times.seconds) for pid in measured])
            loads[name].append(ran)
            return ran.times.rate

        found = interleaved(2 * scale.rounds, {name: partial(once, name, *way) for name, way in ways.items()})
    ratio = ratios(found[_OURS], found[_NAMEKO]).middle
    return [
        Table(
            f"Echo: HTTP, RPC and back with {len(_DOCUMENT):,} bytes of JSON, {CLIENTS} clients",
            ["", "of the limit", "calls/s", "p50 ms", "p99 ms", "processor ms a call: service / gateway / RabbitMQ"],
            [
                [
                    name,
                    met(ratio, ECHO) if name == _OURS else "1.00",
                    str(spread(rates)),
                    *(f"{spread(one.times.ms(share) for one in loads[name]).middle:.1f}" for share in (0.5, 0.99)),
                    " / ".join(f"{spread(parts).middle:.2f}" for parts in zip(*costs[name], strict=True)),
                ]
                for name, rates in found.items()
            ],
            ["A gateway and a service, a process each, on one RabbitMQ. Neither writes a line for a request."],
            [Reached(ECHO, ratio)],
        )
    ]


def _request(_: int) -> bytes:
    return load.request("POST", PATH, {}, _DOCUMENT)


def _await(port: int) -> None:
    """Until a whole call gets through."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        client = load.Client(port)
        try:
            answer = client.call("POST", PATH, body=orjson.loads(_DOCUMENT))
        except (OSError, HTTPException, RuntimeError) as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no echo at port {port}") from error
            time.sleep(0.1)
        else:
            assert answer == orjson.loads(_DOCUMENT), answer
            return
        finally:
            client.close()
