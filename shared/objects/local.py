"""Object storage in a folder of this machine."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from shared.objects.port import (
    ObjectMissing,
    ObjectStoreUnavailable,
    StoredObject,
    is_name,
    require_name,
    require_range,
)
from shared.objects.streaming import Reading, pour

_INCOMING = "incoming"


class LocalObjectStore:
    """ObjectStore over `folder/<first two digits>/<sha256>`; folders are 0700, files 0600.

    Content is written beside its place, synced, and renamed into it, so a reader or a crash never meets half a file.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_absolute():
            raise ValueError(f"object storage needs an absolute folder, not {str(folder)!r}")
        self._folder = folder

    def put(self, chunks: Iterable[bytes], limit: int) -> StoredObject:
        """Store the chunks whole or not at all; see ObjectStore."""
        with _translated():
            incoming = self._made(self._folder / _INCOMING)
            handle, name = tempfile.mkstemp(dir=incoming)
        try:
            stored = _write(handle, chunks, limit)
            with _translated():
                place = self._place(stored.sha256)
                self._made(place.parent)
                # Renamed over content that is there already: that renews its age and heals a damaged copy.
                os.replace(name, place)
                _sync_folder(place.parent)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise
        return stored

    def open(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Bytes from `start`, at most `length` of them; see ObjectStore."""
        require_range(start, length)
        place = self._place(require_name(sha256))
        with _translated(), _found():
            file = place.open("rb")
            rest = max(0, os.fstat(file.fileno()).st_size - start)
            file.seek(start)

        def read(count: int) -> bytes:
            with _translated():
                return file.read(count)

        return Reading(read, rest if length is None else min(rest, length), file.close)

    def size(self, sha256: str) -> int:
        """Length in bytes; ObjectMissing where there is none."""
        with _translated(), _found():
            return self._place(require_name(sha256)).stat().st_size

    def delete(self, sha256: str) -> None:
        """Remove the content; no error where there is none."""
        if is_name(sha256):
            with _translated():
                self._place(sha256).unlink(missing_ok=True)

    def older_than(self, age: timedelta, now: datetime) -> Iterator[str]:
        """Names of content last put more than `age` before `now`; also removes what writers that died left behind."""
        border = (now - age).timestamp()
        for path in self._files_before(border):
            if path.parent.name == _INCOMING:
                with _translated():
                    path.unlink(missing_ok=True)
            elif is_name(path.name):
                yield path.name

    def check(self) -> None:
        """Return when a file can be written now, else raise ObjectStoreUnavailable."""
        with _translated(), tempfile.TemporaryFile(dir=self._made(self._folder / _INCOMING)) as probe:
            probe.write(b"probe")
            probe.flush()

    def _place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _made(self, folder: Path) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def _files_before(self, border: float) -> Iterator[Path]:
        with _translated():
            folders = sorted(self._folder.iterdir()) if self._folder.exists() else []
        for folder in folders:
            if not folder.is_dir():
                continue
            with _translated():
                entries = sorted(folder.iterdir())
            for path in entries:
                # Gone between listing and looking: somebody else cleans up as well, or a writer has finished.
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_mtime < border:
                        yield path


def _write(handle: int, chunks: Iterable[bytes], limit: int) -> StoredObject:
    with os.fdopen(handle, "wb") as file:

        def write(chunk: bytes) -> None:
            with _translated():
                file.write(chunk)

        stored = pour(chunks, write, limit)
        with _translated():
            file.flush()
            os.fsync(file.fileno())
    return stored


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ObjectStoreUnavailable(f"the storage folder cannot be used: {error.strerror}") from error


@contextlib.contextmanager
def _found() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ObjectMissing("nothing is stored under this name") from error
