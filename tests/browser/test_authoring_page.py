"""Writing in the agent desk on the real system: articles, versions, two authors at once, questions, searches."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Window, accessible
from tests.integration.api import Person
from tests.integration.service_tools import eventually

CATEGORY = "networking"


@pytest.fixture
def colleague(url: str) -> Person:
    return Person(url, "Jonas", "agent")


@pytest.fixture
def word() -> str:
    """A word that stands nowhere else."""
    return f"zq{uuid.uuid4().hex[:8]}"


def desk(window: Window, path: str = "/desk/knowledge", **options: Any) -> Page:
    page = window(path, **options)
    page.get_by_role("button", name="Anna Keller").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def write(person: Person, title: str, *bodies: str) -> Any:
    """An article with a published version for each of `bodies`."""
    text: dict[str, Any] = {"title": title, "category": CATEGORY, "body": bodies[0]}
    article = person.send("/kb/articles", text)
    for number, body in enumerate(bodies):
        if number:
            revise(person, article, body=body)
        article = person.send(f"/kb/articles/{article['id']}/publish", {"change_note": f"Note {number + 1}"})
    return person.get(f"/kb/authoring/articles/{article['id']}?min_position={article['position']}")


def revise(person: Person, article: Any, **changes: Any) -> None:
    """Put a text over whatever stands there now."""
    path, text = f"/kb/articles/{article['id']}", {**article["draft"], **changes}
    answer = person.request("PUT", path, text, headers={"If-Match": f'"{article["revision"]}"'})
    if answer.status_code == 412:
        person.send(path, text, "PUT", headers={"If-Match": f'"{answer.json()["revision"]}"'})


def title_of(page: Page, title: str) -> Locator:
    return page.locator("cf-author-article h2", has_text=title)


def confirm(page: Page, name: str) -> None:
    """The button of the dialog that is open; what a dialog shows stands beside it in the page's own tree."""
    expect(page.get_by_role("dialog")).to_be_visible()
    page.locator("[data-view] cf-dialog").get_by_role("button", name=name).click()


def publish(page: Page, note: str = "") -> None:
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_label(re.compile("What has changed")).fill(note)
    confirm(page, "Publish")


def search_until_found(page: Page, word: str, title: str) -> None:
    """What a reader sees some seconds after a publication at the latest."""
    deadline = time.monotonic() + 15
    while True:
        page.goto(f"{page.url.split('/support')[0]}/support/knowledge-base?q={word}")
        expect(page.get_by_role("heading", name="Results for")).to_be_visible()
        if page.locator(".results").get_by_role("link", name=title).count():
            return
        assert time.monotonic() < deadline, f"{title} is not found"


def test_what_an_author_writes_is_found_by_readers(window: Window, colleague: Person, word: str) -> None:
    page = desk(window, "/desk")
    page.get_by_role("link", name="Knowledge").click()
    page.get_by_role("link", name="New article").click()
    expect(title_of(page, "New article")).to_be_focused()
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator(".summary")).to_be_focused()
    page.get_by_label("Title").fill(f"Grüße from {word}")
    expect(page.get_by_label("Address", exact=True)).to_have_value(f"grusse-from-{word}")
    page.get_by_label("Category", exact=True).select_option(CATEGORY)
    page.get_by_label("Text", exact=True).fill("## First steps\n\nTurn the **handle**.")
    expect(page.locator("cf-author-preview").get_by_role("heading", name="First steps")).to_be_visible()

    page.reload()
    expect(page.get_by_text("You see what you typed in this browser")).to_be_visible()
    expect(page.get_by_label("Text", exact=True)).to_have_value("## First steps\n\nTurn the **handle**.")
    page.get_by_role("button", name="Save draft").click()
    expect(page).to_have_url(re.compile(r"/desk/knowledge/articles/[0-9a-f-]{36}$"))
    expect(page.get_by_text("Saved by Anna Keller")).to_be_visible()
    publish(page, "The first one")
    expect(page.get_by_text("Version 1", exact=True)).to_be_visible()

    page.get_by_label("Text", exact=True).fill("## First steps\n\nTurn the **wheel**.")
    expect(page.get_by_text("Kept in this browser, not saved yet")).to_be_visible()
    publish(page)
    expect(page.get_by_text("Version 2", exact=True)).to_be_visible()
    reader = window("/support")
    reader.get_by_role("button", name="Lena Hofer").click()
    expect(reader.get_by_role("tab", name="Tickets")).to_be_visible()
    search_until_found(reader, word, f"Grüße from {word}")
    reader.locator(".results").get_by_role("link").click()
    expect(reader.get_by_text("Turn the wheel.")).to_be_visible()

    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Archive").click()
    confirm(page, "Archive")
    expect(page.locator(".facts").get_by_text("Archived")).to_be_visible()
    page.get_by_role("link", name="All articles").click()
    row = page.locator("cf-author-articles li", has_text=word)
    expect(row.get_by_role("link")).to_be_focused()
    expect(row).to_contain_text("Archived")
    page.go_back()
    expect(title_of(page, word)).to_be_visible()


