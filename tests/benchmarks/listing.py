"""How long questions to large read models take, asked one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from deploy.local.stack import Stack
from services.tickets.actor import Actor
from services.tickets.bootstrap import build, migrate
from services.tickets.queries import Queries
from services.tickets.settings import Settings
from shared.service.settings import AdminSettings
from tests.benchmarks import projecting, servers, story
from tests.benchmarks.load import Client, person, token
from tests.benchmarks.measure import Scale, Times, interleaved, number, ratios, spread, timed
from tests.benchmarks.report import Aim, Reached, Table, met

AGENT = person(story.AGENTS[0], "Helper 0", "agent")
BIG = person(story.BIG_CUSTOMER, "Person 0", "customer")
SMALL = person("customer-7", "Person 7", "customer")
PAGE = 25
OPEN = "status: open and in progress"


@dataclass(frozen=True, slots=True)
class Question:
    """`who` asks for a list with these filters; `page` counts from 1."""

    words: str
    who: dict[str, Any]
    filters: dict[str, Any]
    page: int = 1


QUESTIONS = (
    Question("first page of all", AGENT, {}),
    Question("page 100 of all, by cursor", AGENT, {}, page=100),
    Question("first page by priority", AGENT, {"sort": "-priority"}),
    Question(OPEN, AGENT, {"status": ["OPEN", "IN_PROGRESS"]}),
    Question("status: closed (two of three tickets)", AGENT, {"status": ["CLOSED"]}),
    Question("category: billing", AGENT, {"category": ["BILLING"]}),
    Question("assigned to me", AGENT, {"assignee": "me"}),
    Question("unassigned and open", AGENT, {"assignee": "none", "status": ["OPEN"]}),
    Question("search: a rare word", AGENT, {"q": story.RARE_WORD}),
    Question("search: a frequent word (every fifth ticket)", AGENT, {"q": story.FREQUENT_WORD}),
    Question("search: both words", AGENT, {"q": f"{story.FREQUENT_WORD} {story.RARE_WORD}"}),
    Question("search: no such word", AGENT, {"q": "zzzz"}),
    Question("a customer's own list (2 % of all tickets)", BIG, {}),
    Question("the same, search: a frequent word", BIG, {"q": story.FREQUENT_WORD}),
    Question("a customer's own list (about 50 tickets)", SMALL, {}),
)


FLAT = (OPEN, "first page of all", "unassigned and open", "a customer's own list (about 50 tickets)")
"""Lists whose time is not to grow with the number of tickets."""
FEW = 1_000
FLATNESS = Aim("list of open tickets, {many} tickets against {few}", most=1.5)


def measure(stack: Stack, scale: Scale) -> list[Table]:
    projecting.fill(stack)
    servers.settle(stack)
    queries, close = _queries(stack)
    try:
        asked = {question.words: _direct(queries, question, scale.calls) for question in QUESTIONS}
        asked |= _others(queries, scale.calls)
        flat = _flat(stack, queries, scale)
    finally:
        close()
    return [
        flat,
        Table(
            f"Lists and searches among {number(scale.tickets)} tickets: the tickets service's own time, ms",
            ["", "p50", "p99", "answers/s"],
            [
                [words, f"{taken.ms(0.5):.1f}", f"{taken.ms(0.99):.1f}", number(taken.rate)]
                for words, taken in asked.items()
            ],
            [f"Pages of {PAGE}, each with its total. One question at a time, through services.tickets.queries."],
        ),
    ]


def _flat(stack: Stack, many: Queries, scale: Scale) -> Table:
    few, close = _few(stack)
    try:
        questions = [question for question in QUESTIONS if question.words in FLAT]
        found = {
            question.words: interleaved(
                scale.rounds,
                {
                    "few": partial(_half, few, question, scale.calls),
                    "many": partial(_half, many, question, scale.calls),
                },
            )
            for question in questions
        }
    finally:
        close()
    grown = {words: ratios(taken["many"], taken["few"]).middle for words, taken in found.items()}
    counts = {"few": number(FEW), "many": number(scale.tickets)}
    reached = Reached(Aim(FLATNESS.what.format(**counts), most=FLATNESS.most), grown[OPEN])
    return Table(
        f"Lists among {counts['many']} tickets and among {counts['few']}: the tickets service's own time",
        ["", f"{counts['few']}, p50 ms", f"{counts['many']}, p50 ms", "many / few"],
        [
            [
                words,
                *(f"{spread(taken[name]).middle:.2f}" for name in counts),
                met(grown[words], reached.aim) if words == OPEN else f"{grown[words]:.2f}",
            ]
            for words, taken in found.items()
        ],
        ["`make bench T='--only listing --tickets 1000000'` asks a million."],
        [reached],
    )


def _few(stack: Stack) -> tuple[Queries, Callable[[], None]]:
    """The queries of a copy that has few tickets."""
    beside = servers.Beside(stack, "few")
    addresses = [beside.database_url("support_admin", database) for database in servers.DATABASES]
    migrate(AdminSettings(*addresses))
    story.fill(servers.admin(beside, "event_store"), story.Story(FEW))
    projecting.fill(beside)
    servers.settle(beside)
    return _queries(beside)


def _half(queries: Queries, question: Question, calls: int) -> float:
    return _direct(queries, question, calls).ms(0.5)


def measure_http(port: int, tickets: int, calls: int) -> Table:
    """The same lists, through gateway and broker."""
    client = Client(port)
    rows = []
    try:
        for question in QUESTIONS:
            taken = _asked(client, question, calls)
            rows.append([question.words, *_figures(taken)])
    finally:
        client.close()
    return Table(
        f"Lists and searches among {number(tickets)} tickets: over HTTP, ms",
        ["", "p50", "p99", "answers/s"],
        rows,
        ["One client: gateway, broker, service and back."],
    )


def _figures(taken: Times) -> list[str]:
    return [f"{taken.ms(0.5):.1f}", f"{taken.ms(0.99):.1f}", number(taken.rate)]


def _direct(queries: Queries, question: Question, calls: int) -> Times:
    actor = _actor(question.who)
    ask = partial(queries.list_tickets, actor, **question.filters)
    cursor = _cursor_before(question.page, lambda cursor: ask(limit=PAGE, cursor=cursor))
    return timed(calls, lambda: ask(limit=PAGE, cursor=cursor))


def _asked(client: Client, question: Question, calls: int) -> Times:
    headers = {"Authorization": f"Bearer {token(client, question.who)}"}

    def ask(cursor: str | None) -> dict[str, Any]:
        parameters = {**question.filters, "limit": PAGE, **({} if cursor is None else {"cursor": cursor})}
        answer = client.call("GET", f"/api/v1/tickets?{urlencode(parameters, doseq=True)}", headers)
        assert isinstance(answer, dict)
        return answer

    cursor = _cursor_before(question.page, ask)
    return timed(calls, lambda: ask(cursor))


def _cursor_before(page: int, ask: Callable[[str | None], dict[str, Any]]) -> str | None:
    cursor = None
    for _ in range(page - 1):
        cursor = ask(cursor)["next_cursor"]
    return cursor


def _others(queries: Queries, calls: int) -> dict[str, Times]:
    agent = _actor(AGENT)
    ticket = queries.list_tickets(agent, status=["CLOSED"], limit=1)["items"][0]["id"]
    return {
        "statistics": timed(calls, lambda: queries.statistics(agent)),
        "one ticket": timed(calls, lambda: queries.get_ticket(agent, ticket)),
        "its messages": timed(calls, lambda: queries.list_messages(agent, ticket)),
        "its history": timed(calls, lambda: queries.history(agent, ticket)),
    }


def _queries(stack: Stack | servers.Beside) -> tuple[Queries, Callable[[], None]]:
    env = stack.env_for("tickets")
    settings = Settings("postgres", env["EVENT_STORE_URL"], env["READ_MODEL_URL"], env["OBJECT_STORE_URL"])
    service = build(settings)
    return service.queries, service.close


def _actor(who: dict[str, Any]) -> Actor:
    return Actor(who["sub"], who["name"], who["email"], who["account"], frozenset(who["roles"]))
