"""Tickets over HTTP: one RPC a call; shapes and refusals are the tickets service's."""

from __future__ import annotations

from typing import Any

from services.gateway import schemas
from services.gateway.conditions import etag
from services.gateway.http.base import Handlers
from services.gateway.http.route import API, Answer, Call, route
from services.gateway.policy import AGENT, CUSTOMER, CUSTOMER_OR_AGENT, SIGNED_IN

TICKETS = f"{API}/tickets"
TICKET = f"{TICKETS}/<uuid:ticket_id>"
_REFUSALS = ("ticket_not_found", "ticket_closed", "not_allowed_in_status", "stale_revision", "write_conflict")


class Tickets(Handlers):
    @route(
        "POST",
        TICKETS,
        policy=CUSTOMER_OR_AGENT,
        body=schemas.OpenTicket,
        answers={201: schemas.TicketAnswer},
        command=True,
        tag="Tickets",
        codes=("attachment_not_found", "too_many_attachments", "role_required", "customer_required"),
    )
    def open_ticket(self, call: Call) -> Answer:
        """Open a ticket; agents name the customer in on_behalf_of."""
        result = self._command(call, "open_ticket", **call.body)
        ticket = ticket_answer(result)
        location = f"{TICKETS}/{ticket['id']}"
        return Answer(201, ticket, (("Location", location), *command_headers(result)))

    @route(
        "GET",
        TICKETS,
        policy=CUSTOMER_OR_AGENT,
        query=schemas.ListTickets,
        answers={200: schemas.TicketList},
        tag="Tickets",
        codes=("invalid_cursor",),
    )
    def list_tickets(self, call: Call) -> Answer:
        """List one's own tickets; agents list all."""
        return read_answer(self.tickets.call("list_tickets", actor=call.actor, **call.query))

    @route(
        "GET",
        f"{TICKETS}/statistics",
        policy=CUSTOMER_OR_AGENT,
        query=schemas.Consistent,
        answers={200: schemas.StatisticsOut},
        tag="Tickets",
    )
    def statistics(self, call: Call) -> Answer:
        """Count one's own tickets by status; agents count all."""
        return read_answer(self.tickets.call("statistics", actor=call.actor, **call.query))

    @route(
        "GET",
        TICKET,
        policy=CUSTOMER_OR_AGENT,
        query=schemas.GetTicket,
        answers={200: schemas.TicketAsOf},
        tag="Tickets",
        codes=("ticket_not_found",),
    )
    def get_ticket(self, call: Call) -> Answer:
        """Read a ticket, now or as it stood at a revision or time."""
        result = self.tickets.call("get_ticket", actor=call.actor, ticket_id=call.ticket_id, **call.query)
        ticket = dict(result["ticket"])
        if call.query["as_of"] is not None:
            ticket["messages"] = result["messages"]
        return Answer(200, ticket, (("ETag", etag(ticket["revision"])), *position_header(result)))

    @route(
        "GET",
        f"{TICKET}/messages",
        policy=CUSTOMER_OR_AGENT,
        query=schemas.ListMessages,
        answers={200: schemas.MessageList},
        tag="Tickets",
        codes=("ticket_not_found", "invalid_cursor"),
    )
    def list_messages(self, call: Call) -> Answer:
        """Read the thread, oldest first; next_cursor as before= gives the page of earlier ones."""
        return read_answer(self.tickets.call("list_messages", actor=call.actor, ticket_id=call.ticket_id, **call.query))

    @route(
        "GET",
        f"{TICKET}/history",
        policy=CUSTOMER_OR_AGENT,
        query=schemas.Consistent,
        answers={200: schemas.HistoryOut},
        tag="Tickets",
        codes=("ticket_not_found",),
    )
    def ticket_history(self, call: Call) -> Answer:
        """Read what happened to a ticket, in words and as data."""
        # The history is read from the log itself, which is never behind: there is nothing to wait for.
        return read_answer(self.tickets.call("ticket_history", actor=call.actor, ticket_id=call.ticket_id))

    @route(
        "POST",
        f"{TICKET}/messages",
        policy=CUSTOMER_OR_AGENT,
        body=schemas.PostMessage,
        answers={201: schemas.MessageAnswer},
        command=True,
        tag="Tickets",
        codes=(*_REFUSALS, "attachment_not_found", "too_many_attachments"),
    )
    def post_message(self, call: Call) -> Answer:
        """Write a message, or as an agent an internal note."""
        return message_answer(self._ticket_command(call, "post_message"))

    @route(
        "POST",
        f"{TICKET}/request-information",
        policy=AGENT,
        body=schemas.RequestInformation,
        answers={201: schemas.MessageAnswer},
        command=True,
        tag="Tickets",
        codes=(*_REFUSALS, "attachment_not_found", "too_many_attachments"),
    )
    def request_information(self, call: Call) -> Answer:
        """Ask the customer something; the ticket then waits for them."""
        return message_answer(self._ticket_command(call, "request_information"))

    @route(
        "POST",
        f"{TICKET}/resolve",
        policy=CUSTOMER_OR_AGENT,
        body=schemas.ResolveTicket,
        answers={200: schemas.TicketAnswer},
        command=True,
        tag="Tickets",
        codes=_REFUSALS,
    )
    def resolve_ticket(self, call: Call) -> Answer:
        """Mark a ticket as resolved, with a last message if one likes."""
        return changed_answer(self._ticket_command(call, "resolve_ticket"))

    @route(
        "POST",
        f"{TICKET}/reopen",
        policy=CUSTOMER_OR_AGENT,
        body=schemas.ReopenTicket,
        answers={200: schemas.TicketAnswer},
        command=True,
        tag="Tickets",
        codes=_REFUSALS,
    )
    def reopen_ticket(self, call: Call) -> Answer:
        """Reopen a resolved ticket."""
        return changed_answer(self._ticket_command(call, "reopen_ticket"))

    @route(
        "POST",
        f"{TICKET}/close",
        policy=AGENT,
        body=schemas.CloseTicket,
        answers={200: schemas.TicketAnswer},
        command=True,
        tag="Tickets",
        codes=_REFUSALS,
    )
    def close_ticket(self, call: Call) -> Answer:
        """Close a resolved ticket."""
        return changed_answer(self._ticket_command(call, "close_ticket"))

    @route(
        "POST",
        f"{TICKET}/assign",
        policy=AGENT,
        body=schemas.AssignTicket,
        answers={200: schemas.TicketAnswer},
        command=True,
        tag="Tickets",
        codes=_REFUSALS,
    )
    def assign_ticket(self, call: Call) -> Answer:
        """Assign a ticket to an agent, or to nobody."""
        return changed_answer(self._ticket_command(call, "assign_ticket"))

    @route(
        "POST",
        f"{TICKET}/priority",
        policy=AGENT,
        body=schemas.ChangePriority,
        answers={200: schemas.TicketAnswer},
        command=True,
        tag="Tickets",
        codes=_REFUSALS,
    )
    def change_priority(self, call: Call) -> Answer:
        """Change a ticket's priority."""
        return changed_answer(self._ticket_command(call, "change_priority"))

    @route(
        "POST",
        f"{TICKET}/category",
        policy=AGENT,
        body=schemas.ChangeCategory,
        answers={200: schemas.TicketAnswer},
        command=True,
        tag="Tickets",
        codes=_REFUSALS,
    )
    def change_category(self, call: Call) -> Answer:
        """Change a ticket's category."""
        return changed_answer(self._ticket_command(call, "change_category"))

    @route(
        "POST",
        f"{TICKET}/satisfaction",
        policy=CUSTOMER,
        body=schemas.RateTicket,
        answers={200: schemas.TicketAnswer},
        command=True,
        tag="Tickets",
        codes=(*_REFUSALS, "rating_window_over"),
    )
    def rate_ticket(self, call: Call) -> Answer:
        """Rate a resolved or closed ticket; a later rating replaces it for 14 days."""
        return changed_answer(self._ticket_command(call, "rate_ticket"))

    @route(
        "GET",
        f"{TICKET}/draft",
        policy=CUSTOMER_OR_AGENT,
        query=schemas.Consistent,
        answers={200: schemas.DraftOut},
        tag="Tickets",
        codes=("ticket_not_found",),
    )
    def get_draft(self, call: Call) -> Answer:
        """Read one's own unsent reply; an empty one where there is none."""
        draft = self.tickets.call("get_draft", actor=call.actor, ticket_id=call.ticket_id)
        return Answer(200, draft or {"body": "", "attachments": [], "updated_at": None})

    @route(
        "PUT",
        f"{TICKET}/draft",
        policy=CUSTOMER_OR_AGENT,
        body=schemas.DraftIn,
        answers={200: schemas.DraftOut},
        tag="Tickets",
        codes=("ticket_not_found", "attachment_not_found"),
    )
    def put_draft(self, call: Call) -> Answer:
        """Keep one's own unsent reply on the server."""
        return Answer(200, self.tickets.call("put_draft", actor=call.actor, ticket_id=call.ticket_id, **call.body))

    @route(
        "DELETE",
        f"{TICKET}/draft",
        policy=CUSTOMER_OR_AGENT,
        answers={204: None},
        tag="Tickets",
        codes=("ticket_not_found",),
    )
    def delete_draft(self, call: Call) -> Answer:
        """Throw one's own unsent reply away."""
        self.tickets.call("delete_draft", actor=call.actor, ticket_id=call.ticket_id)
        return Answer(204)

    @route(
        "POST",
        f"{TICKET}/read",
        policy=CUSTOMER_OR_AGENT,
        body=schemas.MarkRead,
        answers={200: schemas.UnreadOut},
        tag="Tickets",
        codes=("ticket_not_found",),
    )
    def mark_read(self, call: Call) -> Answer:
        """Say up to which revision one has read."""
        return Answer(200, self.tickets.call("mark_read", actor=call.actor, ticket_id=call.ticket_id, **call.body))

    @route(
        "GET",
        f"{API}/agents",
        policy=AGENT,
        query=schemas.Consistent,
        answers={200: schemas.AgentsOut},
        tag="People",
    )
    def agents(self, call: Call) -> Answer:
        """List the agents to whom a ticket can be assigned."""
        return Answer(200, self.tickets.call("agents", actor=call.actor))

    @route("GET", f"{API}/me", policy=SIGNED_IN, query=schemas.Consistent, answers={200: schemas.MeOut}, tag="People")
    def me(self, call: Call) -> Answer:
        """Say who the token is."""
        return Answer(200, call.actor)

    def _command(self, call: Call, method: str, **arguments: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.tickets.call(method, actor=call.actor, context=call.context, **arguments)
        return result

    def _ticket_command(self, call: Call, method: str) -> dict[str, Any]:
        return self._command(call, method, ticket_id=call.ticket_id, **call.body)


def position_header(result: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    position = result.get("position")
    return () if position is None else (("X-Position", str(position)),)


def command_headers(result: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    replayed = (("Idempotency-Replayed", "true"),) if result["replayed"] else ()
    return (("ETag", etag(result["revision"])), *position_header(result), *replayed)


def ticket_answer(result: dict[str, Any]) -> dict[str, Any]:
    return {**result["ticket"], "position": result["position"]}


def changed_answer(result: dict[str, Any]) -> Answer:
    return Answer(200, ticket_answer(result), command_headers(result))


def message_answer(result: dict[str, Any]) -> Answer:
    """The message with the ticket's revision and status; no ETag, which would be the ticket's."""
    message = {
        **result["message"],
        "position": result["position"],
        "ticket_revision": result["revision"],
        "ticket_status": result["ticket"]["status"],
    }
    return Answer(201, message, command_headers(result)[1:])


def read_answer(result: dict[str, Any]) -> Answer:
    return Answer(200, result, position_header(result))
