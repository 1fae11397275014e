from __future__ import annotations

from typing import Any

import pytest

from shared.events import errors
from shared.service.admission import Admission
from shared.service.rpc import MAX_BODY, NotACall, answer, parse_call, rpc

PROPERTIES = {"content_type": "application/json", "reply_to": "r", "correlation_id": "c"}
BODY = b'{"args": [], "kwargs": {"a": 1}}'


def raising(error: BaseException) -> Any:
    def work() -> None:
        raise error

    return work


def test_a_value_is_wrapped() -> None:
    assert answer(lambda: {"a": 1}) == {"ok": True, "value": {"a": 1}}


def test_a_refusal_keeps_all_that_it_says() -> None:
    refusal = errors.Refusal("ticket_closed", "It is closed.", details={"follow_up_to": "t"}, errors={"body": ["No."]})
    assert answer(raising(refusal)) == {
        "ok": False,
        "problem": {
            "kind": "conflict",
            "code": "ticket_closed",
            "detail": "It is closed.",
            "errors": {"body": ["No."]},
            "details": {"follow_up_to": "t"},
        },
    }


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (errors.EventTooLarge("x"), "too_large", "event_too_large"),
        (errors.StoreUnavailable("x"), "unavailable", "store_unavailable"),
        (errors.CommandIdReused("x"), "invalid", "idempotency_key_reused"),
        (errors.WrongExpectedRevision("ticket-1", 1, 2), "unavailable", "write_conflict"),
        (errors.UnknownEvent("x"), "internal", "internal_error"),
        (errors.NotTheOwner("x"), "internal", "internal_error"),
        (ValueError("secret"), "internal", "internal_error"),
    ],
)
def test_each_error_has_its_answer_and_none_shows_its_inside(error: Exception, kind: str, code: str) -> None:
    problem = answer(raising(error))["problem"]
    assert (problem["kind"], problem["code"]) == (kind, code)
    assert "secret" not in str(problem)


def test_the_decorated_method_returns_the_envelope() -> None:
    class Service:
        @rpc
        def double(self, *, number: int) -> int:
            return 2 * number

        @rpc(kind="query")
        def half(self, *, number: int) -> int:
            return number // 0

    assert Service().double(number=2) == {"ok": True, "value": 4}
    assert Service().half(number=2)["problem"]["code"] == "internal_error"


def test_a_message_is_understood() -> None:
    headers = {"remaining_ms": 1500, "nameko.correlation_id": "x", "traceparent": "t"}
    call = parse_call(BODY, "tickets.ping", {**PROPERTIES, "application_headers": headers}, {"ping"}, 100.0)
    assert (call.method, call.kwargs, call.reply_to, call.correlation_id) == ("ping", {"a": 1}, "r", "c")
    assert call.context == {"remaining_ms": 1500, "correlation_id": "x", "traceparent": "t"}
    assert not call.expired(101.4)
    assert call.expired(101.5)


def test_a_message_without_a_deadline_never_expires() -> None:
    assert not parse_call(BODY, "tickets.ping", PROPERTIES, {"ping"}, 0.0).expired(1e12)


def test_a_deadline_by_the_callers_clock_is_none() -> None:
    headers = {"deadline": 1}
    assert not parse_call(BODY, "tickets.ping", {**PROPERTIES, "application_headers": headers}, {"ping"}, 0.0).expired(
        9
    )


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("no_reply_to", {"reply_to": None}),
        ("no_correlation_id", {"correlation_id": None}),
        ("content_type", {"content_type": None}),
        ("content_type", {"content_type": "application/x-python-serialize"}),
        ("too_large", {"body": b" " * (MAX_BODY + 1)}),
        ("not_json", {"body": b"{"}),
        ("not_json", {"body": b"\xff\xfe"}),
        ("bad_arguments", {"body": b"[]"}),
        ("bad_arguments", {"body": b'"text"'}),
        ("bad_arguments", {"body": b'{"args": []}'}),
        ("bad_arguments", {"body": b'{"args": [], "kwargs": [1]}'}),
        ("bad_arguments", {"body": b'{"args": [1], "kwargs": {}}'}),
        ("unknown_method", {"key": "tickets.__init__"}),
        ("unknown_method", {"key": "tickets"}),
    ],
)
def test_a_message_that_is_no_call_has_a_reason(reason: str, change: dict[str, Any]) -> None:
    parts = {"body": BODY, "key": "tickets.ping", **PROPERTIES, **change}
    properties = {name: value for name, value in parts.items() if name in PROPERTIES and value is not None}
    with pytest.raises(NotACall) as fault:
        parse_call(parts["body"], parts["key"], properties, {"ping"}, 0.0)
    assert fault.value.reason == reason


def test_admission_bounds_each_kind_by_itself() -> None:
    admission = Admission({"command": 1, "query": 2})
    assert admission.enter("command")
    assert not admission.enter("command", patience=0)
    assert admission.enter("query", patience=0)
    assert admission.enter("query", patience=0)
    assert not admission.enter("query", patience=0.01)
    admission.leave("command")
    assert admission.enter("command", patience=0)


def test_who_waited_in_vain_leaves_no_trace() -> None:
    admission = Admission({"command": 1})
    assert admission.enter("command")
    for _ in range(3):
        assert not admission.enter("command", patience=0.001)
    admission.leave("command")
    assert admission.enter("command")