def test_two_authors_lose_nothing(window: Window, colleague: Person, word: str) -> None:
    article = write(colleague, f"About {word}", "One\n\nTwo\n\nThree")
    page = desk(window, f"/desk/knowledge/articles/{article['id']}")
    field = page.get_by_label("Text", exact=True)
    field.fill("One\n\nMy second line\n\nThree")
    revise(colleague, article, body="One\n\nTheir second line\n\nThree", summary="Theirs")
    page.get_by_role("button", name="Save draft").click()

    conflict = page.locator("cf-author-conflict")
    expect(conflict.get_by_role("heading", name="Jonas saved another text")).to_be_focused()
    expect(conflict.locator(".removed")).to_contain_text("Their second line")
    expect(conflict.locator(".added")).to_contain_text("My second line")
    expect(conflict.get_by_text("Theirs")).to_be_visible()
    accessible(page)
    # who goes on writing sees the differences of what stands there now
    field.fill("One\n\nMy second line, mended\n\nThree")
    expect(conflict.locator(".added")).to_contain_text("mended")
    conflict.get_by_role("button", name="Save my text").click()
    expect(page.get_by_text("Saved by Anna Keller")).to_be_visible()
    stands = colleague.get(f"/kb/authoring/articles/{article['id']}")["draft"]
    assert (stands["body"], stands["summary"]) == ("One\n\nMy second line, mended\n\nThree", "")

    aside = page.locator("cf-author-aside")
    expect(aside.get_by_text("Text of Jonas")).to_be_visible()
    aside.get_by_role("button", name="Bring back").click()
    expect(field).to_have_value("One\n\nTheir second line\n\nThree")
    expect(page.get_by_label("Summary")).to_have_value("Theirs")
    expect(aside.get_by_text("Your text")).to_be_visible()

    revise(colleague, article, body="A third text")
    page.get_by_role("button", name="Save draft").click()
    conflict.get_by_role("button", name="Take the other text").click()
    expect(field).to_have_value("A third text")
    expect(aside.get_by_role("heading")).to_have_text("2 texts are set aside")
    page.reload()
    expect(field).to_have_value("A third text")
    expect(aside.get_by_role("heading")).to_have_text("2 texts are set aside")


def test_a_text_that_was_kept_here_meets_a_newer_one(window: Window, colleague: Person, word: str) -> None:
    article = write(colleague, f"About {word}", "Old")
    page = desk(window, f"/desk/knowledge/articles/{article['id']}")
    page.get_by_label("Text", exact=True).fill("Mine")
    revise(colleague, article, body="Theirs")
    page.reload()
    expect(page.get_by_label("Text", exact=True)).to_have_value("Mine")
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator("cf-author-conflict").locator(".removed")).to_contain_text("Theirs")


