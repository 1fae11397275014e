"""The assistant that never invents: it answers in the knowledge base's own words, and says so where it cannot.

In this order: a pressed button; a step of the procedure that is under way; a wish for a person; a ticket; small talk;
the state of a service; a need that a procedure is made for; a question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.chat.assistant import actions, answers, intents
from services.chat.assistant.port import (
    LookupFailed,
    Lookups,
    Passage,
    People,
    Reply,
    Said,
    ServiceStatus,
    TicketFound,
    Turn,
    Walk,
)
from services.chat.assistant.procedures import Check, Procedures
from services.chat.status.words import about_all, about_service, escaped, find_service

RESUME = "resume"
"""Value of the button that leads back into a procedure."""

BEGINS = 0.75
OFFERED = 0.5
GUIDED = 0.45
"""How near a need is to a procedure's wording to begin it, to offer it, and to begin it on a wish for guidance."""

SAME_ARTICLE = 0.2
"""How much nearer a procedure is whose steps lead to the article that answers."""

PARTS = 3
"""Sentences of a long message, or messages of several, that are looked up by themselves."""
LONG, SHORT = 14, 6
CONTEXT = 0.1
"""What another passage of the article that was just spoken of gains for a question that leans on it."""
KEPT = 0.77
"""The share of its score for the last question that a passage must keep with the new words, or these mean another."""

_STATES = {
    "OPEN": "is open and waits for our team",
    "IN_PROGRESS": "is being worked on",
    "WAITING": "waits for an answer from you",
    "RESOLVED": "is resolved",
    "CLOSED": "is closed",
}
_ENGLISH_ONLY = {
    "de": "Ich kann leider nur auf Englisch antworten.",
    "fr": "Je ne peux malheureusement répondre qu'en anglais.",
    "es": "Lamentablemente, solo puedo responder en inglés.",
    "it": "Purtroppo posso rispondere solo in inglese.",
    "pt": "Infelizmente, só posso responder em inglês.",
    "nl": "Helaas kan ik alleen in het Engels antwoorden.",
    "pl": "Niestety mogę odpowiadać tylko po angielsku.",
}
_ORDINALS = {"1": 0, "first": 0, "2": 1, "second": 1, "two": 1, "3": 2, "third": 2, "three": 2}


