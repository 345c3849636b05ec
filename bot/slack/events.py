"""`EVENTS`: what the bot does when Slack tells it of something. They come without a person who waits for an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot import log
from bot.slack.request import Bot

Event = Mapping[str, Any]


async def heard(bot: Bot, body: Event) -> None:
    """Act on an event (docs.slack.dev/apis/events-api#event-type-structure), if it is for the bot's own workspace."""
    event = body["event"]
    told = body.get("authorizations") or [body]  # whom Slack tells; where it happened may be another workspace
    if bot.team_id() not in [each.get("team_id") for each in told]:
        cause = "another workspace" if bot.team_id() else "not ready"
        log.warning("event_ignored", kind=event.get("type"), cause=cause)
        return
    await EVENTS[str(event.get("type"))](bot, event)


async def _joined(bot: Bot, event: Event) -> None:
    """Somebody came into a channel: when it is the bot, it was invited, and can post there again."""
    if event.get("user") == bot.user_id():
        await _resume(bot, event)


async def _resume(bot: Bot, event: Event) -> None:
    team_id, channel_id = bot.team_id(), str(event.get("channel") or "")
    if channel_id and await bot.store.resume(team_id, channel_id):
        log.info("resumed", channel=channel_id)


EVENTS: dict[str, Callable[[Bot, Event], Awaitable[None]]] = {
    "member_joined_channel": _joined,
    "channel_unarchive": _resume,
    "group_unarchive": _resume,
}
