"""Turn this process into an eventlet process. `__main__` calls `patch()` before it imports anything else of ours."""

from __future__ import annotations

import os
import sys
import warnings


def patch() -> None:
    """Monkey-patch the standard library for eventlet and make psycopg wait in a way that eventlet can interrupt.

    Raises RuntimeError when psycopg was imported before: it has chosen its way of waiting by then, and one slow
    query would freeze every other call of the process.
    """
    if "psycopg" in sys.modules:
        raise RuntimeError("psycopg was imported before shared.service.patch.patch(); call patch() first")
    os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    import eventlet

    eventlet.monkey_patch()


def is_patched() -> bool:
    """Say whether this process is an eventlet process; never imports eventlet."""
    patcher = sys.modules.get("eventlet.patcher")
    return bool(patcher and patcher.is_monkey_patched("socket") and patcher.is_monkey_patched("thread"))


def assert_patched() -> None:
    """Raise RuntimeError unless `patch()` ran and psycopg, where it is used, took it up."""
    if not is_patched():
        raise RuntimeError("this process was not patched: __main__ has to call shared.service.patch.patch() first")
    waiting = sys.modules.get("psycopg.waiting")
    if waiting is not None and waiting.wait is not waiting.wait_selector:
        raise RuntimeError("psycopg does not wait cooperatively: PSYCOPG_WAIT_FUNC was not set before its import")
