"""Generated requests, good and bad, against the running system: no server error, and answers as documented."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.gateway import bootstrap
from tests.integration.api import Person

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SCHEMA = schemathesis.openapi.from_dict(bootstrap.openapi_document())
# streams do not end, and the rest is the operator's
OPERATIONS = {
    f"{operation.method.upper()} {operation.path}": operation
    for result in SCHEMA.get_all_operations()
    if (operation := result.ok()).path.startswith("/api/v1") and not operation.path.endswith("/live")
}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("role", ["customer", "agent"])
def test_real_answers_are_as_documented(name: str, role: str, url: str) -> None:
    person = Person(url, "Gen", role)
    customer = person if role == "customer" else Person(url, "Cus")
    ticket = customer.open()["id"]

    @given(case=OPERATIONS[name].as_strategy())
    @settings(max_examples=4, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def run(case: Any) -> None:
        if "ticket_id" in case.path_parameters:
            # one that is there, so that more than the 404 is reached
            case.path_parameters["ticket_id"] = ticket
        headers = {"Authorization": f"Bearer {person.token}", "Accept-Encoding": "identity"}
        response = case.call(base_url=url, headers=headers, timeout=20)
        case.validate_response(response, checks=CHECKS, headers=headers)

    run()
