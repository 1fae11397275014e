from __future__ import annotations

import gzip
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from environs import Env
from prometheus_client import REGISTRY

from services.chat.assistant import actions, llm
from services.chat.assistant.grounding import grounded, visible
from services.chat.assistant.llm import LlmAssistant, LlmSettings, read_llm_settings
from services.chat.assistant.port import LookupFailed, Passage, Reply, Said, Turn, Walk
from shared.service.settings import SettingsError
from tests.doubles.openai_server import Answer, Body, Call, Never, OpenAiServer, Raw, Say, Script, completion
from tests.unit.chat.llm_world import (
    ANNA,
    FIRST,
    FOREIGN,
    GOOD,
    OUTGOING,
    OWN,
    QUESTION,
    REFUNDS,
    FirstEngine,
    Knowledge,
    turn,
)

INJECTIONS = yaml.safe_load((Path(__file__).parents[2] / "judged/injections.yaml").read_text(encoding="utf-8"))
KINDS = {
    "start_procedure",
    "choose",
    "show_status",
    "talk_to_person",
    "open_ticket",
    "open_article",
}
NAMED_TICKET = ("ticket_status", {"number": OWN.number})
Serve = Callable[..., OpenAiServer]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts endpoints with a script, or with an answer that is always the same."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ExitStack() as stack:

        def start(script: Script | Answer, **options: Any) -> OpenAiServer:
            answer = script if callable(script) else lambda body, number: script
            return stack.enter_context(OpenAiServer(answer, **options))

        yield start


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """For 127.0.0.1, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "double")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


def settings(server: OpenAiServer, **changes: Any) -> LlmSettings:
    return replace(LlmSettings(server.url, server.model, "test-key", per_person=100, in_total=100), **changes)


def assistant(server: OpenAiServer, knowledge: Knowledge | None = None, **changes: Any) -> LlmAssistant:
    return LlmAssistant(settings(server, **changes), knowledge or Knowledge(), FirstEngine())


def fallbacks(reason: str) -> float:
    return REGISTRY.get_sample_value("chat_llm_fallbacks_total", {"reason": reason}) or 0.0


def in_turn(*answers: Answer) -> Script:
    """The n-th request gets the n-th answer, further ones the last."""
    return lambda body, number: answers[min(number, len(answers) - 1)]


def sent(server: OpenAiServer) -> str:
    """Everything that the endpoint was sent, as text."""
    return json.dumps(server.requests, ensure_ascii=False)


def refused(server: OpenAiServer, reason: str, **changes: Any) -> None:
    """The first engine's reply is used, and this is counted as the reason."""
    before = fallbacks(reason)
    assert assistant(server, **changes).reply(turn()) == FIRST
    assert fallbacks(reason) == before + 1
    assert server.refused == []


