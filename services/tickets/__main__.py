"""python -m services.tickets rpc | worker | migrate | rebuild <projection> | verify"""

from __future__ import annotations

import argparse
import sys


def main(arguments: list[str]) -> int:
    """Run one command; 0 when it did what was asked."""
    parser = argparse.ArgumentParser(prog="python -m services.tickets", description="The tickets service.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("rpc", help="answer requests over RabbitMQ")
    commands.add_parser("worker", help="follow the event store: projections, relay, processes")
    commands.add_parser("migrate", help="create or update the store's schema and the read models'")
    rebuild = commands.add_parser("rebuild", help="fill a projection anew beside the live one, then swap")
    rebuild.add_argument("projection")
    commands.add_parser("verify", help="compare every row and counter with what the log says; 1 where they differ")
    chosen = parser.parse_args(arguments)
    if chosen.command == "rpc":
        return _rpc()
    return _plain(chosen)


def _rpc() -> int:
    # first of all: nothing that waits may be imported before it
    from shared.service.patch import patch

    patch()
    from services.tickets.bootstrap import build
    from services.tickets.rpc import TicketsRpc
    from services.tickets.settings import read_settings
    from shared.service.runner import serve
    from shared.service.settings import read_service_settings

    service = build(read_settings())
    process = read_service_settings("tickets")
    serve(TicketsRpc, settings=process, checks=service.checks(), config={"service": service})


def _plain(chosen: argparse.Namespace) -> int:
    from services.tickets import administration, bootstrap
    from services.tickets.settings import read_settings
    from shared.service import worker
    from shared.service.logging import configure
    from shared.service.settings import read_admin_settings, read_service_settings

    match chosen.command:
        case "worker":
            process = read_service_settings("tickets")
            configure("tickets-worker", process.log_level)
            settings = read_settings()
            service = bootstrap.build(settings)
            worker.run(service, lambda stop: bootstrap.build_worker(service, settings, process.amqp_url, stop), process)
            return 0
        case "migrate":
            return administration.migrate(read_admin_settings())
        case "rebuild":
            return administration.rebuild(read_settings(), chosen.projection)
        case _:
            return administration.verify(read_settings())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
