"""The rules of a conversation as given / when / then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.chat.actor import ASSISTANT, SYSTEM
from services.chat.domain.conversation import (
    ALLOWED,
    CONVERSATION,
    ENDED_AFTER,
    NUDGED_AFTER,
    Accept,
    Action,
    Answer,
    End,
    EndIdle,
    HandBack,
    LinkTicket,
    Nudge,
    Owner,
    ProlongWait,
    RateAnswer,
    ReleaseFromGone,
    RequestAgent,
    RequestTicket,
    StartChat,
    Transfer,
    WithdrawRequest,
    Write,
    allowed_actions,
)
from shared.events.catalog.chat import (
    AgentJoined,
    AgentRequested,
    AgentWrote,
    AnswerRated,
    AssistantReplied,
    Button,
    ChatEnded,
    ChatStarted,
    ChatTransferred,
    CustomerNudged,
    CustomerWrote,
    EndReason,
    HandedBack,
    RequestWithdrawn,
    ReturnedToQueue,
    ReturnReason,
    SpeakerRole,
    Status,
    TicketLinked,
    TicketRequested,
    WaitProlonged,
)
from shared.events.testing import Given, given
from tests.unit.chat.people import ADA, AT, BEN, CLOSES, EVA, agent

ada, ben, eva = ADA.speaker, BEN.speaker, EVA.speaker
LATER = AT + timedelta(minutes=1)
PERSON = Button("talk_to_person", "Talk to a person")

STARTED = ChatStarted(ADA.customer, ada, AT)
ASKED = CustomerWrote("m1", ada, AT, "How do I reset my password?")
REPLIED = AssistantReplied("m2", ASSISTANT, AT, "So.", "question", True, 0.9, "passages", (), (PERSON,))
WAITS = AgentRequested(ada, AT, CLOSES)
JOINED = AgentJoined(ben, AT, agent(BEN))
ENDED = ChatEnded(ada, AT, EndReason.CUSTOMER)


def chat(*events: object) -> Given[Any]:
    return given(CONVERSATION, STARTED, *events)


def answer(message_id: str = "m9", **more: Any) -> Answer:
    return Answer(ASSISTANT, LATER, message_id, "So.", "question", True, 0.9, "passages", **more)


def request(closes: bool = False) -> RequestAgent:
    return RequestAgent(ada, LATER, None if closes else CLOSES, {"opens_at": "soon"})


class TestWriting:
    def test_a_chat_begins_once(self) -> None:
        given(CONVERSATION).when(StartChat(ada, AT, ADA.customer)).then(STARTED)

    def test_nothing_can_be_said_before_it_begins(self) -> None:
        given(CONVERSATION).when(Write(ada, AT, "m1", "Hello")).refused("chat_not_found")

    @pytest.mark.parametrize("before", [(), (WAITS,), (JOINED,)])
    def test_the_customer_writes_while_the_chat_goes_on(self, before: tuple[object, ...]) -> None:
        chat(*before).when(Write(ada, LATER, "m1", "Hello")).then(CustomerWrote("m1", ada, LATER, "Hello"))

    def test_an_ended_chat_takes_no_message(self) -> None:
        chat(ENDED).when(Write(ada, LATER, "m1", "Hello")).refused("chat_ended")
        chat(JOINED, ENDED).when(Write(ben, LATER, "m1", "Hello")).refused("chat_ended")

    def test_a_message_says_something(self) -> None:
        chat().when(Write(ada, LATER, "m1", "  ")).refused("nothing_said")

    def test_a_button_has_to_have_been_offered(self) -> None:
        pressed = Write(ada, LATER, "m3", PERSON.label, button=PERSON)
        chat(ASKED).when(pressed).refused("action_not_offered")
        chat(ASKED, REPLIED).when(pressed).then(CustomerWrote("m3", ada, LATER, PERSON.label, (), PERSON))
        forged = Write(ada, LATER, "m3", "x", button=Button("open_ticket", "Talk to a person"))
        chat(ASKED, REPLIED).when(forged).refused("action_not_offered")

    @pytest.mark.parametrize("before", [(), (WAITS,), (JOINED, HandedBack(ben, AT))])
    def test_an_agent_who_has_not_the_chat_cannot_speak(self, before: tuple[object, ...]) -> None:
        chat(*before).when(Write(ben, LATER, "m1", "Hello")).refused("not_your_chat")

    def test_one_agent_does_not_speak_in_the_chat_of_another(self) -> None:
        chat(JOINED).when(Write(eva, LATER, "m1", "Hello")).refused("not_your_chat")
        chat(JOINED).when(Write(ben, LATER, "m1", "Hello")).then(AgentWrote("m1", ben, LATER, "Hello"))


class TestTheAssistant:
    def test_answers_everything_at_once(self) -> None:
        more = CustomerWrote("m3", ada, AT, "And my second factor?")
        replied = AssistantReplied("m9", ASSISTANT, LATER, "So.", "question", True, 0.9, "passages")
        chat(ASKED, more).when(answer()).then(replied)

    @pytest.mark.parametrize("after", [(WAITS,), (JOINED,), (ENDED,), (WAITS, JOINED)])
    def test_says_nothing_where_the_chat_is_not_its_own(self, after: tuple[object, ...]) -> None:
        chat(ASKED, *after).when(answer()).then_nothing()

    def test_says_nothing_where_everything_is_answered(self) -> None:
        chat().when(answer()).then_nothing()
        chat(ASKED, REPLIED).when(answer()).then_nothing()

    def test_hands_over_with_its_last_word(self) -> None:
        replied = AssistantReplied("m9", ASSISTANT, LATER, "So.", "question", True, 0.9, "passages")
        chat(ASKED).when(answer(hand_over_until=CLOSES)).then(replied, AgentRequested(ada, LATER, CLOSES))

    def test_answers_again_what_an_agent_left_unanswered(self) -> None:
        left = (JOINED, CustomerWrote("m3", ada, AT, "Thanks. And the DNS?"), HandedBack(ben, AT))
        replied = AssistantReplied("m9", ASSISTANT, LATER, "So.", "question", True, 0.9, "passages")
        chat(ASKED, REPLIED, *left).when(answer()).then(replied)
        chat(ASKED, JOINED, AgentWrote("m3", ben, AT, "Done."), HandedBack(ben, AT)).when(answer()).then_nothing()


class TestHandOver:
    def test_in_hours_the_chat_waits(self) -> None:
        chat().when(request()).then(AgentRequested(ada, LATER, CLOSES))
        chat(WAITS).when(request()).then_nothing()

    def test_outside_hours_it_is_refused_with_the_time(self) -> None:
        refusal = chat().when(request(closes=True)).refused("outside_business_hours")
        assert refusal.details == {"opens_at": "soon"}

    def test_waiting_can_be_given_up(self) -> None:
        chat(WAITS).when(WithdrawRequest(ada, LATER)).then(RequestWithdrawn(ada, LATER))
        chat(JOINED).when(WithdrawRequest(ada, LATER)).refused("not_allowed_in_status")

    @pytest.mark.parametrize("before", [(), (WAITS,)])
    def test_of_two_agents_one_gets_the_chat(self, before: tuple[object, ...]) -> None:
        chat(*before).when(Accept(ben, LATER)).then(AgentJoined(ben, LATER, agent(BEN)))
        refusal = chat(*before, JOINED).when(Accept(eva, LATER)).refused("already_taken")
        assert refusal.details["assignee"] == {"id": BEN.id, "name": "Ben"}

    def test_customers_accept_nothing(self) -> None:
        chat(WAITS).when(Accept(ada, LATER)).refused("role_required")

    def test_a_chat_goes_to_another_agent(self) -> None:
        chat(JOINED).when(Transfer(ben, LATER, agent(EVA), CLOSES)).then(ChatTransferred(ben, LATER, agent(EVA)))
        chat(JOINED, ChatTransferred(ben, AT, agent(EVA))).when(Write(ben, LATER, "m", "x")).refused("not_your_chat")

    def test_back_in_the_queue_it_has_its_old_place(self) -> None:
        joined = AgentJoined(ben, LATER, agent(BEN))
        back = ReturnedToQueue(ben, LATER, ReturnReason.TRANSFERRED, AT, CLOSES)
        chat(WAITS, joined).when(Transfer(ben, LATER, None, CLOSES)).then(back)
        gone = ReturnedToQueue(SYSTEM, LATER, ReturnReason.AGENT_GONE, AT, CLOSES)
        chat(WAITS, joined).when(ReleaseFromGone(SYSTEM, LATER, BEN.id, CLOSES)).then(gone)

    def test_only_the_agent_who_has_it_can_be_gone(self) -> None:
        chat(WAITS, JOINED).when(ReleaseFromGone(SYSTEM, LATER, EVA.id, CLOSES)).then_nothing()
        chat(WAITS).when(ReleaseFromGone(SYSTEM, LATER, BEN.id, CLOSES)).then_nothing()

    def test_the_agent_leaves_it_to_the_assistant(self) -> None:
        chat(JOINED).when(HandBack(ben, LATER)).then(HandedBack(ben, LATER))
        chat(WAITS).when(HandBack(ben, LATER)).refused("not_allowed_in_status")


class TestTheClock:
    def test_who_waits_long_is_told_once(self) -> None:
        chat(WAITS).when(ProlongWait(SYSTEM, LATER)).then(WaitProlonged(SYSTEM, LATER))
        chat(WAITS, JOINED).when(ProlongWait(SYSTEM, LATER)).then_nothing()

    def test_a_silent_customer_is_nudged_and_then_the_chat_ends(self) -> None:
        due = AT + NUDGED_AFTER
        nudged = CustomerNudged(SYSTEM, due, due + ENDED_AFTER)
        chat(ASKED, REPLIED).when(Nudge(SYSTEM, due)).then(nudged)
        chat(ASKED, REPLIED).when(Nudge(SYSTEM, due - timedelta(seconds=1))).then_nothing()
        over = ChatEnded(SYSTEM, nudged.ends_at, EndReason.IDLE)
        chat(ASKED, REPLIED, nudged).when(EndIdle(SYSTEM, nudged.ends_at)).then(over)
        chat(ASKED, REPLIED, nudged).when(EndIdle(SYSTEM, due)).then_nothing()

    def test_a_word_in_time_keeps_the_chat(self) -> None:
        nudged = CustomerNudged(SYSTEM, AT + NUDGED_AFTER, AT + NUDGED_AFTER + ENDED_AFTER)
        back = CustomerWrote("m5", ada, nudged.at, "I am here")
        chat(ASKED, REPLIED, nudged, back).when(EndIdle(SYSTEM, nudged.ends_at)).then_nothing()

    @pytest.mark.parametrize("before", [(ASKED,), (ASKED, WAITS), (JOINED, ASKED)])
    def test_nobody_is_nudged_while_we_owe_the_answer(self, before: tuple[object, ...]) -> None:
        chat(*before).when(Nudge(SYSTEM, AT + timedelta(hours=2))).then_nothing()


class TestEnding:
    def test_a_ticket_takes_over_where_nobody_is_with_the_customer(self) -> None:
        linked, ended = TicketLinked(ada, LATER, "t", "CF-1"), ChatEnded(ada, LATER, EndReason.TICKET)
        for before in ((), (WAITS,)):
            chat(*before).when(LinkTicket(ada, LATER, "t", "CF-1")).then(linked, ended)
        for before in ((JOINED,), (ENDED,)):
            chat(*before).when(LinkTicket(ada, LATER, "t", "CF-1")).then(linked)

    def test_a_chat_has_one_ticket(self) -> None:
        chat(JOINED, TicketLinked(ben, AT, "t", "CF-1")).when(LinkTicket(ada, LATER, "u", "CF-2")).then_nothing()

    def test_a_ticket_is_asked_for_once(self) -> None:
        asked = TicketRequested(ada, LATER, "My server")
        chat().when(RequestTicket(ada, LATER, "My server")).then(asked)
        chat(asked).when(RequestTicket(ben, LATER)).then_nothing()

    def test_the_clock_asks_for_chats_that_wait(self) -> None:
        chat(WAITS).when(RequestTicket(SYSTEM, LATER)).then(TicketRequested(SYSTEM, LATER))
        chat(JOINED).when(RequestTicket(SYSTEM, LATER)).then_nothing()

    def test_where_there_is_a_ticket_it_takes_over_from_nobody(self) -> None:
        linked = TicketLinked(ben, AT, "t", "CF-1")
        ended = ChatEnded(SYSTEM, LATER, EndReason.TICKET)
        chat(JOINED, linked, ReturnedToQueue(SYSTEM, AT, ReturnReason.AGENT_GONE, AT, CLOSES)).when(
            RequestTicket(SYSTEM, LATER)
        ).then(ended)
        chat(JOINED, linked).when(RequestTicket(ada, LATER)).then_nothing()

    def test_the_clock_s_ticket_ends_the_waiting_and_no_talk(self) -> None:
        linked, ended = TicketLinked(SYSTEM, LATER, "t", "CF-1"), ChatEnded(SYSTEM, LATER, EndReason.TICKET)
        chat(WAITS).when(LinkTicket(SYSTEM, LATER, "t", "CF-1")).then(linked, ended)
        chat(JOINED).when(LinkTicket(SYSTEM, LATER, "t", "CF-1")).then(linked)

    def test_both_sides_can_end_it(self) -> None:
        chat().when(End(ada, LATER)).then(ChatEnded(ada, LATER, EndReason.CUSTOMER))
        chat(JOINED).when(End(ben, LATER)).then(ChatEnded(ben, LATER, EndReason.AGENT))
        chat(JOINED).when(End(eva, LATER)).refused("not_your_chat")
        chat(ENDED).when(End(ada, LATER)).then_nothing()

    def test_answers_are_rated_also_after_the_end(self) -> None:
        rated = AnswerRated(ada, LATER, "m2", True)
        chat(ASKED, REPLIED, ENDED).when(RateAnswer(ada, LATER, "m2", True)).then(rated)
        chat(ASKED, REPLIED, rated).when(RateAnswer(ada, LATER, "m2", False)).then(AnswerRated(ada, LATER, "m2", False))
        chat(ASKED, REPLIED).when(RateAnswer(ada, LATER, "m1", True)).refused("message_not_found")


def test_exactly_one_side_owns_a_chat_that_goes_on() -> None:
    states = {
        Status.ASSISTED: (),
        Status.WAITING_FOR_AGENT: (WAITS,),
        Status.WITH_AGENT: (JOINED,),
        Status.ENDED: (ENDED,),
    }
    owners = {status: CONVERSATION.fold((STARTED, *events)).owner for status, events in states.items()}
    assert owners == {
        Status.ASSISTED: Owner.ASSISTANT,
        Status.WAITING_FOR_AGENT: Owner.ASSISTANT,
        Status.WITH_AGENT: Owner.AGENT,
        Status.ENDED: None,
    }
    for status in Status:
        speakers = {role for (role, action), where in ALLOWED.items() if action is Action.WRITE and status in where}
        assert not {SpeakerRole.ASSISTANT, SpeakerRole.AGENT} <= speakers


def test_buttons_come_from_the_table() -> None:
    assert Action.REQUEST_AGENT in allowed_actions(SpeakerRole.CUSTOMER, Status.ASSISTED)
    assert Action.ACCEPT not in allowed_actions(SpeakerRole.AGENT, Status.WITH_AGENT)
    assert allowed_actions(SpeakerRole.AGENT, Status.ENDED) == (Action.MAKE_TICKET,)
