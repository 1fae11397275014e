"""Guided procedures: files that lead step by step from a need to its end. Pure but for reading the files at the start.

A procedure is the file `<key>.yaml`; docs/procedures.md tells authors more:

    key, title, summary     texts; the key is the file's name
    triggers                wordings of the need, at least three
    first                   the step to begin with
    steps                   name → step, one of three kinds:
      text, about, choices, sources?    a question; choices are {label, value, next}, `about` is its name in a ticket
      check, levels                     goes on by the state of a service: {operational: step, degraded: step, …}
      end, text, ticket?, sources?      solved, ticket or person; ticket is {subject, category, priority, description}
    sources                 articles to read on: {slug, title, anchor?}

Steps lead forward only, so every branch ends; customers go back with the choice "back", which is always there.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import yaml
from marshmallow import Schema, ValidationError, fields, post_load, validate

from services.chat.assistant import actions
from services.chat.assistant.port import Lookups, Reply, ServiceStatus, Walk
from shared.events.catalog.tickets import Category, Priority

BACK = "back"
LEVELS = ("operational", "degraded", "outage", "maintenance", "unknown")
SERVICES: Mapping[str, str] = {
    "compute": "Compute",
    "databases": "Databases",
    "object-storage": "Object storage",
    "networking": "Networking",
    "kubernetes": "Kubernetes",
    "dns": "DNS",
    "console": "Console and API",
    "billing": "Billing",
}
"""Keys of the services whose state can be asked for, with their names where the report has none."""

_STATES: Mapping[str, str] = {
    "operational": "works normally",
    "degraded": "is degraded at the moment",
    "outage": "has an outage at the moment",
    "maintenance": "is under maintenance at the moment",
    "unknown": "gives no word of its state just now",
}
_AGAIN = "Please choose one of the answers, or tell me in other words what you need."
_GONE = "These steps have been changed meanwhile, so I can't go on where we were. Please tell me again what you need."


# -- A procedure


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    value: str
    next: str


@dataclass(frozen=True, slots=True)
class Link:
    """An article to read on, or a section of it."""

    slug: str
    title: str
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """What an ending puts into a ticket; the answers given follow the description."""

    subject: str
    category: str
    priority: str
    description: str


@dataclass(frozen=True, slots=True)
class Question:
    """A step that waits for an answer; `about` names it where answers are listed."""

    text: str
    about: str
    choices: tuple[Choice, ...]
    sources: tuple[Link, ...] = ()

    def choice(self, value: str) -> Choice | None:
        return next((choice for choice in self.choices if choice.value == value), None)


@dataclass(frozen=True, slots=True)
class Check:
    """A step that goes on by itself: `levels` maps each of LEVELS to the step that follows."""

    service: str
    levels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ending:
    """`end` is solved, ticket or person."""

    end: str
    text: str
    ticket: Ticket | None = None
    sources: tuple[Link, ...] = ()


Step = Question | Check | Ending


@dataclass(frozen=True, slots=True)
class Procedure:
    """`triggers` are wordings by which an engine recognises the need."""

    key: str
    title: str
    summary: str
    triggers: tuple[str, ...]
    first: str
    steps: Mapping[str, Step]


# -- Walking through


class Procedures:
    """The procedures of a folder, and the way through each. Its replies raise nothing."""

    def __init__(self, procedures: Sequence[Procedure]) -> None:
        self._by_key = {procedure.key: procedure for procedure in procedures}

    @classmethod
    def load(cls, folder: Path) -> Procedures:
        """Read all files of a folder; raises ProcedureError with every fault, each with its file and step."""
        return cls(_load(folder))

    def all(self) -> Sequence[Procedure]:
        """In the order of their keys."""
        return tuple(self._by_key.values())

    def get(self, key: str) -> Procedure | None:
        return self._by_key.get(key)

    def begin(self, key: str, lookups: Lookups) -> Reply:
        """The first step."""
        procedure = self.get(key)
        return _gone() if procedure is None else _arrive(procedure, Walk(key, (procedure.first,)), lookups)

    def present(self, walk: Walk, lookups: Lookups) -> Reply:
        """The present step once more."""
        procedure = self._of(walk)
        return self._lost(walk) if procedure is None else _arrive(procedure, walk, lookups)

    def step(self, walk: Walk, value: str, lookups: Lookups, at: str | None = None) -> Reply:
        """Take a choice by its value, or go BACK and forget the answer there; an unknown value is asked again.

        at: the step whose button was pressed. One that lies behind is returned to first, because buttons of earlier
            messages can still be pressed; one that is not on the way changes nothing.
        """
        procedure = self._of(walk)
        if procedure is None:
            return self._lost(walk)
        if at is not None:
            if at not in walk.path:
                return _arrive(procedure, walk, lookups, _AGAIN)
            walk = _rewound(walk, walk.path.index(at))
        if value == BACK and (before := _questions_before(procedure, walk)):
            return _arrive(procedure, _rewound(walk, before[-1]), lookups)
        question = procedure.steps[walk.step]
        choice = question.choice(value) if isinstance(question, Question) else None
        if choice is None:
            return _arrive(procedure, walk, lookups, _AGAIN)
        return _arrive(procedure, _onward(walk, choice.value, choice.next), lookups)

    def match(self, walk: Walk, text: str) -> str | None:
        """The value of the present step's choice that a typed text clearly means, BACK included."""
        procedure = self._of(walk)
        step = None if procedure is None else procedure.steps[walk.step]
        return match_choice(step, text) if isinstance(step, Question) else None

    def _of(self, walk: Walk) -> Procedure | None:
        """The walk's procedure where the walk still fits it."""
        procedure = self.get(walk.procedure)
        if procedure is None or not walk.path or len(walk.answers) != len(walk.path) - 1:
            return None
        return procedure if all(step in procedure.steps for step in walk.path) else None

    def _lost(self, walk: Walk) -> Reply:
        procedure = self.get(walk.procedure)
        return _gone() if procedure is None else _gone(actions.start_procedure("Start again", procedure.key))