def test_versions_are_compared_and_brought_back(window: Window, colleague: Person, word: str) -> None:
    article = write(colleague, f"About {word}", "Open the gate.\n\nWait.", "Open the wide gate.\n\nWait.")
    page = desk(window, f"/desk/knowledge/articles/{article['id']}/versions")
    differences = page.locator("cf-author-diff")
    expect(differences.locator(".line ins")).to_have_text("wide ")
    expect(page.get_by_role("link", name=re.compile("Version 2"))).to_contain_text("Note 2")
    page.get_by_role("link", name=re.compile("Version 1")).click()
    expect(differences.locator(".added").first).to_contain_text("Open the gate.")
    expect(page).to_have_url(re.compile("/versions/1$"))
    page.get_by_label("Compare with").select_option("draft")
    expect(differences.locator(".line ins")).to_have_text("wide ")
    page.get_by_role("button", name="Restore").click()
    confirm(page, "Restore")
    expect(page.get_by_role("heading", name="Version 3")).to_be_visible()
    expect(differences.locator(".line del")).to_have_text("wide ")
    page.get_by_role("tab", name="Write").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("Open the gate.\n\nWait.")

    colleague.send(f"/kb/articles/{article['id']}/archive")
    page.goto(page.url.split("/articles")[0] + f"/articles/{article['id']}/versions/2")
    page.get_by_role("button", name="Restore").click()
    confirm(page, "Restore")
    expect(page.locator(".facts").get_by_text("Published")).to_be_visible()
    assert colleague.get(f"/kb/articles/{article['slug']}")["body_markdown"] == "Open the wide gate.\n\nWait."


def test_votes_say_why(window: Window, url: str, colleague: Person, word: str) -> None:
    article = write(colleague, f"About {word}", "Text")
    for name, helpful, comment in (("Ada", True, None), ("Chi", False, "The price is missing")):
        vote = {"helpful": helpful, "comment": comment}
        Person(url, name).send(f"/kb/articles/{article['slug']}/feedback", vote)
    page = desk(window, f"/desk/knowledge/articles/{article['id']}/votes")
    expect(page.get_by_text("1 of 2 readers found this helpful")).to_be_visible()
    page.get_by_label("Only votes with a reason").check()
    expect(page.locator("cf-author-votes li")).to_have_count(1)
    expect(page.get_by_text("The price is missing")).to_be_visible()
    page.get_by_role("link", name="All articles").click()
    expect(page.locator("cf-author-articles li", has_text=word)).to_contain_text("1 yes, 1 no")


def test_articles_are_found_by_words_status_and_category(window: Window, colleague: Person, word: str) -> None:
    article = write(colleague, f"About {word}", "Text")
    revise(colleague, article, body="Changed")
    page = desk(window)
    rows = page.locator("cf-author-articles li.article")
    expect(rows.first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(f"{word} chang")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Unpublished changes")
    page.get_by_label("Status").select_option("DRAFT")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.get_by_label("Status").select_option("PUBLISHED")
    page.get_by_label("Category").select_option(CATEGORY)
    expect(rows).to_have_count(1)
    page.get_by_role("link", name=f"About {word}").press("Enter")
    expect(title_of(page, word)).to_be_focused()
    page.go_back()
    expect(page.get_by_label("Category")).to_have_value(CATEGORY)
    expect(rows).to_have_count(1)


def test_a_lost_answer_makes_one_article(window: Window, colleague: Person, word: str) -> None:
    page = desk(window, f"/desk/knowledge/articles/new?title=About+{word}")
    page.get_by_label("Category", exact=True).select_option(CATEGORY)
    page.get_by_label("Text", exact=True).fill("Text")

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/v1/kb/articles", lose)
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator(".summary")).to_contain_text("The server could not be reached")
    page.unroute("**/api/v1/kb/articles")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("Saved by Anna Keller")).to_be_visible()
    assert colleague.get(f"/kb/authoring/articles?q={word}")["total"] == 1


def test_the_preview_asks_one_at_a_time_and_shows_the_last(window: Window, word: str) -> None:
    page = desk(window, "/desk/knowledge/articles/new")
    waiting: list[Route] = []
    page.route("**/api/v1/kb/authoring/preview", lambda route: waiting.append(route))
    field = page.get_by_label("Text", exact=True)

    def answer(text: str) -> None:
        while not waiting:
            page.wait_for_timeout(20)
        waiting.pop().fulfill(json={"body_html": f"<p>Shown: {text}</p>", "contents": []})

    page.clock.install()
    with page.expect_request("**/preview"):
        field.fill("first")
        page.clock.run_for(1)
    field.fill("second")
    field.fill("third")
    page.clock.run_for(5_000)
    # what the page asked for before this has passed by now
    page.evaluate("fetch('/assets/web/icon.svg').then((answer) => answer.status)")
    assert len(waiting) == 1
    with page.expect_request("**/preview") as asked:
        answer("first")
    assert asked.value.post_data_json == {"body": "third"}
    answer("third")
    expect(page.locator("cf-author-preview .article")).to_have_text("Shown: third")


