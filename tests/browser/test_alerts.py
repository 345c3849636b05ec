"""Alerts as people meet them: cards that open, change and close before their eyes, whatever becomes of the bot."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.demo.fake_slack import Message
from tests.browser.channel import Channel, assert_fits, button, go_to, link
from tests.browser.conftest import on_phone
from tests.browser.stage import Stage

pytestmark = pytest.mark.slow

EDIT_S = 15.0
"""A card is edited so often at most."""


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage("Town hall", "Yoga", "Triage", "Choir") as stage:
        yield stage
        assert stage.slack.violations == []


def keys(messages: list[Message]) -> set[str]:
    """Their keys: two messages with one key are one that was posted twice."""
    return {str(each.metadata["event_payload"]["key"]) for each in messages if each.metadata}


def test_a_card_opens_changes_and_closes_though_the_bot_is_killed(stage: Stage, stage_page: Page) -> None:
    page, channel = stage_page, Channel(stage_page)
    channel.send('/sessions subscribe room:"Town hall" on:start,end,join,leave')
    told = channel.messages.filter(has_text="Only visible to you")
    expect(told).to_contain_text("Subscribed, as number 1")
    expect(channel.messages.first).to_contain_text("🔔 Ada Berger subscribed this channel to")

    session = stage.opens("Town hall", "Ann")
    card = channel.cards
    expect(card).to_contain_text(re.compile(r"🟢 Live · Town hall · 1 in now"))
    expect(card).to_contain_text(session.id)
    ago = card.get_by_role("time").filter(has_text="ago")
    before = ago.inner_text()
    expect(ago).not_to_have_text(before)

    stage.joins(session, "Bob")
    stage.later(EDIT_S)
    expect(card).to_contain_text("2 in now")
    expect(card).not_to_contain_text("(edited)")
    thread = card.get_by_role("button", name="1 reply", exact=True)
    thread.focus()
    page.keyboard.press("Enter")
    expect(thread).to_have_attribute("aria-expanded", "true")
    replies = card.get_by_role("group", name="Thread").get_by_role("article")
    expect(replies).to_contain_text("Bob joined · 2 in now")

    stage.kill()
    stage.joins(session, "Cleo")
    stage.leaves(session, "Ann")
    second = stage.opens("Town hall", "Dan")
    stage.start()
    expect(channel.cards).to_have_count(2)
    expect(channel.cards.nth(1)).to_contain_text(second.id)
    expect(replies).to_have_count(2)
    expect(replies.nth(1)).to_contain_text("Cleo joined, Ann left · 2 in now")
    stage.later(EDIT_S)
    expect(channel.cards.first).to_contain_text("3 in all")

    stage.ends(session)
    stage.later(EDIT_S)
    expect(channel.cards.first).to_contain_text("⚪ Ended · Town hall")
    stage.kill(signal.SIGTERM)
    stage.ends(second)
    stage.start()
    expect(channel.cards.nth(1)).to_contain_text("⚪ Ended")
    expect(channel.cards).to_have_count(2)
    everything = stage.posted("live-ops")
    assert len(everything) == len(keys(everything)) == 5, "the first message, two cards, two replies"

    button(channel.cards.first, "Details").click()
    expect(channel.messages.last).to_contain_text("Participant-minutes")


def test_the_line_that_the_bot_tells_lets_it_in(stage: Stage, stage_page: Page) -> None:
    page, channel = stage_page, go_to(stage_page, "random")
    told = channel.say("/sessions subscribe room:Yoga")
    expect(told).to_contain_text("Paused: the bot isn't in the channel")
    line = told.get_by_text(re.compile(r"^/invite @\S+$")).inner_text()
    channel.say("/sessions subscriptions")
    listed = channel.messages.last
    button(listed, "Resume").click()  # too early
    expect(listed).to_contain_text("Paused: the bot isn't in the channel")

    channel.ask(line, "was added to #random by @Ada Berger")
    expect(channel.messages.filter(has_text="subscribed this channel to")).to_have_count(1)

    session = stage.opens("Yoga", "Ann")
    expect(channel.cards).to_contain_text("🟢 Live · Yoga")
    channel.send("/archive")
    unarchive = page.get_by_role("button", name="Unarchive #random")
    expect(unarchive).to_be_visible()
    stage.ends(session)
    direct = link(page, "Sessions, unread")
    stage.later(EDIT_S)
    expect(direct).to_be_visible()
    direct.click()
    expect(page.get_by_role("log")).to_contain_text("paused: the channel is archived")
    link(page, "random").click()
    unarchive.click()
    expect(channel.cards).to_contain_text("⚪ Ended")
    posts = stage.posted("random")
    assert len(posts) == len(keys(posts)) == 2

    listed = channel.say("/sessions subscriptions")
    expect(listed).to_contain_text("🟢 working")
    button(listed, "Remove").click()
    expect(listed).to_contain_text("This channel has no subscriptions")


def test_cards_fit_a_phone(stage: Stage, browser: Browser) -> None:
    with on_phone(browser, f"{stage.url}#general") as page:
        channel = Channel(page, "general")
        channel.send("/sessions subscribe room:Triage on:start,join")
        expect(channel.messages).to_have_count(2)
        session = stage.opens("Triage", "A" * 60)
        expect(channel.cards).to_contain_text("🟢 Live · Triage")
        stage.joins(session, "B" * 60)
        channel.cards.get_by_role("button", name="1 reply", exact=True).tap()
        expect(channel.cards).to_contain_text("joined")
        assert_fits(channel.cards)


def test_a_broadcast_is_in_the_channel_and_in_its_thread(stage: Stage, stage_page: Page) -> None:
    workspace = stage.slack.workspace

    def tell() -> None:
        ops, bot = workspace.channel("live-ops").id, workspace.bot_user
        root = workspace.post(ops, bot, "Yoga is live\nwith two people", [])
        workspace.post(ops, bot, "Nobody hosts Yoga", [], thread_ts=root.ts, broadcast=True)

    count = Channel(stage_page).messages.count()
    go_to(stage_page, "general")
    stage.do(tell)
    link(stage_page, "live-ops, unread").click()
    channel = Channel(stage_page)
    told = channel.message(count + 1)
    expect(told).to_contain_text("replied to a thread:")
    expect(told).to_contain_text("Yoga is live")
    expect(told).not_to_contain_text("with two people")
    expect(told).to_contain_text("Nobody hosts Yoga")
    root = channel.messages.nth(count)
    button(root, "1 reply").click()
    expect(root.get_by_role("group", name="Thread").get_by_role("article")).to_contain_text("Nobody hosts Yoga")


def test_a_session_loses_its_host_until_they_return(stage: Stage, browser: Browser) -> None:
    with on_phone(browser, f"{stage.url}#support") as page:
        channel = Channel(page, "support")
        channel.ask("/sessions subscribe room:Choir missing:host>30s notify:@oncall", "Subscribed, as number")
        session = stage.opens("Choir", "Ann", "Bob")
        stage.polled()
        stage.leaves(session, "Ann")
        stage.polled()
        stage.later(31)
        card = channel.cards
        expect(card).to_contain_text("No host is in")
        expect(card.locator(".mention")).to_have_text("@oncall")
        assert_fits(card)
        button(card, "I'm on it").tap()
        expect(card).to_contain_text("Ada Berger is on it")
        expect(button(card, "I'm on it")).to_have_count(0)
        stage.joins(session, "Ann", "host")
        expect(card).to_contain_text("No host was in for")
        button(card, re.compile("repl")).tap()
        replies = card.get_by_role("group", name="Thread").get_by_role("article")
        expect(replies.last).to_contain_text("Over. No host was in for")
        assert_fits(card)
