"""The answering side of RPC: `@rpc` on a method of a nameko service class.

Whatever arrives, the container lives on: a call gets an answer in the reply envelope, a message that is no call is
parked with its reason in the queue `parked.<service>`, and an answer that cannot be delivered is counted.
"""

from __future__ import annotations

import functools
import inspect
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast, overload

import eventlet
import orjson
import structlog
from nameko.extensions import Entrypoint, SharedExtension

from shared.events import errors
from shared.service import metrics
from shared.service.admission import Admission
from shared.service.broker import BrokerUnavailable, Consumer
from shared.service.client import EXCHANGE, JSON, REMAINING_HEADER
from shared.service.publishing import PERSISTENT, TRANSIENT, Publisher, Rejected, Unroutable
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
            return problem("conflict", "write_conflict", "Somebody else changed this at the same time. Try again.")
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


class RpcServer(SharedExtension):  # type: ignore[misc]
    """Takes the calls of one service from its queue and gives them to the container's workers."""

    def __init__(self) -> None:
        super().__init__()
        self.entrypoints: dict[str, Rpc] = {}
        self.consumer: Consumer | None = None
        self._in_hand = 0
        self._empty = threading.Event()

    def setup(self) -> None:
        config, self.service = self.container.config, self.container.service_name
        self.parking = f"parked.{self.service}"
        self.admission = Admission({"command": config["MAX_COMMANDS"], "query": config["MAX_QUERIES"]})
        self.publisher = Publisher(config["AMQP_URI"], name=f"{self.service}-replies")
        self.consumer = Consumer(
            config["AMQP_URI"],
            name=f"{self.service}-rpc",
            declare=self._declare,
            on_message=self._on_message,
            prefetch=self.admission.capacity + 10,
        )

    def start(self) -> None:
        if self.consumer is not None:
            self.consumer.start()

    def finish(self) -> None:
        """Take no new calls and wait until those in hand are answered."""
        if self.consumer is not None:
            self.consumer.stop_intake()
        while self._in_hand:
            self._empty.clear()
            self._empty.wait()

    def stop(self) -> None:
        if self.consumer is not None:
            self.consumer.stop()
            self.publisher.close()

    def check(self) -> None:
        """For readiness: raise unless calls can arrive."""
        if self.consumer is None:
            raise BrokerUnavailable("not started")
        self.consumer.check()

    def _declare(self, channel: Any) -> str:
        channel.exchange_declare(EXCHANGE, "topic", durable=True, auto_delete=False)
        queue = f"rpc-{self.service}"
        arguments = {
            "x-queue-type": "classic",
            "x-expires": ABSENT_AFTER_MS,
            "x-message-ttl": CALL_EXPIRES_MS,
            "x-max-length": QUEUE_BOUND,
            "x-overflow": "reject-publish",
        }
        channel.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)
        channel.queue_bind(queue, EXCHANGE, f"{self.service}.*")
        week = 7 * 24 * 3600 * 1000
        bounds = {"x-queue-type": "classic", "x-max-length": 1000, "x-message-ttl": week}
        channel.queue_declare(self.parking, durable=True, auto_delete=False, arguments=bounds)
        return queue

    def _on_message(self, message: Any) -> None:
        self._in_hand += 1
        eventlet.spawn(self._take, message, time.monotonic())

    def _take(self, message: Any, arrived: float) -> None:
        try:
            key = message.delivery_info["routing_key"]
            call = parse_call(message.body, key, message.properties, self.entrypoints, arrived)
        except Exception as fault:
            try:
                self._park(message, fault.reason if isinstance(fault, NotACall) else "unreadable")
            finally:
                self._done(message)
            return
        ticket = _Ticket(self, message, call, arrived)
        try:
            self._admit(ticket)
        except Exception:
            log.exception("call_not_started", method=call.method)
            ticket.finish(internal_error())

    def _admit(self, ticket: _Ticket) -> None:
        call, entrypoint = ticket.call, self.entrypoints[ticket.call.method]
        fault = entrypoint.mismatch(call.kwargs)
        if fault:
            ticket.finish(problem("invalid", "bad_call", fault))
        elif not self.admission.enter(entrypoint.kind):
            metrics.rpc_refused.labels(self.service, entrypoint.kind).inc()
            detail = "Too much is going on right now. Please try again in a moment."
            ticket.finish(problem("unavailable", "overloaded", detail, details={"retry_after": 1}))
        else:
            ticket.holds = entrypoint.kind
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

    def _reply(self, call: Call, envelope: Envelope) -> None:
        try:
            body = orjson.dumps({"result": envelope, "error": None})
        except TypeError:
            log.exception("answer_is_not_json", method=call.method)
            body = orjson.dumps({"result": internal_error(), "error": None})
        try:
            self.publisher.publish(
                body,
                exchange=EXCHANGE,
                routing_key=call.reply_to,
                correlation_id=call.correlation_id,
                content_type=JSON,
                delivery_mode=TRANSIENT,
            )
        except (Unroutable, Rejected, BrokerUnavailable) as error:
            # What was done is in the store; the caller's retry with the same key finds it
            metrics.rpc_replies_lost.labels(self.service).inc()
            log.warning("reply_lost", method=call.method, error=repr(error))

    def _park(self, message: Any, reason: str) -> None:
        metrics.rpc_parked.labels(self.service, reason).inc()
        log.warning("message_parked", reason=reason, size=len(message.body))
        body = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
        headers = {
            "reason": reason,
            "routing_key": str(message.delivery_info.get("routing_key")),
            "content_type": str(message.properties.get("content_type")),
            "size": len(body),
        }
        reply_to, call_id = message.properties.get("reply_to"), message.properties.get("correlation_id")
        try:
            self.publisher.publish(
                body[:PARKED_BODY],
                exchange="",
                routing_key=self.parking,
                delivery_mode=PERSISTENT,
                application_headers=headers,
            )
        except (Unroutable, Rejected, BrokerUnavailable) as error:
            log.error("message_lost", reason=reason, error=repr(error))
        if reply_to and call_id:
            refused = problem("unavailable", reason, "The service does not understand this call.")
            self._reply(Call("", {}, reply_to, call_id), refused)

    def _done(self, message: Any) -> None:
        try:
            message.channel.basic_ack(message.delivery_tag)
        except Exception as error:
            # The connection is gone: the broker gives the call to somebody again, which commands must stand anyway
            log.info("ack_lost", error=repr(error))
        self._in_hand -= 1
        if not self._in_hand:
            self._empty.set()


