"""The time that a piece of work has left."""

from __future__ import annotations

import threading

from shared.events import deadline


def test_without_a_limit_the_default_holds() -> None:
    assert deadline.remaining(5.0) == 5.0


def test_a_limit_holds_inside_its_block_only() -> None:
    with deadline.within(2.0):
        assert 1.5 < deadline.remaining(5.0) <= 2.0
    assert deadline.remaining(5.0) == 5.0


def test_an_inner_limit_cannot_lengthen_an_outer_one() -> None:
    with deadline.within(1.0), deadline.within(60.0):
        assert deadline.remaining(5.0) <= 1.0
    with deadline.within(60.0), deadline.within(0.0):
        assert deadline.remaining(5.0) == 0.0


def test_threads_have_limits_of_their_own() -> None:
    seen: list[float] = []
    with deadline.within(1.0):
        thread = threading.Thread(target=lambda: seen.append(deadline.remaining(5.0)))
        thread.start()
        thread.join()
    assert seen == [5.0]
