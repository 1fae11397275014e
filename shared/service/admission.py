"""How much a process takes on at a time: each class of calls has places to work and places to wait."""

from __future__ import annotations

import threading
from collections.abc import Mapping

PATIENCE = 0.5


class Admission:
    """Bounded places for each kind of call; `limits` = how many may run, and as many again may wait."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._running = {kind: threading.Semaphore(limit) for kind, limit in limits.items()}
        self._waiting = {kind: threading.Semaphore(limit) for kind, limit in limits.items()}
        self.capacity = 2 * sum(limits.values())

    def enter(self, kind: str, patience: float = PATIENCE) -> bool:
        """Take a place, waiting for `patience` seconds at most; False = too much to do, the call is to be refused."""
        places = self._running[kind]
        if places.acquire(blocking=False):
            return True
        if patience <= 0 or not self._waiting[kind].acquire(blocking=False):
            return False
        try:
            return places.acquire(timeout=patience)
        finally:
            self._waiting[kind].release()

    def leave(self, kind: str) -> None:
        """Give the place back."""
        self._running[kind].release()
