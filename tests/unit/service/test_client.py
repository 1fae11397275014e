from __future__ import annotations

from typing import Any

import orjson
import pytest

from shared.service.client import Breaker, Caller, RemoteRefusal, ServiceUnavailable, unwrap


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(failures=3, window=10, pause=2, now=clock)
    for _ in range(3):
        breaker.failed()
    return breaker


def test_a_breaker_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(failures=3, window=10, pause=2, now=Clock())
    breaker.failed()
    breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()


def test_a_success_between_keeps_a_breaker_closed() -> None:
    breaker = Breaker(failures=3, window=10, pause=2, now=Clock())
    for _ in range(5):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert breaker.allows()


def test_failures_further_apart_than_the_window_keep_a_breaker_closed() -> None:
    clock = Clock()
    breaker = Breaker(failures=3, window=10, pause=2, now=clock)
    for _ in range(6):
        breaker.failed()
        clock.seconds += 6
    assert breaker.allows()


def test_after_the_pause_one_call_tries_and_the_others_wait() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.seconds += 2
    assert breaker.allows()
    assert not breaker.allows()
    breaker.succeeded()
    assert breaker.allows()
    assert breaker.allows()


def test_a_failed_trial_opens_the_breaker_again() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.seconds += 2
    assert breaker.allows()
    breaker.failed()
    clock.seconds += 1.9
    assert not breaker.allows()
    clock.seconds += 0.1
    assert breaker.allows()


def envelope(**result: Any) -> bytes:
    return orjson.dumps({"result": result, "error": None})


def test_an_answer_is_unwrapped() -> None:
    assert unwrap(envelope(ok=True, value={"a": 1})) == {"a": 1}


def test_a_refusal_is_raised_with_its_problem() -> None:
    problem = {"kind": "not_found", "code": "ticket_not_found", "detail": "No.", "errors": {}, "details": {}}
    with pytest.raises(RemoteRefusal, match="ticket_not_found") as refused:
        unwrap(envelope(ok=False, problem=problem))
    assert refused.value.problem == problem


def test_an_answer_of_kind_unavailable_says_when_to_come_back() -> None:
    problem = {
        "kind": "unavailable",
        "code": "overloaded",
        "detail": "Busy.",
        "errors": {},
        "details": {"retry_after": 7},
    }
    with pytest.raises(ServiceUnavailable) as fault:
        unwrap(envelope(ok=False, problem=problem))
    assert (fault.value.code, fault.value.retry_after) == ("overloaded", 7)


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b"{}", b'{"result": 5}', b'{"result": {}}', b'{"result": null, "error": {"exc_type": "X"}}'],
)
def test_an_answer_in_another_form_is_a_fault_of_the_service(body: bytes) -> None:
    with pytest.raises(ServiceUnavailable, match="internal_error"):
        unwrap(body)


def test_without_a_broker_a_call_fails_within_its_deadline_and_leaves_nothing() -> None:
    caller = Caller("amqp://guest:guest@127.0.0.1:1/", name="test")
    with pytest.raises(ServiceUnavailable, match="broker_away"):
        caller.call("tickets", "ping", {}, deadline=0.05)
    assert caller.pending == 0
