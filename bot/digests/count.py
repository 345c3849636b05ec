"""The figures of a period: counted in one reading of the account, and shown to who asks for them."""

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
"""Reading that takes longer is given up."""

ROOMS_ASKED_MOST = 200
"""Most unknown rooms that are asked for singly, for their templates; of the others these stay unknown."""

TallyKey = tuple[Query, str]
"""What is counted alike: a query, and the zone at whose midnights a chart is divided."""


def tally_key(digest: Digest) -> TallyKey:
    return digest.query, digest.schedule.zone


async def preview(hms: Hms, rooms: Rooms, digest: Digest, now: datetime, most_s: float = READ_MOST_S) -> Message:
    """The digest of the newest period that is over, for the one who asks; where that isn't read within `most_s`, how
    far that got. It needs not be stored. Raises HmsError, and TimeoutError where nothing was read."""
    what = newest(digest.schedule, now)
    wanted = tally_key(digest)
    read = 0

    def seen(sessions: Sequence[Session]) -> None:
        nonlocal read
        read += len(sessions)

    try:
        async with asyncio.timeout(most_s):
            figures = (await count(hms, rooms, what.window, [wanted], seen))[wanted]
    except TimeoutError:
        if not read:
            raise
        return unfinished(digest, read, most_s, READ_MOST_S, now)
    return await draw(rooms, figures, digest, what, preview=True)


async def count(
    hms: Hms,
    rooms: Rooms,
    window: Window,
    wanted: Iterable[TallyKey],
    seen: Callable[[Sequence[Session]], None] = lambda _: None,
) -> Mapping[TallyKey, Figures]:
    """The figures of each query, from one reading of the account: requests are its pages, and `seen` is told of each.
    Raises HmsError."""
    await hms.templates.ready()
    tallies: dict[TallyKey, Tally] = {}
    checks: list[tuple[Callable[[Session], bool], Tally]] = []
    known: dict[str, Room] = {}
    for query, zone in dict.fromkeys(wanted):
        tally = Tally(window.start, window.end, edges(window.start, window.end, ZoneInfo(zone)))
        tallies[query, zone] = tally
        checks.append((matcher(query, window.end, known), tally))

    def take(sessions: Sequence[Session]) -> None:
        seen(sessions)
        for matches, tally in checks:
            for session in filter(matches, sessions):
                tally.add(session)

    # The live ones first: one that ends meanwhile is in both lists, and counts once. Without `active` a list may have
    # all or only the live ones, the docs say both (Sessions/list-sessions).
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
            await asyncio.to_thread(take, batch.sessions)  # so that acknowledgements don't wait for it
    if len(every := set[str]().union(*(tally.room_ids for tally in tallies.values()))) >= ROOMS_ONCE_FROM:
        known |= await rooms.learn(every - known.keys(), ROOMS_ASKED_MOST)
    templates = {room.id: room.template_id for room in known.values()}
    figures = {each: await asyncio.to_thread(tally.figures, templates) for each, tally in tallies.items()}
    return {each: replace(some, unreadable=unreadable) for each, some in figures.items()}


async def draw(rooms: Rooms, figures: Figures, digest: Digest, what: Due, *, preview: bool = False) -> Message:
    """What a channel sees of the figures, with the names of the rooms in it."""
    longest = [figures.longest.room_id] if figures.longest else []
    odd, busiest = ([each.room_id for each in some] for some in (figures.odd, figures.rooms))
    names = await rooms.names([*digest.query.named_ids, *longest, *odd, *busiest])
    return digest_message(figures, digest, names, what, preview=preview)


def _only_room(queries: Iterable[Query]) -> dict[str, str]:
    """The room that all of them are about, as a parameter of the list; none where they aren't."""
    rooms = {room for query in queries for room in rooms_of(query) or [""]}
    return {"room_id": rooms.pop()} if len(rooms) == 1 and "" not in rooms else {}
