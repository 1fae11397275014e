"""Live chat on the real system: the assistant answers, people take over, and one speaks at a time whatever dies."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.local.stack import Stack
from services.chat import bootstrap
from services.chat.actor import Actor
from services.chat.hours import Hours
from services.chat.settings import Settings
from tests.integration.api import Person
from tests.integration.test_survival import Killer, everything
from tests.unit.chat.people import context

CHATS = 200
ANSWERED_WITHIN = 30.0


def answered(person: Person, chat_id: str, after: int, seconds: float = ANSWERED_WITHIN) -> Any:
    """The assistant's first message behind a position."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for message in person.get(f"/chats/{chat_id}/messages")["items"]:
            if message["position"] > after and message["author"]["role"] == "assistant":
                return message
        time.sleep(0.02)
    raise AssertionError("the assistant does not answer")


def begun(person: Person, message: str) -> tuple[str, Any]:
    chat = person.send("/chats", {"message": message})
    return chat["id"], answered(person, chat["id"], chat["position"])


def said(person: Person, chat_id: str, **message: Any) -> Any:
    return answered(person, chat_id, person.send(f"/chats/{chat_id}/messages", message)["position"])


@pytest.fixture
def content(ada: Person) -> None:
    """The starting content can be found; it is projected a moment after it was brought in."""
    until(lambda: ada.get("/kb/search?q=password")["total"], lambda total: total > 0)
    until(lambda: ada.get("/faq")["items"], lambda items: len(items) > 10)


@pytest.mark.usefixtures("content")
class TestTheAssistant:
    def test_answers_a_question_with_its_source(self, ada: Person) -> None:
        chat_id, answer = begun(ada, "How do I reset my password?")
        source = answer["sources"][0]
        assert "password" in source["title"].lower()
        assert answer["confidence"] > 0.5
        rated = ada.send(f"/chats/{chat_id}/messages/{answer['id']}/feedback", {"helpful": True})
        shown = ada.get(f"/chats/{chat_id}/messages?min_position={rated['position']}")["items"]
        assert [message["feedback"] for message in shown if message["id"] == answer["id"]] == [True]

    def test_says_how_a_service_is(self, ada: Person) -> None:
        _, answer = begun(ada, "Is DNS down?")
        assert "DNS" in answer["body"]
        assert ada.get("/support/status")["services"]

    def test_leads_through_a_procedure(self, ada: Person) -> None:
        chat_id, answer = begun(ada, "I lost my second factor, guide me")
        started = [action for action in answer["actions"] if action["kind"] == "start_procedure"]
        if started:
            answer = said(ada, chat_id, action=started[0])
        steps = 0
        while choices := [a for a in answer["actions"] if a["kind"] == "choose" and a["value"] != "back"]:
            answer = said(ada, chat_id, action=choices[0])
            steps += 1
            assert steps < 30
        assert steps >= 1

    def test_knows_the_asker_s_tickets_and_no_other_s(self, ada: Person, chi: Person) -> None:
        mine, other = ada.open(subject="My broken volume"), chi.open(subject="Secret of Chi")
        ada.get(f"/tickets?min_position={other['position']}")
        chat_id, answer = begun(ada, f"What about {mine['number']}?")
        assert "My broken volume" in answer["body"]
        answer = said(ada, chat_id, body=f"And what about {other['number']}?")
        assert "Secret of Chi" not in answer["body"]


