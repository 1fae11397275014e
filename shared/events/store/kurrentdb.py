"""The event store on KurrentDB (formerly EventStoreDB), for those who outgrow PostgreSQL. The server is 23.10 or newer.

Positions are commit positions: opaque, increasing, not dense. Categories are read and followed through `$all` with a
stream-name filter that the server applies; its own events (`$…`) never come out. An event's version stands in its
metadata as `schema_version`, its command as `command_id`. One append may be as large as the server's MaxAppendSize
(1 MiB unless configured): more is EventTooLarge.

Every call ends within `total_seconds` or raises StoreUnavailable: a lost connection, a node that does not lead and a
passed deadline are tried again until then, an append always with the same ids and the same exact revision, which is
what the server needs to recognise it. The client library's own retries are not bounded by a deadline, so its services
are called without them.
"""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson
import tenacity

from shared.events.errors import (
    EventStoreError,
    EventTooLarge,
    InvalidEvent,
    NotTheOwner,
    StoreUnavailable,
    WrongExpectedRevision,
)
from shared.events.event import NewEvent, RecordedEvent
from shared.events.store.checks import check_appendable, check_writes
from shared.events.store.grpc_under_eventlet import (
    PATCHED_AT_IMPORT,
    is_patched,
    kurrentdbclient,
    native_queue,
    native_threading,
    native_time,
    off_the_hub,
)
from shared.events.store.port import Appended, Batch, Write
from shared.events.stream import START, Expect, ExpectedRevision, Position, Revision, StreamName
from shared.events.subscription import StopSignal

QUIET_SECONDS = 1.0
SILENT_LIMIT = 10
TAIL_BUFFER = 256
# how many records the server looks through at a time where few of them are wanted
READ_WINDOW = 1000
TAIL_WINDOW = 200
_VERSION, _COMMAND = "schema_version", "command_id"
_DEFAULT_OPTIONS = {
    "KeepAliveInterval": "10000",
    "KeepAliveTimeout": "5000",
    "GossipTimeout": "1",
    "MaxDiscoverAttempts": "1",
}
_NO_POSITION = 2**63
_OUR_STREAMS = r"[a-z][a-z_]{0,39}-[A-Za-z0-9_.-]{1,100}"

_errors = kurrentdbclient.exceptions
_AWAY = (
    _errors.GrpcError,
    _errors.DeadlineExceededError,
    _errors.NodeIsNotLeaderError,
    _errors.DiscoveryFailedError,
    _errors.AbortedByServerError,
    _errors.UnknownError,
    _errors.SubscriptionConfirmationError,
)
# after these another connection may find what this one does not
_MOVED = (
    _errors.ServiceUnavailableError,
    _errors.CancelledError,
    _errors.NodeIsNotLeaderError,
    _errors.DiscoveryFailedError,
)

T = TypeVar("T")


class KurrentDBEventStore:
    """Implements EventStore on the server or cluster at `uri`; opens nothing before the first call.

    `attempt_seconds` bounds one try of a call, `total_seconds` all of them together. Raises ValueError for a bad URI.
    """

    def __init__(self, uri: str, attempt_seconds: float = 2.0, total_seconds: float = 4.0) -> None:
        if is_patched() and not PATCHED_AT_IMPORT:
            raise RuntimeError("this module was imported before eventlet patched the process: patch first")
        self._log = _Log(uri, attempt_seconds, total_seconds)

    def append(
        self,
        stream: StreamName,
        events: Sequence[NewEvent],
        expected: ExpectedRevision,
        command: uuid.UUID | None = None,
    ) -> Appended:
        return off_the_hub(self._log.append, stream, events, expected, command)

    def append_all(self, writes: Sequence[Write]) -> list[Appended]:
        check_writes(writes)
        return [self.append(write.stream, write.events, write.expected, write.command) for write in writes]

    def appended(self, stream: StreamName, command: uuid.UUID) -> Appended | None:
        return off_the_hub(self._log.appended, stream, command)

    def read(self, stream: StreamName, after: int = -1, limit: int | None = None) -> list[RecordedEvent]:
        return off_the_hub(self._log.read, stream, after, limit)

    def read_all(self, after: Position, categories: Collection[str] | None = None, limit: int = 1000) -> Batch:
        return off_the_hub(self._log.read_all, after, categories, limit)

    def head(self) -> Position:
        return off_the_hub(self._log.head)

    def subscribe(
        self,
        after: Position,
        categories: Collection[str] | None = None,
        *,
        stop: StopSignal,
        batch_size: int = 1000,
    ) -> Iterator[Batch]:
        tail = _Tail(self._log, after, categories)
        try:
            while not stop.is_set():
                batch = off_the_hub(tail.next_batch, batch_size)
                if batch is not None:
                    yield batch
        finally:
            tail.close()

    def close(self) -> None:
        off_the_hub(self._log.close)


