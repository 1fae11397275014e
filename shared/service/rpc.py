"""The answering side of RPC: `@rpc` on a method of a nameko service class.

Whatever arrives, the container lives on: a call gets an answer in the reply envelope, a message that is no call is
parked with its reason in the queue `parked.<service>`, and an answer that cannot be delivered is counted.
"""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Literal, TypeVar, cast, overload

import eventlet
import kombu
import nameko.messaging
import nameko.rpc
import orjson
import structlog
from nameko.extensions import ProviderCollector

from shared.events import errors
from shared.service import metrics
from shared.service.admission import Admission
from shared.service.broker import ERRORS, BrokerUnavailable, Reader
from shared.service.client import EXCHANGE, JSON, REMAINING_HEADER
from shared.service.publishing import PERSISTENT, TRANSIENT
from shared.service.runner import ENDS

log = structlog.get_logger(__name__)

F = TypeVar("F", bound=Callable[..., Any])
Work = Literal["command", "query"]
Envelope = dict[str, Any]

MAX_BODY = 2 * 1024 * 1024
PARKED_BODY = 256 * 1024
# Long enough for a restart, short enough that a caller of a service that is gone learns it at once
ABSENT_AFTER_MS = 10_000
# Nobody waits longer, and a message that kills the process must not come back for ever
CALL_EXPIRES_MS = 60_000
QUEUE_BOUND = 2_000


@overload
def rpc(method: F) -> F: ...
@overload
def rpc(*, kind: Work) -> Callable[[F], F]: ...
def rpc(method: Any = None, *, kind: Work = "command") -> Any:
    """Make a method callable by other services, with keyword arguments only.

    The decorated method returns the reply envelope: `{ok: true, value}`, or `{ok: false, problem}` where the method
    raised Refusal, EventStoreError or anything else. `kind` chooses the places that the call competes for.
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def answering(self: Any, *args: Any, **kwargs: Any) -> Envelope:
            return answer(lambda: function(self, *args, **kwargs))

        return cast(F, Rpc.decorator(kind=kind)(answering))

    return decorate(method) if method is not None else decorate


def answer(work: Callable[[], Any]) -> Envelope:
    """Run `work` and wrap what it returns or raises in the reply envelope."""
    try:
        return {"ok": True, "value": work()}
    except errors.Refusal as refusal:
        return problem(refusal.kind, refusal.code, refusal.message, refusal.errors, refusal.details)
    except errors.EventStoreError as error:
        return store_problem(error)
    except (Exception, eventlet.Timeout):
        log.exception("call_crashed")
        return internal_error()


def problem(
    kind: errors.Kind,
    code: str,
    detail: str,
    fields: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
) -> Envelope:
    """A reply envelope that says no."""
    body = {"kind": kind, "code": code, "detail": detail, "errors": dict(fields or {}), "details": dict(details or {})}
    return {"ok": False, "problem": body}


def internal_error() -> Envelope:
    """The answer when the fault is ours; the reason is in the log only."""
    return problem("internal", "internal_error", "Something went wrong on our side. Please try again.")


def store_problem(error: errors.EventStoreError) -> Envelope:
    """The answer to a caller when the event store could not do what the handler asked of it."""
    match error:
        case errors.EventTooLarge():
            return problem("too_large", "event_too_large", "This is too long to be stored. Please shorten it.")
        case errors.StoreUnavailable():
            log.warning("store_unavailable", error=str(error))
            detail = "The event store does not answer. Please try again."
            return problem("unavailable", "store_unavailable", detail, details={"retry_after": 2})
        case errors.CommandIdReused():
            return problem("invalid", "idempotency_key_reused", "This Idempotency-Key was used for another request.")
        case errors.WrongExpectedRevision():
            return problem("unavailable", "write_conflict", "Somebody else changed this at the same time. Try again.")
    log.error("event_store_error", error=repr(error))
    return internal_error()


@dataclass(frozen=True, slots=True)
class Call:
    """One understood message.

    ends:     when its caller stops waiting, by this process's monotonic clock; None = its message does not say
    context:  headers without nameko's prefix
    """

    method: str
    kwargs: Mapping[str, Any]
    reply_to: str
    correlation_id: str
    ends: float | None = None
    context: Mapping[str, Any] = field(default_factory=dict)

    def expired(self, now: float) -> bool:
        """Whether the caller has stopped waiting; `now` by the monotonic clock."""
        return self.ends is not None and now >= self.ends


class NotACall(Exception):
    """The message cannot be worked on; `reason` is stable and goes into metric and parking header."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse_call(
    body: bytes | str, routing_key: str, properties: Mapping[str, Any], methods: Collection[str], arrived: float
) -> Call:
    """Read a message in nameko's wire form (`{args: [], kwargs: {}}` as JSON); raises NotACall.

    `arrived` = when it came off the wire, by the monotonic clock.
    """
    raw = body.encode() if isinstance(body, str) else body
    reply_to, correlation_id = properties.get("reply_to"), properties.get("correlation_id")
    if not reply_to:
        raise NotACall("no_reply_to")
    if not correlation_id:
        raise NotACall("no_correlation_id")
    if properties.get("content_type") != JSON:
        raise NotACall("content_type")
    if len(raw) > MAX_BODY:
        raise NotACall("too_large")
    try:
        payload = orjson.loads(raw)
    except ValueError:
        raise NotACall("not_json") from None
    if not isinstance(payload, dict) or not isinstance(payload.get("kwargs"), dict) or payload.get("args"):
        raise NotACall("bad_arguments")
    method = routing_key.rpartition(".")[2]
    if method not in methods:
        raise NotACall("unknown_method")
    headers = properties.get("application_headers") or {}
    remaining = headers.get(REMAINING_HEADER)
    return Call(
        method=method,
        kwargs=payload["kwargs"],
        reply_to=reply_to,
        correlation_id=correlation_id,
        ends=arrived + remaining / 1000 if isinstance(remaining, int) else None,
        context={str(key).removeprefix("nameko."): value for key, value in headers.items()},
    )


