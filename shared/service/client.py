"""Calling another service: a deadline on every call, an error at once where nobody is there, no trace left behind."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import kombu
import orjson
import structlog

from shared.events.deadline import remaining
from shared.service import metrics
from shared.service.broker import BrokerUnavailable
from shared.service.logging import correlation_id
from shared.service.publishing import TRANSIENT, Publisher, Rejected, Unroutable, Waiting

log = structlog.get_logger(__name__)

EXCHANGE = "nameko-rpc"
JSON = "application/json"
REMAINING_HEADER = "remaining_ms"
"""How long the caller goes on waiting, in milliseconds: two hosts need not agree about the time."""
CORRELATION_HEADER = "nameko.correlation_id"
REPLY_QUEUE_EXPIRES_MS = 60_000
MAX_PENDING = 1000
CONNECT_PATIENCE = 1.0


class RemoteRefusal(Exception):
    """The other service said no; `problem` = `{kind, code, detail, errors, details}`."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{problem.get('code')}: {problem.get('detail')}")
        self.problem = dict(problem)


class ServiceUnavailable(Exception):
    """The other service cannot answer now; whether it did the work may be unknown.

    `code` is stable: service_away, broker_away, deadline_exceeded, circuit_open, overloaded, or the code of the
    service's own answer. `retry_after` = seconds after which another try makes sense.
    """

    def __init__(self, code: str, retry_after: int = 1) -> None:
        super().__init__(code)
        self.code, self.retry_after = code, retry_after


class Breaker:
    """Stops calling a service after `failures` failures in `window` seconds without a success, for `pause` seconds.

    After the pause one call at a time tries again, until one succeeds.
    """

    def __init__(
        self,
        failures: int = 5,
        window: float = 10.0,
        pause: float = 3.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._window, self._pause, self._now = window, pause, now
        self._failed_at: deque[float] = deque(maxlen=failures)
        self._open_until: float | None = None

    def allows(self) -> bool:
        """Say whether a call may be made now; the first one after the pause is the trial."""
        if self._open_until is None:
            return True
        if self._now() < self._open_until:
            return False
        self._open_until = self._now() + self._pause
        return True

    def succeeded(self) -> None:
        """Note a call that was answered."""
        self._failed_at.clear()
        self._open_until = None

    def failed(self) -> None:
        """Note a call that was not answered."""
        now = self._now()
        self._failed_at.append(now)
        full = len(self._failed_at) == self._failed_at.maxlen
        if full and now - self._failed_at[0] <= self._window:
            self._open_until = now + self._pause


class Caller(Publisher):
    """Calls services over one connection; safe to use from any number of threads after `start()`."""

    def __init__(self, url: str, *, name: str) -> None:
        super().__init__(url, name=name)
        self._reply_key = str(uuid.uuid4())
        self._replies = kombu.Queue(
            f"rpc.reply-{name}-{self._reply_key}",
            kombu.Exchange(EXCHANGE, "topic", durable=True),
            routing_key=self._reply_key,
            durable=True,
            queue_arguments={
                "x-queue-type": "classic",
                "x-expires": REPLY_QUEUE_EXPIRES_MS,
                "x-max-length": 4 * MAX_PENDING,
            },
        )
        self._breakers: dict[str, Breaker] = {}

    def call(self, service: str, method: str, kwargs: Mapping[str, Any], *, deadline: float = 5.0) -> Any:
        """Call `method` of `service` and return its value; `deadline` in seconds for the whole call.

        Whoever calls on behalf of somebody (shared.events.deadline) waits no longer than they do.
        Raises RemoteRefusal or ServiceUnavailable, never later than the deadline and the limit of one write together.
        """
        began = time.monotonic()
        outcome = "ok"
        try:
            return self._guarded(service, method, kwargs, began + min(deadline, remaining(deadline)))
        except RemoteRefusal as refusal:
            outcome = str(refusal.problem.get("kind"))
            raise
        except ServiceUnavailable as fault:
            outcome = fault.code
            raise
        finally:
            metrics.child(metrics.client_calls, service, method, outcome).inc()
            metrics.child(metrics.client_seconds, service, method).observe(time.monotonic() - began)

    def _guarded(self, service: str, method: str, kwargs: Mapping[str, Any], ends: float) -> Any:
        breaker = self._breakers.get(service) or self._breakers.setdefault(service, Breaker())
        if not breaker.allows():
            raise ServiceUnavailable("circuit_open", retry_after=3)
        try:
            answer = self._exchange(service, method, kwargs, ends)
        except (BrokerUnavailable, TimeoutError) as error:
            breaker.failed()
            code = "deadline_exceeded" if isinstance(error, TimeoutError) else "broker_away"
            log.warning("call_failed", target=service, method=method, code=code, error=repr(error))
            raise ServiceUnavailable(code) from error
        except Unroutable as error:
            raise ServiceUnavailable("service_away", retry_after=2) from error
        except Rejected as error:
            raise ServiceUnavailable("overloaded") from error
        breaker.succeeded()
        return unwrap(answer)

    def _exchange(self, service: str, method: str, kwargs: Mapping[str, Any], ends: float) -> bytes:
        body = orjson.dumps({"args": [], "kwargs": kwargs})
        if self.pending >= MAX_PENDING:
            raise ServiceUnavailable("overloaded")

        def send(waiting: Waiting) -> None:
            milliseconds = max(1, int((ends - time.monotonic()) * 1000))
            self._send(
                waiting,
                body,
                exchange=EXCHANGE,
                routing_key=f"{service}.{method}",
                mandatory=True,
                # The caller waits and every command can be repeated, so a disk write would only cost speed
                delivery_mode=TRANSIENT,
                content_type=JSON,
                reply_to=self._reply_key,
                correlation_id=waiting.id,
                expiration=str(milliseconds),
                headers={REMAINING_HEADER: milliseconds, CORRELATION_HEADER: correlation_id() or waiting.id},
            )

        return self._settled(ends, CONNECT_PATIENCE, True, send)

    def get_consumers(self, consumer_cls: Any, channel: Any) -> list[Any]:
        replies = consumer_cls(queues=[self._replies], on_message=self._on_reply, no_ack=True)
        return [*super().get_consumers(consumer_cls, channel), replies]

    def _on_reply(self, message: Any) -> None:
        waiting = self._waiting.get(message.properties.get("correlation_id", ""))
        if waiting is not None:
            body = message.body
            waiting.settle(body.encode() if isinstance(body, str) else bytes(body))


def unwrap(body: bytes) -> Any:
    """Return the value of an answer; raises RemoteRefusal, or ServiceUnavailable for an answer of kind unavailable."""
    try:
        answer = orjson.loads(body)
        if answer.get("error") is not None:
            raise ServiceUnavailable("internal_error")
        envelope = answer["result"]
        if envelope["ok"]:
            return envelope["value"]
        problem = envelope["problem"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.error("answer_not_understood", error=repr(error))
        raise ServiceUnavailable("internal_error") from error
    if problem.get("kind") == "unavailable":
        raise ServiceUnavailable(
            problem.get("code", "internal_error"), problem.get("details", {}).get("retry_after", 1)
        )
    raise RemoteRefusal(problem)


class RemoteService:
    """One service as seen by its callers."""

    def __init__(self, caller: Caller, name: str) -> None:
        self._caller, self._name = caller, name

    def call(self, method: str, /, *, deadline: float = 5.0, **kwargs: Any) -> Any:
        """Call a method with keyword arguments; see Caller.call."""
        return self._caller.call(self._name, method, kwargs, deadline=deadline)
