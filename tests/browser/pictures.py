"""Take the pictures that the README shows: `make pictures`. Starts a copy of its own with the demo, and removes it."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from deploy.local import demo
from deploy.local.progress import shown
from deploy.local.settings import read_settings
from deploy.local.stack import Stack
from tests.browser.conftest import ARGUMENTS

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
COPY = {"RUN_DIR": ".run/pictures", "GATEWAY_PORT": "18700"}
WIDE, NARROW = (1280, 860), (360, 780)


def main() -> None:
    """Start, fill, take, remove."""
    Stack(read_settings(COPY)).delete()
    stack = Stack(read_settings(COPY), shown)
    try:
        stack.start_servers()
        stack.migrate()
        stack.start_services()
        stack.fill_content()
        demo.fill(stack.settings.url, shown)
        FOLDER.mkdir(parents=True, exist_ok=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
            take(browser, stack.settings.url)
            browser.close()
    finally:
        stack.delete()


def take(browser: Browser, url: str) -> None:
    """The pictures, each from a window of its own."""
    page = signed_in(browser, f"{url}/support", "Lena Hofer", WIDE)
    save(page, "support")
    page.get_by_text("Compute instance web-3 unreachable").first.click()
    expect(page.get_by_role("log")).to_be_visible()
    save(page, "ticket")
    save(signed_in(browser, f"{url}/support", "Lena Hofer", NARROW, "dark"), "support-narrow")
    desk = signed_in(browser, f"{url}/desk", "Anna Keller", WIDE)
    desk.get_by_role("link", name="Mine").click()
    desk.locator("cf-desk-list a").first.click()
    expect(desk.get_by_role("log")).to_be_visible()
    save(desk, "desk")
    chat = signed_in(browser, f"{url}/support/live-chat", "Sofie Lindqvist", WIDE)
    chat.locator("textarea").fill("How do I reset my password?")
    chat.keyboard.press("Enter")
    expect(chat.get_by_role("link", name="(FAQ)")).to_be_visible()
    save(chat, "chat")


def signed_in(browser: Browser, url: str, name: str, size: tuple[int, int], scheme: str = "light") -> Page:
    """A page after somebody has signed in."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(url)
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def save(page: Page, name: str) -> None:
    """Wait until nothing loads any more, and keep what is seen."""
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(400)
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
