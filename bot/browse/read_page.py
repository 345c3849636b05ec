"""Read one page of a query."""

from __future__ import annotations

import asyncio
from datetime import datetime

from bot import log
from bot.browse.page import READ_AHEAD_PAGES, Page
from bot.errors import HmsError
from bot.hms.client import Hms
from bot.query.cursor import PageCursor
from bot.query.plan import plan
from bot.query.values import LIMIT_MAX
from bot.rooms.names import Rooms

READ_AHEAD_S = 10.0
"""Seconds after which no further API page is read for one page of an answer."""
MANY_PEERS = 5_000
"""Above this, sessions are examined and drawn in a thread: acknowledgements mustn't wait for it."""


async def read_page(hms: Hms, rooms: Rooms, cursor: PageCursor, now: datetime) -> Page:
    """The page at `cursor`, whose query has ids for names. API pages are read until it is full, the list ends, or a
    bound is reached. Raises NotFound, and HmsError if nothing was examined before; a later error is the page's
    `fault`."""
    await hms.templates.ready()
    loop = asyncio.get_running_loop()
    stop_at = loop.time() + READ_AHEAD_S
    query = cursor.query
    asked = plan(query, cursor.asked_at)
    page = Page(cursor, now, last_id=cursor.start or query.only("start"))
    size = LIMIT_MAX if asked.keep else query.limit
    for _ in range(READ_AHEAD_PAGES):
        try:
            batch = await hms.list_sessions(asked.params, limit=size, start=page.last_id)
            if query.needs_rooms:
                asked.rooms.update(await rooms.know(session.room_id for session in batch.sessions))
        except HmsError as error:
            if not page.examined:
                raise
            log.warning("read_ahead_stopped", outcome=type(error).__name__, cause=error.cause, examined=page.examined)
            page.fault = error.text
            break
        page.unreadable += batch.unreadable
        if asked.keep and sum(len(session.peers or ()) for session in batch.sessions) > MANY_PEERS:
            await asyncio.to_thread(page.take, batch.sessions, asked.keep, last=batch.last)
        else:
            page.take(batch.sessions, asked.keep, last=batch.last)
        if not batch.sessions and not page.ended:
            page.last_id = batch.cursor
        if page.full or page.ended or loop.time() > stop_at:
            break
    if not page.sessions and page.ended and cursor.number == 1 and "room_id" in asked.params:
        await rooms.must_exist(asked.params["room_id"])
    return page
