"""What a poll must know of rooms before it can tell who hears of a session: their names and templates."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime

from bot import log
from bot.core.session import Room
from bot.core.times import ms
from bot.flows.rooms import Rooms
from bot.flows.seen import Seen
from bot.hms.client import LIFE_MOST
from bot.store.store import Store

LEARNED_MOST = 100
"""So many unknown rooms are asked for singly in one poll."""
LEARNED_WAIT_S = 3.0
"""How long that may hold up those who hear of other sessions, and so much more for each room."""
A_ROOM_S = 0.03


async def asked_for(store: Store, team_id: str, now_ms: int) -> bool:
    """True where a subscription or a mute needs to know rooms."""
    subscriptions, mutes = await store.subscriptions(team_id), await store.mutes(team_id, now_ms)
    return any(
        query.needs_rooms for query in (*(each.query for each in subscriptions), *(each.query for each in mutes))
    )


async def learn_rooms(
    rooms: Rooms, store: Store, team_id: str, seen: Seen, known: dict[str, Room], now: datetime
) -> bool:
    """Add the rooms of what has changed to those that are `known`. A session whose room can't be asked for just now
    is put off to a later poll where it matters, as nobody could tell who wants to hear of it; True where one is."""
    wanted = {session.room_id for session in (*seen.changed, *seen.undecided)} - known.keys()
    with suppress(TimeoutError):
        async with asyncio.timeout(LEARNED_WAIT_S + A_ROOM_S * len(wanted)):
            await rooms.learn(wanted, LEARNED_MOST)
    known |= await rooms.have(wanted)
    seen.decide()
    unknown = [session for session in seen.changed if session.room_id not in known]
    if not unknown or not await asked_for(store, team_id, ms(now)):
        return False
    over = [session for session in unknown if now - session.started_at >= LIFE_MOST]
    known |= {session.room_id: Room(session.room_id, "") for session in over}
    put_off = {session.id for session in unknown if session.room_id not in known}
    log.warning("rooms_unknown", put_off=len(put_off), given_up=len(over))
    seen.postpone(put_off)
    return bool(put_off)
