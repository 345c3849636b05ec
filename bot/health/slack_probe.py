"""Questions to Slack about the bot itself: its identity, scopes and channels.

docs.slack.dev/reference/methods: auth.test, apps.connections.open, users.conversations, conversations.info,
usergroups.users.list.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.bot_identity import Who, who_is
from bot.slack.outcome import Refused
from bot.slack.responses import judge

PAGE = 999
"""Largest page of users.conversations."""


def cause_of(error: Exception) -> str:
    """The cause of a failed request: Slack's code, or why there was no answer."""
    outcome = judge(error)
    return outcome.code if isinstance(outcome, Refused) else outcome.cause


class SlackProbe:
    """Makes one request a page: `client` must not retry by itself. `slack.responses.judge` classifies its errors."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def who(self) -> Who:
        return await who_is(self._client)

    async def say_time(self) -> None:
        """Fetch any answer of Slack's for its Date, which the client's trace reads."""
        with suppress(SlackApiError, aiohttp.ClientError, TimeoutError):
            await self._client.auth_test()

    async def connect(self, app_token: str) -> None:
        """Check the app-level token with apps.connections.open; opens no socket."""
        await self._client.apps_connections_open(app_token=app_token)

    async def channels(self) -> set[str]:
        """The channels that the bot is in, without archived ones. Needs channels:read and groups:read."""
        found: set[str] = set()
        cursor = ""
        while True:
            page: Any = await self._client.users_conversations(
                types="public_channel,private_channel", exclude_archived=True, limit=PAGE, cursor=cursor or None
            )
            found |= {str(each.get("id")) for each in page.get("channels") or ()}
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return found

    async def is_public(self, channel_id: str) -> bool:
        """True if everybody in the workspace may see the channel. Needs the same scopes."""
        channel: Any = (await self._client.conversations_info(channel=channel_id)).get("channel") or {}
        return channel.get("is_channel") is True and channel.get("is_private") is False

    async def members(self, group_id: str) -> frozenset[str]:
        """The members of a user group. Needs usergroups:read."""
        answer = await self._client.usergroups_users_list(usergroup=group_id)
        return frozenset(answer.get("users") or ())