class _Ticket:
    """What a call holds until it is finished, exactly once: its place, its message, its place in the books."""

    def __init__(self, server: RpcServer, message: Any, call: Call, arrived: float) -> None:
        self._server, self._message, self.call, self._arrived = server, message, call, arrived
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
        server, call = self._server, self.call
        try:
            if self.holds:
                server.admission.leave(self.holds)
            if envelope is None or call.expired(time.monotonic()):
                metrics.rpc_expired.labels(server.service).inc()
                outcome = "expired"
            else:
                server._reply(call, envelope)
                outcome = "ok" if envelope["ok"] else envelope["problem"]["kind"]
            metrics.rpc_calls.labels(server.service, call.method, outcome).inc()
            metrics.rpc_seconds.labels(server.service, call.method).observe(time.monotonic() - self._arrived)
        finally:
            server._done(self._message)


class Rpc(Entrypoint):  # type: ignore[misc]
    """nameko's side of `@rpc`."""

    server = RpcServer()

    def __init__(self, kind: Work = "command", **options: Any) -> None:
        self.kind = kind
        super().__init__(**options)

    def setup(self) -> None:
        method = getattr(self.container.service_cls, self.method_name)
        self._signature = inspect.signature(method)
        self.server.entrypoints[self.method_name] = self

    def stop(self) -> None:
        self.server.finish()

    def mismatch(self, kwargs: Mapping[str, Any]) -> str | None:
        """Say why the method does not take these arguments, None when it does."""
        try:
            self._signature.bind(None, **kwargs)
        except TypeError as error:
            return f"{self.method_name}: {error}."
        return None
