"""RPC between processes over the real broker: what is answered, what is parked, and that nothing kills the service."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from nameko.standalone.rpc import ClusterRpcProxy

from shared.events.deadline import within
from shared.service.broker import connect
from shared.service.client import EXCHANGE, JSON, Caller, RemoteRefusal, ServiceUnavailable
from tests.integration.service_tools import ServiceProcess, eventually


@pytest.fixture(scope="module")
def service(amqp_url: str) -> Iterator[ServiceProcess]:
    process = ServiceProcess(amqp_url, f"undertest{uuid.uuid4().hex[:8]}")
    yield process.ready()
    process.close()


@pytest.fixture(scope="module")
def caller(amqp_url: str) -> Iterator[Caller]:
    caller = Caller(amqp_url, name="test")
    caller.start()
    eventually(caller.connected.is_set)
    yield caller
    caller.stop()


@pytest.fixture
def call(service: ServiceProcess, caller: Caller) -> Callable[..., Any]:
    def _call(method: str, deadline: float = 5.0, **kwargs: Any) -> Any:
        return caller.call(service.name, method, kwargs, deadline=deadline)

    return _call


@pytest.fixture
def channel(amqp_url: str) -> Iterator[Any]:
    with connect(amqp_url, name="test", confirms=True) as connection:
        yield connection.channel()


def publish(channel: Any, key: str, body: bytes, properties: dict[str, Any], headers: Any = None) -> None:
    """With exactly these properties: kombu's Producer would add some."""
    rest = dict(properties)
    message = channel.prepare_message(
        body, content_type=rest.pop("content_type", None), headers=headers, properties=rest
    )
    channel.basic_publish(message, EXCHANGE, key)


def assert_internal(fault: RemoteRefusal) -> None:
    assert (fault.problem["kind"], fault.problem["code"]) == ("internal", "internal_error")
    assert "secret" not in str(fault.problem)


def test_a_call_returns_the_value(call: Callable[..., Any]) -> None:
    value = {"text": "Grüße", "numbers": [1, 2.5, None, True]}
    assert call("echo", value=value) == value


def test_a_refusal_arrives_with_all_it_says(call: Callable[..., Any]) -> None:
    with pytest.raises(RemoteRefusal) as refused:
        call("refuse")
    assert refused.value.problem == {
        "kind": "invalid",
        "code": "too_blue",
        "detail": "This is too blue.",
        "errors": {"colour": ["Too blue."]},
        "details": {},
    }


@pytest.mark.parametrize("method", ["crash", "time_out", "not_json"])
def test_a_fault_of_ours_is_answered_without_details(call: Callable[..., Any], method: str) -> None:
    with pytest.raises(RemoteRefusal) as fault:
        call(method)
    assert_internal(fault.value)
    assert call("echo", value=1) == 1


def test_a_crash_is_logged_with_its_traceback_and_correlation_id(
    call: Callable[..., Any], service: ServiceProcess
) -> None:
    with pytest.raises(RemoteRefusal):
        call("crash")
    line = next(each for each in service.log_lines() if each["event"] == "call_crashed")
    assert "secret detail" in line["exception"]
    assert line["correlation_id"]
    assert line["call"] == f"{service.name}.crash"


def test_a_failing_dependency_is_answered_and_the_container_lives(
    call: Callable[..., Any], service: ServiceProcess
) -> None:
    with pytest.raises(RemoteRefusal) as fault:
        call("echo", value="break the dependency")
    assert_internal(fault.value)
    assert call("echo", value=1) == 1
    assert service.process.poll() is None


def test_a_store_that_is_away_is_named(call: Callable[..., Any]) -> None:
    with pytest.raises(ServiceUnavailable) as fault:
        call("store_away")
    assert (fault.value.code, fault.value.retry_after) == ("store_unavailable", 2)


def test_the_correlation_id_goes_along_from_service_to_service(call: Callable[..., Any]) -> None:
    first, second = call("passed_on")
    assert first == second is not None


def test_arguments_that_do_not_fit_are_refused(call: Callable[..., Any]) -> None:
    with pytest.raises(RemoteRefusal) as refused:
        call("echo", colour="blue")
    assert refused.value.problem["code"] == "bad_call"
    assert "colour" in refused.value.problem["detail"]


