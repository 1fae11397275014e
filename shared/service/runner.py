"""Run nameko services as one dependable process: start without the broker, health, orderly stop."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, NoReturn

import eventlet
import structlog
from greenlet import GreenletExit  # type: ignore[import-untyped]
from nameko.containers import ServiceContainer

from shared import heap
from shared.events import deadline
from shared.service.health import HealthServer
from shared.service.logging import bound, configure
from shared.service.patch import assert_patched
from shared.service.settings import ServiceSettings

log = structlog.get_logger(__name__)

LOOK_EVERY = 0.5
ENDS = "ends"
"""Where a worker's context says when whoever waits for it stops, by the monotonic clock; None = nobody knows."""


class DependableContainer(ServiceContainer):  # type: ignore[misc]
    """A nameko container that no failing worker can take down."""

    def _run_worker(self, worker_ctx: Any, handle_result: Callable[..., Any] | None) -> None:
        """nameko's own steps in its order, without the call ids and timings that it makes for lines nobody logs."""
        told = False

        def tell(result: Any, exc_info: Any) -> Any:
            nonlocal told
            told = True
            return handle_result(worker_ctx, result, exc_info) if handle_result else (result, exc_info)

        # taken out, so that it never goes on to another process, whose clock is another
        ends = worker_ctx.data.pop(ENDS, None)
        name = worker_ctx.entrypoint.method_name
        with (
            bound(correlation_id=worker_ctx.data.get("correlation_id"), call=f"{self.service_name}.{name}"),
            nullcontext() if ends is None else deadline.within(ends - time.monotonic()),
        ):
            try:
                self._inject_dependencies(worker_ctx)
                self._worker_setup(worker_ctx)
                result, exc_info = None, None
                try:
                    result = getattr(worker_ctx.service, name)(*worker_ctx.args, **worker_ctx.kwargs)
                except Exception:
                    log.exception("handler_crashed")
                    exc_info = sys.exc_info()
                result, exc_info = tell(result, exc_info)
                self._worker_result(worker_ctx, result, exc_info)
                self._worker_teardown(worker_ctx)
            except GreenletExit:
                raise
            except (Exception, eventlet.Timeout):
                log.exception("worker_failed")
                if not told:
                    tell(None, sys.exc_info())


def serve(
    *service_classes: type,
    settings: ServiceSettings,
    checks: Mapping[str, Callable[[], None]] | None = None,
    config: Mapping[str, Any] | None = None,
) -> NoReturn:
    """Run the services until SIGTERM or SIGINT, then end the process: 0 = asked to stop, 1 = something broke.

    `checks` are the readiness checks of the service's own dependencies, beside the broker; `config` is added to
    nameko's configuration (`WEB_SERVER_ADDRESS`, ...). On a signal: not ready, no new work, at most
    `settings.drain_seconds` for the work in hand, exit.
    """
    assert_patched()
    configure(settings.service, settings.log_level)
    asked_to_stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: asked_to_stop.append(received))
    containers = [DependableContainer(each, {**nameko_config(settings), **(config or {})}) for each in service_classes]
    health = HealthServer(settings.health_port, {**broker_checks(containers), **(checks or {})}, settings.health_host)
    try:
        health.start()
        # beside this loop, so that a start which hangs can still be stopped
        starts = [eventlet.spawn(container.start) for container in containers]
        log.info("starting", health_port=health.port)
        heap.settle()
        while not asked_to_stop and not any(container._died.ready() for container in containers):
            starts = [start for start in starts if not start.dead or start.wait()]
            eventlet.sleep(LOOK_EVERY)
    except Exception:
        log.exception("start_failed")
    log.info("stopping", asked=bool(asked_to_stop))
    health.stop_being_ready()
    drained = _drain(containers, settings.drain_seconds)
    log.info("stopped", drained=drained)
    sys.stderr.flush()
    # A call that nobody answers, or a thread of a driver, must not keep the process
    os._exit(0 if asked_to_stop else 1)


def nameko_config(settings: ServiceSettings) -> dict[str, Any]:
    """The configuration that our extensions and nameko's containers read."""
    return {
        "AMQP_URI": settings.amqp_url,
        "MAX_COMMANDS": settings.max_commands,
        "MAX_QUERIES": settings.max_queries,
        # admission decides how much runs; the pool must never be what a message waits for
        "max_workers": 4 * (settings.max_commands + settings.max_queries) + 50,
        "serializer": "json",
        "ACCEPT": ["json"],
    }


def broker_checks(containers: list[Any]) -> dict[str, Callable[[], None]]:
    """One check that asks every extension which talks to the broker."""
    extensions = [each for container in containers for each in container.subextensions if hasattr(each, "check")]

    def broker() -> None:
        for extension in extensions:
            extension.check()

    return {"broker": broker} if extensions else {}


def _drain(containers: list[Any], seconds: float) -> bool:
    def stop_all() -> None:
        pool = eventlet.GreenPool()
        for container in containers:
            pool.spawn(container.stop)
        pool.waitall()

    stopper = eventlet.spawn(stop_all)
    try:
        with eventlet.Timeout(seconds):
            stopper.wait()
        return True
    except eventlet.Timeout:
        return False
    except Exception:
        log.exception("stop_failed")
        return False
