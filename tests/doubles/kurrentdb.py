"""A KurrentDB node in this process, on the client's own generated stubs: as strict as the real one, and breakable.

It is no kinder than the server: a repeated write is recognised only at the same exact revision (never with ANY, and
without telling its position), positions are sparse, system events lie between ours, a position that no record has is
refused, a caught-up answer tells no position.
"""

from __future__ import annotations

import bisect
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import any_pb2, empty_pb2
from kurrentdbclient.protos.google.rpc import code_pb2
from kurrentdbclient.protos.v1 import (
    gossip_pb2,
    gossip_pb2_grpc,
    shared_pb2,
    status_pb2,
    streams_pb2,
    streams_pb2_grpc,
)

MAX_APPEND_BYTES = 1_048_576
NO_STREAM = -1


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the node keeps it; `created` in ticks of 100 ns since 1970."""

    id: str
    type: str
    stream: str
    revision: int
    position: int
    created: int
    metadata: bytes
    data: bytes


class WrongRevision(Exception):
    """The stream is at `actual`, and this is not the same write again."""

    def __init__(self, actual: int) -> None:
        super().__init__(actual)
        self.actual = actual


class Log:
    """What the nodes of one cluster share."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.changed = threading.Condition()
        self._streams: dict[str, list[Record]] = {}
        self._end = 1717
        self._system_event()

    def append(
        self, stream: str, expected: int | str, messages: Sequence[streams_pb2.BatchAppendReq.ProposedMessage]
    ) -> tuple[Record, bool]:
        """The last record, and whether it was there already. `expected`: a revision, NO_STREAM, "any" or "exists"."""
        with self.changed:
            mine = self._streams.get(stream, [])
            actual = len(mine) - 1
            if isinstance(expected, int) and expected != actual:
                before = mine[expected + 1 : expected + 1 + len(messages)]
                if [record.id for record in before] != [message.id.string for message in messages]:
                    raise WrongRevision(actual)
                return before[-1], True
            if expected == "exists" and not mine:
                raise WrongRevision(actual)
            for message in messages:
                last = self._record(
                    stream, message.id.string, message.metadata["type"], message.custom_metadata, message.data
                )
            if last.revision % 4 == 0:
                self._system_event()
            self.changed.notify_all()
            return last, False

    def write_raw(self, stream: str, type_: str, data: bytes) -> None:
        """A record as another program may have written it."""
        with self.changed:
            self._record(stream, str(uuid.uuid4()), type_, b"", data)
            self.changed.notify_all()

    def stream(self, name: str) -> list[Record]:
        with self.changed:
            return list(self._streams.get(name, []))

    def from_position(self, position: int) -> int:
        """The index of the record at `position`. Raises KeyError where no record is."""
        with self.changed:
            index = bisect.bisect_left(self.records, position, key=lambda record: record.position)
            if index == len(self.records) or self.records[index].position != position:
                raise KeyError(position)
            return index

    def _record(self, stream: str, id_: str, type_: str, metadata: bytes, data: bytes) -> Record:
        mine = self._streams.setdefault(stream, [])
        record = Record(id_, type_, stream, len(mine), self._end, time.time_ns() // 100, metadata, data)
        self._end += 64 + len(metadata) + len(data)
        mine.append(record)
        self.records.append(record)
        return record

    def _system_event(self) -> None:
        self._record("$stats-127.0.0.1:2113", str(uuid.uuid4()), "$statsCollected", b"", b"{}")


@dataclass(slots=True)
class Faults:
    """What a node does wrong.

    follower:      refuses whoever wants the leader
    delay:         seconds before it begins to answer
    lost_replies:  so many appends take effect and break off instead of being answered
    mute_replies:  so many appends take effect and are never answered
    break_after:   the next read or subscription breaks off after so many answers
    mute_subscriptions:  subscriptions say that they have caught up and then nothing
    before_append:  done once, before the next append takes effect
    after_page:     done once, after the next filtered read has read, before it ends
    """

    follower: bool = False
    delay: float = 0.0
    lost_replies: int = 0
    mute_replies: int = 0
    break_after: int | None = None
    mute_subscriptions: bool = False
    before_append: Callable[[], object] | None = None
    after_page: Callable[[], object] | None = None


class Node(streams_pb2_grpc.StreamsServicer):
    """A node that serves `log` on 127.0.0.1:`port` (0: any free one) until `stop`."""

    def __init__(self, log: Log, port: int = 0) -> None:
        self.log, self.faults, self.cluster = log, Faults(), [self]
        self.appends = self.reads = 0
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(32, thread_name_prefix="kurrentdb-double")
        self._server = grpc.server(
            self._pool,
            options=[
                ("grpc.max_receive_message_length", 17 * 1024 * 1024),
                ("grpc.http2.min_recv_ping_interval_without_data_ms", 1000),
                ("grpc.so_reuseport", 0),
            ],
        )
        streams_pb2_grpc.add_StreamsServicer_to_server(self, self._server)
        gossip_pb2_grpc.add_GossipServicer_to_server(self._gossip(), self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        self._server.start()

    @property
    def uri(self) -> str:
        return f"kurrentdb://127.0.0.1:{self.port}?Tls=false"

    def stop(self) -> None:
        self._stopping.set()
        with self.log.changed:
            self.log.changed.notify_all()
        self._server.stop(None).wait()
        self._pool.shutdown()

    def BatchAppend(  # noqa: N802 (the protocol's name, as below)
        self, requests: Iterator[streams_pb2.BatchAppendReq], context: grpc.ServicerContext
    ) -> Iterator[streams_pb2.BatchAppendResp]:
        self._begin(context)
        for request in requests:
            self.appends += 1
            self._once("before_append")
            answer = self._appended(request)
            if self.faults.lost_replies > 0:
                self.faults.lost_replies -= 1
                context.abort(grpc.StatusCode.UNAVAILABLE, "connection lost")
            if self.faults.mute_replies > 0:
                self.faults.mute_replies -= 1
                while context.is_active() and not self._stopping.wait(0.05):
                    pass
                return
            yield answer

    def Read(  # noqa: N802
        self, request: streams_pb2.ReadReq, context: grpc.ServicerContext
    ) -> Iterator[streams_pb2.ReadResp]:
        self._begin(context)
        self.reads += 1
        break_after, self.faults.break_after = self.faults.break_after, None
        for count, answer in enumerate(self._answers(request.options, context)):
            if count == break_after:
                context.abort(grpc.StatusCode.UNAVAILABLE, "connection lost")
            yield answer
        if request.options.WhichOneof("filter_option") == "filter":
            self._once("after_page")

    def _once(self, fault: str) -> None:
        action: Callable[[], object] | None = getattr(self.faults, fault)
        setattr(self.faults, fault, None)
        if action is not None:
            action()

    def _begin(self, context: grpc.ServicerContext) -> None:
        wants_leader = ("requires-leader", "true") in context.invocation_metadata()
        if self.faults.follower and wants_leader:
            leader = next((node for node in self.cluster if not node.faults.follower), self)
            context.set_trailing_metadata(
                (("leader-endpoint-host", "127.0.0.1"), ("leader-endpoint-port", str(leader.port)))
            )
            context.abort(grpc.StatusCode.NOT_FOUND, "Leader info available")
        self._stopping.wait(self.faults.delay)

    def _appended(self, request: streams_pb2.BatchAppendReq) -> streams_pb2.BatchAppendResp:
        options = request.options
        which = options.WhichOneof("expected_stream_position")
        expected = {"no_stream": NO_STREAM, "any": "any", "stream_exists": "exists"}.get(which, options.stream_position)
        size = sum(len(message.data) + len(message.custom_metadata) for message in request.proposed_messages)
        answer = streams_pb2.BatchAppendResp(
            correlation_id=request.correlation_id, stream_identifier=options.stream_identifier
        )
        if size > MAX_APPEND_BYTES:
            answer.error.CopyFrom(_status(shared_pb2.MaximumAppendSizeExceeded(maxAppendSize=MAX_APPEND_BYTES)))
            return answer
        try:
            last, repeated = self.log.append(
                options.stream_identifier.stream_name.decode(), expected, request.proposed_messages
            )
        except WrongRevision as wrong:
            detail = (
                shared_pb2.WrongExpectedVersion(current_no_stream=empty_pb2.Empty())
                if wrong.actual == NO_STREAM
                else shared_pb2.WrongExpectedVersion(current_stream_revision=wrong.actual)
            )
            answer.error.CopyFrom(_status(detail))
            return answer
        answer.success.current_revision = last.revision
        if repeated:
            answer.success.no_position.SetInParent()
        else:
            answer.success.position.commit_position = answer.success.position.prepare_position = last.position
        return answer

    def _answers(
        self, options: streams_pb2.ReadReq.Options, context: grpc.ServicerContext
    ) -> Iterator[streams_pb2.ReadResp]:
        if options.WhichOneof("stream_option") == "stream":
            return self._stream_answers(options)
        try:
            if options.WhichOneof("count_option") == "subscription":
                return self._subscription(options, self._first(options, behind=True), context)
            return self._all_answers(options, self._first(options, behind=False))
        except KeyError:
            context.abort(grpc.StatusCode.UNKNOWN, "Unexpected FilteredReadAllResult: InvalidPosition")

    def _first(self, options: streams_pb2.ReadReq.Options, behind: bool) -> int:
        match options.all.WhichOneof("all_option"):
            case "start":
                return 0
            case "end":
                return len(self.log.records)
        return self.log.from_position(options.all.position.commit_position) + behind

    def _stream_answers(self, options: streams_pb2.ReadReq.Options) -> Iterator[streams_pb2.ReadResp]:
        records = self.log.stream(options.stream.stream_identifier.stream_name.decode())
        if not records:
            yield streams_pb2.ReadResp(
                stream_not_found=streams_pb2.ReadResp.StreamNotFound(stream_identifier=options.stream.stream_identifier)
            )
        for record in records[options.stream.revision :][: options.count]:
            yield _event(record)

    def _all_answers(self, options: streams_pb2.ReadReq.Options, first: int) -> Iterator[streams_pb2.ReadResp]:
        wanted, left = _filter(options), options.count
        backwards = options.read_direction == streams_pb2.ReadReq.Options.Backwards
        with self.log.changed:
            records = self.log.records[:first][::-1] if backwards else self.log.records[first:]
        for record in records:
            if left and wanted(record):
                left -= 1
                yield _event(record)

    def _subscription(
        self, options: streams_pb2.ReadReq.Options, index: int, context: grpc.ServicerContext
    ) -> Iterator[streams_pb2.ReadResp]:
        yield streams_pb2.ReadResp(
            confirmation=streams_pb2.ReadResp.SubscriptionConfirmation(subscription_id=str(uuid.uuid4()))
        )
        wanted, caught_up, passed = _filter(options), False, 0
        if self.faults.mute_subscriptions:
            index = len(self.log.records)
        interval = options.filter.max * options.filter.checkpointIntervalMultiplier
        while context.is_active() and not self._stopping.is_set():
            with self.log.changed:
                if not caught_up and index == len(self.log.records):
                    record = None
                elif not self.log.changed.wait_for(lambda behind=index: len(self.log.records) > behind, timeout=0.1):
                    continue
                else:
                    record = self.log.records[index]
            if record is None:
                caught_up = True
                yield streams_pb2.ReadResp(caught_up=streams_pb2.ReadResp.CaughtUp())
                continue
            index, passed = index + 1, passed + 1
            if wanted(record):
                yield _event(record)
            if passed % interval == 0:
                place = record.position
                yield streams_pb2.ReadResp(
                    checkpoint=streams_pb2.ReadResp.Checkpoint(commit_position=place, prepare_position=place)
                )

    def _gossip(self) -> gossip_pb2_grpc.GossipServicer:
        # its method has the name of the other service's
        node = self

        class Gossip(gossip_pb2_grpc.GossipServicer):
            def Read(self, request: Any, context: grpc.ServicerContext) -> gossip_pb2.ClusterInfo:  # noqa: N802
                states = gossip_pb2.MemberInfo
                return gossip_pb2.ClusterInfo(
                    members=[
                        gossip_pb2.MemberInfo(
                            state=states.Follower if member.faults.follower else states.Leader,
                            is_alive=True,
                            http_end_point=gossip_pb2.EndPoint(address="127.0.0.1", port=member.port),
                        )
                        for member in node.cluster
                    ]
                )

        return Gossip()


def _filter(options: streams_pb2.ReadReq.Options) -> Callable[[Record], bool]:
    if options.WhichOneof("filter_option") == "no_filter":
        return lambda _: True
    assert options.filter.WhichOneof("filter") == "stream_identifier"
    pattern = re.compile(options.filter.stream_identifier.regex)
    return lambda record: pattern.search(record.stream) is not None


def _event(record: Record) -> streams_pb2.ReadResp:
    recorded = streams_pb2.ReadResp.ReadEvent.RecordedEvent(
        id=shared_pb2.UUID(string=record.id),
        stream_identifier=shared_pb2.StreamIdentifier(stream_name=record.stream.encode()),
        stream_revision=record.revision,
        prepare_position=record.position,
        commit_position=record.position,
        metadata={"type": record.type, "content-type": "application/json", "created": str(record.created)},
        custom_metadata=record.metadata,
        data=record.data,
    )
    return streams_pb2.ReadResp(event=streams_pb2.ReadResp.ReadEvent(event=recorded, commit_position=record.position))


def _status(detail: Any) -> status_pb2.Status:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return status_pb2.Status(code=code_pb2.FAILED_PRECONDITION, details=packed)
