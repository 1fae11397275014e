"""The support hub: what stands above the tabs of the support page."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from services.gateway import schemas
from services.gateway.http.base import Handlers
from services.gateway.http.route import API, Answer, Call, route
from services.gateway.policy import PUBLIC
from shared.service.client import RemoteRefusal, ServiceUnavailable

HUB_SECONDS = 1.0
"""The page's head does not wait longer for what chats know."""
NO_CHAT = {
    "available": False,
    "assistant": False,
    "human": False,
    "opens_at": None,
    "closes_at": None,
    "hours": None,
    "timezone": None,
    "queue_length": 0,
}
NO_STATUS = {"level": "UNKNOWN", "summary": "The state of the services is not known at the moment.", "updated_at": None}


class Support(Handlers):
    @route(
        "GET",
        f"{API}/support/hub",
        policy=PUBLIC,
        query=schemas.Consistent,
        answers={200: schemas.HubOut},
        tag="Support hub",
    )
    def hub(self, call: Call) -> Answer:
        """Read the quick-access cards and what is available now."""
        cards = [asdict(card) for card in self.parts.settings.hub_cards]
        status_page = next(card["url"] for card in cards if card["key"] == "status-page")
        return Answer(
            200,
            {
                "cards": cards,
                **self._from_chat(status_page),
                "knowledge": {"available": self.parts.readiness.answers("knowledge")},
            },
        )

    def _from_chat(self, status_page: str) -> dict[str, Any]:
        """What the chat service knows; that it is not available where it does not say so soon."""
        try:
            known = self.chat.call("hub", deadline=HUB_SECONDS)
        except (ServiceUnavailable, RemoteRefusal):
            return {"chat": NO_CHAT, "status": {**NO_STATUS, "url": status_page}}
        return {"chat": {**known["availability"], "available": True}, "status": known["status"]}
