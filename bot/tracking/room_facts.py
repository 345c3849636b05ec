"""Names and templates of rooms, which a poll must know before it can tell who hears of a session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from bot import log
from bot.alerts import store as alerts_store
from bot.db.database import Database
from bot.hms.client import LIFE_MOST
from bot.query.times import ms
from bot.rooms.names import Rooms
from bot.sessions.model import Room
from bot.silence import mute_store
from bot.tracking.sweep import Sweep

LEARNED_MOST = 100
"""Most unknown rooms that are asked for singly for each part of a poll."""
LEARNED_WAIT_S = 3.0
"""Seconds that this may hold up those who hear of other sessions, and so many more for each room."""
A_ROOM_S = 0.03
GIVEN_UP_S = 3_600.0
"""A session that can't be live any more waits so long for its room, which is one without a name then."""


async def asked_for(store: Database, team_id: str, now_ms: int) -> bool:
    """True where a subscription or a mute needs to know rooms."""
    subscriptions, mutes = await alerts_store.read(store, team_id), await mute_store.read(store, team_id, now_ms)
    return any(
        query.needs_rooms for query in (*(each.query for each in subscriptions), *(each.query for each in mutes))
    )


class RoomFacts:
    """Learns rooms for the polls of one workspace, one poll at a time. `monotonic` gives seconds."""

    def __init__(self, rooms: Rooms, store: Database, monotonic: Callable[[], float]) -> None:
        self._rooms = rooms
        self._store = store
        self._monotonic = monotonic
        self._silent = False
        self._since: dict[str, float] = {}
        self._before: dict[str, float] = {}

    def begin(self) -> None:
        """Begin a poll: rooms may be asked for again."""
        self._silent = False
        self._before, self._since = self._since, {}  # since when sessions wait for these rooms

    async def learn(self, team_id: str, seen: Sweep, known: dict[str, Room], now: datetime) -> bool:
        """Add the rooms of what has changed to those that are `known`. A session whose room can't be asked for just
        now is put off to a later poll where it matters, as nobody could tell who wants to hear of it; True where one
        is."""
        wanted = {session.room_id for session in (*seen.changed, *seen.undecided)} - known.keys()
        if not self._silent:
            with suppress(TimeoutError):
                async with asyncio.timeout(LEARNED_WAIT_S + A_ROOM_S * len(wanted)):
                    await self._rooms.learn(wanted, LEARNED_MOST)
        found = await self._rooms.have(wanted)
        self._silent = bool(wanted) and not found
        known |= found
        seen.cast(self._rooms.cast)
        seen.decide()
        unknown = [session for session in seen.changed if session.room_id not in known]
        if not unknown or not await asked_for(self._store, team_id, ms(now)):
            return False
        at = self._monotonic()
        for session in unknown:
            self._since[session.room_id] = self._before.get(session.room_id, at)
        over = {
            session.room_id
            for session in unknown
            if now - session.started_at >= LIFE_MOST and at - self._since[session.room_id] >= GIVEN_UP_S
        }
        known |= {room_id: Room(room_id, "") for room_id in over}
        put_off = {session.id for session in unknown if session.room_id not in known}
        log.warning("rooms_unknown", put_off=len(put_off), given_up=len(over))
        seen.postpone(put_off)
        return bool(put_off)
