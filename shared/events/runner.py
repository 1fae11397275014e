"""Run a decider over streams: fold, decide, append, and again on what is new where somebody else was quicker."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from shared.events.codec import Codec
from shared.events.deadline import remaining
from shared.events.decider import Decider
from shared.events.errors import CommandIdReused, Refusal, WrongExpectedRevision
from shared.events.event import Fact, NewEvent, RecordedEvent, event_id
from shared.events.store.port import Appended, EventStore, Write
from shared.events.stream import START, Expect, Position, Revision, StreamName

S = TypeVar("S")
V = TypeVar("V")

PAGE = 1000
CACHED = 1000
NOT_THERE = Revision(-1)
# how long a command is tried for a caller who has not said how long he waits; and what the answer's way back may take
PATIENCE_SECONDS = 4.0
ANSWER_SECONDS = 0.25


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
class Folded(Generic[S, V]):
    """What a stream's events up to `revision` add up to: the state for decisions, and what callers are shown."""

    state: S
    view: V | None = None
    revision: Revision = NOT_THERE
    position: Position = START


@dataclass(frozen=True, slots=True)
class Outcome(Generic[S, V]):
    """What a command came to.

    after:      the stream right after it
    facts:      what it caused; none where it changed nothing
    duplicate:  True where the command had been carried out before and this is its first result
    """

    after: Folded[S, V]
    facts: Sequence[Fact]
    duplicate: bool = False

    @property
    def state(self) -> S:
        return self.after.state

    @property
    def revision(self) -> Revision:
        return self.after.revision

    @property
    def position(self) -> Position:
        return self.after.position

    @property
    def caused(self) -> int:
        return len(self.facts)


