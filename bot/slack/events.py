"""`EVENTS`: what the bot does when Slack tells it of something. They come without a person who waits for an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot import log
from bot.query.times import ms
from bot.slack.request import Bot

Event = Mapping[str, Any]


async def heard(bot: Bot, body: Event) -> None:
    """Act on an event (docs.slack.dev/apis/events-api#event-type-structure), if it is for the bot's own workspace."""
    event = body["event"]
    told = body.get("authorizations") or [body]  # whom Slack tells; where it happened may be another workspace
    if bot.team_id() not in [each.get("team_id") for each in told]:
        org_wide = any(each.get("is_enterprise_install") for each in told)
        cause = "org-wide install" if org_wide else "another workspace" if bot.team_id() else "not ready"
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


async def _id_changed(bot: Bot, event: Event) -> None:
    """A private channel that is shared with another workspace gets a new id (docs.slack.dev/apis/slack-connect)."""
    old_id, new_id = (str(event.get(name) or "") for name in ("old_channel_id", "new_channel_id"))
    if old_id and new_id and await bot.store.move(bot.team_id(), old_id, new_id):
        log.info("channel_moved", channel=new_id, was=old_id)


async def _uninstalled(bot: Bot, event: Event) -> None:
    """Nobody in the workspace can be answered or told anything, until the app is installed again."""
    log.error("uninstalled", cause=event.get("type"))
    await bot.store.workspace_refused(bot.team_id(), "app_uninstalled", ms(bot.clock()))


async def _revoked(bot: Bot, event: Event) -> None:
    """Tokens that Slack takes no longer: the bot's among them, or those of people, of which it has none."""
    if bot.user_id() in ((event.get("tokens") or {}).get("bot") or ()):
        await _uninstalled(bot, event)


EVENTS: dict[str, Callable[[Bot, Event], Awaitable[None]]] = {
    "app_uninstalled": _uninstalled,
    "channel_id_changed": _id_changed,
    "channel_unarchive": _resume,
    "group_unarchive": _resume,
    "member_joined_channel": _joined,
    "tokens_revoked": _revoked,
}