def _gone(*offers: actions.Action) -> Reply:
    return Reply(_GONE, "procedure", actions=(*offers, actions.talk_to_person()), engine="procedures")


def _onward(walk: Walk, answer: str, step: str) -> Walk:
    return Walk(walk.procedure, (*walk.path, step), (*walk.answers, (walk.step, answer)))


def _rewound(walk: Walk, index: int) -> Walk:
    return Walk(walk.procedure, walk.path[: index + 1], walk.answers[:index])


def _questions_before(procedure: Procedure, walk: Walk) -> list[int]:
    """Places in the path of the questions before the present step."""
    return [index for index, name in enumerate(walk.path[:-1]) if isinstance(procedure.steps[name], Question)]


def _arrive(procedure: Procedure, walk: Walk, lookups: Lookups, opening: str = "") -> Reply:
    """Say the walk's last step, through all checks on the way to the next question or ending."""
    seen: list[ServiceStatus] = []
    step = procedure.steps[walk.step]
    while isinstance(step, Check):
        status = _status(step.service, lookups)
        seen.append(status)
        level = _level(status)
        walk = _onward(walk, level, step.levels[level])
        step = procedure.steps[walk.step]
    body = "\n\n".join(filter(None, [opening, *map(_sentence, seen), step.text]))
    noticed = [actions.show_status(f"Status of {each.name}", each.key) for each in seen if _level(each) != LEVELS[0]]
    reading = [actions.open_article(link.title, link.slug, link.anchor) for link in step.sources]
    if isinstance(step, Question):
        return _asking(procedure, walk, step, body, [*noticed, *reading])
    return _ending(procedure, walk, step, body, [*noticed, *reading])


def _asking(
    procedure: Procedure, walk: Walk, question: Question, body: str, further: Sequence[actions.Action]
) -> Reply:
    def button(label: str, value: str) -> actions.Action:
        return actions.choose(label, value, procedure=procedure.key, step=walk.step)

    offers = [button(choice.label, choice.value) for choice in question.choices]
    back = [button("Back", BACK)] if _questions_before(procedure, walk) else []
    person = [actions.talk_to_person()] if len(walk.path) > 1 else []
    return Reply(body, "procedure", actions=(*offers, *further, *back, *person), walk=walk, engine="procedures")


def _ending(procedure: Procedure, walk: Walk, ending: Ending, body: str, further: Sequence[actions.Action]) -> Reply:
    offers: list[actions.Action] = []
    if (ticket := ending.ticket) is not None:
        text = f"{ticket.description}\n\n{_account(procedure, walk)}"
        offers.append(
            actions.open_ticket(
                subject=ticket.subject, category=ticket.category, priority=ticket.priority, description=text
            )
        )
    if ending.end == "ticket":
        offers.append(actions.talk_to_person())
    wants_person = ending.end == "person"
    return Reply(body, "procedure", actions=(*offers, *further), wants_person=wants_person, engine="procedures")


