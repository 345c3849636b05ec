"""Digests, mutes and settings as people meet them: by keyboard and by the names of things, whatever becomes of the bot."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.channel import Channel, assert_fits, button, go_to, reach
from tests.browser.conftest import on_phone
from tests.browser.stage import Stage

pytestmark = pytest.mark.slow

DIGEST_MS = 60_000
"""Due digests are looked for every 5 s, and 5 s after their time."""
BERLIN = ZoneInfo("Europe/Berlin")
FAR = f"{datetime.now(BERLIN) + timedelta(hours=6):%H}:00"
"""A time of day that doesn't come while the tests run."""


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage("Town hall", "Yoga") as stage:
        for room, people, ago_s in (("Town hall", ("Ann", "Bob", "Cleo"), 36_000), ("Yoga", ("Dan", "Eve"), 18_000)):
            stage.ends(stage.opens(room, *people, ago_s=ago_s))
        yield stage
        assert stage.slack.violations == []


def type_in(channel: Channel, line: str) -> Locator:
    """Type a line by keyboard alone; the message that answers."""
    count = channel.messages.count()
    reach(channel.box)
    channel.page.keyboard.type(line)
    channel.page.keyboard.press("Enter")
    return channel.message(count)


def enter(target: Locator) -> None:
    """Press a button by keyboard alone."""
    reach(target)
    target.page.keyboard.press("Enter")


def test_a_digest_is_made_previewed_paused_resumed_and_removed_by_keyboard(stage: Stage, stage_page: Page) -> None:
    channel = Channel(stage_page)
    reach(channel.box)
    stage_page.keyboard.type(f"/sessions digest weekdays {FAR}")
    stage_page.keyboard.press("Enter")
    made = channel.messages.filter(has_text="Digest 1 is set, by @Ada Berger")
    expect(made).to_have_count(1)
    expect(channel.messages.first).to_contain_text("Ada Berger set up a digest of All sessions")
    expect(made).to_contain_text(f"on weekdays at {FAR}, Europe/Berlin")
    count = channel.messages.count()
    enter(button(made, "Preview now"))
    expect(channel.message(count)).to_contain_text("A preview, which only you see")

    stage.again()
    listed = type_in(channel, "/sessions digests")
    expect(listed).to_contain_text("1 digest of this channel")
    expect(listed).to_contain_text("working · next")
    expect(listed).not_to_contain_text("last")
    expect(button(listed, "Pause")).to_have_accessible_description("Pause digest 1")
    enter(button(listed, "Pause"))
    expect(listed).to_contain_text("Digest 1 is paused")
    expect(listed).to_contain_text("paused by a person")

    stage.again(signal.SIGTERM)
    enter(button(listed, "Resume"))
    expect(listed).to_contain_text("Digest 1 goes on")
    expect(listed).not_to_contain_text("paused by a person")
    enter(button(listed, "Remove"))
    expect(listed).to_contain_text("Digest 1 has ended")
    expect(type_in(channel, "/sessions digests")).to_contain_text("This channel has no digests")
    assert len(stage.posted("live-ops", "digest")) == 1  # that there would be one


def test_a_digest_comes_at_its_time_though_the_bot_is_killed(stage: Stage, stage_page: Page) -> None:
    page, channel = stage_page, go_to(stage_page, "general")
    at = datetime.fromtimestamp(stage.clock(), BERLIN) + timedelta(seconds=70)
    expect(channel.ask(f"/sessions digest daily {at:%H:%M}", "is set")).to_contain_text(f"every day at {at:%H:%M}")
    stage.kill()
    stage.later(130)
    stage.start()
    digest = channel.messages.filter(has=page.get_by_role("button", name="List its sessions"))
    expect(digest).to_contain_text("Daily digest", timeout=DIGEST_MS)
    for piece in ("2 sessions", "5 people", "longest session, in Town hall", "Nothing to compare with"):
        expect(digest).to_contain_text(piece)
    expect(digest.get_by_role("img", name=re.compile("^Bar chart: Most people at once"))).to_be_visible()
    expect(digest.get_by_role("img", name=re.compile("^Pie chart: Participant-minutes by room"))).to_be_visible()
    rooms = digest.get_by_role("table", name="Busiest rooms")
    names = rooms.get_by_role("rowheader")
    expect(names).to_have_text(["Town hall", "Yoga"])
    by_name = rooms.get_by_role("columnheader", name="Room").get_by_role("button")
    for sorted_ in (["Town hall", "Yoga"], ["Yoga", "Town hall"]):
        enter(by_name)
        expect(names).to_have_text(sorted_)
    stage.again()
    listed = channel.say("/sessions digests")
    expect(listed).to_contain_text(f"last {at:%a} {at.day} {at:%b}")
    assert len(stage.posted("general", "Daily digest")) == 1


