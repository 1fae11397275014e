"""The ticket's decisions, as given / when / then; each is taken twice, and the second time it is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.tickets.domain.ticket import (
    CLOSES_AFTER,
    FIRST_RESPONSE,
    NOTES,
    NUMBER,
    RATING_WINDOW,
    TICKET,
    TRANSITIONS,
    WARNS_BEFORE,
    Action,
    AddNote,
    AnnounceClosing,
    AssignTicket,
    ChangeCategory,
    ChangePriority,
    CloseIfDue,
    CloseTicket,
    OpenTicket,
    PostMessage,
    RateTicket,
    ReopenTicket,
    RequestInformation,
    ResolveTicket,
    TakeNumber,
    allowed_actions,
)
from shared.events.catalog.tickets import (
    Assignee,
    Category,
    CategoryChanged,
    ClosingAnnounced,
    InformationProvided,
    InformationRequested,
    MessagePosted,
    NoteAdded,
    NumberTaken,
    Person,
    Priority,
    PriorityChanged,
    Role,
    SatisfactionRated,
    Status,
    TicketAssigned,
    TicketClosed,
    TicketOpened,
    TicketReopened,
    TicketResolved,
    TicketUnassigned,
    WorkStarted,
)
from shared.events.catalog.types import AttachedFile, Customer
from shared.events.testing import Given, given

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ADA = Person("c-1", "Ada", Role.CUSTOMER)
BEN = Person("a-1", "Ben", Role.AGENT)
EVA = Assignee("a-2", "Eva")
SYSTEM = Person("system", "Support", Role.SYSTEM)
FILE = AttachedFile("f-1", "log.txt", "text/plain", 12, "ab" * 32)
OPEN, IN_PROGRESS, WAITING, RESOLVED, CLOSED = Status

OPENING = OpenTicket(
    by=ADA,
    at=NOW,
    number="CF-1234567",
    customer=Customer("c-1", "Ada", "ada@acme.example", "acme"),
    subject="Server is down",
    category=Category.TECHNICAL,
    priority=Priority.HIGH,
    description="It does not answer.",
    attachments=(FILE,),
)
OPENED = TicketOpened(
    number="CF-1234567",
    subject="Server is down",
    category=Category.TECHNICAL,
    priority=Priority.HIGH,
    description="It does not answer.",
    customer=OPENING.customer,
    by=ADA,
    at=NOW,
    first_response_due_at=NOW + FIRST_RESPONSE[Priority.HIGH],
    attachments=(FILE,),
)
STARTED = WorkStarted(BEN, NOW, OPEN, IN_PROGRESS)
ASKED = InformationRequested(BEN, NOW, IN_PROGRESS, WAITING, "m-0")
SOLVED = TicketResolved(BEN, NOW, IN_PROGRESS, RESOLVED, NOW + CLOSES_AFTER)
ENDED = TicketClosed(BEN, NOW, RESOLVED, CLOSED)
ASSIGNED = TicketAssigned(BEN, NOW, EVA)

HISTORIES = {
    OPEN: (OPENED,),
    IN_PROGRESS: (OPENED, STARTED),
    WAITING: (OPENED, STARTED, ASKED),
    RESOLVED: (OPENED, STARTED, SOLVED),
    CLOSED: (OPENED, STARTED, SOLVED, ENDED),
}


def ticket(*events: object) -> Given:
    return given(TICKET, *events)


def said(by: Person, message_id: str = "m-1", body: str = "Hello") -> MessagePosted:
    return MessagePosted(message_id, by, LATER, body)


class TestOpening:
    def test_opens(self) -> None:
        ticket().when(OPENING).then(OPENED)

    @pytest.mark.parametrize(("priority", "hours"), [("URGENT", 1), ("HIGH", 4), ("MEDIUM", 8), ("LOW", 24)])
    def test_promises_a_first_answer_by_priority(self, priority: str, hours: int) -> None:
        due = NOW + timedelta(hours=hours)
        opening = replace(OPENING, priority=Priority(priority))
        ticket().when(opening).then(replace(OPENED, priority=Priority(priority), first_response_due_at=due))

    def test_takes_ten_files_and_not_eleven(self) -> None:
        files = tuple(replace(FILE, id=f"f-{n}") for n in range(11))
        ticket().when(replace(OPENING, attachments=files[:10])).then(replace(OPENED, attachments=files[:10]))
        ticket().when(replace(OPENING, attachments=files)).refused("too_many_attachments")

    @pytest.mark.parametrize(
        "command",
        [
            PostMessage(ADA, LATER, "m-1", "Hello"),
            RequestInformation(BEN, LATER, "m-1", "Which zone?"),
            ResolveTicket(BEN, LATER, "m-1"),
            ReopenTicket(ADA, LATER),
            CloseTicket(BEN, LATER),
            CloseIfDue(SYSTEM, LATER),
            AnnounceClosing(SYSTEM, LATER),
            AssignTicket(BEN, LATER, EVA),
            ChangePriority(BEN, LATER, Priority.LOW),
            ChangeCategory(BEN, LATER, Category.BILLING),
            RateTicket(ADA, LATER, 5),
        ],
        ids=lambda command: type(command).__name__,
    )
    def test_nothing_else_happens_before(self, command: object) -> None:
        ticket().when(command).refused("ticket_not_found")


class TestMessages:
    def test_an_agents_reply_starts_the_work(self) -> None:
        ticket(OPENED).when(PostMessage(BEN, LATER, "m-1", "Hello")).then(
            said(BEN), WorkStarted(BEN, LATER, OPEN, IN_PROGRESS)
        )

    @pytest.mark.parametrize("status", [IN_PROGRESS, WAITING, RESOLVED])
    def test_an_agents_reply_later_changes_no_status(self, status: Status) -> None:
        ticket(*HISTORIES[status]).when(PostMessage(BEN, LATER, "m-1", "Hello")).then(said(BEN))

    @pytest.mark.parametrize("status", [OPEN, IN_PROGRESS])
    def test_a_customers_message_changes_no_status(self, status: Status) -> None:
        ticket(*HISTORIES[status]).when(PostMessage(ADA, LATER, "m-1", "Hello")).then(said(ADA))

    def test_a_customers_answer_ends_the_waiting(self) -> None:
        ticket(*HISTORIES[WAITING]).when(PostMessage(ADA, LATER, "m-1", "Hello")).then(
            said(ADA), InformationProvided(ADA, LATER, WAITING, IN_PROGRESS, "m-1")
        )

    def test_a_customers_reply_reopens_what_was_resolved(self) -> None:
        ticket(*HISTORIES[RESOLVED]).when(PostMessage(ADA, LATER, "m-1", "Hello")).then(
            said(ADA), TicketReopened(ADA, LATER, RESOLVED, OPEN)
        )

    def test_reopened_while_assigned_is_in_progress(self) -> None:
        ticket(OPENED, ASSIGNED, STARTED, SOLVED).when(PostMessage(ADA, LATER, "m-1", "Hello")).then(
            said(ADA), TicketReopened(ADA, LATER, RESOLVED, IN_PROGRESS)
        )

    @pytest.mark.parametrize("by", [ADA, BEN], ids=["customer", "agent"])
    def test_a_closed_ticket_takes_no_message(self, by: Person) -> None:
        refusal = ticket(*HISTORIES[CLOSED]).when(PostMessage(by, LATER, "m-1", "Hello")).refused("ticket_closed")
        assert refusal.details["number"] == "CF-1234567"

    def test_takes_files(self) -> None:
        ticket(OPENED).when(PostMessage(ADA, LATER, "m-1", "Hello", (FILE,))).then(
            replace(said(ADA), attachments=(FILE,))
        )

    def test_eleven_files_are_too_many(self) -> None:
        files = tuple(replace(FILE, id=f"f-{n}") for n in range(11))
        ticket(OPENED).when(PostMessage(ADA, LATER, "m-1", "Hello", files)).refused("too_many_attachments")

    @pytest.mark.parametrize("status", [OPEN, IN_PROGRESS, WAITING])
    def test_an_agent_asks_for_information(self, status: Status) -> None:
        ticket(*HISTORIES[status]).when(RequestInformation(BEN, LATER, "m-1", "Hello")).then(
            said(BEN), InformationRequested(BEN, LATER, status, WAITING, "m-1")
        )

    def test_a_customer_does_not_ask_for_information(self) -> None:
        ticket(OPENED).when(RequestInformation(ADA, LATER, "m-1", "Hello")).refused("role_required")


class TestSolving:
    @pytest.mark.parametrize("by", [ADA, BEN], ids=["customer", "agent"])
    @pytest.mark.parametrize("status", [OPEN, IN_PROGRESS, WAITING])
    def test_is_resolved(self, by: Person, status: Status) -> None:
        ticket(*HISTORIES[status]).when(ResolveTicket(by, LATER, "m-1")).then(
            TicketResolved(by, LATER, status, RESOLVED, LATER + CLOSES_AFTER)
        )

    def test_the_solution_may_be_told(self) -> None:
        ticket(OPENED).when(ResolveTicket(BEN, LATER, "m-1", "Hello")).then(
            said(BEN), TicketResolved(BEN, LATER, OPEN, RESOLVED, LATER + CLOSES_AFTER)
        )

    @pytest.mark.parametrize("status", [RESOLVED, CLOSED])
    def test_is_not_resolved_again(self, status: Status) -> None:
        refusal = ticket(*HISTORIES[status]).when(ResolveTicket(BEN, LATER, "m-1")).refused("not_allowed_in_status")
        assert refusal.details["ticket_status"] == status
        assert "resolve" not in refusal.details["allowed_actions"]

    @pytest.mark.parametrize("by", [ADA, BEN], ids=["customer", "agent"])
    def test_is_reopened_with_a_reason(self, by: Person) -> None:
        ticket(*HISTORIES[RESOLVED]).when(ReopenTicket(by, LATER, "still down")).then(
            TicketReopened(by, LATER, RESOLVED, OPEN, "still down")
        )

    @pytest.mark.parametrize("status", [OPEN, IN_PROGRESS, WAITING, CLOSED])
    def test_only_what_is_resolved_is_reopened(self, status: Status) -> None:
        ticket(*HISTORIES[status]).when(ReopenTicket(ADA, LATER)).refused("not_allowed_in_status")

    def test_an_agent_closes_what_is_resolved(self) -> None:
        ticket(*HISTORIES[RESOLVED]).when(CloseTicket(BEN, LATER)).then(TicketClosed(BEN, LATER, RESOLVED, CLOSED))

    def test_a_customer_does_not_close(self) -> None:
        ticket(*HISTORIES[RESOLVED]).when(CloseTicket(ADA, LATER)).refused("role_required")


class TestTheClock:
    def test_closes_when_the_time_has_come(self) -> None:
        due = NOW + CLOSES_AFTER
        ticket(*HISTORIES[RESOLVED]).when(CloseIfDue(SYSTEM, due)).then(TicketClosed(SYSTEM, due, RESOLVED, CLOSED))

    def test_does_not_close_before(self) -> None:
        early = NOW + CLOSES_AFTER - timedelta(microseconds=1)
        ticket(*HISTORIES[RESOLVED]).when(CloseIfDue(SYSTEM, early)).then_nothing()

    @pytest.mark.parametrize("status", [OPEN, IN_PROGRESS, WAITING, CLOSED])
    def test_does_not_close_what_is_not_resolved(self, status: Status) -> None:
        ticket(*HISTORIES[status]).when(CloseIfDue(SYSTEM, NOW + CLOSES_AFTER)).then_nothing()

    def test_counts_from_the_last_solution(self) -> None:
        reopened = TicketReopened(ADA, LATER, RESOLVED, OPEN)
        again = TicketResolved(BEN, LATER, OPEN, RESOLVED, LATER + CLOSES_AFTER)
        ticket(OPENED, SOLVED, reopened, again).when(CloseIfDue(SYSTEM, NOW + CLOSES_AFTER)).then_nothing()

    def test_announces_the_closing_two_days_before(self) -> None:
        warned = NOW + CLOSES_AFTER - WARNS_BEFORE
        ticket(*HISTORIES[RESOLVED]).when(AnnounceClosing(SYSTEM, warned)).then(
            ClosingAnnounced(SYSTEM, warned, NOW + CLOSES_AFTER)
        )
        early = warned - timedelta(microseconds=1)
        ticket(*HISTORIES[RESOLVED]).when(AnnounceClosing(SYSTEM, early)).then_nothing()

    def test_announces_again_after_another_solution(self) -> None:
        announced = ClosingAnnounced(SYSTEM, LATER, NOW + CLOSES_AFTER)
        reopened = TicketReopened(ADA, LATER, RESOLVED, OPEN)
        again = TicketResolved(BEN, LATER, OPEN, RESOLVED, LATER + CLOSES_AFTER)
        at = LATER + CLOSES_AFTER
        ticket(OPENED, SOLVED, announced, reopened, again).when(AnnounceClosing(SYSTEM, at)).then(
            ClosingAnnounced(SYSTEM, at, LATER + CLOSES_AFTER)
        )

    def test_announces_nothing_for_what_is_open(self) -> None:
        ticket(OPENED).when(AnnounceClosing(SYSTEM, LATER)).then_nothing()


class TestCare:
    def test_assigning_starts_the_work(self) -> None:
        ticket(OPENED).when(AssignTicket(BEN, LATER, EVA)).then(
            TicketAssigned(BEN, LATER, EVA), WorkStarted(BEN, LATER, OPEN, IN_PROGRESS)
        )

    @pytest.mark.parametrize("status", [IN_PROGRESS, WAITING, RESOLVED])
    def test_assigning_later_changes_no_status(self, status: Status) -> None:
        ticket(*HISTORIES[status]).when(AssignTicket(BEN, LATER, EVA)).then(TicketAssigned(BEN, LATER, EVA))

    def test_assigning_to_nobody(self) -> None:
        ticket(OPENED, ASSIGNED).when(AssignTicket(BEN, LATER, None)).then(TicketUnassigned(BEN, LATER))
        ticket(OPENED).when(AssignTicket(BEN, LATER, None)).then_nothing()

    def test_changes_priority_and_category(self) -> None:
        ticket(OPENED).when(ChangePriority(BEN, LATER, Priority.LOW)).then(
            PriorityChanged(BEN, LATER, Priority.HIGH, Priority.LOW)
        )
        ticket(OPENED).when(ChangeCategory(BEN, LATER, Category.BILLING)).then(
            CategoryChanged(BEN, LATER, Category.TECHNICAL, Category.BILLING)
        )

    def test_the_same_again_is_nothing(self) -> None:
        ticket(OPENED).when(ChangePriority(BEN, LATER, Priority.HIGH)).then_nothing()
        ticket(OPENED).when(ChangeCategory(BEN, LATER, Category.TECHNICAL)).then_nothing()
        ticket(OPENED, ASSIGNED).when(AssignTicket(BEN, LATER, EVA)).then_nothing()

    @pytest.mark.parametrize(
        "command",
        [
            AssignTicket(BEN, LATER, EVA),
            ChangePriority(BEN, LATER, Priority.LOW),
            ChangeCategory(BEN, LATER, Category.BILLING),
        ],
        ids=lambda command: type(command).__name__,
    )
    def test_agents_only_and_not_once_it_is_closed(self, command: object) -> None:
        ticket(OPENED).when(replace(command, by=ADA)).refused("role_required")  # type: ignore[type-var]
        ticket(*HISTORIES[CLOSED]).when(command).refused("not_allowed_in_status")


class TestRating:
    @pytest.mark.parametrize("status", [RESOLVED, CLOSED])
    def test_the_customer_rates_what_is_resolved(self, status: Status) -> None:
        ticket(*HISTORIES[status]).when(RateTicket(ADA, LATER, 4, "quick")).then(
            SatisfactionRated(ADA, LATER, 4, "quick")
        )

    def test_may_change_it_for_fourteen_days(self) -> None:
        rated = SatisfactionRated(ADA, NOW, 2)
        last = NOW + RATING_WINDOW
        ticket(*HISTORIES[CLOSED], rated).when(RateTicket(ADA, last, 5)).then(SatisfactionRated(ADA, last, 5))
        over = last + timedelta(microseconds=1)
        ticket(*HISTORIES[CLOSED], rated).when(RateTicket(ADA, over, 5)).refused("rating_window_over")

    def test_not_before_and_not_by_agents(self) -> None:
        ticket(*HISTORIES[IN_PROGRESS]).when(RateTicket(ADA, LATER, 5)).refused("not_allowed_in_status")
        ticket(*HISTORIES[RESOLVED]).when(RateTicket(BEN, LATER, 5)).refused("role_required")


class TestNotes:
    def test_an_agent_adds_a_note(self) -> None:
        given(NOTES).when(AddNote(BEN, LATER, "n-1", "Check the switch")).then(
            NoteAdded("n-1", BEN, LATER, "Check the switch")
        )

    def test_a_customer_does_not(self) -> None:
        given(NOTES).when(AddNote(ADA, LATER, "n-1", "Hello")).refused("role_required")


class TestNumbers:
    def test_a_number_is_one_tickets(self) -> None:
        given(NUMBER).when(TakeNumber("CF-1", "t-1")).then(NumberTaken("CF-1", "t-1"))
        given(NUMBER, NumberTaken("CF-1", "t-1")).when(TakeNumber("CF-1", "t-2")).refused("number_taken")


def test_the_buttons_are_drawn_from_the_table() -> None:
    assert set(allowed_actions(Role.CUSTOMER, RESOLVED)) == {Action.REPLY, Action.REOPEN, Action.RATE}
    assert set(allowed_actions(Role.CUSTOMER, CLOSED)) == {Action.RATE, Action.FOLLOW_UP}
    assert set(allowed_actions(Role.AGENT, CLOSED)) == {Action.NOTE, Action.FOLLOW_UP}
    assert Action.NOTE not in {action for (role, action) in TRANSITIONS if role is Role.CUSTOMER}


def test_nothing_leaves_closed() -> None:
    assert {moves[CLOSED] for moves in TRANSITIONS.values() if CLOSED in moves} == {CLOSED}
