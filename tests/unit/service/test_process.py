"""Settings, logs and patching: what a process does before it serves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shared.service.settings import SettingsError, checked_amqp_url, read_service_settings

ROOT = Path(__file__).resolve().parents[3]


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=30, text=True)


def test_settings_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQP_URL", "amqp://u:p@host:5672/support")
    monkeypatch.setenv("HEALTH_PORT", "9100")
    settings = read_service_settings("tickets")
    assert (settings.service, settings.amqp_url, settings.health_port) == (
        "tickets",
        "amqp://u:p@host:5672/support",
        9100,
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AMQP_URL", None),
        ("AMQP_URL", "http://host/"),
        ("AMQP_URL", "amqp://"),
        ("HEALTH_PORT", "many"),
        ("HEALTH_PORT", "70000"),
        ("RPC_MAX_COMMANDS", "0"),
        ("ENVIRONMENT", "Production"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_setting_names_its_variable(monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None) -> None:
    monkeypatch.setenv("AMQP_URL", "amqp://u:p@host/")
    if value is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable):
        read_service_settings("tickets")


def test_a_wrong_address_does_not_show_its_password() -> None:
    with pytest.raises(SettingsError) as fault:
        checked_amqp_url("ampq://u:secret@host/")
    assert "secret" not in str(fault.value)


LOGS = """
import logging, structlog
from shared.service.logging import bound, configure, correlation_id
early = logging.getLogger("nameko.containers")
configure("tickets", "INFO")
log = structlog.get_logger("mine")
with bound(correlation_id="c-1", nothing=None):
    log.info("done", ticket_id="t", email="anna@example.com", body="private")
    assert correlation_id() == "c-1"
try:
    1 / 0
except ZeroDivisionError:
    early.exception("worker %s failed", "x")
log.debug("not shown")
logging.getLogger("amqp").debug("not shown")
"""


def test_logs_are_json_lines_with_correlation_and_without_personal_data() -> None:
    ended = run(LOGS)
    assert ended.returncode == 0, ended.stderr
    assert not ended.stdout
    done, failed = [json.loads(line) for line in ended.stderr.splitlines()]
    assert done["timestamp"].endswith("Z")
    assert {key: done[key] for key in ("event", "service", "level", "correlation_id", "ticket_id", "logger")} == {
        "event": "done",
        "service": "tickets",
        "level": "info",
        "correlation_id": "c-1",
        "ticket_id": "t",
        "logger": "mine",
    }
    assert done["email"] == done["body"] == "[removed]"
    assert "nothing" not in done
    assert failed["event"] == "worker x failed"
    assert "ZeroDivisionError" in failed["exception"]
    assert "correlation_id" not in failed


def test_patch_makes_psycopg_cooperative() -> None:
    ended = run(
        "from shared.service.patch import patch, assert_patched, is_patched\n"
        "assert not is_patched(); patch(); import psycopg; assert is_patched(); assert_patched()"
    )
    assert ended.returncode == 0, ended.stderr


def test_patch_refuses_to_come_after_psycopg() -> None:
    ended = run("import psycopg\nfrom shared.service.patch import patch\npatch()")
    assert "psycopg was imported before" in ended.stderr


def test_an_unpatched_process_is_told_so() -> None:
    ended = run("from shared.service.patch import assert_patched\nassert_patched()")
    assert "this process was not patched" in ended.stderr


def test_a_psycopg_that_blocks_is_found() -> None:
    ended = run(
        "import eventlet; eventlet.monkey_patch()\nimport os; os.environ['PSYCOPG_WAIT_FUNC'] = 'wait_select'\n"
        "import psycopg\nfrom shared.service.patch import assert_patched\nassert_patched()"
    )
    assert "psycopg does not wait cooperatively" in ended.stderr
