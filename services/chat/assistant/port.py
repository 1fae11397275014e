"""What an assistant is asked, what it may look up, and what it answers. Engines implement `Assistant`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

MAX_QUESTION = 4_000
"""Characters of what the customer wrote that an engine looks at; more is cut."""


# -- What it is asked


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the conversation: `role` is customer, assistant, agent or system."""

    role: str
    body: str
    sources: tuple[Source, ...] = ()
    action: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """The customer, with whose rights everything is looked up."""

    id: str
    name: str
    email: str
    account: str


@dataclass(frozen=True, slots=True)
class People:
    """Whether people answer chats now, and if not when they do again (UTC; None: not in the next weeks).

    `hours` is the week in words, such as "Monday to Friday 09:00–18:00 (Europe/Berlin)".
    """

    open: bool
    opens_at: datetime | None
    hours: str


@dataclass(frozen=True, slots=True)
class Walk:
    """Where in a guided procedure a conversation is.

    path:     the steps taken so far, the present one last
    answers:  (step, value of the choice made there), in order
    """

    procedure: str
    path: tuple[str, ...]
    answers: tuple[tuple[str, str], ...] = ()

    @property
    def step(self) -> str:
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class Turn:
    """A moment at which it is the assistant's turn.

    said:   the conversation, oldest first, up to and with what is to be answered
    since:  how many messages at the end of `said` are the customer's and unanswered, at least 1
    walk:   the procedure that is under way, if one is
    """

    said: Sequence[Said]
    since: int
    asker: Asker
    people: People
    walk: Walk | None = None

    @property
    def asked(self) -> Sequence[Said]:
        """What is to be answered, all of it together."""
        return self.said[len(self.said) - self.since :]

    @property
    def question(self) -> str:
        """The text of what is to be answered, shortened to MAX_QUESTION."""
        return "\n".join(said.body for said in self.asked if said.body)[:MAX_QUESTION]

    @property
    def action(self) -> Mapping[str, Any] | None:
        """The button that was pressed last among what is to be answered."""
        return next((said.action for said in reversed(self.asked) if said.action is not None), None)


# -- What it answers


@dataclass(frozen=True, slots=True)
class Source:
    """Where an answer's words stand: an article's section, or a question of the FAQ.

    kind:     "article" or "faq"
    slug:     of the article; the id of the question
    version:  of the article; the revision of the question
    anchor:   of the section; None for the whole
    """

    kind: str
    slug: str
    version: int
    title: str
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the assistant says.

    body:        Markdown: paragraphs, lists, bold, code; no links, no HTML
    intent:      what it took the question for: question, status, procedure, ticket, person, small_talk, unknown
    answered:    whether it had an answer; False is counted as a question without one
    confidence:  0 to 1 that the answer is the right one; 1.0 for what is not a guess, such as a procedure's step
    actions:     buttons, each {kind, label, …} as made by `services.chat.assistant.actions`
    walk:        the procedure that goes on from here; None where none does
    wants_person: the customer asked for a person: hand over where people are there
    engine:      which engine spoke
    """

    body: str
    intent: str
    answered: bool = True
    confidence: float = 1.0
    sources: tuple[Source, ...] = ()
    actions: tuple[Mapping[str, Any], ...] = ()
    walk: Walk | None = None
    wants_person: bool = False
    engine: str = "passages"


class Assistant(Protocol):
    """Answers a turn. Raises nothing but `LookupFailed`."""

    def reply(self, turn: Turn) -> Reply: ...


# -- What it may look up


class LookupFailed(Exception):
    """A service that was asked is away; the turn is tried again or answered without it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the knowledge base: one section of a published article, or one question of the FAQ.

    heading:  of the section ("" for the article's beginning), or the question
    text:     its Markdown, without the heading
    score:    how well it fits the query, 0 to 1, comparable between queries
    """

    source: Source
    heading: str
    text: str
    category: str
    score: float


@dataclass(frozen=True, slots=True)
class Incident:
    title: str
    body: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """`level` is OPERATIONAL, DEGRADED, OUTAGE, MAINTENANCE or UNKNOWN; `since` when it became so."""

    key: str
    name: str
    level: str
    since: datetime | None = None
    incident: Incident | None = None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The state of the platform; `updated_at` is when the source said so (None: it never answered)."""

    level: str
    summary: str
    updated_at: datetime | None
    url: str
    services: tuple[ServiceStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketFound:
    """One of the asker's own tickets; `status` as the API names it."""

    id: str
    number: str
    subject: str
    status: str
    updated_at: datetime
    last_message: str = ""


class Lookups(Protocol):
    """What engines may ask of others, each with a deadline. Each raises LookupFailed."""

    def passages(self, query: str, limit: int = 8) -> Sequence[Passage]:
        """The pieces of the knowledge base that fit a query best, the best first."""

    def status(self) -> StatusReport:
        """The platform's state; does not raise: a source that is away is level UNKNOWN or the last answer."""

    def ticket(self, asker: Asker, number: str) -> TicketFound | None:
        """The asker's ticket of this number (CF-XXXXXXX), None where there is none that the asker may see."""

    def tickets(self, asker: Asker, limit: int = 5) -> Sequence[TicketFound]:
        """The asker's unsolved tickets, the last changed first."""


@dataclass(frozen=True, slots=True)
class FixedLookups:
    """Answers from memory, for tests and for measuring."""

    found: Mapping[str, Sequence[Passage]] = field(default_factory=dict)
    report: StatusReport = StatusReport("UNKNOWN", "Not known.", None, "")
    own: Sequence[TicketFound] = ()

    def passages(self, query: str, limit: int = 8) -> Sequence[Passage]:
        return list(self.found.get(query, ()))[:limit]

    def status(self) -> StatusReport:
        return self.report

    def ticket(self, asker: Asker, number: str) -> TicketFound | None:
        return next((ticket for ticket in self.own if ticket.number == number), None)

    def tickets(self, asker: Asker, limit: int = 5) -> Sequence[TicketFound]:
        return list(self.own)[:limit]
