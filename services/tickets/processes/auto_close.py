"""Resolved tickets close by themselves, with a word beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from services.tickets.domain.ticket import WARNS_BEFORE
from shared.events.catalog.tickets import CATEGORY, TicketClosed, TicketReopened, TicketResolved
from shared.events.process import Cancel, Timer
from shared.events.projection import Fact

Send = Callable[[str, str, datetime], None]
"""(ticket id, id of the event that set the timer, now) -> the command is carried out."""


class AutoClose:
    """TicketResolved sets two timers, TicketReopened and TicketClosed cancel them."""

    name = "auto_close"
    categories = (CATEGORY,)

    def __init__(self, announce: Send, close: Send) -> None:
        self._commands = {"announce": announce, "close": close}

    def react(self, fact: Fact) -> Sequence[Timer | Cancel]:
        ticket_id, event = fact.recorded.stream.id, fact.event
        match event:
            case TicketResolved():
                cause = str(fact.recorded.id)
                return [
                    _timer(ticket_id, "announce", event.closes_at - WARNS_BEFORE, cause),
                    _timer(ticket_id, "close", event.closes_at, cause),
                ]
            case TicketReopened() | TicketClosed():
                return [Cancel(f"{ticket_id}/announce"), Cancel(f"{ticket_id}/close")]
        return []

    def fire(self, timer: Timer, now: datetime) -> None:
        self._commands[timer.data["command"]](timer.data["ticket_id"], timer.caused_by, now)


def _timer(ticket_id: str, command: str, due_at: datetime, cause: str) -> Timer:
    return Timer(f"{ticket_id}/{command}", due_at, cause, {"command": command, "ticket_id": ticket_id})
