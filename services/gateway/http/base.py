"""What every handler can reach."""

from __future__ import annotations

from services.gateway.parts import Parts
from shared.service.client import RemoteService


class Handlers:
    """Base of the classes that hold handlers; nameko makes one object a request and sets `parts`."""

    parts: Parts

    @property
    def tickets(self) -> RemoteService:
        return self.parts.tickets

    @property
    def knowledge(self) -> RemoteService:
        return self.parts.knowledge

    @property
    def chat(self) -> RemoteService:
        return self.parts.chat
