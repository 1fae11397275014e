"""What goes out is what a schema declares, exactly as marshmallow itself would write it."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import Schema, fields

from services.gateway import answers, schemas

OUT = [
    schema
    for _, schema in inspect.getmembers(schemas, inspect.isclass)
    if issubclass(schema, Schema) and schema.__name__.endswith(("Out", "Answer", "List", "AsOf"))
]


def values(field: Any) -> st.SearchStrategy[Any]:
    """JSON that a service could answer for a field."""
    if isinstance(field, fields.Nested):
        made = objects(type(field.schema))
    elif isinstance(field, fields.List):
        made = st.lists(values(field.inner), max_size=3)
    elif isinstance(field, fields.Boolean):
        made = st.booleans()
    elif isinstance(field, fields.Integer):
        made = st.integers(-(2**53), 2**53)
    elif isinstance(field, fields.Float):
        made = st.floats(allow_nan=False, allow_infinity=False)
    elif isinstance(field, fields.Dict):
        made = st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=2)
    else:
        made = st.text(max_size=10)
    return st.none() | made if field.allow_none else made


def objects(schema: type[Schema]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with any of the schema's members, and one that it does not declare."""
    declared = {name: values(field) for name, field in schema().fields.items()}
    # Without it marshmallow takes dict.items for the value.
    always = {"items": declared.pop("items")} if "items" in declared else {}
    return st.fixed_dictionaries({"undeclared": st.just("secret"), **always}, optional=declared)


@pytest.mark.parametrize("schema", OUT, ids=lambda one: one.__name__)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(data=st.data())
def test_an_answer_is_what_marshmallow_would_write(schema: type[Schema], data: st.DataObject) -> None:
    value = data.draw(objects(schema))
    written = json.loads(answers.write(schema, value))
    assert written == json.loads(json.dumps(schema().dump(value)))
    assert "secret" not in json.dumps(written)