class TestPeople:
    def test_take_over_answer_and_make_a_ticket(self, ada: Person, ben: Person, eva: Person) -> None:
        chat_id, _ = begun(ada, "My disk is broken")
        waits = ada.send(f"/chats/{chat_id}/handoff", {"reason": "It is urgent"})
        assert (waits["status"], waits["owner"]) == ("WAITING_FOR_AGENT", "ASSISTANT")
        assert waits["queue_position"] >= 1
        accepted = ben.send(f"/chats/{chat_id}/accept")
        assert (accepted["status"], accepted["owner"], accepted["assignee"]["name"]) == ("WITH_AGENT", "AGENT", "Ben")
        assert eva.refused(f"/chats/{chat_id}/accept", {}) == (409, "already_taken")
        assert eva.refused(f"/chats/{chat_id}/messages", {"body": "Me too"}) == (409, "not_your_chat")
        summary = ben.get(f"/chats/{chat_id}/summary")
        assert (summary["question"], summary["requested_because"]) == ("My disk is broken", "It is urgent")
        file = ada.upload(b"\x89PNG\r\n\x1a\n" + b"0" * 40, "disk.png")
        sent = ada.send(f"/chats/{chat_id}/messages", {"attachments": [file["id"]]})
        assert sent["attachments"][0]["filename"] == "disk.png"
        assert ben.request("GET", f"/attachments/{file['id']}").status_code == 200
        ben.send(f"/chats/{chat_id}/messages", {"body": "I see it."})
        ticket = ben.send(f"/chats/{chat_id}/ticket", {"category": "TECHNICAL"})
        assert ticket["from_chat"] == chat_id
        assert "I see it." in ticket["description"]
        assert [attached["filename"] for attached in ticket["attachments"]] == ["disk.png"]
        assert ada.send(f"/chats/{chat_id}/ticket")["id"] == ticket["id"]
        shown = ada.get(f"/tickets/{ticket['id']}?min_position={ticket['position']}")
        assert (shown["number"], shown["from_chat"]) == (ticket["number"], chat_id)
        ended = ben.send(f"/chats/{chat_id}/end")
        assert (ended["status"], ended["ticket_number"]) == ("ENDED", ticket["number"])

    def test_a_customer_sees_nothing_of_another(self, ada: Person, chi: Person) -> None:
        theirs = chi.live()
        chat_id, _ = begun(ada, "A secret of Ada")
        file = ada.upload(b"\x89PNG\r\n\x1a\n" + b"1" * 40, "a.png")
        ada.send(f"/chats/{chat_id}/messages", {"attachments": [file["id"]]})
        assert ada.request("POST", f"/chats/{chat_id}/typing", {}).status_code == 204
        for path in (f"/chats/{chat_id}", f"/chats/{chat_id}/messages", f"/chats/{chat_id}/live"):
            assert chi.refused(path, method="GET") == (404, "chat_not_found")
        for path, body in (("messages", {"body": "x"}), ("typing", {}), ("handoff", {}), ("ticket", {}), ("end", {})):
            assert chi.refused(f"/chats/{chat_id}/{path}", body) == (404, "chat_not_found")
        assert chi.request("GET", f"/attachments/{file['id']}").status_code == 404
        assert chi.get("/chats")["total"] == 0
        last = chi.send("/chats", {"message": "Mine"})
        theirs.until_position(last["position"])
        theirs.close()
        assert {data["chat_id"] for _, _, data in theirs.items if "chat_id" in data} == {last["id"]}

    def test_live_shows_messages_owners_and_who_types(self, ada: Person, ben: Person) -> None:
        chat_id, _ = begun(ada, "Hello there")
        live = ada.live(f"/chats/{chat_id}/live")
        accepted = ben.send(f"/chats/{chat_id}/accept")
        # typing is shown of who may write, which the rows say
        ben.get(f"/chats/{chat_id}?min_position={accepted['position']}")
        assert ben.request("POST", f"/chats/{chat_id}/typing", {}).status_code == 204
        live.until(lambda: any(name == "typing" and data["by"]["name"] == "Ben" for _, name, data in live.items))
        sent = ben.send(f"/chats/{chat_id}/messages", {"body": "Here I am."})
        live.until_position(sent["position"])
        live.close()
        joined = next(data for _, name, data in live.items if name == "AgentJoined")
        assert (joined["owner"], joined["position"]) == ("AGENT", accepted["position"])
        wrote = next(data for _, name, data in live.items if name == "AgentWrote")
        assert wrote["message"]["body"] == "Here I am."
        # a signal is kept nowhere, so who resumes gets the events and no old typing
        again = ada.live(f"/chats/{chat_id}/live", after=accepted["position"] - 1)
        again.until_position(sent["position"])
        again.close()
        assert [name for _, name, _ in again.items] == ["AgentJoined", "AgentWrote"]

    def test_outside_hours_the_same_path_ends_in_a_ticket(self, system: Stack, ada: Person) -> None:
        """A service whose clock says Monday 17:59: people go home while the chat waits."""
        environment = system.env_for("chat")
        settings = Settings("postgres", environment["EVENT_STORE_URL"], environment["READ_MODEL_URL"], Hours())
        service = bootstrap.build(settings, system.amqp_url(), lambda: datetime(2026, 3, 2, 16, 59, tzinfo=UTC))
        who = Actor(ada.id, ada.name, "ada@test.example", "Acme", frozenset({"customer"}))
        try:
            chat_id = service.chats.start(who, context(who), "My server burns")["chat"]["id"]
            waits = service.chats.request_agent(who, context(who), chat_id)
            assert waits["chat"]["status"] == "WAITING_FOR_AGENT"
        finally:
            service.close()
        # the worker's clock says that this was long ago
        chat = until(lambda: ada.get(f"/chats/{chat_id}"), lambda chat: chat["status"] == "ENDED")
        assert chat["end_reason"] == "TICKET"
        ticket = ada.get(f"/tickets/{chat['ticket_id']}")
        assert (ticket["number"], ticket["from_chat"]) == (chat["ticket_number"], chat_id)
        assert "My server burns" in ticket["description"]


