"""The support hub: what stands above the tabs of the support page."""

from __future__ import annotations

from dataclasses import asdict

from services.gateway import schemas
from services.gateway.http.base import Handlers
from services.gateway.http.route import API, Answer, Call, route
from services.gateway.policy import PUBLIC


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
                "chat": {
                    "assistant": False,
                    "human": False,
                    "opens_at": None,
                    "hours": None,
                    "timezone": "Europe/Berlin",
                    "available": False,
                },
                "knowledge": {"available": self.parts.readiness.answers("knowledge")},
                "status": {
                    "level": "UNKNOWN",
                    "summary": "Status is not connected yet.",
                    "updated_at": None,
                    "url": status_page,
                },
            },
        )
