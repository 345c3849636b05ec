"""What Slack says of the bot itself: who it is, what it may do, where it is.

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

PAGE = 999
"""The most that users.conversations gives at once."""


class SlackProbe:
    """Asks once for each thing: `client` must not repeat by itself. What a method raises `slack.responses.judge` can
    tell."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def who(self) -> Who:
        return await who_is(self._client)

    async def say_time(self) -> None:
        """Have any answer of Slack's: whoever traces the client hears its Date."""
        with suppress(SlackApiError, aiohttp.ClientError, TimeoutError):
            await self._client.auth_test()

    async def connect(self, app_token: str) -> None:
        """Ask where a socket could be opened: by that Slack takes the token. None is opened."""
        await self._client.apps_connections_open(app_token=app_token)

    async def channels(self) -> set[str]:
        """The channels that the bot is in, archived ones left out. Needs channels:read and groups:read."""
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
        """Whether everybody in the workspace may see the channel. Needs the same scopes."""
        channel: Any = (await self._client.conversations_info(channel=channel_id)).get("channel") or {}
        return channel.get("is_channel") is True and channel.get("is_private") is False

    async def members(self, group_id: str) -> frozenset[str]:
        """Who is in a user group. Needs usergroups:read."""
        answer = await self._client.usergroups_users_list(usergroup=group_id)
        return frozenset(answer.get("users") or ())
