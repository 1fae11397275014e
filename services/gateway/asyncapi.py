"""The events on the broker as AsyncAPI 3.0, made from the catalog."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from shared.events.catalog import chat, knowledge, tickets
from shared.events.codec import schema_for

EXCHANGE = "support.events"


def document() -> dict[str, Any]:
    """The whole AsyncAPI document."""
    schemas = {"Envelope": _envelope(), **_event_schemas()}
    messages: dict[str, Any] = {}
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for (name, version), category, event in _published():
        key, address = f"{name}.v{version}", f"{category}.{name}"
        messages[key] = {
            "name": name,
            "title": f"{name}, version {version}",
            "summary": _summary(event),
            "contentType": "application/json",
            "payload": {
                "allOf": [
                    {"$ref": "#/components/schemas/Envelope"},
                    {
                        "type": "object",
                        "properties": {
                            "name": {"const": name},
                            "version": {"const": version},
                            "data": {"$ref": f"#/components/schemas/{event.__name__}"},
                        },
                    },
                ]
            },
        }
        channel = channels.setdefault(
            address,
            {
                "address": address,
                "messages": {},
                "bindings": {
                    "amqp": {"is": "routingKey", "exchange": {"name": EXCHANGE, "type": "topic", "durable": True}}
                },
            },
        )
        channel["messages"][key] = {"$ref": f"#/components/messages/{key}"}
        operations[f"relay.{name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{address}"},
            "bindings": {"amqp": {"deliveryMode": 2}},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Cloud Factory Support: events",
            "version": "1.0.0",
            "description": (
                "Events on the topic exchange support.events: at least once, in order for each stream, persistent. "
                "Take a message's id as the key of what was done with it, and GET /api/v1/events to catch up."
            ),
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def _event_schemas() -> dict[str, Any]:
    """JSON Schema of each event's data and of what they are made of, from the schemas that the store writes with."""
    spec = APISpec("", "", "3.1.0", plugins=[MarshmallowPlugin(schema_name_resolver=_schema_name)])
    for _, _, event in _published():
        spec.components.schema(event.__name__, schema=schema_for(event))
    schemas: dict[str, Any] = spec.to_dict()["components"]["schemas"]
    return schemas


def _schema_name(schema: type[Schema] | Schema) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return cls.__name__.removesuffix("Schema")


def _summary(kind: type) -> str:
    # A dataclass without a docstring gets its signature as one, which is no description.
    text = inspect.getdoc(kind) or ""
    return "" if text.startswith(f"{kind.__name__}(") else text.split("\n")[0]


def _published() -> list[tuple[tuple[str, int], str, type]]:
    """Name and version, category and type of each event that leaves its service."""
    catalogs = ((tickets, tickets.CATEGORY), (knowledge, knowledge.ARTICLE), (chat, chat.CATEGORY))
    return sorted(
        (key, category, event)
        for catalog, usual in catalogs
        for key, event in catalog.EVENTS.items()
        if (category := catalog.CATEGORIES.get(key[0], usual)) in catalog.PUBLISHED
    )


def _envelope() -> Mapping[str, Any]:
    text, number = {"type": "string"}, {"type": "integer"}
    return {
        "type": "object",
        "required": ["id", "name", "version", "stream", "revision", "position", "recorded_at", "data", "metadata"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "name": text,
            "version": number,
            "stream": text,
            "revision": number,
            "position": number,
            "recorded_at": {"type": "string", "format": "date-time"},
            "data": {"type": "object"},
            "metadata": {
                "type": "object",
                "properties": {
                    "correlation_id": {"type": ["string", "null"]},
                    "causation_id": {"type": ["string", "null"]},
                    "actor": {"type": ["object", "null"]},
                },
            },
        },
    }