class TestAnswer:
    def test_a_grounded_answer_is_used_with_its_sources(self, serve: Serve) -> None:
        before = REGISTRY.get_sample_value("chat_llm_answers_total") or 0
        reply = assistant(serve(Say(GOOD))).reply(turn())
        assert (reply.engine, reply.intent, reply.answered, reply.confidence) == ("llm", "question", True, 0.9)
        assert REGISTRY.get_sample_value("chat_llm_answers_total") == before + 1

    def test_citations_are_numbered_as_the_sources(self, serve: Serve) -> None:
        reply = assistant(serve(Say(GOOD))).reply(turn())
        assert reply.sources == (QUESTION.source, REFUNDS.source)
        assert '" [1]' in reply.body
        assert "Invoices** [2]" in reply.body

    def test_the_first_engines_buttons_stay_but_for_those_of_its_own_words(self, serve: Serve) -> None:
        reply = assistant(serve(Say(GOOD))).reply(turn())
        assert [action["kind"] for action in reply.actions] == ["start_procedure", "open_ticket"]

    def test_a_walk_that_the_first_engine_goes_on_with_goes_on(self, serve: Serve) -> None:
        walk = Walk("check-invoice", ("start",))
        engine = LlmAssistant(settings(serve(Say(GOOD))), Knowledge(), FirstEngine(replace(FIRST, walk=walk)))
        assert engine.reply(turn()).walk == walk

    @pytest.mark.parametrize(
        "first",
        [
            *(Reply("Dealt with.", intent) for intent in ("status", "procedure", "ticket", "person", "small_talk")),
            Reply("A person comes.", "unknown", wants_person=True),
        ],
        ids=lambda first: first.intent,
    )
    def test_what_is_no_open_question_stays_the_first_engines(self, serve: Serve, first: Reply) -> None:
        server = serve(Say(GOOD))
        assert LlmAssistant(settings(server), Knowledge(), FirstEngine(first)).reply(turn()) is first
        assert server.requests == []

    @pytest.mark.parametrize("asked", [turn("Refunds", action={"kind": "choose"}), turn("  ")], ids=["button", "empty"])
    def test_a_button_and_nothing_said_stay_the_first_engines(self, serve: Serve, asked: Turn) -> None:
        server = serve(Say(GOOD))
        assert assistant(server).reply(asked) == FIRST
        assert server.requests == []

    def test_an_unknown_question_gets_its_chance(self, serve: Serve) -> None:
        first = FirstEngine(replace(FIRST, intent="unknown"))
        reply = LlmAssistant(settings(serve(Say(GOOD))), Knowledge(), first).reply(turn())
        assert (reply.engine, reply.intent) == ("llm", "question")


class TestRequest:
    def test_passages_are_numbered_data_between_marks_that_nobody_can_know(self, serve: Serve) -> None:
        server = serve(Say(GOOD))
        engine = assistant(server)
        engine.reply(turn())
        engine.reply(turn())
        first, second = (request["messages"][1]["content"] for request in server.requests)
        assert '"number": 2' in first
        assert "Invoices** (Invoices)" in first
        assert "kb:invoices" not in first
        marks = [text.split("<<<")[1].split("\n")[0] for text in (first, second)]
        assert marks[0] != marks[1]
        assert all(len(mark) == 16 for mark in marks)
        assert first.count(f"{marks[0]}>>>") == 3
        assert marks[0] in server.requests[0]["messages"][0]["content"]

    def test_who_asks_is_not_sent(self, serve: Serve) -> None:
        server = serve(in_turn(Call([("ticket_status", {})]), Say(GOOD)))
        assert assistant(server).reply(turn()).engine == "llm"
        assert OWN.number in sent(server)
        for secret in (ANNA.id, ANNA.name, ANNA.email, ANNA.account, OWN.id, OWN.last_message):
            assert secret not in sent(server)

    def test_the_key_is_sent_as_a_bearer_token_and_without_one_nothing(self, serve: Serve) -> None:
        server = serve(Say(GOOD))
        assistant(server).reply(turn())
        assert server.headers[0]["Authorization"] == "Bearer test-key"
        open_server = serve(Say(GOOD), key="")
        assistant(open_server, key="").reply(turn())
        assert "Authorization" not in open_server.headers[0]

    def test_hidden_characters_are_not_sent(self, serve: Serve) -> None:
        server = serve(Say(GOOD))
        assistant(server).reply(turn("refund\u200b\U000e0041\u202e?"))
        assert '"refund?"' in server.requests[0]["messages"][1]["content"]

    def test_only_the_end_of_a_long_conversation_is_sent(self, serve: Serve) -> None:
        server = serve(Say(GOOD))
        assistant(server).reply(turn("refund?", *(Said("customer", f"message {n:03}") for n in range(40))))
        assert "message 027" not in sent(server)
        assert "message 028" in sent(server)