@dataclass(frozen=True, slots=True)
class Passages:
    """Implements Assistant on passages of the knowledge base and on procedures; nothing is made up."""

    lookups: Lookups
    procedures: Procedures
    now: Callable[[], datetime]

    def reply(self, turn: Turn) -> Reply:
        reply = self._reply(turn)
        return replace(reply, actions=actions.each_once(reply.actions))

    def _reply(self, turn: Turn) -> Reply:
        if turn.action is not None and (pressed := self._pressed(turn, turn.action)) is not None:
            return pressed
        if not turn.question.strip():
            return _small_talk("empty", turn)
        if turn.walk is not None and (value := self.procedures.match(turn.walk, turn.question)) is not None:
            return self.procedures.step(turn.walk, value, self.lookups)
        said = self._said(turn)
        return said if turn.walk is None or said.walk is not None else self._with_way_back(said, turn.walk)

    # -- Buttons

    def _pressed(self, turn: Turn, action: Mapping[str, Any]) -> Reply | None:
        """What a button asks for; None where it asks for nothing by itself."""
        match action.get("kind"):
            case "start_procedure":
                return self.procedures.begin(str(action.get("procedure")), self.lookups)
            case "choose" if action.get("procedure"):
                return self._chosen(turn, action)
            case "choose":
                return self._question(turn, str(action.get("value") or turn.question), chosen=True)
            case "show_status":
                return self._status(action.get("service"))
            case "talk_to_person":
                return _person(turn.people)
            case _:
                return None

    def _chosen(self, turn: Turn, action: Mapping[str, Any]) -> Reply:
        walk = turn.walk
        if walk is None or walk.procedure != action["procedure"]:
            return self.procedures.begin(str(action["procedure"]), self.lookups)
        if action.get("value") == RESUME:
            return self.procedures.present(walk, self.lookups)
        return self.procedures.step(walk, str(action.get("value")), self.lookups, at=action.get("step"))

    def _with_way_back(self, reply: Reply, walk: Walk) -> Reply:
        """The reply, with the procedure kept for when its question is settled."""
        if reply.wants_person:
            return reply
        back = actions.choose("Back to the steps", RESUME, procedure=walk.procedure, step=walk.step)
        return replace(reply, walk=walk, actions=(*reply.actions, back))

    # -- Words

    def _said(self, turn: Turn) -> Reply:
        """The answer to what was written, all of it together."""
        bodies = [said.body for said in turn.asked if said.body.strip()]
        read = [intents.read(body) for body in bodies]
        for kind in ("person", "ticket", "status"):
            wanted = next((intent for intent in reversed(read) if intent.kind == kind), None)
            if wanted is not None:
                return self._wanted(turn, wanted)
        if (same := self._same_again(turn)) is not None:
            return same
        questions = [body for body, intent in zip(bodies, read, strict=True) if intent.kind == "question"]
        if not questions:
            return _small_talk(read[-1].detail, turn)
        return self._questions(turn, questions)

    def _wanted(self, turn: Turn, intent: intents.Intent) -> Reply:
        if intent.kind == "person":
            return _person(turn.people)
        if intent.kind == "ticket":
            return self._ticket(turn, intent.detail)
        service = find_service(self.lookups.status(), turn.question)
        return self._status(service.key if service else None)

    def _same_again(self, turn: Turn) -> Reply | None:
        """The answer to a short message that asks of another service, or of more, what was asked before.

        Such are "and the databases?" and "since when?" after a state, "and the other?" after a ticket.
        """
        before = next(
            (said for said in reversed(_earlier(turn)) if said.role == "customer" and said.body.strip()), None
        )
        if before is None or len(turn.question.split()) > SHORT:
            return None
        kind, follows = intents.read(before.body).kind, intents.follows(turn.question)
        report = self.lookups.status() if kind == "status" else None
        if report is not None and follows and (service := find_service(report, turn.question)) is not None:
            return self._status(service.key)
        if report is not None and intents.asks_on(turn.question):
            known = find_service(report, before.body)
            return self._status(known.key if known else None)
        if kind == "ticket" and follows and intents.asks_of_another(turn.question):
            return self._ticket(turn, "mine")
        return None

    def _questions(self, turn: Turn, questions: Sequence[str]) -> Reply:
        """Several messages are one question that was sent in pieces, unless each has an answer of its own."""
        if len(questions) > 1:
            single = [self._question(turn, question) for question in questions[-PARTS:]]
            told = [reply for reply in single if reply.answered and reply.sources and reply.walk is None]
            if len(told) > 1 and len({reply.sources[0].slug for reply in told}) == len(told):
                return _together(told)
        return self._question(turn, "\n".join(questions))

    # -- Questions

    def _question(self, turn: Turn, text: str, chosen: bool = False) -> Reply:
        query = text if chosen else _option(turn, text) or text
        chosen = chosen or query != text
        try:
            found = self._found(turn, query)
        except LookupFailed:
            found = None
        if not chosen and (begun := self._procedure(text, found or [])) is not None:
            return begun
        if found is None:
            return _cannot_look(turn)
        if not found or found[0].score < answers.FLOOR + (0.0 if chosen else intents.strangeness(text)):
            return (
                _small_talk("rude", turn) if intents.is_rude(text) and not found else self._unknown(turn, text, found)
            )
        topics = [] if chosen or _just_asked(turn) else answers.alternatives(found, query)
        if topics:
            return _which(topics)
        return self._answer(turn, text, query, found)

    def _found(self, turn: Turn, text: str) -> list[Passage]:
        """Passages for a question: by all of it, by its sentences where it is long, and with what it leans on."""
        found = list(self.lookups.passages(text))
        sentences = [part for part in re.split(r"(?<=[.!?])\s+|\n+", text) if len(set(intents.subject(part))) > 1]
        if len(text.split()) > LONG and len(sentences) > 1:
            for part in sorted(sentences, key=_weight, reverse=True)[:PARTS]:
                found = _better(found, self.lookups.passages(part))
        if (before := _before(turn)) is not None and (intents.follows(text) or not intents.subject(text)):
            found = self._in_context(turn, text, before, found)
        return found

    def _in_context(self, turn: Turn, text: str, before: Said, found: list[Passage]) -> list[Passage]:
        """Passages for a message that leans on the last question; none where it has words that fit neither."""
        named = len(set(intents.subject(text)))
        # a question that names a new subject stands for itself
        if found and found[0].score >= answers.SURE and named > 2 and not intents.points(text):
            return found
        together = self.lookups.passages(f"{text}\n{before.body}")
        if not together or together[0].score < KEPT * self._alone(before.body, together[0]):
            return found if named > 1 else []
        told = _last_sources(turn)
        spoken_of = {source.slug for source in told}
        lifted = [
            replace(passage, score=min(1.0, passage.score + CONTEXT))
            if passage.source.slug in spoken_of and passage.source not in told
            else passage
            for passage in together
        ]
        return sorted(lifted, key=lambda passage: -passage.score)

    def _alone(self, text: str, passage: Passage) -> float:
        """The score that a passage has for a question; 0 where it is not among the best."""
        return next((each.score for each in self.lookups.passages(text) if each.source == passage.source), 0.0)

    def _answer(self, turn: Turn, text: str, query: str, found: Sequence[Passage]) -> Reply:
        best = found[0]
        excerpt = answers.excerpt(best, query)
        opening = [_in_english(text), self._incident(text, best)]
        offers: list[actions.Action] = answers.reading([best])
        offers = [*self._guides(text, found), *offers]
        if best.score < answers.SURE:
            others = [passage for passage in found[1:] if passage.source.slug != best.source.slug]
            offers += [each for each in answers.reading(others, 1) if each not in offers]
        return Reply(
            "\n\n".join(part for part in (*opening, excerpt.text) if part),
            "question",
            confidence=answers.confidence_of(best.score),
            sources=answers.sources_of([best]),
            actions=(*offers, *_further(turn.people)),
        )

    def _unknown(self, turn: Turn, text: str, found: Sequence[Passage]) -> Reply:
        near = [passage for passage in found if passage.score >= answers.NEAR]
        closest = answers.reading(near, 3)
        parts = [
            _in_english(text),
            "I don't know the answer to that: I found nothing in the knowledge base that says it.",
        ]
        if closest:
            parts.append("These articles come closest. They may not be what you need.")
        parts.append(_offer(turn.people))
        return Reply(
            "\n\n".join(part for part in parts if part),
            "unknown",
            answered=False,
            confidence=answers.confidence_of(found[0].score) if found else 0.0,
            actions=(
                *self._guides(text, found),
                *closest,
                *_further(turn.people),
            ),
        )

    def _incident(self, text: str, best: Passage) -> str:
        """What goes on with the service that a question is about, where it does not work as it should."""
        report = self.lookups.status()
        service = find_service(report, text) or find_service(report, best.source.title)
        return about_service(service, report, self.now()) if _is_unwell(service) and service else ""

    # -- Procedures

    def _procedure(self, text: str, found: Sequence[Passage]) -> Reply | None:
        """The procedure that a need is clearly for, begun; who would rather read is told where."""
        key, fit = self._nearest(text, found)
        guidance = intents.wants_guidance(text)
        if fit < (GUIDED if guidance else BEGINS) or (intents.is_asking(text) and not guidance):
            return None
        # words of a need among others that nothing here speaks of
        if found and found[0].score < answers.NEAR + intents.strangeness(text):
            return None
        begun = self.procedures.begin(key, self.lookups)
        fitting = [passage for passage in found[:1] if passage.score >= answers.FLOOR]
        shown = {action["slug"] for action in begun.actions if action["kind"] == "open_article"}
        offers = [each for each in answers.reading(fitting, 1) if each["slug"] not in shown]
        return replace(begun, sources=answers.sources_of(fitting), actions=(*begun.actions, *offers))

    def _guides(self, text: str, found: Sequence[Passage]) -> list[actions.Action]:
        """The offer of the procedure that a question is near to."""
        key, fit = self._nearest(text, found)
        return [actions.start_procedure("Guide me step by step", key)] if fit >= OFFERED else []

    def _nearest(self, text: str, found: Sequence[Passage]) -> tuple[str, float]:
        """The procedure that is nearest to a need, and how near: by its wording and by the articles it leads to."""
        spoken_of = answers.articles_of(found[:1]) if found and found[0].score >= answers.FLOOR else set()
        fits = {
            key: fit + SAME_ARTICLE * (not spoken_of.isdisjoint(_articles_of(self.procedures, key))) * (fit > 0)
            for key, fit in intents.match_procedures(text, self.procedures.all()).items()
        }
        return max(fits.items(), key=lambda each: each[1], default=("", 0.0))

    # -- Status and tickets

    def _status(self, key: str | None) -> Reply:
        report = self.lookups.status()
        service = next((each for each in report.services if each.key == key), None)
        body = about_all(report, self.now()) if service is None else about_service(service, report, self.now())
        offers: list[actions.Action] = []
        if service is not None:
            again = actions.show_status(f"Ask again about {service.name}", service.key)
            offers = [again, actions.show_status("Show all services")]
        return Reply(body, "status", answered=report.updated_at is not None, actions=tuple(offers))

    def _ticket(self, turn: Turn, detail: str) -> Reply:
        if detail == "new":
            body = "I can make a ticket of this conversation. Check subject and description, then send it."
            return Reply(body, "ticket", actions=(_ticket_of(turn),))
        try:
            if detail == "mine":
                return _tickets(self.lookups.tickets(turn.asker), turn)
            found = self.lookups.ticket(turn.asker, detail)
        except LookupFailed:
            return replace(_cannot_look(turn), intent="ticket")
        if found is None:
            body = f"I find no ticket {detail} of yours. Please check the number, or ask for all your tickets."
            return Reply(body, "ticket", answered=False, actions=_further(turn.people))
        return Reply(_about_ticket(found), "ticket", actions=_further(turn.people))


