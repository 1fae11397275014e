"""Which dependencies answer, looked at in the background so that asking costs nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from shared.service.health import CHECK_EVERY, Check, Watch


class Readiness:
    """Runs checks over and over once started; only the `needed` ones decide, the `helpful` ones are reported.

    `told` are parts that know by themselves how they are: each gives {ok, error, age_seconds}, and decides nothing.
    """

    def __init__(
        self,
        needed: Mapping[str, Check],
        helpful: Mapping[str, Check],
        told: Mapping[str, Callable[[], dict[str, Any]]],
    ) -> None:
        self._told = told
        self._needed = [Watch(name, check) for name, check in needed.items()]
        self._helpful = [Watch(name, check) for name, check in helpful.items()]
        self._stopped = threading.Event()

    def start(self) -> None:
        for watch in (*self._needed, *self._helpful):
            # One thread each: a check that hangs must not keep the others from being fresh.
            threading.Thread(target=self._keep, args=(watch,), name=f"ready-{watch.name}", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def report(self) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of /health/ready."""
        needed = {watch.name: watch.report() for watch in self._needed}
        helpful = {watch.name: watch.report() for watch in self._helpful}
        told = {name: tell() for name, tell in self._told.items()}
        stopping = self._stopped.is_set()
        ready = not stopping and all(check["ok"] for check in needed.values())
        return (200 if ready else 503), {"ready": ready, "stopping": stopping, "checks": {**needed, **helpful, **told}}

    def answers(self, name: str) -> bool:
        """Whether a helpful dependency answered when it was last asked; asks nobody."""
        return any(watch.report()["ok"] for watch in self._helpful if watch.name == name)

    def _keep(self, watch: Watch) -> None:
        watch.run_once()
        while not self._stopped.wait(CHECK_EVERY):
            watch.run_once()
