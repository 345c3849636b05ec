"""Read one page of a query."""

from __future__ import annotations

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

from bot import log
from bot.core.filters import LIMIT_MAX, RoomId
from bot.core.page import READ_AHEAD_PAGES, Page
from bot.core.place import Place
from bot.core.plan import Plan, plan
from bot.errors import HmsError
from bot.flows.rooms import Rooms
from bot.hms.client import Hms
from bot.render.listing import Listing

READ_AHEAD_S = 10.0
"""After so long no further API page is read for one page of an answer."""


async def list_sessions(hms: Hms, rooms: Rooms, place: Place, now: datetime) -> Listing:
    """The page at `place`, whose query has no room names left. Raises QueryError, NotFound or HmsError."""
    asked = plan(place.query, place.asked_at, ZoneInfo(place.zone))
    page = await read_page(hms, asked, place.start or asked.start)
    room = place.query.only("room")
    if not page.sessions and isinstance(room, RoomId):
        await rooms.must_exist(room.id)
    shown = [session.room_id for session in page.sessions]
    said = [term.value.id for term in place.query.terms if isinstance(term.value, RoomId)]
    return Listing(
        place=place,
        sessions=page.sessions,
        cursor=page.cursor,
        as_of=now,
        names=await rooms.names([*said, *shown]),
        examined=page.examined,
        bound_reached=page.bound_reached,
    )


async def read_page(hms: Hms, asked: Plan, start: str | None) -> Page:
    """Read API pages until the page is full, the list ends, or a bound is reached. An error after the first of them
    stops the reading too: what was found is shown, and More tries to go on. HmsError: there is no first."""
    loop = asyncio.get_running_loop()
    stop_at = loop.time() + READ_AHEAD_S
    page = Page(asked.limit, asked.keep, cursor=start)
    size = LIMIT_MAX if asked.keep else asked.limit
    for _ in range(READ_AHEAD_PAGES):
        try:
            batch = await hms.list_sessions(asked.params, limit=size, start=page.cursor)
        except HmsError as error:
            if not page.examined:
                raise
            log.warning("read_ahead_stopped", outcome=type(error).__name__, cause=error.cause, examined=page.examined)
            break
        page.take(batch.sessions, last=batch.last)
        if page.full or page.ended or loop.time() > stop_at:
            break
    return page