class _Log:
    """The store's calls as they run on a native thread."""

    def __init__(self, uri: str, attempt_seconds: float, total_seconds: float) -> None:
        self._uri = with_defaults(uri)
        options = kurrentdbclient.connection_spec.ConnectionSpec(self._uri).options
        self._metadata = (("connection-name", options.connection_name),)
        self._attempt_seconds, self._total_seconds = attempt_seconds, total_seconds
        self._lock = native_threading.Lock()
        self._client: kurrentdbclient.KurrentDBClient | None = None
        self._closed = False

    def append(
        self, stream: StreamName, events: Sequence[NewEvent], expected: ExpectedRevision, command: uuid.UUID | None
    ) -> Appended:
        records = _records(events, command)
        ids = {event.id for event in events}
        deadline = self._deadline()
        # a retry may carry a newer revision, which the server's own idempotency would take for a new append
        seen, last = self._seen(stream, ids, command, -1, deadline)
        while seen is None:
            # ANY and EXISTS go out as the revision just seen: only an exact one makes a repeated write surely harmless
            version = _exact(stream, expected, last)
            try:
                position = self._write(stream, records, version, deadline)
            except _errors.WrongCurrentVersionError as error:
                seen, last = self._seen(stream, ids, command, last, deadline)
                if seen is None and expected not in (Expect.ANY, Expect.EXISTS):
                    raise WrongExpectedRevision(stream, expected, None if last < 0 else last) from error
                if seen is None and native_time.monotonic() > deadline:
                    raise StoreUnavailable(f"{stream}: other writers were quicker every time") from error
            else:
                if len(records) > 1 or not 0 < position < _NO_POSITION:
                    # the answer has the last position at most, and a repeated write may be answered without one
                    written, _ = self._seen(stream, ids, command, last, deadline)
                    assert written is not None
                    return replace(written, duplicate=False)
                return Appended(Revision(version + 1 if isinstance(version, int) else 0), (position,))
        return seen

    def appended(self, stream: StreamName, command: uuid.UUID) -> Appended | None:
        return self._seen(stream, (), command, -1, self._deadline())[0]

    def read(self, stream: StreamName, after: int, limit: int | None) -> list[RecordedEvent]:
        if limit is not None and limit < 1:
            return []
        return [_recorded(event) for event in self._read_stream(stream, after, limit, self._deadline())]

    def read_all(self, after: Position, categories: Collection[str] | None, limit: int) -> Batch:
        deadline = self._deadline()
        # the head first: what is read afterwards has been looked through at least as far
        head = self._head(deadline)
        pattern = stream_pattern(categories)

        def page(client: kurrentdbclient.KurrentDBClient, timeout: float) -> list[kurrentdbclient.RecordedEvent]:
            # the client's own signature for a read leaves the window out
            with client.streams.read(  # type: ignore[call-overload]
                commit_position=None if after < 0 else after,
                window_size=READ_WINDOW,
                filter_include=(pattern,),
                filter_by_stream_name=True,
                # a read begins at its position, a subscription behind it
                limit=limit + 2,
                timeout=timeout,
                metadata=self._metadata,
                credentials=_credentials(client),
            ) as answers:
                return [event for event in answers if event.commit_position > after]

        events = [_recorded(event) for event in self._call(page, deadline)]
        if len(events) > limit:
            return Batch(events[:limit], events[limit - 1].position, caught_up=False)
        last = events[-1].position if events else after
        return Batch(events, Position(max(after, head, last)), caught_up=True)

    def head(self) -> Position:
        return self._head(self._deadline())

    def _head(self, deadline: float) -> Position:
        def last(client: kurrentdbclient.KurrentDBClient, timeout: float) -> int:
            with client.streams.read(
                backwards=True, limit=1, timeout=timeout, metadata=self._metadata, credentials=_credentials(client)
            ) as answers:
                return max((event.commit_position for event in answers), default=START)

        return Position(self._call(last, deadline))

    def follow(self, after: Position, pattern: str) -> kurrentdbclient.streams.CatchupSubscription:
        """An open subscription to `$all` behind a position; it has no deadline."""
        return self._call(
            lambda client, _: client.streams.read(
                subscribe=True,
                window_size=TAIL_WINDOW,
                commit_position=None if after < 0 else after,
                filter_include=(pattern,),
                filter_by_stream_name=True,
                include_checkpoints=True,
                include_caught_up=True,
                include_fell_behind=True,
                metadata=self._metadata,
                credentials=_credentials(client),
            ),
            self._deadline(),
        )

    def close(self) -> None:
        with self._lock:
            self._closed, client, self._client = True, self._client, None
        if client is not None:
            client.close()

    def _write(
        self,
        stream: StreamName,
        records: Sequence[kurrentdbclient.NewEvent],
        version: int | kurrentdbclient.StreamState,
        deadline: float,
    ) -> Position:
        position = self._call(
            lambda client, timeout: client.streams.batch_append(
                stream_name=str(stream),
                current_version=version,
                events=records,
                timeout=timeout,
                metadata=self._metadata,
                credentials=_credentials(client),
            ),
            deadline,
        )
        return Position(position)

    def _seen(
        self, stream: StreamName, ids: Collection[uuid.UUID], command: uuid.UUID | None, after: int, deadline: float
    ) -> tuple[Appended | None, int]:
        """Where these events, or this command's, stand behind `after`, if they do; and the stream's last revision."""
        events = self._read_stream(stream, after, None, deadline)
        last = events[-1].stream_position if events else after
        found = [event for event in events if event.id in ids or _is_of(event, command)]
        if not found:
            return None, last
        positions = tuple(Position(event.commit_position) for event in found)
        return Appended(Revision(found[0].stream_position), positions, duplicate=True), last

    def _read_stream(
        self, stream: StreamName, after: int, limit: int | None, deadline: float
    ) -> list[kurrentdbclient.RecordedEvent]:
        def events(client: kurrentdbclient.KurrentDBClient, timeout: float) -> list[kurrentdbclient.RecordedEvent]:
            with client.streams.read(
                stream_name=str(stream),
                stream_position=after + 1,
                limit=sys.maxsize if limit is None else limit,
                timeout=timeout,
                metadata=self._metadata,
                credentials=_credentials(client),
            ) as answers:
                return list(answers)

        try:
            return self._call(events, deadline)
        except _errors.NotFoundError:
            return []

    def _deadline(self) -> float:
        return float(native_time.monotonic()) + self._total_seconds

    def _call(self, work: Callable[[kurrentdbclient.KurrentDBClient, float], T], deadline: float) -> T:
        """`work(client, seconds)`, again where the server is away.

        Raises the client's WrongCurrentVersionError and NotFoundError as they are, else an EventStoreError.
        """
        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_AWAY),
            stop=lambda state: native_time.monotonic() + state.upcoming_sleep >= deadline,
            wait=tenacity.wait_random_exponential(multiplier=0.05, max=0.5),
            sleep=native_time.sleep,
            reraise=True,
        )

        def attempt() -> T:
            client = self._connected()
            try:
                return work(client, min(self._attempt_seconds, max(0.1, deadline - native_time.monotonic())))
            except ValueError as error:
                # grpc's way to say that another thread has closed this connection
                if "closed" not in str(error):
                    raise
                raise _errors.CancelledError(str(error)) from error
            except _MOVED:
                self._drop(client)
                raise

        try:
            return tries(attempt)
        except (_errors.WrongCurrentVersionError, _errors.NotFoundError):
            raise
        except _errors.KurrentDBClientError as error:
            raise _translated(error) from error

    def _connected(self) -> kurrentdbclient.KurrentDBClient:
        with self._lock:
            if self._closed:
                raise StoreUnavailable("the event store is closed")
            if self._client is None:
                # finds the leader where the URI names a cluster
                self._client = kurrentdbclient.KurrentDBClient(self._uri)
            return self._client

    def _drop(self, client: kurrentdbclient.KurrentDBClient) -> None:
        with self._lock:
            if self._client is client:
                self._client = None
                # before the next one opens: channels to one server share the backoff of minutes after a long outage
                client.close()


