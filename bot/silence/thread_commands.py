"""The command for replies in a channel's threads, and its answer."""

from __future__ import annotations

from bot.blockkit.blocks import Message, context, section
from bot.blockkit.help import COMMAND
from bot.blockkit.mentions import mention
from bot.errors import QueryError
from bot.outbox import threads
from bot.query.suggest import nearest
from bot.slack.numbers import unquoted
from bot.slack.registry import Command, Feature
from bot.slack.request import Request
from bot.text import quote

THREADS = "threads"
_ON = {"on": True, "yes": True, "off": False, "no": False}


async def replies(request: Request, line: str) -> Message:
    """Set or show whether the channel gets replies."""
    store, word = request.bot.store, unquoted(line).lower()
    if not word:
        return _drawn(request.channel_id not in await threads.off(store, request.team_id), "")
    await request.may_set_up()
    if word not in _ON:
        text = f"{quote(word)} is neither `on` nor `off`."
        raise QueryError.at(text, word, (0, len(word)), nearest(word, _ON), instead="off")
    on = _ON[word]
    by = request.by(f"threads {'on' if on else 'off'}")
    changed = await threads.turn(store, request.team_id, request.channel_id, on, by)
    return _drawn(on, f" Changed by {mention(request.user_id)}." if changed else " Nothing to change.")


def _drawn(on: bool, note: str) -> Message:
    """The setting, on or off."""
    state = (
        "Joins and leaves are posted in the threads of cards, if a subscription asks for them."
        if on
        else "No replies are posted in threads: only cards show who is in."
    )
    undo = f"`{COMMAND} threads {'off' if on else 'on'}` {'turns them off' if on else 'turns them on again'}."
    text = f"🧵 Threads are {'on' if on else 'off'}. {state}{note}"
    return Message(f"{text} {undo}", [section(text), context(undo)])


FEATURE = Feature(
    commands=(
        Command(
            THREADS,
            "threads [on|off]",
            "whether joins and leaves are posted in threads",
            replies,
            examples=(
                ("threads", "whether joins and leaves are posted"),
                ("threads off", "stop them"),
                ("threads on", "post them again"),
            ),
        ),
    )
)
