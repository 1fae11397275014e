"""The state of the platform: what a status page may answer, what a file says, and the words made of it."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from services.chat.assistant.port import Incident, ServiceStatus, StatusReport
from services.chat.status import words
from services.chat.status.change import MAX_OVER, changed
from services.chat.status.fetch import Address, FetchFailed, checked_address, fetch, is_public
from services.chat.status.file import DEFAULT_FILE, StatusFile, set_status
from services.chat.status.port import TRUSTED_FOR, trusted
from services.chat.status.statuspage import StatusPage
from services.chat.status.summary import MAX_BYTES, BadSummary, key_of, plain, read_summary
from tests.doubles.status_page import Behaviour, answering, serving

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
URL = "https://status.example.com/"
MINUTE = timedelta(minutes=1)
LIMIT = 4096


def component(name: str, status: str = "operational", **more: Any) -> dict[str, Any]:
    return {"id": f"id-{name}", "name": name, "status": status, "updated_at": "2026-11-24T14:05:00.000Z", **more}


def incident(*names: str, status: str = "investigating", body: str = "We are looking.", **more: Any) -> dict[str, Any]:
    return {
        "id": "i1",
        "name": "Disks are slow",
        "status": status,
        "created_at": "2026-11-24T14:06:00Z",
        "incident_updates": [{"status": status, "body": body, "created_at": "2026-11-24T14:10:00Z"}],
        "components": [{"id": f"id-{name}", "name": name} for name in names],
        **more,
    }


def summary(*components: Any, indicator: Any = "none", **more: Any) -> dict[str, Any]:
    return {
        "page": {"id": "p", "name": "Cloud Factory", "url": "https://status.cloudfactory.example"},
        "status": {"indicator": indicator, "description": "All Systems Operational"},
        "components": list(components),
        "incidents": [],
        "scheduled_maintenances": [],
        **more,
    }


def read(document: Any) -> StatusReport:
    return read_summary(json.dumps(document).encode(), URL, NOW)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


# -- The summary


def test_a_summary_becomes_a_report() -> None:
    report = read(
        summary(
            component("Compute"),
            component("Managed Databases", "degraded_performance"),
            indicator="minor",
            incidents=[incident("Managed Databases")],
        )
    )
    assert report == StatusReport(
        level="DEGRADED",
        summary="All Systems Operational",
        updated_at=NOW,
        url="https://status.cloudfactory.example",
        services=(
            ServiceStatus("compute", "Compute", "OPERATIONAL", NOW - 25 * MINUTE),
            ServiceStatus(
                "databases",
                "Managed Databases",
                "DEGRADED",
                NOW - 25 * MINUTE,
                Incident("Disks are slow", "We are looking.", NOW - 20 * MINUTE),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("status", "level"),
    [
        ("operational", "OPERATIONAL"),
        ("degraded_performance", "DEGRADED"),
        ("partial_outage", "OUTAGE"),
        ("major_outage", "OUTAGE"),
        ("under_maintenance", "MAINTENANCE"),
        ("on_fire", "UNKNOWN"),
        (7, "UNKNOWN"),
    ],
)
def test_the_status_of_a_component_is_a_level(status: Any, level: str) -> None:
    assert read(summary(component("DNS", status))).services[0].level == level


@pytest.mark.parametrize(
    ("indicator", "status", "level"),
    [
        ("none", "operational", "OPERATIONAL"),
        ("minor", "operational", "DEGRADED"),
        ("minor", "major_outage", "DEGRADED"),
        ("major", "operational", "OUTAGE"),
        ("critical", "operational", "OUTAGE"),
        ("maintenance", "under_maintenance", "MAINTENANCE"),
        ("none", "major_outage", "OUTAGE"),
        ("none", "on_fire", "OPERATIONAL"),
        ("purple", "degraded_performance", "DEGRADED"),
        (None, "operational", "OPERATIONAL"),
    ],
)
def test_the_level_is_what_the_page_says_unless_a_service_contradicts(indicator: Any, status: str, level: str) -> None:
    report = read(summary(component("DNS", status), indicator=indicator))
    assert report.level == level


def test_words_of_the_page_that_a_service_contradicts_are_not_repeated() -> None:
    assert read(summary(component("DNS"))).summary == "All Systems Operational"
    assert read(summary(component("DNS", "major_outage"))).summary == "Some services are out of order."


def test_groups_are_no_services_and_tell_equal_names_apart() -> None:
    report = read(
        summary(
            {"id": "eu", "name": "Europe", "group": True, "status": "operational"},
            {"id": "us", "name": "America", "group": True, "status": "operational"},
            component("Compute", id="1", group_id="eu"),
            component("Compute", id="2", group_id="us"),
            component("Billing", group_id="eu"),
            component("DNS"),
            component("DNS", id="3"),
        )
    )
    assert [(service.key, service.name) for service in report.services] == [
        ("europe-compute", "Europe Compute"),
        ("america-compute", "America Compute"),
        ("billing", "Billing"),
        ("dns", "DNS"),
        ("dns-2", "DNS"),
    ]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Object Storage", "object-storage"),
        ("Console and API", "console"),
        ("Managed Databases", "databases"),
        (" Über–Netz (v2) ", "uber-netz-v2"),
        ("网络", ""),
    ],
)
def test_the_key_of_a_service(name: str, key: str) -> None:
    assert key_of(name) == key


def test_a_service_without_latin_letters_has_a_key() -> None:
    report = read(summary(component("网络"), component("数据库")))
    assert [service.key for service in report.services] == ["service", "service-2"]


@pytest.mark.parametrize("status", ["resolved", "postmortem", "completed", "scheduled"])
def test_what_is_over_or_to_come_is_no_incident(status: str) -> None:
    report = read(summary(component("DNS"), incidents=[incident("DNS", status=status)]))
    assert report.services[0].incident is None


def test_the_incident_of_a_service_is_the_one_with_the_latest_news() -> None:
    later = incident(name="Newer", status="monitoring", components=[], incident_updates=[
        {"body": "", "created_at": "2026-11-24T14:20:00Z", "affected_components": [{"code": "id-DNS", "name": "DNS"}]},
        {"body": "First.", "created_at": "2026-11-24T14:11:00Z"},
    ])  # fmt: skip
    works = incident("DNS", name="Works", status="in_progress")
    report = read(summary(component("DNS"), incidents=[incident("DNS"), later], scheduled_maintenances=[works]))
    assert report.services[0].incident == Incident("Newer", "First.", NOW - 10 * MINUTE)


@pytest.mark.parametrize(
    "time", ["", "yesterday", 5, None, "2026-11-24T14:05:00", "0001-01-01T00:00:00+23:00", "9999-99-99T00:00:00Z"]
)
def test_a_time_that_makes_no_sense_is_none(time: Any) -> None:
    assert read(summary(component("DNS", updated_at=time))).services[0].since is None


def test_nothing_is_later_than_now() -> None:
    assert read(summary(component("DNS", updated_at="2040-01-01T00:00:00Z"))).services[0].since == NOW


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("<b>Slow</b> &amp; late<br>Soon", "Slow & late\nSoon"),
        ("<script>alert(1)</script>Fine", "Fine"),
        ("<img src=x onerror=alert(1)>", ""),
        ("latency < 5 ms", "latency < 5 ms"),
        ("a\0b\u202ec\td", "ab c d"),
        ("<<b>b>x", "<b>x"),
        (["list"], ""),
        (None, ""),
        ("x" * 60, "x" * 49 + "…"),
    ],
)
def test_text_of_a_page_is_plain(written: Any, text: str) -> None:
    assert plain(written, 50) == text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>Not found</html>",
        b"[]",
        b"null",
        b'{"status": {}}',
        b'{"status": [], "components": []}',
        b'{"status": {}, "components": {}}',
        b'{"a":' * 100_000,
        b"[" * 500_000,
        b'"\xff\xfe"',
        b'{"status": {}, "components": [], "more": "' + b"x" * MAX_BYTES + b'"}',
    ],
)
def test_what_is_no_summary_is_refused(content: bytes) -> None:
    with pytest.raises(BadSummary):
        read_summary(content, URL, NOW)


def test_wrong_types_cost_only_what_has_them() -> None:
    report = read(
        summary(
            7,
            {"name": ["DNS"]},
            {"name": "", "status": "major_outage"},
            component("DNS", id={"a": 1}, group_id=[], updated_at={}),
            indicator=["none"],
            page="page",
            incidents=[3, {"name": 5}, incident(components="DNS", incident_updates={"body": "x"})],
            scheduled_maintenances="none",
        )
    )
    assert report.services == (ServiceStatus("dns", "DNS", "OPERATIONAL"),)
    assert report.url == URL


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "http://status.example.org",
        "https://a:b@status.example.org",
        "https://[",
        "https:///x",
        5,
    ],
)
def test_the_address_of_the_page_is_a_sound_one(url: Any) -> None:
    assert read(summary(page={"url": url})).url == URL


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=20)
    | st.sampled_from(["DNS", "none", "resolved"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "name", "status", "group", "updated_at", "body", "components", "incident_updates"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=200, deadline=None)
@given(st.fixed_dictionaries({}, optional={
    "page": anything,
    "status": st.dictionaries(st.sampled_from(["indicator", "description"]), anything) | anything,
    "components": st.lists(anything, max_size=5) | anything,
    "incidents": st.lists(anything, max_size=3),
    "scheduled_maintenances": anything,
}))  # fmt: skip
def test_whatever_a_page_answers_is_a_report_or_refused(document: dict[str, Any]) -> None:
    try:
        report = read(document)
    except BadSummary:
        return
    assert report.level in ("OPERATIONAL", "DEGRADED", "OUTAGE", "MAINTENANCE", "UNKNOWN")
    keys = [service.key for service in report.services]
    assert len(set(keys)) == len(keys)
    assert words.about_all(report, NOW)
    for service in report.services:
        assert words.about_service(service, report, NOW)


# -- The last answer


def test_the_last_answer_holds_for_ten_minutes() -> None:
    report = read(summary(component("DNS", "major_outage"), incidents=[incident("DNS")], indicator="major"))
    assert trusted(report, URL, NOW + TRUSTED_FOR) is report
    late = trusted(report, URL, NOW + TRUSTED_FOR + MINUTE)
    assert (late.level, late.updated_at, late.url) == ("UNKNOWN", NOW, report.url)
    assert late.services == (ServiceStatus("dns", "DNS", "UNKNOWN"),)


def test_a_source_that_never_answered_is_unknown() -> None:
    report = trusted(None, URL, NOW)
    assert (report.level, report.updated_at, report.url, report.services) == ("UNKNOWN", None, URL, ())


# -- Addresses


@pytest.mark.parametrize(
    ("url", "port", "target", "page"),
    [
        ("https://status.example.com", 443, "/api/v2/summary.json", "https://status.example.com/"),
        ("https://Status.example.com/", 443, "/api/v2/summary.json", "https://status.example.com/"),
        ("https://status.example.com:8443/x.json?a=b", 8443, "/x.json?a=b", "https://status.example.com:8443/"),
    ],
)
def test_an_address_is_a_page_or_its_summary(url: str, port: int, target: str, page: str) -> None:
    address = checked_address(url)
    assert (address.port, address.target, address.page) == (port, target, page)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "status.example.com",
        "http://status.example.com/",
        "ftp://status.example.com/",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@status.example.com/",
        "https://secret@status.example.com/",
        "https://status.example.com:many/",
        "https://status.example.com/a b",
        "https://status.example.com/\r\nX: y",
        "https://stätus.example.com/",
        "https://status.example.com\\@10.0.0.1/",
        "https://[::1/",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
    ],
)
def test_an_address_that_cannot_be_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(ValueError, match=r"^STATUS_URL: ") as fault:
        checked_address(url)
    assert "secret" not in str(fault.value)


def test_a_local_set_up_may_use_http_and_private_addresses() -> None:
    assert checked_address("http://127.0.0.1:8080/", allow_private=True).page == "http://127.0.0.1:8080/"
    assert checked_address("http://[::1]/", allow_private=True).netloc == "[::1]"
    with pytest.raises(ValueError, match="password"):
        checked_address("http://a:b@127.0.0.1/", allow_private=True)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("::ffff:93.184.215.14", True),
        ("0.0.0.0", False),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::5db8:d70e", True),
        ("2002:a00:1::1", False),
        ("2001:db8::1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


# -- Fetching


def fetched(behaviour: Behaviour, seconds: float = 10, limit: int = LIMIT) -> bytes:
    with serving(behaviour) as double:
        return fetch(checked_address(double.url, allow_private=True), limit, seconds)


def test_an_answer_is_fetched() -> None:
    with serving(answering(b"{}")) as double:
        assert fetch(checked_address(double.url, allow_private=True), LIMIT) == b"{}"
        (request,) = double.requests
    assert request.startswith("GET /api/v2/summary.json HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{double.port}\r\n" in request


def test_an_answer_may_come_in_pieces_and_without_a_length() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n1\r\n \r\n0\r\n\r\n"
    assert fetched(lambda connection: connection.sendall(chunked)) == b"{} "
    assert fetched(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")) == b"{}"
    assert fetched(answering(b"x" * LIMIT)) == b"x" * LIMIT


def trickling(first: bytes, drop: bytes, count: int = 3_000) -> Behaviour:
    """`count` drops, one every 10 ms, which is in time for any single wait."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(first)
        pause = threading.Event()
        for _ in range(count):
            connection.sendall(drop)
            pause.wait(0.01)

    return behave


