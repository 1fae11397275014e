"""The contract of every search engine. A subclass gives the fixture `index`: empty, with SYNONYMS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from services.knowledge.index.port import Document, SearchIndex
from services.knowledge.index.words import Synonyms

SYNONYMS = Synonyms.parse("vm, virtual machine, instance\nfirewall, security group # how others say it\n")

_IDS = "00000000-0000-4000-8000-{:012d}"


def article(number: int, title: str, body: str = "", **more: Any) -> Document:
    """A document whose slug is its title."""
    values = {
        "article_id": _IDS.format(number),
        "slug": title.lower().replace(" ", "-"),
        "title": title,
        "summary": "",
        "category": "networking",
        "tags": (),
        "headings": "Before you begin",
        "body": body,
        "revision": 1,
    }
    return Document(**{**values, **more})


LIBRARY = [
    article(1, "Reset your password", "Choose Forgot password on the sign-in page.", category="account"),
    article(2, "Firewall rules", "A rule opens a port of an instance.", summary="Open and close ports."),
    article(3, "Resize an instance", "Stop the instance, choose another size, start it.", category="compute"),
    article(4, "Connect a database", "If you see ERR_TOO_MANY_CONNECTIONS, use a pool.", category="databases"),
    article(5, "Back up a database", "Backups run each night.", headings="Point-in-time restore", category="databases"),
    article(6, "Invoices", "It comes on the first working day. A password is never in it.", category="billing"),
    article(7, "DNS records", "A record points a name to an address.", tags=("domain", "nameserver")),
]


class SearchIndexContract:
    """What every engine must do."""

    @pytest.fixture
    def library(self, index: SearchIndex) -> SearchIndex:
        index.put(LIBRARY)
        index.refresh()
        return index

    def test_an_empty_index_finds_nothing(self, index: SearchIndex) -> None:
        results = index.search("password")
        assert (list(results.hits), results.total, dict(results.facets)) == ([], 0, {})
        assert list(index.suggest("pass")) == []

    def test_pages_of_a_word_that_very_many_have_go_on_to_the_last(self, index: SearchIndex) -> None:
        titles = {number: f"Zebra {number}" if number % 50 == 0 else f"Animal {number}" for number in range(100, 360)}
        index.put([article(number, title, "A zebra grazes.") for number, title in titles.items()])
        index.refresh()
        pages = [index.search("zebra", limit=65, offset=offset, excerpts=False) for offset in range(0, 260, 65)]
        slugs = [hit.slug for page in pages for hit in page.hits]
        assert {page.total for page in pages} == {260}
        assert sorted(slugs[:6]) == ["zebra-100", "zebra-150", "zebra-200", "zebra-250", "zebra-300", "zebra-350"]
        assert len(slugs) == len(set(slugs)) == 260

    def test_a_title_comes_before_a_body(self, library: SearchIndex) -> None:
        assert _slugs(library, "password") == ["reset-your-password", "invoices"]

    def test_a_heading_is_found_before_a_body(self, library: SearchIndex) -> None:
        library.put([article(8, "Other", "We restore nothing. " * 3)])
        library.refresh()
        assert _slugs(library, "restore")[0] == "back-up-a-database"

    def test_tags_are_found(self, library: SearchIndex) -> None:
        assert _slugs(library, "nameserver") == ["dns-records"]

    @pytest.mark.parametrize("text", ["instances", "resizing instances", "INSTANCE resize", "resize  an   instance?"])
    def test_forms_of_a_word_are_one(self, library: SearchIndex, text: str) -> None:
        assert "resize-an-instance" in _slugs(library, text)[:2]

    @pytest.mark.parametrize("text", ["pasword", "reset passwrod", "resett my pasword"])
    def test_slips_are_forgiven(self, library: SearchIndex, text: str) -> None:
        assert _slugs(library, text)[0] == "reset-your-password"

    def test_a_slip_is_mended_in_words(self, library: SearchIndex) -> None:
        assert library.search("firewal rules").did_you_mean == "firewall rules"
        assert library.search("firewall rules").did_you_mean is None

    @pytest.mark.parametrize("text", ["virtual machine", "vm", "VMs", "resize my virtual machines"])
    def test_synonyms_are_found(self, library: SearchIndex, text: str) -> None:
        assert "resize-an-instance" in _slugs(library, text)

    def test_a_synonym_of_several_words_is_found(self, library: SearchIndex) -> None:
        assert _slugs(library, "security group")[0] == "firewall-rules"

    def test_a_question_in_plain_words(self, library: SearchIndex) -> None:
        assert _slugs(library, "how do I get into my account when I have forgotten my password?")[0] == (
            "reset-your-password"
        )

    def test_one_answer_needs_not_have_every_word(self, library: SearchIndex) -> None:
        assert _slugs(library, "invoice arrives late")[0] == "invoices"

    def test_an_error_code(self, library: SearchIndex) -> None:
        assert _slugs(library, "ERR_TOO_MANY_CONNECTIONS")[0] == "connect-a-database"

    def test_what_is_nowhere_finds_nothing(self, library: SearchIndex) -> None:
        for text in ("zebra", "xqzzt blorp"):
            assert _slugs(library, text) == []

    @pytest.mark.parametrize(
        "text", ["", " ", "?!", "the", "\"' OR 1=1 --", "a:* & !b | <->", "\\", "+-&&||!(){}[]^~*?:/", "%_", "ü" * 200]
    )
    def test_anything_may_be_typed(self, library: SearchIndex, text: str) -> None:
        library.search(text)
        library.suggest(text)

    def test_a_category_narrows_and_facets_do_not(self, library: SearchIndex) -> None:
        everywhere = library.search("database password")
        narrow = library.search("database password", category="databases")
        assert {hit.category for hit in narrow.hits} == {"databases"}
        assert narrow.total == len(narrow.hits) == everywhere.facets["databases"] == 2
        assert narrow.facets == everywhere.facets
        assert everywhere.total == sum(everywhere.facets.values())

    def test_pages_follow_each_other(self, library: SearchIndex) -> None:
        whole = _slugs(library, "database instance password")
        pages = [
            hit.slug
            for offset in range(0, 6, 2)
            for hit in library.search("database instance password", limit=2, offset=offset).hits
        ]
        assert pages == whole[:6]
        assert len(set(whole)) == len(whole) == library.search("database instance password").total

    def test_what_matched_is_marked_and_the_rest_escaped(self, index: SearchIndex) -> None:
        index.put([article(1, "Tags", 'Write <b onclick="x">bold & bucket</b> there.')])
        index.refresh()
        (hit,) = index.search("bucket").hits
        assert "<mark>bucket</mark>" in hit.snippet_html
        assert "<b" not in hit.snippet_html.replace("<mark>", "")
        assert "&lt;b" in hit.snippet_html
        assert "&amp;" in hit.snippet_html

    def test_without_excerpts_the_same_is_found(self, library: SearchIndex) -> None:
        whole, bare = library.search("database password"), library.search("database password", excerpts=False)
        assert [hit.slug for hit in bare.hits] == [hit.slug for hit in whole.hits] != []
        assert {hit.snippet_html for hit in bare.hits} == {""}

    def test_suggests_while_a_word_is_typed(self, library: SearchIndex) -> None:
        for text in ("pas", "passw", "reset pass", "password"):
            assert library.suggest(text)[0].slug == "reset-your-password", text
        assert [hit.slug for hit in library.suggest("dat", limit=1)] in (["connect-a-database"], ["back-up-a-database"])

    def test_a_newer_revision_replaces(self, library: SearchIndex) -> None:
        library.put([replace(LIBRARY[5], title="Bills", slug="bills", body="A bill.", revision=2)])
        library.refresh()
        assert _slugs(library, "invoices") == []
        assert _slugs(library, "bill") == ["bills"]

    def test_an_older_revision_changes_nothing(self, library: SearchIndex) -> None:
        library.put([replace(LIBRARY[5], title="Bills", revision=5)])
        library.put([replace(LIBRARY[5], title="Older", revision=4)])
        library.refresh()
        assert _slugs(library, "older") == []
        assert _slugs(library, "bills") != []

    def test_what_is_archived_is_gone_and_stays_gone(self, library: SearchIndex) -> None:
        gone = article(6, "", revision=2, visible=False, category="")
        library.put([gone])
        library.put([LIBRARY[5]])
        library.refresh()
        results = library.search("invoices")
        assert (list(results.hits), results.total) == ([], 0)
        assert library.search("password").facets == {"account": 1}


def _slugs(index: SearchIndex, text: str) -> Sequence[str]:
    return [hit.slug for hit in index.search(text).hits]
