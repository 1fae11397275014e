"""Files: streamed in and out; who may see one is the tickets service's word."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.wrappers import Response

from services.gateway import schemas
from services.gateway.filetypes import HEAD_BYTES, TAIL_BYTES, RefusedType, content_disposition, decide, safe_filename
from services.gateway.http.base import Handlers
from services.gateway.http.route import API, Answer, Call, route
from services.gateway.limits import UPLOAD
from services.gateway.policy import CUSTOMER_OR_AGENT
from services.gateway.problems import Problem
from services.gateway.ranges import byte_range
from services.gateway.uploads import FILE_LIMIT, FORM_LIMIT, file_of
from shared.events.event import command_id, stream_id
from shared.objects.port import ObjectMissing, ObjectStoreError, ObjectTooLarge

MAX_UPLOADS_AT_ONCE = 32
UPLOAD_SECONDS = 300
_slots = threading.BoundedSemaphore(MAX_UPLOADS_AT_ONCE)


class Attachments(Handlers):
    @route(
        "POST",
        f"{API}/attachments",
        policy=CUSTOMER_OR_AGENT,
        body=schemas.UploadForm,
        body_media_type="multipart/form-data",
        body_limit=FORM_LIMIT,
        streams_body=True,
        limit=UPLOAD,
        answers={201: schemas.AttachmentOut},
        tag="Attachments",
        codes=("file_type_refused", "too_large", "object_store_unavailable"),
    )
    def upload(self, call: Call) -> Answer:
        """Upload a file of at most 25 MiB; the message that names it makes it visible."""
        with upload_slot(), self.parts.deadline(UPLOAD_SECONDS):
            upload = file_of(call.http.stream, call.http.headers["Content-Type"])
            with store_problems():
                stored = self.parts.objects.put(upload.sniffed(), FILE_LIMIT)
        # With a key the same upload gets the same id again, on any replica.
        command = command_id(call.person.id, call.idempotency_key or str(uuid.uuid4()))
        attachment = self.tickets.call(
            "register_upload",
            actor=call.actor,
            attachment_id=str(stream_id(command)),
            filename=safe_filename(upload.filename),
            content_type=upload.type().content_type,
            size=stored.size,
            sha256=stored.sha256,
        )
        replayed = (("Idempotency-Replayed", "true"),) if attachment.get("replayed") else ()
        return Answer(201, attachment, (("Location", f"{API}/attachments/{attachment['id']}"), *replayed))

    @route(
        "GET",
        f"{API}/attachments/<uuid:attachment_id>",
        policy=CUSTOMER_OR_AGENT,
        query=schemas.Download,
        answers={200: "*/*", 206: "*/*", 304: None},
        tag="Attachments",
        codes=("attachment_not_found", "range_not_satisfiable", "object_store_unavailable"),
    )
    def download(self, call: Call) -> Response:
        """Download a file; inline=1 shows safe pictures and PDF in place."""
        found = self.tickets.call(
            "find_attachment",
            actor=call.actor,
            attachment_id=call.path["attachment_id"],
            min_position=call.query["min_position"],
        )
        tag, size = f'"{found["sha256"]}"', found["size"]
        inline = call.query["inline"] == "1" and self._may_show(found)
        headers = {
            "ETag": tag,
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-cache",
            "Content-Disposition": content_disposition(found["filename"], inline),
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cross-Origin-Resource-Policy": "same-site",
        }
        asked = call.http.headers
        if tag in asked.get("If-None-Match", "") or asked.get("If-None-Match", "").strip() == "*":
            return Response(status=304, headers=headers)
        # A range of another version than the client has the beginning of would give a mixed file.
        wanted = asked.get("Range") if asked.get("If-Range", tag) == tag else None
        part = byte_range(wanted, size)
        start, length = part or (0, size)
        if part:
            headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
        headers["Content-Length"] = str(length)
        if call.http.method == "HEAD":
            return Response(status=206 if part else 200, headers=headers, content_type=found["content_type"])
        with store_problems():
            self.parts.objects.size(found["sha256"])
            chunks = self.parts.objects.open(found["sha256"], start, length)
        return Response(
            chunks,
            206 if part else 200,
            headers,
            content_type=found["content_type"],
            direct_passthrough=True,
        )

    def _may_show(self, found: dict[str, Any]) -> bool:
        """Whether the content is of a kind that may be shown in place; its stored type alone does not say so."""
        sha256, size = found["sha256"], found["size"]
        with store_problems():
            head = b"".join(self.parts.objects.open(sha256, 0, HEAD_BYTES))
            tail = b"".join(self.parts.objects.open(sha256, max(size - TAIL_BYTES, 0), TAIL_BYTES))
        try:
            return decide(head, tail, found["filename"]).inline
        except RefusedType:
            return False


@contextmanager
def upload_slot() -> Iterator[None]:
    """A place among the uploads that may run at once. Raises Problem overloaded."""
    if not _slots.acquire(blocking=False):
        raise Problem("overloaded", "Too many files are being uploaded at once.", retry_after=5)
    try:
        yield
    finally:
        _slots.release()


@contextmanager
def store_problems() -> Iterator[None]:
    """Problems in the place of what the object store raises."""
    try:
        yield
    except ObjectTooLarge as error:
        raise Problem("too_large", f"A file may have at most {FILE_LIMIT:,} bytes.") from error
    except ObjectMissing as error:
        raise Problem("attachment_not_found", "The file's content is gone.") from error
    except ObjectStoreError as error:
        raise Problem("object_store_unavailable", "The file store is away.") from error
