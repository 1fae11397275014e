"""Which agents are there, and who types: rows and signals of the moment, none of them events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson

from services.chat.actor import Actor
from services.chat.domain import errors
from shared.events.read_model import ReadModel
from shared.service.broker import BrokerUnavailable
from shared.service.publishing import TRANSIENT, Publisher, Rejected

SIGNALS = "support.signals"
"""Fanout exchange of what is shown for a moment and kept nowhere."""
SEEN_FOR = timedelta(seconds=60)
DEFAULT_CAPACITY = 4
SIGNAL_TIMEOUT = 1.0


class Presence:
    """The table agents."""

    def __init__(self, read_model: ReadModel, now: Callable[[], datetime]) -> None:
        self._read_model, self._now = read_model, now

    def report(self, actor: Actor, available: bool = True, capacity: int = DEFAULT_CAPACITY) -> None:
        """An agent's desk says that it is there; it does so every 20 seconds or so. Raises Refusal."""
        actor.must_be_agent("take_chats")
        self._read_model.query(
            "insert into agents (person_id, name, available, capacity, seen_at) values (%s, %s, %s, %s, %s)"
            " on conflict (person_id) do update set name = excluded.name, available = excluded.available,"
            " capacity = excluded.capacity, seen_at = excluded.seen_at returning 1",
            (actor.id, actor.name, available, capacity, self._now()),
        )

    def seen(self, actor: Actor) -> None:
        """Whoever does something is there, whatever the desk says."""
        self._read_model.query(
            "insert into agents (person_id, name, available, capacity, seen_at) values (%s, %s, true, %s, %s)"
            " on conflict (person_id) do update set seen_at = excluded.seen_at returning 1",
            (actor.id, actor.name, DEFAULT_CAPACITY, self._now()),
        )

    def must_have_room(self, actor: Actor, chat_id: str) -> None:
        """Raises Refusal at_capacity where the agent has as many other chats as the desk has said."""
        rows = self._read_model.query(
            "select coalesce((select capacity from agents where person_id = %(me)s), %(usual)s) as capacity,"
            " count(*) as chats from chats"
            " where status = 'WITH_AGENT' and assignee_id = %(me)s and chat_id <> %(chat)s::uuid",
            {"me": actor.id, "usual": DEFAULT_CAPACITY, "chat": chat_id},
        )
        if rows[0]["chats"] >= rows[0]["capacity"]:
            raise errors.at_capacity(rows[0]["capacity"])

    def there(self, agent_id: str) -> dict[str, str]:
        """{id, name} of an agent who is there and takes chats. Raises Refusal agent_not_there."""
        found = next((agent for agent in self.agents() if agent["id"] == agent_id and agent["available"]), None)
        if found is None:
            raise errors.agent_not_there()
        return {"id": found["id"], "name": found["name"]}

    def agents(self) -> list[dict[str, Any]]:
        """Who is there now: [{id, name, available, capacity, chats}], by name."""
        rows = self._read_model.query(
            "select a.person_id as id, a.name, a.available, a.capacity, count(c.chat_id) as chats from agents a"
            " left join chats c on c.assignee_id = a.person_id and c.status = 'WITH_AGENT'"
            " where a.seen_at > %s group by a.person_id order by lower(a.name)",
            (self._now() - SEEN_FOR,),
        )
        return [dict(row) for row in rows]


class Signals:
    """Tells every gateway what is shown for a moment; lost where nobody listens or the broker is away."""

    def __init__(self, amqp_url: str) -> None:
        # not the caller's connection: the broker closes the channel where no gateway has declared the exchange yet
        self._publisher = Publisher(amqp_url, name="chat-signals")

    def typing(self, actor: Actor, chat_id: str, customer_id: str) -> None:
        """Somebody types in a chat."""
        body = {
            "name": "typing",
            "audience": {"customer": customer_id, "internal": False},
            "data": {"chat_id": chat_id, "by": {"id": actor.id, "name": actor.name, "role": str(actor.role)}},
        }
        try:
            self._publisher.publish(
                orjson.dumps(body),
                exchange=SIGNALS,
                routing_key="",
                mandatory=False,
                delivery_mode=TRANSIENT,
                content_type="application/json",
                timeout=SIGNAL_TIMEOUT,
            )
        except (BrokerUnavailable, Rejected):
            return

    def close(self) -> None:
        self._publisher.stop()