@pytest.mark.parametrize(
    "behaviour",
    [
        trickling(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        trickling(b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n", b" "),
        trickling(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["header", "body", "continue"],
)
def test_an_answer_that_trickles_ends_in_time(behaviour: Behaviour) -> None:
    with pytest.raises(FetchFailed, match="in time"):
        fetched(behaviour, seconds=0.2)


def test_a_page_that_says_nothing_ends_in_time() -> None:
    with serving(lambda connection: None) as double:
        double.behaviour = lambda connection: double.stopping.wait()
        with pytest.raises(FetchFailed, match="in time"):
            fetch(checked_address(double.url, allow_private=True), LIMIT, 0.2)


def test_a_page_that_is_away(free_port: int) -> None:
    with pytest.raises(FetchFailed, match="reached"):
        fetch(checked_address(f"http://127.0.0.1:{free_port}/", allow_private=True), LIMIT)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_redirect_is_not_followed(status: str) -> None:
    with serving(answering(b"{}")) as other:
        with pytest.raises(FetchFailed, match="redirects"):
            fetched(answering(b"", status, f"Location: {other.url}"))
        assert other.requests == []


def test_an_answer_that_is_too_large_is_refused() -> None:
    with pytest.raises(FetchFailed, match="larger"):
        fetched(answering(b"x" * (LIMIT + 1)))
    endless = trickling(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * LIMIT)
    with pytest.raises(FetchFailed, match="larger"):
        fetched(endless)


@pytest.mark.parametrize(
    "behaviour",
    [
        answering(b"{}", "500 Oops"),
        answering(b"", "204 No Content"),
        lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"),
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000),
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n{}"),
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"),
        lambda connection: None,
    ],
    ids=["500", "204", "no HTTP", "long header", "many headers", "bad chunk", "closed"],
)
def test_an_answer_that_is_none(behaviour: Behaviour) -> None:
    with pytest.raises(FetchFailed):
        fetched(behaviour)


def leading_to(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    return lambda host, port: addresses


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["127.0.0.1", "::1"], ["::ffff:192.168.0.1"], []])
def test_a_name_that_leads_to_a_private_address_is_not_connected(addresses: list[str]) -> None:
    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        raise AssertionError(f"connected to {address}")

    with pytest.raises(FetchFailed, match="its name leads"):
        fetch(checked_address(URL), LIMIT, resolve=leading_to(*addresses), connect=connect)


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    answers = iter([["10.0.0.1", "93.184.215.14"], ["127.0.0.1"]])
    connected = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    with pytest.raises(FetchFailed):
        fetch(checked_address(URL), LIMIT, resolve=lambda host, port: next(answers), connect=connect)
    assert connected == [("93.184.215.14", 443)]


def test_a_second_address_is_tried_where_the_first_does_not_answer() -> None:
    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        if address[0] == "127.0.0.9":
            raise ConnectionRefusedError
        return socket.create_connection(address, timeout)

    with serving(answering(b"{}")) as double:
        address = Address("http", "status.test", double.port, "/", private=True)
        found = leading_to("127.0.0.9", "127.0.0.1")
        assert fetch(address, LIMIT, resolve=found, connect=connect) == b"{}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of status.test, which signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "status.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("status.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "status.pem"
    pem, plain_pem = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain_pem) + made.public_bytes(pem))
    return path


def over_tls(host: str, certificate: Path, trusts: bool = True) -> bytes:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate)
    with serving(answering(b"{}"), server) as double:
        address = Address("https", host, double.port, "/", private=True)
        return fetch(
            address,
            LIMIT,
            10,
            resolve=leading_to("127.0.0.1"),
            trust=lambda: ssl.create_default_context(cafile=str(certificate) if trusts else None),
        )


