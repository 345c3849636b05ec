"""An account with a room for each session: asked for by how names begin and by template, through the real door."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from bot.app import Pace
from bot.demo.fake_hms import Account, FakeHms, Status
from bot.demo.fake_hms.records import Room, Session
from bot.demo.fake_slack import FakeSlack
from bot.settings import Settings
from tests.live import cards, fill, opened, polls, press, said_soon, say, shown, subscribe, until
from tests.work import HASTY, ONCE, at_work


@pytest.fixture
def account() -> Account:
    """Its names are such as 100ms allows."""
    return Account()


def lessons(account: Account, count: int, **fields: Any) -> list[Room]:
    return [
        account.add_room(f"Lesson-{number:04}", at=time.time() - 9_000 + number, **fields) for number in range(count)
    ]


def once(rooms: list[Room], account: Account) -> list[str]:
    """A session in each room, newest first."""
    return [fill(account, 1, room=room)[0].id for room in rooms][::-1]


def ids(sessions: list[Session]) -> list[str]:
    return [session.id for session in sessions]


async def test_a_star_stands_for_every_end_of_a_name(bot: str, slack: FakeSlack, account: Account) -> None:
    some = once(lessons(account, 3), account)
    _, kitchen = (fill(account, 1, room=account.add_room(name))[0].id for name in ("Test.one", "kitchen"))
    for line, expected in (
        ("room:lesson-*", some),
        ("room:LESSON-*", some),
        ("-room:test*", [*some, kitchen]),
        ("room:lesson-*,kitchen", [*some, kitchen]),
        ("room:lesson-* -room:lesson-0001", [some[0], some[2]]),
        ("room:lesson-*,-test*", some),
    ):
        answer = await say(slack, line)
        assert sorted(shown(answer)) == sorted(expected), line
    assert "*Active sessions* in `lesson-*`" in (await say(slack, "room:Lesson-*")).plain


async def test_pages_of_a_star_have_each_session_once(bot: str, slack: FakeSlack, account: Account) -> None:
    expected, others = [], []
    rooms, kitchen = lessons(account, 25), account.add_room("kitchen")
    for number, room in enumerate(rooms):
        at = time.time() - 3_000 + 20 * number
        expected.insert(0, account.open_session(room, at).id)
        others.append(account.open_session(kitchen, at + 5))
    page = await say(slack, "room:lesson-* limit:10")
    seen = shown(page)
    for _ in range(2):
        account.open_session(account.add_room(f"lesson-new{len(seen)}"), time.time())
        page = await press(slack, page, "More")
        seen += shown(page)
    assert seen == expected
    assert "More" not in page.labels


async def test_a_page_knows_every_room_before_it_decides(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    """A room that can't be asked for is no room of another name."""
    some = once(lessons(account, 2), account)
    hms.fail_always("/rooms/*", Status(400))
    for line in ("room:lesson-*", "-room:test*"):
        assert "100ms refused that request" in (await say(slack, line)).plain, line
    hms.heal()
    assert sorted(shown(await say(slack, "room:lesson-*"))) == sorted(some)


async def test_a_star_elsewhere_is_explained(bot: str, slack: FakeSlack) -> None:
    for line, explanation in (
        ("room:les*son", "a `*` goes at the end, as in `lesson-*`"),
        ("room:*", "say how the name begins"),
        ("template:teach*", "only a room's name can end with a `*`"),
        ("subscribe room:*-lab", "say how the name begins"),
    ):
        assert explanation in (await say(slack, line)).plain, line


async def test_a_start_that_no_room_has_yet_is_said_and_runs(bot: str, slack: FakeSlack, account: Account) -> None:
    fill(account, 1, room=account.add_room("kitchen"))
    for line, done in (
        ("room:lesson-*", "No sessions match."),
        ("subscribe room:lesson-*", "Subscribed"),
        ("mute room:lesson-* 2h", "Muted"),
        ("digest daily 9:00 Berlin room:lesson-*", "Digest"),
    ):
        answer = await say(slack, line)
        assert done in answer.plain and "No room's name begins with `lesson-` yet." in answer.plain, line


async def test_many_rooms_are_offered_as_one_first(bot: str, slack: FakeSlack, account: Account) -> None:
    some = once(lessons(account, 60), account)
    choice = await say(slack, "room:lesson-")
    assert choice.labels[0] == "lesson-* (60 rooms)" and len(choice.labels) == 20
    answer = await press(slack, choice, choice.labels[0])
    assert shown(answer) == some[:10]
    choice = await say(slack, "subscribe room:lesson- on:end")
    answer = await press(slack, choice, choice.labels[0])
    assert "Subscribed" in answer.plain and "`lesson-*`" in answer.plain


