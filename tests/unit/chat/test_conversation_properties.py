"""Random commands on a chat: its owner alone speaks, nothing is said twice, and rows are the fold of the log."""

from __future__ import annotations

import uuid
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.chat.application import Cause
from services.chat.assistant.port import Reply
from services.chat.bootstrap import CODEC
from services.chat.domain.conversation import CONVERSATION, Owner, allowed_actions
from services.chat.projections import chats, messages
from shared.events.catalog.chat import CATEGORY, Status
from shared.events.errors import Refusal
from shared.events.projection import Fact
from shared.events.stream import Revision, StreamName
from tests.unit.chat.people import ADA, BEN, CHI, EVA, World, agent, context

PEOPLE = st.sampled_from([ADA, CHI, BEN, EVA])


class ChatMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.chat = self.world.start(ADA)
        self.stale = 0

    @rule(who=PEOPLE)
    def write(self, who):
        self._try(who, "write", self.world.chats.write, "Hello")

    @rule(who=PEOPLE)
    def accept(self, who):
        self._try(who, "accept", self.world.chats.accept)

    @rule(who=PEOPLE, to=st.sampled_from([None, BEN, EVA]))
    def transfer(self, who, to):
        self._try(who, "transfer", self.world.chats.transfer, None if to is None else {"id": to.id, "name": to.name})

    @rule(who=PEOPLE)
    def request(self, who):
        self._try(who, "request_agent", self.world.chats.request_agent)

    @rule(who=PEOPLE)
    def withdraw(self, who):
        self._try(who, "withdraw_request", self.world.chats.withdraw_request)

    @rule(who=PEOPLE)
    def hand_back(self, who):
        self._try(who, "hand_back", self.world.chats.hand_back)

    @rule(who=PEOPLE)
    def make_ticket(self, who):
        self._try(who, "make_ticket", self.world.chats.make_ticket)

    @rule(back=st.integers(0, 2), wants=st.booleans())
    def assistant_answers(self, back, wants):
        """Also on what it read a while ago, which must then not be said."""
        facts = self._facts()
        seen = Revision(max(0, facts[-1].recorded.revision - back))
        cause = Cause.of(facts[seen].recorded)
        before = len(facts)
        self.world.chats.answer(self.chat, cause, Reply("So.", "question", wants_person=wants), seen, self.world.at)
        if back:
            assert len(self._facts()) == before

    @rule(minutes=st.integers(1, 20))
    def time_passes(self, minutes):
        self.world.at += timedelta(minutes=minutes)
        cause = Cause.of(self._facts()[-1].recorded)
        for command in (self.world.chats.prolong_wait, self.world.chats.nudge, self.world.chats.end_idle):
            command(self.chat, cause, self.world.at)

    @rule(who=st.sampled_from([BEN, EVA]))
    def agent_goes(self, who):
        cause = Cause(str(uuid.uuid4()), "c")
        self.world.chats.release(self.chat, who.id, cause, self.world.at)

    def _try(self, who, action, command, *arguments):
        before = self._state()
        sent = context(who)
        try:
            answer = command(who, sent, self.chat, *arguments)
        except Refusal as refusal:
            assert self._state() == before
            if who is CHI:
                assert refusal.code == "chat_not_found"
            return
        assert who is not CHI
        after = self._state()
        assert action in allowed_actions(who.role, before.status) or after == before
        again = command(who, sent, self.chat, *arguments)
        assert self._state() == after
        assert again["chat"]["status"] == answer["chat"]["status"]

    def _facts(self):
        return [Fact(CODEC.decode(each), each) for each in self.world.store.read(StreamName(CATEGORY, self.chat))]

    def _state(self):
        return CONVERSATION.fold(fact.event for fact in self._facts())

    @invariant()
    def the_owner_alone_speaks(self):
        if not hasattr(self, "world"):
            return
        state = CONVERSATION.initial
        for fact in self._facts():
            if fact.recorded.name == "AssistantReplied":
                assert state.owner is Owner.ASSISTANT
                assert state.status is Status.ASSISTED
            if fact.recorded.name == "AgentWrote":
                assert state.owner is Owner.AGENT
                assert state.agent == agent(BEN if fact.event.by.id == BEN.id else EVA)
            state = CONVERSATION.evolve(state, fact.event)
            assert (state.owner is None) == (state.status is Status.ENDED)
            assert (state.agent is not None) >= (state.status is Status.WITH_AGENT)

    @invariant()
    def nothing_is_said_twice_and_the_rows_are_the_fold(self):
        if not hasattr(self, "world"):
            return
        facts, state = self._facts(), self._state()
        said = [fact.event.message_id for fact in facts if hasattr(fact.event, "body")]
        assert len(said) == len(set(said))
        assert state.last_message_id == (said[-1] if said else "")
        row = chats.row_of(facts)
        assert row["status"] == state.status
        assert (row["waits_since"] is not None) >= (state.status is Status.WAITING_FOR_AGENT)
        assert row["message_count"] == len(said)
        shown = [message for message in map(messages.row_of, facts) if message]
        assert [message["message_id"] for message in shown if message["kind"] == messages.MESSAGE] == said


TestChats = ChatMachine.TestCase
TestChats.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
