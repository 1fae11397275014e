"""Logs for machines: one JSON object a line on stderr, UTC, with the call's correlation id, without personal data."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.typing import Processor

# Fields that carry what a person wrote or who a person is; a log line is no place for them.
PERSONAL = frozenset(
    {"authorization", "body", "comment", "description", "email", "filename", "password", "phone", "subject", "token"}
)


def configure(service: str, level: str = "INFO") -> None:
    """Send structlog and the standard library's loggers as JSON lines to stderr; may be called again."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_personal_data,
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            # nameko and py-amqp log through the standard library: their tracebacks have to arrive too
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _service_name(service),
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("amqp", "kombu", "nameko", "botocore", "urllib3"):
        logging.getLogger(chatty).setLevel(max(logging.INFO, root.level))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def without_personal_data(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of fields that are known to be personal."""
    for key in PERSONAL & event.keys():
        event[key] = "[removed]"
    return event


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Add fields to every log line of this thread or green thread inside the block; None values are left out."""
    given = {key: value for key, value in fields.items() if value is not None}
    before = structlog.contextvars.bind_contextvars(**given)
    try:
        yield
    finally:
        structlog.contextvars.reset_contextvars(**before)


def correlation_id() -> str | None:
    """The correlation id that is bound in this thread or green thread, if any."""
    value = structlog.contextvars.get_contextvars().get("correlation_id")
    return None if value is None else str(value)


def _service_name(service: str) -> Processor:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    return add