def until(ask: Callable[[], Any], holds: Callable[[Any], bool], seconds: float = 30.0) -> Any:
    deadline = time.monotonic() + seconds
    while not holds(found := ask()):
        assert time.monotonic() < deadline, f"not in {seconds} s; at last {found}"
        time.sleep(0.05)
    return found


class Race:
    """Customers, agents and the assistant in many chats at once."""

    def __init__(self, url: str) -> None:
        self.customers = [Person(url, f"Racer{number}", account="Race") for number in range(20)]
        self.agents = [Person(url, f"Agent{number}", "agent") for number in range(4)]
        self.written: dict[str, list[str]] = {}
        self.over = threading.Event()

    def be_customer(self, number: int) -> None:
        """One chat: three messages, and in every second chat the wish for a person between them."""
        dice, who = random.Random(number), self.customers[number % len(self.customers)]
        chat = who.persistently("/chats", {"message": f"How do I reset my password? ({number})"})
        bodies = [f"How do I reset my password? ({number})"]
        for turn in range(2):
            if turn == 1 and number % 2:
                who.persistently(f"/chats/{chat['id']}/handoff", {})
            time.sleep(dice.random() * 0.2)
            body = f"And how do I open a port? ({number}.{turn})"
            answer = who.persistently_or_refused(f"/chats/{chat['id']}/messages", {"body": body})
            if answer is not None:
                bodies.append(body)
        self.written[chat["id"]] = bodies

    def be_agent(self, number: int) -> None:
        """Takes what waits, says a word or two, and leaves it in one of several ways."""
        dice, who = random.Random(1000 + number), self.agents[number]
        while not self.over.is_set():
            who.persistently("/chats/presence", {"capacity": 20}, method="PUT")
            waiting = who.get_patiently("/chats?status=WAITING_FOR_AGENT&limit=20")["items"]
            if not waiting:
                self.over.wait(0.1)
                continue
            chat_id = dice.choice(waiting)["id"]
            if who.persistently_or_refused(f"/chats/{chat_id}/accept", {}) is None:
                continue
            for word in range(dice.randint(1, 2)):
                who.persistently_or_refused(f"/chats/{chat_id}/messages", {"body": f"Word {word} of {who.name}"})
            after = dice.choice(("end", "hand-back", "transfer", "end"))
            body = {"assignee": None} if after == "transfer" else {}
            who.persistently_or_refused(f"/chats/{chat_id}/{after}", body)


