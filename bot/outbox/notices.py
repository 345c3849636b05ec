"""Messages to people about those that a channel doesn't get."""

from __future__ import annotations

from bot.blockkit.blocks import Message, section
from bot.blockkit.escape import code as quoted
from bot.blockkit.escape import plain
from bot.blockkit.help import COMMAND
from bot.outbox.render import pause

CODE_CHARS = 80


def held(channel_id: str) -> Message:
    """Tell the makers of a channel's subscriptions and digests that a message may not have arrived."""
    text = (
        f"🟠 A message in <#{channel_id}> may not have arrived: Slack's answer was lost, and I can't read the channel "
        f"to see. `{COMMAND} subscriptions` there has a button that sends it."
    )
    return Message(text, [section(text)])


def paused(channel_id: str, code: str, bot: str) -> Message:
    """Tell those who set something up in a channel that it is paused. `bot` is its name, with the @."""
    why, do = pause(code, channel_id, invite=f"/invite {bot}")
    text = (
        f"⏸️ Messages in <#{channel_id}> are paused: {why}. To go on, {do}. Then they come by themselves, or at once "
        f"with *Resume* in `{COMMAND} subscriptions` there. They wait for 30 days."
    )
    return Message(text, [section(text)])


def dropped(channel_id: str, code: str) -> Message:
    """The message to them when Slack refuses one for good, and not the channel: it may take the next ones."""
    text = f"⚠️ Slack refused a message in <#{channel_id}> (`{quoted(plain(code, CODE_CHARS))}`), and it is left out."
    return Message(text, [section(text)])


def no_replies(code: str) -> Message:
    """The one message to a channel in which Slack refuses replies."""
    text = (
        f"🧵 Slack doesn't let me reply in threads here (`{quoted(plain(code, CODE_CHARS))}`), so joins and leaves "
        f"aren't posted any more. `{COMMAND} threads on` tries again."
    )
    return Message(text, [section(text)])