def test_the_certificate_is_checked_for_the_name(certificate: Path) -> None:
    assert over_tls("status.test", certificate) == b"{}"
    with pytest.raises(FetchFailed, match="CERTIFICATE_VERIFY_FAILED"):
        over_tls("other.test", certificate)
    with pytest.raises(FetchFailed, match="CERTIFICATE_VERIFY_FAILED"):
        over_tls("status.test", certificate, trusts=False)


# -- The page as a source


def page(clock: Clock, *contents: dict[str, Any] | Exception, patience: float = 10) -> tuple[StatusPage, list[int]]:
    """A source over these answers, the last one again and again, and the count of its fetches."""
    fetches: list[int] = []

    def answer() -> bytes:
        content = contents[min(len(fetches), len(contents) - 1)]
        fetches.append(len(fetches))
        if isinstance(content, Exception):
            raise content
        return json.dumps(content).encode()

    return StatusPage(URL, answer, clock, patience), fetches


WELL, ILL = summary(component("DNS")), summary(component("DNS", "partial_outage"), indicator="major")
AWAY = FetchFailed("away")


def test_an_answer_is_kept_for_thirty_seconds() -> None:
    clock = Clock()
    source, fetches = page(clock, WELL, ILL)
    assert source.report().level == "OPERATIONAL"
    clock.now += timedelta(seconds=29)
    assert source.report().level == "OPERATIONAL"
    assert len(fetches) == 1
    clock.now += timedelta(seconds=1)
    report = source.report()
    assert (report.level, report.updated_at) == ("OUTAGE", clock.now)