@pytest.fixture
def race(url: str) -> Iterator[Race]:
    race = Race(url)
    yield race
    race.over.set()


def test_two_hundred_chats_with_workers_killed_have_one_voice_each(system: Stack, race: Race) -> None:
    killers = [Killer(system, "chat-worker", 5.0), Killer(system, "chat-rpc", 12.0)]
    with ThreadPoolExecutor(20) as pool:
        try:
            agents = [pool.submit(race.be_agent, number) for number in range(4)]
            customers = [pool.submit(race.be_customer, number) for number in range(CHATS)]
            for customer in customers:
                customer.result(180)
            until(lambda: min(killer.kills for killer in killers), lambda kills: kills >= 2)
            for killer in killers:
                killer.stop()
            until(
                lambda: race.agents[0].get_patiently("/chats?status=WAITING_FOR_AGENT&limit=1")["total"],
                lambda total: total == 0,
                60,
            )
            race.over.set()
            for agent in agents:
                agent.result(60)
        finally:
            race.over.set()
            for killer in killers:
                killer.stop()
    assert len(race.written) == CHATS
    streams = until(lambda: streams_of(race), settled, 60)
    for chat_id, bodies in race.written.items():
        assert_one_voice(streams[chat_id])
        wrote = [event["data"]["body"] for event in streams[chat_id] if event["name"] == "CustomerWrote"]
        assert sorted(wrote) == sorted(bodies), "a message was lost or doubled"


def streams_of(race: Race) -> dict[str, list[Any]]:
    found = defaultdict(list)
    for event in everything(race.agents[0]):
        category, _, chat_id = event["stream"].partition("-")
        if category == "chat" and chat_id in race.written:
            found[chat_id].append(event)
    return found


def settled(streams: dict[str, list[Any]]) -> bool:
    """Whether the assistant has answered all that is its own to answer."""
    return all(not (owner_after(events) == "ASSISTED" and unanswered(events)) for events in streams.values())


def owner_after(events: list[Any]) -> str:
    status = "ASSISTED"
    for event in events:
        status = AFTER.get(event["name"], status)
    return status


def unanswered(events: list[Any]) -> bool:
    spoken = [event["name"] for event in events if event["name"] in SPOKEN]
    return bool(spoken) and spoken[-1] == "CustomerWrote"


SPOKEN = ("CustomerWrote", "AssistantReplied", "AgentWrote")
AFTER = {
    "ChatStarted": "ASSISTED",
    "AgentRequested": "WAITING_FOR_AGENT",
    "ReturnedToQueue": "WAITING_FOR_AGENT",
    "AgentJoined": "WITH_AGENT",
    "HandedBack": "ASSISTED",
    "RequestWithdrawn": "ASSISTED",
    "ChatEnded": "ENDED",
}


def assert_one_voice(events: list[Any]) -> None:
    """No assistant's message while an agent has the chat, no agent's while none has it, nothing twice."""
    assert [event["revision"] for event in events] == list(range(len(events)))
    status, agent = "ASSISTED", None
    for event in events:
        if event["name"] == "AssistantReplied":
            assert status == "ASSISTED"
        if event["name"] == "AgentWrote":
            assert (status, agent) == ("WITH_AGENT", event["data"]["by"]["id"])
        if event["name"] in ("AgentJoined", "ChatTransferred"):
            agent = event["data"]["agent"]["id"]
        status = AFTER.get(event["name"], status)
    ids = Counter(
        event["data"]["message_id"] for event in events if "message_id" in event["data"] and event["name"] in SPOKEN
    )
    assert set(ids.values()) <= {1}