def test_questions_are_added_moved_changed_and_removed(window: Window, colleague: Person, word: str) -> None:
    page = desk(window, "/desk/knowledge/faq")
    for name in ("first", "second"):
        page.get_by_role("link", name="Add a question to Networking").click()
        page.get_by_label("Question").fill(f"{word} {name}?")
        page.get_by_label("Answer").fill(f"The *{name}* one.")
        expect(page.locator("cf-author-preview em")).to_have_text(name)
        page.get_by_role("button", name="Add question").click()
        expect(page.get_by_role("link", name=f"{word} {name}?")).to_be_visible()

    def order() -> list[str]:
        return [one["question"] for one in colleague.get("/faq")["items"] if one["question"].startswith(word)]

    assert order() == [f"{word} first?", f"{word} second?"]
    up = page.get_by_role("button", name=f"Move up: {word} second?")
    up.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text=f"{word} second?: now")).to_be_attached()
    expect(up).to_be_focused()
    assert order() == [f"{word} second?", f"{word} first?"]
    down = page.get_by_role("button", name=f"Move down: {word} second?")
    down.press("Enter")
    # at the end, only the way back is left
    expect(down).to_be_disabled()
    expect(up).to_be_focused()
    page.reload()
    expect(page.locator("cf-author-faq li", has_text=word)).to_contain_text([f"{word} first?", f"{word} second?"])

    page.get_by_role("link", name=f"{word} first?").click()
    page.get_by_label("Answer").fill("Mine")
    now = next(one for one in colleague.get("/faq")["items"] if one["question"] == f"{word} first?")
    theirs = {"question": now["question"], "answer": "Theirs", "category": CATEGORY, "position": now["position"]}
    colleague.send(f"/faq/{now['id']}", theirs, "PUT")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("cf-author-conflict .removed")).to_contain_text("Theirs")
    page.get_by_role("button", name="Save my text").click()
    expect(page.get_by_role("link", name=f"{word} first?")).to_be_focused()
    assert next(one for one in colleague.get("/faq")["items"] if one["id"] == now["id"])["answer_markdown"] == "Mine"

    for name in ("first", "second"):
        page.get_by_role("button", name=f"Remove: {word} {name}?").click()
        confirm(page, "Remove")
        expect(page.get_by_role("link", name=f"{word} {name}?")).to_have_count(0)
    assert order() == []


def test_a_search_without_a_result_becomes_an_article(window: Window, colleague: Person, word: str) -> None:
    # as somebody searches who finds nothing, several times
    for _ in range(2):
        colleague.get(f"/kb/search?q={word}+{word}")
    # searches are written a moment after they were answered
    eventually(lambda: any(word in each["query"] for each in colleague.get("/kb/authoring/searches?empty=1")["items"]))
    page = desk(window, "/desk/knowledge/searches?empty=1")
    row = page.locator("cf-author-searches li", has_text=word)
    expect(row).to_contain_text("2 searches")
    expect(row).to_contain_text("2 without a result")
    row.get_by_role("link", name="Write an article about").click()
    expect(page.get_by_label("Title")).to_have_value(f"{word} {word}")
    expect(page.get_by_label("Address", exact=True)).to_have_value(f"{word}-{word}")
    page.get_by_label("Text", exact=True).fill("Half a text")
    page.get_by_role("link", name="All articles").click()
    unsaved = page.get_by_role("link", name=f"{word} {word}")
    expect(unsaved).to_be_visible()
    unsaved.click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("Half a text")
    page.get_by_role("button", name="Begin anew").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_every_view_is_accessible_and_fits(
    window: Window, colleague: Person, word: str, width: int, scheme: str
) -> None:
    article = write(
        colleague, f"{word} {'long words ' * 12}", "Text", f"## Head\n\n{'unbroken' * 30}\n\n```sh\nls\n```"
    )
    page = desk(window, f"/desk/knowledge?q={word}", width=width, scheme=scheme)
    place = page.url.split("?")[0]

    def check(seen: Locator) -> None:
        expect(seen).to_be_visible()
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0

    def at(path: str, seen: Locator) -> None:
        page.goto(f"{place}/{path}")
        check(seen)

    check(page.get_by_role("link", name=word))
    at(f"articles/{article['id']}", page.get_by_label("Text", exact=True))
    if width < 1100:
        page.get_by_role("button", name="Preview").click()
    check(page.locator("cf-author-preview").get_by_role("heading", name="Head"))
    at(f"articles/{article['id']}/versions", page.locator("cf-author-diff .added").first)
    at(f"articles/{article['id']}/votes", page.get_by_role("heading", name="Nobody has said anything"))
    at("articles/00000000-0000-4000-8000-000000000000", page.get_by_role("heading", name="does not exist"))
    at("articles/new", page.get_by_label("Title"))
    at("faq", page.get_by_role("link", name="How do I reset my password?"))
    page.get_by_role("link", name="How do I reset my password?").click()
    check(page.get_by_label("Answer"))
    at("searches", page.get_by_role("heading", name="Searches"))
    page.route("**/api/v1/kb/authoring/articles?**", lambda route: route.fulfill(status=503, json={}))
    page.get_by_role("tab", name="Articles").press("Enter")
    check(page.get_by_role("heading", name="The articles could not be loaded"))
    page.unroute("**/api/v1/kb/authoring/articles?**")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("cf-author-articles li").first).to_be_visible()


