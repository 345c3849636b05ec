"""Read one page of a query."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot import log
from bot.browse.model import Listing
from bot.errors import HmsError
from bot.hms.client import Hms
from bot.query.cursor import PageCursor
from bot.query.page import READ_AHEAD_PAGES, Page
from bot.query.plan import Plan, plan
from bot.query.values import LIMIT_MAX
from bot.rooms.names import Rooms
from bot.sessions.model import Room, Session

READ_AHEAD_S = 10.0
"""After so long no further API page is read for one page of an answer."""
MANY_PEERS = 5_000
"""From here on sessions are examined in a thread, so that acknowledgements don't wait for it."""


async def list_sessions(hms: Hms, rooms: Rooms, place: PageCursor, now: datetime) -> Listing:
    """The page at `place`, whose query has no room names left. Raises NotFound or HmsError."""
    await hms.templates.ready()
    asked = plan(place.query, place.asked_at, ZoneInfo(place.zone))
    page, fault = await read_page(hms, rooms.know, asked, place.start or asked.start)
    if not page.sessions and page.ended and place.number == 1 and "room_id" in asked.params:
        await rooms.must_exist(asked.params["room_id"])
    shown = [session.room_id for session in page.sessions]
    names = await rooms.names([*place.query.named_ids, *shown])
    return Listing(
        place=place,
        sessions=[rooms.cast(session) for session in page.sessions],
        cursor=page.cursor,
        as_of=now,
        names=names,
        examined=page.examined,
        bound_reached=page.bound_reached,
        fault=fault,
        unreadable=page.unreadable,
    )


Know = Callable[[Iterable[str]], Awaitable[Mapping[str, Room]]]
"""`Rooms.know`: all rooms of these ids. Raises HmsError."""


async def read_page(hms: Hms, know: Know, asked: Plan, start: str | None) -> tuple[Page, str]:
    """Read API pages until the page is full, the list ends, or a bound is reached. An error at the first of them is
    raised; one later on stops the reading, and its text is given with the page, which has what was found by then."""
    loop = asyncio.get_running_loop()
    stop_at = loop.time() + READ_AHEAD_S
    page = Page(asked.limit, asked.keep, cursor=start)
    size = LIMIT_MAX if asked.keep else asked.limit
    for _ in range(READ_AHEAD_PAGES):
        try:
            batch = await hms.list_sessions(asked.params, limit=size, start=page.cursor)
            if asked.needs_rooms:
                asked.rooms.update(await know(session.room_id for session in batch.sessions))
        except HmsError as error:
            if not page.examined:
                raise
            log.warning("read_ahead_stopped", outcome=type(error).__name__, cause=error.cause, examined=page.examined)
            return page, error.text
        page.unreadable += batch.unreadable
        await _take(page, batch.sessions, last=batch.last)
        if not batch.sessions and not page.ended:
            page.cursor = batch.cursor
        if page.full or page.ended or loop.time() > stop_at:
            break
    return page, ""


async def _take(page: Page, sessions: Sequence[Session], *, last: bool) -> None:
    if page.keep and sum(len(session.peers or ()) for session in sessions) > MANY_PEERS:
        await asyncio.to_thread(page.take, sessions, last=last)
    else:
        page.take(sessions, last=last)
