"""`python -m tests.benchmarks.echoing ROLE`: the four processes whose echoes are compared.

nameko's own gateway and service as its documentation has them, and ours: the gateway's server and Caller, and a service
run as all of ours are. Everything patches itself before it imports anything else.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, NoReturn

PATH = "/echo"


def nameko_service() -> None:
    import eventlet

    eventlet.monkey_patch()
    from nameko.rpc import rpc

    class Echo:
        name = "nameko_echo"

        @rpc  # type: ignore[untyped-decorator]
        def echo(self, document: Any) -> Any:
            return document

    _run_nameko(Echo)


def nameko_gateway() -> None:
    import eventlet

    eventlet.monkey_patch()
    from nameko.rpc import RpcProxy
    from nameko.web.handlers import http

    class Gateway:
        name = "nameko_gateway"
        service = RpcProxy("nameko_echo")

        @http("POST", PATH)  # type: ignore[untyped-decorator]
        def echo(self, request: Any) -> tuple[int, dict[str, str], str]:
            answer = json.dumps(self.service.echo(json.loads(request.get_data())))
            return 200, {"Content-Type": "application/json"}, answer

    _run_nameko(Gateway)


def _run_nameko(service: type) -> None:
    """What `nameko run` does, without its line for each request."""
    import logging

    from nameko.cli.run import run

    logging.basicConfig(level=logging.WARNING)
    address = f"127.0.0.1:{os.environ.get('GATEWAY_PORT', '0')}"
    run([service], {"AMQP_URI": os.environ["AMQP_URL"], "WEB_SERVER_ADDRESS": address})


def service() -> NoReturn:
    from shared.service.patch import patch

    patch()
    from shared.service.rpc import rpc
    from shared.service.runner import serve
    from shared.service.settings import read_service_settings

    class Echo:
        name = "echo"

        @rpc(kind="query")
        def echo(self, document: dict[str, Any]) -> dict[str, Any]:
            return document

    serve(Echo, settings=read_service_settings("echo"))


def gateway() -> NoReturn:
    from shared.service.patch import patch

    patch()
    from marshmallow import Schema, fields

    from services.gateway import bootstrap
    from services.gateway.http.handlers import Gateway
    from services.gateway.http.route import Answer, Call, route
    from services.gateway.http.server import deadline, nameko_service
    from services.gateway.policy import PUBLIC
    from services.gateway.settings import read_settings
    from shared.service.runner import serve

    class Document(Schema):
        ticket, subject, priority, body = (fields.String(required=True) for _ in range(4))

    class EchoGateway(Gateway):
        @route("POST", PATH, policy=PUBLIC, body=Document, answers={200: Document})
        def echo(self, call: Call) -> Answer:
            """Give back what was sent."""
            return Answer(200, self.parts.caller.call("echo", "echo", {"document": call.body}))

    settings = read_settings()
    parts = bootstrap.build(settings, deadline)
    serve(
        nameko_service(EchoGateway, parts),
        settings=settings.service,
        config={"max_workers": settings.max_in_flight + 10},
    )


ROLES = {
    "nameko-service": nameko_service,
    "nameko-gateway": nameko_gateway,
    "service": service,
    "gateway": gateway,
}

if __name__ == "__main__":
    ROLES[sys.argv[1]]()
