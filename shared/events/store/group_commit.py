"""Group commit: what waits at the same time goes to the database in one call, each with an answer of its own.

Nothing is held back for it. Whoever comes while no call is under way makes one at once; what arrives meanwhile forms
the next. The callers do the work themselves, so there is no thread to start, to watch and to stop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from shared.events.errors import StoreUnavailable

Work = TypeVar("Work")
Result = TypeVar("Result")
Work_contra = TypeVar("Work_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)


class Group(Protocol[Work_contra, Result_co]):
    """One call in the making."""

    def take(self, work: Work_contra) -> bool:
        """Add a work unless it cannot be in one call with the others; the first one always can."""

    def commit(self) -> Sequence[Result_co | Exception]:
        """Make the call: for each work, in order, its result or the error for whoever brought it."""


class GroupCommit(Generic[Work, Result]):
    """Makes groups of what is waiting and commits them, one at a time; safe for threads and green threads."""

    def __init__(self, new_group: Callable[[], Group[Work, Result]]) -> None:
        self._new_group = new_group
        self._lock = threading.Lock()
        self._waiting: list[_Place[Work, Result]] = []
        self._under_way = False

    def __call__(self, work: Work, seconds: float) -> Result:
        """The result of `work`. Raises its error, or StoreUnavailable where its group was not done within `seconds`."""
        place = _Place[Work, Result](work)
        with self._lock:
            self._waiting.append(place)
            place.leads, self._under_way = not self._under_way, True
        if not place.leads:
            try:
                place.called.wait(seconds)
            except BaseException:
                # this thread is being stopped, perhaps just as its turn came
                self._leave(place)
                raise
            if place.outcome is None and not place.leads and self._leave(place):
                raise StoreUnavailable("the store takes too long over what came before")
        if place.outcome is None:
            self._lead()
        outcome = place.outcome
        assert outcome is not None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _lead(self) -> None:
        """Commit a group, which begins with the leader's own work, then call the next leader."""
        group, places = self._gather()
        # what the others hear where this thread is stopped in the middle
        outcomes: Sequence[Result | Exception] = [StoreUnavailable("the commit was cut off") for _ in places]
        try:
            outcomes = group.commit()
        finally:
            with self._lock:
                for place, outcome in zip(places, outcomes, strict=True):
                    place.outcome = outcome
                    place.called.set()
                self._call_next()

    def _gather(self) -> tuple[Group[Work, Result], list[_Place[Work, Result]]]:
        group = self._new_group()
        with self._lock:
            taken = [place for place in self._waiting if group.take(place.work)]
            gone = set(map(id, taken))
            self._waiting = [place for place in self._waiting if id(place) not in gone]
        return group, taken

    def _leave(self, place: _Place[Work, Result]) -> bool:
        """Give the place up, and the lead with it; False where the outcome, or the turn, came at the last moment."""
        with self._lock:
            if place.outcome is not None:
                return False
            if place in self._waiting:
                self._waiting.remove(place)
            if place.leads:
                self._call_next()
            return True

    def _call_next(self) -> None:
        self._under_way = bool(self._waiting)
        if self._waiting:
            self._waiting[0].leads = True
            self._waiting[0].called.set()


class _Place(Generic[Work, Result]):
    """A caller's place in the queue; what it waits for is its outcome, or its turn to lead."""

    __slots__ = ("called", "leads", "outcome", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.called = threading.Event()
        self.leads = False
        self.outcome: Result | Exception | None = None