class QueueConsumer(Reader, nameko.messaging.QueueConsumer):  # type: ignore[misc]
    """nameko's, with messages as they came, on a connection that stands anything and carries the answers too."""

    def __init__(self) -> None:
        super().__init__()
        self._gt: Any
        self._pending_remove_providers: dict[Any, Any]

    def setup(self) -> None:
        super().setup()
        self.amqp_url = self.container.config["AMQP_URI"]
        self.title = f"{self.container.service_name}-rpc"

    def start(self) -> None:
        """Begin to connect; unlike nameko's this does not wait for the broker."""
        if self._gt is None:
            self._gt = self.container.spawn_managed_thread(self.run)

    def stop(self) -> None:
        """After the last answer: close the connection."""
        self.should_stop = True
        self._ending.set()
        self._gt.wait()

    def unregister_provider(self, provider: Any) -> None:
        """Take no new messages for it; the connection stays, so that those in hand can be answered."""
        if self.channel is None:
            ProviderCollector.unregister_provider(self, provider)
        else:
            super().unregister_provider(provider)

    def get_consumers(self, consumer_cls: Any, channel: Any) -> list[Any]:
        channel.events["basic_return"].add(self._on_return)
        self._consumers = {
            provider: consumer_cls(
                queues=provider.queues(channel),
                on_message=provider.handle_message,
                prefetch_count=provider.prefetch_count,
            )
            for provider in self._providers
        }
        return list(self._consumers.values())

    def on_iteration(self) -> None:
        super().on_iteration()
        if self._pending_remove_providers:
            requested = list(self._pending_remove_providers.values())
            try:
                self._cancel_consumers_if_requested()
            finally:
                _send_all(requested)

    def on_disconnected(self) -> None:
        super().on_disconnected()
        _send_all(self._pending_remove_providers.values())
        self._pending_remove_providers = {}

    def publish(self, body: bytes, **message: Any) -> None:
        """Send over the connection that calls come in on, without waiting. Raises BrokerUnavailable."""
        if self.channel is None:
            raise BrokerUnavailable("not connected to RabbitMQ")
        try:
            self.channel.publish(body, **message)
        except ERRORS as error:
            raise BrokerUnavailable(repr(error)) from error

    def ack_message(self, message: Any) -> None:
        """Acknowledge; where its connection is gone, the broker gives the call to somebody again."""
        try:
            message.channel.basic_ack(message.delivery_tag)
        except Exception as error:
            log.info("ack_lost", error=repr(error))

    def _on_return(self, _: Any, exchange: str, routing_key: str, __: Any) -> None:
        if exchange == EXCHANGE:
            # What was done is in the store; the caller's retry with the same key finds it
            metrics.rpc_replies_lost.labels(self.container.service_name).inc()
            log.warning("reply_lost", error="nobody listens")
        else:
            log.error("message_lost", queue=routing_key)


