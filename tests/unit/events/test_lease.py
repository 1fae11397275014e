"""Leases without a database: what happens to them when it answers strangely."""

from __future__ import annotations

import threading
import time
from typing import Any, cast

import pytest

from shared.events.lease import Leases
from shared.events.read_model import ReadModel


class Rows:
    """A read model that answers, or raises what it is told to."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.asked = 0

    def query(self, _: str, parameters: Any) -> list[dict[str, str]]:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return [{"name": name} for name in parameters[-1]] if len(parameters) == 3 else []


def test_no_fault_of_the_database_ends_the_taking_of_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.events.lease.RENEW_SECONDS", 0.01)
    monkeypatch.setattr("shared.events.lease.TAKE_SECONDS", 0.01)
    rows, stop = Rows(), threading.Event()
    leases = Leases(cast(ReadModel, rows))
    leases.want("one")
    rows.fault = RuntimeError("cannot execute INSERT in a read-only transaction")
    thread = threading.Thread(target=leases.run, args=(stop,))
    thread.start()
    try:
        _until(lambda: rows.asked > 3)
        assert not leases.holds("one")
        with pytest.raises(RuntimeError, match="read-only"):
            leases.check()
        rows.fault = None
        assert leases.wait("one", 5)
        leases.check()
        rows.fault = RuntimeError("again")
    finally:
        stop.set()
        thread.join(5)
    assert not thread.is_alive()
    assert not leases.holds("one")


def _until(condition: Any) -> None:
    ends = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.005)
