"""Screenshots for people to look at: `SCREENSHOTS=<folder> pytest tests/browser/test_screenshots.py`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.channel import Channel, go_to, on_page
from tests.browser.conftest import clean_page
from tests.browser.stage import Stage

TALL = {"width": 1280, "height": 1350}
WIDE = {"width": 1280, "height": 800}
CARD_MS = 40_000


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


def test_alerts(browser: Browser, shots: Path) -> None:
    """Cards in different states, one with its thread open; and the list of subscriptions."""
    with (
        Stage("Morning standup", "Town hall", "Physics 101") as stage,
        clean_page(browser.new_context(viewport=WIDE, locale="en-US"), stage.url) as page,
    ):
        channel = Channel(page)
        channel.box.fill("/sessions subscribe on:start,end,join,leave")
        channel.box.press("Enter")
        expect(channel.messages).to_have_count(2)
        standup = stage.opens("Morning standup", "Emeka Johansson", "Nadia Rossi", "Kwame Mensah", ago_s=840)
        expect(channel.messages).to_have_count(3)
        hall = stage.opens("Town hall", "Grace Okafor", "Mateo Demir", ago_s=95)
        expect(channel.messages).to_have_count(4)
        stage.ends(standup)
        for number, name in enumerate(("Zoë Larsen", "Hugo Kim", "Leila Haddad"), start=1):
            stage.joins(hall, name)
            expect(channel.messages.nth(3)).to_contain_text(f"{number} repl")
        stage.leaves(hall, "Mateo Demir")
        expect(channel.messages.nth(3)).to_contain_text("4 replies")
        stage.opens("Physics 101", "Dr. Priya Iyer", ago_s=2)
        expect(channel.messages).to_have_count(5)
        expect(channel.messages.nth(2)).to_contain_text("Ended", timeout=CARD_MS)
        expect(channel.messages.nth(3)).to_contain_text("4 in now, 5 in all", timeout=CARD_MS)
        save(channel.messages.last, shots / "alerts.png")
        channel.messages.nth(3).get_by_role("button", name="4 replies").click()
        save(channel.messages.nth(3), shots / "thread.png")
        general = go_to(page, "general")
        for query in ("role:host peers:>=20", 'room:"Town hall" on:end', "-role:backstage longer:45m on:start,join"):
            general.box.fill(f"/sessions subscribe {query}")
            general.box.press("Enter")
            expect(general.messages.last).to_contain_text("Subscribed")
        general.box.fill("/sessions subscriptions")
        general.box.press("Enter")
        expect(general.messages.last).to_contain_text("3 subscriptions")
        save(general.messages.last, shots / "subscriptions.png")


def save(message: Locator, path: Path) -> None:
    expect(message).to_be_in_viewport()
    message.page.screenshot(path=path, animations="disabled", caret="hide")
