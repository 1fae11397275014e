"""Byte ranges of RFC 9110: one range; several at once are answered with the whole file, as the RFC allows."""

from __future__ import annotations

import re

from services.gateway.problems import Problem

_RANGE = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.IGNORECASE)


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """(start, length) of the asked part of `size` bytes; None where the whole is to be sent.

    Raises Problem range_not_satisfiable.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.group(0).replace(" ", "").endswith("=-"):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(size - int(last), 0), size - 1
        if int(last) == 0:
            raise _unsatisfiable(size)
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise _unsatisfiable(size)
    return start, end - start + 1


def _unsatisfiable(size: int) -> Problem:
    return Problem(
        "range_not_satisfiable", f"The file has {size:,} bytes.", headers=[("Content-Range", f"bytes */{size}")]
    )
