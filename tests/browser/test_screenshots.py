"""Screenshots for people to look at: `SCREENSHOTS=<folder> pytest tests/browser/test_screenshots.py`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.channel import Channel, on_page

TALL = {"width": 1280, "height": 1350}


@pytest.fixture(scope="module")
def shots() -> Path:
    folder = Path(os.environ["SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_on_a_desktop(browser_page: Page, shots: Path) -> None:
    """Each in a channel of its own, so that it is alone there."""
    browser_page.set_viewport_size(TALL)
    message = Channel(browser_page).say("/sessions active")
    fifth = on_page(message, 1)[4]
    save(message, shots / "list.png")
    message = go_to(browser_page, "general").say(f"/sessions show {fifth}")
    expect(message).to_contain_text("Participant-minutes")
    save(message, shots / "details.png")
    message = go_to(browser_page, "support").say('/sessions active rom:"Town hall"')
    expect(message).to_contain_text("Try this line")
    save(message, shots / "error.png")
    message = go_to(browser_page, "incident-room").say("/sessions help")
    expect(message).to_contain_text("Filters")
    save(message, shots / "help.png")


def test_on_a_phone(phone_page: Page, shots: Path) -> None:
    message = Channel(phone_page).say("/sessions active")
    on_page(message, 1)
    message.evaluate("message => message.scrollIntoView({ block: 'start' })")
    save(message, shots / "phone.png")


def go_to(page: Page, name: str) -> Channel:
    page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
    return Channel(page, name)


def save(message: Locator, path: Path) -> None:
    expect(message).to_be_in_viewport()
    message.page.screenshot(path=path, animations="disabled", caret="hide")