def _send_all(events: Iterable[Any]) -> None:
    for event in events:
        if not event.ready():
            event.send()


class RpcConsumer(nameko.rpc.RpcConsumer):  # type: ignore[misc]
    """nameko's, which gives a call to a worker where there is room, answers whatever else comes, and never raises."""

    queue_consumer = QueueConsumer()

    def __init__(self) -> None:
        super().__init__()
        self.entrypoints: dict[str, Rpc] = {}

    def setup(self) -> None:
        config, self.service = self.container.config, self.container.service_name
        self.parking = f"parked.{self.service}"
        self.admission = Admission({"command": config["MAX_COMMANDS"], "query": config["MAX_QUERIES"]})
        self.prefetch_count = self.admission.capacity + 10
        self._in_hand = 0
        self._empty = Event()
        self.queue = kombu.Queue(
            f"rpc-{self.service}",
            kombu.Exchange(EXCHANGE, "topic", durable=True),
            routing_key=f"{self.service}.*",
            durable=True,
            queue_arguments={
                "x-queue-type": "classic",
                "x-expires": ABSENT_AFTER_MS,
                "x-message-ttl": CALL_EXPIRES_MS,
                "x-max-length": QUEUE_BOUND,
                "x-overflow": "reject-publish",
            },
        )
        self.queue_consumer.register_provider(self)

    def queues(self, channel: Any) -> list[Any]:
        """What to consume from, after all else that has to be there."""
        week = 7 * 24 * 3600 * 1000
        bounds = {"x-queue-type": "classic", "x-max-length": 1000, "x-message-ttl": week}
        kombu.Queue(self.parking, durable=True, queue_arguments=bounds)(channel).declare()
        return [self.queue]

    def register_provider(self, provider: Any) -> None:
        super().register_provider(provider)
        self.entrypoints[provider.method_name] = provider

    def unregister_provider(self, provider: Any) -> None:
        """Take no new calls and wait until those in hand are answered."""
        super().unregister_provider(provider)
        while self._in_hand:
            self._empty.clear()
            self._empty.wait()

    def handle_message(self, message: Any) -> None:
        """Runs in the one thread that reads, so it waits for nothing."""
        arrived = time.monotonic()
        self._in_hand += 1
        try:
            key = message.delivery_info["routing_key"]
            call = parse_call(message.body, key, message.properties, self.entrypoints, arrived)
        except Exception as fault:
            eventlet.spawn(self._park, message, fault.reason if isinstance(fault, NotACall) else "unreadable")
            return
        ticket = _Ticket(self, message, call, arrived)
        try:
            self._admit(ticket, self.entrypoints[call.method])
        except Exception:
            log.exception("call_not_started", method=call.method)
            ticket.finish(internal_error())

    def _admit(self, ticket: _Ticket, entrypoint: Rpc) -> None:
        fault = entrypoint.mismatch(ticket.call.kwargs)
        if fault:
            ticket.finish(problem("invalid", "bad_call", fault))
        elif self.admission.enter(entrypoint.kind, patience=0):
            self._start(ticket, entrypoint)
        else:
            eventlet.spawn(self._admit_later, ticket, entrypoint)

    def _admit_later(self, ticket: _Ticket, entrypoint: Rpc) -> None:
        if self.admission.enter(entrypoint.kind):
            self._start(ticket, entrypoint)
            return
        metrics.rpc_refused.labels(self.service, entrypoint.kind).inc()
        detail = "Too much is going on right now. Please try again in a moment."
        ticket.finish(problem("unavailable", "overloaded", detail, details={"retry_after": 1}))

    def _start(self, ticket: _Ticket, entrypoint: Rpc) -> None:
        ticket.holds, call = entrypoint.kind, ticket.call
        if call.expired(time.monotonic()):
            ticket.finish(None)
            return
        self.container.spawn_worker(
            entrypoint,
            (),
            call.kwargs,
            context_data={**call.context, ENDS: call.ends},
            handle_result=ticket.handle_result,
        )

    def finish(self, message: Any, call: Call | None, envelope: Envelope | None) -> None:
        """Send the answer, where there is one to send and somebody to send it to, and acknowledge the message."""
        try:
            if call is not None and envelope is not None:
                self._reply(call, envelope)
        finally:
            self.queue_consumer.ack_message(message)
            self._in_hand -= 1
            if not self._in_hand:
                self._empty.set()

    def _reply(self, call: Call, envelope: Envelope) -> None:
        try:
            body = orjson.dumps({"result": envelope, "error": None})
        except TypeError:
            log.exception("answer_is_not_json", method=call.method)
            body = orjson.dumps({"result": internal_error(), "error": None})
        try:
            self.queue_consumer.publish(
                body,
                exchange=EXCHANGE,
                routing_key=call.reply_to,
                correlation_id=call.correlation_id,
                content_type=JSON,
                delivery_mode=TRANSIENT,
            )
        except BrokerUnavailable as error:
            metrics.rpc_replies_lost.labels(self.service).inc()
            log.warning("reply_lost", method=call.method, error=repr(error))

    def _park(self, message: Any, reason: str) -> None:
        refused = None
        try:
            metrics.rpc_parked.labels(self.service, reason).inc()
            log.warning("message_parked", reason=reason, size=len(message.body))
            body = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
            properties = message.properties
            self.queue_consumer.publish(
                body[:PARKED_BODY],
                exchange="",
                routing_key=self.parking,
                delivery_mode=PERSISTENT,
                content_type="application/octet-stream",
                headers={
                    "reason": reason,
                    "routing_key": str(message.delivery_info.get("routing_key")),
                    "content_type": str(properties.get("content_type")),
                    "size": len(body),
                },
            )
            if properties.get("reply_to") and properties.get("correlation_id"):
                refused = Call("", {}, properties["reply_to"], properties["correlation_id"])
        except Exception as error:
            log.error("message_lost", reason=reason, error=repr(error))
        self.finish(message, refused, problem("unavailable", reason, "The service does not understand this call."))


