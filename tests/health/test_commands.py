"""`/sessions doctor`, through the real door."""

from __future__ import annotations

from typing import Any

from bot.app import running
from bot.demo.fake_hms import FakeHms, Status
from bot.demo.fake_slack import ApiError, FakeSlack, RateLimited
from bot.demo.run import scopes_of
from bot.settings import Settings
from tests.live import press, said_soon, say, subscribe, until
from tests.work import at_work


async def test_all_is_well(bot: str, slack: FakeSlack) -> None:
    brief = await say(slack, "doctor")
    assert brief.ephemeral and "🔴" not in brief.plain and "🟢" not in brief.plain and "🟠" in brief.plain
    said = await press(slack, brief, "Details")
    for line in (
        "Settings* · all there for python -m bot web", "Slack token* · Live Studio", "100ms token* · taken; signed",
        "Clock* · this machine's clock is the same as Slack's",
        "Clock* · this machine's clock is the same as 100ms's", "Database* · revision 0", "Last poll* · 100ms ",
        "Outbox* · 0 to be sent", "Channels* · no channel has subscriptions or digests",
    ):  # fmt: skip
        assert f"🟢 *{line}" in said.plain, line
    assert "🟠 *Slack scopes* · a message whose arrival" in said.plain
    assert "→ add `channels:history` and `groups:history` on" in said.plain
    assert said.plain.index("🟠") < said.plain.index("🟢")


async def test_in_socket_mode_the_sockets_are_counted_and_slack_is_not_asked_for_one(
    settings: Settings, slack: FakeSlack
) -> None:
    slack.socket_mode.grace_s = 0.2
    async with running(settings, "socket"):
        await slack.wait_for(lambda: slack.sockets == 2)
        slack.fail("apps.connections.open", *[ApiError("token_revoked")] * 1_000)
        for _ in range(3):
            said = await said_soon(slack, "doctor details", "🟢 *Slack socket* · 2 connections are open")
        assert "🟢 *Settings* · all there for python -m bot socket" in said.plain
        assert sum(call.method == "apps.connections.open" for call in slack.calls) == 2
        await slack.socket_mode.refresh(only=0)
        said = await said_soon(slack, "doctor", "🟠 *Slack socket* · 1 connection is open, of 2")
        assert "→ look for `socket_failed`, `socket_mode_off` and `app_token_refused` in the log" in said.plain


async def test_a_messages_tab_that_is_off_is_told_of(bot: str, slack: FakeSlack) -> None:
    assert "Messages tab" not in (await say(slack, "doctor details")).plain
    slack.workspace.messages_tab = False
    slack.fail("chat.postMessage", ApiError("is_archived"))
    await subscribe(slack)
    said = await said_soon(slack, "doctor", "🟠 *Messages tab* · it was off")
    assert "→ switch *Messages Tab* on, on the app's page App Home, or paste its manifest anew" in said.plain


async def test_slack_that_asks_to_wait_is_no_fault(bot: str, slack: FakeSlack) -> None:
    slack.fail("auth.test", RateLimited(30))
    said = await say(slack, "doctor")
    assert "🟠 *Slack token* · Slack asks to wait (ratelimited)\n      → try again in a minute" in said.plain


async def test_what_is_wrong_comes_first_and_says_what_to_do(bot: str, slack: FakeSlack, hms: FakeHms) -> None:
    slack.fail("auth.test", ApiError("token_revoked"))
    hms.fail_always("/sessions", Status(503))
    said = await say(slack, "doctor")
    assert "checks failed: Slack token, 100ms" in said.text and said.text.startswith("❌ 2 of ")
    assert "🔴 *Slack token* · Slack refuses SLACK_BOT_TOKEN (token_revoked)\n      → copy the bot token" in said.plain
    assert "🔴 *100ms* · 100ms is having trouble" in said.plain
    assert "🟢" not in said.plain


async def test_channels_that_others_may_not_know_are_counted(
    manifest: dict[str, Any], settings: Settings, hms: FakeHms
) -> None:
    async with FakeSlack(manifest=manifest, scopes=scopes_of(manifest)) as slack:
        url = settings.model_copy(update={"slack_api_url": slack.api_url.rstrip("/")})
        async with at_work(url, slack):
            private, public = (slack.workspace.channel(name) for name in ("incident-room", "random"))
            slack.workspace.leave(private, slack.workspace.bot_user)
            for channel in (private, public):
                await say(slack, "subscribe", channel=channel.id)
            await until(lambda: sum(call.response.get("ok") is False for call in slack.calls) >= 2)
            elsewhere, there = await say(slack, "doctor"), await say(slack, "doctor", channel=private.id)
        assert slack.violations == []
    random = (
        f"🟠 *Channel* <#{public.id}> · paused: the bot isn't in the channel\n      → type `/invite @Sessions` there"
    )
    assert random in elsewhere.plain and random in there.plain
    assert private.id not in elsewhere.plain
    assert "something is wrong with 1 conversation that isn't public\n      → `python -m bot doctor`" in elsewhere.plain
    assert f"🟠 *Channel* <#{private.id}> · paused: Slack doesn't show the channel to the bot" in there.plain
    assert "isn't public" not in there.plain


async def test_guests_are_sent_to_a_member(bot: str, slack: FakeSlack) -> None:
    said = await say(slack, "doctor", user="gus")
    assert "ask one of them" in said.plain and "Slack token" not in said.plain


async def test_more_words_are_left_aside(bot: str, slack: FakeSlack) -> None:
    assert "🟢" in (await say(slack, "doctor Details")).plain
    said = await say(slack, "doctor please <!channel>")
    assert "(you typed `doctor please <!channel>`)" in said.plain and "<!channel>" not in str(said.blocks)
    assert "It works (" in said.plain
