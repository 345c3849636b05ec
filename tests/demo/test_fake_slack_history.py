"""What the fake Slack asks of a bot that reads messages back: scopes by the kind of conversation, and patience."""

from __future__ import annotations

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.fake_slack import ApiError, FakeSlack, HttpError, RateLimited


def client_of(slack: FakeSlack, session: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=session, retry_handlers=[])


@pytest.mark.parametrize(
    ("channel", "scope"),
    [("live-ops", "channels:history"), ("incident-room", "groups:history"), ("dm", "im:history")],
)
async def test_each_kind_of_conversation_has_its_scope(channel: str, scope: str) -> None:
    every = {"channels:history", "groups:history", "im:history"}
    async with aiohttp.ClientSession() as session:
        async with FakeSlack(scopes=frozenset(every - {scope})) as slack:
            with pytest.raises(SlackApiError) as caught:
                await client_of(slack, session).conversations_history(channel=slack.workspace.channel(channel).id)
            assert (caught.value.response["error"], caught.value.response["needed"]) == ("missing_scope", scope)
            assert slack.violations == []  # a private channel looks like a public one
        async with FakeSlack(scopes=frozenset({scope})) as slack:
            await client_of(slack, session).conversations_history(channel=slack.workspace.channel(channel).id)


async def test_fifteen_messages_and_one_call_a_minute() -> None:
    now = [1_700_000_000.0]
    scopes = frozenset({"channels:history"})
    async with (
        aiohttp.ClientSession() as session,
        FakeSlack(scopes=scopes, clock=lambda: now[0], history_most=15, history_every_s=60) as slack,
    ):
        client, channel = client_of(slack, session), slack.workspace.channel("live-ops").id
        for number in range(20):
            slack.say(str(number))
        page = await client.conversations_history(channel=channel, limit=200)
        assert len(page["messages"]) == 15
        now[0] += 20
        with pytest.raises(SlackApiError) as caught:
            await client.conversations_history(channel=channel)
        assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "40")
        now[0] += 40
        cursor = page["response_metadata"]["next_cursor"]
        page = await client.conversations_history(channel=channel, cursor=cursor)
        assert len(page["messages"]) == 5
        assert slack.violations == []


async def test_calls_under_way_at_a_429_are_no_breach_and_later_ones_are() -> None:
    async with aiohttp.ClientSession() as session, FakeSlack() as slack:
        client = client_of(slack, session)
        slack.fail("users.info", RateLimited(5))
        user = slack.workspace.user("ada").id
        with pytest.raises(SlackApiError):
            await client.users_info(user=user)
        await client.users_info(user=user)
        assert slack.violations == []
        slack._site.limiter._told["users.info"] -= 1.0
        await client.users_info(user=user)
        assert "before Retry-After was over" in slack.violations[0]


@pytest.mark.parametrize("done", [False, True])
async def test_an_error_may_come_after_the_work(done: bool) -> None:
    async with aiohttp.ClientSession() as session, FakeSlack() as slack:
        client, channel = client_of(slack, session), slack.workspace.channel("live-ops").id
        broken = HttpError(502, "no JSON", after_doing=done, content_type="application/json")
        slack.fail("chat.postMessage", broken, ApiError("fatal_error", after_doing=done))
        for _ in range(2):
            with pytest.raises(SlackApiError):
                await client.chat_postMessage(channel=channel, text="hi")
        assert len(slack.messages()) == 2 * done
        assert [call.status for call in slack.calls] == [502, 200]
        assert slack.calls[1].response == {"ok": False, "error": "fatal_error"}
