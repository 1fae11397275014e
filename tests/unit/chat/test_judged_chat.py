"""The judged set of the chat names only what there is, and has enough of each kind."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.chat.assistant.procedures import SERVICES, Procedures

ROOT = Path(__file__).parents[3]
CONTENT = ROOT / "services/knowledge/content"
ARTICLES = {path.stem for path in CONTENT.glob("articles/*/*.md")}
QUESTIONS = {path.stem for path in CONTENT.glob("faq/*.md")}
PROCEDURES = {each.key for each in Procedures.load(ROOT / "services/chat/content/procedures").all()}
ROWS: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests/judged/chat.yaml").read_text("utf-8"))
ENOUGH = {"question": 120, "procedure": 40, "status": 25, "ticket": 10, "person": 25, "small_talk": 20, "unknown": 35}


def name(row: dict[str, Any]) -> str:
    return " / ".join([*row.get("said", []), row["say"]])[:60]


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_a_row_names_what_there_is(row: dict[str, Any]) -> None:
    assert set(row) <= {"say", "said", "expect", "sources", "service", "procedure"}
    assert row["say"].strip()
    assert all(line.strip() for line in row.get("said", ["…"]))
    assert row["expect"] in ENOUGH
    sources = row.get("sources", [])
    assert set(sources) <= ARTICLES | QUESTIONS
    assert len(sources) == len(set(sources))
    assert bool(sources) == (row["expect"] in ("question", "procedure"))
    if "service" in row:
        assert row["expect"] == "status"
        assert row["service"] in SERVICES
    if "procedure" in row:
        assert row["expect"] in ("question", "procedure")
        assert row["procedure"] in PROCEDURES
    assert row["expect"] != "procedure" or "procedure" in row


def test_no_message_is_judged_twice() -> None:
    said = Counter("\n".join([*row.get("said", []), row["say"]]).lower() for row in ROWS)
    assert [text for text, times in said.items() if times > 1] == []


def test_there_is_enough_of_each_kind() -> None:
    kinds = Counter(row["expect"] for row in ROWS)
    assert {kind: kinds[kind] for kind, least in ENOUGH.items() if kinds[kind] < least} == {}
    assert sum("said" in row for row in ROWS) >= 15


def test_all_of_the_content_is_asked_for() -> None:
    best = Counter(row["sources"][0] for row in ROWS if row.get("sources"))
    asked = Counter(source for row in ROWS for source in row.get("sources", []))
    assert ARTICLES - set(best) == set()
    assert {source for source in ARTICLES | QUESTIONS if asked[source] < 3} == set()
    assert {row["service"] for row in ROWS if "service" in row} == set(SERVICES)
    begun = Counter(row["procedure"] for row in ROWS if row["expect"] == "procedure")
    assert {key for key in PROCEDURES if begun[key] < 3} == set()