@pytest.mark.parametrize("fault", [AWAY, RuntimeError("unforeseen"), RecursionError(), MemoryError()])
def test_a_page_that_is_away_leaves_its_last_answer_for_ten_minutes(fault: Exception) -> None:
    clock = Clock()
    source, _ = page(clock, ILL, fault)
    assert source.report().level == "OUTAGE"
    clock.now += TRUSTED_FOR
    report = source.report()
    assert (report.level, report.updated_at) == ("OUTAGE", NOW)
    clock.now += MINUTE
    report = source.report()
    assert (report.level, report.updated_at) == ("UNKNOWN", NOW)


def test_after_a_failure_the_page_rests_and_is_asked_again() -> None:
    clock = Clock()
    source, fetches = page(clock, AWAY, WELL)
    assert source.report().level == "UNKNOWN"
    clock.now += timedelta(seconds=9)
    assert source.report().level == "UNKNOWN"
    assert len(fetches) == 1
    clock.now += timedelta(seconds=1)
    assert source.report().level == "OPERATIONAL"


def test_a_clock_that_was_set_back_does_not_keep_an_answer() -> None:
    clock = Clock()
    source, fetches = page(clock, WELL)
    source.report()
    clock.now -= timedelta(hours=1)
    source.report()
    assert len(fetches) == 2


