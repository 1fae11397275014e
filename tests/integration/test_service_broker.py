"""The broker goes away and comes back: nobody waits for ever, nobody dies, everybody comes back by themselves."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import pytest

from shared.service.broker import BrokerUnavailable
from shared.service.client import Caller, ServiceUnavailable
from shared.service.publishing import Publisher
from tests.integration.service_tools import Proxy, ServiceProcess, eventually


@pytest.fixture
def proxy(amqp_url: str) -> Iterator[Proxy]:
    proxy = Proxy(amqp_url)
    yield proxy
    proxy.close()


def answers(caller: Caller, service: str) -> bool:
    try:
        return bool(caller.call(service, "echo", {"value": 1}, deadline=1.0) == 1)
    except ServiceUnavailable:
        return False


def test_a_service_starts_without_a_broker_and_says_so(amqp_url: str) -> None:
    proxy = Proxy(amqp_url, listening=False)
    process = ServiceProcess(proxy.url, f"early{uuid.uuid4().hex[:8]}")
    try:
        eventually(lambda: process.get("/health/live")[0] == 200)
        status, body = eventually(lambda: (answer := process.get("/health/ready"))[0] and answer)
        assert status == 503
        assert '"broker"' in body
        proxy.open()
        process.ready(within=10)
    finally:
        process.close()
        proxy.close()


def test_cut_connections_come_back_without_a_restart(proxy: Proxy) -> None:
    process = ServiceProcess(proxy.url, f"cut{uuid.uuid4().hex[:8]}").ready()
    caller = Caller(proxy.url, name="test")
    caller.start()
    try:
        eventually(lambda: answers(caller, process.name))
        for _ in range(3):
            proxy.cut()
            eventually(lambda: answers(caller, process.name), within=10)
        assert process.process.poll() is None
        assert caller.pending == 0
    finally:
        caller.stop()
        process.close()


def test_calls_to_a_silent_broker_end_soon_then_at_once_then_work_again(proxy: Proxy) -> None:
    process = ServiceProcess(proxy.url, f"silent{uuid.uuid4().hex[:8]}").ready()
    caller = Caller(proxy.url, name="test")
    caller.start()
    try:
        eventually(lambda: answers(caller, process.name))
        proxy.silence()
        codes, longest = [], 0.0
        for _ in range(6):
            began = time.monotonic()
            with pytest.raises(ServiceUnavailable) as fault:
                caller.call(process.name, "echo", {"value": 1}, deadline=0.5)
            codes.append(fault.value.code)
            longest = max(longest, time.monotonic() - began)
        assert set(codes[:5]) <= {"broker_away", "deadline_exceeded"}
        assert codes[5] == "circuit_open"
        assert longest < 1.5
        assert process.get("/health/live")[0] == 200
        proxy.speak()
        eventually(lambda: answers(caller, process.name), within=15)
        assert caller.pending == 0
    finally:
        caller.stop()
        process.close()


def test_publishing_to_a_silent_broker_ends_and_works_afterwards(proxy: Proxy) -> None:
    publisher = Publisher(proxy.url, name="test")
    publisher.publish(b"{}", exchange="amq.topic", routing_key="nobody", mandatory=False)
    proxy.silence()
    began = time.monotonic()
    with pytest.raises(BrokerUnavailable):
        publisher.publish(b"{}", exchange="amq.topic", routing_key="nobody", mandatory=False)
    assert time.monotonic() - began < 6
    proxy.speak()
    publisher.publish(b"{}", exchange="amq.topic", routing_key="nobody", mandatory=False)
    publisher.stop()


def test_a_stale_connection_is_replaced_without_an_error(proxy: Proxy) -> None:
    publisher = Publisher(proxy.url, name="test")
    for _ in range(3):
        publisher.publish(b"{}", exchange="amq.topic", routing_key="nobody", mandatory=False)
        proxy.cut()
    publisher.publish(b"{}", exchange="amq.topic", routing_key="nobody", mandatory=False)
    publisher.stop()
