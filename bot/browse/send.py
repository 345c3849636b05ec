"""Answers that commands and buttons share: a page of sessions, and one session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace as changed
from functools import partial

from bot.blockkit import actions as ids
from bot.blockkit.blocks import Message, button
from bot.browse.details import details
from bot.browse.read_page import MANY_PEERS, read_page
from bot.browse.render import listing
from bot.query.cursor import PageCursor
from bot.slack.request import Request


async def send_page(request: Request, cursor: PageCursor, *, replace: bool = False, for_all: bool = False) -> bool:
    """Answer with the page at `cursor`, as a replacement of the message at hand or for all to see. False if Slack
    didn't confirm it."""
    request.again = button("Try again", ids.OPEN, cursor.write())
    request.zone = cursor.zone
    rooms = request.workspace.rooms
    query = await rooms.resolve(cursor.query)
    page = await read_page(request.workspace.hms, rooms, changed(cursor, query=query), request.now)
    page.names = await rooms.names([*query.named_ids, *(session.room_id for session in page.sessions)])
    page.sessions = [rooms.cast(session) for session in page.sessions]  # `names` learns the rooms' templates
    shared_by = await request.display_name() if for_all else None
    message = await _drawn(partial(listing, page, shared_by=shared_by), page.peers)
    if not page.sessions:
        message = await request.noted(query, message)
    return await request.reply(message, replace=replace, for_all=for_all)


async def send_session(request: Request, session_id: str, *, replace: bool = False) -> None:
    """Answer with one session."""
    request.again = button("Try again", ids.SHOW_AGAIN, ids.write(session_id))
    session = await request.workspace.hms.find_session(session_id)
    names = await request.workspace.rooms.names([session.room_id])
    session = request.workspace.rooms.cast(session)  # `names` learns the room's template
    draw = partial(details, session, names, as_of=request.now, zone=request.zone)
    await request.reply(await _drawn(draw, len(session.peers or ())), replace=replace)


async def _drawn(draw: Callable[[], Message], peers: int) -> Message:
    """The drawn message; in a thread if it takes long, since acknowledgements mustn't wait for it."""
    return draw() if peers < MANY_PEERS else await asyncio.to_thread(draw)
