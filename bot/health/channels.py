"""The doctor's check of the conversations that the bot writes to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot import log
from bot.blockkit.help import COMMAND
from bot.health import judge as health
from bot.health.check_result import CheckResult
from bot.health.probes import Asked, good, within
from bot.health.slack_probe import SlackProbe
from bot.outbox import channel_pause
from bot.outbox.message import Channel
from bot.outbox.render import let_in, pause
from bot.slack.bot_identity import Who
from bot.slack.destination import Destination
from bot.slack.responses import judge

PLACES_MOST = 10
"""Most conversations with trouble that are listed; the others are counted. Also the most user groups, and the most
channels, of ACCESS that are checked: Slack allows 20 such requests a minute."""
_SEE = f"`{COMMAND} subscriptions` there"


async def channels(asked: Asked) -> Sequence[CheckResult]:
    """A result for each conversation with trouble, or one if all are well."""
    store, who, probe = await good(asked.store), await good(asked.who), asked.parts.probe
    if probe is None:
        return []
    told, inside = await channel_pause.told(store, who.team_id), await _inside(probe, who)
    told |= set(filter(None, [asked.parts.ops_channel]))
    troubled = {
        place: channel
        for place, channel in (await channel_pause.troubled(store, who.team_id)).items()
        if place in told or channel.held  # a pause matters only where something is still to be told
    }
    shut_out = {place for place in told if Destination(place).is_channel} - inside if inside is not None else set()
    places = sorted(shut_out.union(troubled))
    if not places:
        unknown = "as far as can be told without channels:read and groups:read"
        where = "and the bot is in all of them" if inside is not None else unknown
        detail = f"{len(told)} in use, none paused, {where}" if told else "no channel has subscriptions or digests"
        return [CheckResult("Channels", "ok", detail)]
    shown = places[:PLACES_MOST]
    public = await asyncio.gather(*(_is_public(probe, place, inside is not None) for place in shown))
    found = [_place(place, troubled.get(place), who, is_public) for place, is_public in zip(shown, public, strict=True)]
    if more := len(places) - len(shown):
        found.append(CheckResult("Channels", "warn", f"something is wrong with {more} more", "begin with those above"))
    return found


def _place(place: str, trouble: Channel | None, who: Who, public: bool) -> CheckResult:
    invite = f"/invite @{who.name}"
    if trouble is None:
        detail, fix = "the bot isn't in it, or it was archived or deleted", let_in(invite)
    elif trouble.paused:
        why, fix = pause(trouble.paused, place, invite=invite)
        fix += f"; messages come by themselves then, or at once with *Resume* in {_SEE}"
        detail = f"paused: {why}"
    else:
        detail, fix = health.held(trouble.held), f"*Send them* in {_SEE}"
    return CheckResult("Channel", "warn", detail, fix, place, public)


def readable(who: Who) -> bool:
    """True if the bot's scopes let it read channels."""
    return who.scopes >= {"channels:read", "groups:read"}


async def _inside(probe: SlackProbe, who: Who) -> set[str] | None:
    """The channels that the bot is in; None if Slack doesn't tell."""
    if not readable(who):
        return None
    try:
        return await within(probe.channels())
    except Exception as error:
        log.info("channels_unknown", cause=judge(error).__class__.__name__)
        return None


async def _is_public(probe: SlackProbe, place: str, told: bool) -> bool:
    """True if the channel is known to be public."""
    try:
        return told and Destination(place).may_be_public and await within(probe.is_public(place))
    except Exception:
        return False
