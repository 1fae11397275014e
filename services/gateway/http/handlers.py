"""Every entrypoint of the gateway, in one class as nameko wants it."""

from __future__ import annotations

from services.gateway.http.attachments import Attachments
from services.gateway.http.chat import Chats
from services.gateway.http.development import Development
from services.gateway.http.events import Events
from services.gateway.http.knowledge import Knowledge
from services.gateway.http.live import Live
from services.gateway.http.operation import Operation
from services.gateway.http.pages import Pages
from services.gateway.http.support import Support
from services.gateway.http.tickets import Tickets


class Gateway(Tickets, Attachments, Live, Knowledge, Chats, Support, Events, Operation, Development, Pages):
    """nameko's name for the service is `gateway`."""

    name = "gateway"
