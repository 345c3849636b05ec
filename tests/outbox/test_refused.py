"""Refusals of Slack through the real door: what a person who acts, the operator and the channel see."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import ApiError, FakeSlack
from tests.live import cards, opened, posts, said_soon, say, subscribe, until

pytestmark = pytest.mark.polls


@pytest.mark.parametrize("line", ["subscribe", "digest daily 9:00"])
async def test_who_sets_something_up_again_after_inviting_the_bot_is_heard(
    bot: str, slack: FakeSlack, line: str
) -> None:
    """No event says that it was invited: channels:read isn't granted."""
    assert "/invite @" in (await say(slack, line, channel="random")).plain
    slack.workspace.join(slack.workspace.channel("random"), slack.workspace.bot_user)
    again = await say(slack, line, channel="random")
    assert "Paused" not in again.plain and "/invite" not in again.plain
    await until(lambda: posts(slack, "random"))
    if line == "subscribe":
        await said_soon(slack, "subscriptions", "working", channel="random")


async def test_who_subscribes_again_without_inviting_the_bot_is_told_so(bot: str, slack: FakeSlack) -> None:
    assert "/invite @" in (await subscribe(slack, channel="random")).plain
    assert "/invite @" in (await subscribe(slack, channel="random")).plain
    assert "/invite @" in (await subscribe(slack, "role:host", channel="random")).plain
    told = [each for each in slack.messages("D07QX6DM80T") if "paused" in each.plain]
    assert len(told) == 1


async def test_a_refused_token_is_said_and_pauses_no_channel(
    bot: str, slack: FakeSlack, hms: FakeHms, account: Account
) -> None:
    await subscribe(slack)
    slack.fail("chat.postMessage", ApiError("token_revoked"))
    opened(account, account.add_room("Town hall"))
    async with httpx.AsyncClient() as http:

        async def ready() -> str:
            return (await http.get(f"{bot}/readyz")).text

        async with asyncio.timeout(8):
            while "token_revoked" not in await ready():
                await asyncio.sleep(0.05)
        assert "nothing is sent: Slack refuses the bot's token (token_revoked)" in await ready()
        metrics = (await http.get(f"{bot}/metrics")).text
    assert "sessions_bot_workspace_refused 1.0" in metrics and "sessions_bot_paused_channels 0.0" in metrics
    assert "token_revoked" in (await say(slack, "doctor")).plain
    assert cards(slack) == []
    listed = (await say(slack, "subscriptions")).plain
    assert "Paused" not in listed and "alerts wait: nothing is sent: Slack refuses the bot's token" in listed