async def test_a_template_is_asked_for_by_name_and_by_id(bot: str, slack: FakeSlack, account: Account) -> None:
    teaching, event = (account.add_template(name, hosts=["host"]) for name in ("teaching", "Event"))
    some = once(lessons(account, 2, template_id=teaching.id), account)
    hall = fill(account, 1, room=account.add_room("hall", template_id=event.id))[0].id
    for line, expected in (
        ("template:Teaching", some),
        (f"template:{teaching.id}", some),
        ("-template:teaching", [hall]),
        ("template:teaching,event", [*some, hall]),
        ("template:teaching room:lesson-0001", some[:1]),
    ):
        assert sorted(shown(await say(slack, line))) == sorted(expected), line
    assert "of the template *teaching*" in (await say(slack, "template:teaching")).plain
    unknown = await say(slack, "template:teachin")
    assert "No template is called “teachin”. These exist:" in unknown.plain
    assert unknown.labels == ["Event", "teaching"]
    assert shown(await press(slack, unknown, "Event")) == [hall]
    for line in ("subscribe template:nosuch", "mute template:nosuch 2h", "digest daily 9:00 Berlin template:nosuch"):
        assert "No template is called “nosuch”" in (await say(slack, line)).plain, line


@pytest.fixture
async def busy(settings: Settings, slack: FakeSlack, hms: FakeHms) -> Any:
    """The bot, polling all the time."""
    pace = replace(HASTY, budget=ONCE)
    async with at_work(settings.model_copy(update={"poll_interval_s": 0.5}), slack, pace=pace) as started:
        await polls(hms)
        yield started.url


async def test_a_subscription_matches_rooms_of_tomorrow(
    busy: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    await subscribe(slack, "room:lesson-* -room:lesson-test*")
    opened(account, account.add_room("kitchen"))
    opened(account, account.add_room("lesson-test1"))
    opened(account, account.add_room("LESSON-01J"))
    (card,) = await until(lambda: cards(slack))
    await polls(hms)
    assert "LESSON-01J" in card.plain and len(cards(slack)) == 1


async def test_a_template_is_subscribed_to_and_muted(
    busy: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    teaching, event = (account.add_template(name, hosts=["host"]) for name in ("teaching", "event"))
    await subscribe(slack, "template:teaching")
    await subscribe(slack, "room:hall-*", channel="general")
    await say(slack, "mute room:lesson-b* 2h")
    opened(account, account.add_room("lesson-b1", template_id=teaching.id))
    opened(account, account.add_room("lesson-a1", template_id=teaching.id))
    opened(account, account.add_room("hall-1", template_id=event.id))
    (card,) = await until(lambda: cards(slack))
    await until(lambda: cards(slack, "general"))
    await polls(hms)
    assert "lesson-a1" in card.plain and len(cards(slack)) == 1


async def test_a_session_whose_room_cannot_be_asked_for_is_told_later(
    busy: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    """It may begin and end meanwhile; the others don't wait."""
    known = account.add_room("lesson-known")
    account.end(opened(account, known), time.time())
    await polls(hms)
    await subscribe(slack, "room:lesson-* on:start,end")
    await said_soon(slack, "room:lesson-known ended", "lesson-known")
    hms.fail_always("/rooms*", Status(500))
    account.end(opened(account, account.add_room("lesson-new")), time.time())
    opened(account, known)
    (card,) = await until(lambda: cards(slack))
    assert "lesson-known" in card.plain
    await polls(hms)
    assert len(cards(slack)) == 1
    hms.heal()
    await until(lambda: len(cards(slack)) == 2)
    await polls(hms)
    assert sorted("lesson-new" in each.plain for each in cards(slack)) == [False, True]


async def test_names_are_found_beyond_the_newest_thousand(
    settings: Settings, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    """Once the whole list has been read, in the background, no command reads it."""
    account.add_room("Archive-of-2019", at=time.time() - 90_000)
    lessons(account, 1_150)
    async with at_work(settings, slack, pace=Pace(haste=15.0)):
        assert "No room among the 1,000 newest" in (await say(slack, "room:archive")).plain
        await said_soon(slack, "room:archive", "in *Archive-of-2019*")
        hms.requests.clear()
        for line in ("room:Archive-of-2019", "room:archive", "room:lesson-0000", "room:lesson-*"):
            await say(slack, line)
        assert len([each for each in hms.requests if each.path == "/rooms"]) <= 2