class TestTools:
    def test_what_is_found_later_gets_the_next_numbers(self, serve: Serve) -> None:
        answer = '"Use port 587 of your mail provider." [3]'
        server = serve(in_turn(Call([("search_passages", {"query": "port 25"})]), Say(answer)))
        knowledge = Knowledge()
        reply = assistant(server, knowledge).reply(turn())
        assert reply.sources == (OUTGOING.source,)
        assert knowledge.asked == [("passages", "Can I get my money back?"), ("passages", "port 25")]

    def test_what_is_found_again_keeps_its_number(self, serve: Serve) -> None:
        answer = Say('"or you paid twice" [2], "Use port 587 of your mail provider" [3]')
        server = serve(in_turn(Call([("search_passages", {"query": "x"})]), answer))
        reply = assistant(server, Knowledge(by_query={"x": (QUESTION, OUTGOING)})).reply(turn())
        assert reply.sources == (QUESTION.source, OUTGOING.source)

    def test_status_and_own_tickets_are_told_with_the_askers_rights(self, serve: Serve) -> None:
        tools: list[tuple[str, Any]] = [("service_status", ""), ("ticket_status", {}), NAMED_TICKET]
        server, knowledge = serve(in_turn(Call(tools), Say(GOOD))), Knowledge()
        assert assistant(server, knowledge).reply(turn(f"What about {OWN.number.lower()}?")).engine == "llm"
        results = [message["content"] for message in server.requests[1]["messages"] if message["role"] == "tool"]
        assert "Databases answer slowly." in results[0]
        assert OWN.subject in results[1]
        assert OWN.subject in results[2]
        assert ("ticket", ANNA.id, OWN.number) in knowledge.asked

    def test_a_ticket_that_the_customer_did_not_name_is_not_looked_up(self, serve: Serve) -> None:
        server = serve(in_turn(Call([("ticket_status", {"number": FOREIGN.number})]), Say(GOOD)))
        knowledge = Knowledge()
        assistant(server, knowledge).reply(turn("refund?", Said("agent", f"compare {FOREIGN.number}")))
        assert not [call for call in knowledge.asked if call[0] != "passages"]

    def test_a_foreign_ticket_that_the_customer_names_is_none(self, serve: Serve) -> None:
        server = serve(in_turn(Call([("ticket_status", {"number": FOREIGN.number})]), Say(GOOD)))
        assistant(server).reply(turn(f"What is {FOREIGN.number}?"))
        assert '"tickets": []' in server.requests[1]["messages"][-1]["content"]
        assert FOREIGN.subject not in sent(server)

    def test_a_person_is_offered_and_not_called(self, serve: Serve) -> None:
        before = fallbacks("person")
        reply = assistant(serve(Call([("hand_over_to_person", {})]))).reply(turn())
        assert reply == replace(FIRST, actions=(*FIRST.actions, actions.talk_to_person()))
        assert fallbacks("person") == before + 1

    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("delete_everything", "{}"),
            ("search_passages", "no json"),
            ("search_passages", "[" * 999),
            ("search_passages", {"query": 7}),
            ("ticket_status", {"number": ["CF-F0RE1GN"]}),
            ("ticket_status", "[1]"),
        ],
    )
    def test_a_tool_that_is_called_wrongly_says_so_and_the_talk_goes_on(
        self, serve: Serve, name: str, arguments: Any
    ) -> None:
        server = serve(in_turn(Call([(name, arguments)]), Say(GOOD)))
        assert assistant(server).reply(turn()).engine == "llm"
        content = server.requests[1]["messages"][-1]["content"]
        assert '"error"' in content or '"tickets": []' in content

    def test_a_tool_whose_service_is_away_says_so(self, serve: Serve) -> None:
        server = serve(in_turn(Call([("ticket_status", {})]), Say(GOOD)))
        assert assistant(server, Knowledge(away=frozenset({"tickets"}))).reply(turn()).engine == "llm"
        assert "not available now" in server.requests[1]["messages"][-1]["content"]

    def test_three_rounds_of_tools_are_the_most(self, serve: Serve) -> None:
        server = serve(Call([("service_status", {})]))
        refused(server, "tool_rounds")
        assert [request["tool_choice"] for request in server.requests] == ["auto", "auto", "auto", "none"]

    def test_an_answer_after_three_rounds_is_used(self, serve: Serve) -> None:
        call = Call([("service_status", {})])
        assert assistant(serve(in_turn(call, call, call, Say(GOOD)))).reply(turn()).engine == "llm"


GOOD_BODY = json.dumps(completion("test-model", Say(GOOD), 0)).encode()


