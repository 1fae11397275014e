"""Processes are killed in the middle of their work: nothing is lost, nothing is doubled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import kombu
import pytest
import requests

from deploy.local.settings import PROJECT, LocalError
from deploy.local.stack import Stack
from shared.events.relay import EXCHANGE
from tests.integration.api import Person


def reached(person: Person, position: int, seconds: float = 20.0) -> float:
    """How long it takes until the read models have seen a position."""
    started = time.monotonic()
    while person.get(f"/tickets/statistics?min_position={position}")["position"] < position:
        assert time.monotonic() - started < seconds, "the read models do not come after"
    return time.monotonic() - started


def every(seconds: float, action: Callable[[], Any], stop: threading.Event) -> threading.Thread:
    def repeat() -> None:
        while not stop.wait(seconds):
            action()

    thread = threading.Thread(target=repeat)
    thread.start()
    return thread


class Killer:
    """Kills a process over and over, unless it is between two lives at the moment."""

    def __init__(self, system: Stack, name: str, seconds: float) -> None:
        self._system, self._name = system, name
        self.kills = 0
        self._stop = threading.Event()
        self._thread = every(seconds, self._kill, self._stop)

    def _kill(self) -> None:
        with suppress(LocalError):
            self._system.kill(self._name)
            self.kills += 1

    def stop(self) -> None:
        """Stop, and wait until the process is back."""
        self._stop.set()
        self._thread.join()
        self._system.wait_ready(self._name)


class Listener:
    """A system outside that is bound to the exchange: it keeps the events that it was sent."""

    def __init__(self, url: str) -> None:
        self._connection = kombu.Connection(url)
        queue = kombu.Queue("test-survival", EXCHANGE, routing_key="ticket.#", durable=False, auto_delete=True)
        self.events: list[dict[str, Any]] = []
        self._consumer = self._connection.Consumer(queue, callbacks=[self._take], accept=["json"])
        self._consumer.consume()

    def _take(self, body: Any, message: kombu.Message) -> None:
        self.events.append(body if isinstance(body, dict) else json.loads(body))
        message.ack()

    def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"only {len(self.events)} events came"
            try:
                self._connection.drain_events(timeout=0.5)
            except TimeoutError:
                continue

    def close(self) -> None:
        self._connection.release()


def test_a_killed_worker_loses_nothing(system: Stack, ada: Person, ben: Person) -> None:
    listener = Listener(system.amqp_url())
    killer = Killer(system, "tickets-worker", seconds=0.7)
    opened, last = [], 0
    try:
        for number in range(25):
            ticket = ada.open(subject=f"Ticket {number}")
            ben.send(f"/tickets/{ticket['id']}/messages", {"body": "Looking into it"})
            if number % 2:
                last = ben.send(f"/tickets/{ticket['id']}/resolve", {"body": "Done"})["position"]
            else:
                last = ada.send(f"/tickets/{ticket['id']}/messages", {"body": "Thanks"})["position"]
            opened.append(ticket["id"])
            time.sleep(0.1)
    finally:
        killer.stop()
    assert killer.kills >= 3
    reached(ada, last)

    statistics = ada.get("/tickets/statistics")
    assert (statistics["total"], statistics["in_progress"], statistics["resolved"]) == (25, 13, 12)
    items = ada.get("/tickets?limit=100")["items"]
    assert sorted(item["id"] for item in items) == sorted(opened)
    assert {item["message_count"] for item in items} == {2}

    streams = {f"ticket-{id_}" for id_ in opened}
    log = [event for event in everything(ben) if event["stream"] in streams]
    listener.until(lambda: {event["id"] for event in log} <= {event["id"] for event in listener.events})
    listener.close()
    firsts: dict[str, list[int]] = {}
    seen = set()
    for event in listener.events:
        if event["stream"] in streams and event["id"] not in seen:
            seen.add(event["id"])
            firsts.setdefault(event["stream"], []).append(event["revision"])
    assert all(revisions == sorted(revisions) for revisions in firsts.values())


def test_a_retry_after_the_service_was_killed_has_one_effect(system: Stack, url: str, ben: Person) -> None:
    # the service needs about two seconds to come back
    killer = Killer(system, "tickets-rpc", seconds=3.0)
    people = [Person(url, f"Customer{number}") for number in range(4)]

    def customer(person: Person) -> list[str]:
        opened: list[str] = []
        while killer.kills < 4:
            text = f"message {len(opened)}"
            body = {"subject": "Once", "category": "GENERAL", "priority": "LOW", "description": "Please."}
            ticket = person.persistently("/tickets", body)
            message = person.persistently(f"/tickets/{ticket['id']}/messages", {"body": text})
            opened.append(ticket["id"])
            assert message["body"] == text
        return opened

    try:
        with ThreadPoolExecutor(len(people)) as pool:
            opened = list(pool.map(customer, people))
    finally:
        killer.stop()
    events = everything(ben)
    for person, ids in zip(people, opened, strict=True):
        streams = Counter(
            event["stream"]
            for event in events
            if event["name"] == "TicketOpened" and event["data"]["by"]["id"] == person.id
        )
        assert streams == Counter({f"ticket-{id_}": 1 for id_ in ids})
        for number, id_ in enumerate(ids):
            mine = [event for event in events if event["stream"] == f"ticket-{id_}"]
            assert [event["name"] for event in mine] == ["TicketOpened", "MessagePosted"]
            assert mine[1]["data"]["body"] == f"message {number}"
    reached(ben, events[-1]["position"])


def test_a_standby_worker_takes_over_within_five_seconds(system: Stack, ada: Person) -> None:
    environment = {**system.env_for("tickets"), "HEALTH_PORT": "0"}
    command = [sys.executable, "-m", "services.tickets", "worker"]
    standby = subprocess.Popen(
        command, env=environment, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        assert standby.stderr is not None
        assert any("started" in line for line in standby.stderr)
        reached(ada, ada.open()["position"])
        system.stop_process("tickets-worker")
        assert reached(ada, ada.open()["position"]) <= 5
    finally:
        system.start_process("tickets-worker")
        standby.kill()
        standby.communicate()
    assert reached(ada, ada.open()["position"]) <= 5


def test_without_its_service_the_gateway_says_so_and_recovers(system: Stack, ada: Person) -> None:
    system.stop_process("tickets-rpc")
    try:
        answer = ada.request("GET", "/tickets")
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
        assert int(answer.headers["Retry-After"]) >= 1
        assert ada.get("/support/hub")["cards"]
    finally:
        system.start_process("tickets-rpc")
    ada.persistently(
        "/tickets", {"subject": "Back", "category": "GENERAL", "priority": "LOW", "description": "It is back."}
    )


def test_while_the_chat_service_is_away_tickets_are_followed_live_and_chats_afterwards(
    system: Stack, url: str, ada: Person
) -> None:
    chat = ada.send("/chats")["id"]
    live = ada.live()
    system.stop_process("chat-rpc")
    try:
        opened = ada.open(subject="Live goes on")
        live.until(lambda: any(position == opened["position"] for position, _, _ in live.items))
        until_not_followed(url, "chat")
        live.close()
        again = ada.live(after=live.last_id)
    finally:
        system.start_process("chat-rpc")
    written = ada.send(f"/chats/{chat}/messages", {"body": "Is anybody there?"})
    again.until(lambda: any(position == written["position"] for position, _, _ in again.items))
    again.close()
    assert not {position for position, _, _ in again.items} & {position for position, _, _ in live.items}


def until_not_followed(url: str, service: str) -> None:
    """Wait until readiness says that the live hub does not reach a service, which decides nothing."""
    deadline = time.monotonic() + 20
    while service not in str((answer := requests.get(f"{url}/health/ready", timeout=5)).json()["checks"]["live"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert answer.status_code == 200


def test_verify_finds_nothing_after_all_that(system: Stack) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services.tickets", "verify"],
        env={**os.environ, **system.env_for("tickets")},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "0 differences in all" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("projection", ["ticket_list", "statistics", "messages", "search", "analytics"])
def test_a_rebuild_under_load_changes_nothing_that_readers_see(
    system: Stack, ada: Person, ben: Person, projection: str
) -> None:
    reached(ada, ada.open()["position"])
    stop, totals = threading.Event(), []
    reader = every(0.01, lambda: totals.append(ada.get("/tickets")["total"]), stop)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "services.tickets", "rebuild", projection],
            env=system.env_for("tickets"),
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        last = ada.open()["position"]
    finally:
        stop.set()
        reader.join()
    assert done.returncode == 0, done.stdout + done.stderr
    reached(ada, last)
    assert totals == sorted(totals)
    assert totals[0] >= 1
    assert ada.get("/tickets")["total"] == ada.get("/tickets/statistics")["total"] == 2


def everything(person: Person) -> list[dict[str, Any]]:
    """The whole log, over HTTP."""
    items: list[dict[str, Any]] = []
    after = -1
    while True:
        page = person.get(f"/events?after={after}&limit=100")
        items += page["items"]
        after = page["position"]
        if page["caught_up"]:
            return items
