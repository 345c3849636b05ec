"""Slack's user groups and their members: usergroups.list and usergroups.users.list, which need `usergroups:read`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from cachetools import TTLCache
from slack_sdk.web.async_client import AsyncWebClient

from bot import log
from bot.slack.question import FAILED_S, NoAnswer, Question

KEPT_S = 300
GROUPS_KEPT = 1_000


class MembersUnknown(Exception):
    """Slack doesn't say who is in `group_id`; `cause` is its code, or that of the fault."""

    def __init__(self, group_id: str, cause: str) -> None:
        super().__init__(f"{group_id}: {cause}")
        self.group_id = group_id
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Group:
    """A user group: `@handle`, which is in lower case. `disabled`: a mention of it reaches nobody."""

    id: str
    handle: str
    disabled: bool


class Groups:
    """Members by group, kept for five minutes. A group that can't be read isn't asked for again for ten seconds, as the
    method takes 20 calls a minute. `client` must not ask again by itself."""

    def __init__(self, client: AsyncWebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._question = Question(client.usergroups_users_list, clock)
        self._list = Question(client.usergroups_list, clock)
        self._members: TTLCache[str, frozenset[str]] = TTLCache(GROUPS_KEPT, KEPT_S, timer=clock)
        self._failed: TTLCache[str, str] = TTLCache(GROUPS_KEPT, FAILED_S, timer=clock)
        self._asking = asyncio.Lock()  # who asks at the same time gets one answer

    async def of(self, user_id: str, group_ids: Iterable[str]) -> str:
        """One of these groups that the person is in, "" where they are in none. Raises MembersUnknown where that
        can't be told."""
        unreadable = None
        for group_id in sorted(group_ids):
            try:
                if user_id in await self._of(group_id):
                    return group_id
            except MembersUnknown as error:
                unreadable = error
        if unreadable:
            raise unreadable
        return ""

    async def all(self) -> list[Group]:
        """All groups, the disabled ones too, as they are now. Raises NoAnswer."""
        answer = await self._list.ask(include_disabled="true")
        groups = (each for each in answer.get("usergroups") or () if isinstance(each, Mapping))
        return [
            Group(str(each.get("id")), str(each.get("handle") or "").lower(), bool(each.get("date_delete")))
            for each in groups
        ]

    async def _of(self, group_id: str) -> frozenset[str]:
        async with self._asking:
            if (members := self._members.get(group_id)) is not None:
                return members
            if cause := self._failed.get(group_id):
                raise MembersUnknown(group_id, cause)
            try:
                answer = await self._question.ask(usergroup=group_id)
            except NoAnswer as failure:
                self._failed[group_id] = failure.cause
                log.warning("group_unreadable", group=group_id, cause=failure.cause)
                raise MembersUnknown(group_id, failure.cause) from None
            self._members[group_id] = frozenset(answer.get("users") or ())
            return self._members[group_id]
