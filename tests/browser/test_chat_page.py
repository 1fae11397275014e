"""The Live Chat tab of the Support page, against an API that does what a test says."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, accessible
from tests.browser.portal_fake_api import ANNA, LENA, ME, ORIGIN, FakeApi, at

CHAT = "/support/live-chat"
WHICH = {"kind": "choose", "label": "With a password", "value": "password", "procedure": "reset", "step": "kind"}
OTHER = {"kind": "choose", "label": "Single sign-on", "value": "sso", "procedure": "reset", "step": "kind"}
READ = {"kind": "open_article", "label": "Read on", "slug": "protect-your-account", "anchor": "s-change"}
TICKET = {"kind": "open_ticket", "label": "Open a ticket", "subject": "Reset fails", "category": "ACCOUNT"}
STEPS = "Do **this**:\n\n1. Open `Settings`.\n2. Choose\n   it.\n\n```bash\ncf login\n```\n\n<b>raw</b> [x](http://x)"
SOURCES = [
    {"kind": "article", "slug": "protect-your-account", "version": 3, "title": "Protect it", "anchor": "s-change"},
    {"kind": "faq", "slug": "f1", "version": 1, "title": "How do I reset it?", "anchor": None},
]


def box(page: Page) -> Any:
    return page.get_by_role("textbox", name="Your message")


def bubbles(page: Page, text: str = "") -> Any:
    return page.locator("cf-chat-thread li.message", has_text=text)


def posted(api: FakeApi, path: str) -> list[Any]:
    return [body for verb, where, _, body in api.calls if verb == "POST" and re.fullmatch(path, where)]


def answered(api: FakeApi, *actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    chat = api.chat(question="How do I reset it?")
    api.say(chat, "How do I reset it?", ME)
    api.say(chat, STEPS, actions=list(actions), **more)
    return chat


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_state_is_accessible(api: FakeApi, open_page: Open, width: int, scheme: str) -> None:
    api.chat("ENDED", question="An earlier question", message_count=4)
    page = open_page(CHAT, width=width, scheme=scheme)
    expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
    expect(page.get_by_role("link", name="An earlier question")).to_be_visible()
    accessible(page)

    chat = answered(api, WHICH, READ, TICKET, sources=SOURCES)
    page.reload()
    expect(page.get_by_role("button", name="With a password")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Open a ticket").click()
    expect(page.get_by_role("textbox", name="Subject")).to_have_value("Reset fails")
    accessible(page)
    page.keyboard.press("Escape")

    api.become(chat, "WAITING_FOR_AGENT", queue_position=2)
    for kind in ("waiting", "prolonged"):
        api.line(chat, kind)
    page.reload()
    expect(page.get_by_text("You are number 2 in the queue")).to_be_visible()
    accessible(page)
    api.become(chat, "ENDED", end_reason="IDLE")
    api.line(chat, "ended")
    page.goto(f"{ORIGIN}{CHAT}/{chat['id']}")
    expect(page.get_by_role("button", name="Start a new chat")).to_be_visible()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_first_message_begins_a_chat_and_the_answer_comes_live(api: FakeApi, open_page: Open) -> None:
    page = open_page(CHAT)
    page.get_by_role("button", name="Reset my password").click()
    expect(bubbles(page, "Reset my password")).to_contain_text("You")
    expect(page.get_by_text("Assistant is writing…")).to_be_visible()
    (chat,) = api.chats
    expect(page.get_by_text("Sending…")).to_have_count(0)
    api.tell(chat, "AssistantReplied", api.say(chat, STEPS, sources=SOURCES))
    answer = bubbles(page, "Do this:")
    expect(answer).to_have_count(1)
    expect(answer).to_contain_text("Assistant")
    expect(page.get_by_text("Assistant is writing…")).to_have_count(0)
    # text of the server is never HTML, and links are not made
    expect(answer.locator("ol > li")).to_have_count(2)
    expect(answer.locator("strong", has_text="this")).to_be_visible()
    expect(answer.locator("pre")).to_have_text("cf login")
    expect(answer.get_by_text("<b>raw</b> [x](http://x)")).to_be_visible()
    article = answer.get_by_role("link", name="Protect it, version 3")
    expect(article).to_have_attribute("href", "/support/knowledge-base/protect-your-account#s-change")
    expect(answer.get_by_role("link", name="How do I reset it? (FAQ)")).to_have_attribute("href", "/support/faq#f1")
    assert [body["body"] for body in posted(api, "/chats/.*/messages")] == ["Reset my password"]


def test_a_slow_answer_is_said_to_be_slow(api: FakeApi, open_page: Open) -> None:
    api.say(api.chat(), "Are you there?", ME)
    page = open_page(CHAT)
    page.clock.install()
    page.reload()
    expect(page.get_by_text("Assistant is writing…")).to_be_visible()
    page.clock.fast_forward(10_000)
    expect(page.get_by_text("This takes longer than usual.")).to_be_visible()


def test_enter_sends_shift_enter_breaks_and_a_composition_never_sends(api: FakeApi, open_page: Open) -> None:
    answered(api)
    page = open_page(CHAT)
    box(page).fill("first")
    box(page).press("Shift+Enter")
    box(page).press_sequentially("second")
    for event in ("{key: 'Enter', isComposing: true}", "{key: 'Enter', keyCode: 229}"):
        box(page).evaluate(f"(area) => area.dispatchEvent(new KeyboardEvent('keydown', {{bubbles: true, ...{event}}}))")
    expect(box(page)).to_have_value("first\nsecond")
    assert posted(api, "/chats/.*/messages") == []
    box(page).press("Enter")
    expect(box(page)).to_have_value("")
    expect(bubbles(page, "second")).to_have_count(1)
    assert [body["body"] for body in posted(api, "/chats/.*/messages")] == ["first\nsecond"]


def test_a_refused_first_message_stays_and_retry_keeps_both_keys(api: FakeApi, open_page: Open) -> None:
    api.fail("POST", "/chats/[^/]+/messages", 409, code="write_conflict", detail="Not now.")
    page = open_page(CHAT)
    box(page).fill("Hello")
    box(page).press("Enter")
    expect(page.get_by_text("Not sent. Not now.")).to_be_visible()
    path = f"/chats/{api.chats[0]['id']}/messages"
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("Not sent.")).to_have_count(0)
    expect(bubbles(page, "Hello")).to_have_count(1)
    first, second = api.keys("POST", path)
    assert first == second
    assert api.keys("POST", "/chats") == [f"{first}-chat"]


def test_a_chat_whose_beginning_was_lost_is_begun_once(api: FakeApi, open_page: Open) -> None:
    api.fail("POST", "/chats", None)
    page = open_page(CHAT)
    box(page).fill("Hello")
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.url.endswith("/messages")):
        box(page).press("Enter")
    expect(bubbles(page, "Hello")).to_have_count(1)
    assert len(api.chats) == 1
    assert len(api.keys("POST", "/chats")) == 2
    assert len(set(api.keys("POST", "/chats"))) == 1
    assert [message["body"] for message in api.said[api.chats[0]["id"]]] == ["Hello"]


def test_a_failed_message_can_be_deleted(api: FakeApi, open_page: Open) -> None:
    chat = answered(api)
    api.fail("POST", f"/chats/{chat['id']}/messages", 409, code="write_conflict", detail="Not now.")
    page = open_page(CHAT)
    box(page).fill("Hello")
    box(page).press("Enter")
    page.get_by_role("button", name="Delete").click()
    expect(bubbles(page, "Hello")).to_have_count(0)


def test_buttons_go_back_as_they_were_and_are_past_then(api: FakeApi, open_page: Open) -> None:
    chat = answered(api, WHICH, OTHER, READ)
    page = open_page(CHAT)
    page.get_by_role("button", name="With a password").click()
    expect(bubbles(page).last).to_contain_text("With a password")
    expect(page.get_by_role("button", name="Single sign-on")).to_have_count(0)
    expect(page.locator(".past.chosen")).to_contain_text("With a password")
    expect(page.get_by_role("link", name="Read on")).to_be_visible()
    assert posted(api, "/chats/.*/messages") == [{"body": "", "action": WHICH}]
    api.tell(chat, "AssistantReplied", api.say(chat, "And now?", actions=[OTHER]))
    expect(page.get_by_role("button", name="Single sign-on")).to_have_count(1)
    page.get_by_role("link", name="Read on").click()
    expect(page).to_have_url(f"{ORIGIN}/support/knowledge-base/protect-your-account#s-change")


def test_thumbs_are_kept_and_can_be_changed(api: FakeApi, open_page: Open) -> None:
    answered(api)
    page = open_page(CHAT)
    page.get_by_role("button", name="Helpful", exact=True).click()
    expect(page.get_by_role("button", name="Helpful", exact=True)).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_role("button", name="Helpful", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Not helpful").click()
    expect(page.get_by_role("button", name="Helpful", exact=True)).to_have_attribute("aria-pressed", "false")
    api.fail("POST", ".*/feedback", 409, code="write_conflict", detail="Not now.")
    page.get_by_role("button", name="Helpful", exact=True).click()
    expect(page.get_by_text("That did not work. Not now.")).to_be_visible()
    expect(page.get_by_role("button", name="Not helpful")).to_have_attribute("aria-pressed", "true")
    assert [body["helpful"] for body in posted(api, ".*/feedback")] == [True, False, True]


def test_who_waits_sees_the_place_and_may_stop(api: FakeApi, open_page: Open) -> None:
    chat = answered(api, WHICH)
    page = open_page(CHAT)
    page.get_by_role("button", name="Talk to a person").click()
    expect(page.get_by_text("You are number 2 in the queue")).to_be_visible()
    expect(page.get_by_role("button", name="Talk to a person")).to_have_count(0)
    expect(page.locator("li.line[data-kind=waiting]")).to_contain_text("You asked for a person")
    # the assistant is silent now, so its buttons lead nowhere
    expect(page.get_by_role("button", name="With a password")).to_have_count(0)
    chat["queue_position"] = 1
    message = api.line(chat, "prolonged")
    api.tell(chat, "WaitProlonged", message)
    expect(page.get_by_text("You are next.")).to_be_visible()
    line = page.locator("li.line[data-kind=prolonged]")
    expect(line.get_by_role("button", name="Make a ticket of this chat")).to_be_visible()
    expect(page.locator("li.line[data-kind=waiting]").get_by_role("button")).to_have_count(0)
    line.get_by_role("button", name="Wait no longer").click()
    expect(page.get_by_role("button", name="Talk to a person")).to_be_visible()
    expect(box(page)).to_be_focused()


def test_the_place_in_the_queue_is_asked_for_again_while_waiting(api: FakeApi, open_page: Open) -> None:
    chat = answered(api)
    api.become(chat, "WAITING_FOR_AGENT", queue_position=3)
    page = open_page(CHAT)
    page.clock.install()
    page.reload()
    expect(page.get_by_text("You are number 3 in the queue")).to_be_visible()
    chat["queue_position"] = 2
    page.clock.fast_forward(10_000)
    expect(page.get_by_text("You are number 2 in the queue")).to_be_visible()


def test_out_of_hours_both_zones_are_told_and_one_click_makes_a_ticket(api: FakeApi, open_page: Open) -> None:
    answered(api)
    api.opens_at = "2026-11-30T08:00:00Z"
    page = open_page(CHAT, zone="America/New_York")
    expect(page.get_by_text(re.compile(r"09:00 \(Berlin time\), .*03:00 your time"))).to_be_visible()
    expect(page.get_by_role("button", name="Talk to a person")).to_have_count(0)
    page.get_by_role("button", name="Make a ticket of this chat").click()
    link = page.locator(".foot").get_by_role("link", name=re.compile("Ticket CF-"))
    expect(link).to_be_visible()
    assert posted(api, "/chats/.*/ticket") == [{}]
    link.click()
    expect(page).to_have_url(re.compile("/support/tickets/"))
    page.get_by_role("link", name="a live chat").click()
    expect(page).to_have_url(re.compile(f"{CHAT}/{api.chats[0]['id']}$"))
    expect(bubbles(page, "Do this:")).to_be_visible()


def test_a_refusal_out_of_hours_is_said_and_the_page_knows_then(api: FakeApi, open_page: Open) -> None:
    answered(api)
    page = open_page(CHAT)
    expect(page.get_by_role("button", name="Talk to a person")).to_be_visible()
    api.opens_at = at(-12)
    page.get_by_role("button", name="Talk to a person").click()
    expect(page.get_by_text("That did not work. Nobody is there.")).to_be_visible()
    expect(page.get_by_text(re.compile("Our team is back"))).to_be_visible()


def test_the_ticket_form_is_filled_in_and_sent_with_the_chat(api: FakeApi, open_page: Open) -> None:
    answered(api, TICKET)
    page = open_page(CHAT)
    page.get_by_role("button", name="Open a ticket").click()
    page.get_by_role("textbox", name="Subject").fill("R")
    page.locator("cf-dialog").get_by_role("button", name="Open a ticket").click()
    expect(page.get_by_text("Write at least 3 characters.")).to_be_visible()
    page.get_by_role("textbox", name="Subject").fill("Reset fails today")
    page.locator("cf-dialog").get_by_role("button", name="Open a ticket").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("li.line[data-kind=ticket]")).to_contain_text("This chat is a ticket now: Ticket CF-")
    assert posted(api, "/chats/.*/ticket") == [
        {"subject": "Reset fails today", "category": "ACCOUNT", "priority": "MEDIUM"}
    ]


def test_an_agent_has_a_name_and_typing_marks_expire(api: FakeApi, open_page: Open) -> None:
    chat = answered(api)
    api.become(chat, "WITH_AGENT", assignee={"id": ANNA["id"], "name": ANNA["name"]})
    api.line(chat, "joined")
    page = open_page(CHAT)
    page.clock.install()
    page.reload()
    expect(page.locator("li.line[data-kind=joined]")).to_contain_text("Anna has joined")
    api.signals.append(("typing", {"chat_id": chat["id"], "by": ME}))
    api.signals.append(("typing", {"chat_id": chat["id"], "by": ANNA}))
    expect(page.get_by_text("Anna is writing…")).to_be_visible()
    page.clock.fast_forward(6_000)
    expect(page.get_by_text("Anna is writing…")).to_have_count(0)
    api.signals.append(("typing", {"chat_id": chat["id"], "by": ANNA}))
    expect(page.get_by_text("Anna is writing…")).to_be_visible()
    api.tell(chat, "AgentWrote", api.say(chat, "Good morning", ANNA))
    expect(bubbles(page, "Good morning")).to_contain_text(re.compile(r"Anna\s*Support"))
    expect(page.get_by_text("Anna is writing…")).to_have_count(0)


def test_typing_is_told_once_in_three_seconds(api: FakeApi, open_page: Open) -> None:
    answered(api)
    page = open_page(CHAT)
    expect(box(page)).to_be_visible()
    page.clock.install()
    with page.expect_request(re.compile("/typing$")):
        box(page).press_sequentially("many keys")
    page.clock.fast_forward(3_000)
    with page.expect_request(re.compile("/typing$")):
        box(page).press_sequentially("!")
    assert len(posted(api, "/chats/.*/typing")) == 2


def test_an_open_chat_and_a_draft_are_there_after_a_reload(api: FakeApi, open_page: Open) -> None:
    answered(api)
    page = open_page(CHAT)
    box(page).fill("Not finished")
    page.reload()
    expect(box(page)).to_have_value("Not finished")
    expect(bubbles(page)).to_have_count(2)
    other = open_page(CHAT)
    expect(bubbles(other)).to_have_count(2)


def test_an_ended_chat_is_read_and_a_new_one_follows_it(api: FakeApi, open_page: Open) -> None:
    chat = answered(api)
    page = open_page(CHAT)
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="End chat").click()
    expect(page.locator("li.line[data-kind=ended]")).to_contain_text("You ended the chat")
    expect(box(page)).to_have_count(0)
    page.reload()
    page.get_by_role("link", name="How do I reset it?").click()
    expect(page).to_have_url(f"{ORIGIN}{CHAT}/{chat['id']}")
    expect(bubbles(page, "Do this:")).to_be_visible()
    page.get_by_role("button", name="Start a new chat").click()
    expect(page).to_have_url(ORIGIN + CHAT)
    expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
    assert posted(api, "/chats") == [{"previous_chat": chat["id"]}]


def test_a_chat_that_was_begun_elsewhere_appears(api: FakeApi, open_page: Open) -> None:
    page = open_page(CHAT)
    expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
    chat = api.chat()
    api.tell(chat, "CustomerWrote", api.say(chat, "From my phone", ME))
    expect(bubbles(page, "From my phone")).to_have_count(1)


def test_files_go_without_words(api: FakeApi, open_page: Open) -> None:
    answered(api)
    page = open_page(CHAT)
    picker = page.locator("cf-composer input[type=file]")
    picker.set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"hello"})
    expect(page.locator("cf-uploads li.done")).to_have_count(1)
    page.get_by_role("button", name="Send").click()
    expect(bubbles(page).last.get_by_role("button", name="Download a.txt")).to_be_visible()
    (sent,) = posted(api, "/chats/.*/messages")
    assert sent["body"] == ""
    assert len(sent["attachments"]) == 1


def test_a_foreign_chat_and_a_service_that_is_away_say_so(api: FakeApi, open_page: Open) -> None:
    page = open_page(f"{CHAT}/00000000-0000-4000-9000-999999999999")
    expect(page.get_by_role("heading", name="This chat does not exist")).to_be_visible()
    api.away = "/chats.*"
    page.goto(ORIGIN + CHAT)
    expect(page.get_by_role("heading", name="The chat could not be loaded")).to_be_visible()
    api.away = ""
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()


def test_the_chat_stands_alone(api: FakeApi, open_page: Open) -> None:
    answered(api)
    page = open_page()
    page.evaluate(
        """async () => {
          await import("/assets/portal/cf-chat.js");
          document.body.replaceChildren(document.createElement("cf-chat"));
        }"""
    )
    expect(bubbles(page, "Do this:")).to_be_visible()
    assert api.calls[-1][2]["authorization"] == "Bearer token"


def test_the_status_card_says_level_and_time(open_page: Open) -> None:
    page = open_page()
    card = page.get_by_role("link", name=re.compile("Status Page"))
    expect(card).to_contain_text("Some services are slow, as of 1 hr ago")


def test_markdown_is_read_as_written(open_page: Open) -> None:
    page = open_page()
    texts = [
        "a\n\n- one\n\n  more\n  ```\n  x  y\n  ```\n- two\n  1. deep\n\nend",
        "3. three\n4. four\n```\nunclosed",
        "**bold `a*b`** and *em*, 2 * 3 * 4, a_b, \\*no\\*, ``x`y``",
        "**not closed, `nor this",
    ]
    blocks = page.evaluate(
        """async (texts) => {
          const { parsed, pieces } = await import("/assets/web/markdown.js");
          return [parsed(texts[0]), parsed(texts[1]), pieces(texts[2]), pieces(texts[3])].map((one) =>
            JSON.stringify(one));
        }""",
        texts,
    )
    first, second, third, fourth = map(json.loads, blocks)
    text = {"type": "paragraph"}
    assert first == [
        {**text, "text": "a"},
        {
            "type": "list",
            "ordered": False,
            "start": 1,
            "items": [
                [{**text, "text": "one"}, {**text, "text": "more"}, {"type": "code", "text": "x  y"}],
                [
                    {**text, "text": "two"},
                    {"type": "list", "ordered": True, "start": 1, "items": [[{**text, "text": "deep"}]]},
                ],
            ],
        },
        {**text, "text": "end"},
    ]
    assert [block.get("start") for block in second] == [3, None]
    assert second[1] == {"type": "code", "text": "unclosed"}
    assert third[0] == {"type": "strong", "inside": ["bold ", {"type": "code", "text": "a*b"}]}
    assert third[2] == {"type": "em", "inside": ["em"]}
    assert "".join(piece for piece in third if isinstance(piece, str)) == " and , 2 * 3 * 4, a_b, *no*, "
    assert third[-1] == {"type": "code", "text": "x`y"}
    assert "".join(fourth) == texts[3]


def test_only_the_persons_own_chats_are_listed(api: FakeApi, open_page: Open) -> None:
    with_query: list[str] = []
    page = open_page()
    page.on("request", lambda request: with_query.append(request.url) if "/chats?" in request.url else None)
    page.get_by_role("tab", name="Live Chat").click()
    expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
    assert with_query
    assert all(f"customer={LENA['sub']}" in url for url in with_query)
