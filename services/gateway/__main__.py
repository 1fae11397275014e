"""The way into Cloud Factory Support: pages, HTTP API and live streams."""

from __future__ import annotations

import argparse
import json
import resource
import sys

from shared.service.patch import patch

MOST_DESCRIPTORS = 65_536


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.gateway", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("http", help="serve the pages and the HTTP API; settings come from the environment")
    commands.add_parser("openapi", help="print the OpenAPI document")
    commands.add_parser("asyncapi", help="print the AsyncAPI document")
    command = parser.parse_args(arguments).command
    # Before anything of ours is imported, which might open a socket or make a lock of the unpatched kind.
    patch()
    return serve_http() if command == "http" else print_document(command)


def serve_http() -> int:
    """Serve until SIGTERM, which ends the process; returns 2 where the settings do not fit."""
    from services.gateway import bootstrap
    from services.gateway.http.handlers import Gateway
    from services.gateway.http.server import GreenBells, deadline, nameko_service
    from services.gateway.settings import read_settings
    from shared.service.runner import serve
    from shared.service.settings import SettingsError

    try:
        settings = read_settings()
        parts = bootstrap.build(settings, deadline, GreenBells())
    except (SettingsError, ValueError) as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 2
    raise_descriptor_limit()
    return serve(
        nameko_service(Gateway, parts),
        settings=settings.service,
        checks={"broker": parts.caller.check},
        # App refuses what goes over max_in_flight, so the pool itself is never what a request waits for.
        config={"max_workers": settings.max_in_flight + 10},
    )


def raise_descriptor_limit() -> None:
    """Take file descriptors as far as the system allows: every live stream holds one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def print_document(name: str) -> int:
    """Print one of the two descriptions as JSON."""
    from services.gateway import asyncapi, bootstrap

    document = bootstrap.openapi_document() if name == "openapi" else asyncapi.document()
    print(json.dumps(document, indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
