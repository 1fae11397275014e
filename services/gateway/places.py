"""Where a client of live streams is: one position for each service that words events, written as one short text.

`110` is position 110 of every service. `110.chat-130` is 110 of every service but chat, of which the client has seen
everything up to 130. What stands first is the position of the event that carries the text as its id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

Places = Mapping[str, int]
"""Service → the position up to which all of its events are known."""

BEGINNING = -1
PATTERN = r"^(-1|[0-9]{1,19})(\.[a-z_]{1,32}-[0-9]{1,19}){0,8}$"
_TEXT = re.compile(PATTERN)
_LARGEST = 2**63 - 1


def written(places: Places, at: int | None = None) -> str:
    """`places` as text; `at` is what stands first, the lowest of all where it is None."""
    first = min(places.values()) if at is None else at
    others = (f".{service}-{place}" for service, place in sorted(places.items()) if place != first)
    return str(first) + "".join(others)


def read(text: str, services: Iterable[str]) -> dict[str, int]:
    """The places of `services`; those of others, which another version knows, are left out. Raises ValueError."""
    if not _TEXT.fullmatch(text):
        raise ValueError("no place in a live stream")
    first, *others = text.split(".")
    named = [other.split("-") for other in others]
    places = {service: int(place) for service, place in named}
    if len(places) != len(others) or max(int(first), *places.values(), 0) > _LARGEST:
        raise ValueError("no place in a live stream")
    return {service: places.get(service, int(first)) for service in services}
