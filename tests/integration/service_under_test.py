"""A small service on shared/service, run as a process of its own by test_service_*.py."""

from __future__ import annotations

from shared.service.patch import patch

patch()

import os  # noqa: E402
import time  # noqa: E402
from dataclasses import replace  # noqa: E402
from typing import Any  # noqa: E402

import eventlet  # noqa: E402
from nameko.extensions import DependencyProvider  # noqa: E402

from shared.events.deadline import remaining  # noqa: E402
from shared.events.errors import Refusal, StoreUnavailable  # noqa: E402
from shared.service.client import Caller, RemoteService  # noqa: E402
from shared.service.logging import correlation_id  # noqa: E402
from shared.service.rpc import rpc  # noqa: E402
from shared.service.runner import serve  # noqa: E402
from shared.service.settings import read_service_settings  # noqa: E402

executed: list[Any] = []
caller = Caller(os.environ["AMQP_URL"], name=os.environ["SERVICE_NAME"])
myself = RemoteService(caller, os.environ["SERVICE_NAME"])


class Fragile(DependencyProvider):
    """Fails before the method starts where a call asks for it: a fault that stock nameko dies of."""

    def worker_setup(self, worker_ctx: Any) -> None:
        if worker_ctx.kwargs.get("value") == "break the dependency":
            raise RuntimeError("the dependency broke")


class UnderTest:
    name = os.environ["SERVICE_NAME"]
    fragile = Fragile()

    @rpc(kind="query")
    def echo(self, *, value: Any = None) -> Any:
        return value

    @rpc(kind="query")
    def correlation(self) -> str | None:
        return correlation_id()

    @rpc(kind="query")
    def passed_on(self) -> Any:
        return [correlation_id(), myself.call("correlation")]

    @rpc(kind="query")
    def waited_for(self) -> float:
        return remaining(-1.0)

    @rpc
    def remember(self, *, value: Any) -> None:
        executed.append(value)

    @rpc(kind="query")
    def remembered(self) -> list[Any]:
        return executed

    @rpc
    def slow(self, *, seconds: float) -> float:
        executed.append("slow")
        time.sleep(seconds)
        return seconds

    @rpc
    def refuse(self) -> None:
        raise Refusal("too_blue", "This is too blue.", kind="invalid", errors={"colour": ["Too blue."]})

    @rpc
    def store_away(self) -> None:
        raise StoreUnavailable("no answer")

    @rpc
    def crash(self) -> None:
        raise ValueError("secret detail")

    @rpc
    def time_out(self) -> None:
        with eventlet.Timeout(0.01):
            time.sleep(1)

    @rpc
    def not_json(self) -> Any:
        return object()


if __name__ == "__main__":
    caller.start()
    settings = read_service_settings(UnderTest.name)
    serve(UnderTest, settings=replace(settings, drain_seconds=float(os.environ.get("DRAIN_SECONDS", "15"))))