class Runner(Generic[S, V]):
    """Carries out the commands of one decider, each once, however often it is sent.

    view:    (view or None, fact) -> view: what callers are shown, folded beside the state; both are never changed in
             place
    labels:  further members of each event's metadata, from the state after it

    What streams added up to is kept for the CACHED that were used last. That it may be out of date is harmless: an
    append names the revision that it was decided on, and a no is decided again on what is in the store.
    """

    def __init__(
        self,
        store: EventStore,
        codec: Codec,
        decider: Decider[S],
        view: Callable[[V | None, Fact], V | None] = lambda view, _: view,
        labels: Callable[[S], Mapping[str, Any]] = lambda _: {},
    ) -> None:
        self._store, self._codec, self._decider = store, codec, decider
        self._view, self._labels = view, labels
        self._nothing: Folded[S, V] = Folded(decider.initial)
        self._cache = _Cache[S, V](CACHED)

    def run(
        self,
        stream: StreamName,
        command: Any,
        context: CommandContext,
        *,
        decide: Callable[[Any, S], Sequence[Any]] | None = None,
        labels: Callable[[S], Mapping[str, Any]] | None = None,
        beside: Sequence[Write] = (),
        new: bool = False,
    ) -> Outcome[S, V]:
        """Carry out `command` on `stream`.

        1. Decide on what is known of the stream and append at exactly that revision.
        2. Somebody else appended meanwhile: again on what is new, until the caller's deadline is near.
        3. A no, or nothing to do: from the store, whether that is so, or whether the command was carried out before.

        decide:  instead of the decider's
        labels:  instead of the runner's
        beside:  is appended with the events, all or none
        new:     the stream is the command's own, so there is nothing to read before the first try

        Raises the domain's Refusal; and Refusal `idempotency_key_reused` (another request under this command id),
        `stale_revision` (`context.expected` is not the stream's revision), `write_conflict` (others were quicker to the
        end); and WrongExpectedRevision of a stream in `beside`.
        """
        ends = time.monotonic() + remaining(PATIENCE_SECONDS) - ANSWER_SECONDS
        known = self._cache.get(stream)
        fresh = known is None and not new
        known = known or (self._nothing if new else self._catch_up(stream, self._nothing))
        tries = 0
        while True:
            decided = self._decide(decide or self._decider.decide, command, context, known)
            if decided and not isinstance(decided, Refusal):
                try:
                    new_events = self._new_events(decided, known, context, labels)
                    return self._append(stream, known, decided, new_events, context, beside)
                except WrongExpectedRevision as error:
                    if error.stream != str(stream):
                        raise
                    if error.actual is not None and error.actual < known.revision:
                        # the log was put back to an earlier time: what was known of the stream never happened
                        self._cache.forget(stream)
                        known = self._nothing
                if time.monotonic() >= ends:
                    raise _write_conflict()
                # those who lost together do not come back together
                time.sleep(random.uniform(0, min(0.05, 0.001 * 2**tries)))
                tries += 1
                quicker = self._cache.get(stream)
                fresh = quicker is None or quicker.revision <= known.revision
                known = self._catch_up(stream, known) if fresh or quicker is None else quicker
            elif not fresh:
                known, fresh = self._catch_up(stream, known), True
            elif (first := self._first_result(stream, context)) is not None:
                return first
            elif isinstance(decided, Refusal):
                raise decided
            else:
                return Outcome(known, ())

    def load(self, stream: StreamName) -> Folded[S, V]:
        """What the stream adds up to now; revision -1 where there is none."""
        return self._catch_up(stream, self._cache.get(stream) or self._nothing)

    def write(self, stream: StreamName, command: Any, context: CommandContext) -> Write:
        """The write of a command that begins a stream, to be appended beside another's. Raises the domain's Refusal."""
        decided = self._decider.decide(command, self._decider.initial)
        return Write(stream, self._new_events(decided, self._nothing, context), Expect.NO_STREAM, context.command_id)

    def _decide(
        self,
        decide: Callable[[Any, S], Sequence[Any]],
        command: Any,
        context: CommandContext,
        known: Folded[S, V],
    ) -> Sequence[Any] | Refusal:
        if context.expected is not None and context.expected != known.revision:
            return _stale(known.revision)
        try:
            return decide(command, known.state)
        except Refusal as refusal:
            return refusal

    def _append(
        self,
        stream: StreamName,
        known: Folded[S, V],
        decided: Sequence[Any],
        new: Sequence[NewEvent],
        context: CommandContext,
        beside: Sequence[Write],
    ) -> Outcome[S, V]:
        expected = Expect.NO_STREAM if known.revision < 0 else known.revision
        try:
            *_, appended = self._store.append_all([*beside, Write(stream, new, expected, context.command_id)])
        except CommandIdReused:
            raise key_reused() from None
        if appended.duplicate:
            return self._repeated(stream, appended, context)
        now = datetime.now(UTC)
        facts = [
            Fact(
                event,
                RecordedEvent(
                    each.id, each.name, each.version, stream, revision, position, now, each.data, each.metadata
                ),
            )
            for event, each, revision, position in zip(
                decided, new, map(Revision, range(appended.first, appended.last + 1)), appended.positions, strict=True
            )
        ]
        after = self._fold(known, facts)
        self._cache.put(stream, after)
        return Outcome(after, facts)

    def _first_result(self, stream: StreamName, context: CommandContext) -> Outcome[S, V] | None:
        try:
            appended = self._store.appended(stream, context.command_id)
        except CommandIdReused:
            raise key_reused() from None
        return None if appended is None else self._repeated(stream, appended, context)

    def _repeated(self, stream: StreamName, appended: Appended, context: CommandContext) -> Outcome[S, V]:
        """The first result of a command that was carried out before."""
        facts: list[Fact] = []
        folded = self._nothing
        while folded.revision < appended.last:
            page = self._page(stream, folded.revision, min(PAGE, appended.last - folded.revision))
            folded = self._fold(folded, page)
            facts += [fact for fact in page if fact.recorded.revision >= appended.first]
        if facts[0].recorded.metadata.get("fingerprint") != context.fingerprint:
            raise key_reused()
        return Outcome(folded, facts, duplicate=True)

    def _catch_up(self, stream: StreamName, known: Folded[S, V]) -> Folded[S, V]:
        while page := self._page(stream, known.revision, PAGE):
            known = self._fold(known, page)
            if len(page) < PAGE:
                break
        if known.revision >= 0:
            # names that are only guessed at push nobody out
            self._cache.put(stream, known)
        return known

    def _page(self, stream: StreamName, after: int, limit: int) -> list[Fact]:
        return [Fact(self._codec.decode(event), event) for event in self._store.read(stream, after, limit)]

    def _fold(self, folded: Folded[S, V], facts: Iterable[Fact]) -> Folded[S, V]:
        state, view, last = folded.state, folded.view, None
        for fact in facts:
            state, view, last = self._decider.evolve(state, fact.event), self._view(view, fact), fact.recorded
        return folded if last is None else Folded(state, view, last.revision, last.position)

    def _new_events(
        self,
        decided: Sequence[Any],
        known: Folded[S, V],
        context: CommandContext,
        labels: Callable[[S], Mapping[str, Any]] | None = None,
    ) -> list[NewEvent]:
        marks = (labels or self._labels)(self._decider.fold(decided, known.state))
        return [_new_event(self._codec, event, index, context, marks) for index, event in enumerate(decided)]


@dataclass(slots=True)
class _Cache(Generic[S, V]):
    """The newest of what was put in, for the streams that were used last."""

    most: int
    _kept: OrderedDict[StreamName, Folded[S, V]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, stream: StreamName) -> Folded[S, V] | None:
        with self._lock:
            found = self._kept.get(stream)
            if found is not None:
                self._kept.move_to_end(stream)
            return found

    def forget(self, stream: StreamName) -> None:
        with self._lock:
            self._kept.pop(stream, None)

    def put(self, stream: StreamName, folded: Folded[S, V]) -> None:
        with self._lock:
            before = self._kept.get(stream)
            if before is None or before.revision < folded.revision:
                self._kept[stream] = folded
            self._kept.move_to_end(stream)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)


def key_reused() -> Refusal:
    """The refusal of another request under a command id that was used."""
    return Refusal(
        "idempotency_key_reused",
        "This idempotency key was used for another request.",
        kind="invalid",
    )


def _stale(revision: Revision) -> Refusal:
    return Refusal(
        "stale_revision",
        "Somebody changed this meanwhile. Look at it again before you decide.",
        kind="stale",
        details={"revision": None if revision < 0 else revision},
    )


def _write_conflict() -> Refusal:
    return Refusal(
        "write_conflict",
        "Others are changing this at the same moment. Try again.",
        kind="unavailable",
        details={"retry_after": 1},
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