def _account(procedure: Procedure, walk: Walk) -> str:
    """What was answered on the way, a line each."""
    lines = [_answer(procedure.steps[name], value) for name, value in walk.answers]
    return "\n".join([f"Answers in the guided steps “{procedure.title}”:", *lines])


def _answer(step: Step, value: str) -> str:
    if isinstance(step, Check):
        return f"- Status of {SERVICES[step.service]}: {value}"
    if isinstance(step, Ending):
        return f"- {value}"
    choice = step.choice(value)
    return f"- {step.about}: {choice.label if choice else value}"


def _status(service: str, lookups: Lookups) -> ServiceStatus:
    unknown = ServiceStatus(service, SERVICES[service], "UNKNOWN")
    return next((each for each in lookups.status().services if each.key == service), unknown)


def _level(status: ServiceStatus) -> str:
    level = status.level.lower()
    return level if level in LEVELS else "unknown"


def _sentence(status: ServiceStatus) -> str:
    level = _level(status)
    since = f" (since {status.since.astimezone(UTC):%-d %B, %H:%M} UTC)" if status.since and level != LEVELS[0] else ""
    incident = f": {_plain(status.incident.body or status.incident.title)}" if status.incident else ""
    return f"I looked at the status: **{_plain(status.name)}** {_STATES[level]}{since}{incident}."


