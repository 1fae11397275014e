"""Object storage in an S3 bucket, or in anything that speaks its protocol."""

from __future__ import annotations

import base64
import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from shared.objects.port import (
    ObjectMissing,
    ObjectStoreUnavailable,
    StoredObject,
    is_name,
    require_name,
    require_range,
)
from shared.objects.streaming import Reading, pour

CONNECT_SECONDS = 3
READ_SECONDS = 10
ATTEMPTS = 2
_IN_MEMORY_BYTES = 1024 * 1024


class S3ObjectStore:
    """ObjectStore over `bucket/<prefix><sha256>`; who we are comes from the usual AWS settings of the process.

    The role needs GetObject, PutObject, DeleteObject and ListBucket; without the last one, AWS answers 403 where
    an object is missing.
    """

    def __init__(
        self, bucket: str, *, prefix: str = "", endpoint: str | None = None, region: str | None = None
    ) -> None:
        self._bucket, self._prefix = bucket, prefix
        # A session of our own: boto3's shared one may not be set up by two threads at once.
        self._client: Any = boto3.Session().client(
            "s3",
            endpoint_url=endpoint,
            region_name=region,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                max_pool_connections=32,
                # Servers under an own address rarely have a host name for each bucket.
                s3={"addressing_style": "path" if endpoint else "auto"},
            ),
        )

    def put(self, chunks: Iterable[bytes], limit: int) -> StoredObject:
        """Store the chunks whole or not at all; see ObjectStore.

        The name is known only at the end, so the content waits in a temporary file and goes out in one PUT, which S3
        makes visible whole or never. An upload to a temporary key would need a copy, and a clean-up after a crash.
        """
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spool:

            def write(chunk: bytes) -> None:
                with _full_disk_named():
                    spool.write(chunk)

            stored = pour(chunks, write, limit)
            spool.seek(0)
            with _translated():
                self._client.put_object(
                    **self._address(stored.sha256),
                    Body=spool,
                    ContentLength=stored.size,
                    # The server compares it with what arrived, so a damaged transfer cannot take the name.
                    ChecksumSHA256=base64.b64encode(bytes.fromhex(stored.sha256)).decode(),
                )
        return stored

    def open(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Bytes from `start`, at most `length` of them; see ObjectStore."""
        require_range(start, length)
        if length == 0:
            self.size(sha256)
            return _nothing()
        last = "" if length is None else start + length - 1
        try:
            with _translated():
                answer = self._client.get_object(**self._address(require_name(sha256)), Range=f"bytes={start}-{last}")
        except _BehindTheEnd:
            return _nothing()
        body = answer["Body"]

        def read(wanted: int) -> bytes:
            with _translated():
                data: bytes = body.read(wanted)
                return data

        return Reading(read, int(answer["ContentLength"]), body.close)

    def size(self, sha256: str) -> int:
        """Length in bytes; ObjectMissing where there is none."""
        with _translated():
            return int(self._client.head_object(**self._address(require_name(sha256)))["ContentLength"])

    def delete(self, sha256: str) -> None:
        """Remove the content; no error where there is none."""
        if is_name(sha256):
            with _translated():
                self._client.delete_object(**self._address(sha256))

    def older_than(self, age: timedelta, now: datetime) -> Iterator[str]:
        """Names of content last put more than `age` before `now`; see ObjectStore."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        with _translated():
            for page in pages:
                for entry in page.get("Contents", ()):
                    name = entry["Key"].removeprefix(self._prefix)
                    if entry["LastModified"] < now - age and is_name(name):
                        yield name

    def check(self) -> None:
        """Return when the bucket answers, else raise ObjectStoreUnavailable."""
        try:
            with _translated():
                self._client.head_bucket(Bucket=self._bucket)
        except ObjectMissing as error:
            raise ObjectStoreUnavailable("the bucket does not exist") from error

    def _address(self, sha256: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + sha256}


class _BehindTheEnd(ObjectStoreUnavailable):
    """The range starts at or behind the end: of an empty object, too."""


def _nothing() -> Reading:
    return Reading(lambda _: b"", 0, lambda: None)


@contextlib.contextmanager
def _full_disk_named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ObjectStoreUnavailable(f"no room for a file on its way: {error.strerror}") from error


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        if code in {"NoSuchKey", "404", "NotFound"}:
            raise ObjectMissing("nothing is stored under this name") from error
        if code == "InvalidRange":
            raise _BehindTheEnd("the range starts behind the end") from error
        raise ObjectStoreUnavailable(f"the object storage refused: {code}") from error
    except (BotoCoreError, HTTPClientError, OSError) as error:
        raise ObjectStoreUnavailable(f"the object storage did not answer: {type(error).__name__}") from error
