"""A request with a good signature is done once, whoever sends it again: after a restart, and at another replica too."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from bot.demo.fake_hms import Account
from bot.demo.fake_slack import FakeSlack
from bot.settings import Settings
from tests.live import asked, fill, press, resend, say, until
from tests.work import at_work

Sent = tuple[bytes, Mapping[str, str]]


async def again(slack: FakeSlack, sent: Sent, caplog: pytest.LogCaptureFixture) -> None:
    """Send it again, and wait until it is known to have been done."""
    before, known = asked(slack), caplog.text.count("repeated")
    ack = await slack.post_raw(*sent)
    assert (ack.status, ack.body) == (200, "")
    await until(lambda: caplog.text.count("repeated") > known)
    assert asked(slack) == before


async def test_a_command_that_is_sent_again_after_a_restart(
    settings: Settings, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    async with at_work(settings, slack):
        await say(slack, "subscribe role:host")
        sent = slack.sent
        await say(slack, "unsubscribe all")
    async with at_work(settings, slack):
        for _ in range(2):
            await again(slack, sent, caplog)
        assert "no subscriptions" in (await say(slack, "subscriptions")).plain


async def test_a_press_that_is_sent_again_at_another_replica(
    settings: Settings, slack: FakeSlack, account: Account, postgres: str, caplog: pytest.LogCaptureFixture
) -> None:
    fill(account, 3)
    settings = settings.model_copy(update={"database_url": postgres})
    async with at_work(settings, slack):
        listed = await say(slack, "active")
        await slack.press(listed, "Share in channel")
        await until(lambda: slack.messages("live-ops"))
        shared = slack.sent
        async with at_work(settings, slack):  # on the same database
            await again(slack, shared, caplog)
            await press(slack, listed, "Share in channel")  # and who presses twice reaches either
        assert len(slack.messages("live-ops")) == 1


async def test_an_event_that_slack_sends_again_is_acknowledged_and_not_done_again(
    settings: Settings, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    channel = slack.workspace.channel("random")
    joined = {"type": "member_joined_channel", "channel": channel.id, "user": slack.workspace.bot_user}
    async with at_work(settings, slack):
        await say(slack, "subscribe", channel="random")
        await slack.event(joined, event_id="Ev1")
        await until(lambda: "resumed" in caplog.text)
    async with at_work(settings, slack):
        ack = await slack.event(joined, event_id="Ev1", retry_num=1)
        assert ack.status == 200
        await until(lambda: "repeated" in caplog.text)
        assert caplog.text.count("resumed") == 1


async def test_a_press_with_several_actions_does_each_once(bot: str, slack: FakeSlack, account: Account) -> None:
    fill(account, 2)
    listed = await say(slack, "active")
    await press(slack, listed, "Refresh")
    (payload,) = parse_qs(slack.sent[0].decode())["payload"]
    before = asked(slack)
    await resend(slack, actions=json.loads(payload)["actions"] * 2)
    await until(lambda: asked(slack) == before + 2)


async def test_who_asks_is_answered_though_the_database_does_not_say(
    bot: str, slack: FakeSlack, account: Account, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(account, 2)

    def break_it() -> None:
        with sqlite3.connect(tmp_path / "bot.db", timeout=20) as db:
            db.execute("DROP TABLE begun")

    await asyncio.to_thread(break_it)  # the bot has to go on meanwhile
    assert "Active sessions" in (await say(slack, "active")).plain
    assert "repeats_unknown" in caplog.text


async def test_an_acknowledgement_does_not_wait_for_the_database(bot: str, slack: FakeSlack, tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "bot.db", timeout=20, isolation_level=None, check_same_thread=False)
    await asyncio.to_thread(db.execute, "BEGIN EXCLUSIVE")  # the bot has to go on meanwhile
    try:
        async with asyncio.timeout(2):
            assert (await slack.command("help")).status == 200
    finally:
        db.execute("ROLLBACK")
        db.close()
    assert "Filters" in (await slack.reply()).plain
