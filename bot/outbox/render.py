"""Draw the state of a channel's messages: why none go out, and what to do about it; messages that tell people so."""

from __future__ import annotations

from collections.abc import Iterable

from bot.blockkit import actions as ids
from bot.blockkit.blocks import Block, Message, button, context, section
from bot.blockkit.escape import code, mrkdwn, plain
from bot.blockkit.help import COMMAND
from bot.blockkit.phrases import count
from bot.outbox.message import Channel
from bot.slack.destination import Destination

_CODE_CHARS = 80
_INSTALL = "have someone who manages the app install it again"
_SCOPES = "have someone who manages the app add the scopes of its manifest and install it again"
_PAUSES = {
    "not_in_channel": ("the bot isn't in the channel", "{invite}"),
    "channel_not_found": (
        "Slack doesn't show the channel to the bot (it is private, or was deleted)",
        "{invite}",
    ),
    "is_inactive": ("the channel is archived", "unarchive it"),
    "is_archived": ("the channel is archived", "unarchive it"),
    "token_revoked": ("the bot's token was revoked", _INSTALL),
    "token_expired": ("the bot's token has expired", _INSTALL),
    "invalid_auth": ("Slack refuses the bot's token", _INSTALL),
    "not_authed": ("Slack refuses the bot's token", _INSTALL),
    "account_inactive": ("the bot was switched off", _INSTALL),
    "no_permission": ("the bot lacks a permission", _SCOPES),
    "missing_scope": ("the bot lacks a permission", _SCOPES),
    **dict.fromkeys(
        ("restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel"),
        ("this workspace doesn't let the bot post there", "have an admin change who may post in the channel"),
    ),
}
"""By Slack's error code: the second goes behind "To go on, "."""


def pause(reason: str, channel_id: str = "", *, invite: str) -> tuple[str, str]:
    """Why, and what to do: two half-sentences in mrkdwn. `reason` is Slack's error code."""
    if Destination(channel_id).is_direct and reason in ("not_in_channel", "channel_not_found"):
        return "the bot isn't part of this conversation, and can't be invited", let_in(invite, channel_id)
    unknown = f"Slack says {_quoted(reason)}", "fix that"
    why, do = _PAUSES.get(reason, unknown)
    return why, do.format(invite=let_in(invite))


def let_in(invite: str, channel_id: str = "") -> str:
    """Say how the bot gets into a channel; `invite` is the exact line, where it is known. Nobody can be invited into a
    conversation of two people."""
    if Destination(channel_id).is_direct:
        return "use a channel, or your direct conversation with the bot"
    return f"type {_quoted(invite)} there" if invite else "invite the bot there (`/invite` and its name)"


def halted(channel_id: str, channel: Channel, invite: str) -> Iterable[Block]:
    """A block on why messages don't go out; none if they do."""
    if channel.paused:
        yield stopped(channel_id, channel.paused, invite)
    elif channel.held:
        held = count(channel.held, "message is", "messages are")
        why = "Slack's answer was lost, and I can't read this channel to see what arrived"
        send = button("Send them", ids.RELEASE, ids.write(channel_id), spoken="Send what is held")
        yield section(f"🟠 {held} held: {why}. Sent now, one that arrived shows twice.", send)


def old(stale: str) -> Iterable[Block]:
    """The warning about old data, if any."""
    if stale:
        yield context(f"⚠️ {mrkdwn(stale, 300)}")


def stopped(channel_id: str, reason: str, invite: str) -> Block:
    """The cause of a pause, its remedy, and the Resume button."""
    why, do = pause(reason, channel_id, invite=invite)
    resume = button(
        "Resume", ids.RESUME, ids.write(channel_id), style="primary", spoken="Resume this channel's messages"
    )
    return section(
        f"⏸️ *Paused:* {why}. To go on, {do}. Messages then come by themselves, or at once "
        "with *Resume*. What is set is kept, messages for 30 days.",
        resume,
    )


def health_words(channel: Channel, stale: str = "") -> str:
    """The state of a channel's messages in a few words. `stale`: a warning about old data, or ""."""
    if channel.paused:
        return "⏸️ paused" + (f", {channel.held:,} held" if channel.held else "")
    waiting = f", {channel.waiting:,} waiting" if channel.waiting else ""
    return ("🟠 some held" if channel.held else "🟠 late" if stale else "🟢 working") + waiting


def may_be_missing(channel_id: str) -> Message:
    """Tell the makers of a channel's subscriptions and digests that a message may not have arrived."""
    return _notice(
        f"🟠 A message in <#{channel_id}> may not have arrived: Slack's answer was lost, and I can't read the channel "
        f"to see. `{COMMAND} subscriptions` there has a button that sends it."
    )


def paused(channel_id: str, code: str, bot: str) -> Message:
    """Tell those who set something up in a channel that it is paused. `bot` is its name, with the @."""
    why, do = pause(code, channel_id, invite=f"/invite {bot}")
    return _notice(
        f"⏸️ Messages in <#{channel_id}> are paused: {why}. To go on, {do}. Then they come by themselves, or at once "
        f"with *Resume* in `{COMMAND} subscriptions` there. They wait for 30 days."
    )


def dropped(channel_id: str, code: str) -> Message:
    """The message to them when Slack refuses one for good, and not the channel: it may take the next ones."""
    return _notice(f"⚠️ Slack refused a message in <#{channel_id}> ({_quoted(code)}), and it is left out.")


def no_replies(code: str) -> Message:
    """The one message to a channel in which Slack refuses replies."""
    return _notice(
        f"🧵 Slack doesn't let me reply in threads here ({_quoted(code)}), so joins and leaves "
        f"aren't posted any more. `{COMMAND} threads on` tries again."
    )


def _quoted(text: str) -> str:
    return f"`{code(plain(text, _CODE_CHARS))}`"


def _notice(text: str) -> Message:
    return Message(text, [section(text)])
