"""Alerts about an account whose answers are odd, and who counts as a person there."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from bot.demo.fake_hms import Account, FakeHms, Oddities, Status
from bot.demo.fake_slack import FakeSlack
from bot.settings import Settings
from tests.clocks import Wall
from tests.live import PATIENCE_S, cards, opened, polls, posts, said_soon, subscribe, until
from tests.work import at_work


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Those of a bot that polls all the time."""
    return settings.model_copy(update={"poll_interval_s": 0.2})


async def answer(url: str) -> str:
    async with httpx.AsyncClient() as http:
        return (await http.get(url)).text


@pytest.mark.parametrize("odd", [{"joined_at": "soon"}, 7])
async def test_a_bad_session_costs_that_session_and_no_poll(
    bot: str, slack: FakeSlack, account: Account, odd: object
) -> None:
    await subscribe(slack)
    room = account.add_room("Town-hall")
    first = account.open_session(room, time.time())
    first.verbatim = {"id": first.id, "room_id": room.id, "active": True, "peers": {"p": odd}}
    lost = account.open_session(room, time.time())
    lost.verbatim = {"id": [], "active": True}
    second = opened(account, room)
    await until(lambda: len(cards(slack)) == 2)
    told = "".join(card.plain for card in cards(slack))
    assert first.id in told and second.id in told and lost.id not in told
    async with asyncio.timeout(PATIENCE_S):
        while await answer(f"{bot}/readyz") != "ready\n":  # on a busy machine polls come late
            await asyncio.sleep(0.05)
    assert 'sessions_bot_unreadable_total{what="session"}' in await answer(f"{bot}/metrics")


async def test_a_session_that_alone_is_listed_and_is_bad_fails_no_poll(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    await subscribe(slack)
    lost = account.open_session(account.add_room("Town-hall"), time.time())
    lost.verbatim = {"id": {"$oid": lost.id}, "active": True}
    await polls(hms, 3)
    opened(account, account.add_room("Kitchen"))
    await until(lambda: cards(slack))


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (Status(200, body={"success": False, "msg": "account is suspended"}), "HmsBadReply"),  # a poll without a list
        (Status(404), "HmsNotFound"),
    ],
)
async def test_failing_polls_are_said_in_the_list_and_made_up_for(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account, failure: Status, cause: str
) -> None:
    await subscribe(slack)
    room = account.add_room("Town-hall")
    opened(account, room)
    await until(lambda: cards(slack))
    hms.fail_always("/sessions*", failure)
    opened(account, room)
    await said_soon(slack, "subscriptions", "alerts wait: 100ms was last read", cause)
    assert cause in await answer(f"{bot}/readyz")
    (card,) = cards(slack)
    assert "🟢 Live" in card.plain  # nothing is concluded from it
    hms.heal()
    await until(lambda: len(cards(slack)) == 2)


async def test_why_100ms_refuses_is_said_and_harmless(
    bot: str, slack: FakeSlack, hms: FakeHms, caplog: pytest.LogCaptureFixture
) -> None:
    words = f"Invalid query param: after <!channel> `{hms.token()}`"
    hms.fail_always("/sessions", Status(400, body={"code": 400, "message": words}))
    listed = await said_soon(slack, "subscriptions", "Invalid query param: after")
    assert "<!channel>" not in listed.text + str(listed.blocks) and hms.token() not in str(listed.blocks)
    assert (await answer(f"{bot}/readyz")).endswith(" ago (HmsRefused)\n")  # anybody may read that
    logged = [getattr(each, "fields", {}).get("cause", "") for each in caplog.records if each.msg == "poll_failed"]
    assert any("Invalid query param: after" in cause for cause in logged)
    assert not any(hms.token() in cause for cause in logged)


async def test_polls_have_smaller_pages_where_the_account_takes_no_larger(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    hms.oddities = Oddities(limit_most=20)
    await subscribe(slack)
    room = account.add_room("Town-hall")
    for _ in range(30):
        opened(account, room)
    await until(lambda: "30 sessions opened" in "".join(each.plain for each in slack.messages("live-ops")))
    await polls(hms, 3)
    assert len(posts(slack)) <= 3  # a poll may fall into the middle of it


async def test_a_recorder_neither_joins_nor_leaves(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account, clock: Wall
) -> None:
    await subscribe(slack, "on:start,end,join,leave")
    session = opened(account, account.add_room("Town-hall"))
    card = await until(lambda: next(iter(cards(slack)), None))
    recorder = account.join(session, name="beam", role="__internal_recorder", at=time.time())
    await until(lambda: "recording" in cards(slack)[0].plain, clock)
    account.leave(session, recorder, time.time())
    await until(lambda: "recorded" in cards(slack)[0].plain, clock)
    account.join(session, name="Bob", role="guest", user_id="bob", at=time.time())
    (reply,) = await until(
        lambda: [each for each in slack.messages("live-ops") if each.thread_ts == card.ts and each.ts != card.ts]
    )
    assert "Bob joined" in reply.plain and "beam" not in reply.plain
    await until(lambda: "2 in now, 2 in all · recorded · peak 2" in cards(slack)[0].plain, clock)


async def test_a_card_names_who_hosts_by_the_template_of_a_room_that_is_new(
    settings: Settings, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    """Though students lead in another template."""
    school = account.add_template("school", hosts=["teacher"], others=["student"])
    account.add_template("club", hosts=["student"], others=["mentor"])
    async with at_work(settings, slack):
        await polls(hms)
        await subscribe(slack)
        room = account.add_room("lesson-1", template_id=school.id)
        session = account.open_session(room, time.time())
        for name, role in (("Ann", "teacher"), ("Bob", "student")):
            account.join(session, name=name, role=role, at=time.time())
        (card,) = await until(lambda: cards(slack))
        assert "Ann" in card.plain and "Bob" not in card.plain and card.edited is None
