"""Chats whose agent is gone go back to the front of the queue."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from services.chat.application import Cause, Chats
from shared.events.read_model import ReadModel
from shared.service.broker import BrokerUnavailable

GONE_AFTER = timedelta(seconds=60)
ALL_GONE_AFTER = timedelta(seconds=180)
"""Where no agent at all was seen, it is more likely the way from desks to here that is gone."""
EVERY_SECONDS = 5.0
_CAUSES = uuid.UUID("a4a1f3de-7f0e-4a39-9b2c-5d0c2e9b6f17")


class ReleaseAbsentAgents:
    """A job for the worker: an agent is there who was seen, or given the chat, within GONE_AFTER.

    reached:  raises while reports of desks cannot come through; nobody counts as gone until they could for GONE_AFTER
    """

    name = "absent_agents"

    def __init__(
        self, chats: Chats, read_model: ReadModel, now: Callable[[], datetime], reached: Callable[[], None]
    ) -> None:
        self._chats, self._read_model, self._now, self._reached = chats, read_model, now, reached
        self._reached_since: datetime | None = None

    def __call__(self) -> None:
        now = self._now()
        try:
            self._reached()
        except BrokerUnavailable:
            self._reached_since = None
            return
        self._reached_since = self._reached_since or now
        if now - self._reached_since < GONE_AFTER:
            return
        rows = self._read_model.query(
            "select c.chat_id, c.assignee_id, c.assigned_at from chats c"
            " left join agents a on a.person_id = c.assignee_id"
            " where c.status = 'WITH_AGENT' and greatest(a.seen_at, c.assigned_at) < %(gone)s"
            " and (exists (select from agents where seen_at >= %(gone)s)"
            " or greatest(a.seen_at, c.assigned_at) < %(all_gone)s) limit 100",
            {"gone": now - GONE_AFTER, "all_gone": now - ALL_GONE_AFTER},
        )
        for row in rows:
            # the same giving of the chat is taken back once, however often this runs
            cause = str(uuid.uuid5(_CAUSES, f"{row['chat_id']}/{row['assignee_id']}/{row['assigned_at'].isoformat()}"))
            self._chats.release(str(row["chat_id"]), row["assignee_id"], Cause(cause, cause), now)