class _Tail:
    """A subscription, read on a thread of its own into a bounded queue, so that waiting for it can have a limit."""

    def __init__(self, log: _Log, after: Position, categories: Collection[str] | None) -> None:
        self._log, self._position, self._categories = log, after, categories
        self._messages: Any = native_queue.Queue(TAIL_BUFFER)
        self._closing = native_threading.Event()
        self._subscription: kurrentdbclient.streams.CatchupSubscription | None = None
        self._live = self._just_live = False
        self._silent = 0
        self._failure: EventStoreError | None = None
        native_threading.Thread(target=self._fill, name="kurrentdb-tail", daemon=True).start()

    def next_batch(self, size: int) -> Batch | None:
        """What is at hand, at most `size` events; after QUIET_SECONDS of nothing, how far the store was looked through.

        None where the server has events that are still on their way here.
        """
        if self._failure is not None:
            raise self._failure
        events: list[RecordedEvent] = []
        begin = self._position
        wait, self._just_live = 0.0 if self._just_live else QUIET_SECONDS, False
        while len(events) < size:
            try:
                message = self._messages.get(timeout=wait)
            except native_queue.Empty:
                break
            if isinstance(message, EventStoreError):
                self._failure = message
                break
            wait, self._silent = 0.0, 0
            if isinstance(message, RecordedEvent):
                events.append(message)
                self._position = message.position
            elif message.is_checkpoint:
                # everything up to it has gone through the filter
                self._position = Position(max(self._position, message.commit_position))
            else:
                self._live = self._just_live = message.is_caught_up
        if self._position > begin:
            # live and nothing more at hand: under steady load there is no quieter moment to wait for
            return Batch(events, self._position, caught_up=self._live and len(events) < size)
        if self._failure is not None:
            raise self._failure
        return self._quiet()

    def _quiet(self) -> Batch | None:
        self._silent += 1
        if self._silent > SILENT_LIMIT:
            raise StoreUnavailable("the subscription stays silent, though the store has more")
        if not self._live:
            return Batch([], self._position, caught_up=False)
        # what the server has committed may not have reached the queue yet: the head alone would step over it
        if self._log.head() > self._position:
            ahead = self._log.read_all(self._position, self._categories, 1)
            if ahead.events:
                return None
            self._position = ahead.position
        self._silent = 0
        return Batch([], self._position, caught_up=True)

    def close(self) -> None:
        """End the thread soon, without waiting for it."""
        self._closing.set()
        if self._subscription is not None:
            self._subscription.stop(cancel=True)

    def _fill(self) -> None:
        try:
            self._subscription = self._log.follow(self._position, stream_pattern(self._categories))
            if self._closing.is_set():
                self._subscription.stop(cancel=True)
                return
            for message in self._subscription:
                signal = message.is_checkpoint or message.is_caught_up or message.is_fell_behind
                if not self._put(message if signal else _recorded(message)):
                    return
            self._put(StoreUnavailable("the server ended the subscription"))
        except EventStoreError as error:
            self._put(error)
        except _errors.KurrentDBClientError as error:
            self._put(_translated(error))
        except Exception as error:
            self._put(StoreUnavailable(f"{type(error).__name__}: {error}"))

    def _put(self, message: object) -> bool:
        while not self._closing.is_set():
            try:
                self._messages.put(message, timeout=0.2)
            except native_queue.Full:
                continue
            return True
        return False


