"""More, Back, Refresh, Share: through the buttons that the bot itself made."""

from __future__ import annotations

import asyncio

import pytest

from bot.demo.fake_hms import Account, FakeHms, Pass, Status
from bot.demo.fake_slack import Dropped, FakeSlack, HttpError, Message
from bot.settings import Settings
from tests.live import fill, press, say, shown, until
from tests.work import at_work


async def to_the_end(slack: FakeSlack, reply: Message) -> list[list[str]]:
    """Press More until it is gone: the sessions of each page."""
    pages = [shown(reply)]
    while "More" in reply.labels:
        turned = await press(slack, reply, "More")
        assert turned.ts == reply.ts, "a page is replaced in place"
        reply = turned
        pages.append(shown(reply))
    return pages


@pytest.mark.parametrize(
    ("typed", "keep"),
    [
        ("active", lambda n: n % 4 != 0),
        ("all limit:20", lambda n: True),
        ("all role:host limit:11", lambda n: n % 2 == 1),
        ("ended", lambda n: n % 4 == 0),
    ],
)
async def test_more_to_the_end_and_back_to_the_start(
    bot: str, slack: FakeSlack, account: Account, typed: str, keep: object
) -> None:
    sessions = fill(account, 60, ended_every=4)
    expected = [session.id for number, session in zip(range(59, -1, -1), sessions, strict=True) if keep(number)]  # type: ignore[operator]
    reply = await say(slack, typed)
    pages = await to_the_end(slack, reply)
    assert [each for page in pages for each in page] == expected
    reply = slack.ephemerals()[-1]
    for page in reversed(pages[:-1]):
        reply = await press(slack, reply, "Back")
        assert shown(reply) == page
    assert "Back" not in reply.labels
    assert len(slack.ephemerals()) == 1


async def test_after_a_restart_and_from_another_replica(slack: FakeSlack, account: Account, settings: Settings) -> None:
    sessions = fill(account, 25)
    async with at_work(settings, slack):
        reply = await say(slack, "active")
    async with at_work(settings, slack):
        assert shown(await press(slack, reply, "More")) == [session.id for session in sessions[10:20]]


async def test_relative_times_are_fixed_by_the_first_page(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    fill(account, 25)
    reply = await say(slack, "active after:2h")
    await asyncio.sleep(0.05)
    reply = await press(slack, reply, "More")
    reply = await press(slack, reply, "Refresh")
    reply = await press(slack, reply, "Back")
    asked = [request.query["after"] for request in hms.requests if request.path == "/sessions"]
    assert len(asked) == 4 and len(set(asked)) == 1
    await slack.press(reply, "Refresh")  # of the first page: from now again
    await slack.reply()
    assert [r for r in hms.requests if r.path == "/sessions"][-1].query["after"] > asked[0]


async def test_read_ahead_says_its_bound_and_goes_on(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    oldest = fill(account, 2_150)[-1]
    account.join(oldest, name="Zoe", role="zookeeper", at=oldest.created_at)
    reply = await say(slack, "active role:zookeeper")
    for pages in (10, 20):
        assert shown(reply) == []
        assert "None found so far." in reply.plain and "I looked through 1,000 sessions" in reply.plain
        assert sum(request.path == "/sessions" for request in hms.requests) == pages
        reply = await press(slack, reply, "More")
    assert shown(reply) == [oldest.id]
    assert "More" not in reply.labels


async def test_an_error_while_reading_ahead_keeps_what_was_found(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    sessions = fill(account, 250)
    for session in (sessions[0], sessions[-1]):
        account.join(session, name="Zoe", role="zookeeper", at=session.created_at)
    hms.fail("/sessions*", Pass(), Status(400))
    reply = await say(slack, "active role:zookeeper")
    assert shown(reply) == [sessions[0].id]
    assert "I looked through 100 sessions for this page. Then 100ms failed: 100ms refused that request" in reply.plain
    assert shown(await press(slack, reply, "More")) == [sessions[-1].id]


async def test_share_once_however_often_it_is_pressed(bot: str, slack: FakeSlack, account: Account) -> None:
    sessions = fill(account, 25)
    reply = await say(slack, "active", channel="support")
    reply = await press(slack, reply, "More")
    await asyncio.gather(*(slack.press(reply, "Share in channel") for _ in range(3)))
    await slack.wait_for(3)
    public = slack.messages("support")
    assert len(public) == 1
    assert shown(public[0]) == [session.id for session in sessions[10:20]]
    assert "Shared by Ada Berger" in public[0].plain
    assert "`/sessions active`" in public[0].plain
    mine = await press(slack, public[0], "Open for me", user="ben")
    assert mine.ephemeral and mine.ephemeral_to != reply.ephemeral_to
    assert shown(mine) == shown(public[0]) and "More" in mine.labels
    assert (await press(slack, public[0], "Show", user="ben")).ephemeral
    assert len(slack.messages("support")) == 1


async def test_a_lost_confirmation_of_a_share_is_not_sent_again(bot: str, slack: FakeSlack, account: Account) -> None:
    fill(account, 2)
    reply = await say(slack, "active")
    slack.fail("response_url", Dropped(after_doing=True))
    await slack.press(reply, "Share in channel")
    await slack.reply(where=lambda message: "did not confirm" in message.plain)
    assert len(slack.messages()) == 1


async def test_a_share_that_slack_refused_can_be_tried_again_at_once(
    bot: str, slack: FakeSlack, account: Account
) -> None:
    fill(account, 2)
    reply = await say(slack, "active")
    slack.fail("response_url", HttpError(404, "expired_url"))
    await slack.press(reply, "Share in channel")
    await slack.reply(where=lambda message: "did not confirm" in message.plain)
    assert slack.messages() == []
    await slack.press(reply, "Share in channel")
    await until(slack.messages)


BROKEN = ("", "nonsense", "0|1|0|UTC|||active", "1|2|0|UTC|zz||active", "1|1|0|UTC|||rom:x", "x" * 2000)


@pytest.mark.parametrize("action_id", ["sessions.more", "sessions.share", "sessions.show", "sessions.nothing", "other"])
async def test_old_and_broken_buttons_answer_kindly(
    bot: str, slack: FakeSlack, account: Account, action_id: str
) -> None:
    fill(account, 1)
    reply = await say(slack, "active")
    for value in BROKEN:
        ack = await slack.act(reply, action_id=action_id, value=value)
        assert ack.status == 200, value
        answer = await slack.reply()
        assert answer.ts != reply.ts and answer.ephemeral, value
        assert "another version of this bot" in answer.plain, value
        assert "/sessions active" in answer.plain, value


async def test_double_clicks_do_no_harm(bot: str, slack: FakeSlack, account: Account) -> None:
    sessions = fill(account, 30)
    reply = await say(slack, "active")
    await asyncio.gather(*(slack.press(reply, "More") for _ in range(3)))
    await slack.wait_for(3)
    assert [shown(message) for message in slack.ephemerals()] == [[session.id for session in sessions[10:20]]]


async def test_a_hundred_on_a_page(bot: str, slack: FakeSlack, account: Account) -> None:
    sessions = fill(account, 130)
    reply = await say(slack, "active limit:100")
    assert shown(reply) == [session.id for session in sessions[:100]]
    assert sessions[56].id in (await press(slack, reply, "57")).plain
