"""The feeds of several services as one: they share a log, and with it the order of positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.service.client import RemoteService

Feed = Callable[[int, int], dict[str, Any]]
"""feed(after, limit) → {items, position, caught_up, …}: items behind a position; everything up to `position` is in."""


def merged(*feeds: Feed) -> Feed:
    """One feed of all, in the order of the log and without a gap: as far as the one that has come least far.

    Raises what any of them raises: to go on without one would leave a gap that nobody could find again.
    """

    def feed(after: int, limit: int) -> dict[str, Any]:
        pages = [each(after, limit) for each in feeds]
        reached = [int(page["position"]) for page in pages]
        position = min(reached)
        items = sorted(
            (item for page in pages for item in page["items"] if item["position"] <= position),
            key=lambda item: int(item["position"]),
        )
        caught_up = all(page["caught_up"] for page in pages) and position == max(reached)
        if len(items) > limit:
            items, caught_up = items[:limit], False
            position = items[-1]["position"]
        heads = [int(page["head"]) for page in pages if "head" in page]
        return {
            "items": items,
            "position": position,
            "caught_up": caught_up,
            **({"head": max(heads)} if heads else {}),
        }

    return feed


def feed_of(service: RemoteService) -> Feed:
    """What a service gives to live streams."""
    return lambda after, limit: service.call("feed", after=after, limit=limit)


def events_of(service: RemoteService, actor: Mapping[str, Any]) -> Feed:
    """A service's events as other systems get them."""
    return lambda after, limit: service.call("events", actor=actor, after=after, limit=limit)
