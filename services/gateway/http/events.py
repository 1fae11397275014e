"""The event feed for systems outside."""

from __future__ import annotations

from services.gateway import schemas
from services.gateway.feeds import events_of, merged
from services.gateway.http.base import Handlers
from services.gateway.http.route import API, Answer, Call, route
from services.gateway.http.tickets import read_answer
from services.gateway.policy import AGENT


class Events(Handlers):
    @route(
        "GET",
        f"{API}/events",
        policy=AGENT,
        query=schemas.ListEvents,
        answers={200: schemas.EventsOut},
        tag="Events",
    )
    def events(self, call: Call) -> Answer:
        """Read every event behind a position, in order and without gaps."""
        services = (self.tickets, self.knowledge, self.chat)
        events = merged(*(events_of(service, call.actor) for service in services))
        return read_answer(events(call.query["after"], call.query["limit"]))
