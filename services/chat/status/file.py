"""The state of the platform from a file in the format of status pages, and the way to change it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import structlog

from services.chat.assistant.port import StatusReport
from services.chat.status.change import changed
from services.chat.status.port import trusted
from services.chat.status.summary import MAX_BYTES, BadSummary, parse_document, read_summary

DEFAULT_FILE = Path(__file__).parents[1] / "content" / "status.json"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Look:
    """What the last look found: which file, and what it said where it made sense."""

    version: tuple[int, int, int]
    report: StatusReport | None


class StatusFile:
    """StatusSource over a file, which is read again when it has changed.

    `url` is the page for people where the file names none. A file that is gone or spoilt counts as a source that is
    away.
    """

    def __init__(self, path: Path, url: str, now: Callable[[], datetime]) -> None:
        self._path, self._url, self._now = path, url, now
        self._look: _Look | None = None
        self._last: StatusReport | None = None

    def report(self) -> StatusReport:
        """What the file says now; see StatusSource."""
        now, report = self._now(), None
        # Threads may look at once: each finds the same, so whichever is kept is right.
        try:
            report = self._read(now)
        except OSError as error:
            log.warning("status_file_away", reason=str(error))
        if report is not None:
            self._last = replace(report, updated_at=now)
        return trusted(self._last, self._url, now)

    def _read(self, now: datetime) -> StatusReport | None:
        found = self._path.stat()
        version, look = (found.st_mtime_ns, found.st_size, found.st_ino), self._look
        if look is not None and look.version == version:
            return look.report
        report = None
        try:
            report = read_summary(_content(self._path), self._url, now)
        except BadSummary as error:
            log.warning("status_file_spoilt", reason=str(error))
        self._look = _Look(version, report)
        return report


def set_status(path: Path, service: str, level: str, text: str | None, now: datetime) -> StatusReport:
    """Change the level of a service in the file, and tell in `text` what goes on; answers what the file says then.

    service:  key or name
    level:    operational, degraded, outage or maintenance
    text:     opens an incident of the service, or is news of the one that is open; `operational` ends it

    A file that is not there yet begins as the one that comes with the service. Two changes at once happen one after
    the other. Raises ValueError naming what there is, BadSummary for a spoilt file, OSError.
    """
    with _alone_in(path.parent):
        document = parse_document(_content(path if path.exists() else DEFAULT_FILE))
        content = orjson.dumps(changed(document, service, level, text, now), option=orjson.OPT_INDENT_2) + b"\n"
        report = read_summary(content, "", now.astimezone(UTC))
        _replace(path, content)
    return report


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    # The folder is locked, not the file, which is another one after each change.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(path: Path, content: bytes) -> None:
    """Write beside the file and rename, so that nobody reads half of it; who may read it stays as it was."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
