"""What is run by hand: what verify says, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shared.events.projection import RebuildRunning
from shared.events.store.memory import MemoryEventStore
from shared.service.administration import verify


class Lists:
    """A projection of nothing."""

    name = "lists"
    tables = ("lists",)
    events = ()

    def apply(self, connection: Any, facts: Any) -> None:
        return


class Anew:
    """Stands in for `Rebuild`: fails where it is told to, and says whether its tables are gone."""

    def __init__(self, rows: list[dict[str, Any]], filling: Exception | None, comparing: Exception | None) -> None:
        self.rows, self.filling, self.comparing, self.discarded = rows, filling, comparing, False

    def fill(self, until: int) -> Iterator[int]:
        if self.filling is not None:
            raise self.filling
        yield until

    def differences(self, position: int) -> list[dict[str, Any]]:
        if self.comparing is not None:
            raise self.comparing
        return self.rows

    def discard(self) -> None:
        self.discarded = True


def verified(
    *, rows: tuple[dict[str, Any], ...] = (), filling: Exception | None = None, comparing: Exception | None = None
) -> tuple[Anew, Any]:
    """The tables that were made, and a call that verifies them."""
    anew = Anew(list(rows), filling, comparing)
    made: Any = anew
    return anew, lambda: verify([Lists()], lambda projection: made, MemoryEventStore())


@pytest.mark.parametrize("rows", [(), ({"table": "lists", "side": "log", "row": {}},)])
def test_it_tells_whether_rows_differ_and_leaves_nothing(rows: tuple[dict[str, Any], ...]) -> None:
    anew, run = verified(rows=rows)
    assert run() == len(rows)
    assert anew.discarded


def test_beside_a_rebuild_it_says_so_and_leaves_the_tables_of_that_alone(capsys: pytest.CaptureFixture[str]) -> None:
    anew, run = verified(filling=RebuildRunning("lists is being rebuilt"))
    assert run() == 1
    assert "lists is being rebuilt" in capsys.readouterr().err
    assert not anew.discarded


@pytest.mark.parametrize("where", ["filling", "comparing"])
def test_a_failure_leaves_no_tables(where: str) -> None:
    anew, run = verified(**{where: ConnectionError("the store is away")})  # type: ignore[arg-type]
    with pytest.raises(ConnectionError):
        run()
    assert anew.discarded
