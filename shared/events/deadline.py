"""How long whoever waits for this piece of work goes on waiting; known to everything that runs for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ends: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give the block, in this thread or green thread, so many seconds from now; an outer limit stays in force."""
    ends = time.monotonic() + seconds
    outer = _ends.get()
    token = _ends.set(ends if outer is None else min(outer, ends))
    try:
        yield
    finally:
        _ends.reset(token)


def remaining(otherwise: float) -> float:
    """Seconds that are left, never below 0; `otherwise` where nobody set a limit."""
    ends = _ends.get()
    return otherwise if ends is None else max(0.0, ends - time.monotonic())
