"""Files that were uploaded and may not be bound to a message yet: rows of their owner, kept while they are of use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.tickets.actor import Actor
from services.tickets.domain import errors
from services.tickets.domain.ticket import MAX_ATTACHMENTS
from shared.events.catalog.types import AttachedFile
from shared.events.read_model import ReadModel
from shared.events.runner import key_reused
from shared.objects.port import ObjectStore

UNBOUND_FOR = timedelta(hours=24)

log = structlog.get_logger()


class Uploads:
    """The table uploads, and the content that nothing names any more."""

    def __init__(self, read_model: ReadModel, now: Callable[[], datetime]) -> None:
        self._read_model, self._now = read_model, now

    def register(
        self, actor: Actor, attachment_id: str, filename: str, content_type: str, size: int, sha256: str
    ) -> dict[str, Any]:
        """Note an uploaded file for its owner; `replayed` says whether it was there before.

        Raises Refusal idempotency_key_reused where another file has this id, which derives from its key.
        """
        rows = self._read_model.query(
            "insert into uploads (attachment_id, owner_id, filename, content_type, size, sha256, used_at)"
            " values (%s, %s, %s, %s, %s, %s, %s)"
            " on conflict (attachment_id) do update set used_at = excluded.used_at"
            " where (uploads.owner_id, uploads.filename, uploads.sha256)"
            " = (excluded.owner_id, excluded.filename, excluded.sha256) returning *, xmax <> 0 as replayed",
            (attachment_id, actor.id, filename, content_type, size, sha256, self._now()),
        )
        if not rows:
            raise key_reused()
        return rows[0]

    def use(self, actor: Actor, ids: Sequence[str]) -> tuple[AttachedFile, ...]:
        """The owner's files of these ids, in this order, safe from the clean-up for a day from now. Raises Refusal."""
        if not ids:
            return ()
        if len(ids) > MAX_ATTACHMENTS:
            raise errors.too_many_attachments(MAX_ATTACHMENTS)
        rows = self._read_model.query(
            "update uploads set used_at = %s where attachment_id = any(%s::uuid[]) and owner_id = %s returning *",
            (self._now(), list(ids), actor.id),
        )
        found = {str(row["attachment_id"]): row for row in rows}
        if missing := [id_ for id_ in ids if id_ not in found]:
            raise errors.attachment_not_found(missing)
        return tuple(_file(found[id_]) for id_ in dict.fromkeys(ids))

    def bind_to_chat(
        self, actor: Actor, ids: Sequence[str], chat_id: str, customer_id: str
    ) -> tuple[AttachedFile, ...]:
        """The owner's files of these ids, for whoever sees the chat from now on. Raises Refusal."""
        files = self.use(actor, ids)
        for file in files:
            self._read_model.query(
                "insert into chat_bindings (attachment_id, chat_id, customer_id, filename, content_type, size, sha256)"
                " values (%s, %s, %s, %s, %s, %s, %s) on conflict (attachment_id, chat_id)"
                " do update set customer_id = excluded.customer_id returning 1",
                (file.id, chat_id, customer_id, file.filename, file.content_type, file.size, file.sha256),
            )
        return files

    def of_chat(self, chat_id: str, ids: Sequence[str]) -> tuple[AttachedFile, ...]:
        """Those of these files that the chat binds, in this order."""
        rows = self._read_model.query(
            "select * from chat_bindings where chat_id = %s and attachment_id = any(%s::uuid[])", (chat_id, list(ids))
        )
        found = {str(row["attachment_id"]): row for row in rows}
        return tuple(_file(found[id_]) for id_ in ids if id_ in found)

    def remove_unbound(self, objects: ObjectStore) -> int:
        """Remove what no message, note or draft has named for a day, rows first, then content; how many rows.

        A crash between the two leaves content without a row, which the next run finds by its age. The caller makes
        sure that the projection `messages` has seen every event.
        """
        before = self._now() - UNBOUND_FOR
        rows = self._read_model.query(
            "delete from uploads u where used_at < %s"
            " and not exists (select from attachment_bindings b where b.attachment_id = u.attachment_id)"
            " and not exists (select from chat_bindings c where c.attachment_id = u.attachment_id)"
            " and not exists (select from drafts d where u.attachment_id = any(d.attachments)) returning sha256",
            (before,),
        )
        for sha256 in objects.older_than(UNBOUND_FOR, self._now()):
            if not self._named(sha256):
                objects.delete(sha256)
                log.info("content removed", sha256=sha256)
        return len(rows)

    def _named(self, sha256: str) -> bool:
        return bool(
            self._read_model.query(
                "select 1 from uploads where sha256 = %(sha256)s"
                " union all select 1 from attachment_bindings where sha256 = %(sha256)s"
                " union all select 1 from chat_bindings where sha256 = %(sha256)s limit 1",
                {"sha256": sha256},
            )
        )


def _file(row: dict[str, Any]) -> AttachedFile:
    return AttachedFile(str(row["attachment_id"]), row["filename"], row["content_type"], row["size"], row["sha256"])
