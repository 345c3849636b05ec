"""The command for replies in a channel's threads."""

from __future__ import annotations

from bot.blockkit.blocks import Message
from bot.errors import QueryError
from bot.outbox import threads as threads_
from bot.query.suggest import nearest
from bot.silence import thread_render as say
from bot.slack.numbers import unquoted
from bot.slack.registry import Command, Feature
from bot.slack.request import Request
from bot.text import quote

THREADS = "threads"
_ON = {"on": True, "yes": True, "off": False, "no": False}


async def threads(request: Request, line: str) -> Message:
    """Set or show whether the channel gets replies."""
    store, said = request.bot.store, unquoted(line).lower()
    if not said:
        return say.threads(request.channel_id not in await threads_.off(store, request.team_id), None)
    await request.may_set_up()
    if said not in _ON:
        text = f"{quote(said)} is neither `on` nor `off`."
        raise QueryError.at(text, said, (0, len(said)), nearest(said, _ON), instead="off")
    on = _ON[said]
    by = request.by(f"threads {'on' if on else 'off'}")
    changed = await threads_.turn(store, request.team_id, request.channel_id, on, by)
    return say.threads(on, changed, by=request.user_id)


FEATURE = Feature(
    commands=(
        Command(
            THREADS,
            "threads [on|off]",
            "whether joins and leaves are posted in threads",
            threads,
            examples=(
                ("threads", "whether joins and leaves are posted"),
                ("threads off", "stop them"),
                ("threads on", "post them again"),
            ),
        ),
    )
)