def raw(**choice: Any) -> Raw:
    return Raw(content=json.dumps({"choices": [choice]}).encode())


class TestTrouble:
    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (Raw(429), "status"),
            (Raw(500, b"{}"), "status"),
            (Raw(307, headers={"Location": "http://127.0.0.1:9/v1/chat/completions"}), "status"),
            (Raw(content=b'{"choices": [', length=5_000), "connection"),
            (Raw(content=b" " * (llm.MAX_RESPONSE_BYTES + 70_000)), "too_large"),
            (Raw(content=b"<html>busy</html>"), "not_json"),
            (Raw(content=gzip.compress(GOOD_BODY), headers={"Content-Encoding": "gzip"}), "not_json"),
            (Raw(content=b"[" * 100_000), "not_json"),
            (Raw(content=b"[]"), "nonsense"),
            (Raw(content=b'{"choices": []}'), "nonsense"),
            (raw(message="text"), "nonsense"),
            (raw(message={"content": 7}), "nonsense"),
            (raw(message={"tool_calls": "all"}), "nonsense"),
            (raw(message={"tool_calls": [{"id": 1}]}), "nonsense"),
            (Call([("service_status", {})] * 5), "nonsense"),
            (Call([("search_passages", {"query": "x" * 1_000})]), "nonsense"),
            (Say(GOOD, finish_reason="length"), "nonsense"),
            (Say(""), "empty"),
            (Say("I do not know."), "unknown"),
            (Say(GOOD + " [7]"), "citation"),
            (Say(GOOD + ' "Every refund is paid at once" [1]'), "quote"),
        ],
        ids=lambda value: value if isinstance(value, str) else type(value).__name__,
    )
    def test_the_first_engines_reply_is_used(self, serve: Serve, answer: Answer, reason: str) -> None:
        refused(serve(answer), reason)

    @pytest.mark.parametrize("answer", [Never(), Never(drip=True)], ids=["silent", "dripping"])
    def test_a_slow_endpoint_is_given_up(self, serve: Serve, answer: Answer) -> None:
        refused(serve(answer), "timeout", seconds=0.3)

    def test_a_question_that_was_given_up_leaves_the_endpoint_too(self, serve: Serve) -> None:
        server = serve(Never(drip=True))
        refused(server, "timeout", seconds=0.3)
        assert server.left.wait(10)

    def test_a_place_is_free_again_after_the_answer(self, serve: Serve) -> None:
        engine = assistant(serve(in_turn(Raw(500), Say(GOOD))), at_once=1)
        assert [engine.reply(turn()).engine for _ in range(3)] == ["passages", "llm", "llm"]

    def test_an_endpoint_that_is_not_there(self, free_port: int) -> None:
        before = fallbacks("connection")
        nowhere = LlmSettings(f"http://127.0.0.1:{free_port}/v1", "test-model")
        assert LlmAssistant(nowhere, Knowledge(), FirstEngine()).reply(turn()) == FIRST
        assert fallbacks("connection") == before + 1

    def test_a_certificate_has_to_be_known(
        self, serve: Serve, certificate: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        server = serve(Say(GOOD), tls=tls)
        refused(server, "connection")
        assert server.requests == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        assert assistant(server).reply(turn()).engine == "llm"

    def test_a_wrong_key_is_a_status(self, serve: Serve) -> None:
        server, before = serve(Say(GOOD)), fallbacks("status")
        assert assistant(server, key="other").reply(turn()) == FIRST
        assert fallbacks("status") == before + 1

    def test_no_search_no_answer(self, serve: Serve) -> None:
        server, before = serve(Say(GOOD)), fallbacks("lookup")
        assert assistant(server, Knowledge(away=frozenset({"passages"}))).reply(turn()) == FIRST
        assert fallbacks("lookup") == before + 1
        assert server.requests == []

    def test_a_first_engine_that_fails_fails(self, serve: Serve) -> None:
        class Away:
            def reply(self, turn: Turn) -> Reply:
                raise LookupFailed("away")

        with pytest.raises(LookupFailed):
            LlmAssistant(settings(serve(Say(GOOD))), Knowledge(), Away()).reply(turn())

    def test_an_endpoint_that_fails_again_and_again_is_left_alone_and_then_tried(self, serve: Serve) -> None:
        broken = [True]
        server = serve(lambda body, number: Raw(503) if broken[0] else Say(GOOD))
        clock = [100.0]
        engine = LlmAssistant(settings(server), Knowledge(), FirstEngine(), now=lambda: clock[0])
        before = fallbacks("circuit")
        for _ in range(8):
            assert engine.reply(turn()) == FIRST
        assert (len(server.requests), fallbacks("circuit")) == (5, before + 3)
        clock[0] += 31
        broken[0] = False
        assert [engine.reply(turn()).engine for _ in range(3)] == ["llm"] * 3

    def test_refused_answers_open_no_circuit(self, serve: Serve) -> None:
        server = serve(Say("Trust me."))
        engine = assistant(server)
        for _ in range(8):
            engine.reply(turn())
        assert len(server.requests) == 8

    def test_a_person_and_all_together_have_a_rate(self, serve: Serve) -> None:
        server = serve(Say(GOOD))
        engine = assistant(server, per_person=2, in_total=3)
        other = replace(turn(), asker=replace(ANNA, id="other"))
        engines = [engine.reply(asked).engine for asked in (turn(), turn(), turn(), other, other)]
        assert engines == ["llm", "llm", "passages", "llm", "passages"]
        assert len(server.requests) == 3

    def test_so_many_at_once_and_no_more(self, serve: Serve) -> None:
        class Stuck(Knowledge):
            def passages(self, query: str, limit: int = 8) -> Sequence[Passage]:
                assert goes_on.wait(30)
                raise LookupFailed("late")

        goes_on = threading.Event()
        engine = assistant(serve(Say(GOOD)), Stuck(), at_once=1, seconds=0.05)
        before = fallbacks("timeout"), fallbacks("busy")
        assert [engine.reply(turn()), engine.reply(turn())] == [FIRST, FIRST]
        assert (fallbacks("timeout"), fallbacks("busy")) == (before[0] + 1, before[1] + 1)
        goes_on.set()

    def test_nothing_personal_and_no_key_is_logged(self, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
        class Odd(Knowledge):
            def passages(self, query: str, limit: int = 8) -> Any:
                raise KeyError(query)

        with structlog.testing.capture_logs() as lines, caplog.at_level("DEBUG"):
            assistant(serve(Raw(500))).reply(turn("my secret words"))
            assistant(serve(Say("my secret words"))).reply(turn("my secret words"))
            assistant(serve(Say(GOOD)), Odd()).reply(turn("my secret words"))
        assert [line["reason"] for line in lines if "reason" in line] == ["status", "uncited", "error"]
        assert lines[0]["status"] == 500
        assert not any("exc_info" in line for line in lines)
        for text in (str(lines), caplog.text):
            assert "secret" not in text
            assert "test-key" not in text


class TestSettings:
    def test_off_by_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ASSISTANT_LLM_URL", raising=False)
        assert read_llm_settings(Env()) is None

    def test_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in {
            "URL": "https://models.example/v1/",
            "MODEL": "small",
            "KEY": "sk-1",
            "RATE_PERSON": "3",
            "RATE_TOTAL": "9",
        }.items():
            monkeypatch.setenv(f"ASSISTANT_LLM_{name}", value)
        read = read_llm_settings()
        assert read == LlmSettings("https://models.example/v1", "small", "sk-1", per_person=3, in_total=9)
        assert (read.seconds, llm.CONNECT_SECONDS) == (10.0, 2.0)
        assert "sk-1" not in repr(read)

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"MODEL": ""}, "ASSISTANT_LLM_MODEL"),
            ({"URL": "ftp://models.example"}, "ASSISTANT_LLM_URL"),
            ({"URL": "https://user:sk-9@models.example/v1"}, "ASSISTANT_LLM_URL"),
            ({"URL": "https://models.example/v1?key=sk-9"}, "ASSISTANT_LLM_URL"),
            ({"URL": "https://[::1/v1"}, "ASSISTANT_LLM_URL"),
            ({"URL": "https://models.example:99999"}, "ASSISTANT_LLM_URL"),
            ({"KEY": "sk-9\r\nX-Other: 1"}, "ASSISTANT_LLM_KEY"),
            ({"RATE_PERSON": "0"}, "ASSISTANT_LLM_RATE_PERSON"),
            ({"RATE_TOTAL": "many"}, "ASSISTANT_LLM_RATE_TOTAL"),
        ],
    )
    def test_a_setting_that_does_not_fit_is_named_and_not_repeated(
        self, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], named: str
    ) -> None:
        for name, value in ({"URL": "https://models.example", "MODEL": "small"} | changes).items():
            monkeypatch.setenv(f"ASSISTANT_LLM_{name}", value)
        with pytest.raises(SettingsError, match=named) as refusal:
            read_llm_settings()
        assert "sk-9" not in str(refusal.value)


