"""What the KurrentDB adapter works out without a server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.events.store.kurrentdb import KurrentDBEventStore, stream_pattern, with_defaults


def test_a_uri_gets_keep_alive_and_bounded_discovery() -> None:
    assert with_defaults("kurrentdb://admin:p%40ss@one:2113,two:2113").startswith(
        "kurrentdb://admin:p%40ss@one:2113,two:2113?KeepAliveInterval="
    )
    assert "MaxDiscoverAttempts=1" in with_defaults("kurrentdb+discover://cluster?Tls=false")


def test_what_a_uri_says_itself_stays() -> None:
    uri = with_defaults("kurrentdb://one?tls=false&keepaliveinterval=5000&GossipTimeout=9")
    assert uri.startswith("kurrentdb://one?tls=false&keepaliveinterval=5000&GossipTimeout=9&")
    assert uri.lower().count("keepaliveinterval") == uri.lower().count("gossiptimeout") == 1


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("postgresql://localhost/events", "scheme"),
        ("kurrentdb://?Tls=false", "target"),
        ("kurrentdb://localhost", "password"),
        ("kurrentdb://localhost?Tls=false&Colour=blue", "COLOUR"),
    ],
)
def test_a_bad_uri_is_refused_at_once(uri: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        KurrentDBEventStore(uri)


@pytest.mark.parametrize(
    ("categories", "stream", "wanted"),
    [
        (["ticket"], "ticket-1", True),
        (["ticket"], "ticket_note-1", False),
        (["ticket"], "my_ticket-1", False),
        (["ticket", "ticket_note"], "ticket_note-1", True),
        (["ticket"], "$$ticket-1", False),
        (None, "ticket-1", True),
        (None, "$stats-127.0.0.1:2113", False),
        (None, "$$ticket-1", False),
        (None, "Account-1", False),
        ([], "ticket-1", False),
        ([], "-1", False),
    ],
)
def test_the_filter_takes_whole_categories_and_no_system_streams(
    categories: list[str] | None, stream: str, wanted: bool
) -> None:
    # anchored as the client sends it
    assert (re.search(f"^{stream_pattern(categories)}$", stream) is not None) is wanted


def test_patching_after_the_import_is_refused_instead_of_hanging() -> None:
    script = (
        "from shared.events.store.kurrentdb import KurrentDBEventStore\n"
        "import eventlet\n"
        "eventlet.monkey_patch()\n"
        "KurrentDBEventStore('kurrentdb://localhost?Tls=false')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert run.returncode == 1
    assert "patch first" in run.stderr


def test_a_plain_process_does_not_import_eventlet() -> None:
    script = "import sys, shared.events.store.kurrentdb; sys.exit('eventlet' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], timeout=60, cwd=Path(__file__).parents[3], check=False)
    assert run.returncode == 0
