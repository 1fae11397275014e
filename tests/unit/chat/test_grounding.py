from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chat.assistant.grounding import MAX_ANSWER, NotGrounded, grounded, shown, visible
from tests.unit.chat.llm_world import GOOD, OUTGOING, QUESTION, REFUNDS

PASSAGES = (REFUNDS, QUESTION, OUTGOING)
QUOTE = '"Refunds go back the way they came" [1].'


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        QUOTE,
        "“Refunds go back the way\nthey came” [1]",
        "„refunds go back the way they came“ [1]",
        "> Refunds go back the way they came: to a card within 5 to 10 days. [1]",
        'Run `cf billing credits --format "json"` [1].',
        '```bash\ncf billing credits --format "json"\n``` [1]',
        '"We answer within two working days" [1]. Credit comes on request within 30 days after an outage [2].',
        f"{QUOTE} We answer within two working days [1].",
        f"{QUOTE} See https://status.cloudfactory.example for an outage [2].",
        f"{QUOTE} [1, 2] Open a ticket of category *Billing* [1][2].",
        "Use port 587 instead of port 25: 'New organisations' \"cannot send on port 25\" [3].",
    ],
)
def test_what_the_cited_passages_say_is_used(answer: str) -> None:
    assert grounded(answer, PASSAGES).cited


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "empty"),
        ("I do not know", "unknown"),
        (QUOTE + " " * 5 + "a" * MAX_ANSWER, "too_long"),
        (QUOTE + "\u200b", "hidden"),
        (QUOTE + "\ufe0f", "hidden"),
        ('"Refunds go back the way they came"', "uncited"),
        ('"Refunds go back the way they came" [0]', "citation"),
        ('"Refunds go back the way they came" [1, 4]', "citation"),
        (f'"Refunds go back the way they came" [{"9" * 5_0}]', "citation"),
        ('"Refunds go back the way they came" [2]', "quote"),
        ('"Refunds go back the other way" [1]', "quote"),
        ('"Refunds go back the w" [1]', "quote"),
        ('"Refunds go back … within 5 to 10 days" [1]', "quote"),
        ('Refunds go back "the way [1]', "quote"),
        (QUOTE + " Run `cf billing payout`.", "quote"),
        (QUOTE + "\n\n> always", "quote"),
        ("Refunds go back the way they came [1].", "unquoted"),
        ('"Refunds" [1]', "unquoted"),
        (QUOTE + " <b>Refunds</b>", "html"),
        (QUOTE + " &lt;Refunds", "html"),
        ('"<https://status.cloudfactory.example>" "credit on request" [2]', "html"),
        ('"Refunds go back the way they came" [1](https://status.cloudfactory.example)', "link"),
        (QUOTE + " [Refunds](kb:refunds)", "link"),
        (QUOTE + "\n\n[Refunds]: refunds", "link"),
        (QUOTE + " See https://evil.example.", "link"),
        (QUOTE + " See status.cloudfactory.example.", "link"),
        (QUOTE + " Ask billing@refunds", "link"),
        (QUOTE + " javascript:refunds", "link"),
        (QUOTE + " refunds。example", "link"),
        (QUOTE + " refunds dot example", "link"),
        (QUOTE + " It takes 3 days.", "number"),
        (QUOTE + " It takes 5 € days.", "number"),
        (QUOTE + " The invoice number is CF-QQQQQQQ.", "number"),
        (QUOTE + " I opened a ticket.", "claim"),
        (QUOTE + " I’ll open a ticket.", "claim"),
        (QUOTE + " We already answer refunds.", "claim"),
        (QUOTE + " The refund has now been answered.", "claim"),
        (QUOTE + " Your refund is answered.", "claim"),
        (QUOTE + " Your whole refund is already paid.", "claim"),
        (QUOTE + " Refund approved.", "claim"),
        (QUOTE + " Bananas are yellow.", "unsupported"),
        (QUOTE + " Rückerstattung jederzeit.", "unsupported"),
        (QUOTE + " 退款。", "unsupported"),
    ],
)
def test_what_they_do_not_say_is_refused_with_a_reason(answer: str, reason: str) -> None:
    with pytest.raises(NotGrounded) as refusal:
        grounded(answer, PASSAGES)
    assert refusal.value.reason == reason


def test_a_source_that_two_passages_share_is_named_once() -> None:
    answer = grounded('"Refunds go back the way they came" [2], "Find invoice and line" [1].', (REFUNDS, REFUNDS))
    assert answer.sources == (REFUNDS.source,)
    assert answer.body == '"Refunds go back the way they came" [1], "Find invoice and line" [1].'


def test_a_passage_is_shown_with_the_words_of_its_links() -> None:
    assert "**Organisation → Billing → Invoices** (Invoices)." in shown(REFUNDS)
    assert "See https://status.cloudfactory.example." in shown(QUESTION)


def test_no_hidden_character_is_visible() -> None:
    assert visible("a\u200b\u202e\U000e0041\x00\ufeff\u3164b\n\tc") == "ab\n\tc"


@given(st.text(alphabet=st.sampled_from('ab[]()12,"`“”>‘’«<*_ .\n'), max_size=60))
def test_whatever_is_written_is_used_or_refused(answer: str) -> None:
    try:
        used = grounded(answer, PASSAGES)
    except NotGrounded:
        return
    assert set(used.cited) <= set(PASSAGES)