def with_defaults(uri: str) -> str:
    """The URI with keep-alive and bounded discovery where it does not say otherwise."""
    parts = urlsplit(uri)
    given = parse_qsl(parts.query, keep_blank_values=True)
    names = {name.lower() for name, _ in given}
    added = [(name, value) for name, value in _DEFAULT_OPTIONS.items() if name.lower() not in names]
    return urlunsplit(parts._replace(query=urlencode(given + added)))


def stream_pattern(categories: Collection[str] | None) -> str:
    """A regular expression for the names of these categories' streams (None: of every category)."""
    if categories is None:
        return _OUR_STREAMS
    if not categories:
        return "(?!)"
    return f"({'|'.join(re.escape(category) for category in sorted(categories))})-.*"


def _exact(stream: StreamName, expected: ExpectedRevision, last: int) -> int | kurrentdbclient.StreamState:
    match expected:
        case Expect.NO_STREAM:
            revision = -1
        case Expect.EXISTS if last < 0:
            raise WrongExpectedRevision(stream, expected, None)
        case Expect.ANY | Expect.EXISTS:
            revision = last
        case exact:
            revision = exact
    return kurrentdbclient.StreamState.NO_STREAM if revision < 0 else revision


def _records(events: Sequence[NewEvent], command: uuid.UUID | None) -> list[kurrentdbclient.NewEvent]:
    own: dict[str, Any] = {} if command is None else {_COMMAND: str(command)}
    return [
        kurrentdbclient.NewEvent(
            id=event.id,
            type=event.name,
            data=data,
            metadata=orjson.dumps({**event.metadata, **own, _VERSION: event.version}),
        )
        for event, (data, _) in zip(events, check_appendable(events), strict=True)
    ]