def test_a_level_that_stays_has_its_first_time() -> None:
    clock = Clock()
    worse = summary(component("DNS", "major_outage", updated_at="2026-11-24T14:20:00Z"), indicator="major")
    better = summary(component("DNS", updated_at="2026-11-24T14:25:00Z"))
    source, _ = page(clock, ILL, worse, better)
    for since in (25, 25, 5):
        assert source.report().services[0].since == NOW - since * MINUTE
        clock.now += timedelta(seconds=30)


class Gate:
    """A fetch that stands still until it is let through."""

    def __init__(self) -> None:
        self.begun, self.open, self.count = threading.Semaphore(0), threading.Event(), 0

    def __call__(self) -> bytes:
        self.count += 1
        self.begun.release()
        self.open.wait(30)
        return json.dumps(WELL).encode()


def test_one_fetch_is_under_way_and_others_get_the_last_answer() -> None:
    clock, gate = Clock(), Gate()
    source = StatusPage(URL, gate, clock, patience=30)
    gate.open.set()
    source.report()
    gate.begun.acquire()
    gate.open.clear()
    clock.now += MINUTE
    with ThreadPoolExecutor() as pool:
        first = pool.submit(source.report)
        gate.begun.acquire()
        for _ in range(3):
            assert source.report().updated_at == NOW
        assert not first.done()
        gate.open.set()
        assert first.result().updated_at == clock.now
    assert gate.count == 2


def test_without_an_answer_that_holds_all_wait_for_one_fetch() -> None:
    gate = Gate()
    source = StatusPage(URL, gate, Clock(), patience=30)
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(source.report) for _ in range(4)]
        gate.begun.acquire()
        assert not any(one.done() for one in waiting)
        gate.open.set()
        assert {one.result().level for one in waiting} == {"OPERATIONAL"}
    assert gate.count == 1


def test_a_fetch_that_takes_too_long_goes_on_by_itself() -> None:
    gate = Gate()
    source = StatusPage(URL, gate, Clock(), patience=0.01)
    assert source.report().level == "UNKNOWN"
    assert source.report().level == "UNKNOWN"
    gate.open.set()
    for thread in threading.enumerate():
        if thread.name == "status-page":
            thread.join()
    assert source.report().level == "OPERATIONAL"
    assert gate.count == 1


def test_a_page_that_lies_is_away() -> None:
    for body, headers in [(b"{", []), (b"{}", ["Content-Length: 900"]), (b"\x1f\x8b", ["Content-Encoding: gzip"])]:
        with serving(answering(body, "200 OK", *headers)) as double:
            address = checked_address(double.url, allow_private=True)
            source = StatusPage(URL, lambda: fetch(address, LIMIT), Clock())  # noqa: B023
            assert source.report().level == "UNKNOWN"
            assert len(double.requests) == 1


GREEN = """
import sys, threading
from shared.service.patch import patch
patch()
import ssl, eventlet
from datetime import UTC, datetime
from services.chat.status.fetch import Address, fetch
from services.chat.status.statuspage import StatusPage

ticks = 0
def tick():
    global ticks
    while True:
        ticks += 1
        eventlet.sleep(0.001)
eventlet.spawn(tick)

scheme, port, trusted, seconds = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
address = Address(scheme, "status.test", port, "/", private=True)
def get():
    return fetch(address, 4096, seconds, lambda host, port: ["127.0.0.1"],
                 trust=lambda: ssl.create_default_context(cafile=trusted))
source = StatusPage("", get, lambda: datetime.now(UTC), patience=30)
print(source.report().level, "ticking" if ticks > 10 else ticks)
"""


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(("says", "seconds", "level"), [("well", 20, "OPERATIONAL"), ("nothing", 0.2, "UNKNOWN")])
def test_it_waits_cooperatively_under_eventlet(
    certificate: Path, scheme: str, says: str, seconds: float, level: str
) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate)
    with serving(lambda connection: None, server if scheme == "https" else None) as double:

        def late(connection: socket.socket) -> None:
            double.stopping.wait(0.3 if says == "well" else None)
            answering(json.dumps(WELL).encode())(connection)

        double.behaviour = late
        done = subprocess.run(
            [sys.executable, "-c", GREEN, scheme, str(double.port), str(certificate), str(seconds)],
            cwd=ROOT,
            capture_output=True,
            timeout=60,
            text=True,
        )
    assert done.stdout.splitlines()[-1:] == [f"{level} ticking"], done.stderr


