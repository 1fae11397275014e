"""A worker process: everything of a service that follows the store, in plain threads."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from shared import heap
from shared.events.follower import Worker
from shared.service.health import HealthServer
from shared.service.settings import ServiceSettings

log = structlog.get_logger()


class Service(Protocol):
    """The parts of a service that a worker opens and closes."""

    def checks(self) -> Mapping[str, Callable[[], None]]: ...

    def close(self) -> None: ...


def run(service: Service, build_worker: Callable[[threading.Event], Worker], process: ServiceSettings) -> None:
    """Follow the store until SIGTERM or SIGINT; `build_worker` is given the event that says stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    worker = build_worker(stop)
    health = HealthServer(process.health_port, {**service.checks(), **worker.checks()}, process.health_host)
    health.start()
    log.info("started", health_port=health.port)
    heap.settle()
    worker.run(process.drain_seconds)
    health.close()
    service.close()
    log.info("stopped")
