"""Bytes on their way into and out of a store, a bounded piece at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator

from shared.objects.port import CHUNK_BYTES, ObjectStoreUnavailable, ObjectTooLarge, StoredObject


def pour(chunks: Iterable[bytes], write: Callable[[bytes], object], limit: int) -> StoredObject:
    """Hand every chunk to `write` and return the name and size of the whole; ObjectTooLarge past `limit` bytes."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise ObjectTooLarge(limit)
        digest.update(chunk)
        write(chunk)
    return StoredObject(digest.hexdigest(), size)


class Reading(Iterator[bytes]):
    """Exactly `length` bytes of an open source in chunks of at most 64 KiB, closing it afterwards.

    A source that ends early raises ObjectStoreUnavailable: a short file must never pass for a whole one.
    """

    def __init__(self, read: Callable[[int], bytes], length: int, close: Callable[[], object]) -> None:
        self._read, self._left, self._close, self._closed = read, length, close, False

    def __next__(self) -> bytes:
        if self._closed or self._left == 0:
            self.close()
            raise StopIteration
        try:
            chunk = self._read(min(CHUNK_BYTES, self._left))
            if not chunk:
                raise ObjectStoreUnavailable(f"the content ended {self._left} bytes too early")
        except BaseException:
            self.close()
            raise
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        """Let go of the source; a second time does nothing."""
        if not self._closed:
            self._closed = True
            self._close()

    def __del__(self) -> None:
        # A client that goes away before the first chunk leaves nobody else to close the source.
        self.close()
