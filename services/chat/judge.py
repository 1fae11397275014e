"""Measure an assistant on a judged set: what customers say, and what is to come of it.

A set is a list of {say, said?, expect, sources?, service?, procedure?, kind?}:

    say         the message that is judged
    said        what the customer said before it, the oldest first
    expect      question, status, procedure, ticket, person, small_talk or unknown (nothing answers it)
    sources     slugs of articles and names of the FAQ's files that answer, the best first
    service     the key of the service that a question of state is about
    procedure   the key of the procedure that is meant; for a question, beginning it is right as well
    kind        by what the figures are told apart, where that is not `expect`
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from services.chat.assistant.port import Asker, Assistant, People, Reply, Said, Source, Turn

BEGIN, END = "<!-- figures: written by the command judge -->", "<!-- end of the figures -->"
"""What the figures stand between on a page."""

ASKER = Asker("judge", "Judge", "judge@example.com", "judge")
PEOPLE = People(False, datetime(2027, 1, 4, 8, tzinfo=UTC), "Monday to Friday 09:00–18:00 (Europe/Berlin)")


@dataclass(frozen=True, slots=True)
class Case:
    """The customer's messages of a conversation, with what is to come of the last; shapes as in the module's head."""

    said: tuple[str, ...]
    expect: str
    sources: tuple[str, ...] = ()
    service: str | None = None
    procedure: str | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """One case answered.

    right:       it came to what was expected: for a question, one of the sources that answer it was used
    first:       the first source is one that answers, or the right procedure was begun; None where nothing answers
    best:        the first source is the best one, or the right procedure was begun; None alike
    named:       the first source's slug, or its file's name
    seconds:     of the last answer
    """

    case: Case
    reply: Reply
    right: bool
    first: bool | None
    best: bool | None
    named: str | None
    seconds: float


def read(path: Path) -> list[Case]:
    """The cases of a file."""
    return [
        Case(
            (*(row.get("said") or ()), row["say"]),
            row["expect"],
            tuple(row.get("sources") or ()),
            row.get("service"),
            row.get("procedure"),
            row.get("kind") or row["expect"],
        )
        for row in yaml.safe_load(path.read_text("utf-8"))
    ]


def faq_names(folder: Path) -> Mapping[str, str]:
    """Question → its file's name, of a folder of FAQ files: ids differ from one installation to the next."""
    found = {}
    for path in sorted(folder.glob("*.md")):
        front = yaml.safe_load(path.read_text("utf-8").split("---\n", 2)[1])
        found[front["question"]] = path.stem
    return found


def judge(assistant: Assistant, cases: Sequence[Case], faq: Mapping[str, str]) -> list[Judged]:
    """Hold each conversation; `faq` maps questions to their files' names. Raises LookupFailed."""
    return [_hold(assistant, case, faq) for case in cases]


def _hold(assistant: Assistant, case: Case, faq: Mapping[str, str]) -> Judged:
    said: list[Said] = []
    reply: Reply | None = None
    seconds = 0.0
    for body in case.said:
        walk = reply.walk if reply is not None else None
        said.append(Said("customer", body))
        started = time.perf_counter()
        reply = assistant.reply(Turn(tuple(said), 1, ASKER, PEOPLE, walk))
        seconds = time.perf_counter() - started
        said.append(Said("assistant", reply.body, reply.sources))
    assert reply is not None, "a case has at least one message"
    names = [_name(source, faq) for source in reply.sources]
    first = best = None
    if case.sources:
        first = _begun(case, reply) or (bool(names) and names[0] in case.sources)
        best = _begun(case, reply) or (bool(names) and names[0] == case.sources[0])
    return Judged(case, reply, _is_right(case, reply, names), first, best, names[0] if names else None, seconds)


def _name(source: Source, faq: Mapping[str, str]) -> str:
    return faq.get(source.title, source.slug) if source.kind == "faq" else source.slug


def _is_right(case: Case, reply: Reply, names: Sequence[str]) -> bool:
    match case.expect:
        case "question":
            return reply.answered and (_begun(case, reply) or any(name in case.sources for name in names))
        case "procedure":
            return _begun(case, reply) or any(
                action["kind"] == "start_procedure" and action["procedure"] == case.procedure
                for action in reply.actions
            )
        case "unknown":
            return not reply.answered or reply.intent in ("unknown", "small_talk")
        case "status":
            return reply.intent == "status" and (case.service is None or _tells_of(case.service, reply))
        case "person":
            return reply.wants_person
        case _:
            return reply.intent == case.expect


def _begun(case: Case, reply: Reply) -> bool:
    return reply.walk is not None and reply.walk.procedure == case.procedure


def _tells_of(service: str, reply: Reply) -> bool:
    """Whether a reply is about this service: of another, or of all, it would name others."""
    return any(action["kind"] == "show_status" and action["service"] == service for action in reply.actions)


# -- Figures


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of some of the cases; shares are of 1."""

    name: str
    cases: int
    right: float
    first: float | None
    best: float | None


def rows(judged: Sequence[Judged]) -> list[Row]:
    """All cases, then each kind."""
    kinds = dict.fromkeys(each.case.kind for each in judged)
    return [_row("all", judged), *(_row(kind, [each for each in judged if each.case.kind == kind]) for kind in kinds)]


def _row(name: str, judged: Sequence[Judged]) -> Row:
    return Row(
        name,
        len(judged),
        statistics.fmean(each.right for each in judged),
        _mean([each.first for each in judged if each.first is not None]),
        _mean([each.best for each in judged if each.best is not None]),
    )


def _mean(values: Sequence[bool]) -> float | None:
    return statistics.fmean(values) if values else None


def answered_wrongly(judged: Sequence[Judged]) -> float:
    """The share of what nothing answers that was answered all the same."""
    none = [each for each in judged if each.case.expect == "unknown"]
    return statistics.fmean(not each.right for each in none) if none else 0.0


def p95(judged: Sequence[Judged]) -> float:
    """Seconds within which 95 of 100 answers came."""
    times = sorted(each.seconds for each in judged)
    return times[math.ceil(0.95 * len(times)) - 1]


def wrong(judged: Sequence[Judged]) -> list[str]:
    """A line for each case that did not come out as expected."""
    return [
        f"{each.case.said[-1][:90]!r}: expected {each.case.procedure or each.case.service or ''} {each.case.expect}"
        f" {list(each.case.sources)[:2]}, got {each.reply.intent} {each.named} ({each.reply.confidence})"
        for each in judged
        if not each.right or each.first is False
    ]


def report(judged: Sequence[Judged], file: str) -> str:
    """The figures as a part of a Markdown page."""
    lines = [
        f"{len(judged)} conversations of `{file}`. Right: it came to what was expected; for a question, an article or",
        "FAQ entry that answers it was used. First: the first source is one that answers; best: it is the best one.",
        "",
        "| kind | conversations | right | first | best |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.name} | {row.cases} | {row.right:.3f} | {_figure(row.first)} | {_figure(row.best)} |"
        for row in rows(judged)
    ]
    lines += [
        "",
        f"Answered although nothing answers it: {answered_wrongly(judged):.3f}. Time to answer: median"
        f" {statistics.median(each.seconds for each in judged) * 1000:.0f} ms, p95 {p95(judged) * 1000:.0f} ms.",
    ]
    return "\n".join(lines) + "\n"


def placed(page: str, figures: str) -> str:
    """A page with its figures replaced and every other word kept. Raises ValueError where it has no place for them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no place for figures: the page needs {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{figures.strip()}\n\n{END}{after}"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