# -- The file


def test_the_file_that_comes_with_the_service_says_that_all_is_well() -> None:
    report = StatusFile(DEFAULT_FILE, "", Clock()).report()
    assert (report.level, report.updated_at) == ("OPERATIONAL", NOW)
    assert [service.key for service in report.services] == [
        *("compute", "databases", "object-storage", "networking", "kubernetes", "dns", "console", "billing"),
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "status.json").write_text(json.dumps(WELL))
    return tmp_path / "status.json"


def test_a_file_is_read_again_when_it_has_changed(path: Path) -> None:
    clock = Clock()
    source = StatusFile(path, URL, clock)
    assert source.report().level == "OPERATIONAL"
    set_status(path, "dns", "outage", None, NOW)
    clock.now += MINUTE
    report = source.report()
    assert (report.level, report.updated_at) == ("OUTAGE", clock.now)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_text("{"), lambda path: path.write_text("[]")])
def test_a_file_that_is_gone_or_spoilt_leaves_what_it_said(path: Path, spoil: Callable[[Path], Any]) -> None:
    clock = Clock()
    source = StatusFile(path, URL, clock)
    source.report()
    spoil(path)
    clock.now += TRUSTED_FOR
    assert (source.report().level, source.report().updated_at) == ("OPERATIONAL", NOW)
    clock.now += MINUTE
    assert (source.report().level, source.report().updated_at) == ("UNKNOWN", NOW)
    path.write_text(json.dumps(ILL))
    assert source.report().level == "OUTAGE"


def test_a_file_that_never_was_is_unknown(tmp_path: Path) -> None:
    report = StatusFile(tmp_path / "none.json", URL, Clock()).report()
    assert (report.level, report.updated_at, report.url) == ("UNKNOWN", None, URL)


# -- Changing it


def shipped() -> dict[str, Any]:
    return json.loads(DEFAULT_FILE.read_bytes())


def after(*changes: tuple[str, str, str | None, int]) -> tuple[StatusReport, dict[str, Any]]:
    """The report and the document after (service, level, text, minute) one after the other."""
    document = shipped()
    for service, level, text, minute in changes:
        document = changed(document, service, level, text, NOW + minute * MINUTE)
    end = NOW + timedelta(days=1)
    return read_summary(json.dumps(document).encode(), URL, end), document


def one(report: StatusReport, key: str) -> ServiceStatus:
    return next(service for service in report.services if service.key == key)


def test_a_change_without_a_text_moves_the_level_only() -> None:
    report, document = after(("compute", "degraded", None, 0))
    assert one(report, "compute") == ServiceStatus("compute", "Compute", "DEGRADED", NOW)
    assert (report.level, report.summary) == ("DEGRADED", "Some services are degraded.")
    assert document["incidents"] == []


def test_a_text_opens_an_incident_and_is_news_of_it_later() -> None:
    report, document = after(
        ("databases", "outage", "Disks failed.", 0), ("Managed Databases", "outage", "Half up.", 9)
    )
    assert one(report, "databases") == ServiceStatus(
        "databases",
        "Managed Databases",
        "OUTAGE",
        NOW,
        Incident("Managed Databases is out of order", "Half up.", NOW + 9 * MINUTE),
    )
    assert len(document["incidents"]) == 1


def test_since_moves_with_the_level_only() -> None:
    changes = [("dns", "outage", "A", 0), ("dns", "outage", "B", 5), ("dns", "degraded", None, 7)]
    assert one(after(*changes[:2])[0], "dns").since == NOW
    report, _ = after(*changes)
    assert one(report, "dns").since == NOW + 7 * MINUTE
    assert one(report, "dns").incident is not None


def test_operational_ends_the_incident() -> None:
    report, document = after(("dns", "outage", "A", 0), ("dns", "operational", "Fixed.", 5))
    assert one(report, "dns") == ServiceStatus("dns", "DNS", "OPERATIONAL", NOW + 5 * MINUTE)
    assert report.level == "OPERATIONAL"
    (ended,) = document["incidents"]
    assert (ended["status"], ended["incident_updates"][0]["body"]) == ("resolved", "Fixed.")
    again, _ = after(("dns", "outage", "A", 0), ("dns", "operational", None, 5), ("dns", "outage", "B", 9))
    assert one(again, "dns").incident == Incident("DNS is out of order", "B", NOW + 9 * MINUTE)


def test_an_incident_of_several_services_ends_with_the_last() -> None:
    document = shipped() | {"incidents": [incident(components=[{"id": "dns"}, {"id": "compute"}])]}
    first = changed(document, "dns", "operational", None, NOW)
    assert first["incidents"][0]["status"] == "investigating"
    assert first["incidents"][0]["components"] == [{"id": "compute"}]
    second = changed(first, "compute", "operational", None, NOW)
    assert second["incidents"][0]["status"] == "resolved"


