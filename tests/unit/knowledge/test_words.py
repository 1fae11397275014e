"""What a query asks for, and what is a slip of what."""

from __future__ import annotations

import pytest

from services.knowledge.index.words import Slot, Synonyms, corrections, distance, fold, slots

SYNONYMS = Synonyms.parse("vm, virtual machine # compute\n\n# only a remark\ndns, name server\n")


def test_the_longest_phrase_with_synonyms_is_one() -> None:
    assert slots("How do I resize my virtual machines?", SYNONYMS.by_phrase()) == [
        Slot("resize"),
        Slot("virtual machines", ("vm",)),
    ]


def test_a_query_without_a_subject_is_taken_as_it_is() -> None:
    assert slots("how do I", {}) == [Slot("how"), Slot("do"), Slot("i")]
    assert slots("?!", {}) == []


@pytest.mark.parametrize("line", ["alone", "a, ,b", "a => b", ", a"])
def test_a_line_that_is_no_group_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        Synonyms.parse(f"a, b\n{line}\n")


@pytest.mark.parametrize(
    ("one", "other", "expected"), [("dsn", "dns", 1), ("firewal", "firewall", 1), ("", "ab", 2), ("abc", "abc", 0)]
)
def test_distance(one: str, other: str, expected: int) -> None:
    assert distance(one, other) == distance(other, one) == expected


def test_the_nearest_and_most_frequent_word_is_meant() -> None:
    assert corrections("pasword", [("passwords", 9), ("password", 3), ("word", 9)]) == ["password"]
    assert corrections("dsn", [("dns", 1), ("den", 5)]) == ["den", "dns"]
    assert corrections("ab", [("ac", 1)]) == []


def test_folding_compares_plurals_and_accents() -> None:
    assert fold("VMs") == fold("vm")
    assert fold("Größen") == "grossen"
    assert fold("policies") == "policy"
    assert fold("address") == "address"
