"""The supervisor that keeps the processes of one copy alive: its configuration and the calls to it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import Faults, SupervisorTransport  # type: ignore[import-untyped]

from deploy.local import folders
from deploy.local.leftovers import MARK
from deploy.local.programs import Program
from deploy.local.settings import PROJECT, LocalError, Settings, short_hash

# A unix socket's path may have 107 bytes, and the supervisor puts its process id behind it for a moment.
_SOCKET_BYTES = 95

_HEAD = """\
[unix_http_server]
file={socket}
chmod=0600
username=local
password={password}

[supervisord]
logfile={logs}/supervisor.log
logfile_maxbytes=5MB
logfile_backups=2
pidfile={run_dir}/supervisor.pid
directory={run_dir}
{user}minfds=4096
nocleanup=true

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

_PROGRAM = """
[program:{name}]
command={command}
directory={directory}
environment={environment}
{user}autostart={autostart}
autorestart=true
priority={priority}
startsecs=1
startretries=50
stopsignal={stop_signal}
stopwaitsecs={stop_seconds}
killasgroup=true
redirect_stderr=true
stdout_logfile={logs}/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
"""


class Supervisor:
    """Calls to the supervisor of one copy. Raises LocalError when it does not answer."""

    def __init__(self, settings: Settings, password: str) -> None:
        self._settings = settings
        self._password = password
        self._socket = _socket(settings.run_dir)
        self._configuration = settings.run_dir / "supervisor.conf"

    def runs(self) -> bool:
        """Whether it answers."""
        try:
            self._call("getState")
        except LocalError:
            return False
        return True

    def configure(self, servers: Iterable[Program], services: Iterable[Program]) -> None:
        """Write the configuration; servers start with the supervisor, services when they are told to."""
        listed = [(program, True) for program in servers] + [(program, False) for program in services]
        sections = [self._section(program, first, 10 * at) for at, (program, first) in enumerate(listed, 1)]
        user = "user=root\n" if os.geteuid() == 0 else ""
        head = _HEAD.format(
            socket=_plain(self._socket),
            password=self._password,
            logs=_plain(self._settings.logs),
            run_dir=_plain(self._settings.run_dir),
            user=user,
        )
        folders.write_private(self._configuration, head + "".join(sections))

    def start(self) -> None:
        """Start it, or have it take over a changed configuration. Processes whose section changed start anew."""
        if self.runs():
            self._take_over_configuration()
            return
        if self._socket.parent != self._settings.run_dir:
            folders.own_folder(self._socket.parent, 0o700)
        self._socket.unlink(missing_ok=True)
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        done = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", self._configuration],
            env=environment | {MARK: str(self._settings.run_dir)},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if done.returncode:
            raise LocalError(f"The supervisor did not start:\n{done.stdout}{done.stderr}")
        deadline = time.monotonic() + 15
        while not self.runs():
            if time.monotonic() > deadline:
                raise LocalError(f"The supervisor did not answer within 15 s; see {self._settings.logs}/supervisor.log")
            time.sleep(0.1)

    def processes(self) -> dict[str, dict[str, Any]]:
        """Name -> what the supervisor knows: `statename`, `pid`, `start` and `now` (seconds since 1970), …"""
        return {entry["name"]: entry for entry in self._call("getAllProcessInfo")}

    def start_process(self, name: str) -> None:
        """Start a process; no harm when it runs already."""
        self._tolerant("startProcess", name, False, unless=Faults.ALREADY_STARTED)

    def stop_processes(self, names: Iterable[str]) -> None:
        """Stop processes side by side and return when all have stopped; no harm when one is not running."""
        stopping = set(names)
        for name in stopping:
            self._tolerant("stopProcess", name, False, unless=Faults.NOT_RUNNING)
        while any(
            entry["name"] in stopping and entry["statename"] in ("RUNNING", "STARTING", "STOPPING")
            for entry in self._call("getAllProcessInfo")
        ):
            time.sleep(0.1)

    def signal(self, name: str, signal_name: str) -> None:
        """Send a signal such as KILL to a running process. Raises LocalError where it does not run just now."""
        try:
            self._call("signalProcess", name, signal_name)
        except xmlrpc.client.Fault as fault:
            raise LocalError(f"{name}: {fault.faultString}") from fault

    def shut_down(self) -> None:
        """Stop everything, last started first, and the supervisor itself."""
        pid = self._call("getPID")
        self._call("shutdown")
        deadline = time.monotonic() + 150
        while _alive(pid):
            if time.monotonic() > deadline:
                raise LocalError("The supervisor did not stop within 150 s.")
            time.sleep(0.1)

    def forget(self) -> None:
        """Remove what it left outside the run folder."""
        if self._socket.parent != self._settings.run_dir:
            shutil.rmtree(self._socket.parent, ignore_errors=True)

    def _take_over_configuration(self) -> None:
        added, changed, removed = self._call("reloadConfig")[0]
        for name in (*changed, *removed):
            self._call("stopProcessGroup", name)
            self._call("removeProcessGroup", name)
        for name in (*added, *changed):
            self._call("addProcessGroup", name)

    def _section(self, program: Program, autostart: bool, priority: int) -> str:
        return _PROGRAM.format(
            name=program.name,
            command=_plain(shlex.join(program.command)),
            directory=_plain(program.directory),
            environment=",".join(f"{name}={_quoted(name, value)}" for name, value in program.environment.items()),
            user=f"user={program.user}\n" if program.user else "",
            autostart=str(autostart).lower(),
            priority=priority,
            stop_signal=program.stop_signal,
            stop_seconds=program.stop_seconds,
            logs=_plain(self._settings.logs),
        )

    def _tolerant(self, method: str, *arguments: object, unless: int) -> None:
        try:
            self._call(method, *arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != unless:
                raise

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport("local", self._password, f"unix://{self._socket}")
        try:
            with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, xmlrpc.client.ProtocolError) as error:
            raise LocalError("Nothing runs here; `make up` starts it.") from error
        finally:
            transport.close()


def _socket(run_dir: Path) -> Path:
    inside = run_dir / "supervisor.sock"
    if len(os.fsencode(inside)) <= _SOCKET_BYTES:
        return inside
    return Path("/tmp") / f"cloud-factory-support-{os.geteuid()}-{short_hash(run_dir)}" / "sock"  # noqa: S108


def _plain(text: object) -> str:
    # The configuration reads % as the beginning of a variable.
    return str(text).replace("%", "%%")


def _quoted(name: str, value: str) -> str:
    if '"' in value or "\n" in value:
        raise LocalError(f"{name} must not contain quotation marks or line breaks.")
    return f'"{_plain(value)}"'


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
