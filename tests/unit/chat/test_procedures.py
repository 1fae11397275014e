"""Guided procedures: every way through those that are shipped, what authors may get wrong, what customers type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.chat.assistant import actions
from services.chat.assistant.port import FixedLookups, Incident, Lookups, Reply, ServiceStatus, StatusReport, Walk
from services.chat.assistant.procedures import (
    BACK,
    LEVELS,
    SERVICES,
    Check,
    Choice,
    Ending,
    ProcedureError,
    Procedures,
    Question,
    match_choice,
)
from services.knowledge.rendering import render

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "services/chat/content/procedures"
ARTICLES = ROOT / "services/knowledge/content/articles"
PROCEDURES = Procedures.load(SHIPPED)


def lookups(levels: Mapping[str, str]) -> Lookups:
    services = tuple(ServiceStatus(key, SERVICES[key], level.upper()) for key, level in levels.items())
    return FixedLookups(report=StatusReport("OPERATIONAL", "", None, "", services))


WELL = lookups(dict.fromkeys(SERVICES, "operational"))


# -- What is shipped


def platforms(key: str) -> Iterator[Mapping[str, str]]:
    """States in which the checks of a procedure take every branch: all alike, or one service unlike the others."""
    steps = PROCEDURES.get(key).steps.values()  # type: ignore[union-attr]
    checked = {step.service for step in steps if isinstance(step, Check)}
    yield dict.fromkeys(SERVICES, "operational")
    for level in LEVELS[1:]:
        for service in checked:
            yield {**dict.fromkeys(SERVICES, "operational"), service: level}


def endings(reply: Reply, platform: Lookups, way: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Reply]]:
    """Press every button of every message; yields the values on the way and the last reply."""
    if (walk := reply.walk) is None:
        yield way, reply
        return
    offered = [each for each in reply.actions if each["kind"] == "choose" and each["value"] != BACK]
    assert offered, f"{walk} offers nothing"
    for action in offered:
        following = PROCEDURES.step(walk, action["value"], platform, at=action["step"])
        assert following.walk is None or len(following.walk.path) > len(walk.path)
        yield from endings(following, platform, (*way, action["value"]))


@pytest.mark.parametrize("key", [procedure.key for procedure in PROCEDURES.all()])
def test_every_way_through_a_shipped_procedure_comes_to_an_ending(key: str) -> None:
    procedure = PROCEDURES.get(key)
    assert procedure is not None
    said: set[str] = set()
    for levels in platforms(key):
        platform = lookups(levels)
        for way, reply in endings(PROCEDURES.begin(key, platform), platform, ()):
            assert reply.intent == "procedure"
            assert reply.body.strip(), way
            (ending,) = [
                step for step in procedure.steps.values() if isinstance(step, Ending) and reply.body.endswith(step.text)
            ]
            said.add(ending.text)
            assert reply.wants_person == (ending.end == "person")
            tickets = [action for action in reply.actions if action["kind"] == "open_ticket"]
            assert len(tickets) == (ending.ticket is not None)
            for ticket in tickets:
                assert all(ticket.values())
                assert len(ticket["description"]) < 10_000
                assert ticket["description"].count("\n- ") >= len(way)
    assert said == {step.text for step in procedure.steps.values() if isinstance(step, Ending)}


def test_these_procedures_are_shipped() -> None:
    assert [procedure.key for procedure in PROCEDURES.all()] == [
        "cannot-reach-server",
        "change-plan",
        "database-refuses-connections",
        "dns-not-resolving",
        "failed-payment",
        "firewall-blocks-port",
        "invoice-question",
        "lost-second-factor",
        "reset-password",
        "restore-backup",
        "rotate-api-key",
        "service-failed-to-provision",
    ]


def test_sources_are_sections_of_the_knowledge_base() -> None:
    articles = {path.stem: path.read_text("utf-8") for path in ARTICLES.glob("*/*.md")}
    for procedure in PROCEDURES.all():
        for name, step in procedure.steps.items():
            for link in () if isinstance(step, Check) else step.sources:
                place = f"{procedure.key}, {name}: {link.slug}"
                assert link.slug in articles, place
                _, front, body = articles[link.slug].split("---\n", 2)
                assert link.title == yaml.safe_load(front)["title"], place
                anchors = {heading.id for heading in render(body).contents}
                assert link.anchor is None or link.anchor in anchors, f"{place}#{link.anchor}"


def test_no_wording_means_two_procedures() -> None:
    triggers = [trigger.lower() for procedure in PROCEDURES.all() for trigger in procedure.triggers]
    assert len(triggers) == len(set(triggers))


def test_the_example_for_authors_loads(tmp_path: Path) -> None:
    page = (ROOT / "docs/procedures.md").read_text("utf-8")
    example = page.split("```yaml\n", 1)[1].split("\n```\n\n## The fields", 1)[0]
    (procedure,) = Procedures.load(write(tmp_path, example, "dns-not-resolving")).all()
    assert list(procedure.steps) == ["dns", "answer", "incident", "wait", "ticket"]


# -- Walking

FORM: dict[str, Any] = {
    "key": "tea",
    "title": "Make tea",
    "summary": "From water to a cup of tea.",
    "triggers": ["make tea", "tea please", "I am thirsty"],
    "first": "kind",
    "steps": {
        "kind": {
            "text": "Which **kind** of tea?",
            "about": "Kind",
            "choices": [
                {"label": "Green", "value": "green", "next": "water"},
                {"label": "Black", "value": "black", "next": "water"},
                {"label": "None at all", "value": "none", "next": "guest"},
            ],
        },
        "water": {
            "check": "networking",
            "levels": {
                "operational": "boils",
                "degraded": "boils",
                "outage": "dry",
                "maintenance": "dry",
                "unknown": "boils",
            },
        },
        "boils": {
            "text": "Does the water boil?",
            "about": "Water",
            "sources": [{"slug": "first-private-network", "title": "Water pipes", "anchor": "s-pipes"}],
            "choices": [
                {"label": "Yes, it boils", "value": "boils", "next": "done"},
                {"label": "No, it is cold", "value": "cold", "next": "dry"},
            ],
        },
        "done": {"end": "solved", "text": "Enjoy your tea."},
        "guest": {"end": "person", "text": "Somebody will pour you a glass."},
        "dry": {
            "end": "ticket",
            "text": "We bring water.",
            "ticket": {
                "subject": "No water",
                "category": "TECHNICAL",
                "priority": "HIGH",
                "description": "The kettle is empty.",
            },
        },
    },
}


def write(folder: Path, form: Any = FORM, name: str = "tea") -> Path:
    (folder / f"{name}.yaml").write_text(form if isinstance(form, str) else yaml.safe_dump(form), encoding="utf-8")
    return folder


@pytest.fixture
def tea(tmp_path: Path) -> Procedures:
    return Procedures.load(write(tmp_path))


def labels(reply: Reply) -> list[str]:
    return [action["label"] for action in reply.actions]


def test_the_first_step_offers_its_choices_and_no_way_back(tea: Procedures) -> None:
    assert tea.begin("tea", WELL) == Reply(
        "Which **kind** of tea?",
        "procedure",
        actions=(
            actions.choose("Green", "green", "tea", "kind"),
            actions.choose("Black", "black", "tea", "kind"),
            actions.choose("None at all", "none", "tea", "kind"),
        ),
        walk=Walk("tea", ("kind",)),
        engine="procedures",
    )


def test_a_later_step_offers_what_to_read_the_way_back_and_a_person(tea: Procedures) -> None:
    reply = tea.step(Walk("tea", ("kind",)), "green", WELL)
    assert reply.walk == Walk("tea", ("kind", "water", "boils"), (("kind", "green"), ("water", "operational")))
    assert reply.actions[2:] == (
        actions.open_article("Water pipes", "first-private-network", "s-pipes"),
        actions.choose("Back", "back", "tea", "boils"),
        actions.talk_to_person(),
    )


def test_going_back_forgets_the_answer_and_what_was_checked(tea: Procedures) -> None:
    begun = tea.begin("tea", WELL)
    reply = tea.step(begun.walk, "green", WELL)  # type: ignore[arg-type]
    assert tea.step(reply.walk, BACK, WELL) == begun  # type: ignore[arg-type]


def test_there_is_nothing_before_the_first_step(tea: Procedures) -> None:
    reply = tea.step(Walk("tea", ("kind",)), BACK, WELL)
    assert reply.walk == Walk("tea", ("kind",))
    assert labels(reply) == ["Green", "Black", "None at all"]


def test_an_unknown_value_is_asked_again(tea: Procedures) -> None:
    begun = tea.begin("tea", WELL)
    reply = tea.step(Walk("tea", ("kind",)), "coffee", WELL)
    assert (reply.actions, reply.walk) == (begun.actions, begun.walk)
    assert reply.body.endswith(begun.body)
    assert reply.body != begun.body


def test_a_button_of_an_earlier_message_returns_to_its_step(tea: Procedures) -> None:
    walk = tea.step(Walk("tea", ("kind",)), "green", WELL).walk
    assert walk is not None
    assert tea.step(walk, "black", WELL, at="kind").walk == Walk(
        "tea", ("kind", "water", "boils"), (("kind", "black"), ("water", "operational"))
    )
    assert tea.step(walk, "none", WELL, at="kind").wants_person
    assert tea.step(walk, BACK, WELL, at="boils").walk == Walk("tea", ("kind",))


def test_a_button_of_a_step_that_is_not_on_the_way_changes_nothing(tea: Procedures) -> None:
    walk = Walk("tea", ("kind",))
    assert tea.step(walk, "boils", WELL, at="boils").walk == walk


@pytest.mark.parametrize(
    ("level", "words", "step"),
    [
        ("operational", "works normally", "boils"),
        ("degraded", "is degraded", "boils"),
        ("outage", "has an outage", None),
        ("maintenance", "is under maintenance", None),
        ("unknown", "gives no word", "boils"),
        ("unheard-of", "gives no word", "boils"),
    ],
)
def test_a_check_goes_on_by_the_state_and_says_it(tea: Procedures, level: str, words: str, step: str | None) -> None:
    reply = tea.step(Walk("tea", ("kind",)), "green", lookups({"networking": level}))
    assert f"**Networking** {words}" in reply.body
    assert (None if reply.walk is None else reply.walk.step) == step
    noticed = actions.show_status("Status of Networking", "networking")
    assert (noticed in reply.actions) == (level != "operational")


def test_a_service_that_no_report_names_is_unknown(tea: Procedures) -> None:
    assert "**Networking** gives no word" in tea.step(Walk("tea", ("kind",)), "green", FixedLookups()).body


def test_an_incident_is_told_as_plain_text(tea: Procedures) -> None:
    since = datetime(2026, 11, 24, 8, 5, tzinfo=UTC)
    incident = Incident("Loss in [Dublin](http://x.example) <b>now</b>.", "", since)
    status = ServiceStatus("networking", "Networking", "DEGRADED", since, incident)
    platform = FixedLookups(report=StatusReport("DEGRADED", "", since, "", (status,)))
    body = tea.step(Walk("tea", ("kind",)), "green", platform).body
    assert body.startswith(
        "I looked at the status: **Networking** is degraded at the moment (since 24 November, 08:05 UTC): "
        r"Loss in \[Dublin\](http://x.example) \<b\>now\</b\>." + "\n\n"
    )


def test_a_ticket_is_filled_in_with_the_answers(tea: Procedures) -> None:
    walk = tea.step(Walk("tea", ("kind",)), "black", WELL).walk
    reply = tea.step(walk, "cold", WELL)  # type: ignore[arg-type]
    assert (reply.walk, reply.wants_person) == (None, False)
    assert reply.actions == (
        actions.open_ticket(
            subject="No water",
            category="TECHNICAL",
            priority="HIGH",
            description="The kettle is empty.\n\nAnswers in the guided steps “Make tea”:\n"
            "- Kind: Black\n- Status of Networking: operational\n- Water: No, it is cold",
        ),
        actions.talk_to_person(),
    )


def test_a_person_is_asked_for(tea: Procedures) -> None:
    reply = tea.step(Walk("tea", ("kind",)), "none", WELL)
    assert (reply.wants_person, reply.walk) == (True, None)


def test_presenting_a_step_says_it_once_more_and_changes_nothing(tea: Procedures) -> None:
    reply = tea.step(Walk("tea", ("kind",)), "green", WELL)
    again = tea.present(reply.walk, WELL)  # type: ignore[arg-type]
    assert (again.walk, again.actions, again.body) == (reply.walk, reply.actions, "Does the water boil?")


@pytest.mark.parametrize(
    "walk",
    [
        Walk("coffee", ("kind",)),
        Walk("tea", ("sugar",)),
        Walk("tea", ("sugar", "boils"), (("sugar", "no"),)),
        Walk("tea", ("kind", "boils")),
        Walk("tea", ()),
    ],
)
def test_a_walk_that_no_longer_fits_ends_politely(tea: Procedures, walk: Walk) -> None:
    for reply in (tea.present(walk, WELL), tea.step(walk, "green", WELL), tea.step(walk, BACK, WELL, at="kind")):
        assert reply.walk is None
        assert "changed meanwhile" in reply.body
        again = actions.start_procedure("Start again", "tea")
        assert (again in reply.actions) == (walk.procedure == "tea")
    assert tea.match(walk, "green") is None


def test_an_answer_that_was_taken_away_still_stands_in_the_ticket(tea: Procedures) -> None:
    walk = Walk("tea", ("kind", "boils"), (("kind", "white"),))
    (ticket, _) = tea.step(walk, "cold", WELL).actions
    assert "- Kind: white\n" in ticket["description"]


def test_a_step_that_became_an_ending_is_said(tea: Procedures) -> None:
    walk = Walk("tea", ("kind", "done"), (("kind", "green"),))
    for reply in (tea.present(walk, WELL), tea.step(walk, "boils", WELL)):
        assert reply.walk is None
        assert reply.body.endswith("Enjoy your tea.")


def test_an_unknown_procedure_begins_with_an_apology(tea: Procedures) -> None:
    assert tea.begin("coffee", WELL).walk is None
    assert tea.get("coffee") is None


# -- Typed answers


def question(*labels: str) -> Question:
    return Question("Which?", "Answer", tuple(Choice(label, f"v{index}", "x") for index, label in enumerate(labels)))


WORKS = question("Yes, it works", "No, it is refused again")
NOW = question("It works now", "It still fails")
MESSAGES = question(
    "Connection timed out",
    "Connection refused",
    "Permission denied (publickey)",
    "Could not resolve hostname",
    "No route to host",
)
CODES = question("quota_exceeded", "capacity_unavailable", "None of these")
LEAK = question("An API key (cfk_…)", "An object storage key", "A database password")


@pytest.mark.parametrize(
    ("step", "text", "expected"),
    [
        (WORKS, "Yes, it works", "v0"),
        (WORKS, "yes", "v0"),
        (WORKS, "yep it works now", "v0"),
        (WORKS, "Ja", "v0"),
        (WORKS, "it works!", "v0"),
        (WORKS, "no", "v1"),
        (WORKS, "Nope, same as before", "v1"),
        (WORKS, "it doesn't work", "v1"),
        (WORKS, "it still does not work", "v1"),
        (WORKS, "doesn’t work", "v1"),
        (WORKS, "refused again", "v1"),
        (WORKS, "does it work?", None),
        (WORKS, "yes but before we go on I would like to know how much all of this is going to cost me", None),
        (WORKS, "what is a recovery code", None),
        (WORKS, "", None),
        (WORKS, "   ?!", None),
        (WORKS, "go back", BACK),
        (WORKS, "Back", BACK),
        (WORKS, "v1", "v1"),
        (NOW, "works", "v0"),
        (NOW, "not working", None),
        (NOW, "does not work", "v1"),
        (NOW, "fails", "v1"),
        (MESSAGES, "connection timed out", "v0"),
        (MESSAGES, "timed out", "v0"),
        (MESSAGES, "conection refusd", "v1"),
        (MESSAGES, "connection", None),
        (MESSAGES, "publickey", "v2"),
        (MESSAGES, "it says permission denied (publickey).", "v2"),
        (MESSAGES, "connection not refused", None),
        (MESSAGES, "could not resolve hostname", "v3"),
        (MESSAGES, "no route to host", "v4"),
        (MESSAGES, "no", None),
        (CODES, "quota exceeded", "v0"),
        (CODES, "QUOTA_EXCEEDED", "v0"),
        (CODES, "none of these", "v2"),
        (LEAK, "the database password", "v2"),
        (LEAK, "api key", "v0"),
        (LEAK, "key", None),
    ],
)
def test_what_is_typed_is_a_choice_where_it_is_clear(step: Question, text: str, expected: str | None) -> None:
    assert match_choice(step, text) == expected


def test_every_label_and_value_of_what_is_shipped_means_itself() -> None:
    for procedure in PROCEDURES.all():
        for step in procedure.steps.values():
            for choice in step.choices if isinstance(step, Question) else ():
                assert match_choice(step, choice.label) == choice.value, (procedure.key, choice)
                assert match_choice(step, f"  {choice.label.upper()}. ") == choice.value, (procedure.key, choice)


def test_the_present_step_of_a_walk_is_matched(tea: Procedures) -> None:
    assert tea.match(Walk("tea", ("kind",)), "green please") == "green"
    assert tea.match(Walk("tea", ("kind", "done"), (("kind", "green"),)), "green") is None


# -- What authors may get wrong


def changed(*path: str | int, to: Any = None) -> dict[str, Any]:
    """The form with one value replaced, or taken out where `to` is None."""
    form = yaml.safe_load(yaml.safe_dump(FORM))
    place = form
    for name in path[:-1]:
        place = place[name]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return form  # type: ignore[no-any-return]


KIND = ("steps", "kind", "choices")


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        (changed("colour", to="red"), "tea.yaml: colour: Unknown field."),
        (changed("steps", "kind", "colour", to="red"), "tea.yaml, step kind: colour: Unknown field."),
        (changed(*KIND, 0, "colour", to="red"), "tea.yaml, step kind: choices.0.colour: Unknown field."),
        (changed("title"), "tea.yaml: title: Missing data for required field."),
        (changed("triggers", to=["tea"]), "tea.yaml: triggers: Length must be between 3 and 60."),
        (changed("key", to="coffee"), 'tea.yaml: key: must be "tea"'),
        (changed("first", to="sugar"), 'tea.yaml: first: there is no step "sugar"'),
        (changed("steps", "kind", "text"), "tea.yaml, step kind: text: Missing data for required field."),
        (changed("steps", "kind", "text", to="   "), "tea.yaml, step kind: text: Length must be between 10"),
        (changed("steps", "done", "text"), "tea.yaml, step done: text: Missing data for required field."),
        (changed("steps", "kind", "about"), "tea.yaml, step kind: about: Missing data for required field."),
        (changed(*KIND, 1, "next"), "tea.yaml, step kind: choices.1.next: Missing data for required field."),
        (changed(*KIND, 1, "next", to="sugar"), 'tea.yaml, step kind: leads to "sugar", which is no step'),
        (changed(*KIND, 1, "value", to="green"), 'tea.yaml, step kind: choices: the value "green" stands twice'),
        (changed(*KIND, 1, "label", to="green!"), 'tea.yaml, step kind: choices: the label "green" stands twice'),
        (changed(*KIND, 1, "label", to="…"), "tea.yaml, step kind: choices.1.label: Needs a word."),
        (changed(*KIND, 1, "value", to="back"), 'tea.yaml, step kind: choices: the value "back" is taken'),
        (changed(*KIND, 1, "value", to=True), "tea.yaml, step kind: choices.1.value: Not a valid string."),
        (changed(*KIND, to=[]), "tea.yaml, step kind: choices: Length must be between 2 and 6."),
        (changed(*KIND, 2, "next", to="done"), "tea.yaml, step guest: no step leads here"),
        (
            changed("steps", "boils", "choices", 1, "next", to="kind"),
            "tea.yaml, step kind: comes back to itself, so this branch never ends",
        ),
        (
            changed("steps", "water", "levels", "outage", to="water"),
            "tea.yaml, step water: comes back to itself, so this branch never ends",
        ),
        (changed("steps", "water", "check", to="plumbing"), "tea.yaml, step water: check: Must be one of: compute"),
        (
            changed("steps", "water", "levels", "broken", to="dry"),
            "tea.yaml, step water: levels.broken: Unknown field.",
        ),
        (changed("steps", "water", "levels", "outage"), "tea.yaml, step water: levels.outage: Missing data"),
        (changed("steps", "done", "end", to="happy"), "tea.yaml, step done: end: Must be one of: solved"),
        (changed("steps", "done", "check", to="dns"), "tea.yaml, step done: needs one of choices, check and end"),
        (changed("steps", "done", to=["text"]), "tea.yaml, step done: needs one of choices, check and end"),
        (changed("steps", "done", "text", to="See [this](https://x.example)."), "tea.yaml, step done: text: Links"),
        (changed("steps", "done", "text", to="See <https://x.example>."), "tea.yaml, step done: text: Links"),
        (changed("steps", "dry", "ticket"), "tea.yaml, step dry: ticket: an ending by ticket needs one"),
        (changed("steps", "done", "ticket", to=FORM["steps"]["dry"]["ticket"]), "step done: ticket: what is solved"),
        (changed("steps", "dry", "ticket", "category", to="TEA"), "step dry: ticket.category: Must be one of: GENERAL"),
        (changed("steps", "dry", "ticket", "priority", to="high"), "step dry: ticket.priority: Must be one of: LOW"),
        (changed("steps", "dry", "ticket", "description"), "step dry: ticket.description: Missing data"),
        ("just words", "tea.yaml: Invalid input type."),
        ("", "tea.yaml: Invalid input type."),
        ("a: [", "tea.yaml: while parsing"),
        ("key: tea\nkey: tea\n", 'tea.yaml: "key" stands twice'),
        ("? [a, b]\n: c\n", "tea.yaml: "),
    ],
)
def test_a_fault_is_named_with_file_and_step(tmp_path: Path, form: Any, fault: str) -> None:
    with pytest.raises(ProcedureError) as raised:
        Procedures.load(write(tmp_path, form))
    assert fault in str(raised.value)


def test_all_faults_of_all_files_are_named_at_once(tmp_path: Path) -> None:
    write(tmp_path, changed("title"))
    write(tmp_path, "[]", "coffee")
    with pytest.raises(ProcedureError) as raised:
        Procedures.load(tmp_path)
    assert str(raised.value).splitlines() == [
        "coffee.yaml: Invalid input type.",
        "tea.yaml: title: Missing data for required field.",
    ]


def test_a_folder_without_procedures_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ProcedureError, match="no procedures"):
        Procedures.load(tmp_path / "nowhere")
