"""People for the tests of the whole system."""

from __future__ import annotations

import pytest

from tests.integration.api import Person


@pytest.fixture
def ada(url: str) -> Person:
    return Person(url, "Ada", account="Acme")


@pytest.fixture
def chi(url: str) -> Person:
    return Person(url, "Chi", account="Globex")


@pytest.fixture
def ben(url: str) -> Person:
    return Person(url, "Ben", "agent", account="Cloud Factory")


@pytest.fixture
def eva(url: str) -> Person:
    return Person(url, "Eva", "agent", account="Cloud Factory")
