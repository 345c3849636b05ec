"""Count the figures of a period in one reading of the account, for digests and previews."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.alerts.matching import rooms_of
from bot.blockkit.blocks import Message
from bot.digests.due import Due, newest
from bot.digests.figures import ROOMS_ONCE_FROM, Figures, edges
from bot.digests.list_render import unfinished
from bot.digests.model import Digest
from bot.digests.render import digest_message
from bot.digests.tally import Tally
from bot.hms.client import LIFE_MOST, Hms
from bot.hms.pages import every_page
from bot.query.model import Query
from bot.query.plan import matcher
from bot.query.schedule import Window
from bot.query.times import api_time
from bot.rooms.names import Rooms
from bot.sessions.model import Room, Session

READ_MOST_S = 600.0
"""Timeout of one reading."""

ROOMS_ASKED_MOST = 200
"""Most unknown rooms that are read singly for their templates; those of others stay unknown."""

TallyKey = tuple[Query, str]
"""The key of a tally: a query, and the zone whose midnights divide its chart."""


def tally_key(digest: Digest) -> TallyKey:
    return digest.query, digest.schedule.zone


async def preview(hms: Hms, rooms: Rooms, digest: Digest, now: datetime, most_s: float = READ_MOST_S) -> Message:
    """The message of the newest period that is over, or of the progress if reading takes longer than `most_s`. The
    digest needn't be stored. Raises HmsError, and TimeoutError if nothing was read."""
    due = newest(digest.schedule, now)
    wanted = tally_key(digest)
    read = 0

    def seen(sessions: Sequence[Session]) -> None:
        nonlocal read
        read += len(sessions)

    try:
        async with asyncio.timeout(most_s):
            figures = (await count(hms, rooms, due.window, [wanted], seen))[wanted]
    except TimeoutError:
        if not read:
            raise
        return unfinished(digest, read, most_s, READ_MOST_S, now)
    return await draw(rooms, figures, digest, due, preview=True)


async def count(
    hms: Hms,
    rooms: Rooms,
    window: Window,
    wanted: Iterable[TallyKey],
    seen: Callable[[Sequence[Session]], None] = lambda _: None,
) -> Mapping[TallyKey, Figures]:
    """The figures for each key, from one reading of the account, one request a page; `seen` is called with each page's
    sessions. Raises HmsError."""
    await hms.templates.ready()
    tallies = {key: Tally(edges(window.start, window.end, ZoneInfo(key[1]))) for key in wanted}
    known: dict[str, Room] = {}
    checks = [(matcher(query, window.end, known), tally) for (query, _), tally in tallies.items()]

    def take(sessions: Sequence[Session]) -> None:
        seen(sessions)
        for matches, tally in checks:
            for session in filter(matches, sessions):
                tally.add(session)

    # Live sessions first: one that ends meanwhile is in both lists, and counts once. `active` is always given: without
    # it the docs say both "all" and "only live ones" (Sessions/list-sessions).
    unreadable = 0
    only = _only_room(query for query, _ in tallies)
    needs_rooms = any(query.needs_rooms for query, _ in tallies)
    before = only | {"before": api_time(window.end)}
    after = {"after": api_time(window.before.start - LIFE_MOST)}
    for params in ({"active": "true"} | before, {"active": "false"} | before | after):
        async for batch in every_page(hms.list_sessions, params):
            unreadable += batch.unreadable
            if needs_rooms:
                known |= await rooms.know(session.room_id for session in batch.sessions)
            await asyncio.to_thread(take, batch.sessions)  # acknowledgements mustn't wait for it
    if len(every := set[str]().union(*(tally.room_ids for tally in tallies.values()))) >= ROOMS_ONCE_FROM:
        known |= await rooms.learn(every - known.keys(), ROOMS_ASKED_MOST)
    templates = {room.id: room.template_id for room in known.values()}
    figures = {each: await asyncio.to_thread(tally.figures, templates) for each, tally in tallies.items()}
    return {key: replace(counted, unreadable=unreadable) for key, counted in figures.items()}


async def draw(rooms: Rooms, figures: Figures, digest: Digest, due: Due, *, preview: bool = False) -> Message:
    """The message of a due digest, after looking up the names of its rooms."""
    longest = [figures.longest.room_id] if figures.longest else []
    odd, busiest = ([entry.room_id for entry in entries] for entries in (figures.odd, figures.rooms))
    names = await rooms.names([*digest.query.named_ids, *longest, *odd, *busiest])
    return digest_message(figures, digest, names, due, preview=preview)


def _only_room(queries: Iterable[Query]) -> dict[str, str]:
    """The list's `room_id` parameter if all queries are about the same single room, else none."""
    rooms = {room for query in queries for room in rooms_of(query) or [""]}
    return {"room_id": rooms.pop()} if len(rooms) == 1 and "" not in rooms else {}
