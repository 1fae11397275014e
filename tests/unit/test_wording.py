"""Words of texts, to compare by."""

from __future__ import annotations

import pytest

from shared.wording import stem, stems, words


@pytest.mark.parametrize(
    "forms",
    [
        "connect connects connected connecting connection connections",
        "restore restored restoring restoration",
        "invite invited invitation",
        "create created creating creation",
        "resize resized resizing",
        "verify verified verifying verification",
        "query queries",
        "certificate certificates",
        "cancel cancelled cancelling cancellation",
        "replicate replicated replication",
        "agree agreed",
        "hop hopped hopping",
    ],
)
def test_forms_of_a_word_have_one_stem(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1


def test_other_words_keep_their_own() -> None:
    different = "instance instant plan plane status state port report key keep node note lost list"
    assert len({stem(word) for word in different.split()}) == len(different.split())


@pytest.mark.parametrize("word", ["", "a", "ip", "k8s", "dns", "10", "übung", "y", "aed", "sky", "eed"])
def test_what_has_no_ending_stays_or_gets_shorter(word: str) -> None:
    assert len(stem(word)) <= len(word)


def test_words_are_single_plain_and_in_lower_case() -> None:
    assert words("E-mail: can't LOG-IN; it’s quota_exceeded (10.0.0.1) Schlüssel, Straße") == [
        *("email", "cant", "log", "in", "it", "quota", "exceeded", "10", "0", "0", "1", "schlussel", "strasse")
    ]
    assert stems("Connections of queries") == ["connect", "of", "queri"]
