"""Figures of the assistant: what counts as right, and that they are counted right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.chat import judge
from services.chat.assistant import actions
from services.chat.assistant.engine import Passages
from services.chat.assistant.port import Reply, ServiceStatus, Source, StatusReport, Turn, Walk
from services.chat.assistant.procedures import Procedures
from services.chat.judge import Case
from tests.doubles.knowledge import read_content

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 24, tzinfo=UTC)
NAMES = "Compute,Databases,Object storage,Networking,Kubernetes,DNS,Console,Billing"
REPORT = StatusReport(
    "OPERATIONAL",
    "All services work.",
    NOW,
    "",
    tuple(ServiceStatus(name.lower().replace(" ", "-"), name, "OPERATIONAL") for name in NAMES.split(",")),
)
FAQ = {"How do I open a port?": "09-open-port"}
BUCKET = Source("article", "first-bucket", 1, "Bucket", None)
PORT = Source("faq", "3f0e", 1, "How do I open a port?", None)


@dataclass(frozen=True)
class Answering:
    """An assistant that answers what a function says."""

    answer: Callable[[Turn], Reply]

    def reply(self, turn: Turn) -> Reply:
        return self.answer(turn)


def only(reply: Reply, case: Case) -> judge.Judged:
    return judge.judge(Answering(lambda turn: reply), [case], FAQ)[0]


@pytest.mark.parametrize(
    ("reply", "case", "right", "first", "best"),
    [
        (
            Reply("", "question", sources=(BUCKET, PORT)),
            Case(("?",), "question", ("09-open-port",)),
            True,
            False,
            False,
        ),
        (Reply("", "question", sources=(PORT,)), Case(("?",), "question", ("a", "09-open-port")), True, True, False),
        (Reply("", "question", sources=(PORT,)), Case(("?",), "question", ("09-open-port",)), True, True, True),
        (Reply("", "question"), Case(("?",), "question", ("a",)), False, False, False),
        (
            Reply("", "procedure", walk=Walk("p", ("s",))),
            Case(("?",), "question", ("a",), procedure="p"),
            True,
            True,
            True,
        ),
        (Reply("", "unknown", answered=False), Case(("?",), "unknown"), True, None, None),
        (Reply("", "question", sources=(PORT,)), Case(("?",), "unknown"), False, None, None),
        (Reply("", "person", wants_person=True), Case(("?",), "person"), True, None, None),
        (Reply("", "ticket"), Case(("?",), "person"), False, None, None),
        (Reply("", "status"), Case(("?",), "status"), True, None, None),
        (Reply("", "status"), Case(("?",), "status", service="dns"), False, None, None),
        (
            Reply("", "status", actions=(actions.show_status("DNS", "dns"),)),
            Case(("?",), "status", service="dns"),
            True,
            None,
            None,
        ),
        (
            Reply("", "question", actions=(actions.start_procedure("Go", "p"),)),
            Case(("?",), "procedure", procedure="p"),
            True,
            None,
            None,
        ),
        (Reply("", "procedure", walk=Walk("q", ("s",))), Case(("?",), "procedure", procedure="p"), False, None, None),
    ],
)
def test_what_is_right(reply: Reply, case: Case, right: bool, first: bool | None, best: bool | None) -> None:
    judged = only(reply, case)
    assert (judged.right, judged.first, judged.best) == (right, first, best)


def test_a_conversation_is_held_to_its_end() -> None:
    turns: list[Turn] = []

    def answer(turn: Turn) -> Reply:
        turns.append(turn)
        return Reply(f"answer {len(turns)}", "question", walk=Walk("p", ("s",)))

    judge.judge(Answering(answer), [Case(("a", "b"), "question")], FAQ)
    assert [[said.body for said in turn.said] for turn in turns] == [["a"], ["a", "answer 1", "b"]]
    assert [turn.walk for turn in turns] == [None, Walk("p", ("s",))]


def test_figures(tmp_path: Path) -> None:
    path = tmp_path / "set.yaml"
    path.write_text(
        "- {say: a, expect: unknown}\n- {say: b, expect: question, sources: [x]}\n"
        "- {said: [c], say: d, expect: person}\n"
    )
    cases = judge.read(path)
    assert cases[2] == Case(("c", "d"), "person", kind="person")
    judged = judge.judge(Answering(lambda turn: Reply("", "question", sources=(BUCKET,))), cases, FAQ)
    assert judge.answered_wrongly(judged) == 1.0
    whole = judge.rows(judged)[0]
    assert (whole.name, whole.cases, whole.right) == ("all", 3, 0.0)
    assert len(judge.wrong(judged)) == 3
    report = judge.report(judged, "set.yaml")
    assert "| question | 1 | 0.000 | 0.000 | 0.000 |" in report
    assert "Answered although nothing answers it: 1.000" in report


def test_figures_take_their_place_and_leave_the_rest_of_the_page() -> None:
    page = f"Above.\n\n{judge.BEGIN}\nold\n{judge.END}\n\nBelow.\n"
    once = judge.placed(page, "new\n")
    assert once == f"Above.\n\n{judge.BEGIN}\n\nnew\n\n{judge.END}\n\nBelow.\n"
    assert judge.placed(once, "new\n") == once


@pytest.mark.parametrize("page", ["Words.", judge.BEGIN, f"{judge.END}{judge.BEGIN}"])
def test_a_page_without_a_place_for_figures_is_not_written(page: str) -> None:
    with pytest.raises(ValueError, match="no place for figures"):
        judge.placed(page, "new")


def test_the_page_has_a_place_for_figures() -> None:
    page = (ROOT / "docs/assistant.md").read_text("utf-8")
    assert "What it does" in judge.placed(page, "new")


@pytest.mark.parametrize(
    ("file", "right", "question", "first", "kinds", "wrongly"),
    [
        ("chat_development", 0.93, 0.885, 0.88, 0.99, 0.071),
        ("chat", 0.92, 0.875, 0.87, 0.96, 0.073),
    ],
)
def test_the_engine_keeps_what_it_reached(
    file: str, right: float, question: float, first: float, kinds: float, wrongly: float
) -> None:
    content = ROOT / "services/knowledge/content"
    procedures = Procedures.load(ROOT / "services/chat/content/procedures")
    engine = Passages(read_content(content, report=REPORT), procedures, lambda: NOW)
    cases = judge.read(ROOT / f"tests/judged/{file}.yaml")
    judged = judge.judge(engine, cases, judge.faq_names(content / "faq"))
    figures = {row.name: row for row in judge.rows(judged)}
    assert figures["all"].right >= right, "\n".join(judge.wrong(judged))
    assert figures["question"].right >= question
    assert (figures["question"].first or 0.0) >= first
    assert min(figures[kind].right for kind in ("person", "status", "ticket", "small_talk")) >= kinds
    assert judge.answered_wrongly(judged) <= wrongly
