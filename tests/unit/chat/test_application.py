"""Commands of chat over a log in memory: once each, for the right people, and tickets made of chats."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from services.chat.application import Cause
from services.chat.assistant.port import Reply
from services.chat.bootstrap import CODEC
from services.chat.projections import messages
from services.chat.transcript import MAX_SUBJECT, MAX_TRANSCRIPT, transcript
from shared.events.catalog.chat import CATEGORY, Button, SpeakerRole
from shared.events.errors import Refusal
from shared.events.projection import Fact
from shared.events.stream import Revision, StreamName
from tests.unit.chat.people import ADA, BEN, CHI, EVA, World, context

REPLY = Reply("So.", "question", actions=({"kind": "open_ticket", "label": "Open a ticket", "subject": "From me"},))


@pytest.fixture
def world() -> World:
    return World()


def facts(world: World, chat_id: str) -> list[Fact]:
    return [Fact(CODEC.decode(event), event) for event in world.store.read(StreamName(CATEGORY, chat_id))]


def cause(world: World, chat_id: str) -> Cause:
    return Cause.of(facts(world, chat_id)[-1].recorded)


def seen(world: World, chat_id: str) -> Revision:
    return facts(world, chat_id)[-1].recorded.revision


def names(world: World, chat_id: str) -> list[str]:
    return [fact.recorded.name for fact in facts(world, chat_id)]


def test_a_chat_is_begun_once_with_its_first_message(world: World) -> None:
    command = context(ADA)
    first = world.chats.start(ADA, command, "Hello")
    again = world.chats.start(ADA, command, "Hello")
    assert (first["chat"]["id"], again["replayed"]) == (again["chat"]["id"], True)
    assert names(world, first["chat"]["id"]) == ["ChatStarted", "CustomerWrote"]
    assert (first["message"]["body"], again["message"]) == ("Hello", first["message"])


def test_a_crash_between_chat_and_first_message_is_mended_by_the_retry(world: World) -> None:
    command = context(ADA)
    begun = world.chats.start(ADA, command)
    mended = world.chats.start(ADA, command, "Hello")
    assert mended["chat"]["id"] == begun["chat"]["id"]
    assert names(world, begun["chat"]["id"]) == ["ChatStarted", "CustomerWrote"]


def test_a_chat_of_another_is_not_there(world: World) -> None:
    chat_id = world.start(ADA, "Hello")
    for command in (
        lambda: world.chats.write(CHI, context(CHI), chat_id, "x"),
        lambda: world.chats.write(CHI, context(CHI), chat_id, attachments=[str(uuid.uuid4())]),
        lambda: world.chats.end(CHI, context(CHI), chat_id),
        lambda: world.chats.make_ticket(CHI, context(CHI), chat_id),
        lambda: world.chats.start(CHI, context(CHI), None, chat_id),
        lambda: world.chats.write(ADA, context(ADA), str(uuid.uuid4()), "x"),
        lambda: world.chats.write(ADA, context(ADA), "no-id", "x"),
    ):
        with pytest.raises(Refusal) as refused:
            command()
        assert refused.value.code == "chat_not_found"
    assert names(world, chat_id) == ["ChatStarted", "CustomerWrote"]
    assert world.tickets.calls == 0


class TestTheAssistantsAnswer:
    def test_is_said_once_for_each_message_that_caused_it(self, world: World) -> None:
        chat_id = world.start(ADA, "Hello")
        because, at = cause(world, chat_id), seen(world, chat_id)
        assert world.chats.answer(chat_id, because, REPLY, at, world.at)
        # a second worker, with other words
        world.chats.answer(chat_id, because, Reply("Something else.", "question"), at, world.at)
        assert names(world, chat_id).count("AssistantReplied") == 1

    def test_is_refused_once_an_agent_has_the_chat(self, world: World) -> None:
        chat_id = world.start(ADA, "Hello")
        because, at = cause(world, chat_id), seen(world, chat_id)
        world.chats.accept(BEN, context(BEN), chat_id)
        assert not world.chats.answer(chat_id, because, REPLY, at, world.at)
        assert "AssistantReplied" not in names(world, chat_id)

    def test_is_refused_once_the_customer_has_written_more(self, world: World) -> None:
        chat_id = world.start(ADA, "Hello")
        because, at = cause(world, chat_id), seen(world, chat_id)
        world.chats.write(ADA, context(ADA), chat_id, "One more thing")
        assert not world.chats.answer(chat_id, because, REPLY, at, world.at)

    def test_hands_over_in_hours_only(self, world: World) -> None:
        wants = Reply("A person then.", "person", wants_person=True)
        chat_id = world.start(ADA, "A human, please")
        world.chats.answer(chat_id, cause(world, chat_id), wants, seen(world, chat_id), world.at)
        assert names(world, chat_id)[-2:] == ["AssistantReplied", "AgentRequested"]
        world.at += timedelta(hours=12)
        late = world.start(ADA, "A human, please")
        world.chats.answer(late, cause(world, late), wants, seen(world, late), world.at)
        assert names(world, late)[-1] == "AssistantReplied"


class TestHandOver:
    def test_outside_hours_the_refusal_says_when_people_are_back(self, world: World) -> None:
        world.at += timedelta(hours=12)
        chat_id = world.start(ADA)
        with pytest.raises(Refusal) as refused:
            world.chats.request_agent(ADA, context(ADA), chat_id)
        assert refused.value.code == "outside_business_hours"
        assert refused.value.details["opens_at"] == "2026-03-03T08:00:00Z"
        assert refused.value.details["offer"] == "ticket"

    def test_who_accepts_first_has_the_chat(self, world: World) -> None:
        chat_id = world.start(ADA)
        world.chats.request_agent(ADA, context(ADA), chat_id)
        command = context(BEN)
        assert world.chats.accept(BEN, command, chat_id)["chat"]["assignee"] == {"id": BEN.id, "name": "Ben"}
        assert world.chats.accept(BEN, command, chat_id)["replayed"]
        with pytest.raises(Refusal) as refused:
            world.chats.accept(EVA, context(EVA), chat_id)
        assert refused.value.code == "already_taken"


class TestTickets:
    def test_a_chat_becomes_one_ticket_whoever_asks(self, world: World) -> None:
        chat_id = world.start(ADA, "My server does not answer.")
        made = world.chats.make_ticket(ADA, context(ADA), chat_id)
        again = world.chats.make_ticket(BEN, context(BEN), chat_id, subject="Another")
        assert made["ticket"]["id"] == again["ticket"]["id"]
        assert (made["chat"]["status"], made["chat"]["ticket_id"]) == ("ENDED", made["ticket"]["id"])
        assert names(world, chat_id)[-3:] == ["TicketRequested", "TicketLinked", "ChatEnded"]
        assert made["ticket"]["subject"] == "My server does not answer."
        assert "Ada, 2026-03-02 09:30 UTC\nMy server does not answer." in made["ticket"]["description"]

    def test_a_retry_after_a_crash_before_the_link_finds_the_same_ticket(self, world: World) -> None:
        chat_id = world.start(ADA, "Help")
        command = context(ADA)
        world.tickets.away = True
        with pytest.raises(Refusal) as away:
            world.chats.make_ticket(ADA, command, chat_id)
        assert away.value.code == "tickets_away"
        world.tickets.away = False
        made = world.chats.make_ticket(ADA, command, chat_id)
        assert len(world.tickets.opened) == 1
        assert made["chat"]["ticket_number"] == made["ticket"]["number"]
        assert made["replayed"]

    def test_what_was_asked_for_is_opened_also_where_nobody_asks_again(self, world: World) -> None:
        chat_id = world.start(ADA, "Help")
        world.tickets.away = True
        with pytest.raises(Refusal):
            world.chats.make_ticket(ADA, context(ADA), chat_id, subject="My server")
        world.chats.accept(BEN, context(BEN), chat_id)
        world.tickets.away = False
        for _ in range(2):
            world.chats.open_requested(chat_id, cause(world, chat_id), world.at)
        assert [ticket["subject"] for ticket in world.tickets.opened.values()] == ["My server"]
        assert names(world, chat_id)[-1] == "TicketLinked"

    def test_a_used_key_and_an_old_revision_open_nothing(self, world: World) -> None:
        chat_id = world.start(ADA, "Help")
        used = context(ADA)
        world.chats.write(ADA, used, chat_id, "More")
        for command, code in (
            (replace(used, fingerprint="other"), "idempotency_key_reused"),
            (context(ADA, expected=0), "stale_revision"),
        ):
            with pytest.raises(Refusal) as refused:
                world.chats.make_ticket(ADA, command, chat_id)
            assert refused.value.code == code
        assert world.tickets.opened == {}

    def test_with_a_ticket_there_a_chat_that_nobody_has_ends(self, world: World) -> None:
        handed_back, waiting = world.start(ADA, "Help"), world.start(ADA, "Help")
        for chat_id in (handed_back, waiting):
            world.chats.accept(BEN, context(BEN), chat_id)
            world.chats.make_ticket(BEN, context(BEN), chat_id)
        world.chats.hand_back(BEN, context(BEN), handed_back)
        world.chats.ticket_wanted(handed_back, cause(world, handed_back), Button("open_ticket", "x"))
        world.chats.release(waiting, BEN.id, cause(world, waiting), world.at)
        world.chats.close_for_the_day(waiting, cause(world, waiting), world.at)
        for chat_id in (handed_back, waiting):
            assert names(world, chat_id)[-1] == "ChatEnded"
        assert len(world.tickets.opened) == 2

    def test_at_the_end_of_the_day_waiting_chats_become_tickets(self, world: World) -> None:
        chat_id = world.start(ADA, "Help")
        world.chats.request_agent(ADA, context(ADA), chat_id)
        because = cause(world, chat_id)
        for _ in range(2):
            world.chats.close_for_the_day(chat_id, because, world.at)
        assert names(world, chat_id)[-3:] == ["TicketRequested", "TicketLinked", "ChatEnded"]
        assert world.tickets.opened[chat_id]["by"].role is SpeakerRole.SYSTEM

    def test_nothing_becomes_a_ticket_once_an_agent_came(self, world: World) -> None:
        chat_id = world.start(ADA, "Help")
        world.chats.request_agent(ADA, context(ADA), chat_id)
        because = cause(world, chat_id)
        world.chats.accept(BEN, context(BEN), chat_id)
        world.chats.close_for_the_day(chat_id, because, world.at)
        assert world.tickets.opened == {}

    def test_the_pressed_button_says_what_is_in_it(self, world: World) -> None:
        chat_id = world.start(ADA, "Help")
        world.chats.ticket_wanted(
            chat_id, cause(world, chat_id), Button("open_ticket", "x", subject="Server", priority="HIGH")
        )
        ticket = world.tickets.opened[chat_id]
        assert (ticket["subject"], ticket["priority"], ticket["category"]) == ("Server", "HIGH", "GENERAL")
        assert ticket["by"] == ADA.speaker

    def test_a_long_question_is_cut_to_a_subject(self, world: World) -> None:
        chat_id = world.start(ADA, "word " * 100)
        subject = world.chats.make_ticket(ADA, context(ADA), chat_id)["ticket"]["subject"]
        assert len(subject) <= MAX_SUBJECT
        assert subject.endswith("…")

    def test_a_chat_without_words_has_a_subject_too(self, world: World) -> None:
        made = world.chats.make_ticket(ADA, context(ADA), world.start(ADA))
        assert made["ticket"]["subject"] == "Chat of 02 March 2026"


def test_the_transcript_names_everybody_and_their_files(world: World) -> None:
    chat_id = world.start(ADA, "Look")
    world.chats.answer(chat_id, cause(world, chat_id), REPLY, seen(world, chat_id), world.at)
    world.chats.write(ADA, context(ADA), chat_id, attachments=[str(uuid.UUID(int=5))])
    world.chats.accept(BEN, context(BEN), chat_id)
    world.chats.write(BEN, context(BEN), chat_id, "I see.")
    text = transcript(facts(world, chat_id))
    when = "2026-03-02 09:30 UTC"
    said = [f"Ada, {when}\nLook", f"Assistant, {when}\nSo.", f"Ada, {when}\n[a.png]", f"Ben (Support), {when}\nI see."]
    assert text == "\n\n".join(said)


def test_a_button_comes_back_as_it_was_offered(world: World) -> None:
    chat_id = world.start(ADA, "Help")
    world.chats.answer(chat_id, cause(world, chat_id), REPLY, seen(world, chat_id), world.at)
    offered = messages.row_of(facts(world, chat_id)[-1])["actions"]
    assert offered == [dict(REPLY.actions[0])]
    pressed = world.chats.write(ADA, context(ADA), chat_id, action=offered[0])
    assert (pressed["message"]["action"], pressed["message"]["body"]) == (offered[0], "Open a ticket")
    with pytest.raises(Refusal) as refused:
        world.chats.write(ADA, context(ADA), chat_id, action={**offered[0], "subject": "Another"})
    assert refused.value.code == "action_not_offered"


def test_most_is_for_the_agent_who_has_the_chat(world: World) -> None:
    chat_id = world.start(ADA)
    has = world.chats.accept(BEN, context(BEN), chat_id)["chat"]["allowed_actions"]
    assert has == ["write", "transfer", "hand_back", "make_ticket", "end"]
    looks_on = world.chats.make_ticket(EVA, context(EVA), chat_id)["chat"]["allowed_actions"]
    assert looks_on == ["make_ticket"]
    for command in (
        lambda: world.chats.transfer(EVA, context(EVA), chat_id, {"id": EVA.id, "name": "Eva"}),
        lambda: world.chats.hand_back(EVA, context(EVA), chat_id),
        lambda: world.chats.end(EVA, context(EVA), chat_id),
    ):
        with pytest.raises(Refusal) as refused:
            command()
        assert refused.value.code == "not_your_chat"


def test_an_agent_is_a_customer_in_a_chat_of_their_own(world: World) -> None:
    both = replace(ADA, roles=frozenset({"customer", "agent"}))
    begun = world.chats.start(both, context(both), "Hello")["chat"]
    assert "request_agent" in begun["allowed_actions"]
    assert world.chats.request_agent(both, context(both), begun["id"])["chat"]["status"] == "WAITING_FOR_AGENT"
    with pytest.raises(Refusal) as refused:
        world.chats.accept(both, context(both), begun["id"])
    assert refused.value.code == "role_required"


def test_a_repeated_message_with_a_file_is_answered_also_after_the_end(world: World) -> None:
    chat_id = world.start(ADA)
    command, file = context(ADA), [str(uuid.UUID(int=5))]
    first = world.chats.write(ADA, command, chat_id, "Look", file)
    world.chats.end(ADA, context(ADA), chat_id)
    again = world.chats.write(ADA, command, chat_id, "Look", file)
    assert (again["replayed"], again["message"]) == (True, first["message"])


def test_what_we_send_belongs_to_the_request_that_caused_it(world: World) -> None:
    chat_id = world.start(ADA, "Help")
    world.chats.answer(chat_id, cause(world, chat_id), REPLY, seen(world, chat_id), world.at)
    last = facts(world, chat_id)[-1].recorded
    assert (last.metadata["correlation_id"], last.metadata["actor"]["id"]) == ("test", "assistant")


def test_a_long_transcript_is_cut_by_its_bytes_at_whole_characters(world: World) -> None:
    chat_id = world.start(ADA, "\N{GRINNING FACE}" * 9_999)
    world.chats.write(ADA, context(ADA), chat_id, "\N{GRINNING FACE}" * 9_999)
    text = transcript(facts(world, chat_id))
    assert len(text.encode()) <= MAX_TRANSCRIPT + 100
    assert text.startswith("(The beginning is in the chat.)")


def test_in_a_ticket_the_assistant_s_words_have_no_signs(world: World) -> None:
    chat_id = world.start(ADA, "How?")
    reply = Reply("Choose **Forgot password**.\n```bash\ncf login\n```\nState is `Running`.", "question")
    world.chats.answer(chat_id, cause(world, chat_id), reply, seen(world, chat_id), world.at)
    assert transcript(facts(world, chat_id)).endswith("Choose Forgot password.\ncf login\nState is Running.")
