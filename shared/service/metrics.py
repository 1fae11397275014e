"""What the processes count, in the names that Prometheus sees."""

from __future__ import annotations

import functools
from typing import Any

from prometheus_client import Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

rpc_calls = Counter("support_rpc_calls_total", "Calls answered", ["service", "method", "outcome"])
rpc_seconds = Histogram(
    "support_rpc_seconds", "From a call's arrival to its answer", ["service", "method"], buckets=SECONDS
)
rpc_parked = Counter("support_rpc_parked_total", "Messages that no method could take", ["service", "reason"])
rpc_replies_lost = Counter("support_rpc_replies_lost_total", "Answers that could not be delivered", ["service"])
rpc_refused = Counter("support_rpc_refused_total", "Calls refused because of too much work", ["service", "kind"])
rpc_expired = Counter("support_rpc_expired_total", "Calls dropped after their deadline", ["service"])
client_calls = Counter("support_client_calls_total", "Calls made", ["service", "method", "outcome"])
client_seconds = Histogram(
    "support_client_seconds", "From making a call to its end", ["service", "method"], buckets=SECONDS
)
broker_connected = Gauge("support_broker_connected", "1 while the consumer is connected", ["consumer"])


@functools.cache
def child(metric: Any, *labels: str) -> Any:
    """The metric with these labels, looked up once; for labels that take few values and stand in a call's way."""
    return metric.labels(*labels)


def exposition() -> bytes:
    """Every metric of this process in the text format of Prometheus."""
    return generate_latest()
