"""Who is in a user group of Slack: usergroups.users.list, which needs `usergroups:read`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

import aiohttp
from cachetools import TTLCache
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import log
from bot.chat.answers import read

KEPT_S = 300
FAILED_S = 10
"""How long a group that can't be read isn't asked for again: the method takes 20 calls a minute."""
GROUPS_KEPT = 1_000
WAIT_S = 2.0


class Unreadable(Exception):
    """Slack doesn't say who is in `group_id`; `cause` is its code, or that of the fault."""

    def __init__(self, group_id: str, cause: str) -> None:
        super().__init__(f"{group_id}: {cause}")
        self.group_id = group_id
        self.cause = cause


class Groups:
    """Members by group, kept for five minutes."""

    def __init__(self, client: AsyncWebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._members: TTLCache[str, frozenset[str]] = TTLCache(GROUPS_KEPT, KEPT_S, timer=clock)
        self._failed: TTLCache[str, str] = TTLCache(GROUPS_KEPT, FAILED_S, timer=clock)
        self._asking = asyncio.Lock()  # who asks at the same time gets one answer

    async def of(self, user_id: str, group_ids: Iterable[str]) -> str:
        """One of these groups that the person is in, "" where they are in none. Raises Unreadable where that can't be
        told."""
        unreadable = None
        for group_id in sorted(group_ids):
            try:
                if user_id in await self._of(group_id):
                    return group_id
            except Unreadable as error:
                unreadable = error
        if unreadable:
            raise unreadable
        return ""

    async def _of(self, group_id: str) -> frozenset[str]:
        async with self._asking:
            if (known := self._members.get(group_id)) is not None:
                return known
            if cause := self._failed.get(group_id):
                raise Unreadable(group_id, cause)
            try:
                async with asyncio.timeout(WAIT_S):
                    answer = await self._client.usergroups_users_list(usergroup=group_id)
            except SlackApiError as error:
                cause = read(error).cause
            except (TimeoutError, aiohttp.ClientError, OSError) as error:
                cause = type(error).__name__
            else:
                self._members[group_id] = frozenset(answer.get("users") or ())
                return self._members[group_id]
            self._failed[group_id] = cause
            log.warning("group_unreadable", group=group_id, cause=cause)
            raise Unreadable(group_id, cause)