def test_a_mute_by_a_cards_menu_ends_with_what_is_still_true(stage: Stage, stage_page: Page) -> None:
    page, channel = stage_page, go_to(stage_page, "support")
    channel.ask("/sessions subscribe", "Subscribed, as number 1")
    before = stage.opens("Town hall", "Ann")
    cards = channel.cards
    expect(cards).to_have_count(1)

    enter(button(cards.first, "Options"))
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem")).to_have_text(
        ["Mute this channel for 1 hour", "Mute this channel until tomorrow 9:00", "Mute this session until it ends"]
    )
    page.keyboard.press("Enter")
    expect(menu).to_have_count(0)
    expect(channel.messages.filter(has_text="by @Ada Berger. It is number 2.")).to_have_count(1)
    stage.again()
    during = stage.opens("Yoga", "Dan")
    stage.ends(before)
    stage.later(15)  # a card is edited so often at most
    expect(cards.first).to_contain_text("⚪ Ended · Town hall")
    expect(button(cards.first, "Options")).to_have_count(0)
    expect(cards).to_have_count(1)

    listed = type_in(channel, "/sessions mutes")
    expect(listed).to_contain_text("1 mute of this channel")
    enter(button(listed, "Unmute"))
    expect(listed).to_contain_text("Nothing is muted in this channel")
    told = channel.messages.filter(has_text="1 session is live that you didn't hear of while it was quiet here")
    expect(told).to_contain_text(during.id)

    expect(type_in(channel, "/sessions mute 1m")).to_contain_text("It is number 3")
    short = stage.opens("Town hall", "Eve")
    stage.polled()
    stage.later(60)
    expect(told).to_have_count(2)  # it ends by itself
    expect(told.last).to_contain_text(short.id)
    assert len(stage.posted("support", "while it was quiet here")) == 2
    for session in (during, short):
        stage.ends(session)


def test_the_settings_cards_buttons(stage: Stage, stage_page: Page) -> None:
    channel = go_to(stage_page, "incident-room")
    for line, answer in (
        ('subscribe room:"Town hall"', "Subscribed, as number 1"),
        (f"digest daily {FAR}", "Digest 2 is set"),
        ("mute role:host 2h", "It is number 3"),
        ("quiet 22:00-7:00 weekdays", "Quiet hours are set"),
    ):
        channel.ask(f"/sessions {line}", answer)
    card = channel.say("/sessions settings")
    for line in (f"digest daily {FAR} Europe/Berlin", "quiet 22:00-07:00 weekdays Europe/Berlin", "threads off"):
        expect(card).to_contain_text(f"/sessions {line}")
    for name, about, says in (
        ("Pause", "Pause digest 2", "Digest 2 is paused"),
        ("Resume", "Resume digest 2", "Digest 2 goes on"),
        ("Unmute", "End mute 3", "Mute 3 has ended"),
        ("Turn off", re.compile("Turn quiet hours off"), "no longer has quiet hours"),
        ("Turn off", "Turn off replies in threads", "Threads are off"),
        ("Remove", "Remove subscription 1", "Subscription 1 has ended"),
    ):
        pressed = button(card, name).first
        expect(pressed).to_have_accessible_description(about)
        enter(pressed)
        expect(card).to_contain_text(says)
    stage.again()
    card = channel.say("/sessions settings")
    for piece in ("Subscriptions: none", "Digests: 1", "Mutes: none", "Quiet hours: none", "Threads are off"):
        expect(card).to_contain_text(piece)
    changes = channel.press(card, "Last 20 changes")
    expect(changes).to_contain_text("The last 10 changes")
    expect(changes).to_contain_text("@Ada Berger · /sessions threads off")


def test_they_fit_a_phone(browser: Browser, stage: Stage) -> None:
    with on_phone(browser, f"{stage.url}#incident-room") as page:
        channel = Channel(page, "incident-room")
        for line, says in (
            ("digest preview daily 9:00", "Daily digest"),
            (f"digest weekly mon,thu {FAR} Berlin role:host", "is set"),
            ("digests", "of this channel"),
            ("mute 1h", "Muted until"),
            ("settings", "Settings of this channel"),
            ("settings changes", "The last"),
        ):
            assert_fits(channel.ask(f"/sessions {line}", says))