def test_an_absent_service_is_an_error_at_once(caller: Caller) -> None:
    began = time.monotonic()
    with pytest.raises(ServiceUnavailable) as fault:
        caller.call(f"absent{uuid.uuid4().hex}", "echo", {})
    assert fault.value.code == "service_away"
    assert time.monotonic() - began < 2


def test_a_call_ends_at_its_deadline_and_leaves_nothing_behind(call: Callable[..., Any], caller: Caller) -> None:
    began = time.monotonic()
    with pytest.raises(ServiceUnavailable) as fault:
        call("slow", seconds=1.0, deadline=0.3)
    assert fault.value.code == "deadline_exceeded"
    assert time.monotonic() - began < 1
    assert caller.pending == 0


def test_a_late_answer_is_not_sent(call: Callable[..., Any], service: ServiceProcess) -> None:
    before = service.metric(f'support_rpc_calls_total{{method="slow",outcome="expired",service="{service.name}"}}')
    with pytest.raises(ServiceUnavailable):
        call("slow", seconds=0.3, deadline=0.1)
    line = f'support_rpc_calls_total{{method="slow",outcome="expired",service="{service.name}"}}'
    eventually(lambda: service.metric(line) > before)


CALL = orjson.dumps({"args": [], "kwargs": {}})


@pytest.mark.parametrize(
    ("reason", "body", "method", "properties"),
    [
        ("no_reply_to", CALL, "echo", {"content_type": JSON, "correlation_id": "c"}),
        ("no_correlation_id", CALL, "echo", {"content_type": JSON, "reply_to": "r"}),
        ("content_type", CALL, "echo", {"reply_to": "r", "correlation_id": "c"}),
        ("content_type", b"\x80\x04.", "echo", {"content_type": "application/x-python-serialize"}),
        ("not_json", b"{", "echo", {"content_type": JSON}),
        ("bad_arguments", b"[]", "echo", {"content_type": JSON}),
        ("bad_arguments", b'{"args": [1], "kwargs": {}}', "echo", {"content_type": JSON}),
        ("unknown_method", CALL, "no_such_method", {"content_type": JSON}),
        ("too_large", b'"' + b"x" * (2 * 1024 * 1024) + b'"', "echo", {"content_type": JSON}),
    ],
)
def test_what_is_no_call_is_parked_with_its_reason_and_the_service_lives(
    reason: str,
    body: bytes,
    method: str,
    properties: dict[str, str],
    channel: Any,
    service: ServiceProcess,
    call: Callable[..., Any],
) -> None:
    parking = f"parked.{service.name}"
    channel.queue_purge(parking)
    if reason not in ("no_reply_to", "no_correlation_id"):
        properties = {"reply_to": "nobody", "correlation_id": "c", **properties}
    publish(channel, f"{service.name}.{method}", body, properties)
    parked = eventually(lambda: channel.basic_get(parking, no_ack=True))
    assert parked.headers["reason"] == reason
    assert parked.headers["routing_key"] == f"{service.name}.{method}"
    assert parked.headers["size"] == len(body)
    assert call("echo", value=1) == 1


def test_a_caller_of_an_unknown_method_is_told(call: Callable[..., Any]) -> None:
    with pytest.raises(ServiceUnavailable) as fault:
        call("no_such_method")
    assert fault.value.code == "unknown_method"


def test_work_whose_caller_is_gone_is_not_begun(
    channel: Any, service: ServiceProcess, call: Callable[..., Any]
) -> None:
    body = orjson.dumps({"args": [], "kwargs": {"value": "too late"}})
    properties = {"content_type": JSON, "reply_to": "nobody", "correlation_id": "c"}
    publish(channel, f"{service.name}.remember", body, properties, {"remaining_ms": 0})
    eventually(lambda: service.metric(f'support_rpc_expired_total{{service="{service.name}"}}'))
    call("remember", value="in time")
    assert "too late" not in call("remembered")
    assert "in time" in call("remembered")


def test_a_handler_knows_how_long_its_caller_waits(call: Callable[..., Any]) -> None:
    assert 2.0 < call("waited_for", deadline=3.0) <= 3.0


