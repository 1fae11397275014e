"""From passages to words: nothing is shown that a message cannot show, and nothing is cut in the middle."""

from __future__ import annotations

import re

import pytest

from services.chat.assistant import answers
from services.chat.assistant.port import Passage, Source


def passage(
    text: str, score: float = 0.9, slug: str = "firewall", heading: str = "Rules", kind: str = "article"
) -> Passage:
    title = slug.replace("-", " ").capitalize()
    return Passage(Source(kind, slug, 1, title, "s-rules" if kind == "article" else None), heading, text, "net", score)


def test_a_short_section_is_told_whole() -> None:
    text = "Open **Firewalls**.\n\n1. Add a rule.\n2. Save it.\n\n```bash\ncf firewall list\n```"
    assert answers.excerpt(passage(text), "firewall") == answers.Excerpt(text, True)


def test_links_become_their_words() -> None:
    text = (
        "See [the rules](kb:rules#s-a), [this](https://a.example/x) and <https://status.example>.\n\nMore: [A](kb:a)."
    )
    told = answers.excerpt(passage(text), "rules").text
    assert told == "See the rules, this and https://status.example."


def test_code_stays_as_it_is() -> None:
    text = "```bash\necho [a](b) | cat <https://x.example>\n| a | b |\n```"
    assert answers.excerpt(passage(text), "echo").text == text


def test_a_table_becomes_a_list() -> None:
    text = (
        "Who pays:\n\n| Plan | Kept for | Note |\n|---|---|---|\n| `small` | 7 days | |\n| large | 30 days | more |\n"
    )
    assert answers.excerpt(passage(text), "plan").text == "Who pays:\n\n- `small`: 7 days\n- **large**: 30 days; more"


def test_a_long_section_is_cut_between_its_steps() -> None:
    steps = [f"{number}. Do step {number} {'very ' * 30}carefully." for number in range(1, 12)]
    told = answers.excerpt(passage("\n".join(steps)), "step")
    assert not told.whole
    assert len(told.text) <= answers.MAX_ANSWER
    assert told.text.splitlines() == steps[: len(told.text.splitlines())]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    told = answers.excerpt(passage("This is a sentence of the text. " * 60), "sentence")
    assert told.text.endswith("of the text.")
    assert len(told.text) <= answers.MAX_ANSWER


def test_long_code_is_cut_between_lines_and_closed() -> None:
    told = answers.excerpt(passage("```bash\n" + "cf instance list --region eu\n" * 80 + "```"), "list")
    assert told.text.startswith("```bash\n")
    assert told.text.endswith("eu\n```")


@pytest.mark.parametrize(
    "text", ["word " * 600, "x" * 5_000, "- " + "y" * 3_000, "```\n" + "z" * 3_000 + "\n```", "", "```"]
)
def test_nothing_is_longer_than_an_answer(text: str) -> None:
    assert len(answers.excerpt(passage(text), "word").text) <= answers.MAX_ANSWER + 10


def test_no_lead_in_without_what_it_leads_to() -> None:
    text = "First " + "word " * 160 + "ends.\n\nThen run:\n\n```bash\n" + "cf x\n" * 60 + "```"
    assert answers.excerpt(passage(text), "run").text.endswith("ends.")


def test_of_a_list_of_cases_those_that_are_meant_are_told() -> None:
    cases = [
        "- **`Connection refused`**: nothing listens. " + "More. " * 20,
        "- **`Connection timed out`**: a firewall drops it. " + "More. " * 20,
        "- **404 for every path**: no rule fits. " + "More. " * 20,
        "- **503**: the service has no pods. " + "More. " * 20,
    ]
    told = answers.excerpt(passage("\n".join(cases)), "why do I get a 503").text
    assert told == cases[3].strip()
    assert answers.excerpt(passage("\n".join(cases)), "anything else").text.startswith(cases[0][:20])


def test_confidence_grows_with_the_score() -> None:
    scores = [number / 20 for number in range(21)]
    confidences = [answers.confidence_of(score) for score in scores]
    assert confidences == sorted(confidences)
    assert confidences[0] == 0.0
    assert confidences[-1] < 1.0
    assert answers.confidence_of(answers.FLOOR) >= 0.5


def test_two_topics_that_are_equally_meant() -> None:
    near = [passage("A.", 0.9, "load-balancer"), passage("B.", 0.88, "kubernetes-ingress"), passage("C.", 0.6, "dns")]
    assert [each.source.slug for each in answers.alternatives(near, "certificate")] == [
        "load-balancer",
        "kubernetes-ingress",
    ]
    assert answers.alternatives(near, "certificate for the domain of my shop") == []
    assert answers.alternatives([passage("A.", 0.9, "a"), passage("B.", 0.7, "b")], "certificate") == []
    assert answers.alternatives([], "certificate") == []


def test_an_entry_and_the_article_that_it_points_to_are_one_topic() -> None:
    near = [passage("See [L](kb:load-balancer).", 0.9, "q", kind="faq"), passage("B.", 0.9, "load-balancer")]
    assert answers.alternatives(near, "certificate") == []


def test_articles_to_read_on() -> None:
    entry = passage("So. More: [Rules](kb:rules#s-x), [Ports](kb:ports).", kind="faq", slug="q1")
    assert [(each["slug"], each["anchor"]) for each in answers.reading([entry])] == [("rules", "s-x"), ("ports", None)]
    assert [each["slug"] for each in answers.reading([passage("A."), passage("B.")])] == ["firewall"]


def test_a_button_names_its_topic() -> None:
    assert answers.name_of(passage("A.", heading="2. Rehearse on a copy")) == "Firewall: Rehearse on a copy"
    assert answers.name_of(passage("A.", heading="If it does not work")) == "Firewall"
    assert not re.search(r"^\d", answers.name_of(passage("A.", heading="1. Check it well")).split(": ")[1])