def _recorded(event: kurrentdbclient.RecordedEvent) -> RecordedEvent:
    assert event.recorded_at is not None
    try:
        data, metadata = orjson.loads(event.data), orjson.loads(event.metadata or b"{}")
        stream = StreamName.parse(event.stream_name)
    except ValueError as error:
        raise InvalidEvent(f"{event.type} {event.id} in {event.stream_name} is not one of ours: {error}") from error
    version = metadata.pop(_VERSION, 1)
    places = Revision(event.stream_position), Position(event.commit_position)
    return RecordedEvent(event.id, event.type, version, stream, *places, event.recorded_at, data, metadata)


def _is_of(event: kurrentdbclient.RecordedEvent, command: uuid.UUID | None) -> bool:
    # the bytes first: a long stream is not parsed for nothing
    if command is None or str(command).encode() not in event.metadata:
        return False
    return bool(orjson.loads(event.metadata).get(_COMMAND) == str(command))


def _credentials(client: kurrentdbclient.KurrentDBClient) -> Any:
    return client.construct_call_credentials(client.connection_spec.username, client.connection_spec.password)


def _translated(error: Exception) -> EventStoreError:
    words = f"{type(error).__name__}: {error}"
    match error:
        case _errors.MaximumAppendSizeExceededError():
            return EventTooLarge(f"the events of one append are too large together for this server: {error}")
        case _errors.BadRequestError():
            return InvalidEvent(words)
        case _errors.AccessDeniedError():
            return NotTheOwner(words)
    return StoreUnavailable(words) if isinstance(error, _AWAY) else EventStoreError(words)
