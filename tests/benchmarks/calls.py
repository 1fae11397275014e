"""The calls that are measured, as bytes: several customers, each with tickets of his own."""

from __future__ import annotations

import itertools
import random
import uuid

import orjson

from tests.benchmarks import load

CLIENTS = 16
_TICKETS_EACH = 30
_DESCRIPTION = "The line stops for a moment and goes on. " * 10
_BODY = "It happened again this morning, right after the change of shift. " * 4
TICKET = {"subject": "Line 3 stops", "category": "TECHNICAL", "priority": "HIGH", "description": _DESCRIPTION}
_TICKET = orjson.dumps(TICKET)


def keyed(headers: dict[str, str]) -> dict[str, str]:
    """The headers of a command, which is like no other."""
    return {**headers, "Idempotency-Key": str(uuid.uuid4())}


def bearer(client: load.Client, sub: str, name: str, role: str) -> dict[str, str]:
    """The headers of somebody who has signed in."""
    return {"Authorization": f"Bearer {load.token(client, load.person(sub, name, role))}"}


def post_message(ticket: str, headers: dict[str, str], body: str = _BODY) -> bytes:
    """A reply to a ticket."""
    return load.request("POST", f"/api/v1/tickets/{ticket}/messages", keyed(headers), orjson.dumps({"body": body}))


def open_ticket(client: load.Client, headers: dict[str, str]) -> str:
    """Open a ticket now; its id."""
    return str(client.call("POST", "/api/v1/tickets", keyed(headers), TICKET)["id"])


class Calls:
    """The n-th request of each kind, for as many customers as there are clients."""

    def __init__(self, port: int) -> None:
        client = load.Client(port)
        self._headers = [bearer(client, f"bench-{n}", f"Person {n}", "customer") for n in range(CLIENTS)]
        client.close()
        moments = [0.0] * (CLIENTS * _TICKETS_EACH)
        opened = load.answered(load.scheduled(port, CLIENTS, moments, self.open_ticket))
        owners = [(self._headers[one.number % CLIENTS], str(orjson.loads(one.body)["id"])) for one in opened]
        # messages go round all tickets, so that none grows long and no two writers meet
        random.Random(1).shuffle(owners)
        self._round = itertools.cycle(owners)

    def open_ticket(self, n: int) -> bytes:
        return load.request("POST", "/api/v1/tickets", keyed(self._headers[n % CLIENTS]), _TICKET)

    def post_message(self, _: int, body: str = _BODY) -> bytes:
        headers, ticket = next(self._round)
        return post_message(ticket, headers, body)

    def get_ticket(self, _: int) -> bytes:
        headers, ticket = next(self._round)
        return load.request("GET", f"/api/v1/tickets/{ticket}", headers)

    def list_tickets(self, n: int) -> bytes:
        return load.request("GET", "/api/v1/tickets?limit=25", self._headers[n % CLIENTS])

    def statistics(self, n: int) -> bytes:
        return load.request("GET", "/api/v1/tickets/statistics", self._headers[n % CLIENTS])

    def live(self, _: int) -> bytes:
        return load.request("GET", "/health/live", {})
