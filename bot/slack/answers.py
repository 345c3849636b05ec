"""Answers that commands and buttons share: a page of sessions, and one session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace as changed
from functools import partial
from zoneinfo import ZoneInfo

from bot.core.place import Place
from bot.core.plan import fixed
from bot.flows.list_sessions import MANY_PEERS, list_sessions
from bot.flows.show_session import show_session
from bot.render import actions as ids
from bot.render.blocks import Message, button
from bot.render.details import details
from bot.render.listing import listing
from bot.slack.request import Request
from bot.slack.rooms import noted


async def send_page(request: Request, place: Place, *, replace: bool = False, for_all: bool = False) -> bool:
    """Answer with the page at `place`, in place of the message at hand or for all to see."""
    request.again = button("Try again", ids.OPEN, place.write())
    request.zone = place.zone
    fixed(place.query, place.asked_at, ZoneInfo(place.zone))  # a wrong order is told before rooms are looked up
    place = changed(place, query=await request.bot.rooms.resolve(place.query))
    page = await list_sessions(request.bot.hms, request.bot.rooms, place, request.now)
    shared_by = await request.display_name() if for_all else None
    message = await _drawn(partial(listing, page, shared_by=shared_by), page.peers)
    if not page.sessions:
        message = await noted(request, place.query, message)
    return await request.reply(message, replace=replace, for_all=for_all)


async def send_session(request: Request, session_id: str, *, replace: bool = False) -> None:
    """Answer with one session."""
    request.again = button("Try again", ids.SHOW_AGAIN, ids.session_value(session_id))
    session, names = await show_session(request.bot.hms, request.bot.rooms, session_id)
    draw = partial(details, session, names, as_of=request.now, zone=request.zone)
    await request.reply(await _drawn(draw, len(session.peers or ())), replace=replace)


async def _drawn(draw: Callable[[], Message], peers: int) -> Message:
    """Drawn in a thread where that takes long, so that acknowledgements don't wait for it."""
    return draw() if peers < MANY_PEERS else await asyncio.to_thread(draw)
