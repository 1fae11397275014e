"""A private RabbitMQ: one node with its own Erlang port mapper, on this machine's loopback only."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import kombu
from kombu.transport.pyamqp import Transport

from deploy.local import folders
from deploy.local.programs import Program
from deploy.local.settings import LocalError, Settings, server_user

USER = "rabbitmq"
NAME = "support"

_CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{port}
default_vhost = {name}
default_user = {name}
default_pass = {password}
default_permissions.configure = .*
default_permissions.read = .*
default_permissions.write = .*
log.console = true
log.console.level = info
log.file = false
"""


def programs(settings: Settings) -> tuple[Program, ...]:
    """Port mapper and broker as the supervisor runs them, in the order in which they start."""
    home = _home(settings)
    port_mapper = Program(
        "epmd",
        (_binary("epmd"), "-address", "127.0.0.1", "-port", str(settings.ports["EPMD_PORT"])),
        environment={"HOME": str(home)},
        user=server_user(USER),
        directory=home,
    )
    broker = Program(
        "rabbitmq",
        (_server(),),
        environment=_environment(settings),
        user=server_user(USER),
        directory=home,
        stop_seconds=60,
    )
    return port_mapper, broker


def prepare(settings: Settings, secrets: Mapping[str, str]) -> None:
    """Make the node's folders and write its configuration."""
    user = server_user(USER)
    home = folders.owned(_home(settings), user)
    for name in ("mnesia", "log", "schema"):
        folders.owned(home / name, user)
    folders.write_private(
        home / "rabbitmq.conf",
        _CONFIGURATION.format(port=settings.ports["AMQP_PORT"], name=NAME, password=secrets["rabbitmq"]),
        user,
    )
    folders.write_private(home / "enabled_plugins", "[].\n", user)
    folders.write_private(home / "rabbitmq-env.conf", "", user)


def url(settings: Settings, secrets: Mapping[str, str]) -> str:
    """Address of the broker with user and virtual host."""
    return f"amqp://{NAME}:{secrets['rabbitmq']}@127.0.0.1:{settings.ports['AMQP_PORT']}/{NAME}"


def check(settings: Settings, secrets: Mapping[str, str]) -> None:
    """Return when the broker lets the services' user in; raises OSError while it does not."""
    limits = {"read_timeout": 5, "write_timeout": 5}
    try:
        with kombu.Connection(url(settings, secrets), connect_timeout=2, transport_options=limits) as connection:
            connection.ensure_connection(max_retries=0, reraise_as_library_errors=False)
    except (*Transport.connection_errors, *Transport.channel_errors) as error:
        raise ConnectionError(str(error)) from error


def _environment(settings: Settings) -> dict[str, str]:
    home, ports = _home(settings), settings.ports
    return {
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "ERL_EPMD_PORT": str(ports["EPMD_PORT"]),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        # The shell then becomes the Erlang machine, so that the supervisor's signals reach it.
        "RUNNING_UNDER_SYSTEMD": "true",
        "RABBITMQ_CONF_ENV_FILE": str(home / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_SCHEMA_DIR": str(home / "schema"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(home / "schema"),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_NODENAME": f"{NAME}{ports['AMQP_PORT']}@localhost",
        "RABBITMQ_NODE_PORT": str(ports["AMQP_PORT"]),
        "RABBITMQ_DIST_PORT": str(ports["ERLANG_PORT"]),
        # No port mapper of the node's own, the distribution on loopback, and no idle schedulers that spin.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
        ),
    }


def _home(settings: Settings) -> Path:
    return settings.data_dir / "rabbitmq"


def _server() -> str:
    # The distribution's /usr/sbin wrapper changes to its own user and home; this is the server's own script.
    script = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return str(script) if script.exists() else _binary("rabbitmq-server")


def _binary(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")
    if found is None:
        raise LocalError(f"RabbitMQ's {name} is not installed; `make install` installs it.")
    return found