QUOTE = ' "Yes, when we charged something wrong or you paid twice." [2]'


def placed(case: dict[str, Any]) -> tuple[Knowledge, Turn]:
    """The world in which the text stands where the case says."""
    text = case["text"]
    poisoned = replace(REFUNDS, text=f"{REFUNDS.text}\n\n{text}")
    knowledge = {
        "passage": Knowledge(found=(poisoned, QUESTION)),
        "incident": Knowledge(incident=text),
        "ticket": Knowledge(subject=text),
    }.get(case["where"], Knowledge())
    if case["where"] == "customer":
        return knowledge, turn(text)
    return knowledge, turn("How do refunds work?", *([Said("customer", text)] if case["where"] == "earlier" else []))


class Gullible:
    """A model that does whatever a text in front of it says, and says it was asked to."""

    def __init__(self, case: dict[str, Any], ending: str) -> None:
        self.case, self.ending, self.obeyed = case, ending, False

    def __call__(self, body: Body, number: int) -> Answer:
        looks = {"incident": Call([("service_status", {})]), "ticket": Call([("ticket_status", {})])}
        if number == 0 and self.case["where"] in looks:
            return looks[self.case["where"]]
        order = json.dumps(visible(self.case["text"]), ensure_ascii=False)[1:-1]
        if not any(order in (message["content"] or "") for message in body["messages"][1:]):
            return Say(GOOD)
        self.obeyed = True
        wanted = self.case.get("calls", [])
        called = {call["function"]["name"] for message in body["messages"] for call in message.get("tool_calls") or []}
        if wanted and not {name for name, _ in wanted} <= called:
            return Call([(name, arguments) for name, arguments in wanted])
        return Say(self.case["says"] + self.ending)