def _plain(text: str) -> str:
    """Text of others as Markdown that shows it as it is."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", " ".join(text.split())).rstrip(".")


# -- What was typed

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_BACKWARDS = {"back", "go back", "previous", "previous step", "one step back", "step back"}
_YES = {"yes", "y", "yeah", "yep", "yup", "sure", "correct", "right", "ok", "okay", "ja", "oui", "si"}
_NO = {"no", "n", "nope", "nah", "negative", "nein", "non"}
_AGREES = re.compile("(yes|no)(,|$)", re.IGNORECASE)
_NOT = {"no", "not", "nope", "never", "nothing", "none", "without", "cannot", "nor"}
_EMPTY = frozenset(
    _WORD.findall(
        "a an the i i'm i've it it's its is are was am be my me we our you your this that there to of in on at for with"
        " and or so do does did has have had please just now one yes"
    )
)
_LASTING = {"still", "yet", "again", "anymore"}
_LONGEST = 8
"""Words beyond which a text says more than a choice does."""


def match_choice(step: Question, text: str) -> str | None:
    """The value of the choice that a typed text clearly means, or BACK; None where it is not clear."""
    said = _words(text)
    if " ".join(said) in _BACKWARDS:
        return BACK
    tests = (_is_same,) if text.rstrip().endswith("?") else (_is_same, _is_close, _agrees, _shares)
    for fits in tests:
        found = [choice.value for choice in step.choices if fits(said, choice)]
        if found:
            return found[0] if len(found) == 1 else None
    return None if text.rstrip().endswith("?") else _other_than_denied(step, said)


def _is_same(said: list[str], choice: Choice) -> bool:
    return bool(said) and said in (_words(choice.label), _words(choice.value))


def _is_close(said: list[str], choice: Choice) -> bool:
    """The label with a slip of the fingers."""
    label = _words(choice.label)
    alike = difflib.SequenceMatcher(None, " ".join(said), " ".join(label)).ratio() >= 0.87
    return alike and _denies(said) == _denies(label)


def _agrees(said: list[str], choice: Choice) -> bool:
    """A short yes or no, and a label such as "No, it fails"; "No route to host" is none."""
    agrees = _AGREES.match(choice.label)
    if agrees is None or not said or len(said) > _LONGEST:
        return False
    return said[0] in (_YES if agrees[1].lower() == "yes" else _NO)


def _shares(said: list[str], choice: Choice) -> bool:
    """All that was said is part of the label, or the whole label is part of what was said."""
    statement = _statement(choice)
    spoken, label = _subject(said), _subject(statement)
    if not spoken or not label or len(said) > _LONGEST or _denies(said) != _denies(statement):
        return False
    return spoken <= label or label <= spoken


def _other_than_denied(step: Question, said: list[str]) -> str | None:
    """Of two choices the one that is left where the other is denied: "doesn't work" where one says that it works."""
    spoken = _subject(said) - _LASTING
    if len(step.choices) != 2 or not spoken or len(said) > _LONGEST or not _denies(said):
        return None
    statements = [_statement(choice) for choice in step.choices]
    denied = [not _denies(statement) and spoken <= _subject(statement) for statement in statements]
    return step.choices[denied.index(False)].value if denied.count(True) == 1 else None


def _statement(choice: Choice) -> list[str]:
    """What a label says after its yes or no."""
    return _words(_AGREES.sub("", choice.label))


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").lower()
    return _WORD.findall(plain)


def _subject(words: Sequence[str]) -> set[str]:
    return {_stem(word) for word in words if word not in _EMPTY and not _denies([word])}


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _denies(words: Sequence[str]) -> bool:
    return any(word in _NOT or word.endswith("n't") for word in words)


# -- Reading the files


class ProcedureError(Exception):
    """Files are not as they should be; the message has a line for each fault: file, step, what is wrong."""


class _Text(fields.String):
    """Text for a chat: trimmed, within its length, without links and HTML, which messages do not show."""

    def __init__(self, low: int, high: int, **kwargs: Any) -> None:
        super().__init__(validate=[validate.Length(low, high), _without_links], required=True, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return super()._deserialize(value, attr, data, **kwargs).strip()


def _without_links(text: str) -> None:
    if re.search(r"\]\(|<[A-Za-z/!]", text):
        raise ValidationError("Links and HTML are not shown in a chat; name articles in sources.")


class _Name(fields.String):
    """A name for programs: lower-case words with dashes."""

    def __init__(self, **kwargs: Any) -> None:
        form = validate.Regexp(r"[a-z0-9]+(-[a-z0-9]+)*\Z", error="Lower-case words with dashes, please.")
        super().__init__(validate=[validate.Length(1, 80), form], **{"required": True, **kwargs})


def _with_a_word(text: str) -> None:
    if not _words(text):
        raise ValidationError("Needs a word.")


class _Label(_Text):
    def __init__(self) -> None:
        super().__init__(1, 60)
        self.validators.append(_with_a_word)


class _Choice(Schema):
    label = _Label()
    value = _Name()
    next = _Name()

    @post_load
    def made(self, data: dict[str, Any], **_: Any) -> Choice:
        return Choice(**data)


class _Link(Schema):
    slug = _Name()
    title = _Text(3, 80)
    anchor = _Name(required=False, load_default=None)

    @post_load
    def made(self, data: dict[str, Any], **_: Any) -> Link:
        return Link(**data)


class _Ticket(Schema):
    subject = _Text(3, 150)
    category = fields.String(required=True, validate=validate.OneOf([each.value for each in Category]))
    priority = fields.String(required=True, validate=validate.OneOf([each.value for each in Priority]))
    description = _Text(10, 4000)

    @post_load
    def made(self, data: dict[str, Any], **_: Any) -> Ticket:
        return Ticket(**data)


class _Spoken(Schema):
    text = _Text(10, 2000)
    sources = fields.List(fields.Nested(_Link), load_default=list)


class _Question(_Spoken):
    about = _Text(2, 60)
    choices = fields.List(fields.Nested(_Choice), required=True, validate=validate.Length(2, 6))

    @post_load
    def made(self, data: dict[str, Any], **_: Any) -> Question:
        return Question(**{**data, "choices": tuple(data["choices"]), "sources": tuple(data["sources"])})


class _Check(Schema):
    check = fields.String(required=True, validate=validate.OneOf(list(SERVICES)))
    levels = fields.Nested(Schema.from_dict({level: _Name() for level in LEVELS}, name="_Levels"), required=True)

    @post_load
    def made(self, data: dict[str, Any], **_: Any) -> Check:
        return Check(data["check"], data["levels"])


class _Ending(_Spoken):
    end = fields.String(required=True, validate=validate.OneOf(["solved", "ticket", "person"]))
    ticket = fields.Nested(_Ticket, load_default=None)

    @post_load
    def made(self, data: dict[str, Any], **_: Any) -> Ending:
        return Ending(**{**data, "sources": tuple(data["sources"])})


class _Procedure(Schema):
    key = _Name()
    title = _Text(3, 80)
    summary = _Text(10, 160)
    triggers = fields.List(_Text(3, 120), required=True, validate=validate.Length(3, 60))
    first = _Name()
    steps = fields.Dict(_Name(), fields.Raw(), required=True, validate=validate.Length(2, 60))


class _Unique(yaml.SafeLoader):
    """Safe YAML in which no name of a mapping stands twice; the plain loader would drop the first one silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        if twice := [name for name, number in names.items() if number > 1]:
            raise yaml.constructor.ConstructorError(None, None, f'"{twice[0]}" stands twice', node.start_mark)
        return super().construct_mapping(node, deep)


