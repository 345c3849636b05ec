"""Slack's events about the app itself: channels that get another id, and an app that is removed."""

from __future__ import annotations

import time

import pytest
from pydantic import SecretStr

from bot.app import running
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack, HttpError
from bot.demo.fake_slack.seed import ORG_ID
from bot.errors import ConfigError
from bot.settings import Settings
from tests.clocks import Wall
from tests.live import cards, opened, posts, said_soon, say, subscribe, until
from tests.work import at_work

PRIVATE = "incident-room"
SHARED = "C07QX6SHARED"


def said(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, object]]:
    return [getattr(each, "fields", {}) for each in caplog.records if each.getMessage() == event]


async def test_a_channel_that_gets_another_id_goes_on(
    polling: Settings, slack: FakeSlack, hms: FakeHms, account: Account, clock: Wall
) -> None:
    """Also its open card, which is edited under the new id; and told again, nothing happens."""
    async with at_work(polling, slack):
        channel = slack.workspace.channel(PRIVATE)
        await slack.command("@Sessions", command="/invite", channel=PRIVATE)
        await subscribe(slack, channel=PRIVATE)
        session = opened(account, account.add_room("Retro"))
        await until(lambda: cards(slack, PRIVATE))
        old_id = channel.id
        slack.workspace.change_id(channel, SHARED)
        event = {"type": "channel_id_changed", "old_channel_id": old_id, "new_channel_id": SHARED}
        for number in (1, 2):
            await slack.event(event, event_id=f"Ev{number}")
        account.end(session, time.time())
        await until(lambda: "Ended" in posts(slack, PRIVATE)[-1].plain, clock)
        opened(account, account.add_room("Planning"))
        await until(lambda: cards(slack, PRIVATE)[1:])
        assert {each.channel for each in cards(slack, PRIVATE)} == {SHARED}
        assert [each.edited is not None for each in cards(slack, PRIVATE)] == [True, False]


async def test_slack_can_verify_the_address_as_soon_as_the_bot_listens(settings: Settings, slack: FakeSlack) -> None:
    """Also while it waits for Slack itself, and with no other secret than this app's."""
    slack.fail("auth.test", HttpError(503, "down"))
    async with at_work(settings, slack):
        ack = await slack.verify_url("abc")
        assert ack.status == 200 and "abc" in ack.body
    others = settings.model_copy(update={"slack_signing_secret": SecretStr("0" * 32)})
    async with at_work(others, slack):
        assert (await slack.verify_url("abc")).status == 401


@pytest.mark.parametrize(
    "event",
    [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": ["{bot}"]}}],
    ids=lambda event: event["type"],
)
async def test_an_app_that_is_removed_says_so(
    bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture, event: dict[str, object]
) -> None:
    if "tokens" in event:
        event = {**event, "tokens": {"oauth": ["U1"], "bot": [slack.workspace.bot_user]}}
    await slack.event(event)
    await until(lambda: said(caplog, "uninstalled"))
    assert said(caplog, "uninstalled") == [{"cause": event["type"]}]
    await said_soon(slack, "doctor", "🔴 *Sending* · nothing is sent", "app_uninstalled")


async def test_a_persons_token_is_none_of_the_bots(
    bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    for tokens in ({"oauth": ["U1"]}, {"oauth": ["U1"], "bot": ["U0OTHERBOT1"]}, None):
        assert (await slack.event({"type": "tokens_revoked", "tokens": tokens})).status == 200
    await say(slack, "help")
    assert said(caplog, "uninstalled") == said(caplog, "event_failed") == []


async def test_an_installation_for_a_whole_organisation_is_told_apart(
    bot: str, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    reply = await say(slack, "help")
    slack.workspace.org_wide = True
    for _ in range(2):
        assert "serves one workspace, and it is installed for a whole organisation" in (await say(slack, "help")).plain
        await slack.act(reply, action_id="sessions.run", value="help")
        assert "installed for a whole organisation" in (await slack.reply()).plain
    await slack.event({"type": "channel_unarchive", "channel": "C1"})
    await until(lambda: said(caplog, "event_ignored"))
    assert said(caplog, "event_ignored") == [{"kind": "channel_unarchive", "cause": "org-wide install"}]


async def test_a_token_for_a_whole_organisation_ends_the_start(slack: FakeSlack, settings: Settings) -> None:
    slack.workspace.org_wide = True
    with pytest.raises(ConfigError, match=r"SLACK_BOT_TOKEN belongs to .* whole organisation.*one workspace") as error:
        async with running(settings, "web"):
            pass
    assert ORG_ID not in error.value.text