def test_who_calls_for_somebody_waits_no_longer_than_they_do(call: Callable[..., Any], caller: Caller) -> None:
    began = time.monotonic()
    with within(0.3), pytest.raises(ServiceUnavailable) as fault:
        call("slow", seconds=1.0)
    assert fault.value.code == "deadline_exceeded"
    assert time.monotonic() - began < 1


def test_an_answer_that_nobody_takes_is_counted_and_the_service_lives(
    channel: Any, service: ServiceProcess, call: Callable[..., Any]
) -> None:
    line = f'support_rpc_replies_lost_total{{service="{service.name}"}}'
    before = service.metric(line)
    properties = {"content_type": JSON, "reply_to": str(uuid.uuid4()), "correlation_id": "c"}
    publish(channel, f"{service.name}.echo", CALL, properties)
    eventually(lambda: service.metric(line) > before)
    assert call("echo", value=1) == 1


def test_a_plain_nameko_client_can_call(amqp_url: str, service: ServiceProcess) -> None:
    with ClusterRpcProxy({"AMQP_URI": amqp_url, "serializer": "json"}, timeout=5) as plain:
        assert plain[service.name].echo(value="Grüße") == {"ok": True, "value": "Grüße"}


def test_a_full_queue_is_an_error_at_once(channel: Any, caller: Caller) -> None:
    service = f"full{uuid.uuid4().hex[:8]}"
    bounds = {"x-max-length": 1, "x-overflow": "reject-publish", "x-expires": 10_000}
    channel.queue_declare(f"rpc-{service}", auto_delete=False, arguments=bounds)
    channel.queue_bind(f"rpc-{service}", EXCHANGE, f"{service}.*")
    publish(channel, f"{service}.echo", CALL, {})
    began = time.monotonic()
    with pytest.raises(ServiceUnavailable) as fault:
        caller.call(service, "echo", {})
    assert fault.value.code == "overloaded"
    assert time.monotonic() - began < 2
    assert caller.pending == 0


def in_background(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(call())
        except (ServiceUnavailable, RemoteRefusal) as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def test_too_much_work_is_refused_soon_and_queries_go_on(amqp_url: str, caller: Caller) -> None:
    process = ServiceProcess(amqp_url, f"busy{uuid.uuid4().hex[:8]}", RPC_MAX_COMMANDS="1").ready()
    try:
        running, first = in_background(lambda: caller.call(process.name, "slow", {"seconds": 2}))
        eventually(lambda: caller.call(process.name, "remembered", {}) == ["slow"])
        began = time.monotonic()
        with pytest.raises(ServiceUnavailable) as fault:
            caller.call(process.name, "slow", {"seconds": 0})
        assert fault.value.code == "overloaded"
        assert time.monotonic() - began < 1.5
        assert caller.call(process.name, "echo", {"value": 1}) == 1
        assert process.metric(f'support_rpc_refused_total{{kind="command",service="{process.name}"}}') == 1
        running.join()
        assert first == [2]
        assert caller.call(process.name, "slow", {"seconds": 0}) == 0
    finally:
        process.close()


def test_sigterm_answers_what_is_in_hand_and_ends_with_0(amqp_url: str, caller: Caller) -> None:
    process = ServiceProcess(amqp_url, f"ending{uuid.uuid4().hex[:8]}").ready()
    try:
        running, outcome = in_background(lambda: caller.call(process.name, "slow", {"seconds": 1}))
        eventually(lambda: caller.call(process.name, "remembered", {}) == ["slow"])
        assert process.terminate(within=5) == 0
        running.join()
        assert outcome == [1]
    finally:
        process.close()


def test_sigterm_ends_with_0_even_when_a_call_never_ends(amqp_url: str, caller: Caller) -> None:
    process = ServiceProcess(amqp_url, f"stuck{uuid.uuid4().hex[:8]}", DRAIN_SECONDS="1").ready()
    try:
        running, _ = in_background(lambda: caller.call(process.name, "slow", {"seconds": 600}, deadline=1))
        eventually(lambda: caller.call(process.name, "remembered", {}) == ["slow"])
        assert process.terminate(within=4) == 0
        running.join()
    finally:
        process.close()