def _load(folder: Path) -> list[Procedure]:
    loaded: list[Procedure] = []
    faults: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            loaded.append(_read(path.stem, path.read_bytes()))
        except _Faulty as faulty:
            faults += [f"{path.name}{f', step {step}' if step else ''}: {fault}" for step, fault in faulty.faults]
    if not loaded and not faults:
        faults = [f"{folder}: no procedures (*.yaml)"]
    if faults:
        raise ProcedureError("\n".join(faults))
    return loaded


class _Faulty(Exception):
    """`faults` are (step or "", what is wrong)."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__(faults)
        self.faults = faults


def _read(name: str, text: bytes) -> Procedure:
    try:
        raw = _Unique(text).get_single_data()
    except yaml.YAMLError as error:
        raise _Faulty([("", " ".join(str(error).split()))]) from error
    head = _loaded(_Procedure(), raw)
    if head["key"] != name:
        raise _Faulty([("", f'key: must be "{name}", as the file is called')])
    steps: dict[str, Step] = {}
    faults: list[tuple[str, str]] = []
    for step, form in head["steps"].items():
        try:
            steps[step] = _loaded(_schema(form), form)
        except _Faulty as faulty:
            faults += [(step, fault) for _, fault in faulty.faults]
    if faults:
        raise _Faulty(faults)
    procedure = Procedure(**{**head, "triggers": tuple(head["triggers"]), "steps": steps})
    if faults := list(_faults(procedure)):
        raise _Faulty(faults)
    return procedure


def _schema(form: Any) -> Schema:
    kinds = {"choices": _Question, "check": _Check, "end": _Ending}
    named = [kind for name, kind in kinds.items() if isinstance(form, dict) and name in form]
    if len(named) != 1:
        raise _Faulty([("", "needs one of choices, check and end")])
    return named[0]()


def _loaded(schema: Schema, raw: Any) -> Any:
    try:
        return schema.load(raw)
    except ValidationError as error:
        raise _Faulty([("", fault) for fault in _flat(error.messages)]) from error


def _flat(messages: Any, field: str = "") -> Iterator[str]:
    """marshmallow's nested messages, each with its dotted field."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from _flat(inner, f"{field}.{name}".replace("._schema", "").removeprefix("."))
    else:
        yield f"{field}: {' '.join(messages)}" if field else " ".join(messages)


def _faults(procedure: Procedure) -> Iterator[tuple[str, str]]:
    """What is wrong with steps that are well formed by themselves."""
    steps = procedure.steps
    if procedure.first not in steps:
        yield "", f'first: there is no step "{procedure.first}"'
    for name, step in steps.items():
        yield from (
            (name, f'leads to "{target}", which is no step') for target in _targets(step) if target not in steps
        )
        if isinstance(step, Question):
            yield from ((name, fault) for fault in _choice_faults(step))
        if isinstance(step, Ending) and step.end == "ticket" and step.ticket is None:
            yield name, "ticket: an ending by ticket needs one"
        if isinstance(step, Ending) and step.end == "solved" and step.ticket is not None:
            yield name, "ticket: what is solved needs none"
    reached = _reachable(procedure)
    yield from ((name, "no step leads here") for name in steps if name not in reached)
    yield from ((name, "comes back to itself, so this branch never ends") for name in steps if _returns(steps, name))


def _choice_faults(question: Question) -> Iterator[str]:
    for what, given in (
        ("value", [choice.value for choice in question.choices]),
        ("label", [" ".join(_words(choice.label)) for choice in question.choices]),
    ):
        yield from (f'choices: the {what} "{each}" stands twice' for each, times in Counter(given).items() if times > 1)
    if question.choice(BACK):
        yield f'choices: the value "{BACK}" is taken by the way back'


def _targets(step: Step) -> list[str]:
    if isinstance(step, Question):
        return [choice.next for choice in step.choices]
    return list(step.levels.values()) if isinstance(step, Check) else []


def _reachable(procedure: Procedure) -> set[str]:
    return _behind(procedure.steps, [procedure.first])


def _returns(steps: Mapping[str, Step], name: str) -> bool:
    return name in _behind(steps, _targets(steps[name]))


def _behind(steps: Mapping[str, Step], begin: Sequence[str]) -> set[str]:
    """The steps that can be come to from some, these included."""
    seen: set[str] = set()
    waiting = list(begin)
    while waiting:
        name = waiting.pop()
        if name in steps and name not in seen:
            seen.add(name)
            waiting += _targets(steps[name])
    return seen
