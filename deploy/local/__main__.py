"""`python -m deploy.local up | servers | down | status | logs | run | demo | reset`: what `make` calls."""

from __future__ import annotations

import argparse
import os
import sys

import psycopg
from rich.table import Table

from deploy.local import demo
from deploy.local.programs import MIGRATED, SERVICES
from deploy.local.progress import console, shown
from deploy.local.settings import PROJECT, LocalError, Settings, read_settings
from deploy.local.stack import Stack, names


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the process's exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local", description="Cloud Factory Support on this machine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in {
        "up": "start everything, wait until it is ready, fill the demo",
        "servers": "start PostgreSQL and RabbitMQ only",
        "down": "stop everything; data stays",
        "status": "show every process",
        "demo": "fill the demo (again: no harm)",
    }.items():
        commands.add_parser(name, help=text)
    logs = commands.add_parser("logs", help="follow the logs")
    logs.add_argument("process", nargs="*", help="only these processes")
    run = commands.add_parser("run", help="run a service's command on this copy, such as `tickets verify`")
    run.add_argument("package", choices=MIGRATED)
    run.add_argument("arguments", nargs=argparse.REMAINDER)
    reset = commands.add_parser("reset", help="stop everything and delete all data")
    reset.add_argument("--force", action="store_true", help="do not ask")
    given = parser.parse_args(arguments)
    try:
        settings = read_settings()
        return _run(given, settings)
    except LocalError as error:
        console.print(f"[bold red]{type(error).__name__.removesuffix('Error')}:[/] ", end="")
        console.print(str(error), markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(given: argparse.Namespace, settings: Settings) -> int:
    if given.command in ("down", "status", "logs", "run", "reset") and not settings.run_dir.exists():
        console.print(f"Nothing runs: there is no {settings.run_dir}.")
        return 0
    stack = Stack(settings, shown)
    match given.command:
        case "up":
            _up(stack)
        case "servers":
            with stack.locked():
                stack.start_servers()
        case "down":
            with stack.locked():
                stack.stop()
            console.print("Everything has stopped; the data stays. `make up` goes on where it was.")
        case "status":
            return _status(stack)
        case "demo":
            demo.fill(settings.url, shown)
        case "run":
            _run_command(stack, given.package, given.arguments)
        case "logs":
            _logs(settings, given.process)
        case "reset":
            return _reset(stack, given.force)
    return 0


def _up(stack: Stack) -> None:
    with stack.locked():
        stack.start_servers()
        stack.migrate()
        stack.start_services()
        stack.fill_content()
        demo.fill(stack.settings.url, shown)
    _welcome(stack.settings)


def _welcome(settings: Settings) -> None:
    pages = Table(show_header=False, box=None, padding=(0, 2))
    for page, path in (
        ("Support page for customers", "/support"),
        ("Agent desk", "/desk"),
        ("HTTP API", "/docs"),
    ):
        pages.add_row(page, f"[link={settings.url}{path}]{settings.url}{path}[/]")
    people = Table("Sign in as", "Role", "Account", box=None, padding=(0, 2), title_justify="left")
    for person in demo.people():
        people.add_row(person["name"], ", ".join(person["roles"]), person["account"])
    console.print("\n[bold]Cloud Factory Support is ready.[/]\n")
    console.print(pages)
    console.print(
        "\nChoose a person on the sign-in page; there is no password in this development setup.\n", soft_wrap=True
    )
    console.print(people)
    console.print("\n`make status`, `make logs`, `make down`; `make` lists everything.")


def _status(stack: Stack) -> int:
    known = stack.processes() if stack.runs() else {}
    if not known:
        console.print("Nothing runs; `make up` starts it.")
        return 3
    ports = {"postgres": "POSTGRES_PORT", "rabbitmq": "AMQP_PORT", "epmd": "EPMD_PORT"}
    ports |= {service.name: service.health_port for service in SERVICES}
    table = Table("Process", "State", "Id", "Since", "Port", "Ready", box=None, padding=(0, 2))
    healthy = True
    for name in names():
        entry = known[name]
        try:
            stack.check(name)
            ready = "[green]yes[/]"
        except (OSError, psycopg.Error) as error:
            ready, healthy = f"[red]no[/]: {str(error).splitlines()[0] if str(error) else type(error).__name__}", False
        since = _duration(int(entry["now"]) - int(entry["start"])) if entry["pid"] else ""
        table.add_row(
            name, str(entry["statename"]), str(entry["pid"] or ""), since, str(stack.settings.ports[ports[name]]), ready
        )
    console.print(table)
    console.print(f"\n{stack.settings.url}/support · logs in {stack.settings.logs}")
    return 0 if healthy else 1


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"


def _logs(settings: Settings, processes: list[str]) -> None:
    unknown = set(processes) - set(names())
    if unknown:
        raise LocalError(f"There is no process {', '.join(sorted(unknown))}; there are {', '.join(names())}.")
    files = [str(settings.logs / f"{name}.log") for name in processes or names()]
    sys.stdout.flush()
    os.execvp("tail", ["tail", "-n", "50", "-F", *files])  # noqa: S606


def _run_command(stack: Stack, package: str, arguments: list[str]) -> None:
    environment = stack.env_for_migrate(package) if arguments[:1] == ["migrate"] else stack.env_for(package)
    sys.stdout.flush()
    os.chdir(PROJECT)
    os.execve(sys.executable, [sys.executable, "-m", f"services.{package}", *arguments], environment)  # noqa: S606


def _reset(stack: Stack, force: bool) -> int:
    if not force:
        if not sys.stdin.isatty():
            raise LocalError("Nobody is there to ask; `make reset FORCE=1` deletes without asking.")
        answer = console.input(f"Delete all tickets, files and logs in {stack.settings.run_dir}? Type yes: ")
        if answer.strip().lower() != "yes":
            console.print("Nothing was deleted.")
            return 1
    with stack.locked():
        stack.delete()
    console.print("Deleted. `make up` begins anew.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
