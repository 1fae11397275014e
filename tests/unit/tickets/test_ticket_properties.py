"""Random commands on many tickets: the table holds, the counters sum, and every projection is the fold of the log."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from services.tickets.application import Tickets
from services.tickets.bootstrap import CODEC
from services.tickets.domain.ticket import TICKET, TRANSITIONS, allowed_actions
from services.tickets.projections import history, ticket_list
from services.tickets.projections.statistics import sums
from shared.events.catalog.tickets import CATEGORY, Category, Priority, Status
from shared.events.errors import Refusal
from shared.events.projection import Fact
from shared.events.store.memory import MemoryEventStore
from shared.events.stream import START, StreamName
from tests.unit.tickets.people import BEN, CUSTOMERS, NoUploads, context

PEOPLE = st.sampled_from([BEN, *CUSTOMERS])


class TicketMachine(RuleBasedStateMachine):
    tickets = Bundle("tickets")

    @initialize()
    def begin(self) -> None:
        self.clock = datetime(2026, 3, 2, tzinfo=UTC)
        self.store = MemoryEventStore()
        self.service = Tickets(self.store, CODEC, NoUploads(), lambda: self.clock)

    @rule(target=tickets, who=st.sampled_from(CUSTOMERS), category=st.sampled_from(Category))
    def open(self, who, category):
        command = context(who)
        answer = self.service.open(who, command, "Subject", category, "MEDIUM", "Description")
        again = self.service.open(who, command, "Subject", category, "MEDIUM", "Description")
        assert again["replayed"]
        assert again["ticket"] == answer["ticket"]
        return multiple(answer["ticket"]["id"])

    @rule(ticket=tickets, who=PEOPLE, internal=st.booleans())
    def post(self, ticket, who, internal):
        self._try(who, ticket, "reply", self.service.post_message, "Hello", internal=internal and who is BEN)

    @rule(ticket=tickets, who=PEOPLE)
    def ask(self, ticket, who):
        self._try(who, ticket, "request_information", self.service.request_information, "Which?")

    @rule(ticket=tickets, who=PEOPLE, body=st.none() | st.just("Done"))
    def resolve(self, ticket, who, body):
        self._try(who, ticket, "resolve", self.service.resolve, body)

    @rule(ticket=tickets, who=PEOPLE)
    def reopen(self, ticket, who):
        self._try(who, ticket, "reopen", self.service.reopen, None)

    @rule(ticket=tickets, who=PEOPLE)
    def close(self, ticket, who):
        self._try(who, ticket, "close", self.service.close)

    @rule(ticket=tickets, who=PEOPLE, to=st.none() | st.just({"id": "a-9", "name": "Eva"}))
    def assign(self, ticket, who, to):
        self._try(who, ticket, "assign", self.service.assign, to)

    @rule(ticket=tickets, who=PEOPLE, priority=st.sampled_from(Priority))
    def prioritise(self, ticket, who, priority):
        self._try(who, ticket, "change_priority", self.service.change_priority, priority)

    @rule(ticket=tickets, who=PEOPLE, score=st.integers(1, 5))
    def rate(self, ticket, who, score):
        self._try(who, ticket, "rate", self.service.rate, score)

    @rule(ticket=tickets, days=st.integers(1, 9))
    def time_passes(self, ticket, days):
        self.clock += timedelta(days=days)
        cause = str(self._facts(ticket)[-1].recorded.id)
        self.service.announce_closing(ticket, cause, self.clock)
        self.service.close_if_due(ticket, cause, self.clock)

    def _try(self, who, ticket, action, command, *arguments, internal=None):
        before = self._state(ticket)
        options = {} if internal is None else {"internal": internal}
        wanted = "note" if internal else action
        mine = who is BEN or who.id == before.customer_id
        sent = context(who)
        try:
            answer = command(who, sent, ticket, *arguments, **options)
        except Refusal as refusal:
            if not mine:
                assert refusal.code == "ticket_not_found"
            elif wanted != "rate" or refusal.code != "rating_window_over":
                assert wanted not in allowed_actions(who.role, before.status)
            assert self._state(ticket) == before
            return
        assert mine
        assert wanted in allowed_actions(who.role, before.status)
        after = self._state(ticket)
        expected = TRANSITIONS[(who.role, wanted)][before.status]
        if before.status is Status.RESOLVED and expected is Status.OPEN and before.assignee is not None:
            expected = Status.IN_PROGRESS
        if wanted == "assign" and after.assignee == before.assignee:
            expected = before.status
        assert after.status is expected
        again = command(who, sent, ticket, *arguments, **options) if answer["position"] > 0 else answer
        assert again["message"] == answer["message"]

    def _facts(self, ticket):
        return [Fact(CODEC.decode(event), event) for event in self.store.read(StreamName(CATEGORY, ticket))]

    def _state(self, ticket):
        return TICKET.fold(fact.event for fact in self._facts(ticket))

    @invariant()
    def counters_are_the_recount(self):
        if not hasattr(self, "store"):
            return
        events = self.store.read_all(START, [CATEGORY], 100_000).events
        facts = [Fact(CODEC.decode(event), event) for event in events]
        found = sums(facts)
        states = {fact.recorded.stream.id: self._state(fact.recorded.stream.id) for fact in facts}
        for (scope, scope_id), counters in found.items():
            mine = [state for state in states.values() if scope == "all" or state.customer_id == scope_id]
            recount = Counter(state.status.lower() for state in mine)
            assert counters == {status.lower(): recount[status.lower()] for status in Status}
            assert sum(counters.values()) == len(mine)
        for ticket, state in states.items():
            row = ticket_list.row_of(self._facts(ticket))
            assert row["status"] == state.status
            assert row["closes_at"] == (state.closes_at if state.status is Status.RESOLVED else None)
            assert [line["revision"] for line in map(history.entry, self._facts(ticket))] == list(
                range(row["revision"] + 1)
            )
            moves = [line for line in map(history.entry, self._facts(ticket)) if line["to_status"]]
            assert (moves[-1]["to_status"] if moves else "OPEN") == state.status


TestTickets = TicketMachine.TestCase
TestTickets.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
