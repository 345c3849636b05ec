"""Screenshots for people to look at: `SCREENSHOTS=<folder> pytest tests/browser/test_screenshots.py`."""

from __future__ import annotations

import os
import random
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, expect

from bot.demo.fake_hms import Account, cast, history
from tests.browser.channel import Channel, go_to, on_page
from tests.browser.conftest import clean_page, on_phone
from tests.browser.stage import Stage

TALL = {"width": 1280, "height": 1350}
WIDE = {"width": 1280, "height": 800}
LONG = {"width": 1280, "height": 1696}
CARD = {"width": 1280, "height": 900}
PHONE_HEIGHT = 2100
CARD_MS = 40_000


@pytest.fixture(scope="module")
def shots() -> Path:
    folder = Path(os.environ["SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_on_a_desktop(channel: Channel, shots: Path) -> None:
    """Each in a channel of its own, so that it is alone there."""
    channel.page.set_viewport_size(TALL)
    message = channel.say("/sessions active")
    fifth = on_page(message, 1)[4]
    save(message, shots / "list.png")
    for name, line, says, file in (
        ("general", f"show {fifth}", "Participant-minutes", "details.png"),
        ("support", "subscribe rom:town-hall", "did you mean room:town-hall?", "error.png"),
        ("incident-room", "help", "Filters", "help.png"),
    ):
        message = go_to(channel.page, name).say(f"/sessions {line}")
        expect(message).to_contain_text(says)
        save(message, shots / file)


def test_on_a_phone(phone: Channel, shots: Path) -> None:
    message = phone.say("/sessions active")
    on_page(message, 1)
    save(message, shots / "phone.png", top=True)


def test_alerts(browser: Browser, shots: Path) -> None:
    """Cards in different states, one with its thread open; and the list of subscriptions."""
    with (
        Stage("morning-standup", "town-hall", "physics-101") as stage,
        clean_page(browser.new_context(viewport=WIDE, locale="en-US"), stage.url) as page,
        on_phone(browser, stage.url, PHONE_HEIGHT) as phone,
    ):
        channel = Channel(page)
        channel.send("/sessions subscribe on:start,end,join,leave")
        expect(channel.messages).to_have_count(2)
        standup = stage.opens("morning-standup", "Emeka Johansson", "Nadia Rossi", "Kwame Mensah", ago_s=840)
        expect(channel.messages).to_have_count(3)
        hall = stage.opens("town-hall", "Grace Okafor", "Mateo Demir", ago_s=95)
        expect(channel.messages).to_have_count(4)
        stage.ends(standup)
        for number, name in enumerate(("Zoë Larsen", "Hugo Kim", "Leila Haddad"), start=1):
            stage.joins(hall, name)
            expect(channel.messages.nth(3)).to_contain_text(f"{number} repl")
        stage.leaves(hall, "Mateo Demir")
        expect(channel.messages.nth(3)).to_contain_text("4 replies")
        stage.opens("physics-101", "Dr. Priya Iyer", ago_s=2)
        expect(channel.messages).to_have_count(5)
        expect(channel.messages.nth(2)).to_contain_text("Ended", timeout=CARD_MS)
        expect(channel.messages.nth(3)).to_contain_text("4 in now, 5 in all", timeout=CARD_MS)
        save(channel.messages.last, shots / "alerts.png")
        save(Channel(phone).messages.last, shots / "alerts-phone.png")
        channel.messages.nth(3).get_by_role("button", name="4 replies").click()
        save(channel.messages.nth(3), shots / "thread.png")
        general = go_to(page, "general")
        queries = ("role:host peers:>=20", "room:town-hall on:end", "-role:backstage longer:45m on:start,join")
        for number, query in enumerate(queries, start=1):
            general.ask(f"/sessions subscribe {query}", f"Subscribed, as number {number}")
        save(general.ask("/sessions subscriptions", "3 subscriptions"), shots / "subscriptions.png")


def test_a_digest(browser: Browser, shots: Path) -> None:
    """One that has come at its time; on a phone, too; and the settings of a channel that has one of each."""
    with (
        Stage() as stage,
        clean_page(browser.new_context(viewport=LONG, locale="en-US"), stage.url) as page,
        on_phone(browser, f"{stage.url}#general", PHONE_HEIGHT) as phone,
    ):
        stage.do(lambda: a_week(stage.account))
        channel = go_to(page, "general")
        at = datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(seconds=70)
        channel.ask(f"/sessions digest daily {at:%H:%M}", "Digest 1 is set")
        stage.later(70)
        for each, name in ((channel, "digest.png"), (Channel(phone, "general"), "digest-phone.png")):
            digest = each.messages.filter(has=each.page.get_by_role("button", name="List its sessions"))
            expect(digest).to_contain_text("Busiest rooms")
            save(digest, shots / name, top=True)
        channel = go_to(page, "support")
        for line, answer in (
            ("subscribe room:town-hall on:start,end,join,leave", "Subscribed, as number 1"),
            ("digest weekdays 9:00", "Digest 2 is set"),
            ("mute room:morning-standup until tomorrow", "Muted until"),
            ("quiet 22:00-7:00 weekdays", "Quiet hours are set"),
            ("settings", "Settings of this channel"),
        ):
            shown = channel.ask(f"/sessions {line}", answer)
        page.set_viewport_size(CARD)
        save(shown, shots / "settings.png", top=True)
        shown = Channel(phone, "general").say("/sessions settings")
        expect(shown).to_contain_text("Settings of this channel")
        save(shown, shots / "settings-phone.png")


def a_week(account: Account) -> None:
    """The demo's week, and two sessions that look wrong; fewer are open than in the demo, which begins with 42."""
    rng, now = random.Random(7), time.time()
    people = cast.people(rng, 600)
    scenes = history.add_rooms(account, now)
    history.add_ended(account, scenes, people, rng, now)
    rooms = {room.name: room for room in account.rooms.values()}
    long = account.open_session(rooms["support_escalations"], now - 7 * 3_600)
    for person in people[20:23]:
        account.join(long, name=person.name, role="agent", user_id=person.user_id, at=long.created_at + 1)
    account.open_session(rooms["design-critique"], now - 25 * 60)


def save(message: Locator, path: Path, *, top: bool = False) -> None:
    """The page, with the message in view; with `top` from its beginning."""
    if top:
        message.evaluate("message => message.scrollIntoView({ block: 'start' })")
    expect(message).to_be_in_viewport()
    message.page.screenshot(path=path, animations="disabled", caret="hide")
