"""python -m services.chat rpc | worker | migrate | status set | judge | rebuild <projection> | verify"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

JUDGED = ("chat_development", "chat")


def main(arguments: list[str]) -> int:
    """Run one command; 0 when it did what was asked."""
    parser = argparse.ArgumentParser(prog="python -m services.chat", description="The chat service.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("rpc", help="answer requests over RabbitMQ")
    commands.add_parser("worker", help="follow the event store: projections, relay, the assistant, the clock")
    commands.add_parser("migrate", help="create or update the store's schema and the read models'")
    status = commands.add_parser("status", help="say in STATUS_FILE how a service of the platform is")
    change = status.add_subparsers(dest="change", required=True).add_parser("set", help="change one service")
    change.add_argument("service", help="key or name")
    change.add_argument("level", help="operational, degraded, outage or maintenance")
    change.add_argument("text", nargs="?", help="what the incident says; ends it with level operational")
    judge = commands.add_parser("judge", help="measure the assistant on judged sets")
    judge.add_argument("files", type=Path, nargs="*", default=[Path(f"tests/judged/{name}.yaml") for name in JUDGED])
    judge.add_argument("--page", type=Path, default=Path("docs/assistant.md"), help="where the figures are written")
    rebuild = commands.add_parser("rebuild", help="fill a projection anew beside the live one, then swap")
    rebuild.add_argument("projection")
    commands.add_parser("verify", help="compare every row with what the log says; 1 where they differ")
    chosen = parser.parse_args(arguments)
    if chosen.command == "rpc":
        return _rpc()
    return _plain(chosen)


def _rpc() -> int:
    # first of all: nothing that waits may be imported before it
    from shared.service.patch import patch

    patch()
    from services.chat.bootstrap import build
    from services.chat.rpc import ChatRpc
    from services.chat.settings import read_settings
    from shared.service.runner import serve
    from shared.service.settings import read_service_settings

    process = read_service_settings("chat")
    service = build(read_settings(), process.amqp_url)
    serve(ChatRpc, settings=process, checks=service.checks(), config={"service": service})


def _plain(chosen: argparse.Namespace) -> int:
    from services.chat import administration, bootstrap
    from services.chat.settings import read_settings
    from shared.service import worker
    from shared.service.logging import configure
    from shared.service.settings import read_admin_settings, read_service_settings

    match chosen.command:
        case "migrate":
            return administration.migrate(read_admin_settings())
        case "status":
            return administration.change_status(chosen.service, chosen.level, chosen.text)
    process, settings = read_service_settings("chat"), read_settings()
    url = process.amqp_url
    match chosen.command:
        case "worker":
            configure("chat-worker", process.log_level)
            service = bootstrap.build(settings, url)
            worker.run(service, lambda stop: bootstrap.build_worker(service, settings, url, stop), process)
            return 0
        case "judge":
            return administration.judge(settings, url, chosen.files, chosen.page)
        case "rebuild":
            return administration.rebuild(settings, url, chosen.projection)
        case _:
            return administration.verify(settings, url)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
