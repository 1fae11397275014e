"""Run a decider over a stream: load, fold, decide, append, and again where somebody else was quicker."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.events.codec import Codec
from shared.events.errors import CommandIdReused, Refusal, WrongExpectedRevision
from shared.events.event import NewEvent, RecordedEvent, event_id
from shared.events.store.port import EventStore
from shared.events.stream import START, Expect, Position, Revision, StreamName

S = TypeVar("S")

TRIES = 3


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


@dataclass(frozen=True, slots=True)
class CommandContext:
    """What accompanies a command.

    command_id:      the same for every retry of it
    fingerprint:     digest of the request, to tell a retry from another request under the same id
    correlation_id:  of the request that everything here belongs to
    causation_id:    what made us send this command, where it was not a person: an event's id
    actor:           who, as stored with each event: {id, roles}; no names
    expected:        the revision that the caller saw, if the caller insists on it
    """

    command_id: uuid.UUID
    fingerprint: str
    correlation_id: str
    actor: Mapping[str, Any]
    causation_id: str | None = None
    expected: Revision | None = None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[S]):
    """What a command came to.

    state:      after it
    events:     of the stream up to and with the last one that the command caused
    caused:     how many of them the command caused; 0 where it changed nothing
    duplicate:  True where the command had been carried out before and this is its first result
    """

    state: S
    events: Sequence[RecordedEvent]
    caused: int
    duplicate: bool

    @property
    def revision(self) -> Revision:
        return self.events[-1].revision if self.events else Revision(-1)

    @property
    def position(self) -> Position:
        return self.events[-1].position if self.events else START


def handle(
    store: EventStore,
    codec: Codec,
    decider: Decider[S],
    stream: StreamName,
    command: Any,
    context: CommandContext,
    labels: Callable[[S], Mapping[str, Any]] = lambda _: {},
) -> Outcome[S]:
    """Carry out `command` on `stream` once, however often it is sent.

    1. A command id that stands in the stream already: its first result.
    2. Otherwise decide on the folded state, and append at exactly the revision that was read.
    3. Somebody else appended meanwhile: from 1., TRIES times in all.

    `labels` gives further members of each event's metadata from the state after it.

    Raises the domain's Refusal; and Refusal `idempotency_key_reused` (another request under this command id),
    `stale_revision` (`context.expected` is not the stream's revision), `write_conflict` (every try lost its race).
    """
    for _ in range(TRIES):
        recorded = store.read(stream)
        if (first := _first_result(codec, decider, recorded, context)) is not None:
            return first
        state = decider.fold(map(codec.decode, recorded))
        revision = recorded[-1].revision if recorded else None
        if context.expected is not None and context.expected != revision:
            raise Refusal(
                "stale_revision",
                "Somebody changed this meanwhile. Look at it again before you decide.",
                kind="stale",
                details={"revision": revision},
            )
        decided = decider.decide(command, state)
        if not decided:
            return Outcome(state, recorded, caused=0, duplicate=False)
        after = decider.fold(decided, state)
        marks = labels(after)
        new = [_new_event(codec, event, index, context, marks) for index, event in enumerate(decided)]
        expected = Expect.NO_STREAM if revision is None else revision
        try:
            appended = store.append(stream, new, expected, context.command_id)
        except WrongExpectedRevision:
            continue
        except CommandIdReused:
            raise key_reused() from None
        if appended.duplicate:
            # the same command won on another replica a moment ago: what it recorded is the answer
            continue
        # read back rather than guessed: positions between the first and the last are the store's own affair
        written = store.read(stream, after=appended.first - 1, limit=len(new))
        return Outcome(after, [*recorded, *written], caused=len(new), duplicate=False)
    raise Refusal("write_conflict", "Others are changing this at the same moment. Try again.")


def _first_result(
    codec: Codec, decider: Decider[S], recorded: Sequence[RecordedEvent], context: CommandContext
) -> Outcome[S] | None:
    wanted = str(context.command_id)
    caused = [event for event in recorded if event.metadata.get("command_id") == wanted]
    if not caused:
        return None
    if caused[0].metadata.get("fingerprint") != context.fingerprint:
        raise key_reused()
    until = recorded[: caused[-1].revision + 1]
    return Outcome(decider.fold(map(codec.decode, until)), until, caused=len(caused), duplicate=True)


def key_reused() -> Refusal:
    """The refusal of another request under a command id that was used."""
    return Refusal(
        "idempotency_key_reused",
        "This idempotency key was used for another request.",
        kind="invalid",
    )


def _new_event(codec: Codec, event: object, index: int, context: CommandContext, labels: Mapping[str, Any]) -> NewEvent:
    name, version, data = codec.encode(event)
    metadata = {
        "command_id": str(context.command_id),
        "fingerprint": context.fingerprint,
        "correlation_id": context.correlation_id,
        "causation_id": context.causation_id or str(context.command_id),
        "actor": dict(context.actor),
        **labels,
    }
    return NewEvent(event_id(context.command_id, index), name, version, data, metadata)