class _Ticket:
    """What a call holds until it is finished, exactly once: its place, its message, its place in the books."""

    __slots__ = ("_arrived", "_consumer", "_finished", "_message", "call", "holds")

    def __init__(self, consumer: RpcConsumer, message: Any, call: Call, arrived: float) -> None:
        self._consumer, self._message, self.call, self._arrived = consumer, message, call, arrived
        self.holds: str | None = None
        self._finished = False

    def handle_result(self, _: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        """nameko's callback after the method, with the envelope or, when a dependency failed, the exception."""
        self.finish(result if exc_info is None else internal_error())
        return result, exc_info

    def finish(self, envelope: Envelope | None) -> None:
        """Give the place back, send the answer (None or too late = nothing to say), acknowledge the message."""
        if self._finished:
            return
        self._finished = True
        consumer, call = self._consumer, self.call
        service = consumer.service
        if self.holds:
            consumer.admission.leave(self.holds)
        now = time.monotonic()
        if envelope is None or call.expired(now):
            metrics.rpc_expired.labels(service).inc()
            envelope, outcome = None, "expired"
        else:
            outcome = "ok" if envelope["ok"] else envelope["problem"]["kind"]
        consumer.finish(self._message, call, envelope)
        metrics.child(metrics.rpc_calls, service, call.method, outcome).inc()
        metrics.child(metrics.rpc_seconds, service, call.method).observe(now - self._arrived)


class Rpc(nameko.rpc.Rpc):  # type: ignore[misc]
    """nameko's side of `@rpc`."""

    rpc_consumer = RpcConsumer()

    def __init__(self, kind: Work = "command", **options: Any) -> None:
        self.kind = kind
        super().__init__(**options)

    def setup(self) -> None:
        self._signature = inspect.signature(getattr(self.container.service_cls, self.method_name))
        parameters = list(self._signature.parameters.values())[1:]
        named = [each for each in parameters if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD)]
        self._known = {each.name for each in named}
        self._required = {each.name for each in named if each.default is each.empty}
        super().setup()

    def mismatch(self, kwargs: Mapping[str, Any]) -> str | None:
        """Say why the method does not take these arguments, None when it does."""
        if self._required <= kwargs.keys() <= self._known:
            return None
        try:
            self._signature.bind(None, **kwargs)
        except TypeError as error:
            return f"{self.method_name}: {error}."
        return None
