"""The person who asks: users.info where `users:read` is granted, else only what can be assumed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cachetools import TTLCache
from slack_sdk.web.async_client import AsyncWebClient

from bot import log
from bot.query.zones import BadZone, sayable_zone
from bot.slack.question import FAILED_S, NoAnswer, Question, Refusal

KEPT_S = 3_600
USERS_KEPT = 20_000
SLACKBOT = "USLACKBOT"
"""The one app that Slack doesn't call a bot."""
NOBODY = ("user_not_found", "user_not_visible")
"""Slack's codes for a person whom the workspace doesn't know."""
NOT_GRANTED = ("missing_scope", "no_permission")


@dataclass(frozen=True, slots=True)
class Member:
    """`zone` is an IANA name that people can type, DEFAULT_TIMEZONE where it isn't known; `zone_said`: it is their own,
    or somebody has set that. `guest`: of this workspace only in part (docs.slack.dev/reference/objects/user-object,
    `is_restricted`). `name` is what they are called, as they wrote it; "" where it isn't known. `teams`: the workspaces
    that they belong to, or their organisation where Slack gives that alone; none where it isn't known. `known`: Slack
    has said all that, which takes `users:read`; `stranger`: it doesn't know them here; `unanswered`: it could say, but
    doesn't answer just now."""

    zone: str
    zone_said: bool = False
    guest: bool = False
    bot: bool = False
    deactivated: bool = False
    name: str = ""
    teams: frozenset[str] = frozenset()
    known: bool = False
    stranger: bool = False
    unanswered: bool = False

    def elsewhere(self, ours: Container[str]) -> bool:
        """True if they are known to belong to other workspaces than `ours` alone."""
        return bool(self.teams) and not any(team in ours for team in self.teams)


class People:
    """People by user id, kept for an hour. Asking never fails. `default`: the zone of those whose own isn't known, and
    whether somebody has set it. `client` must not ask again by itself."""

    def __init__(
        self,
        client: AsyncWebClient,
        default: str = "UTC",
        *,
        default_said: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._question = Question(client.users_info, clock)
        self._members: TTLCache[str, Member] = TTLCache(USERS_KEPT, KEPT_S, timer=clock)
        self._clock = clock
        self._refused_until = -math.inf
        self.unknown = self._refused = Member(sayable_zone(default), zone_said=default_said)

    async def of(self, user_id: str) -> Member:
        if member := self._members.get(user_id):
            return member
        if self._clock() < self._refused_until:
            return self._refused
        try:
            answer = await self._question.ask(user=user_id)
        except Refusal as refusal:
            log.info("person_unknown", cause=refusal.cause)
            if refusal.cause in NOBODY:
                return replace(self.unknown, stranger=True)
            granted = refusal.cause not in NOT_GRANTED
            self._refused_until = self._clock() + (FAILED_S if granted else KEPT_S)
            self._refused = replace(self.unknown, unanswered=granted)
            return self._refused
        except NoAnswer as failure:
            log.info("person_unknown", cause=failure.cause)
            return replace(self.unknown, unanswered=True)
        user = answer.get("user") or {}
        profile = user.get("profile") or {}
        zone = _zone(user.get("tz"))
        person = Member(
            zone or self.unknown.zone,
            zone_said=bool(zone) or self.unknown.zone_said,
            guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
            bot=bool(user.get("is_bot")) or user_id == SLACKBOT,
            deactivated=bool(user.get("deleted")),
            name=str(profile.get("display_name") or profile.get("real_name") or ""),
            teams=_teams(user),
            known=True,
        )
        self._members[user_id] = person
        return person


def _zone(name: object) -> str:
    """By a name that people can type, "" where it is none."""
    try:
        return sayable_zone(str(name))
    except BadZone:
        return ""


def _teams(user: Mapping[str, Any]) -> frozenset[str]:
    """In Enterprise Grid a person may be in several, and `team_id` may be the organisation's, `E…`."""
    several = (user.get("enterprise_user") or {}).get("teams") or ()
    teams = {str(each) for each in (user.get("team_id"), *several) if each}
    return frozenset({each for each in teams if not each.startswith("E")} or teams)
