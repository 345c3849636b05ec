"""What Slack says of the person who asks: users.info where `users:read` is granted, else only what can be assumed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
from cachetools import TTLCache
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import log
from bot.chat.answers import read
from bot.core.zones import BadZone, sayable_zone

KEPT_S = 3_600
USERS_KEPT = 20_000
WAIT_S = 2.0
NOBODY = ("user_not_found", "user_not_visible")
"""Slack's codes for a person whom the workspace doesn't know."""


@dataclass(frozen=True, slots=True)
class Person:
    """`zone` is an IANA name that people can type, DEFAULT_TIMEZONE where it isn't known. `guest`: of this workspace
    only in part (docs.slack.dev/reference/objects/user-object, `is_restricted`). `name` is what they are called, as
    they wrote it; "" where it isn't known. `teams`: the workspaces that they belong to, or their organisation where
    Slack gives that alone; none where it isn't known. `stranger`: Slack doesn't know them here."""

    zone: str
    guest: bool = False
    name: str = ""
    teams: frozenset[str] = frozenset()
    stranger: bool = False


class People:
    """People by user id, kept for an hour. Asking never fails."""

    def __init__(self, client: AsyncWebClient, default: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._known: TTLCache[str, Person] = TTLCache(USERS_KEPT, KEPT_S, timer=clock)
        self._refused: TTLCache[str, bool] = TTLCache(1, KEPT_S, timer=clock)  # the scope isn't granted
        self.unknown = Person(sayable_zone(default))

    async def of(self, user_id: str) -> Person:
        if known := self._known.get(user_id):
            return known
        if self._refused:
            return self.unknown
        try:
            async with asyncio.timeout(WAIT_S):
                answer = await self._client.users_info(user=user_id)
        except SlackApiError as error:
            said = read(error)
            if said.code == "missing_scope":
                self._refused["missing_scope"] = True
            log.info("person_unknown", cause=said.cause)
            return replace(self.unknown, stranger=said.code in NOBODY)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            log.info("person_unknown", cause=type(error).__name__)
            return self.unknown
        user = answer.get("user") or {}
        profile = user.get("profile") or {}
        person = Person(
            self._zone(user.get("tz")),
            bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
            str(profile.get("display_name") or profile.get("real_name") or ""),
            _teams(user),
        )
        self._known[user_id] = person
        return person

    def _zone(self, name: object) -> str:
        try:
            return sayable_zone(str(name))
        except BadZone:
            return self.unknown.zone


def _teams(user: Mapping[str, Any]) -> frozenset[str]:
    """In Enterprise Grid a person may be in several, and `team_id` may be the organisation's, `E…`."""
    several = (user.get("enterprise_user") or {}).get("teams") or ()
    teams = {str(each) for each in (user.get("team_id"), *several) if each}
    return frozenset({each for each in teams if not each.startswith("E")} or teams)
