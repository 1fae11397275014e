"""A customer opens a ticket and an agent solves it, through the pages, in two windows."""

from __future__ import annotations

import re
import uuid

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import Window, accessible
from tests.integration.api import Person
from tests.integration.test_story import PNG


def sign_in(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def card(page: Page, name: str) -> int:
    number = page.locator(f"[data-card={name}]")
    expect(number).to_have_text(re.compile(r"\d+"))
    return int(number.inner_text())


def test_the_story_in_two_windows(window: Window) -> None:
    subject = f"Checkout answers 502 ({uuid.uuid4().hex[:6]})"
    customer, agent = window("/support"), window("/desk")
    sign_in(customer, "Lena Hofer")
    sign_in(agent, "Anna Keller")
    expect(customer.get_by_role("heading", name="Tickets", exact=True)).to_be_visible()
    open_before = card(customer, "open")

    customer.get_by_role("button", name="New ticket").first.click()
    customer.get_by_label("Subject").fill(subject)
    customer.get_by_role("radio", name=re.compile("Technical")).check()
    customer.get_by_label("Description").fill("Since noon every second request fails. The screenshot shows it.")
    customer.locator("input[type=file]").set_input_files({"name": "502.png", "mimeType": "image/png", "buffer": PNG})
    expect(customer.get_by_text("502.png is attached")).to_be_attached()
    accessible(customer)
    customer.get_by_role("button", name="Open ticket").click()
    expect(customer.get_by_role("heading", name=subject)).to_be_visible()
    expect(customer.get_by_text(re.compile(r"Ticket CF-[0-9A-Z]{7} is open")).first).to_be_visible()
    accessible(customer)

    # the agent's queue has it without a reload
    agent.get_by_role("link", name=re.compile("Unassigned")).click()
    agent.get_by_text(subject).first.click()
    expect(agent.get_by_role("heading", name=subject)).to_be_visible()
    expect(agent.get_by_text("Since noon every second request fails").first).to_be_visible()
    accessible(agent)
    agent.get_by_role("button", name="Assign to me").first.click()
    expect(customer.locator("cf-ticket cf-status").first).to_contain_text("In progress")

    agent.get_by_role("tab", name="Internal note").click()
    agent.get_by_role("textbox", name=re.compile("Your internal note")).fill("The balancer again, see the runbook.")
    agent.get_by_role("button", name="Add note").click()
    expect(agent.get_by_text("The balancer again, see the runbook.").first).to_be_visible()
    agent.get_by_role("tab", name="Public reply").click()
    agent.get_by_role("textbox", name="Your reply").fill("We are looking into it. Which region is it in?")
    ask(agent, "ask for information")
    expect(customer.get_by_text("We need your reply").first).to_be_visible()
    expect(customer.get_by_text("Which region is it in?").first).to_be_visible()
    assert "runbook" not in customer.content()

    # a draft outlives the window
    customer.get_by_role("textbox", name="Your reply").fill("It is in eu-cen")
    expect(customer.get_by_text(re.compile("Draft saved")).first).to_be_visible()
    customer.reload()
    expect(customer.get_by_role("textbox", name="Your reply")).to_have_value("It is in eu-cen")
    customer.get_by_role("textbox", name="Your reply").fill("It is in eu-central-1.")
    customer.get_by_role("textbox", name="Your reply").press("Control+Enter")
    expect(customer.get_by_text("It is in eu-central-1.").first).to_be_visible()
    expect(agent.get_by_text("It is in eu-central-1.").first).to_be_visible()

    agent.get_by_role("textbox", name="Your reply").fill("A balancer node was replaced. Please check.")
    ask(agent, "resolve")
    expect(customer.get_by_text("Is it solved?").first).to_be_visible()
    accessible(customer)
    customer.get_by_role("radio", name=re.compile("5 of 5|Excellent")).first.check(force=True)
    customer.get_by_role("button", name="Solved, thanks").click()
    expect(customer.get_by_text(re.compile("Thank you for your rating: 5 of 5")).first).to_be_visible()

    customer.get_by_role("link", name="All tickets").click()
    expect(customer.get_by_role("heading", name="Tickets", exact=True)).to_be_visible()
    assert card(customer, "open") == open_before
    accessible(customer)


def ask(agent: Page, what: str) -> None:
    """Send the reply through the composer's menu."""
    agent.get_by_role("button", name="More ways to send").click()
    agent.get_by_role("menuitem", name=re.compile(what, re.I)).click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize(("path", "person"), [("/support", "Lena Hofer"), ("/desk", "Anna Keller")])
def test_the_pages_are_accessible_and_fit(window: Window, path: str, person: str, width: int, scheme: str) -> None:
    page = window(path, width=width, scheme=scheme)
    accessible(page)
    sign_in(page, person)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_misspelt_word_finds_its_article(window: Window, url: str) -> None:
    page = window("/support/knowledge-base")
    sign_in(page, "Lena Hofer")
    search = page.get_by_role("combobox", name="Search the knowledge base")
    search.fill("databse conections exhausted")
    search.press("Enter")
    # below "Did you mean", which is a link, too
    result = page.locator("cf-kb .results").get_by_role("link", name=re.compile("connection", re.I)).first
    expect(result).to_be_visible()
    accessible(page)
    result.click()
    expect(page.get_by_text("Was this helpful?").first).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Yes", exact=True).click()
    expect(page.get_by_text("Thank you. You can change your answer at any time.").first).to_be_visible()

    questions = requests.get(f"{url}/api/v1/faq", timeout=10).json()["items"]
    question = next(each for each in questions if "password" in each["question"].lower())
    page.goto(f"{url}/support/faq#{question['id']}")
    expect(page.get_by_role("button", name=question["question"])).to_have_attribute("aria-expanded", "true")
    accessible(page)


def test_a_chat_with_the_assistant_and_a_person_becomes_a_ticket(window: Window, url: str) -> None:
    ben = Person(url, "Ben", "agent", account="Cloud Factory")
    for open_ in ben.get("/chats?status=ASSISTED&status=WAITING_FOR_AGENT&status=WITH_AGENT")["items"]:
        ben.send(f"/chats/{open_['id']}/end")
    page = window("/support/live-chat")
    sign_in(page, "Lena Hofer")
    expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
    accessible(page)
    write = page.get_by_role("textbox", name="Your message")
    answers = page.locator("cf-chat-thread li.message.assistant")

    write.fill("How do I reset my password?")
    write.press("Enter")
    expect(answers.last.get_by_role("link", name=re.compile("password", re.I)).first).to_be_visible()
    answers.last.get_by_role("button", name="Helpful", exact=True).click()
    expect(answers.last.get_by_text("Thank you")).to_be_visible()
    accessible(page)

    # through the procedure to its end
    answers.last.get_by_role("button", name="Guide me step by step").click()
    answers.last.get_by_role("button", name="With e-mail and password").click()
    answers.last.get_by_role("button", name="The account is locked").click()
    answers.last.get_by_role("button", name="Yes, I am signed in").click()
    expect(answers.last).to_contain_text("All other sessions have been ended")

    write.fill("What is the status of object storage?")
    write.press("Enter")
    expect(answers.last).to_contain_text(re.compile("Object Storage.*works normally", re.S))

    page.reload()
    expect(answers.last).to_contain_text("Object Storage")
    page.locator(".head").get_by_role("button", name="Talk to a person").click()
    expect(page.get_by_text(re.compile("You are next|You are number")).first).to_be_visible()
    accessible(page)

    waiting = ben.get("/chats?status=WAITING_FOR_AGENT")["items"]
    chat = next(chat for chat in waiting if chat["customer"]["name"] == "Lena Hofer")
    ben.send(f"/chats/{chat['id']}/accept")
    expect(page.get_by_text("Ben has joined and sees what was said")).to_be_visible()
    assert ben.request("POST", f"/chats/{chat['id']}/typing", {}).status_code == 204
    expect(page.get_by_text("Ben is writing…")).to_be_visible()
    ben.send(f"/chats/{chat['id']}/messages", {"body": "Good morning, I make a ticket of it."})
    expect(page.locator("cf-chat-thread li.message.agent").last).to_contain_text(re.compile(r"Ben\s*Support"))
    ben.send(f"/chats/{chat['id']}/ticket", {"subject": f"Password and storage ({uuid.uuid4().hex[:6]})"})
    ticket = page.locator("li.line[data-kind=ticket]").get_by_role("link")
    expect(ticket).to_have_text(re.compile(r"Ticket CF-[0-9A-Z]{7}"))
    ben.send(f"/chats/{chat['id']}/end")
    expect(page.get_by_role("button", name="Start a new chat")).to_be_visible()
    ticket.click()
    expect(page.get_by_role("heading", name=re.compile("Password and storage"))).to_be_visible()
    page.get_by_role("link", name="a live chat").click()
    expect(page.get_by_text("Good morning, I make a ticket of it.")).to_be_visible()
