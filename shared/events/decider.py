"""What a decider is: one aggregate's rules as pure functions. shared/events/runner.py runs them over a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Decider(Generic[S]):
    """One aggregate's rules as pure functions.

    initial:  the state before any event
    evolve:   (state, event) -> state; decides nothing, cannot fail
    decide:   (command, state) -> events, none where the command changes nothing; raises Refusal
    """

    initial: S
    evolve: Callable[[S, Any], S]
    decide: Callable[[Any, S], Sequence[Any]]

    def fold(self, events: Iterable[Any], state: S | None = None) -> S:
        """The state after these events, from `state` or from the beginning."""
        folded = self.initial if state is None else state
        for event in events:
            folded = self.evolve(folded, event)
        return folded
