"""The bells of live streams between green threads: nobody sleeps through one, nobody is woken twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import eventlet
import pytest
from eventlet.hubs import get_hub

from services.gateway.http import server
from services.gateway.http.server import GreenBells
from services.gateway.live import ThreadBell

LONG = 30.0


@pytest.fixture(autouse=True)
def at_most(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.001)
    with eventlet.Timeout(5):
        yield


def waiting(bell: Any, then: Callable[[], None], seconds: float = LONG) -> Any:
    def wait() -> None:
        bell.wait(seconds)
        then()

    waiter = eventlet.spawn(wait)
    eventlet.sleep(0)
    return waiter


@pytest.mark.parametrize("kind", [ThreadBell, GreenBells()])
def test_rung_before_it_wakes_at_once_and_is_silent_then(kind: Any) -> None:
    bell = kind()
    bell.ring()
    bell.ring()
    bell.wait(LONG)
    bell.wait(0.001)


def test_it_wakes_whoever_waits() -> None:
    bell, woken = GreenBells()(), []
    waiter = waiting(bell, lambda: woken.append(1))
    assert woken == []
    bell.ring()
    bell.ring()
    waiter.wait()
    assert woken == [1]


def test_a_wait_ends_with_its_time_and_the_next_one_is_whole() -> None:
    bell, woken = GreenBells()(), []
    waiting(bell, lambda: woken.append("late"), 0.001).wait()
    waiter = waiting(bell, lambda: woken.append("rung"))
    eventlet.sleep(0.01)
    assert woken == ["late"]
    bell.ring()
    waiter.wait()
    assert woken == ["late", "rung"]


def test_time_and_bell_at_once_wake_once() -> None:
    bell, woken = GreenBells()(), []

    def wait() -> None:
        bell.wait(0)
        woken.append(1)
        eventlet.sleep(0.01)
        woken.append(2)

    waiter = eventlet.spawn(wait)
    get_hub().schedule_call_global(0, bell.ring)
    eventlet.sleep(0)
    eventlet.sleep(0)
    # Woken a second time it would not have slept.
    assert woken == [1]
    waiter.wait()
    assert woken == [1, 2]


def test_many_are_woken_a_few_at_a_time_so_that_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WAKE_AT_ONCE", 10)
    make, order = GreenBells(), []
    bells = [make() for _ in range(35)]
    waiters = [waiting(bell, lambda: order.append("stream")) for bell in bells]

    def call() -> None:
        while "stream" not in order:
            eventlet.sleep(0)
        order.append("call")

    other = eventlet.spawn(call)
    for bell in bells:
        bell.ring()
    for waiter in (*waiters, other):
        waiter.wait()
    assert order.count("stream") == 35
    assert order.index("call") <= 20


def test_one_that_fails_keeps_nobody_asleep() -> None:
    make, woken = GreenBells(), []
    bells = [make() for _ in range(3)]

    def fail() -> None:
        raise ValueError("on purpose")

    waiters = [
        waiting(bell, then) for bell, then in zip(bells, (lambda: None, fail, lambda: woken.append(1)), strict=True)
    ]
    for bell in bells:
        bell.ring()
    with pytest.raises(ValueError, match="on purpose"):
        waiters[1].wait()
    waiters[2].wait()
    waiting(bells[0], lambda: woken.append(2))
    bells[0].ring()
    eventlet.sleep(0.01)
    assert woken == [1, 2]
