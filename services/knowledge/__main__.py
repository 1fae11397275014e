"""python -m services.knowledge rpc | worker | migrate | import | export | judge | rebuild <projection> | verify"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Run one command; 0 when it did what was asked."""
    parser = argparse.ArgumentParser(prog="python -m services.knowledge", description="The knowledge service.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("rpc", help="answer requests over RabbitMQ")
    commands.add_parser("worker", help="follow the event store: projections, relay, the index of Elasticsearch")
    commands.add_parser("migrate", help="create or update the store's schema and the read models'")
    bring_in = commands.add_parser("import", help="publish what is new or changed in a folder of Markdown files")
    bring_in.add_argument("folder", type=Path)
    write_out = commands.add_parser("export", help="write what is published into a folder that import reads")
    write_out.add_argument("folder", type=Path)
    judge = commands.add_parser("judge", help="measure the search engines on a judged set")
    judge.add_argument("--set", type=Path, default=Path("tests/judged/search.yaml"), dest="file")
    judge.add_argument("--page", type=Path, default=Path("docs/search.md"), help="where the figures are written")
    rebuild = commands.add_parser("rebuild", help="fill a projection, or kb-index, anew beside the live one, then swap")
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
    from services.knowledge.bootstrap import build
    from services.knowledge.rpc import KnowledgeRpc
    from services.knowledge.settings import read_settings
    from shared.service.runner import serve
    from shared.service.settings import read_service_settings

    service = build(read_settings())
    process = read_service_settings("knowledge")
    serve(KnowledgeRpc, settings=process, checks=service.checks(), config={"service": service})


def _plain(chosen: argparse.Namespace) -> int:
    from services.knowledge import administration, bootstrap
    from services.knowledge.settings import read_settings
    from shared.service import worker
    from shared.service.logging import configure
    from shared.service.settings import read_admin_settings, read_service_settings

    match chosen.command:
        case "worker":
            process = read_service_settings("knowledge")
            configure("knowledge-worker", process.log_level)
            settings = read_settings()
            service = bootstrap.build(settings)
            worker.run(service, lambda stop: bootstrap.build_worker(service, settings, process.amqp_url, stop), process)
            return 0
        case "migrate":
            return administration.migrate(read_admin_settings())
        case "import":
            return administration.bring_in(read_settings(), chosen.folder)
        case "export":
            return administration.write_out(read_settings(), chosen.folder)
        case "judge":
            return administration.judge(read_settings(), chosen.file, chosen.page)
        case "rebuild":
            return administration.rebuild(read_settings(), chosen.projection)
        case _:
            return administration.verify(read_settings())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
