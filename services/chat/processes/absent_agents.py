"""Chats whose agent is gone go back to the front of the queue."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from services.chat.application import Chats
from shared.events.read_model import ReadModel

GONE_AFTER = timedelta(seconds=60)
EVERY_SECONDS = 5.0
_CAUSES = uuid.UUID("a4a1f3de-7f0e-4a39-9b2c-5d0c2e9b6f17")


class ReleaseAbsentAgents:
    """A job for the worker: an agent is there who was seen, or given the chat, within GONE_AFTER."""

    name = "absent_agents"

    def __init__(self, chats: Chats, read_model: ReadModel, now: Callable[[], datetime]) -> None:
        self._chats, self._read_model, self._now = chats, read_model, now

    def __call__(self) -> None:
        now = self._now()
        rows = self._read_model.query(
            "select c.chat_id, c.assignee_id, c.assigned_at from chats c"
            " left join agents a on a.person_id = c.assignee_id"
            " where c.status = 'WITH_AGENT' and greatest(a.seen_at, c.assigned_at) < %s limit 100",
            (now - GONE_AFTER,),
        )
        for row in rows:
            # the same giving of the chat is taken back once, however often this runs
            cause = uuid.uuid5(_CAUSES, f"{row['chat_id']}/{row['assignee_id']}/{row['assigned_at'].isoformat()}")
            self._chats.release(str(row["chat_id"]), row["assignee_id"], str(cause), now)
