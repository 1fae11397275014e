"""The documents against the code: what there is is named, and what is named is there."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from marshmallow import Schema

from services.gateway import chat_schemas, schemas
from services.gateway.http.handlers import Gateway
from services.gateway.http.route import API, routes_of
from services.gateway.problems import CODES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
API_PAGE, OPERATION, README = ROOT / "docs/http-api.md", ROOT / "docs/operation.md", ROOT / "README.md"
ROUTES = [route for _, route in routes_of(Gateway)]

_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
_CALL = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`?\s]*)")
_CODE_ROW = re.compile(r"^\| `(\w+)` \| ([0-9 or]+) \|", re.MULTILINE)
_METRIC = re.compile(r"\b(?:Counter|Gauge|Histogram|Metric)\(\s*\"(\w+)\"")
_REFUSAL = re.compile(r"\bRefusal\(\s*\"(\w+)\"")
# drawn again inside the service until it is free
_NEVER_LEAVES = {"number_taken"}


def sources(*folders: str) -> Iterator[tuple[Path, str]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, path.read_text(encoding="utf-8")


def short(path: str) -> str:
    return path.removeprefix(API)


def anchors(page: Path) -> set[str]:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def variables(path: Path) -> set[str]:
    """Constants of a settings module that look like names of environment variables."""
    constants = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
    names = {text for text in constants if isinstance(text, str) and re.fullmatch(r"[A-Z][A-Z0-9_]{3,}", text)}
    return names - logging.getLevelNamesMapping().keys()


def described(name: str, text: str) -> bool:
    return re.search(rf"`{name}\b", text) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = []
    for found in _LINK.finditer(page.read_text(encoding="utf-8")):
        link = found[1] or found[2]
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_call_of_the_interface_is_described() -> None:
    text = API_PAGE.read_text(encoding="utf-8")
    named = {(method, path) for method, path in _CALL.findall(text)}
    missing = [f"{route.method} {short(route.template)}" for route in ROUTES if route.documented]
    assert [call for call in missing if tuple(call.split(" ", 1)) not in named] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_call_that_a_page_names_exists(page: Path) -> None:
    known = {(route.method, path) for route in ROUTES for path in (route.template, short(route.template))}
    named = set(_CALL.findall(page.read_text(encoding="utf-8")))
    assert named - known == set()


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("Ticket", schemas.TicketOut),
        ("Message", schemas.MessageOut),
        ("Statistics", schemas.StatisticsOut),
        ("History", schemas.HistoryEntryOut),
        ("Article", schemas.ArticleOut),
        ("Search", schemas.SearchOut),
        ("Authored article", schemas.AuthoredArticleOut),
        ("Question", schemas.FaqOut),
        ("Chat", chat_schemas.ChatOut),
        ("Chat message", chat_schemas.ChatMessageOut),
    ],
)
def test_every_member_of_an_answer_is_described(name: str, schema: type[Schema]) -> None:
    text = API_PAGE.read_text(encoding="utf-8").split(f"**{name}**: ")[1]
    outer = text[text.index("`{") + 2 : text.index("}`")]
    while (flat := re.sub(r": \[?\{[^{}]*\}\]?", "", outer)) != outer:
        outer = flat
    assert {member.split("|")[0].strip() for member in outer.split(",")} == set(schema().fields)


def test_every_error_code_is_described_with_its_status() -> None:
    rows = dict(_CODE_ROW.findall(API_PAGE.read_text(encoding="utf-8")))
    assert {
        code: str(entry.status) for code, entry in CODES.items() if str(entry.status) not in rows.get(code, "")
    } == {}
    refusals = {code for _, text in sources("services", "shared") for code in _REFUSAL.findall(text)}
    assert refusals - rows.keys() - _NEVER_LEAVES == set()
    assert rows.keys() - CODES.keys() - refusals == set()


@pytest.mark.parametrize(
    "module",
    [
        "shared/service/settings.py",
        "services/tickets/settings.py",
        "services/knowledge/settings.py",
        "services/chat/settings.py",
        "services/gateway/settings.py",
        "deploy/local/settings.py",
    ],
)
def test_every_setting_is_described(module: str) -> None:
    names = variables(ROOT / module)
    assert names
    text = OPERATION.read_text(encoding="utf-8")
    assert {name for name in names if not described(name, text)} == set()


def test_every_metric_is_described() -> None:
    names = {name for _, text in sources("services", "shared") for name in _METRIC.findall(text)}
    assert {"follower_stopped", "support_rpc_calls_total", "support_live_streams"} <= names
    text = OPERATION.read_text(encoding="utf-8")
    assert {name for name in names if not described(name, text) and not described(f"{name}_total", text)} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert named - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_test_and_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    known = {name for _, source in sources("tests") for name in re.findall(r"def (test_\w+)\(", source)}
    assert set(re.findall(r"`(test_\w+)`", text)) - known == set()
    files = re.findall(r"`((?:services|shared|deploy|tests)/[\w./-]+\.(?:py|sql|js|mjs|md))`", text)
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_every_promise_of_the_readme_names_a_test() -> None:
    promises = README.read_text(encoding="utf-8").split("## What it promises")[1].split("\n## ")[0]
    lines = re.split(r"^- ", promises, flags=re.MULTILINE)[1:]
    assert len(lines) >= 10
    assert [line for line in lines if "test_" not in line and "tests/" not in line] == []


def test_every_decision_is_listed_by_its_title() -> None:
    folder = ROOT / "docs/decisions"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    for page in sorted(folder.glob("[0-9]*.md")):
        number, _, title = page.read_text(encoding="utf-8").split("\n")[0].removeprefix("# ").partition(". ")
        assert page.name.startswith(f"{number}-")
        assert f"- [{number}]({page.name}) {title}" in listed
