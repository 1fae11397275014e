"""What answers, and what the clock does, over a log in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.chat.assistant import actions
from services.chat.assistant.port import LookupFailed, Reply, Turn
from services.chat.bootstrap import CODEC
from services.chat.domain.conversation import ENDED_AFTER, NUDGED_AFTER, PATIENCE
from services.chat.processes.answering import SHARDS, Answering
from services.chat.processes.clock import TICKET_AFTER, Clock
from shared.events.catalog.chat import CATEGORY
from shared.events.follower import Unavailable
from shared.events.process import Cancel, Timer
from shared.events.projection import Fact
from shared.events.stream import START
from tests.unit.chat.people import ADA, BEN, World, context


class Assistant:
    """Answers with what it was asked; `meanwhile` happens while it thinks."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def reply(self, turn: Turn) -> Reply:
        self.turns.append(turn)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return Reply(f"You said: {turn.question}", "question")


class Running:
    """The processes of a world, with their timers in memory."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.assistant = Assistant()
        answering = [Answering(shard, world.chats, self.assistant) for shard in range(SHARDS)]
        self.processes = [Clock(world.chats), *answering]
        self.timers: dict[tuple[str, str], Timer] = {}
        self.position = START

    def run(self) -> None:
        """Follow the log to its end and fire what is due, until nothing is."""
        while True:
            batch = self.world.store.read_all(self.position, [CATEGORY])
            self.position = batch.position
            for event in batch.events:
                self._react(Fact(CODEC.decode(event), event))
            due = [key for key, timer in self.timers.items() if timer.due_at <= self.world.at]
            if not due and not batch.events:
                return
            for key in due:
                timer = self.timers.pop(key)
                process = next(process for process in self.processes if process.name == key[0])
                process.fire(timer, self.world.at)

    def _react(self, fact: Fact) -> None:
        for process in self.processes:
            for effect in process.react(fact):
                match effect:
                    case Cancel(key):
                        self.timers.pop((process.name, key), None)
                    case Timer():
                        self.timers[process.name, effect.key] = effect

    def said(self, chat_id: str) -> list[str]:
        events = [CODEC.decode(each) for each in self.world.store.read_all(START, [CATEGORY]).events]
        return [f"{event.by.role}: {event.body}" for event in events if hasattr(event, "body")]

    def names(self) -> list[str]:
        return [each.name for each in self.world.store.read_all(START, [CATEGORY]).events]


@pytest.fixture
def running() -> Running:
    return Running(World())


def test_each_message_is_answered(running: Running) -> None:
    world, chat_id = running.world, running.world.start(ADA, "One")
    running.run()
    world.chats.write(ADA, context(ADA), chat_id, "Two")
    running.run()
    said = ["customer: One", "assistant: You said: One", "customer: Two", "assistant: You said: Two"]
    assert running.said(chat_id) == said


def test_what_is_written_while_it_thinks_is_answered_together(running: Running) -> None:
    chat_id = running.world.start(ADA, "One")
    running.assistant.meanwhile = lambda: running.world.chats.write(ADA, context(ADA), chat_id, "Two") and None
    running.run()
    assert running.said(chat_id) == ["customer: One", "customer: Two", "assistant: You said: One\nTwo"]


def test_an_agent_who_comes_while_it_thinks_silences_it(running: Running) -> None:
    chat_id = running.world.start(ADA, "One")
    running.assistant.meanwhile = lambda: running.world.chats.accept(BEN, context(BEN), chat_id) and None
    running.run()
    assert running.said(chat_id) == ["customer: One"]
    assert running.names()[-1] == "AgentJoined"


def test_what_else_happens_while_it_thinks_costs_no_answer(running: Running) -> None:
    chat_id = running.world.start(ADA, "One")
    running.run()
    answer = running.world.store.read_all(START, [CATEGORY]).events[-1].data["message_id"]
    running.world.chats.write(ADA, context(ADA), chat_id, "Two")
    running.assistant.meanwhile = lambda: running.world.chats.rate(ADA, context(ADA), chat_id, answer, True) and None
    running.run()
    assert running.said(chat_id)[-1] == "assistant: You said: Two"


def test_firing_twice_says_nothing_twice(running: Running) -> None:
    chat_id = running.world.start(ADA, "One")
    event = running.world.store.read_all(START, [CATEGORY]).events[-1]
    timer = Timer(chat_id, running.world.at, str(event.id), {"correlation_id": "c"})
    for process in running.processes[1:]:
        process.fire(timer, running.world.at)
    assert running.said(chat_id) == ["customer: One", "assistant: You said: One"]


@pytest.mark.parametrize("fault", [LookupFailed("away"), ValueError("a bug")])
def test_a_question_that_breaks_it_gets_a_word_all_the_same(running: Running, fault: Exception) -> None:
    def broken(turn: Turn) -> Reply:
        raise fault

    running.assistant.reply = broken
    chat_id = running.world.start(ADA, "One")
    running.run()
    assert "Something went wrong on my side" in running.said(chat_id)[-1]


def test_while_tickets_are_away_the_clock_waits_and_loses_no_chat(running: Running) -> None:
    world, chat_id = running.world, running.world.start(ADA, "Help")
    running.run()
    world.chats.request_agent(ADA, context(ADA), chat_id)
    because = str(world.store.read_all(START, [CATEGORY]).events[-1].id)
    timer = Timer(
        f"{chat_id}/closing", world.at, because, {"chat_id": chat_id, "command": "closing", "correlation_id": "c"}
    )
    world.tickets.away = True
    with pytest.raises(Unavailable):
        running.processes[0].fire(timer, world.at)
    world.tickets.away = False
    running.processes[0].fire(timer, world.at)
    assert running.names()[-2:] == ["TicketLinked", "ChatEnded"]


def test_a_ticket_that_cannot_be_opened_yet_is_said_and_opened_later(running: Running) -> None:
    world, chat_id = running.world, running.world.start(ADA, "Help")
    offer = {"kind": "open_ticket", "label": "Open a ticket"}
    running.assistant.reply = lambda turn: Reply("So?", "question", actions=(offer,))
    running.run()
    world.tickets.away = True
    world.chats.write(ADA, context(ADA), chat_id, action=offer)
    running.run()
    assert "on its way" in running.said(chat_id)[-1]
    world.tickets.away = False
    world.at += TICKET_AFTER
    running.run()
    assert running.names()[-2:] == ["TicketLinked", "ChatEnded"]


def test_a_chat_that_is_always_quicker_is_tried_again_later(running: Running) -> None:
    world, chat_id = running.world, running.world.start(ADA, "One")

    def overtaken(turn: Turn) -> Reply:
        world.chats.write(ADA, context(ADA), chat_id, "More")
        return Reply("Too late.", "question")

    running.assistant.reply = overtaken
    with pytest.raises(Unavailable):
        running.run()
    assert "AssistantReplied" not in running.names()


def test_who_gives_up_waiting_is_answered_by_the_assistant(running: Running) -> None:
    world, chat_id = running.world, running.world.start(ADA)
    world.chats.request_agent(ADA, context(ADA), chat_id)
    world.chats.write(ADA, context(ADA), chat_id, "Is anybody there?")
    running.run()
    assert running.said(chat_id) == ["customer: Is anybody there?"]
    world.chats.withdraw_request(ADA, context(ADA), chat_id)
    running.run()
    assert running.said(chat_id)[-1] == "assistant: You said: Is anybody there?"


def test_who_waits_is_told_after_three_minutes(running: Running) -> None:
    world, chat_id = running.world, running.world.start(ADA)
    world.chats.request_agent(ADA, context(ADA), chat_id)
    running.run()
    world.at += PATIENCE
    running.run()
    assert running.names()[-1] == "WaitProlonged"


def test_who_still_waits_when_people_go_home_gets_a_ticket(running: Running) -> None:
    world, chat_id = running.world, running.world.start(ADA, "Help")
    running.run()
    world.chats.request_agent(ADA, context(ADA), chat_id)
    world.at += timedelta(hours=8)
    running.run()
    assert running.names()[-3:] == ["TicketRequested", "TicketLinked", "ChatEnded"]
    assert list(world.tickets.opened) == [chat_id]


def test_an_agent_who_comes_ends_the_waiting(running: Running) -> None:
    world, chat_id = running.world, running.world.start(ADA)
    world.chats.request_agent(ADA, context(ADA), chat_id)
    world.chats.accept(BEN, context(BEN), chat_id)
    world.chats.write(ADA, context(ADA), chat_id, "Hello Ben")
    world.at += timedelta(hours=9)
    running.run()
    assert running.names()[-1] == "CustomerWrote"
    assert world.tickets.opened == {}


def test_silence_is_asked_about_and_then_ends_the_chat(running: Running) -> None:
    world = running.world
    world.start(ADA, "Help")
    running.run()
    world.at += NUDGED_AFTER
    running.run()
    assert running.names()[-1] == "CustomerNudged"
    world.at += ENDED_AFTER
    running.run()
    assert running.names()[-1] == "ChatEnded"
    assert running.timers == {}


def test_a_word_after_the_nudge_keeps_the_chat(running: Running) -> None:
    world, chat_id = running.world, running.world.start(ADA, "Help")
    running.run()
    world.at += NUDGED_AFTER
    running.run()
    world.chats.write(ADA, context(ADA), chat_id, "Still here")
    world.at += ENDED_AFTER
    running.run()
    assert "ChatEnded" not in running.names()


def test_each_chat_belongs_to_one_shard(running: Running) -> None:
    for _ in range(20):
        running.world.start(ADA, "Hello")
    asked = [
        Fact(CODEC.decode(e), e)
        for e in running.world.store.read_all(START, [CATEGORY]).events
        if e.name == "CustomerWrote"
    ]
    taken = [[process.name for process in running.processes[1:] if process.react(fact)] for fact in asked]
    assert all(len(names) == 1 for names in taken)
    assert len({names[0] for names in taken}) > 1


def test_outside_hours_a_ticket_is_offered_instead_of_a_person(running: Running) -> None:
    running.assistant.reply = lambda turn: Reply("So.", "procedure", actions=(actions.talk_to_person(),))
    kinds = []
    for hours in (0, 12):
        running.world.at += timedelta(hours=hours)
        running.world.start(ADA, "Help")
        running.run()
        kinds.append(
            [button["kind"] for button in running.world.store.read_all(START, [CATEGORY]).events[-1].data["buttons"]]
        )
    assert kinds == [["talk_to_person"], ["open_ticket"]]
