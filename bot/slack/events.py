"""`EVENTS`: what the bot does when Slack tells it of something. They come without a person who waits for an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot import log
from bot.slack.request import Bot

Event = Mapping[str, Any]


async def heard(bot: Bot, event: Event) -> None:
    """Act on an event, as in the payload's `event` (docs.slack.dev/reference/events)."""
    await EVENTS[str(event.get("type"))](bot, event)


async def _joined(bot: Bot, event: Event) -> None:
    """Somebody came into a channel: when it is the bot, it was invited, and can post there again."""
    if event.get("user") == bot.user_id():
        await _resume(bot, event)


async def _resume(bot: Bot, event: Event) -> None:
    team_id, channel_id = bot.team_id(), str(event.get("channel") or "")
    if team_id and channel_id and await bot.store.resume(team_id, channel_id):
        log.info("resumed", channel=channel_id)


EVENTS: dict[str, Callable[[Bot, Event], Awaitable[None]]] = {
    "member_joined_channel": _joined,
    "channel_unarchive": _resume,
    "group_unarchive": _resume,
}
