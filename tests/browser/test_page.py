"""The bot as people meet it: in the demo's page, in a real browser, against the account's own word."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from playwright.sync_api import expect

from tests.browser.channel import Channel, assert_fits, button, literal, on_page, reach, walk, walk_back
from tests.demo.process import ROOT, Api

pytestmark = pytest.mark.slow

DAY_S = 86_400
HOSTILE_PEOPLE = ("<!here> Bob & *friends*", "`rm` _Nina_ ~K~")


def said_about(pages: list[list[str]]) -> list[str]:
    """All ids of the pages, once they are known to be in order and each there once."""
    ids = [session_id for page in pages for session_id in page]
    assert ids == sorted(set(ids), reverse=True), "newest first, none twice"
    assert all(len(page) == 10 for page in pages[:-1]), [len(page) for page in pages]
    assert 0 < len(pages[-1]) <= 10
    return ids


def test_every_active_session_once_and_back(channel: Channel, api: Api) -> None:
    before, count = api.ids(active="true"), channel.messages.count()
    channel.box.press_sequentially("/sessions active")
    channel.box.press("Enter")
    message = channel.message(count)
    expect(message).to_contain_text("10 sessions")
    forth = walk(message)
    after = api.ids(active="true")
    ids, stayed = said_about(forth), set(before) & set(after)
    assert len(stayed) > 30
    assert [one for one in ids if one in stayed] == [one for one in before if one in stayed]
    assert set(ids) <= set(before) | set(after)

    back = walk_back(message, len(forth))
    at_end = api.ids(active="true")
    if at_end == before:
        assert back == forth[:-1]
    still = stayed & set(at_end)
    for shown, again in zip(forth[1:], back[1:], strict=False):  # a page behind a cursor keeps its place
        assert still & set(shown) <= set(again)
    for again in back:
        assert again == sorted(set(again), reverse=True)


@pytest.mark.parametrize("name", ["morning-standup", "sales.demo:eu"])
def test_every_ended_session_of_a_room_once_and_back(name: str, channel: Channel, api: Api) -> None:
    room_id = api.room_id(name)

    def ended() -> list[dict[str, Any]]:
        return api.every("/sessions", active="false", room_id=room_id)

    since, before = time.time(), ended()
    message = channel.say(f"/sessions ended room:{name} after:3d limit:10")
    forth = walk(message)
    until, after = time.time(), ended()
    expect(message).to_contain_text("Ended sessions")
    ids = said_about(forth)
    must = [one["id"] for one in before if created_at(one) >= until - 3 * DAY_S]
    may = {one["id"] for one in after if created_at(one) >= since - 3 * DAY_S}
    assert [one for one in ids if one in set(must)] == must
    assert set(ids) <= may
    back = walk_back(message, len(forth))
    if len(ended()) == len(before):
        assert back == forth[:-1]
    assert len(forth) > 2


def created_at(session: dict[str, Any]) -> float:
    return datetime.fromisoformat(session["created_at"]).astimezone(UTC).timestamp()


def test_the_whole_way_by_keyboard(channel: Channel) -> None:
    page, count = channel.page, channel.messages.count()
    command = yaml.safe_load((ROOT / "manifest.yml").read_text())["features"]["slash_commands"][0]
    channel.box.focus()
    page.keyboard.type("/")
    offer = page.get_by_role("listbox", name="Commands").get_by_role("option")
    expect(offer).to_have_count(4)
    for words in (command["command"], command["description"], command["usage_hint"]):
        expect(offer.first).to_contain_text(words)
    page.keyboard.press("Tab")
    expect(channel.box).to_have_value("/sessions ")
    expect(channel.box).to_have_accessible_description(f"{command['command']} {command['usage_hint']}")
    page.keyboard.type("active")
    page.keyboard.press("Enter")
    message = channel.message(count)
    first = on_page(message, 1)
    more = button(message, "More")
    reach(more)
    page.keyboard.press("Enter")
    second = on_page(message, 2)
    assert second and not set(first) & set(second)
    expect(more).to_be_focused()


def test_enter_completes_too(channel: Channel) -> None:
    channel.box.press_sequentially("/ses")
    channel.box.press("Enter")
    expect(channel.box).to_have_value("/sessions ")
    expect(channel.page.get_by_role("listbox", name="Commands")).to_have_count(0)


def test_a_line_that_is_understood_is_shown_and_an_error_has_its_place(channel: Channel) -> None:
    message = channel.say("/sessions active rom:town-hall")
    expect(message).to_contain_text("Showing active room:town-hall (you typed active rom:town-hall)")
    assert on_page(message, 1)

    message = channel.say("/sessions active after:soon")
    expect(message).to_contain_text("For example /sessions active after:2h")
    (marked,) = message.get_by_role("code").filter(has_text=re.compile(r"\^")).all_text_contents()
    assert marked.strip("\n") == "/sessions active after:soon\n                 ^^^^^^^^^^", marked


def test_what_would_change_something_is_asked_first(channel: Channel) -> None:
    message = channel.say("/sessions subscribe rom:town-hall")
    button(message, "Run /sessions subscribe room:town-hall").click()
    expect(channel.messages.filter(has_text="subscribed this channel")).to_have_count(1)
    expect(channel.messages.filter(has_text="✅ Subscribed")).to_have_count(1)


def test_show_opens_details(channel: Channel, api: Api) -> None:
    message = channel.say("/sessions active")
    first = on_page(message, 1)[0]
    count = channel.messages.count()
    button(message, "Show").first.click()
    by_button = channel.message(count)
    by_line = channel.say(f"/sessions show {first}")
    room = api.read(f"/rooms/{api.read(f'/sessions/{first}')['room_id']}")
    for details in (by_button, by_line):
        expect(details).to_contain_text("Only visible to you")
        expect(details).to_contain_text("Participant-minutes")
        expect(details).to_contain_text(first)
        assert room["name"] in literal(details.inner_text())
    expect(message).to_contain_text("Page 1")
    button(by_line, "All sessions of this room").click()
    assert on_page(by_line, 1)
    expect(by_line).to_contain_text("All sessions in")


def test_share_posts_the_page_for_all(channel: Channel) -> None:
    message = channel.say("/sessions active")
    shown = on_page(message, 1)
    shared = channel.press(message, "Share in channel")
    expect(shared).to_contain_text("Shared by Ada Berger")
    expect(shared).not_to_contain_text("Only visible to you")
    assert set(re.findall(r"\bsession ([0-9a-f]{24})", shared.inner_text())) & set(shown)
    expect(button(shared, "More")).to_have_count(0)
    expect(message).to_contain_text("Only visible to you")
    mine = channel.press(shared, "Open for me")
    assert on_page(mine, 1)


def test_a_name_that_fits_two_rooms_offers_both(channel: Channel) -> None:
    exact = channel.say("/sessions all room:physics-101")
    assert on_page(exact, 1)
    expect(exact).to_contain_text("All sessions in physics-101")

    choice = channel.say("/sessions all room:physics")
    expect(choice).to_contain_text("“physics” fits several rooms")
    expect(button(choice, re.compile("^physics-101"))).to_have_count(2)
    expect(button(choice, re.compile(r"^physics-101-lab\b"))).to_have_count(1)
    button(choice, "physics-101").click()
    assert on_page(choice, 1)
    text = choice.inner_text()
    assert "All sessions in physics-101" in text
    assert "physics-101-lab" not in text


def test_hostile_names_show_as_they_are(channel: Channel, api: Api) -> None:
    for name in HOSTILE_PEOPLE:
        details = channel.say(f"/sessions show {session_with(name, api)}")
        expect(details).to_contain_text("Participant-minutes")
        assert name in literal(details.inner_text())
        expect(details).not_to_contain_text("@here")


def session_with(name: str, api: Api) -> str:
    """An ended session so small that its details show everyone."""
    for session in api.every("/sessions", active="false"):
        names = [peer["name"] for peer in session["peers"].values()]
        if name in names and len(names) < 40:
            return str(session["id"])
    raise AssertionError(f"nobody is called {name}")


@pytest.mark.parametrize("line", ["active", "all limit:100", "help", "rom:x", "active room:physics", "show"])
def test_nothing_is_wider_than_a_phone(line: str, phone: Channel) -> None:
    assert_fits(phone.say(f"/sessions {line}"))


def test_details_fit_a_phone(phone: Channel) -> None:
    message = phone.say("/sessions active room:town-hall")
    assert on_page(message, 1)
    count = phone.messages.count()
    button(message, "Show").last.click()
    details = phone.message(count)
    expect(details).to_contain_text("Participant-minutes")
    assert_fits(details)
