"""Filters on what lasts, through the real door: lists, subscriptions, mutes, digests."""

from __future__ import annotations

import time

import pytest

from bot.demo.fake_hms import Account, FakeHms, Status
from bot.demo.fake_hms.records import Session
from bot.demo.fake_slack import FakeSlack
from bot.query.filters import FILTERS
from tests.live import meet, press, runs, say, shown, subscribe

ASKED = [key for key, entry in FILTERS.items() if entry.fires]


def leave(account: Account, session: Session, name: str, minutes_ago: float) -> None:
    peer = next(peer for peer in session.peers.values() if peer.name == name)
    account.leave(session, peer, time.time() - 60 * minutes_ago)


@pytest.fixture
def school(account: Account) -> dict[str, str]:
    """Four sessions since an hour, by what is wrong with each."""
    template = account.add_template("school", hosts=["teacher"], others=["student", "lead teacher"], recorder="watcher")
    room = account.add_room("algebra", template_id=template.id, template=template.name)
    short = account.add_room("short", template_id=template.id, max_duration_seconds=3_900)
    left = meet(account, room, ("Ann", "teacher"), ("Cam", "watcher"))
    leave(account, left, "Ann", 12)
    alone = meet(account, room, ("Ann", "teacher"), ("Bob", "student"))
    leave(account, alone, "Bob", 20)
    led = meet(account, room, ("Ann", "teacher"), ("Bob", "student"), ("Cyd", "student"))
    leave(account, led, "Ann", 3)
    ends = meet(account, short, ("Ann", "teacher"), ("Bob", "student"))
    return {"left": left.id, "alone": alone.id, "led": led.id, "ends": ends.id}


LISTS = {
    "idle:10m": {"left"}, "idle:15m": set(), "-idle:10m": {"alone", "led", "ends"}, "alone:15m": {"alone"}, "alone:30m": set(),
    "missing:host": {"led"}, "missing:host>2m": {"led"}, "missing:host>5m": set(), "missing:Teacher>2m": {"led"},
    "missing:student": {"alone"}, 'missing:"lead teacher">5m': {"alone", "led", "ends"}, "missing:student,host>2m": {"alone", "led"},
    "ending:15m": {"ends"}, "-ending:15m": {"left", "alone", "led"}, "ending:12h": {"left", "alone", "led", "ends"},
    "ending:15m idle:10m": set(), "room:short -alone:10s -idle:10s -missing:host": {"ends"},
}  # fmt: skip


async def test_lists_show_what_is_wrong(school: dict[str, str], bot: str, slack: FakeSlack) -> None:
    for line, expected in LISTS.items():
        assert {*shown(await say(slack, f"active {line}"))} == {school[name] for name in expected}, line
    said = (await say(slack, "active idle:10m alone:15m missing:host>2m ending:15m")).plain
    for words in ("nobody in for 10", "one person alone for 15", "no host for 2", "ending within 15"):
        assert words in said.replace("\u00a0", " "), words


async def test_of_an_ended_session_they_say_whether_it_ever_held(
    school: dict[str, str], bot: str, slack: FakeSlack, account: Account
) -> None:
    session = account.sessions[school["alone"]]
    account.end(session, time.time())
    for line, there in (
        ("alone:15m", True),
        ("alone:30m", False),
        ("ending:12h", False),
        ("missing:student>15m", True),
    ):
        assert shown(await say(slack, f"ended {line}")) == [session.id] * there, line


async def test_a_role_that_no_template_has_is_refused_with_those_that_exist(
    school: dict[str, str], bot: str, slack: FakeSlack, account: Account
) -> None:
    for line in ("missing:techer>2m", "-missing:techer>2m", "subscribe missing:techer>2m", "mute missing:techer>2m 2h",
                 "digest daily 9:00 Berlin missing:techer>2m", "subscribe room:algebra missing:techer>2m"):  # fmt: skip
        answer = await say(slack, line)
        assert "No template has a role “techer”. These exist:" in answer.plain, line
        assert [*answer.labels] == ["teacher", "lead teacher", "student", "watcher"], line
    assert shown(await press(slack, await say(slack, "missing:techer>2m"), "teacher")) == [school["led"]]
    done = await press(slack, await say(slack, "subscribe missing:techer>2m"), "lead teacher")
    assert "Subscribed" in done.plain and "no lead teacher for 2" in done.plain.replace("\u00a0", " ")
    answer = await say(slack, "missing:")
    assert "Which role?" in answer.plain and "`teacher`" in answer.plain
    account.add_template("club", others=["techer"])  # since the templates were read
    assert "Which one?" not in (await say(slack, "missing:techer>2m")).plain


async def test_without_templates_any_role_may_exist(
    school: dict[str, str], bot: str, slack: FakeSlack, hms: FakeHms
) -> None:
    hms.fail_always("/templates*", Status(503))
    assert shown(await say(slack, "missing:host")) != []


async def test_they_are_subscribed_to_and_muted(school: dict[str, str], bot: str, slack: FakeSlack) -> None:
    for line in ("idle:10m", "-alone:5m", "missing:host>2m", "ending:15m"):
        assert "Subscribed" in (await subscribe(slack, line)).plain, line
        muted = await say(slack, f"mute {line} 2h")
        assert "Muted" in muted.plain, line
    for command in ("subscriptions", "mutes"):
        listed = (await say(slack, command)).plain.replace("\u00a0", " ")
        for words in (
            "nobody in for 10 min",
            "unless one person is alone for 5 min",
            "no host for 2 min",
            "ending within 15",
        ):
            assert words in listed, (command, words)


async def test_bad_lengths_are_said_with_the_fix(school: dict[str, str], bot: str, slack: FakeSlack) -> None:
    for line, fixed in (("idle:5s", "idle:10s"), ("alone:13h", "alone:12h"), ("missing:host>1s", "missing:host>10s"),
                        ("empty:10m", "idle:10m"), ("nohost:5m", "missing:host>5m"), ("ending<15m", "ending:15m")):  # fmt: skip
        answer = (await say(slack, f"active {line}")).plain.replace("&gt;", ">").replace("&lt;", "<")
        assert f"Showing `active {fixed}` (you typed `active {line}`)" in answer, line
        asked = await say(slack, f"subscribe {line}")
        assert runs(asked), line


async def test_each_has_its_help(bot: str, slack: FakeSlack) -> None:
    for key in ASKED:
        answer = (await say(slack, f"help {key}")).plain.replace("&gt;", ">").replace("&lt;", "<")
        assert f"`{FILTERS[key].form}`" in answer and f"`/sessions {key}:{FILTERS[key].example}`" in answer
