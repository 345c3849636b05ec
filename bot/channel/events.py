"""Events of a channel that can be posted to again or has a new id, and of tokens that Slack takes no longer."""

from __future__ import annotations

from bot import log
from bot.channel import store as channel_store
from bot.outbox import channel_pause, workspaces
from bot.query.times import ms
from bot.slack.registry import Event, Feature, Payload
from bot.slack.request import Bot
from bot.workspace import Workspace


async def _joined(bot: Bot, workspace: Workspace, event: Payload) -> None:
    """Somebody came into a channel: when it is the bot, it was invited, and can post there again."""
    if event.get("user") == workspace.who.user_id:
        await _resume(bot, workspace, event)


async def _resume(bot: Bot, workspace: Workspace, event: Payload) -> None:
    team_id, channel_id = workspace.team_id, str(event.get("channel") or "")
    if channel_id and await channel_pause.resume(bot.store, team_id, channel_id):
        log.info("resumed", channel=channel_id)


async def _id_changed(bot: Bot, workspace: Workspace, event: Payload) -> None:
    """A private channel that is shared with another workspace gets a new id (docs.slack.dev/apis/slack-connect)."""
    old_id, new_id = (str(event.get(name) or "") for name in ("old_channel_id", "new_channel_id"))
    if old_id and new_id and await channel_store.move(bot.store, workspace.team_id, old_id, new_id):
        log.info("channel_moved", channel=new_id, was=old_id)


async def _uninstalled(bot: Bot, workspace: Workspace, event: Payload) -> None:
    """Nobody in the workspace can be answered or told anything, until the app is installed again."""
    log.error("uninstalled", cause=event.get("type"))
    await workspaces.refused(bot.store, workspace.team_id, "app_uninstalled", ms(bot.clock()))


async def _revoked(bot: Bot, workspace: Workspace, event: Payload) -> None:
    """Tokens that Slack takes no longer: the bot's among them, or those of people, of which it has none."""
    if workspace.who.user_id in ((event.get("tokens") or {}).get("bot") or ()):
        await _uninstalled(bot, workspace, event)


FEATURE = Feature(
    events=(
        Event("app_uninstalled", _uninstalled),
        Event("channel_id_changed", _id_changed),
        Event("channel_unarchive", _resume),
        Event("group_unarchive", _resume),
        Event("member_joined_channel", _joined),
        Event("tokens_revoked", _revoked),
    )
)
