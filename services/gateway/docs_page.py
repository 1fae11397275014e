"""The page at /docs: the OpenAPI document as plain HTML, without a script."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from services.gateway.problems import CODES


def render(openapi: Mapping[str, Any]) -> bytes:
    """The whole page for an OpenAPI document."""
    info = openapi["info"]
    by_tag: dict[str, list[str]] = {tag["name"]: [] for tag in openapi["tags"]}
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            by_tag[operation["tags"][0]].append(_operation(method, path, operation, openapi))
    links = "".join(f'<li><a href="#{_anchor(tag)}">{escape(tag)}</a></li>' for tag in by_tag)
    parts = "".join(
        f'<section id="{_anchor(tag)}"><h2>{escape(tag)}</h2>{"".join(found)}</section>'
        for tag, found in by_tag.items()
    )
    paragraphs = "".join(f"<p>{_inline(text)}</p>" for text in info["description"].split("\n\n"))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(info["title"])}: HTTP API</title><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="/assets/docs/docs.css"></head>'
        f"<body><header><h1>{escape(info['title'])}</h1>{paragraphs}"
        '<p>The same for programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1) and '
        '<a href="/asyncapi.json">asyncapi.json</a> (events on the broker, AsyncAPI 3.0).</p></header>'
        f'<nav aria-label="Parts"><ul>{links}<li><a href="#schemas">Schemas</a></li>'
        '<li><a href="#codes">Error codes</a></li></ul></nav>'
        f'<main>{parts}<section id="schemas"><h2>Schemas</h2>{_schemas(openapi)}</section>'
        f'<section id="codes"><h2>Error codes</h2>{_codes()}</section></main></body></html>'
    ).encode()


def _operation(method: str, path: str, operation: Mapping[str, Any], openapi: Mapping[str, Any]) -> str:
    who = escape(str(operation.get("x-policy", "")))
    rows = "".join(_parameter_rows(operation.get("parameters", ()), openapi))
    table = _table(("Parameter", "In", "Form"), rows, "Parameters") if rows else ""
    body = "".join(
        f"<p>Body, {escape(kind)}: {_reference(content['schema'])}</p>"
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
    )
    answers = "".join(
        f"<tr><td>{status}</td><td>{_inline(answer.get('description', ''))}</td><td>{_content(answer)}</td></tr>"
        for status, answer in sorted(operation["responses"].items())
    )
    verb = f'<code class="method">{method.upper()}</code>'
    return (
        f'<details id="{escape(operation["operationId"])}"><summary>{verb} '
        f"<code>{escape(path)}</code> <span>{escape(operation['summary'])}</span></summary>"
        f"<p>Who: {who}</p>{table}{body}{_table(('Status', 'Meaning', 'Body'), answers, 'Answers')}</details>"
    )


def _parameter_rows(parameters: Any, openapi: Mapping[str, Any]) -> Iterator[str]:
    for parameter in parameters:
        if "$ref" in parameter:
            parameter = openapi["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]]
        note = "required" if parameter.get("required") else ""
        text = parameter.get("description", "")
        yield (
            f"<tr><td><code>{escape(parameter['name'])}</code> {note}</td><td>{escape(parameter['in'])}</td>"
            f"<td>{_form(parameter['schema'])} {_inline(text)}</td></tr>"
        )


def _schemas(openapi: Mapping[str, Any]) -> str:
    found = []
    for name, schema in sorted(openapi["components"]["schemas"].items()):
        required = set(schema.get("required", ()))
        rows = "".join(
            f"<tr><td><code>{escape(field)}</code> {'required' if field in required else ''}</td>"
            f"<td>{_form(form)} {_inline(form.get('description', ''))}</td></tr>"
            for field, form in schema.get("properties", {}).items()
        )
        table = _table(("Field", "Form"), rows, f"Fields of {name}") if rows else "<p>No fields.</p>"
        found.append(
            f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>{table}</details>'
        )
    return "".join(found)


def _codes() -> str:
    rows = "".join(
        f'<tr id="{code}"><td><code>{code}</code></td><td>{entry.status}</td><td>{escape(entry.meaning)}</td></tr>'
        for code, entry in sorted(CODES.items(), key=lambda pair: (pair[1].status, pair[0]))
    )
    return _table(("Code", "Status", "Meaning"), rows, "Error codes")


def _table(heads: tuple[str, ...], rows: str, caption: str) -> str:
    cells = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table><thead><tr>{cells}</tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )


def _content(answer: Mapping[str, Any]) -> str:
    return "<br>".join(
        f"{escape(kind)}: {_reference(content.get('schema', {}))}"
        for kind, content in answer.get("content", {}).items()
    )


def _reference(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[1])
        return f'<a href="#schema-{name}">{name}</a>'
    return _form(schema)


def _form(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _reference(schema)
    if schema.get("type") == "array":
        return f"list of {_form(schema.get('items', {}))}{_bounds(schema)}"
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(_form(one) for one in schema[several])
    if "enum" in schema:
        return " ".join(f"<code>{escape(json.dumps(value).strip(chr(34)))}</code>" for value in schema["enum"])
    kind = schema.get("type", "anything")
    kinds = " or ".join(kind) if isinstance(kind, list) else kind
    return escape(f"{kinds} {schema.get('format', '')}".strip()) + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> str:
    named = ("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "default", "pattern")
    found = [f"{name} {json.dumps(schema[name])}" for name in named if schema.get(name) is not None]
    return escape(f" ({', '.join(found)})") if found else ""


def _inline(text: str) -> str:
    """Escaped text in which `backquotes` mark code."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))


def _anchor(tag: str) -> str:
    return tag.lower().replace(" ", "-")
