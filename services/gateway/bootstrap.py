"""The only wiring of the gateway: settings in, everything that the handlers work with out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.gateway import asyncapi, docs_page, openapi
from services.gateway.assets import Assets, page_roots
from services.gateway.auth import JwksKeys, KeySource, Verifier, jwks_fetcher
from services.gateway.dev_login import ISSUER, DevLogin
from services.gateway.feeds import feed_of
from services.gateway.http.handlers import Gateway
from services.gateway.http.route import routes_of
from services.gateway.limits import RateLimits
from services.gateway.live import Bell, Hub, ThreadBell
from services.gateway.live_tickets import LiveTickets
from services.gateway.parts import Deadline, Parts
from services.gateway.readiness import Readiness
from services.gateway.settings import Settings
from shared.objects import open_store
from shared.service.client import Caller, RemoteService

PING_SECONDS = 1.0
_GATEWAY = Path(__file__).parent
_NODE_MODULES = _GATEWAY.parent.parent / "node_modules"


def build(settings: Settings, deadline: Deadline, bell: Callable[[], Bell] = ThreadBell) -> Parts:
    """Everything the gateway is made of; nothing is contacted yet. `bell` makes what wakes a live stream.

    Raises RouteError, ValueError.
    """
    caller = Caller(settings.service.amqp_url, name="gateway")
    tickets, knowledge, chat = (RemoteService(caller, name) for name in ("tickets", "knowledge", "chat"))
    objects = open_store(settings.object_store_url)
    hub = Hub(
        {"tickets": feed_of(tickets), "chat": feed_of(chat)},
        streams_per_person=settings.max_streams_per_person,
        bell=bell,
    )
    dev = DevLogin(settings.oidc_audience, settings.dev_key_file) if settings.dev_login else None
    return Parts(
        settings=settings,
        verifier=Verifier(trusted_issuers(settings, dev), settings.oidc_audience),
        limits=RateLimits(settings.rates),
        live_tickets=LiveTickets(settings.live_ticket_key),
        hub=hub,
        caller=caller,
        tickets=tickets,
        knowledge=knowledge,
        chat=chat,
        objects=objects,
        assets=Assets(page_roots(_GATEWAY, _NODE_MODULES)),
        dev_login=dev,
        openapi=openapi_document(),
        asyncapi=asyncapi.document(),
        docs_page=documentation(),
        deadline=deadline,
        # Tickets can be read and written while files, articles and chats cannot: their absence is not decisive.
        readiness=Readiness(
            {"broker": caller.check},
            {
                "object_store": objects.check,
                "knowledge": lambda: knowledge.call("ping", deadline=PING_SECONDS),
                "chat": lambda: chat.call("ping", deadline=PING_SECONDS),
            },
            {"live": hub.report},
        ),
    )


@functools.cache
def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of every entrypoint."""
    return openapi.document(route for _, route in routes_of(Gateway))


@functools.cache
def documentation() -> bytes:
    """The page at /docs."""
    return docs_page.render(openapi_document())


def trusted_issuers(settings: Settings, dev: DevLogin | None) -> dict[str, KeySource]:
    """Whose tokens are taken: the configured issuer's, and where it is on the development sign-in's."""
    issuers: dict[str, KeySource] = {}
    if settings.oidc_issuer is not None:
        issuers[settings.oidc_issuer] = JwksKeys(jwks_fetcher(settings.oidc_issuer, settings.oidc_jwks_url))
    if dev is not None:
        issuers[ISSUER] = JwksKeys(dev.jwks)
    return issuers
