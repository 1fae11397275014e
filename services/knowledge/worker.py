"""The worker process: everything that follows the store, in plain threads."""

from __future__ import annotations

import signal
import threading

import structlog

from services.knowledge.bootstrap import build, build_runners
from services.knowledge.settings import Settings
from shared.events.follower import run_all
from shared.service.health import HealthServer
from shared.service.settings import ServiceSettings

log = structlog.get_logger()


def run(settings: Settings, process: ServiceSettings) -> None:
    """Follow the store until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    service = build(settings)
    runners = build_runners(service, settings, process.amqp_url, stop)
    checks = {**service.checks(), **{runner.name: runner.check for runner in runners}}
    health = HealthServer(process.health_port, checks, process.health_host)
    health.start()
    log.info("started", health_port=health.port)
    run_all(runners, stop, process.drain_seconds)
    health.close()
    service.close()
    log.info("stopped")