def test_maintenance_is_no_incident_and_one_ends_the_other() -> None:
    report, document = after(("dns", "maintenance", "New servers.", 0))
    assert (report.level, one(report, "dns").level) == ("MAINTENANCE", "MAINTENANCE")
    assert document["incidents"] == []
    assert document["scheduled_maintenances"][0]["status"] == "in_progress"
    report, document = after(("dns", "maintenance", "New servers.", 0), ("dns", "outage", "They are down.", 5))
    assert document["scheduled_maintenances"][0]["status"] == "completed"
    assert one(report, "dns").incident == Incident("DNS is out of order", "They are down.", NOW + 5 * MINUTE)


def test_a_change_leaves_the_document_it_was_given_and_what_it_does_not_know() -> None:
    document = shipped() | {"custom": [1]}
    before = json.dumps(document)
    assert changed(document, "dns", "outage", "A", NOW)["custom"] == [1]
    assert json.dumps(document) == before


def test_what_is_over_does_not_pile_up() -> None:
    document = shipped()
    for number in range(MAX_OVER + 5):
        document = changed(document, "dns", "outage", f"Number {number}", NOW + number * MINUTE)
        document = changed(document, "dns", "operational", None, NOW + number * MINUTE)
    assert len(document["incidents"]) == MAX_OVER
    assert document["incidents"][0]["incident_updates"][-1]["body"] == f"Number {MAX_OVER + 4}"
    assert len({entry["id"] for entry in document["incidents"]}) == MAX_OVER


@pytest.mark.parametrize(
    ("service", "level", "text", "named"),
    [
        ("mainframe", "outage", None, "compute, databases, object-storage"),
        ("", "outage", None, "billing"),
        ("dns", "broken", None, "operational, degraded, outage, maintenance"),
        ("dns", "outage", "", "1 to 1000"),
        ("dns", "outage", "x" * 1001, "1 to 1000"),
    ],
)
def test_a_change_that_cannot_be_names_what_there_is(
    path: Path, service: str, level: str, text: str | None, named: str
) -> None:
    path.write_bytes(DEFAULT_FILE.read_bytes())
    with pytest.raises(ValueError, match=named):
        set_status(path, service, level, text, NOW)
    assert path.read_bytes() == DEFAULT_FILE.read_bytes()


