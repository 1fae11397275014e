"""Chromium, with windows that fail their test where the page has an error."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.portal_fake_api import ORIGIN, FakeApi

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
Window = Callable[..., Page]
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "Chromium is missing; deploy/local/install.sh test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: Browser, url: str) -> Iterator[Window]:
    """window(path, width=1280, scheme="light"): a browser of its own at a page of the running system."""
    contexts, errors = [], []

    def open_(path: str, *, width: int = 1280, scheme: Any = "light") -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme, locale="en-GB")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if "Refused to" in message.text else None)
        page.goto(url + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def open_page(chromium: Browser, api: FakeApi) -> Iterator[Open]:
    """open_page(path, width=1280, scheme="light", zone="UTC"): signed in as Lena.

    Errors in the page fail the test.
    """
    contexts = []
    errors: list[str] = []

    def open_(path: str = "/support", *, width: int = 1280, scheme: Any = "light", zone: str = "UTC") -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, locale="en-GB", timezone_id=zone
        )
        contexts.append(context)
        context.route("**/*", api.answer)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if "Refused to" in message.text else None)
        page.goto(ORIGIN + path)
        page.get_by_role("button", name="Lena Hofer").click()
        expect(page.get_by_role("tab", name="Tickets")).to_be_visible()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert errors == []


def accessible(page: Page) -> None:
    """axe-core finds nothing on the page as it stands."""
    # its own script, not the page's: evaluate is not bound by the page's content security policy
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document).then(result => result.violations)")
    assert [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in found] == []