def _articles_of(procedures: Procedures, key: str) -> set[str]:
    """Slugs of the articles that a procedure's steps lead to."""
    procedure = procedures.get(key)
    steps = procedure.steps.values() if procedure else ()
    return {link.slug for step in steps if not isinstance(step, Check) for link in step.sources}


# -- Conversation


def _earlier(turn: Turn) -> Sequence[Said]:
    return turn.said[: len(turn.said) - turn.since]


def _before(turn: Turn) -> Said | None:
    """The customer's last question before this turn."""
    questions = (said for said in reversed(_earlier(turn)) if said.role == "customer" and said.body.strip())
    return next((said for said in questions if intents.read(said.body).kind == "question"), None)


def _last_sources(turn: Turn) -> Sequence[Any]:
    return next((said.sources for said in reversed(_earlier(turn)) if said.role == "assistant" and said.sources), ())


def _last_spoken(turn: Turn) -> str:
    return next((said.body for said in reversed(_earlier(turn)) if said.role == "assistant"), "")


def _just_asked(turn: Turn) -> bool:
    """Whether the assistant's last message was a clarifying question."""
    return answers.WHICH in _last_spoken(turn)


def _option(turn: Turn, text: str) -> str | None:
    """The option of the clarifying question before that a typed number means."""
    if not _just_asked(turn):
        return None
    options = re.findall(r"^\d\. (.+)$", _last_spoken(turn), re.MULTILINE)
    named = [_ORDINALS[word] for word in re.findall(r"\w+", text.lower()) if word in _ORDINALS]
    return options[named[0]] if len(named) == 1 and len(text.split()) < 5 and named[0] < len(options) else None


