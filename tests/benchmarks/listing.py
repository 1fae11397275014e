"""How long questions to large read models take, asked one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from deploy.local.stack import Stack
from services.tickets.actor import Actor
from services.tickets.bootstrap import build
from services.tickets.queries import Queries
from services.tickets.settings import Settings
from tests.benchmarks import projecting, servers, story
from tests.benchmarks.load import Client, person, token
from tests.benchmarks.measure import Scale, Times, number, timed
from tests.benchmarks.report import Table

AGENT = person(story.AGENTS[0], "Helper 0", "agent")
BIG = person(story.BIG_CUSTOMER, "Person 0", "customer")
SMALL = person("customer-7", "Person 7", "customer")
PAGE = 25


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
    Question("status: open and in progress", AGENT, {"status": ["OPEN", "IN_PROGRESS"]}),
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


def measure(stack: Stack, scale: Scale) -> list[Table]:
    projecting.fill(stack)
    servers.settle(stack)
    queries, close = _queries(stack)
    try:
        asked = {question.words: _direct(queries, question, scale.calls) for question in QUESTIONS}
        asked |= _others(queries, scale.calls)
    finally:
        close()
    return [
        Table(
            f"Lists and searches among {number(scale.tickets)} tickets: the tickets service's own time, ms",
            ["", "p50", "p99", "answers/s"],
            [
                [words, f"{taken.ms(0.5):.1f}", f"{taken.ms(0.99):.1f}", number(taken.rate)]
                for words, taken in asked.items()
            ],
            [f"Pages of {PAGE}, each with its total. One question at a time, through services.tickets.queries."],
        )
    ]


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


def _queries(stack: Stack) -> tuple[Queries, Callable[[], None]]:
    env = stack.env_for("tickets")
    settings = Settings("postgres", env["EVENT_STORE_URL"], env["READ_MODEL_URL"], env["OBJECT_STORE_URL"])
    service = build(settings)
    return service.queries, service.close


def _actor(who: dict[str, Any]) -> Actor:
    return Actor(who["sub"], who["name"], who["email"], who["account"], frozenset(who["roles"]))
