"""The Knowledge Base and FAQ tabs of the Support page, against an API that does what a test says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Request, expect

from tests.browser.conftest import Open, accessible
from tests.browser.portal_fake_api import ORIGIN, FakeApi, at, hub

CATEGORIES = [
    {"slug": "networking", "title": "Networking", "description": "Reach and protect services.", "article_count": 2},
    {"slug": "billing", "title": "Billing and payment", "description": "Invoices and costs.", "article_count": 1},
]
BODY = (
    '<p>A budget watches costs.</p><h2 id="s-first">Create a budget</h2>'
    "<ol><li>Open <strong>Billing</strong>.</li></ol>"
    '<pre><code class="language-bash">cf<span class="hl-w"> </span>budget <span class="hl-s2">"staging"</span>\n'
    "</code></pre>" + "<p>More of it.</p>" * 30 + '<h2 id="s-last">If it fails</h2>'
    '<p>See <a href="/support/knowledge-base/open-ports#s-first" data-article="open-ports">ports</a>.</p>'
)


def article(slug: str, title: str, category: str) -> dict[str, Any]:
    return {
        "id": slug,
        "slug": slug,
        "title": title,
        "summary": f"About it: {title}.",
        "category": category,
        "tags": ["cost"],
        "language": "en",
        "version": 2,
        "updated_at": at(50),
        "body_html": BODY,
        "contents": [
            {"level": 2, "id": "s-first", "title": "Create a budget"},
            {"level": 2, "id": "s-last", "title": "If it fails"},
        ],
        "helpful": {"yes": 3, "no": 1},
        "my_vote": None,
        "related": [{"slug": "open-ports", "title": "Open ports", "category": "networking"}],
    }


def faq(number: int, question: str, category: str, answer: str) -> dict[str, Any]:
    return {
        "id": f"0000000{number}-0000-4000-8000-000000000000",
        "question": question,
        "answer_markdown": answer,
        "answer_html": f"<p>{answer}</p>",
        "category": category,
        "position": number,
    }


@dataclass
class KnowledgeApi(FakeApi):
    """Three articles, found by a word of their title; `former` are slugs that they once had."""

    articles: list[dict[str, Any]] = field(
        default_factory=lambda: [
            article("firewall-rules", "Firewall rules", "networking"),
            article("open-ports", "Open ports", "networking"),
            article("budgets", "Budgets and firewall costs", "billing"),
        ]
    )
    former: dict[str, str] = field(default_factory=dict)
    questions: list[dict[str, Any]] = field(
        default_factory=lambda: [
            faq(1, "How do I reset my password?", "billing", "Use the link below the sign-in form."),
            faq(2, "How do I open a port?", "networking", "Add an inbound rule to the firewall."),
        ]
    )
    available: bool = True
    votes: list[dict[str, Any]] = field(default_factory=list)

    def _do(self, method: str, path: str, request: Request, body: Any) -> tuple[int, Any]:
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        match path.split("/")[1:]:
            case ["support", "hub"]:
                return 200, {**hub(), "knowledge": {"available": self.available}}
            case ["faq"]:
                return 200, {"items": self.questions}
            case ["kb", "categories"]:
                return 200, {"items": CATEGORIES}
            case ["kb", "suggest"]:
                return 200, {"items": self._found(query["q"])[: int(query["limit"])], "engine": "fake"}
            case ["kb", "search"]:
                return 200, self._search(query)
            case ["kb", "search", _, "choice"]:
                return 204, None
            case ["kb", "articles"]:
                items = [one for one in self.articles if one["category"] == query["category"]]
                return 200, {"items": items, "next_cursor": None, "total": len(items)}
            case ["kb", "articles", slug, *what]:
                return self._article(self.former.get(slug, slug), what, query, body)
        return super()._do(method, path, request, body)

    def _found(self, q: str) -> list[dict[str, Any]]:
        return [one for one in self.articles if q.lower() in one["title"].lower()]

    def _search(self, query: dict[str, str]) -> dict[str, Any]:
        found = self._found(query["q"])
        shown = [one for one in found if one["category"] == query.get("category", one["category"])]
        facets: dict[str, int] = {}
        for one in found:
            facets[one["category"]] = facets.get(one["category"], 0) + 1
        mark = f"All on <mark>{query['q']}</mark> &amp; more"
        items = [{**one, "snippet_html": mark, "score": 1.0} for one in shown]
        meant = "firewall" if query["q"] == "firewal1 rulse" else None
        return {
            "search_id": "5a4c0c1e-0000-4000-8000-000000000001",
            "items": items,
            "total": len(items),
            "facets": facets,
            "did_you_mean": meant,
            "engine": "fake",
        }

    def _article(self, slug: str, what: list[str], query: dict[str, str], body: Any) -> tuple[int, Any]:
        found = next((one for one in self.articles if one["slug"] == slug), None)
        if found is None:
            return 404, {"status": 404, "code": "article_not_found", "detail": "There is no such article."}
        if what == ["feedback"]:
            self.votes.append(body)
            return 200, {**body, "position": self.position}
        if what == ["versions"]:
            return 200, {"items": [{"version": n, "change_note": f"Change {n}", "at": at(50)} for n in (2, 1)]}
        return 200, {**found, "version": int(query.get("version", 2))}


@pytest.fixture
def api() -> KnowledgeApi:
    return KnowledgeApi()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_view_is_accessible(open_page: Open, width: int, scheme: str) -> None:
    page = open_page("/support/knowledge-base", width=width, scheme=scheme)

    def check(seen: Any) -> None:
        expect(seen).to_be_visible()
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0

    check(page.get_by_role("heading", name="Billing and payment"))
    page.get_by_role("combobox").fill("firewall")
    check(page.get_by_role("option", name="Firewall rules"))
    page.get_by_role("combobox").press("Enter")
    check(page.get_by_role("link", name="Firewall rules"))
    page.get_by_role("link", name="Firewall rules").click()
    check(page.get_by_role("heading", name="Was this helpful?"))
    page.goto(f"{ORIGIN}/support/knowledge-base?q=nothing")
    check(page.get_by_role("heading", name="No article matches"))
    page.goto(f"{ORIGIN}/support/faq")
    page.get_by_role("button", name="How do I open a port?").click()
    check(page.get_by_text("Add an inbound rule"))


def test_a_suggestion_is_chosen_by_keys(open_page: Open) -> None:
    page = open_page("/support/knowledge-base")
    field_ = page.get_by_role("combobox")
    field_.press_sequentially("firewall")
    expect(page.get_by_role("option")).to_have_count(3)
    field_.press("ArrowDown")
    expect(page.get_by_role("option", name="Firewall rules")).to_have_attribute("aria-selected", "true")
    field_.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    field_.press_sequentially(" r")
    expect(page.get_by_role("option")).to_have_count(2)
    field_.press("ArrowDown")
    field_.press("Enter")
    expect(page).to_have_url(re.compile("/knowledge-base/firewall-rules$"))
    expect(page.get_by_role("heading", name="Firewall rules")).to_be_focused()


def test_results_are_marked_narrowed_and_their_choice_is_told(api: KnowledgeApi, open_page: Open) -> None:
    page = open_page("/support/knowledge-base?q=firewall")
    expect(page.locator(".results mark")).to_have_text(["firewall", "firewall"])
    page.get_by_role("button", name="Billing and payment (1)").click()
    expect(page.locator(".results li")).to_have_count(1)
    assert "category=billing" in page.url
    page.get_by_role("link", name="Budgets").click()
    expect(page.get_by_role("heading", name="Budgets and firewall costs")).to_be_focused()
    choices = [body for _, path, _, body in api.calls if path.endswith("/choice")]
    assert choices == [{"slug": "budgets", "rank": 1}]
    page.go_back()
    expect(page.locator(".results li")).to_have_count(1)


def test_no_result_offers_what_is_close_and_a_ticket(open_page: Open) -> None:
    page = open_page("/support/knowledge-base")
    page.get_by_role("combobox").fill("firewal1 rulse")
    page.get_by_role("combobox").press("Enter")
    expect(page.get_by_role("link", name="firewall", exact=True)).to_be_visible()
    expect(page.locator(".near a")).to_have_count(2)
    page.get_by_role("button", name="Open a ticket about").click()
    expect(page.get_by_role("textbox", name="Subject")).to_have_value("firewal1 rulse")
    page.get_by_role("textbox", name="Subject").fill("Firewall rules are lost")
    page.reload()
    expect(page.get_by_role("textbox", name="Subject")).to_have_value("Firewall rules are lost")


def test_an_article_is_read_by_its_contents_and_its_code_is_copied(open_page: Open) -> None:
    page = open_page("/support/knowledge-base/budgets")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(page).to_have_title("Budgets and firewall costs · Cloud Factory Support")
    last = page.get_by_role("heading", name="If it fails")
    expect(last).not_to_be_in_viewport()
    page.get_by_role("complementary").get_by_role("link", name="If it fails").click()
    expect(last).to_be_in_viewport()
    expect(page).to_have_url(re.compile("/budgets#s-last$"))
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == 'cf budget "staging"'
    page.get_by_role("link", name="ports", exact=True).click()
    expect(page).to_have_url(re.compile("/open-ports#s-first$"))
    expect(page.get_by_role("heading", name="Create a budget")).to_be_focused()
    page.goto(f"{ORIGIN}/support/knowledge-base/budgets#s-last")
    expect(last).to_be_in_viewport()


def test_a_vote_with_its_reason_can_be_changed(api: KnowledgeApi, open_page: Open) -> None:
    page = open_page("/support/knowledge-base/budgets")
    expect(page.get_by_text("3 of 4 readers")).to_be_visible()
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.get_by_text("3 of 5 readers")).to_be_visible()
    page.get_by_role("textbox", name="What was missing").fill("The price")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("textbox", name="What was missing")).to_have_count(0)
    page.get_by_role("button", name="Yes", exact=True).click()
    expect(page.get_by_text("4 of 5 readers")).to_be_visible()
    assert api.votes == [{"helpful": False}, {"helpful": False, "comment": "The price"}, {"helpful": True}]


def test_former_addresses_older_versions_and_missing_articles(api: KnowledgeApi, open_page: Open) -> None:
    api.former["spending"] = "budgets"
    page = open_page("/support/knowledge-base/spending#s-last")
    expect(page).to_have_url(re.compile("/knowledge-base/budgets#s-last$"))
    page.get_by_text("Version 2").click()
    page.get_by_role("link", name="Version 1").click()
    expect(page.get_by_text("You are reading version 1.")).to_be_visible()
    page.get_by_role("link", name="Show the current version").click()
    expect(page.get_by_role("heading", name="Was this helpful?")).to_be_visible()
    page.goto(f"{ORIGIN}/support/knowledge-base/nothing")
    expect(page.get_by_role("heading", name="This article does not exist")).to_be_visible()


def test_the_place_is_kept_between_the_tabs(open_page: Open) -> None:
    page = open_page("/support/knowledge-base?category=networking")
    expect(page.locator(".results li")).to_have_count(2)
    page.get_by_role("tab", name="FAQ").click()
    page.get_by_role("tab", name="Knowledge Base").click()
    expect(page).to_have_url(re.compile("category=networking$"))
    page.get_by_role("tab", name="Knowledge Base").click()
    expect(page.get_by_role("heading", name="Billing and payment")).to_be_visible()


def test_what_could_not_be_loaded_is_tried_again(api: KnowledgeApi, open_page: Open) -> None:
    api.away = "/kb/.*"
    page = open_page("/support/knowledge-base")
    expect(page.get_by_role("heading", name="The knowledge base could not be loaded")).to_be_visible()
    api.away = ""
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Billing and payment")).to_be_visible()


def test_without_the_service_both_tabs_say_so(api: KnowledgeApi, open_page: Open) -> None:
    api.available = False
    page = open_page("/support/knowledge-base")
    expect(page.get_by_role("heading", name="The knowledge base is being written")).to_be_visible()
    page.get_by_role("tab", name="FAQ").click()
    expect(page.get_by_role("heading", name="Frequent questions are being collected")).to_be_visible()


def test_questions_open_side_by_side_by_link_and_by_the_browsers_search(api: KnowledgeApi, open_page: Open) -> None:
    page = open_page(f"/support/faq#{api.questions[1]['id']}")
    port = page.get_by_role("button", name="How do I open a port?")
    password = page.get_by_role("button", name="How do I reset my password?")
    expect(port).to_have_attribute("aria-expanded", "true")
    expect(port).to_be_focused()
    answer = page.locator(f"[id='answer-{api.questions[0]['id']}']")
    expect(answer).to_have_attribute("hidden", "until-found")
    assert answer.evaluate("one => one.getBoundingClientRect().height") == 0
    answer.dispatch_event("beforematch")
    expect(password).to_have_attribute("aria-expanded", "true")
    expect(port).to_have_attribute("aria-expanded", "true")
    port.press("Enter")
    expect(port).to_have_attribute("aria-expanded", "false")


def test_questions_are_filtered_by_question_and_answer(open_page: Open) -> None:
    page = open_page("/support/faq")
    box = page.get_by_role("searchbox", name="Filter the questions")
    box.fill("inbound")
    expect(page.locator(".question")).to_have_text(["How do I open a port?"])
    box.fill("firewall rules")
    page.get_by_role("link", name="Search the knowledge base for").click()
    expect(page.get_by_role("link", name="Firewall rules")).to_be_visible()


def test_the_subject_of_a_new_ticket_names_articles(open_page: Open) -> None:
    page = open_page("/support/tickets/new")
    page.get_by_role("textbox", name="Subject").fill("ports")
    link = page.get_by_role("link", name="Open ports")
    expect(link).to_have_attribute("href", "/support/knowledge-base/open-ports")
    page.get_by_role("textbox", name="Subject").fill("p")
    expect(link).to_have_count(0)
