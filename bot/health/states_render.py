"""Draw messages to OPS_CHANNEL."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.blockkit.blocks import Message, section
from bot.blockkit.escape import code, plain
from bot.blockkit.help import COMMAND
from bot.blockkit.phrases import date
from bot.health.states import State
from bot.outbox.render import pause

CODE_CHARS = 80


def began(state: State, invite: str) -> Message:
    """The message that a state holds. `invite`: the line that lets the bot into a channel."""
    since, there = date(datetime.fromtimestamp(state.since_ms / 1000, UTC)), f"<#{state.channel_id}>"
    if state.kind == "token":
        refused = code(plain(state.cause, CODE_CHARS))
        text = f"⚠️ Slack refuses my token (`{refused}`) since {since}. Messages wait until it takes it again."
    elif state.kind == "100ms":
        text = f"⚠️ I can't read 100ms since {since}. Alerts and digests wait."
    elif state.kind == "paused":
        why, do = pause(state.cause, state.channel_id, invite=invite)
        text = f"⚠️ Messages to {there} wait since {since}: {why}. To go on, {do}; they come by themselves then."
    elif state.kind == "stuck":
        text = f"⚠️ Messages to {there} wait since {since}: Slack has not taken the next one yet. I keep trying."
    else:
        text = f"⚠️ {state.cause} held for {there}: nobody can tell whether they arrived. "
        text += f"*Send them* in `{COMMAND} subscriptions` there sends them."
    return Message(text, [section(text)])


def over(state: State) -> Message:
    """The message that a state is over."""
    text = {
        "token": "✅ Slack takes my token again. What waited goes out.",
        "100ms": "✅ I can read 100ms again. Alerts go on.",
        "paused": f"✅ Messages to <#{state.channel_id}> go out again.",
        "stuck": f"✅ Messages to <#{state.channel_id}> go out again.",
        "held": f"✅ Nothing is held for <#{state.channel_id}> any more.",
    }[state.kind]
    return Message(text, [section(text)])