def test_a_file_that_is_not_there_yet_begins_as_the_one_that_comes_along(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    report = set_status(path, "billing", "degraded", None, NOW)
    assert report.level == "DEGRADED"
    assert [entry.name for entry in tmp_path.iterdir()] == ["status.json"]
    assert path.stat().st_mode & 0o777 == 0o644
    assert [service.key for service in StatusFile(path, URL, Clock()).report().services][-1] == "billing"


def test_a_spoilt_file_is_not_overwritten(path: Path) -> None:
    path.write_text("{")
    with pytest.raises(BadSummary):
        set_status(path, "dns", "outage", None, NOW)
    assert path.read_text() == "{"


def test_the_rights_of_a_file_stay(path: Path) -> None:
    path.chmod(0o640)
    set_status(path, "dns", "outage", None, NOW)
    assert path.stat().st_mode & 0o777 == 0o640


def test_changes_at_once_are_all_kept_and_nobody_reads_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    path.write_bytes(DEFAULT_FILE.read_bytes())
    keys = [service.key for service in StatusFile(path, URL, Clock()).report().services]
    levels = set()
    with ThreadPoolExecutor(len(keys)) as pool:
        writing = [pool.submit(set_status, path, key, "outage", f"About {key}", NOW) for key in keys]
        while not all(one.done() for one in writing):
            levels.add(StatusFile(path, URL, Clock()).report().level)
        for one_done in writing:
            one_done.result()
    report = StatusFile(path, URL, Clock()).report()
    assert all(service.incident is not None for service in report.services)
    assert levels <= {"OPERATIONAL", "OUTAGE"}


# -- Words


def report_of(*services: ServiceStatus, level: str = "OUTAGE", at: datetime | None = NOW) -> StatusReport:
    return StatusReport(level, "Some trouble", at, URL, services)


BROKEN = ServiceStatus(
    "databases", "Managed Databases", "OUTAGE", NOW - 85 * MINUTE, Incident("Disks", "We change them.", NOW - MINUTE)
)
FINE = ServiceStatus("dns", "DNS", "OPERATIONAL", NOW)


def test_words_about_a_service() -> None:
    report = report_of(BROKEN, FINE)
    assert words.about_service(BROKEN, report, NOW) == (
        "**Managed Databases** has been out of order since 13:05 UTC (1 hour).\n\n"
        "**Disks**: We change them. (Updated 1 minute ago.)"
    )
    assert words.about_service(FINE, report, NOW) == "**DNS** works normally."
    in_berlin = words.about_service(BROKEN, report, NOW, ZoneInfo("Europe/Berlin"))
    assert "since 14:05 Europe/Berlin (1 hour)" in in_berlin


@pytest.mark.parametrize(
    ("service", "sentence"),
    [
        (ServiceStatus("dns", "DNS", "DEGRADED"), "**DNS** is degraded."),
        (
            ServiceStatus("dns", "DNS", "MAINTENANCE", NOW - timedelta(days=2)),
            "**DNS** has been under maintenance since 22 November, 14:30 UTC (2 days).",
        ),
        (
            ServiceStatus("dns", "DNS", "DEGRADED", NOW - timedelta(days=400)),
            "**DNS** has been degraded since 20 October 2025, 14:30 UTC (400 days).",
        ),
        (ServiceStatus("dns", "DNS", "UNKNOWN"), "I cannot tell how **DNS** is at the moment."),
    ],
)
def test_words_about_each_level(service: ServiceStatus, sentence: str) -> None:
    assert words.about_service(service, report_of(service), NOW) == sentence


def test_words_about_all() -> None:
    assert words.about_all(report_of(FINE, level="OPERATIONAL"), NOW) == "All services work normally."
    limping = ServiceStatus("compute", "Compute", "DEGRADED")
    assert words.about_all(report_of(limping, FINE, BROKEN), NOW) == (
        "2 services do not work as usual:\n\n"
        "- **Managed Databases** has been out of order since 13:05 UTC (1 hour). "
        "**Disks**: We change them. (Updated 1 minute ago.)\n"
        "- **Compute** is degraded.\n\n"
        "Everything else works normally."
    )
    assert "Some trouble" in words.about_all(report_of(FINE), NOW)


def test_words_say_how_old_an_answer_is() -> None:
    late = NOW + 5 * MINUTE
    assert words.about_all(report_of(FINE, level="OPERATIONAL"), late).endswith(
        "This is what the status page said 5 minutes ago; it does not answer at the moment."
    )
    assert words.about_all(report_of(level="UNKNOWN"), late).endswith("it last did 5 minutes ago.")
    assert words.about_all(report_of(level="UNKNOWN", at=None), late).endswith("The status page does not answer.")


def test_what_others_wrote_does_nothing_in_markdown() -> None:
    evil = "<img src=x onerror=alert(1)> [a](javascript:alert(1)) ![b](//x) `c` **d** <http://x.test> &lt;b&gt;\n- e"
    service = ServiceStatus("dns", evil, "OUTAGE", None, Incident(evil, evil, NOW))
    renderer = MarkdownIt("commonmark")
    for text in (
        words.about_service(service, report_of(service), NOW),
        words.about_all(report_of(service), NOW),
        words.about_all(StatusReport("OUTAGE", evil, NOW, URL), NOW),
    ):
        shown = renderer.render(text)
        assert not [tag for tag in ("<img", "<a ", "<code", "<script") if tag in shown]
        assert "&lt;img src=x onerror=alert(1)&gt; [a](javascript:alert(1)) ![b](//x) `c` **d**" in shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "less than a minute"), (-5, "less than a minute"), (60, "1 minute"), (3599, "59 minutes"), (7200, "2 hours")],
)
def test_a_duration_in_words(seconds: int, text: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == text


SHIPPED = read_summary(DEFAULT_FILE.read_bytes(), URL, NOW)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Is Compute down?", "compute"),
        ("my VM does not boot", "compute"),
        ("all of our virtual machines are gone", "compute"),
        ("Postgres is slow", "databases"),
        ("managed databases", "databases"),
        ("the database server", "databases"),
        ("cannot write to my S3 bucket", "object-storage"),
        ("object-storage", "object-storage"),
        ("object storage API", "object-storage"),
        ("the load balancer returns 502", "networking"),
        ("K8s?", "kubernetes"),
        ("the Kubernetes API", "kubernetes"),
        ("nameservers", "dns"),
        ("DNS!", "dns"),
        ("I cannot log in", "console"),
        ("Is the API up", "console"),
        ("where are my invoices", "billing"),
        ("hello", None),
        ("", None),
        ("a class of dbx", None),
        ("🔥" * 100, None),
    ],
)
def test_a_service_is_found_in_what_a_customer_says(text: str, key: str | None) -> None:
    found = words.find_service(SHIPPED, text)
    assert (found.key if found else None) == key


def test_services_that_are_called_otherwise_are_found_too() -> None:
    report = report_of(
        ServiceStatus("virtual-machines", "Virtual Machines", "OPERATIONAL"),
        ServiceStatus("europe-object-storage", "Europe Object Storage", "OPERATIONAL"),
        ServiceStatus("america-object-storage", "America Object Storage", "OUTAGE"),
        ServiceStatus("mail", "Mail", "OPERATIONAL"),
    )
    expected: Mapping[str, str] = {
        "my vm": "virtual-machines",
        "s3": "america-object-storage",
        "europe object storage": "europe-object-storage",
        "mails": "mail",
    }
    for text, key in expected.items():
        found = words.find_service(report, text)
        assert found is not None
        assert found.key == key
