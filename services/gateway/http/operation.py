"""Health, metrics and the descriptions of the interfaces: at the root, and never behind a worker."""

from __future__ import annotations

import json

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.wrappers import Response

from services.gateway import schemas
from services.gateway.assets import page_policy
from services.gateway.http.base import Handlers
from services.gateway.http.route import Call, route
from services.gateway.policy import PUBLIC


class Operation(Handlers):
    @route(
        "GET",
        "/health/live",
        policy=PUBLIC,
        pooled=False,
        answers={200: schemas.LiveOut},
        tag="Operation",
    )
    def health_live(self, call: Call) -> Response:
        """Say that the process answers."""
        return _json({"live": True})

    @route(
        "GET",
        "/health/ready",
        policy=PUBLIC,
        pooled=False,
        answers={200: schemas.ReadyOut, 503: schemas.ReadyOut},
        tag="Operation",
    )
    def health_ready(self, call: Call) -> Response:
        """Say whether every dependency answers, and which one does not."""
        status, report = self.parts.readiness.report()
        return _json(report, status)

    @route("GET", "/metrics", policy=PUBLIC, pooled=False, answers={200: "text/plain"}, tag="Operation")
    def metrics(self, call: Call) -> Response:
        """Read the metrics in Prometheus' text format."""
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    @route("GET", "/openapi.json", policy=PUBLIC, pooled=False, answers={200: "application/json"}, tag="Operation")
    def openapi(self, call: Call) -> Response:
        """Read this interface as OpenAPI 3.1."""
        return _json(self.parts.openapi)

    @route("GET", "/asyncapi.json", policy=PUBLIC, pooled=False, answers={200: "application/json"}, tag="Operation")
    def asyncapi(self, call: Call) -> Response:
        """Read the events on the broker as AsyncAPI 3.0."""
        return _json(self.parts.asyncapi)

    @route("GET", "/docs", policy=PUBLIC, pooled=False, answers={200: "text/html"}, documented=False)
    def docs(self, call: Call) -> Response:
        """Read this interface as a page."""
        html = self.parts.docs_page
        headers = {"Content-Security-Policy": page_policy(html, self.parts.settings.frame_ancestors)}
        return Response(html, headers=headers, content_type="text/html; charset=utf-8")

    @route("GET", "/dev/jwks.json", policy=PUBLIC, pooled=False, answers={200: "application/json"}, documented=False)
    def dev_jwks(self, call: Call) -> Response:
        """Read the development sign-in's public key; an empty set where it is off."""
        login = self.parts.dev_login
        return _json(login.jwks() if login is not None else {"keys": []})


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), status, content_type="application/json")
