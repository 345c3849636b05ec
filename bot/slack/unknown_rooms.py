"""A line on rooms that were asked for and aren't there yet."""

from __future__ import annotations

from dataclasses import replace

from bot.blockkit.blocks import Message, context
from bot.blockkit.phrases import no_rooms_yet
from bot.query.model import Query
from bot.slack.request import Request


async def noted(request: Request, query: Query, message: Message) -> Message:
    """The answer, with a line on beginnings of names that no room has yet: those to come match."""
    if not (prefixes := await request.workspace.rooms.without_rooms(query)):
        return message
    return replace(message, blocks=[*message.blocks, context(no_rooms_yet(prefixes))])
