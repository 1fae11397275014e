"""The Support page alone: every state it can be in, against an API that does what a test says."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, accessible
from tests.browser.portal_fake_api import GATEWAY, ORIGIN, PROJECT, TYPES, FakeApi

BUDGET = 150_000


def composer(page: Page) -> Any:
    return page.get_by_role("textbox", name="Your reply")


def messages(page: Page, text: str) -> Any:
    return page.locator("cf-thread li.message", has_text=text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_view_is_accessible(api: FakeApi, open_page: Open, width: int, scheme: str) -> None:
    resolved = api.ticket("Restore fails", "RESOLVED")
    waiting = api.ticket("Uploads answer 403", "WAITING_ON_CUSTOMER", unread_count=1)
    question = api.message(waiting, "Which bucket is it?")
    api.happened(waiting, "InformationRequested", "Anna Keller asked for information", message_id=question["id"])
    page = open_page(width=width, scheme=scheme)

    expect(page.locator(".ticket")).to_have_count(2)
    accessible(page)
    page.get_by_role("link", name=re.compile("Uploads answer 403")).click()
    expect(page.get_by_role("heading", name=re.compile("We need your reply"))).to_be_visible()
    accessible(page)
    page.goto(f"{ORIGIN}/support/tickets/{resolved['id']}")
    expect(page.get_by_role("heading", name="Is it solved?")).to_be_visible()
    accessible(page)
    page.goto(f"{ORIGIN}/support/tickets/new")
    page.get_by_role("button", name="Open ticket").click()
    expect(page.get_by_text("3 things need your attention")).to_be_visible()
    accessible(page)
    page.get_by_role("tab", name="FAQ").click()
    expect(page.get_by_role("heading", name="Frequent questions are being collected")).to_be_visible()
    accessible(page)
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert sideways <= 0


def test_three_different_empty_lists(api: FakeApi, open_page: Open) -> None:
    page = open_page()
    expect(page.get_by_role("heading", name="No tickets yet")).to_be_visible()

    api.ticket("Uploads answer 403")
    page.goto(f"{ORIGIN}/support/tickets?q=nothing+like+it")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.locator(".empty").get_by_role("button", name="Clear filters").click()
    expect(page.locator(".ticket")).to_have_count(1)
    assert "q=" not in page.url

    api.away = "/tickets"
    page.reload()
    expect(page.get_by_role("heading", name="Your tickets could not be loaded")).to_be_visible()
    api.away = ""
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".ticket")).to_have_count(1)


def test_filters_sort_and_page_stand_in_the_address(api: FakeApi, open_page: Open) -> None:
    for number in range(30):
        api.ticket(f"Problem {number}", "OPEN" if number % 2 else "CLOSED")
    page = open_page("/support/tickets?status=OPEN&status=NONSENSE&sort=wrong")

    expect(page.locator(".ticket")).to_have_count(15)
    expect(page.get_by_role("button", name=re.compile("^Open"))).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name=re.compile("^Total")).click()
    expect(page.get_by_text("1–25 of 30")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("26–30 of 30")).to_be_visible()
    page.get_by_role("link", name="Problem 27").click()
    expect(page.get_by_role("heading", name="Problem 27")).to_be_focused()
    page.go_back()
    expect(page.get_by_text("26–30 of 30")).to_be_visible()
    page.go_back()
    page.go_back()
    expect(page.locator(".ticket")).to_have_count(15)


def test_tabs_move_by_arrow_keys_and_have_addresses(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("tab", name="Tickets").focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("/support/knowledge-base$"))
    page.keyboard.press("End")
    expect(page).to_have_url(re.compile("/support/live-chat$"))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Tickets")).to_be_focused()


def test_wrong_entries_are_listed_and_lead_to_their_fields(api: FakeApi, open_page: Open) -> None:
    page = open_page("/support/tickets/new")
    page.get_by_role("button", name="Open ticket").click()
    summary = page.get_by_role("alert").filter(has_text="3 things need your attention")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name=re.compile("^Description")).click()
    expect(page.get_by_role("textbox", name="Description")).to_be_focused()
    assert not api.keys("POST", "/tickets")


def test_what_the_server_refuses_stands_at_its_field(api: FakeApi, open_page: Open) -> None:
    api.fail("POST", "/tickets", 422, code="invalid", errors={"subject": ["Line breaks are not allowed."]})
    page = open_page("/support/tickets/new")
    fill_form(page)
    page.get_by_role("button", name="Open ticket").click()
    expect(page.get_by_role("link", name="Subject: Line breaks are not allowed.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Subject")).to_have_attribute("aria-invalid", "true")


def test_a_ticket_whose_answer_was_lost_is_opened_once(api: FakeApi, open_page: Open) -> None:
    api.fail("POST", "/tickets", None)
    page = open_page("/support/tickets/new")
    fill_form(page)
    page.get_by_role("button", name="Open ticket").click()
    expect(page.get_by_role("heading", name="Uploads answer 403")).to_be_visible()
    first, second = api.keys("POST", "/tickets")
    assert first == second
    assert len(api.tickets) == 1


def test_the_form_survives_a_reload(open_page: Open) -> None:
    page = open_page("/support/tickets/new")
    fill_form(page)
    page.reload()
    expect(page.get_by_role("textbox", name="Subject")).to_have_value("Uploads answer 403")
    expect(page.get_by_role("radio", name=re.compile("Technical"))).to_be_checked()


def fill_form(page: Page) -> None:
    page.get_by_role("textbox", name="Subject").fill("Uploads answer 403")
    page.get_by_role("radio", name=re.compile("Technical")).check()
    page.get_by_role("textbox", name="Description").fill("Since this morning.")


def test_a_refused_message_stays_and_retry_keeps_its_key(api: FakeApi, open_page: Open) -> None:
    ticket = api.ticket("Uploads answer 403")
    path = f"/tickets/{ticket['id']}/messages"
    api.fail("POST", path, 409, code="not_allowed_in_status", detail="Not now.")
    page = open_page(f"/support{path.removesuffix('/messages')}")
    composer(page).fill("Any news?")
    composer(page).press("Control+Enter")
    expect(page.get_by_text("Not sent. Not now.")).to_be_visible()
    expect(composer(page)).to_have_value("")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("Not sent.")).to_have_count(0)
    expect(messages(page, "Any news?")).to_have_count(1)
    first, second = api.keys("POST", path)
    assert first == second


def test_a_message_that_cannot_leave_waits_over_a_reload_and_goes_once(api: FakeApi, open_page: Open) -> None:
    ticket = api.ticket("Uploads answer 403")
    path = f"/tickets/{ticket['id']}/messages"
    api.fail("POST", path, None)
    page = open_page(f"/support/tickets/{ticket['id']}")
    composer(page).fill("Any news?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Will be sent when the connection is back")).to_be_visible()
    page.reload()
    expect(messages(page, "Any news?")).to_have_count(1)
    expect(page.get_by_text("Will be sent when the connection is back")).to_have_count(0)
    assert len(set(api.keys("POST", path))) == 1
    assert [message["body"] for message in api.messages[ticket["id"]]] == ["Any news?"]


def test_the_thread_opens_at_the_first_unread_message(api: FakeApi, open_page: Open) -> None:
    ticket = api.ticket("Uploads answer 403", "IN_PROGRESS", unread_count=35)
    for number in range(80):
        api.message(ticket, f"Line {number} of the conversation")
    page = open_page(f"/support/tickets/{ticket['id']}")
    mark = page.locator("cf-thread .mark.new")
    expect(mark).to_be_in_viewport()
    assert "Line 45 " in mark.locator("xpath=following-sibling::li[1]").inner_text()


def test_earlier_messages_load_without_moving_the_page(api: FakeApi, open_page: Open) -> None:
    ticket = api.ticket("Uploads answer 403", "IN_PROGRESS")
    for number in range(70):
        api.message(ticket, f"Line {number:02d} of the conversation")
    page = open_page(f"/support/tickets/{ticket['id']}")
    expect(messages(page, "Line 69")).to_be_in_viewport()
    oldest = messages(page, "Line 40")
    oldest.scroll_into_view_if_needed()
    before = oldest.bounding_box()
    page.get_by_role("button", name="Load earlier messages (40 more)").click()
    expect(messages(page, "Line 10")).to_have_count(1)
    after = oldest.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 3


def test_status_changes_stand_in_the_thread(api: FakeApi, open_page: Open) -> None:
    ticket = api.ticket("Uploads answer 403", "RESOLVED")
    api.happened(ticket, "TicketOpened", "Lena opened the ticket", to_status="OPEN")
    api.message(ticket, "It is repaired.")
    api.happened(ticket, "TicketResolved", "Anna Keller marked it as resolved", to_status="RESOLVED")
    page = open_page(f"/support/tickets/{ticket['id']}")
    lines = page.locator("cf-thread li.line")
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("Anna Keller marked it as resolved")


def test_live_messages_come_once_and_the_stream_resumes(api: FakeApi, open_page: Open) -> None:
    ticket = api.ticket("Uploads answer 403", "IN_PROGRESS")
    page = open_page(f"/support/tickets/{ticket['id']}")
    expect(composer(page)).to_be_visible()
    for number in range(2):
        message = api.message(ticket, f"News {number}")
        entry = api.happened(ticket, "MessagePosted", "Anna Keller replied", message_id=message["id"])
        api.items.append({**entry, "ticket_id": ticket["id"], "number": ticket["number"], "message": message})
        expect(messages(page, f"News {number}")).to_have_count(1)
    expect(page.locator("cf-thread li.message")).to_have_count(3)


def test_drafts_are_kept_on_the_server_and_come_back(api: FakeApi, open_page: Open) -> None:
    ticket = api.ticket("Uploads answer 403")
    page = open_page(f"/support/tickets/{ticket['id']}")
    composer(page).fill("Not finished")
    expect(page.get_by_text(re.compile("^Draft saved"))).to_be_visible()
    assert api.drafts[ticket["id"]]["body"] == "Not finished"

    other = open_page(f"/support/tickets/{ticket['id']}")
    expect(composer(other)).to_have_value("Not finished")
    composer(other).press("Control+Enter")
    expect(messages(other, "Not finished")).to_have_count(1)
    expect(composer(other)).to_have_value("")
    with other.expect_response(re.compile("/draft")):
        other.reload()
    assert api.drafts == {}


def test_files_are_checked_uploaded_and_retried(api: FakeApi, open_page: Open) -> None:
    ticket = api.ticket("Uploads answer 403")
    api.fail("POST", "/attachments", 422, code="file_type_refused", detail="Programs are not accepted.")
    page = open_page(f"/support/tickets/{ticket['id']}")
    expect(composer(page)).to_be_visible()
    picker = page.locator("cf-composer input[type=file]")
    picker.set_input_files({"name": "setup.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"})
    expect(page.get_by_text("setup.exe is a program; programs are not accepted.")).to_be_visible()
    picker.set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"hello"})
    expect(page.get_by_text("Programs are not accepted.", exact=True)).to_be_visible()
    composer(page).fill("See the file")
    composer(page).press("Control+Enter")
    expect(page.get_by_text("A file was not uploaded: retry or remove it")).to_be_visible()
    page.get_by_role("button", name="Retry a.txt").click()
    expect(page.locator("cf-uploads li.done")).to_have_count(1)
    composer(page).press("Control+Enter")
    expect(messages(page, "See the file")).to_have_count(1)
    sent = next(body for verb, path, _, body in api.calls if verb == "POST" and path.endswith("/messages"))
    assert len(sent["attachments"]) == 1


def test_a_missing_ticket_says_so(open_page: Open) -> None:
    page = open_page("/support/tickets/00000000-0000-4000-8000-999999999999")
    expect(page.get_by_role("heading", name="This ticket does not exist")).to_be_visible()


def test_a_session_that_ended_leads_to_sign_in_and_back(api: FakeApi, open_page: Open) -> None:
    api.ticket("Uploads answer 403")
    page = open_page()
    for _ in range(2):
        api.fail("GET", "/me", 401, code="unauthenticated")
    page.reload()
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    page.get_by_role("button", name="Lena Hofer").click()
    expect(page.locator(".ticket")).to_have_count(1)


def test_the_host_may_bring_its_own_session_and_single_elements(api: FakeApi, open_page: Open) -> None:
    api.ticket("Uploads answer 403")
    page = open_page()
    page.evaluate("document.querySelector('cf-support').session = {getToken: async () => 'of the host'}")
    expect(page.locator(".ticket")).to_have_count(1)
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)
    assert api.calls[-1][2]["authorization"] == "Bearer of the host"
    page.evaluate("document.body.replaceChildren(document.createElement('cf-ticket-list'))")
    expect(page.get_by_role("link", name="Uploads answer 403")).to_be_visible()


def test_modules_are_preloaded_and_within_the_budget(api: FakeApi, open_page: Open) -> None:
    open_page()
    index = (GATEWAY / "portal" / "index.html").read_text()
    listed = set(re.findall(r'(?:href|src)="(/assets/[^"]+)"', index))
    assert api.assets == listed, "run portal/preload.mjs"
    files = [PROJECT / "node_modules" / path[15:] if "/vendor/" in path else GATEWAY / path[8:] for path in listed]
    wire = sum(len(gzip.compress(file.read_bytes())) + 300 for file in files) + len(gzip.compress(index.encode()))
    assert wire < BUDGET
    assert {file.suffix for file in files} <= set(TYPES)


def test_events_are_parsed_from_any_pieces(open_page: Open) -> None:
    page = open_page()
    text = ': hello\n\nid: 7\nevent: TicketOpened\ndata: {"a":\ndata: 1}\n\nevent: heartbeat\r\ndata: {}\r\n\r\n'
    parsed = page.evaluate(
        """async (text) => {
          const { EventParser } = await import("/assets/web/live.js");
          const all = [];
          for (let size = 1; size < text.length; size += 1) {
            const events = [];
            const parser = new EventParser((event) => events.push(event));
            for (let at = 0; at < text.length; at += size) parser.push(text.slice(at, at + size));
            all.push(JSON.stringify(events));
          }
          return [...new Set(all)];
        }""",
        text,
    )
    assert parsed == [
        '[{"id":"7","event":"TicketOpened","data":"{\\"a\\":\\n1}"},{"id":"","event":"heartbeat","data":"{}"}]'
    ]


def test_times_are_relative_for_a_day(open_page: Open) -> None:
    page = open_page()
    words = page.evaluate(
        """async () => {
          const { relative } = await import("/assets/web/time.js");
          const now = new Date(2026, 10, 24, 12, 0);
          const ago = (minutes) => relative(new Date(now - minutes * 60000), now);
          return [ago(0), ago(3), ago(59.6), ago(23 * 60 + 59), ago(24 * 60), ago(400 * 24 * 60), ago(-120)];
        }"""
    )
    assert words == [
        "just now",
        "3 min ago",
        "60 min ago",
        "23 hr ago",
        "23 Nov, 12:00",
        "20 Oct 2025, 12:00",
        "in 2 hr",
    ]
