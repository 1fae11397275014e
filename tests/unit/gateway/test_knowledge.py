"""The knowledge base over HTTP: who is asked what, and what becomes of the knowledge service's answers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from services.gateway import readiness
from services.gateway.problems import Problem
from services.gateway.readiness import Readiness
from services.gateway.settings import Rates
from shared.service.client import RemoteRefusal, ServiceUnavailable

ID = "0b8f7f4e-7f0e-4d2b-9a57-1f3f6f6a2c11"
AT = "2026-11-24T09:00:00Z"
ARTICLE = {
    "id": ID,
    "slug": "create-an-instance",
    "title": "Create an instance",
    "summary": "",
    "category": "getting-started",
    "tags": [],
    "language": "en",
    "version": 2,
    "updated_at": AT,
    "body_markdown": "Text",
    "body_html": "<p>Text</p>",
    "contents": [],
    "helpful": {"yes": 1, "no": 0},
    "my_vote": None,
    "related": [],
}
AUTHORED = {"id": ID, "slug": "create-an-instance", "status": "DRAFT", "draft": {"body": " Text"}, "revision": 4}
WRITTEN = {"article": AUTHORED, "revision": 4, "position": 12, "replayed": False}
VOTED = {"article_id": ID, "version": 2, "helpful": True, "comment": None, "position": 12, "replayed": False}
QUESTION = {"id": ID, "question": "How?", "answer_html": "<p>So.</p>", "position": 30, "revision": 2}
FAQ_WRITTEN = {"faq": QUESTION, "revision": 2, "position": 12, "replayed": True}
TEXT = {"title": " Create an instance ", "category": "getting-started", "body": "    code\r\n"}
FAQ_TEXT = {"question": "How?", "answer": "So.", "category": "getting-started"}


def refused(kind: str, code: str, **more: Any) -> RemoteRefusal:
    return RemoteRefusal({"kind": kind, "code": code, "detail": "No.", "errors": {}, "details": {}, **more})


def code_of(answer: Any, status: int) -> str:
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    return str(answer.json["code"])


@pytest.mark.parametrize(
    ("path", "method", "arguments"),
    [
        ("/kb/categories?min_position=7", "kb_categories", {"min_position": 7}),
        (
            "/kb/articles?category=billing&limit=5",
            "list_articles",
            {"category": "billing", "limit": 5, "cursor": None, "min_position": None},
        ),
        ("/kb/articles/dns/versions", "article_versions", {"slug": "dns", "min_position": None}),
        ("/faq?category=billing", "faq_list", {"category": "billing", "min_position": None}),
    ],
)
def test_everybody_reads_without_a_token(gateway: Any, path: str, method: str, arguments: dict[str, Any]) -> None:
    gateway.knowledge.answers[method] = {"items": [{"title": "A", "secret": 1}], "position": 9}
    answer = gateway.ask("GET", path)
    assert (answer.status_code, answer.headers["X-Position"]) == (200, "9")
    assert gateway.knowledge.calls == [(method, arguments)]
    assert "secret" not in answer.text


def test_a_reader_is_nobody_without_a_token_and_themselves_with_one(gateway: Any) -> None:
    gateway.knowledge.answers["get_article"] = {"article": ARTICLE, "position": 9}
    assert gateway.ask("GET", "/kb/articles/create-an-instance?version=1").json["title"] == "Create an instance"
    asked, nobody = gateway.knowledge.last, {"id": "", "name": "", "email": "", "account": "", "roles": []}
    assert (asked["actor"], asked["version"]) == (nobody, 1)
    gateway.ask("GET", "/kb/articles/create-an-instance", token=gateway.token("berta"))
    assert (gateway.knowledge.last["actor"]["id"], gateway.knowledge.last["version"]) == ("berta", None)


def test_a_token_that_is_wrong_is_refused_where_none_is_needed(gateway: Any) -> None:
    assert code_of(gateway.ask("GET", "/kb/categories", token="x.y.z"), 401) == "token_invalid"
    assert gateway.knowledge.calls == []


def test_everybody_still_reads_while_the_issuer_is_away(gateway: Any) -> None:
    class Away:
        def principal(self, token: str) -> Any:
            raise Problem("keys_unavailable", "Away.")

    gateway.knowledge.answers["get_article"] = {"article": ARTICLE, "position": 9}
    gateway.rebuild(verifier=Away())
    assert gateway.ask("GET", "/kb/articles/create-an-instance", token="any").status_code == 200
    assert gateway.knowledge.last["actor"]["id"] == ""
    vote = gateway.ask("POST", "/kb/articles/create-an-instance/feedback", token="any", json={"helpful": True})
    assert code_of(vote, 503) == "keys_unavailable"


def test_a_former_slug_answers_with_the_place_of_the_article(gateway: Any) -> None:
    gateway.knowledge.answers["get_article"] = {"article": ARTICLE, "position": 9}
    answer = gateway.ask("GET", "/kb/articles/make-an-instance")
    assert gateway.knowledge.last["slug"] == "make-an-instance"
    assert (answer.status_code, answer.json["slug"]) == (200, "create-an-instance")
    assert answer.headers["Content-Location"] == "/api/v1/kb/articles/create-an-instance"


@pytest.mark.parametrize("slug", ["A", "a%00b", "%F0%9F%98%80", "a" * 101, "a_b"])
def test_what_can_be_no_slug_is_no_article(gateway: Any, slug: str) -> None:
    for path in (f"/kb/articles/{slug}", f"/kb/articles/{slug}/versions"):
        assert code_of(gateway.ask("GET", path), 404) == "article_not_found"
    assert gateway.knowledge.calls == []


def test_a_search_takes_words_a_category_and_a_page(gateway: Any) -> None:
    hit = {"slug": "dns", "title": "DNS", "category": "networks", "snippet_html": "<mark>DNS</mark>", "score": 1.5}
    found = {"search_id": ID, "items": [hit], "total": 1, "facets": {"networks": 1}, "did_you_mean": None}
    gateway.knowledge.answers["search"] = {**found, "engine": "postgresql"}
    answer = gateway.ask("GET", "/kb/search?q=%20dnss&category=networks&limit=3&offset=6")
    assert answer.json == {**found, "engine": "postgresql"}
    assert gateway.knowledge.last == {"q": "dnss", "category": "networks", "limit": 3, "offset": 6}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/kb/search", "q"),
        ("/kb/search?q=%20", "q"),
        (f"/kb/search?q={'a' * 201}", "q"),
        ("/kb/search?q=a&limit=51", "limit"),
        ("/kb/search?q=a&offset=-1", "offset"),
        ("/kb/search?q=a&category=A%20B", "category"),
        ("/kb/search?q=a&category=a%0a", "category"),
        ("/kb/suggest?q=a&limit=11", "limit"),
        ("/kb/articles/a?version=0", "version"),
        ("/faq?q=a", "q"),
    ],
)
def test_a_bad_question_names_its_field(gateway: Any, path: str, field: str) -> None:
    answer = gateway.ask("GET", path)
    assert code_of(answer, 422) == "invalid"
    assert field in answer.json["errors"]
    assert gateway.knowledge.calls == []


def test_suggestions_do_not_let_wait(gateway: Any) -> None:
    gateway.knowledge.answers["suggest"] = {"items": [{"slug": "dns", "title": "DNS", "category": "n"}], "engine": "e"}
    assert gateway.ask("GET", "/kb/suggest?q=dn").json["items"][0]["slug"] == "dns"
    assert gateway.knowledge.last == {"q": "dn", "limit": 5}
    assert gateway.knowledge.deadlines == [2.0]


def test_a_chosen_result_says_nothing_about_the_person(gateway: Any) -> None:
    gateway.knowledge.answers["result_chosen"] = lambda **_: None
    choice = {"slug": "dns", "rank": 2}
    answer = gateway.ask("POST", f"/kb/search/{ID}/choice", token=gateway.token(), json=choice)
    assert (answer.status_code, answer.data) == (204, b"")
    assert gateway.knowledge.last == {"search_id": ID, **choice}
    wrong = gateway.ask("POST", f"/kb/search/{ID}/choice", json={"slug": "dns", "rank": 0})
    assert (code_of(wrong, 422), list(wrong.json["errors"])) == ("invalid", ["rank"])


def test_readers_without_a_token_are_counted_by_their_address(make: Any) -> None:
    gateway = make(trusted_proxies=1, rates=Rates(reads=1))
    gateway.knowledge.answers["suggest"] = {"items": [], "engine": "e"}

    def status(address: str, token: str | None = None) -> int:
        headers = {"X-Forwarded-For": address}
        return int(gateway.ask("GET", "/kb/suggest?q=a", token=token, headers=headers).status_code)

    assert [status("10.0.0.1"), status("10.0.0.1"), status("10.0.0.2")] == [200, 429, 200]
    assert status("10.0.0.1", gateway.token()) == 200


def test_a_vote_needs_a_person_and_takes_a_reason(gateway: Any) -> None:
    gateway.knowledge.answers["article_feedback"] = {**VOTED, "replayed": True}
    path, vote = "/kb/articles/dns/feedback", {"helpful": False, "comment": " Which zone?\n"}
    assert code_of(gateway.ask("POST", path, json=vote), 401) == "token_missing"
    answer = gateway.ask("POST", path, token=gateway.token(), json=vote, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.headers["Idempotency-Replayed"]) == (200, "true")
    assert (answer.headers["X-Position"], answer.json["position"]) == ("12", 12)
    asked = gateway.knowledge.last
    assert (asked["slug"], asked["helpful"], asked["comment"]) == ("dns", False, "Which zone?")
    assert asked["actor"]["id"] == "anna"
    assert code_of(gateway.ask("POST", path, token=gateway.token(), json={"helpful": 1}), 422) == "invalid"


def test_an_author_drafts_and_finds_the_draft_at_its_place(gateway: Any) -> None:
    gateway.knowledge.answers |= {
        "draft_article": WRITTEN,
        "author_article": lambda **_: {"article": AUTHORED, "position": 12},
    }
    author = gateway.token(roles=("agent",))
    made = gateway.ask("POST", "/kb/articles", token=author, json=TEXT)
    assert (made.status_code, made.headers["ETag"], made.json["position"]) == (201, '"4"', 12)
    asked = gateway.knowledge.last
    assert (asked["title"], asked["body"], asked["slug"]) == ("Create an instance", "    code\n", None)
    assert (asked["tags"], asked["language"]) == ([], "en")
    place = made.headers["Location"].removeprefix("/api/v1")
    found = gateway.ask("GET", place, token=author)
    assert (found.json["draft"], found.headers["ETag"]) == ({"body": " Text"}, '"4"')
    assert gateway.knowledge.last["article_id"] == ID


def test_a_revision_that_is_stale_brings_the_text_that_stands_there(gateway: Any) -> None:
    meanwhile = {"revision": 5, "changed_by": {"id": "b", "name": "Berta"}, "current": {"body": "Hers"}}
    gateway.knowledge.answers["revise_article"] = refused("stale", "stale_revision", details=meanwhile)
    author = gateway.token(roles=("agent",))
    answer = gateway.ask("PUT", f"/kb/articles/{ID}", token=author, json=TEXT, headers={"If-Match": '"4"'})
    assert code_of(answer, 412) == "stale_revision"
    assert {name: answer.json[name] for name in meanwhile} == meanwhile
    asked = gateway.knowledge.last
    assert (asked["article_id"], asked["context"]["expected_revision"]) == (ID, 4)
    assert code_of(gateway.ask("PUT", "/kb/articles/a-slug", token=author, json=TEXT), 404) == "article_not_found"


@pytest.mark.parametrize(
    ("action", "body", "method", "arguments"),
    [
        ("publish", {"change_note": "Clearer"}, "publish_article", {"change_note": "Clearer"}),
        ("archive", {}, "archive_article", {}),
        ("restore", {"version": 1}, "restore_article", {"version": 1}),
    ],
)
def test_what_becomes_of_an_article(
    gateway: Any, action: str, body: dict[str, Any], method: str, arguments: dict[str, Any]
) -> None:
    gateway.knowledge.answers[method] = WRITTEN
    answer = gateway.ask("POST", f"/kb/articles/{ID}/{action}", token=gateway.token(roles=("agent",)), json=body)
    assert (answer.status_code, answer.json["revision"], answer.json["position"]) == (200, 4, 12)
    asked = {name: value for name, value in gateway.knowledge.last.items() if name not in ("actor", "context")}
    assert asked == {"article_id": ID, **arguments}


def test_an_author_reads_versions_by_the_articles_id(gateway: Any) -> None:
    author = gateway.token(roles=("agent",))
    version = {"version": 2, "title": "Old", "change_note": "", "from_version": None, "by": {"name": "B"}, "at": AT}
    gateway.knowledge.answers |= {
        "authors_versions": {"items": [version], "position": 9},
        "authors_version": {"version": {**version, "text": {"body": "Was"}}, "position": 9},
    }
    place = f"/kb/authoring/articles/{ID}/versions"
    assert gateway.ask("GET", place, token=author).json == {"items": [version]}
    one = gateway.ask("GET", f"{place}/2?min_position=9", token=author)
    assert (one.json["text"], one.headers["X-Position"]) == ({"body": "Was"}, "9")
    asked = gateway.knowledge.last
    assert (asked["article_id"], asked["version"], asked["min_position"]) == (ID, 2, 9)
    assert code_of(gateway.ask("GET", f"{place}/2", token=gateway.token()), 403) == "role_required"
    for version_ in ("0", "1000001"):
        assert code_of(gateway.ask("GET", f"{place}/{version_}", token=author), 404) == "version_not_found"


def test_an_author_sees_votes_searches_and_previews(gateway: Any) -> None:
    author = gateway.token(roles=("admin",))
    vote = {"version": 1, "helpful": False, "comment": "Too short", "at": AT}
    totals = {"searches": 3, "without_result": 1, "opened": 1}
    gateway.knowledge.answers |= {
        "authored_articles": {"items": [AUTHORED], "position": 9},
        "feedback_report": {"items": [{**vote, "voter": "anna"}]},
        "searches_report": {"items": [], "totals": totals},
        "preview": {"body_html": "<p>x</p>", "contents": []},
    }
    place = "/kb/authoring"
    assert gateway.ask("GET", f"{place}/articles?status=DRAFT", token=author).json["items"][0]["status"] == "DRAFT"
    assert gateway.ask("GET", f"{place}/articles/{ID}/feedback", token=author).json == {"items": [vote]}
    assert gateway.ask("GET", f"{place}/searches?empty=1", token=author).json["totals"] == totals
    assert gateway.knowledge.last["empty"] is True
    preview = gateway.ask("POST", f"{place}/preview", token=author, json={"body": "x"})
    assert preview.json == {"body_html": "<p>x</p>", "contents": []}


def test_questions_are_added_changed_and_removed(gateway: Any) -> None:
    gateway.knowledge.answers |= dict.fromkeys(("create_faq", "update_faq", "delete_faq"), FAQ_WRITTEN)
    author = gateway.token(roles=("agent",))
    made = gateway.ask("POST", "/faq", token=author, json=FAQ_TEXT)
    assert (made.status_code, made.headers["Location"]) == (201, f"/api/v1/faq/{ID}")
    # the place in its category; the log's position is in the header
    assert (made.json["position"], made.headers["X-Position"]) == (30, "12")
    changed = gateway.ask("PUT", f"/faq/{ID}", token=author, json={**FAQ_TEXT, "position": 5})
    assert (changed.status_code, gateway.knowledge.last["position"]) == (200, 5)
    gone = gateway.ask("DELETE", f"/faq/{ID}", token=author, headers={"If-Match": '"1"'})
    assert (gone.status_code, gone.headers["Idempotency-Replayed"], gone.data) == (204, "true", b"")
    assert gateway.knowledge.last["context"]["expected_revision"] == 1


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (refused("not_found", "article_not_found"), 404),
        (refused("conflict", "nothing_to_publish"), 409),
        (refused("invalid", "invalid_content", errors={"body": ["Must not be empty."]}), 422),
        (ServiceUnavailable("service_away", 2), 503),
    ],
)
def test_the_services_refusals_are_the_callers(gateway: Any, refusal: Exception, status: int) -> None:
    gateway.knowledge.answers["publish_article"] = refusal
    answer = gateway.ask("POST", f"/kb/articles/{ID}/publish", token=gateway.token(roles=("agent",)), json={})
    assert code_of(answer, status) == (refusal.problem["code"] if status != 503 else "service_away")
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_the_hub_knows_whether_the_knowledge_base_answers_and_asks_nobody(
    gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "CHECK_EVERY", 0.01)
    asked_twice, asked = threading.Event(), []

    def ping() -> None:
        asked.append(1)
        if len(asked) > 1:
            asked_twice.set()

    watched = Readiness({}, {"knowledge": ping}, {})
    gateway.rebuild(readiness=watched)
    assert gateway.ask("GET", "/support/hub").json["knowledge"] == {"available": False}
    watched.start()
    assert asked_twice.wait(5)
    assert gateway.ask("GET", "/support/hub").json["knowledge"] == {"available": True}
    watched.stop()
    assert gateway.knowledge.calls == []
