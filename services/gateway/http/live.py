"""Live streams as server-sent events."""

from __future__ import annotations

from collections.abc import Iterable

from werkzeug.wrappers import Response

from services.gateway import places, schemas
from services.gateway.http.base import Handlers
from services.gateway.http.route import API, Answer, Call, route
from services.gateway.live import Viewer
from services.gateway.places import Places
from services.gateway.policy import CUSTOMER_OR_AGENT, LIVE
from services.gateway.problems import Problem


class Live(Handlers):
    @route("POST", f"{API}/live/tickets", policy=CUSTOMER_OR_AGENT, answers={200: schemas.LiveTicketOut}, tag="Live")
    def live_ticket(self, call: Call) -> Answer:
        """Get a one-use ticket for a live stream, for clients that cannot send a header."""
        return Answer(200, self.parts.live_tickets.issue(call.person))

    @route(
        "GET",
        f"{API}/live",
        policy=LIVE,
        query=schemas.Follow,
        # Asks no service, so a thousand clients that come back at once need no worker each.
        pooled=False,
        answers={200: "text/event-stream"},
        tag="Live",
        codes=("live_ticket_invalid", "live_unavailable", "too_many_streams"),
    )
    def live(self, call: Call) -> Response:
        """Follow everything that one may see."""
        return self._stream(call, None)

    @route(
        "GET",
        f"{API}/tickets/<uuid:ticket_id>/live",
        policy=LIVE,
        query=schemas.Follow,
        answers={200: "text/event-stream"},
        tag="Live",
        codes=("ticket_not_found", "live_ticket_invalid", "live_unavailable", "too_many_streams"),
    )
    def ticket_live(self, call: Call) -> Response:
        """Follow one ticket."""
        self.tickets.call("get_ticket", actor=call.actor, ticket_id=call.ticket_id)
        return self._stream(call, call.ticket_id)

    @route(
        "GET",
        f"{API}/chats/<uuid:chat_id>/live",
        policy=LIVE,
        query=schemas.Follow,
        answers={200: "text/event-stream"},
        tag="Live",
        codes=("chat_not_found", "live_ticket_invalid", "live_unavailable", "too_many_streams"),
    )
    def chat_live(self, call: Call) -> Response:
        """Follow one chat, with who is typing."""
        self.chat.call("get_chat", actor=call.actor, chat_id=call.path["chat_id"])
        return self._stream(call, call.path["chat_id"])

    def _stream(self, call: Call, about: str | None) -> Response:
        person = call.person
        viewer = Viewer(person.id, person.is_agent, about, person.expires_at)
        headers = [("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")]
        if call.http.method == "HEAD":
            return Response(headers=headers, content_type="text/event-stream")
        hub = self.parts.hub
        stream = hub.subscribe(viewer, resume_place(call, hub.services))
        # eventlet holds small chunks back until there are 4 KiB of them.
        call.http.environ["eventlet.minimum_write_chunk_size"] = 0
        return Response(stream, headers=headers, content_type="text/event-stream", direct_passthrough=True)


def resume_place(call: Call, services: Iterable[str]) -> Places | None:
    """Where the client left off: Last-Event-ID, which a reconnecting browser sends, before ?after=."""
    given = call.http.headers.get("Last-Event-ID", "").strip() or call.query["after"]
    if given is None:
        return None
    try:
        return places.read(given, services)
    except ValueError as error:
        raise Problem("malformed_request", "Last-Event-ID has to be what the stream gave as id.") from error
