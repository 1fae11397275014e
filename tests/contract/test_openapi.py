"""The OpenAPI document against the specification, the declared routes, and what the gateway really answers."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway import asyncapi, bootstrap, docs_page
from services.gateway.http.handlers import Gateway
from services.gateway.http.route import routes_of
from services.gateway.openapi import codes_of
from services.gateway.problems import CODES
from shared.events.catalog import chat, knowledge, tickets

DOCUMENT = bootstrap.openapi_document()
OPERATIONS = [
    (path, method, operation) for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
]


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references(value)]
    if isinstance(node, list):
        return [found for value in node for found in references(value)]
    return []


def resolve(document: Any, reference: str) -> Any:
    node = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def test_it_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert all(resolve(DOCUMENT, reference) is not None for reference in references(DOCUMENT))


def test_every_documented_route_is_there_and_nothing_else() -> None:
    declared = {(route.template, route.method.lower()) for _, route in routes_of(Gateway) if route.documented}
    assert {(path, method) for path, method, _ in OPERATIONS} == declared


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=lambda one: str(one)[:60])
def test_every_operation_says_who_what_and_how_it_fails(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"].endswith(".")
    assert operation["x-policy"]
    assert any(status.startswith(("2", "3")) for status in operation["responses"])
    assert "500" in operation["responses"]
    if operation["security"]:
        assert {"401", "429"} <= operation["responses"].keys()
    if "requestBody" in operation:
        assert {"400", "413", "415", "422"} <= operation["responses"].keys()
    for status, response in operation["responses"].items():
        if int(status) >= 400 and (path, status) != ("/health/ready", "503"):
            assert list(response["content"]) == ["application/problem+json"]


def test_every_code_that_a_route_names_is_listed() -> None:
    for _, route in routes_of(Gateway):
        assert set(codes_of(route)) <= CODES.keys()


def test_commands_take_a_key_and_a_revision() -> None:
    reference = [{"$ref": f"#/components/parameters/{name}"} for name in ("IdempotencyKey", "IfMatch")]
    parameters = DOCUMENT["paths"]["/api/v1/tickets/{ticket_id}/messages"]["post"]["parameters"]
    assert all(one in parameters for one in reference)


def test_limits_of_fields_are_written_down() -> None:
    subject = DOCUMENT["components"]["schemas"]["OpenTicket"]["properties"]["subject"]
    assert (subject["minLength"], subject["maxLength"]) == (3, 150)
    assert DOCUMENT["components"]["schemas"]["OpenTicket"]["additionalProperties"] is False
    ids = DOCUMENT["components"]["schemas"]["PostMessage"]["properties"]["attachments"]
    assert (ids["maxItems"], ids["items"]["format"]) == (10, "uuid")


def test_the_page_shows_every_operation_and_code() -> None:
    page = docs_page.render(DOCUMENT).decode()
    assert all(f'id="{operation["operationId"]}"' in page for _, _, operation in OPERATIONS)
    assert all(f'id="{code}"' in page for code in CODES)
    assert "<script" not in page
    assert " style=" not in page


def test_the_asyncapi_document_has_every_event() -> None:
    document = asyncapi.document()
    assert document["asyncapi"] == "3.0.0"
    assert all(resolve(document, reference) is not None for reference in references(document))
    published = {
        f"{name}.v{version}": f"{category}.{name}"
        for catalog, usual in ((tickets, tickets.CATEGORY), (knowledge, knowledge.ARTICLE), (chat, chat.CATEGORY))
        for name, version in catalog.EVENTS
        if (category := catalog.CATEGORIES.get(name, usual)) in catalog.PUBLISHED
    }
    assert document["components"]["messages"].keys() == published.keys()
    assert document["channels"].keys() == set(published.values())
    assert published.keys().isdisjoint({"NumberTaken.v1", "SlugTaken.v1", "ArticleVoted.v1", "SearchPerformed.v1"})
    assert document["channels"]["ticket.TicketOpened"]["address"] == "ticket.TicketOpened"
    assert document["channels"]["ticket_note.NoteAdded"]["address"] == "ticket_note.NoteAdded"
    assert {"article.ArticlePublished", "kb_category.CategoryDefined", "faq.FaqAdded"} <= document["channels"].keys()
    opened = document["components"]["schemas"]["TicketOpened"]
    assert opened["properties"]["subject"]["x-personal"] is True
    assert "attachments" not in opened["required"]
    assert opened["properties"]["priority"]["enum"] == ["LOW", "MEDIUM", "HIGH", "URGENT"]