DIFFERENCES = """async () => {
  const { folded, lineDifferences, wordDifferences } = await import("/assets/desk/diff.js");
  const random = (n) => Math.floor(Math.random() * n);
  const text = (n) => Array.from({ length: n }, () => ["a", "b b", "", "c c c"][random(4)]).join("\\n");
  const side = (rows, kind) => rows.filter((row) => row.kind === "same" || row.kind === kind);
  const lines = (rows) => rows.map(({ parts }) => parts.map(({ text }) => text).join("")).join("\\n");
  const wrong = [];
  for (let round = 0; round < 300; round += 1) {
    const [before, after] = [text(random(12)), text(random(12))];
    const rows = lineDifferences(before, after);
    const open = folded(rows, 1).flatMap((row) => (row.kind === "gap" ? row.rows : [row]));
    if (lines(side(rows, "removed")) !== before || lines(side(rows, "added")) !== after) wrong.push([before, after]);
    if (JSON.stringify(open) !== JSON.stringify(rows)) wrong.push(["folded", before, after]);
  }
  const long = Array.from({ length: 3000 }, (_, index) => String(index));
  const far = folded(lineDifferences(long.join("\\n"), long.toSpliced(1500, 1, "x").join("\\n")));
  return {
    wrong,
    far: far.map(({ kind }) => kind),
    none: lineDifferences("", ""),
    marked: wordDifferences("the quick brown fox", "the slow brown fox")[1],
    unlike: wordDifferences("one two three", "something else")[0],
    huge: lineDifferences("x\\n".repeat(4000), "y\\n".repeat(4000)).length,
  };
}"""


def test_differences_give_both_texts_back(window: Window) -> None:
    found = window("/desk").evaluate(DIFFERENCES)
    assert found["wrong"] == []
    assert found["far"] == ["gap", *["same"] * 3, "removed", "added", *["same"] * 3, "gap"]
    assert found["none"] == []
    assert found["marked"] == [
        {"text": "the ", "changed": False},
        {"text": "slow", "changed": True},
        {"text": " brown fox", "changed": False},
    ]
    assert found["unlike"] == [{"text": "one two three", "changed": False}]
    # too long to be compared line by line: all of it is replaced, but the empty end that both share
    assert found["huge"] == 8001


ORDER = """async () => {
  const { moved } = await import("/assets/desk/knowledge.js");
  const items = (...places) => places.map((position, index) => ({ id: "abc"[index], position }));
  return [
    moved(items(10, 20, 30), "b", -1),
    moved(items(5, 5, 5), "a", 1),
    moved(items(0, 1), "a", -1),
    moved(items(0, 1), "b", 1),
  ];
}"""


def test_a_moved_question_takes_the_place_of_its_neighbour(window: Window) -> None:
    swapped, equal, first, last = window("/desk").evaluate(ORDER)
    assert swapped == [{"id": "b", "position": 10}, {"id": "a", "position": 20}]
    assert equal == [{"id": "a", "position": 6}, {"id": "c", "position": 7}]
    assert (first, last) == ([], [])
