"""Servers and processes of one copy, started in order and awaited; used by `make up` and by the integration tests."""

from __future__ import annotations

import fcntl
import shutil
import signal as signals
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

from deploy.local import environment, folders, leftovers, postgres, rabbitmq
from deploy.local.programs import MIGRATED, SERVICES, Program, Service
from deploy.local.progress import Step, silent
from deploy.local.settings import PROJECT, LocalError, Settings
from deploy.local.supervisor import Supervisor

START_SECONDS = 90
_NOT_YET = (OSError, psycopg.Error)


class Stack:
    """One copy of the system on this machine. Every wait has a deadline; failures are LocalError with the log's end."""

    def __init__(self, settings: Settings, step: Step = silent) -> None:
        self.settings = settings
        self._step = step
        folders.make(settings)
        self._secrets = folders.passwords(settings)
        self._supervisor = Supervisor(settings, self._secrets["supervisor"])

    def start_servers(self) -> None:
        """Start PostgreSQL and RabbitMQ, make databases and roles, and wait until both let our services in."""
        if not self._supervisor.runs():
            leftovers.end(self.settings.run_dir)
            self._refuse_taken_ports()
        with self._step("Preparing PostgreSQL and RabbitMQ"):
            postgres.prepare(self.settings, self._secrets)
            rabbitmq.prepare(self.settings, self._secrets)
            servers = (*rabbitmq.programs(self.settings), postgres.program(self.settings))
            self._supervisor.configure(servers, [self._program(service) for service in SERVICES])
            self._supervisor.start()
            for program in servers:
                self._supervisor.start_process(program.name)
        with self._step("Starting PostgreSQL"):
            self._wait("postgres", lambda: postgres.check(self.settings, self._secrets))
            postgres.make_databases(self.settings, self._secrets)
        with self._step("Starting RabbitMQ"):
            self._wait("rabbitmq", lambda: rabbitmq.check(self.settings, self._secrets))

    def migrate(self) -> None:
        """Bring the schemas of all services to the newest version. Raises LocalError with what the command said."""
        for package in MIGRATED:
            with self._step(f"Migrating the databases of {package}"):
                self._run(package, self.env_for_migrate(package), "migrate")

    def start_services(self) -> None:
        """Start our processes, anew where they run already, and wait until every health port says ready."""
        names = [service.name for service in SERVICES]
        with self._step("Stopping our processes"):
            self._supervisor.stop_processes(names)
        for name in names:
            self._supervisor.start_process(name)
        for service in SERVICES:
            with self._step(f"Starting {service.name}"):
                self.wait_ready(service.name)

    def fill_content(self) -> None:
        """Bring the starting content into the knowledge base; what an author has touched stays as it is."""
        with self._step("Filling the knowledge base"):
            self._run("knowledge", self.env_for("knowledge"), "import", "services/knowledge/content")

    def env_for(self, package: str) -> dict[str, str]:
        """The environment in which `python -m services.<package> …` reaches this copy's servers."""
        return environment.env_for(self.settings, self._secrets, package)

    def env_for_migrate(self, package: str) -> dict[str, str]:
        """As env_for, with the addresses of the databases' owner."""
        return environment.env_for_migrate(self.settings, self._secrets, package)

    def database_url(self, role: str, database: str) -> str:
        """Address of a database for one of its roles, such as analytics_reader."""
        return postgres.url(self.settings, self._secrets, role, database)

    def amqp_url(self) -> str:
        """Address of the broker."""
        return rabbitmq.url(self.settings, self._secrets)

    def kill(self, name: str, number: signals.Signals = signals.SIGKILL) -> None:
        """Send a signal to a process; the supervisor starts it again when it dies of it."""
        self._supervisor.signal(name, number.name.removeprefix("SIG"))

    def stop_process(self, name: str) -> None:
        """Stop one process in order, and keep it stopped."""
        self._supervisor.stop_processes([name])

    def start_process(self, name: str) -> None:
        """Start one process and wait until it is ready."""
        self._supervisor.start_process(name)
        self.wait_ready(name)

    def restart(self, name: str) -> None:
        """Stop one process in order, start it and wait until it is ready."""
        self.stop_process(name)
        self.start_process(name)

    def pid(self, name: str) -> int:
        """Process id, 0 while the process is not running."""
        return int(self._supervisor.processes()[name]["pid"])

    def wait_ready(self, name: str, seconds: float = START_SECONDS) -> None:
        """Wait until a process does its work. Raises LocalError."""
        self._wait(name, lambda: self.check(name), seconds)

    def check(self, name: str) -> None:
        """Return when a process does its work; raises an error that says what is missing."""
        if name == "postgres":
            postgres.check(self.settings, self._secrets)
        elif name == "rabbitmq":
            rabbitmq.check(self.settings, self._secrets)
        elif name == "epmd":
            socket.create_connection(("127.0.0.1", self.settings.ports["EPMD_PORT"]), timeout=2).close()
        else:
            _check_health(self._port_of(name))

    def processes(self) -> dict[str, dict[str, Any]]:
        """Name -> what the supervisor knows of it. Raises LocalError when nothing runs."""
        return self._supervisor.processes()

    def runs(self) -> bool:
        """Whether there is a supervisor for this copy."""
        return self._supervisor.runs()

    def stop(self) -> None:
        """Stop every process of this copy; returns when none is left."""
        if self._supervisor.runs():
            with self._step("Stopping our processes"):
                self._supervisor.stop_processes(service.name for service in SERVICES)
            with self._step("Stopping PostgreSQL and RabbitMQ"):
                self._supervisor.shut_down()
        leftovers.end(self.settings.run_dir)

    def delete(self) -> None:
        """Stop, and delete all data, files, logs and passwords of this copy."""
        self.stop()
        self._supervisor.forget()
        data, run_dir = self.settings.data_dir, self.settings.run_dir
        if data != run_dir / "data":
            shutil.rmtree(data, ignore_errors=True)
        for entry in run_dir.iterdir():
            # a folder with passwords of its own is another copy, such as the one of the tests in .run/test
            if entry.is_dir() and not entry.is_symlink():
                if not (entry / "secrets.json").exists():
                    shutil.rmtree(entry)
            else:
                entry.unlink()
        if not any(run_dir.iterdir()):
            run_dir.rmdir()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second command on the same copy out. Raises LocalError when one is at work."""
        with (self.settings.run_dir / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LocalError(f"Another command is at work on {self.settings.run_dir}.") from None
            yield

    def _program(self, service: Service) -> Program:
        variables = environment.env_for_service(self.settings, self._secrets, service)
        return Program(service.name, service.command, variables)

    def _port_of(self, name: str) -> int:
        return next(self.settings.ports[service.health_port] for service in SERVICES if service.name == name)

    def _run(self, package: str, env: Mapping[str, str], *command: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", f"services.{package}", *command],
            env=env,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            raise LocalError(
                f"`services.{package} {command[0]}` ended with {done.returncode}:\n{_end(done.stdout + done.stderr)}"
            )

    def _wait(self, name: str, check: Callable[[], None], seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                check()
            except _NOT_YET as error:
                problem = str(error)
            else:
                return
            state = self._supervisor.processes()[name]["statename"]
            if state == "FATAL" or time.monotonic() > deadline:
                said = f"{name} is not ready ({state}): {problem}"
                log = f"The end of {self.settings.logs / name}.log:\n{self._log_end(name)}"
                raise LocalError(f"{said}\n{log}")
            time.sleep(0.1)

    def _log_end(self, name: str) -> str:
        path = self.settings.logs / f"{name}.log"
        if not path.exists():
            return "(no log)"
        with path.open(encoding="utf-8", errors="replace") as file:
            return "".join(deque(file, 25))

    def _refuse_taken_ports(self) -> None:
        taken = [f"{port} ({name})" for name, port in self.settings.all_ports().items() if _taken(port)]
        if taken:
            raise LocalError(
                f"Something else uses port {', '.join(taken)}. "
                "Choose others: GATEWAY_PORT=9000 moves all of them, each variable moves one."
            )


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _check_health(port: int) -> None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=3):
            return
    except urllib.error.HTTPError as error:
        raise OSError(f"{error.code} {error.read(2000).decode(errors='replace')}") from error


def _end(text: str, lines: int = 25) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])


def names(services: Iterable[Service] = SERVICES) -> tuple[str, ...]:
    """Names of all processes of a copy, in the order in which they start."""
    return ("epmd", "rabbitmq", "postgres", *(service.name for service in services))
