"""The agent desk on the real system: keys, two agents at once, notes, the past, every state for everybody."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Window, accessible
from tests.integration.api import Person
from tests.integration.service_tools import eventually


@pytest.fixture
def customer(url: str) -> Person:
    return Person(url, f"Vera{uuid.uuid4().hex[:6]}", account="Orchard Ltd")


@pytest.fixture
def colleague(url: str) -> Person:
    return Person(url, "Jonas", "agent")


def desk(window: Window, path: str = "/desk/all", **options: Any) -> Page:
    page = window(path, **options)
    page.get_by_role("button", name="Anna Keller").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def at_ticket(window: Window, ticket: Any, **options: Any) -> Page:
    page = desk(window, f"/desk/all/{ticket['id']}", **options)
    expect(heading(page, ticket["subject"])).to_be_visible()
    return page


def heading(page: Page, subject: str) -> Locator:
    return page.get_by_role("heading", name=subject)


def status(page: Page, words: str) -> Locator:
    return page.locator("cf-desk-ticket .head").get_by_role("status").filter(has_text=words)


def choose(page: Page, menu: str, item: str) -> None:
    page.get_by_role("button", name=re.compile(menu)).click()
    page.get_by_role("menuitemradio", name=re.compile(item)).click()


def count(page: Page, queue: str) -> int:
    link = page.get_by_role("link", name=re.compile(rf"^{queue} \d"))
    expect(link).to_be_visible()
    found = re.search(r"\d+", link.locator(".count > span").first.inner_text())
    assert found
    return int(found[0])


def test_a_customer_is_told_where_to_go(window: Window) -> None:
    page = window("/support")
    page.get_by_role("button", name="Lena Hofer").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.goto(page.url.split("/support")[0] + "/desk")
    expect(page.get_by_role("heading", name="This page is for our support team")).to_be_visible()
    expect(page.get_by_role("link", name="Go to the Support page")).to_have_attribute("href", "/support")
    accessible(page)


def test_keys_do_the_work_and_can_be_turned_off(window: Window, customer: Person) -> None:
    second = customer.open(subject=f"Second {customer.name}")
    first = customer.open(subject=f"First {customer.name}")
    page = desk(window)
    page.keyboard.press("/")
    page.keyboard.type(customer.name)
    expect(page.get_by_text("2 tickets", exact=True).first).to_be_visible()
    page.keyboard.press("Escape")

    page.keyboard.press("j")
    expect(heading(page, first["subject"])).to_be_visible()
    page.keyboard.press("j")
    expect(heading(page, second["subject"])).to_be_visible()
    page.keyboard.press("k")
    expect(heading(page, first["subject"])).to_be_visible()
    page.keyboard.press("a")
    expect(status(page, "In progress")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_label("Your internal note, never shown to the customer")).to_be_focused()
    page.keyboard.type("e and a are letters here")
    page.keyboard.press("Control+Enter")
    expect(page.locator("cf-thread .internal", has_text="e and a are letters here")).to_contain_text(
        "customers never see this"
    )
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.get_by_label("Your reply")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(status(page, "Resolved")).to_be_visible()
    page.keyboard.press("Escape")
    expect(heading(page, first["subject"])).to_be_hidden()
    expect(page.get_by_role("link", name=first["subject"])).to_be_focused()

    page.keyboard.press("?")
    page.get_by_label("Single keys are on").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    expect(page.get_by_role("link", name=first["subject"])).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    expect(page.get_by_role("heading", name="Choose a ticket")).to_be_visible()


def test_queues_and_counts_move_live(window: Window, customer: Person, colleague: Person) -> None:
    page = desk(window, "/desk/unassigned")
    before, mine = count(page, "Unassigned"), count(page, "Mine")
    ticket = customer.open(subject=f"Appears by itself {uuid.uuid4().hex[:6]}")
    page.get_by_role("link", name=ticket["subject"]).click()
    assert count(page, "Unassigned") == before + 1
    page.get_by_role("button", name="Assign to me").click()
    expect(page.get_by_role("link", name=re.compile(rf"^Mine {mine + 1} "))).to_be_visible()
    expect(page.get_by_role("link", name=ticket["subject"])).to_be_hidden()
    expect(heading(page, ticket["subject"])).to_be_visible()
    colleague.send(f"/tickets/{ticket['id']}/request-information", {"body": "Which region?"})
    expect(status(page, "Waiting on customer")).to_be_visible()


def test_filters_stand_in_the_address_and_back_restores_them(window: Window, customer: Person) -> None:
    word = customer.name
    customer.open(subject=f"Low {word}", priority="LOW")
    high = customer.open(subject=f"High {word}", priority="HIGH")
    page = desk(window, f"/desk/all?q={word}")
    expect(page.get_by_text("2 tickets", exact=True).first).to_be_visible()
    page.get_by_role("button", name="Priority", exact=True).click()
    page.get_by_role("checkbox", name="High").check()
    expect(page.get_by_text("1 ticket", exact=True).first).to_be_visible()
    assert "priority=HIGH" in page.url
    page.keyboard.press("Escape")
    page.get_by_role("link", name=high["subject"]).click()
    expect(heading(page, high["subject"])).to_be_visible()
    assert "priority=HIGH" in page.url
    page.get_by_role("link", name=re.compile("^Waiting")).click()
    page.go_back()
    expect(page.get_by_text("1 ticket", exact=True).first).to_be_visible()
    assert page.get_by_role("searchbox").input_value() == word


def test_two_agents_at_once(window: Window, customer: Person, colleague: Person) -> None:
    ticket = customer.open(priority="LOW")
    page = at_ticket(window, ticket)

    def first(path: str, body: Any) -> Any:
        def before(route: Route) -> None:
            colleague.send(f"/tickets/{ticket['id']}/{path}", body)
            route.continue_()

        return before

    page.route("**/priority", first("priority", {"priority": "URGENT"}), times=1)
    choose(page, "Priority: Low", "Medium")
    expect(page.get_by_text(re.compile("somebody was faster: Jonas changed the priority"))).to_be_visible()
    expect(page.get_by_role("button", name="Priority: Urgent")).to_be_visible()
    accessible(page)

    page.route("**/priority", first("category", {"category": "BILLING"}), times=1)
    choose(page, "Priority: Urgent", "High")
    expect(page.get_by_role("button", name="Priority: High")).to_be_visible()
    expect(page.get_by_role("button", name="Category: Billing")).to_be_visible()


def test_reply_with_a_file_and_resolve_in_one_go(window: Window, customer: Person) -> None:
    ticket = customer.open()
    page = at_ticket(window, ticket)
    page.get_by_label("Your reply").fill("It was the cable. The log shows it.")
    page.locator("cf-composer input[type=file]").set_input_files(
        {"name": "cable.log", "mimeType": "text/plain", "buffer": b"link down\n"}
    )
    expect(page.get_by_role("button", name="Remove cable.log")).to_be_visible()
    page.get_by_role("button", name="More ways to send").click()
    accessible(page)
    page.get_by_role("menuitem", name="Reply and resolve").click()
    expect(status(page, "Resolved")).to_be_visible()
    said = customer.get(f"/tickets/{ticket['id']}/messages")["items"]
    assert [(one["body"], len(one["attachments"])) for one in said] == [("It was the cable. The log shows it.", 1)]

    page.locator("cf-desk-ticket .actions").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Close ticket").click()
    expect(status(page, "Closed")).to_be_visible()
    expect(page.get_by_label("Your reply")).to_be_hidden()
    expect(page.get_by_label(re.compile("Your internal note"))).to_be_visible()
    accessible(page)


def test_a_draft_waits_and_a_refused_reply_stays(window: Window, customer: Person) -> None:
    ticket = customer.open()
    page = at_ticket(window, ticket)
    page.get_by_label("Your reply").fill("Half a sen")
    expect(page.get_by_text(re.compile("Draft saved"))).to_be_visible()
    page.reload()
    expect(page.get_by_label("Your reply")).to_have_value("Half a sen")

    refusal = {"status": 409, "code": "not_allowed_in_status", "title": "Conflict", "detail": "Not in this status."}
    page.route(
        "**/messages",
        lambda route: (
            route.fulfill(status=409, content_type="application/problem+json", json=refusal)
            if route.request.method == "POST"
            else route.continue_()
        ),
    )
    page.get_by_label("Your reply").fill("The whole sentence.")
    page.get_by_label("Your reply").press("Control+Enter")
    expect(page.get_by_text("Not sent. Not in this status.")).to_be_visible()
    accessible(page)
    page.unroute("**/messages")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("button", name="Retry")).to_be_hidden()
    said = eventually(lambda: customer.get(f"/tickets/{ticket['id']}/messages")["items"])
    assert [one["body"] for one in said] == ["The whole sentence."]


def test_new_messages_wait_while_one_reads_above(window: Window, customer: Person) -> None:
    ticket = customer.open()
    for number in range(40):
        customer.send(f"/tickets/{ticket['id']}/messages", {"body": f"Line {number}\nand more"})
    page = at_ticket(window, ticket)
    expect(page.get_by_text("New", exact=True)).to_be_visible()
    page.locator("cf-desk-ticket .thread").evaluate("pane => { pane.scrollTop = 0; }")
    customer.send(f"/tickets/{ticket['id']}/messages", {"body": "And now?"})
    page.get_by_role("button", name="1 new message").click()
    expect(page.get_by_text("And now?")).to_be_in_viewport()
    row = page.locator("cf-desk-list li.selected")
    expect(row).not_to_have_class(re.compile("unread"))


def test_the_past_stands_as_it_was(window: Window, customer: Person, colleague: Person) -> None:
    ticket = customer.open(priority="LOW")
    colleague.send(f"/tickets/{ticket['id']}/messages", {"body": "Secret for colleagues.", "internal": True})
    colleague.send(f"/tickets/{ticket['id']}/priority", {"priority": "URGENT"})
    customer.send(f"/tickets/{ticket['id']}/messages", {"body": "Said later."})
    page = at_ticket(window, ticket)
    page.get_by_role("button", name=re.compile("As it stood then: Jonas added an internal note")).click()
    expect(page.get_by_role("dialog", name=re.compile(f"{ticket['number']} as it stood"))).to_be_visible()
    past = page.locator("cf-desk-past")
    expect(past.get_by_text("Low", exact=True)).to_be_visible()
    expect(past.get_by_text("Secret for colleagues.")).to_be_visible()
    expect(past.get_by_text("Said later.")).to_be_hidden()
    accessible(page)
    page.get_by_role("button", name="Later").click()
    expect(past.get_by_text("Urgent", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(past.get_by_role("dialog")).to_be_hidden()
    expect(heading(page, ticket["subject"])).to_be_visible()


def test_the_customer_panel_knows_the_other_tickets(window: Window, customer: Person) -> None:
    other = customer.open(subject=f"The other {uuid.uuid4().hex[:6]}")
    ticket = customer.open()
    page = at_ticket(window, ticket)
    panel = page.locator("cf-desk-customer")
    expect(panel.get_by_text("Orchard Ltd")).to_be_visible()
    expect(panel.locator("li", has_text=other["subject"])).to_contain_text("Open")
    customer.send(f"/tickets/{other['id']}/resolve")
    expect(panel.locator("li", has_text=other["subject"])).to_contain_text("Resolved")
    panel.get_by_role("link", name=other["subject"]).click()
    expect(heading(page, other["subject"])).to_be_visible()


def test_states_in_words(window: Window) -> None:
    page = desk(window, "/desk/all/00000000-0000-4000-8000-000000000000")
    expect(page.get_by_role("heading", name="This ticket does not exist")).to_be_visible()
    page.get_by_role("searchbox").fill(uuid.uuid4().hex)
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    accessible(page)
    page.route("**/api/v1/tickets?**", lambda route: route.fulfill(status=503, json={}))
    page.get_by_role("link", name=re.compile("^Waiting")).click()
    expect(page.get_by_role("heading", name="The tickets could not be loaded")).to_be_visible()
    accessible(page)
    page.unroute("**/api/v1/tickets?**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="The tickets could not be loaded")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1024, 360])
def test_a_ticket_is_accessible_and_fits(window: Window, customer: Person, width: int, scheme: str) -> None:
    ticket = customer.open(subject=f"{customer.name} writes subjects as long as they may be, " + "with words " * 8)
    unread = customer.open(subject=f"{customer.name} waits for the " + "very " * 20 + "first answer")
    customer.send(f"/tickets/{unread['id']}/messages", {"body": "Is anybody there?"})
    page = at_ticket(window, ticket, width=width, scheme=scheme)
    accessible(page)
    page.keyboard.press("n")
    expect(page.get_by_label(re.compile("Your internal note"))).to_be_focused()
    accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    accessible(page)
    page.keyboard.press("Escape")
    if width < 1240:
        page.get_by_role("button", name="Customer and history").click()
        expect(page.get_by_role("heading", name="History")).to_be_visible()
        accessible(page)
        page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if width < 1000:
        page.get_by_role("link", name="Back to All tickets").click()
        expect(page.get_by_role("link", name=ticket["subject"])).to_be_focused()
        expect(page.get_by_role("link", name=f"{unread['subject']} , 1 unread message")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
