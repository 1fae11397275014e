"""Live chats in the agent desk on the real system: take, answer, pass on, end, make a ticket; two agents at once."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Window, accessible
from tests.integration.api import Person
from tests.integration.service_tools import eventually

SESSION = "sessionStorage.setItem('cf-support-session', JSON.stringify({token: %s, person: %s}))"


@pytest.fixture
def customer(url: str) -> Iterator[Person]:
    yield from _customer(url, "Vera")


@pytest.fixture
def other(url: str) -> Iterator[Person]:
    yield from _customer(url, "Otto")


def _customer(url: str, name: str) -> Iterator[Person]:
    """Whose chats wait for nobody after the test."""
    person = Person(url, f"{name}{uuid.uuid4().hex[:6]}", account="Orchard Ltd")
    yield person
    for chat in person.get("/chats")["items"]:
        person.send(f"/chats/{chat['id']}/end")


@pytest.fixture
def agent(url: str) -> Person:
    """With no chat yet, whoever else runs tests."""
    return Person(url, f"Edda{uuid.uuid4().hex[:6]}", "agent")


@pytest.fixture
def colleague(url: str) -> Person:
    person = Person(url, f"Jonas{uuid.uuid4().hex[:6]}", "agent")
    person.send("/chats/presence", method="PUT")
    return person


def chat_of(customer: Person, *, waits: bool = True, words: str = "Is my data safe with you?") -> Any:
    chat = customer.send("/chats", {"message": words})
    return customer.send(f"/chats/{chat['id']}/handoff", {"reason": "A person please"}) if waits else chat


def desk(window: Window, agent: Person, path: str = "/desk/chats", **options: Any) -> Page:
    page = window("/desk", **options)
    expect(page.get_by_role("heading", name="Sign in to the agent desk")).to_be_visible()
    person = {"sub": agent.id, "name": agent.name, "email": "e@test.example", "account": "Test Ltd", "roles": ["agent"]}
    page.evaluate(SESSION % (json.dumps(agent.token), json.dumps(person)))
    page.goto(agent.url + path)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def with_chat(window: Window, agent: Person, customer: Person, **options: Any) -> tuple[Page, Any]:
    """A desk at a chat that its agent has accepted."""
    chat = chat_of(customer)
    page = desk(window, agent, f"/desk/chats/{chat['id']}", **options)
    view(page).get_by_role("button", name="Accept").click()
    expect(page.get_by_label("Your message")).to_be_focused()
    return page, chat


def view(page: Page) -> Locator:
    return page.locator("cf-desk-chat")


def part(page: Page, name: str) -> Locator:
    return page.locator("cf-desk-chats").get_by_role("region", name=re.compile(rf"^{name} \d"))


def sent(page: Page) -> None:
    """Wait until nothing is on its way any more."""
    expect(page.get_by_label("Your message")).to_have_value("")
    expect(page.locator("cf-desk-chat-log").locator(".sending, .queued, .failed")).to_have_count(0)


def said(person: Person, chat: Any) -> list[str]:
    """What the agent has said, once it has said something and the rows know it."""

    def bodies() -> list[str]:
        items = person.get(f"/chats/{chat['id']}/messages")["items"]
        return [one["body"] for one in items if one["author"]["role"] == "agent"]

    return list(eventually(bodies))


def test_a_chat_that_begins_to_wait_is_told_and_taken(window: Window, agent: Person, customer: Person) -> None:
    page = desk(window, agent)
    expect(page.get_by_role("switch", name="I take chats")).to_be_checked()
    chat_of(customer, words="Where do I find my invoices?")
    notice = page.locator("cf-notices").get_by_role("listitem").filter(has_text=customer.name)
    expect(notice).to_contain_text("waits for a person: Where do I find my invoices?")
    expect(part(page, "Waiting").get_by_role("link", name=customer.name)).to_be_visible()
    accessible(page)
    notice.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("heading", name=customer.name)).to_be_visible()
    expect(part(page, "Mine").get_by_role("link", name=customer.name)).to_be_visible()
    expect(part(page, "Waiting").get_by_role("link", name=customer.name)).to_have_count(0)
    expect(page.get_by_role("link", name=re.compile(r"^Chats .*1 is yours$"))).to_be_visible()
    expect(page.get_by_label("Your message")).to_be_visible()


def test_question_and_answer_live(window: Window, agent: Person, customer: Person) -> None:
    page, chat = with_chat(window, agent, customer)
    summary = view(page).get_by_text("What happened so far").locator("..")
    expect(summary).to_contain_text("Is my data safe with you?")
    expect(summary).to_contain_text("A person please")
    expect(view(page).get_by_text(f"{agent.name} has joined the chat.")).to_be_visible()
    expect(page.locator("cf-desk-customer")).to_contain_text("Orchard Ltd")

    page.keyboard.type("First line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("and second")
    page.keyboard.press("Enter")
    sent(page)
    expect(page.get_by_role("log").get_by_text("First line")).to_be_visible()
    assert said(customer, chat) == ["First line\nand second"]

    types = page.get_by_text(f"{customer.name} is typing…")
    # a signal may be lost, and is sent again while somebody types
    eventually(lambda: customer.request("POST", f"/chats/{chat['id']}/typing", {}) and types.is_visible())
    customer.send(f"/chats/{chat['id']}/messages", {"body": "Thank you"})
    expect(page.get_by_role("log").get_by_text("Thank you")).to_be_visible()
    expect(page.get_by_text(f"{customer.name} is typing…")).to_be_hidden()
    expect(part(page, "Mine").get_by_role("link", name=customer.name)).to_contain_text("waits for your answer")
    accessible(page)


def test_typing_is_told_sparingly(window: Window, agent: Person, customer: Person) -> None:
    page, _ = with_chat(window, agent, customer)
    with page.expect_request("**/typing"):
        page.keyboard.type("a")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/typing") else None)
    page.keyboard.type(" few words more")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log").get_by_text("a few words more")).to_be_visible()
    assert sent == []


def test_composing_with_an_input_method_sends_nothing(window: Window, agent: Person, customer: Person) -> None:
    page, chat = with_chat(window, agent, customer)
    field = page.get_by_label("Your message")
    field.fill("にほん")
    field.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True, "composed": True})
    expect(field).to_have_value("にほん")
    field.press("Enter")
    sent(page)
    expect(page.get_by_role("log").get_by_text("にほん")).to_be_visible()
    assert said(customer, chat) == ["にほん"]


def test_canned_replies_and_articles_by_keyboard(window: Window, agent: Person, customer: Person) -> None:
    page, chat = with_chat(window, agent, customer)
    field = page.get_by_label("Your message")
    page.keyboard.type("/")
    options = page.get_by_role("listbox", name="Canned replies").get_by_role("option")
    expect(options.first).to_have_attribute("aria-selected", "true")
    accessible(page)
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.type("he")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(field).to_have_value(re.compile(f"^Hello {customer.name}, this is {agent.name} from"))
    expect(options).to_have_count(0)

    page.keyboard.type(" and/or ")
    expect(options).to_have_count(0)
    page.keyboard.type("/zzz")
    page.keyboard.press("Escape")
    field.fill("See ")
    page.keyboard.press("End")
    page.keyboard.type("??private network")
    articles = page.get_by_role("listbox", name="Articles").get_by_role("option")
    article = articles.filter(has_text="Create your first private network")
    expect(article).to_be_visible()
    page.keyboard.press("Escape")
    expect(articles).to_have_count(0)
    expect(field).to_be_focused()
    page.keyboard.type("s")
    expect(articles.first).to_have_attribute("aria-selected", "true")
    title = articles.first.locator("span").first.inner_text()
    page.keyboard.press("Tab")
    expect(field).to_have_value(re.compile(rf"^See {re.escape(title)}: http.*/support/knowledge-base/[a-z0-9-]+$"))
    page.keyboard.press("Enter")
    link = page.get_by_role("log").locator("a[href*='/support/knowledge-base/']")
    expect(link).to_be_visible()
    sent(page)
    assert len(said(customer, chat)) == 1


def test_tickets_take_canned_replies_too(window: Window, agent: Person, customer: Person) -> None:
    ticket = customer.open()
    page = desk(window, agent, f"/desk/all/{ticket['id']}")
    page.get_by_label("Your reply").click()
    page.keyboard.type("/solved")
    expect(page.get_by_role("option", name=re.compile("Ask whether it is solved"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your reply")).to_have_value(re.compile(f"Does it work for you now, {customer.name}"))


def test_two_agents_accept_at_once(window: Window, agent: Person, colleague: Person, customer: Person) -> None:
    chat = chat_of(customer)
    page = desk(window, agent)

    def faster(route: Route) -> None:
        colleague.send(f"/chats/{chat['id']}/accept")
        route.continue_()

    page.route("**/accept", faster, times=1)
    part(page, "Waiting").get_by_role("button", name=f"Accept the chat of {customer.name}").click()
    expect(page.get_by_text(f"{colleague.name} was faster and has this chat.")).to_be_visible()
    row = part(page, "With others").get_by_role("listitem").filter(has_text=customer.name)
    expect(row).to_contain_text(colleague.name)
    expect(part(page, "Waiting").get_by_text(customer.name)).to_have_count(0)
    row.get_by_role("link").click()
    expect(view(page).get_by_text(f"{colleague.name} has this chat. You can read along.")).to_be_visible()
    expect(page.get_by_label("Your message")).to_be_hidden()
    accessible(page)


def test_no_more_chats_than_one_said(window: Window, agent: Person, customer: Person, other: Person) -> None:
    page, _ = with_chat(window, agent, customer)
    with page.expect_response("**/chats/presence"):
        page.get_by_label("At once").select_option("1")
    chat_of(other)
    part(page, "Waiting").get_by_role("button", name=f"Accept the chat of {other.name}").click()
    expect(page.get_by_text(re.compile(r"as many chats as you take at once \(1\).*raise the number"))).to_be_visible()
    expect(part(page, "Waiting").get_by_role("link", name=other.name)).to_be_visible()
    page.reload()
    expect(page.get_by_label("At once")).to_have_value("1")
    with page.expect_response("**/chats/presence"):
        page.get_by_role("switch", name="I take chats").uncheck()
    seen = {one["id"]: one["available"] for one in agent.get("/chats/desk")["agents"]}
    assert seen[agent.id] is False


def test_pass_on_to_a_colleague_and_back_to_the_queue(
    window: Window, agent: Person, colleague: Person, customer: Person
) -> None:
    page, chat = with_chat(window, agent, customer)
    page.get_by_role("button", name="Pass on").click()
    expect(page.get_by_role("menuitem", name=re.compile(colleague.name))).to_contain_text("Has 0 of 4 chats")
    accessible(page)
    page.get_by_role("menuitem", name=re.compile(colleague.name)).click()
    expect(view(page).get_by_text(f"{agent.name} has passed the chat on to {colleague.name}.")).to_be_visible()
    expect(page.get_by_label("Your message")).to_be_hidden()

    colleague.send(f"/chats/{chat['id']}/transfer", {"assignee": {"id": agent.id, "name": agent.name}})
    notice = page.locator("cf-notices").get_by_text(f"{colleague.name} has passed a chat on to you")
    expect(notice).to_be_visible()
    expect(page.get_by_label("Your message")).to_be_visible()
    page.get_by_role("button", name="Pass on").click()
    page.get_by_role("menuitem", name=re.compile("Back to the queue")).click()
    expect(part(page, "Waiting").get_by_role("link", name=customer.name)).to_be_visible()
    expect(view(page).get_by_role("button", name="Accept")).to_be_visible()


def test_hand_back_and_take_over(window: Window, agent: Person, customer: Person) -> None:
    page, chat = with_chat(window, agent, customer)
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("Hand back to the assistant")).click()
    expect(view(page).get_by_role("status").filter(has_text="With the assistant")).to_be_visible()
    expect(page.get_by_role("heading", name=customer.name)).to_be_focused()
    customer.send(f"/chats/{chat['id']}/messages", {"body": "How do I create a private network?"})
    answer = page.get_by_role("log").get_by_role("listitem").filter(has_text="Automatic answer").last
    expect(answer.get_by_role("link", name="Create your first private network")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Take over").click()
    expect(page.get_by_label("Your message")).to_be_focused()


def test_a_ticket_of_a_chat_and_the_way_between_them(window: Window, agent: Person, customer: Person) -> None:
    page, chat = with_chat(window, agent, customer)
    page.get_by_role("button", name="Make a ticket").click()
    subject = page.get_by_role("textbox", name="Subject")
    expect(subject).to_have_value("Is my data safe with you?")
    subject.fill("ab")
    page.get_by_role("button", name="Make a ticket").last.click()
    expect(page.get_by_text("Write at least 3 characters.")).to_be_visible()
    accessible(page)
    subject.fill("Where data is kept")
    page.get_by_label("Category").select_option("ACCOUNT")
    page.get_by_label("Priority").select_option("HIGH")
    page.get_by_role("button", name="Make a ticket").last.click()
    link = view(page).locator("header").get_by_role("link", name=re.compile(r"^CF-"))
    expect(link).to_be_visible()
    expect(page.get_by_label("Your message")).to_be_visible()
    link.click()
    expect(page.get_by_role("heading", name="Where data is kept")).to_be_visible()
    expect(page.get_by_role("button", name="Priority: High")).to_be_visible()
    expect(page.get_by_role("button", name="Category: Account")).to_be_visible()
    page.get_by_role("link", name="a live chat").click()
    expect(page.get_by_role("heading", name=customer.name)).to_be_visible()
    assert page.url.endswith(f"/desk/chats/{chat['id']}")


def test_an_ended_chat_is_read_only(window: Window, agent: Person, customer: Person) -> None:
    page, chat = with_chat(window, agent, customer)
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("End chat")).click()
    expect(page.get_by_role("dialog", name="End this chat?")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="End chat").click()
    expect(view(page).get_by_text(re.compile("^Ended by our team"))).to_be_visible()
    expect(page.get_by_label("Your message")).to_be_hidden()
    expect(page.get_by_role("heading", name=customer.name)).to_be_focused()
    expect(page.get_by_role("link", name=re.compile(r"^Chats .*0 are yours$"))).to_be_visible()
    assert customer.get(f"/chats/{chat['id']}")["end_reason"] == "AGENT"
    accessible(page)


def test_a_refused_message_stays_and_retry_sends_it_once(window: Window, agent: Person, customer: Person) -> None:
    page, chat = with_chat(window, agent, customer)
    keys: list[str] = []
    refusal = {"status": 409, "code": "write_conflict", "title": "Conflict", "detail": "Somebody was faster."}

    def refuse(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        keys.append(route.request.headers["idempotency-key"])
        route.fulfill(status=409, content_type="application/problem+json", json=refusal)

    page.route(f"**/chats/{chat['id']}/messages", refuse)
    page.keyboard.type("Only once")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not sent. Somebody was faster.")).to_be_visible()
    accessible(page)
    page.unroute(f"**/chats/{chat['id']}/messages")
    with page.expect_request(f"**/chats/{chat['id']}/messages") as again:
        page.get_by_role("button", name="Retry").click()
    sent(page)
    assert again.value.headers["idempotency-key"] == keys[0]
    assert said(customer, chat) == ["Only once"]


def test_a_draft_survives_a_reload_and_a_lost_connection_loses_nothing(
    window: Window, agent: Person, customer: Person
) -> None:
    page, chat = with_chat(window, agent, customer)
    page.keyboard.type("Half a sen")
    expect(page.get_by_text("Draft kept in this browser")).to_be_visible()
    page.reload()
    field = page.get_by_label("Your message")
    expect(field).to_have_value("Half a sen")
    page.context.set_offline(True)
    field.fill("The whole sentence")
    field.press("Enter")
    expect(page.get_by_text("Will be sent when the connection is back")).to_be_visible()
    expect(page.get_by_text("Reconnecting…")).to_be_visible()
    page.context.set_offline(False)
    sent(page)
    assert said(customer, chat) == ["The whole sentence"]


def test_one_desk_of_a_browser_reports_until_it_is_closed(window: Window, agent: Person) -> None:
    page = window("/desk")
    reports: dict[Page, int] = {page: 0}

    def follow(one: Page) -> None:
        reports[one] = 0
        one.on("request", lambda request: reports.update({one: reports[one] + request.url.endswith("/chats/presence")}))

    follow(page)
    person = {"sub": agent.id, "name": agent.name, "email": "e@test.example", "account": "Test Ltd", "roles": ["agent"]}
    session = SESSION % (json.dumps(agent.token), json.dumps(person))
    page.evaluate(session)
    with page.expect_response("**/chats/presence"):
        page.goto(agent.url + "/desk/mine")
    second = page.context.new_page()
    follow(second)
    second.goto(agent.url + "/desk")
    second.evaluate(session)
    second.goto(agent.url + "/desk/chats")
    expect(second.get_by_role("switch", name="I take chats")).to_be_visible()
    expect(second.get_by_role("link", name=re.compile("^Chats .*yours$"))).to_be_visible()
    assert reports[second] == 0
    with second.expect_response("**/chats/presence"):
        page.close()


def test_the_chats_of_who_is_gone_wait_again(
    window: Window, request: pytest.FixtureRequest, agent: Person, colleague: Person, customer: Person
) -> None:
    if os.environ.get("SUPPORT_URL"):
        pytest.skip("needs the read models of a stack of its own")
    page, chat = with_chat(window, agent, customer)
    page.close()
    watching = desk(window, colleague)
    expect(part(watching, "With others").get_by_role("link", name=customer.name)).to_be_visible()
    # a minute passes: what the worker reads says when the agent was last seen, and the agent's desk is closed
    stack = request.getfixturevalue("system")
    with psycopg.connect(stack.database_url("chat", "read_models"), autocommit=True) as connection:
        for table, column, key, value in (
            ("agents", "seen_at", "person_id", agent.id),
            ("chats", "assigned_at", "chat_id", chat["id"]),
        ):
            changed = connection.execute(
                f"update {table} set {column} = {column} - interval '61 seconds' where {key} = %s", (value,)
            )
            assert changed.rowcount == 1
    expect(part(watching, "Waiting").get_by_role("link", name=customer.name)).to_be_visible(timeout=30_000)
    expect(watching.locator("cf-notices").get_by_text(f"{customer.name} waits for a person")).to_be_visible()


def test_states_in_words(window: Window, agent: Person) -> None:
    page = desk(window, agent, "/desk/chats/00000000-0000-4000-8000-000000000000")
    expect(page.get_by_role("heading", name="This chat does not exist")).to_be_visible()
    accessible(page)
    nothing = {"items": [], "next_cursor": None, "total": 0}
    page.route("**/api/v1/chats?**", lambda route: route.fulfill(status=200, json=nothing))
    page.goto(agent.url + "/desk/chats")
    expect(page.get_by_role("heading", name="No chats now")).to_be_visible()
    expect(page.get_by_role("heading", name="Choose a chat")).to_be_visible()
    accessible(page)
    page.unroute("**/api/v1/chats?**")
    page.route("**/api/v1/chats?**", lambda route: route.fulfill(status=503, json={}))
    page.goto(agent.url + "/desk/chats")
    expect(page.get_by_role("heading", name="The chats could not be loaded")).to_be_visible()
    accessible(page)
    page.unroute("**/api/v1/chats?**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="The chats could not be loaded")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_a_chat_is_accessible_and_fits(
    window: Window, agent: Person, customer: Person, other: Person, width: int, scheme: str
) -> None:
    chat_of(other, words="A first question that is " + "very " * 40 + "long")
    page, _ = with_chat(window, agent, customer, width=width, scheme=scheme)
    page.keyboard.type("/")
    expect(page.get_by_role("listbox", name="Canned replies")).to_be_visible()
    accessible(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox", name="Canned replies")).to_be_hidden()
    page.get_by_label("Your message").fill("Wide words: " + "w" * 300)
    page.keyboard.press("Enter")
    expect(page.get_by_role("log").get_by_text("Wide words")).to_be_visible()
    accessible(page)
    if width < 1240:
        page.get_by_role("button", name="Customer and chat").click()
        expect(page.get_by_role("dialog", name="Customer and chat")).to_contain_text("Orchard Ltd")
        accessible(page)
        page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if width < 1000:
        page.get_by_role("link", name="Back to Chats").click()
        expect(page.get_by_role("link", name=customer.name)).to_be_focused()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(part(page, "Waiting").get_by_role("link", name=other.name)).to_be_visible()
    accessible(page)
