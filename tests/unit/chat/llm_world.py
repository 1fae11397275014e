"""What the tests of the model's engine share: a small knowledge base, tickets of two people, a first engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from services.chat.assistant.actions import choose, open_article, open_ticket, start_procedure
from services.chat.assistant.port import (
    Asker,
    Incident,
    LookupFailed,
    Passage,
    People,
    Reply,
    Said,
    ServiceStatus,
    Source,
    StatusReport,
    TicketFound,
    Turn,
)

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
ANNA = Asker("anna", "Anna Keller", "anna@customer.example", "acme")
OTHER = Asker("olaf", "Olaf Umbra", "olaf@umbra.example", "umbra")
OWN = TicketFound("t-1", "CF-ANNA123", "Invoice too high", "OPEN", NOW, "last words of an own ticket")
FOREIGN = TicketFound("t-2", "CF-F0RE1GN", "database password of Umbra Ltd", "OPEN", NOW, "foreign last words")

REFUNDS = Passage(
    Source("article", "refunds-and-credits", 4, "Refunds and credits", "ask-for-a-refund"),
    "Ask for a refund or a correction",
    "1. Find invoice and line: **Organisation → Billing → Invoices** ([Invoices](kb:invoices-and-vat)).\n"
    "2. Open a ticket of category Billing with the invoice number, for example `CFI-2026-004217`.\n"
    "3. We answer within two working days.\n\n"
    "Refunds go back the way they came: to a card within 5 to 10 days.\n\n"
    '```bash\ncf billing credits --format "json"\n```',
    "billing",
    0.9,
)
QUESTION = Passage(
    Source("faq", "21-refund", 2, "Can I get a refund?"),
    "Can I get a refund?",
    "Yes, when we charged something wrong or you paid twice. After an outage you get credit on request, within 30 days "
    "after the end of the month. See <https://status.cloudfactory.example>.",
    "billing",
    0.7,
)
OUTGOING = Passage(
    Source("article", "outgoing-email-port-25", 1, "Outgoing email", "why"),
    "Why port 25 is closed",
    "New organisations cannot send on port 25. Use port 587 of your mail provider.",
    "networking",
    0.8,
)

GOOD = (
    'You can get a refund if you paid twice: "Yes, when we charged something wrong or you paid twice." [2]\n\n'
    "1. Find the invoice under **Organisation → Billing → Invoices** [1].\n"
    "2. Open a ticket of category Billing [1]."
)


@dataclass
class Knowledge:
    """Lookups over what stands here, with rights; keeps what was looked up, and fails where it is told to.

    found:  for every query but those in `by_query`
    away:   lookups that fail
    asked:  (lookup, what it was asked) in order
    """

    found: Sequence[Passage] = (REFUNDS, QUESTION)
    by_query: Mapping[str, Sequence[Passage]] = field(default_factory=lambda: {"port 25": (OUTGOING,)})
    incident: str = "Databases answer slowly."
    subject: str = OWN.subject
    away: frozenset[str] = frozenset()
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def passages(self, query: str, limit: int = 8) -> Sequence[Passage]:
        self._note("passages", query)
        return self.by_query.get(query, self.found)[:limit]

    def status(self) -> StatusReport:
        self._note("status")
        database = ServiceStatus("db", "Databases", "DEGRADED", NOW, Incident("Slow", self.incident, NOW))
        return StatusReport("DEGRADED", "Some services are slow.", NOW, "https://status.example", (database,))

    def ticket(self, asker: Asker, number: str) -> TicketFound | None:
        self._note("ticket", asker.id, number)
        return next((ticket for ticket in self.tickets(asker) if ticket.number == number), None)

    def tickets(self, asker: Asker, limit: int = 5) -> Sequence[TicketFound]:
        self._note("tickets", asker.id)
        return [replace(OWN, subject=self.subject)] if asker.id == ANNA.id else [FOREIGN]

    def _note(self, *call: str) -> None:
        self.asked.append(call)
        if call[0] in self.away:
            raise LookupFailed(call[0])


FIRST = Reply(
    "Perhaps one of these.",
    "question",
    answered=False,
    confidence=0.3,
    actions=(
        choose("Refunds", "refund"),
        open_article("Refunds", "refunds-and-credits"),
        start_procedure("Check an invoice", "check-invoice"),
        open_ticket(),
    ),
)


@dataclass(frozen=True)
class FirstEngine:
    """The first engine, which says the same to everything."""

    says: Reply = FIRST

    def reply(self, turn: Turn) -> Reply:
        return self.says


def turn(question: str = "Can I get my money back?", *before: Said, action: dict[str, str] | None = None) -> Turn:
    said = (*before, Said("customer", question, action=action))
    return Turn(said, 1, ANNA, People(True, None, "always"))