def _weight(sentence: str) -> tuple[bool, int]:
    return intents.is_asking(sentence), len(set(intents.subject(sentence)))


def _better(one: Sequence[Passage], other: Sequence[Passage]) -> list[Passage]:
    """Both lists as one, each passage with its better score."""
    best: dict[tuple[str, str | None], Passage] = {}
    for passage in (*one, *other):
        place = passage.source.slug, passage.source.anchor
        if place not in best or best[place].score < passage.score:
            best[place] = passage
    return sorted(best.values(), key=lambda passage: -passage.score)


# -- What is said


def _which(topics: Sequence[Passage]) -> Reply:
    names = [answers.name_of(topic) for topic in topics]
    body = "\n\n".join([answers.WHICH, "\n".join(f"{number}. {name}" for number, name in enumerate(names, 1))])
    return Reply(
        body,
        "question",
        confidence=0.5,
        sources=answers.sources_of(topics),
        actions=tuple(actions.choose(name, name) for name in names),
    )


def _together(replies: Sequence[Reply]) -> Reply:
    bodies = [f"**{escaped(reply.sources[0].title)}**\n\n{reply.body}" for reply in replies]
    return Reply(
        "\n\n".join(bodies),
        "question",
        confidence=min(reply.confidence for reply in replies),
        sources=tuple(dict.fromkeys(source for reply in replies for source in reply.sources)),
        actions=tuple(offer for reply in replies for offer in reply.actions),
    )


def _person(people: People) -> Reply:
    if people.open:
        body = "I hand you over to our support team. They see what we have written, so you need not repeat it."
        return Reply(body, "person", wants_person=True)
    away = f"Our support team is not there right now. {_back(people)}"
    body = f"{away} If you open a ticket, they answer as soon as they are."
    return Reply(body, "person", wants_person=True, actions=(actions.open_ticket(),))


