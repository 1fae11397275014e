"""Between what the catalog calls an event and what a store keeps: (name, version) and JSON, and back.

Writing goes through a marshmallow schema made from the dataclass, so that nothing malformed is ever stored.
Reading does not: the log holds only what passed, and a schema's load costs ten times what a constructor does.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Container, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Annotated, Any

from marshmallow import Schema, fields

from shared.events.errors import InvalidEvent, UnknownEvent
from shared.events.event import RecordedEvent

Upcaster = Callable[[dict[str, Any]], tuple[str, int, dict[str, Any]]]
"""One step up: takes stored data, gives the name, version and data that it stands for now."""

Converter = Callable[[Any], Any]
Setter = Callable[[Any, Any], None]

_PLAIN: Mapping[type, type[fields.Field[Any]]] = {
    str: fields.String,
    int: fields.Integer,
    float: fields.Float,
    bool: fields.Boolean,
}


class Codec:
    """Encodes and decodes the events of one or more catalogs."""

    def __init__(
        self,
        events: Mapping[tuple[str, int], type],
        upcasters: Mapping[tuple[str, int], Upcaster] | None = None,
    ) -> None:
        self.events = dict(events)
        self._upcasters = dict(upcasters or {})
        self._names = {cls: key for key, cls in self.events.items()}

    def encode(self, event: object) -> tuple[str, int, dict[str, Any]]:
        """The event's name, version and data. Raises UnknownEvent, or InvalidEvent where a field has the wrong type."""
        try:
            name, version = self._names[type(event)]
        except KeyError:
            raise UnknownEvent(f"{type(event).__name__} is not in the catalog") from None
        cls: Any = type(event)
        schema = _writer(cls)
        try:
            data = schema.dump(event)
        except (AttributeError, TypeError, ValueError) as error:
            raise InvalidEvent(f"{name} v{version}: {error!r}") from error
        if errors := schema.validate(data):
            raise InvalidEvent(f"{name} v{version}: {errors}")
        return name, version, data

    def is_one_of(self, recorded: RecordedEvent, classes: Container[type]) -> bool:
        """Whether a stored event stands for an instance of one of these; True where only decoding it would tell.

        That is so of an older version and of an event that is in no catalog.
        """
        key = recorded.name, recorded.version
        cls = self.events.get(key)
        return cls is None or cls in classes or key in self._upcasters

    def decode(self, recorded: RecordedEvent) -> Any:
        """The dataclass that a stored event stands for today.

        Fields that the dataclass does not know are ignored. Raises UnknownEvent, or InvalidEvent where the data
        lacks a field.
        """
        name, version, data = recorded.name, recorded.version, recorded.data
        while (upcast := self._upcasters.get((name, version))) is not None:
            name, version, data = upcast(dict(data))
        cls = self.events.get((name, version))
        if cls is None:
            raise UnknownEvent(f"{name} v{version} is not in the catalog")
        try:
            return _loader(cls)(data)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidEvent(f"{name} v{version} at {recorded.position}: {error!r}") from error


@cache
def schema_for(cls: Any) -> type[Schema]:
    """The marshmallow schema of a catalog dataclass; unknown fields are an error.

    Takes str, int, float, bool, datetime, enums, other dataclasses, tuples of these, and `X | None`.
    """
    hints = typing.get_type_hints(cls, include_extras=True)
    members = {
        each.name: _field(hints[each.name], required=each.default is dataclasses.MISSING)
        for each in dataclasses.fields(cls)
    }
    return type(f"{cls.__name__}Schema", (Schema,), {**members, "__doc__": cls.__doc__})


@cache
def _writer(cls: Any) -> Schema:
    return schema_for(cls)()


def _field(hint: Any, *, required: bool) -> fields.Field[Any]:
    inner, nullable = _without_none(hint)
    options: dict[str, Any] = {"required": required, "allow_none": nullable}
    if typing.get_origin(inner) is Annotated:
        inner, *marks = typing.get_args(inner)
        options["metadata"] = {f"x-{mark}": True for mark in marks}
    if typing.get_origin(inner) is tuple:
        return fields.List(_field(typing.get_args(inner)[0], required=True), **options)
    if dataclasses.is_dataclass(inner):
        return fields.Nested(schema_for(typing.cast(type, inner)), **options)
    if issubclass(inner, Enum):
        return fields.Enum(inner, by_value=True, **options)
    if inner is datetime:
        return fields.AwareDateTime(format="iso", default_timezone=UTC, **options)
    if inner is int:
        options["strict"] = True
    return _PLAIN[inner](**options)


@cache
def _loader(cls: Any) -> Callable[[Mapping[str, Any]], Any]:
    hints = typing.get_type_hints(cls)
    required: list[tuple[str, Setter, Converter | None]] = []
    optional: list[tuple[str, Setter, Converter | None, Any]] = []
    for each in dataclasses.fields(cls):
        convert, set_ = _converter(hints[each.name]), _setter(cls, each.name)
        if each.default is dataclasses.MISSING:
            required.append((each.name, set_, convert))
        else:
            optional.append((each.name, set_, convert, each.default))
    new = object.__new__

    def load(data: Mapping[str, Any]) -> Any:
        # past the constructor of a frozen dataclass, which takes four times as long
        event = new(cls)
        for name, set_, convert in required:
            set_(event, data[name] if convert is None else convert(data[name]))
        for name, set_, convert, default in optional:
            if name in data:
                set_(event, data[name] if convert is None else convert(data[name]))
            else:
                set_(event, default)
        return event

    return load


def _setter(cls: type, name: str) -> Setter:
    slot = cls.__dict__.get(name)
    if isinstance(slot, types.MemberDescriptorType):
        return slot.__set__
    return lambda event, value: object.__setattr__(event, name, value)


def _converter(hint: Any) -> Converter | None:
    inner, nullable = _without_none(hint)
    convert: Converter
    if typing.get_origin(inner) is tuple:
        convert = _tuple_of(_converter(typing.get_args(inner)[0]))
    elif dataclasses.is_dataclass(inner):
        convert = _loader(typing.cast(type, inner))
    elif issubclass(inner, Enum):
        convert = {member.value: member for member in inner}.__getitem__
    elif inner is datetime:
        convert = datetime.fromisoformat
    else:
        return None
    if nullable:
        return lambda value: None if value is None else convert(value)
    return convert


def _tuple_of(convert: Converter | None) -> Converter:
    return tuple if convert is None else lambda values: tuple(map(convert, values))


def _without_none(hint: Any) -> tuple[Any, bool]:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
        if len(kinds) != 1:
            raise TypeError(f"a field has one type, or that and None: {hint}")
        return kinds[0], True
    return hint, False
