"""The command for a channel's settings and the log of their changes."""

from __future__ import annotations

from bot.alerts import store as alerts_store
from bot.blockkit.blocks import Message
from bot.channel.render import CHANGES_MOST, VIEW, ChannelSettings, changes_list, room_ids_of, settings_card
from bot.digests import store as digests_store
from bot.errors import QueryError
from bot.outbox import audit_log, conversations, threads
from bot.silence import mute_store, quiet_store
from bot.slack.registry import Command, Feature
from bot.slack.request import Request
from bot.text import quote

_CHANGES = ("changes", "history", "log")


async def settings(request: Request, line: str) -> Message:
    """The card of the channel's settings, or with `changes` the log of changes."""
    said = line.strip(" ,").lower()
    if said in _CHANGES:
        return await _changes(request)
    if said:
        text = f"{quote(said)} is no part of the settings: say `{_CHANGES[0]}`, or nothing."
        raise QueryError.at(text, said, (0, len(said)), instead=_CHANGES[0])
    workspace, store, here = request.workspace, request.bot.store, request.channel_id
    team_id, channel = workspace.team_id, await conversations.read(store, workspace.team_id, here)
    has = ChannelSettings(
        here,
        channel,
        await alerts_store.read(store, team_id, here),
        await digests_store.read(store, team_id, here),
        await mute_store.read(store, team_id, request.now_ms, here),
        (await quiet_store.read(store, team_id, here)).get(here, []),
        here not in await threads.off(store, team_id),
        await workspace.stale(),
    )
    names, zone = await workspace.rooms.names(has.named_ids), await request.local_zone()
    return settings_card(has, names=names, zone=zone, as_of=request.now, invite=workspace.invite)


async def _changes(request: Request) -> Message:
    changes = await audit_log.read(request.bot.store, request.team_id, request.channel_id, CHANGES_MOST)
    return changes_list(changes, names=await request.workspace.rooms.names(room_ids_of(changes)), as_of=request.now)


FEATURE = Feature(
    commands=(
        Command(
            VIEW,
            "settings [changes]",
            "everything that is set for this channel, with buttons; `changes`: who set it",
            settings,
            also=("config",),
            examples=(
                ("settings", "everything set here, with buttons"),
                ("settings changes", "who changed what"),
            ),
            reads=True,
        ),
    )
)
