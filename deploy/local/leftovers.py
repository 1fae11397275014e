"""Finds and ends processes of one copy that no supervisor keeps any more, say after the supervisor was killed."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

# Every process of a copy has this variable with the copy's run folder: it says whose it is without guessing by name.
MARK = "CLOUD_FACTORY_RUN_DIR"


def find(run_dir: Path) -> list[int]:
    """Process ids that carry the mark of `run_dir`."""
    wanted = f"{MARK}={run_dir}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def end(run_dir: Path, patience: float = 10.0) -> int:
    """End what carries the mark, kindly at first; returns how many there were."""
    ended = set(find(run_dir))
    _signal(ended, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while (left := find(run_dir)) and time.monotonic() < deadline:
        time.sleep(0.1)
    while left:
        _signal(left, signal.SIGKILL)
        time.sleep(0.1)
        left = find(run_dir)
    return len(ended)


def _signal(pids: set[int] | list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