def _back(people: People) -> str:
    hours = f"They answer chats {people.hours}." if people.hours else ""
    if people.opens_at is None:
        return hours
    return f"They are back on {_moment(people.opens_at, people.hours)}. {hours}".strip()


def _moment(at: datetime, hours: str) -> str:
    """A time in the zone that the hours are written in."""
    named = re.search(r"\(([A-Za-z]+(?:/[A-Za-z_+\-0-9]+)*)\)", hours)
    try:
        zone = ZoneInfo(named[1]) if named else None
    except (ZoneInfoNotFoundError, ValueError):
        zone = None
    local = at.astimezone(zone or UTC)
    return f"{local:%A}, {local.day} {local:%B} at {local:%H:%M}{'' if zone else ' UTC'}"


def _offer(people: People) -> str:
    if people.open:
        return "Shall I get a person of our team, or open a ticket?"
    return f"If you open a ticket, our team answers it. {_back(people)}"


def _further(people: People) -> tuple[actions.Action, ...]:
    return (actions.talk_to_person(), actions.open_ticket()) if people.open else (actions.open_ticket(),)


def _cannot_look(turn: Turn) -> Reply:
    body = f"I can't look that up right now, because a part of our system does not answer. {_offer(turn.people)}"
    return Reply(body, "unknown", answered=False, confidence=0.0, actions=_further(turn.people))


def _in_english(text: str) -> str:
    code = intents.language(text)
    return f"{_ENGLISH_ONLY[code]} (I can only answer in English.)" if code in _ENGLISH_ONLY else ""


def _is_unwell(service: ServiceStatus | None) -> bool:
    return service is not None and service.level in ("DEGRADED", "OUTAGE", "MAINTENANCE")


def _ticket_of(turn: Turn) -> actions.Action:
    """A ticket about the last question of the conversation."""
    before = _before(turn)
    words = " ".join(before.body.split()) if before else ""
    subject = words if len(words) <= 80 else words[:80].rsplit(" ", 1)[0] + " …"
    return actions.open_ticket(subject=subject or None)


def _tickets(found: Sequence[TicketFound], turn: Turn) -> Reply:
    if not found:
        return Reply("You have no ticket that waits to be solved.", "ticket", actions=(actions.open_ticket(),))
    lines = [f"- **{each.number}** {escaped(each.subject)}: {_STATES.get(each.status, each.status)}" for each in found]
    body = "\n".join(["Your tickets that are not solved yet, the last changed first:", "", *lines])
    return Reply(body, "ticket", actions=_further(turn.people))


def _about_ticket(ticket: TicketFound) -> str:
    changed = ticket.updated_at.astimezone(UTC)
    state = f"{_STATES.get(ticket.status, ticket.status)}; it last changed on {changed.day} {changed:%B %Y, %H:%M} UTC"
    parts = [f"**{ticket.number}** {escaped(ticket.subject)} {state}."]
    if ticket.last_message.strip():
        parts.append(f"The last message: “{escaped(ticket.last_message)[:300]}”")
    return "\n\n".join(parts)


_TALK = {
    "empty": "I got no words. What can I help you with?",
    "greeting": "Hello{name}! What can I help you with?",
    "thanks": "You're welcome. Is there anything else?",
    "solved": "I'm glad that it works. Is there anything else?",
    "goodbye": "Goodbye, and come back at any time.",
    "acknowledged": "All right. Is there anything else that I can help you with?",
    "feeling": "All is well with me, thank you. What can I help you with?",
    "bot": "I am an assistant, a program. I answer from the knowledge base, and I can hand you over to people.",
    "abilities": (
        "I answer questions from the knowledge base, lead you through common problems step by step, say how our"
        " services and your tickets are, open a ticket, and hand you over to people."
    ),
    "help": "Gladly. Please tell me what it is about: the service, what you want to do, and what you see.",
    "rude": "I'm sorry that I was no help. Tell me in other words what it is about, or take it to our people.",
}


def _small_talk(detail: str, turn: Turn) -> Reply:
    offers = _further(turn.people) if detail in ("rude", "bot", "help") else ()
    if detail == "abilities":
        offers = (actions.show_status("Show the status"), *_further(turn.people))
    first = turn.asker.name.split()[0] if turn.asker.name.split() else ""
    return Reply(_TALK[detail].format(name=f" {escaped(first)}" if first else ""), "small_talk", actions=offers)