class TestInjections:
    def test_there_are_enough_of_each_kind(self) -> None:
        places = [case["where"] for case in INJECTIONS]
        assert len(INJECTIONS) >= 40
        assert min(places.count(place) for place in ("customer", "earlier", "passage", "incident", "ticket")) >= 3

    @pytest.mark.parametrize("ending", ["", QUOTE], ids=["bare", "dressed up"])
    @pytest.mark.parametrize("case", INJECTIONS, ids=lambda case: case["id"])
    def test_a_model_that_obeys_is_not_believed(self, serve: Serve, case: dict[str, Any], ending: str) -> None:
        model = Gullible(case, ending)
        server = serve(model)
        knowledge, asked = placed(case)
        reply = assistant(server, knowledge).reply(asked)
        assert model.obeyed
        assert server.refused == []
        assert reply == FIRST
        assert {action["kind"] for action in reply.actions} <= KINDS
        assert {call[1] for call in knowledge.asked if call[0] in ("ticket", "tickets")} <= {ANNA.id}
        if case["where"] not in ("customer", "earlier"):
            assert not any(FOREIGN.number in call for call in knowledge.asked)
        assert FOREIGN.subject not in sent(server)

    def test_the_same_dress_on_an_honest_answer_is_believed(self) -> None:
        assert grounded("Refunds go back the way they came [1]." + QUOTE, (REFUNDS, QUESTION))
