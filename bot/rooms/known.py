"""The account's rooms by id, from a cache, the database, or 100ms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from cachetools import TTLCache

from bot import log
from bot.db.database import Database
from bot.db.problems import StoreError
from bot.errors import HmsAuth, HmsError, HmsNotFound, HmsRateLimited, HmsUnavailable, NotFound
from bot.hms.client import Hms
from bot.query.times import api_time
from bot.query.values import is_id
from bot.rooms import store as room_store
from bot.sessions.model import Room, Session
from bot.text import quote

T = TypeVar("T")

KEPT_S = 600
ROOMS_KEPT = 20_000
LISTED_PAGES = 10
"""Maximum pages of a list, of 100 rooms each, that one lookup reads."""
SINGLE_LOOKUPS = 20
SINGLE_MOST = 3
"""Up to this many missing rooms are requested singly instead of from a list."""
LOOKUPS_AT_ONCE = 8
NAMES_WAIT_S = 3.0
"""Maximum seconds that a page of sessions waits for room names, which it can do without."""

NO_ROOMS: list[Room] = []


class KnownRooms:
    """One workspace's rooms, with a cache shared by all requests. A failing database counts as an empty one."""

    def __init__(self, hms: Hms, store: Database, team_id: str) -> None:
        self._hms = hms
        self._store = store
        self._team_id = team_id
        self._rooms: TTLCache[str, Room] = TTLCache(ROOMS_KEPT, KEPT_S)

    async def names(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the names of rooms and templates, as far as found in time; never raises."""
        wanted = dict.fromkeys(filter(is_id, ids))
        known = await self.have(wanted)
        if missing := wanted.keys() - known.keys():
            with suppress(TimeoutError):
                async with asyncio.timeout(NAMES_WAIT_S):
                    await self._hms.templates.ready()
                    missing -= {each.id for each in self._hms.templates.current.all}
                    await self._look_up([each for each in wanted if each in missing], SINGLE_LOOKUPS)
        names = {each.id: each.name for each in self._hms.templates.current.all}
        names |= {each: room.name for each in wanted if (room := known.get(each) or self._rooms.get(each))}
        return {each: names[each] for each in wanted if names.get(each)}

    def template_of(self, room_id: str) -> str:
        """Return the id of a room's template, "" if it isn't cached."""
        room = self._rooms.get(room_id)
        return room.template_id if room is not None else ""

    def cast(self, session: Session) -> Session:
        """Return the session with the roles of its room's template, which may have become known since it was read."""
        return session.cast(self._hms.templates.roles(session.room_id))

    async def have(self, room_ids: Iterable[str]) -> dict[str, Room]:
        """Return the known rooms, without asking 100ms. An invalid id stands for a room without a name."""
        wanted = set(room_ids)
        known = {each: room for each in wanted if (room := self._rooms.get(each))}
        known |= {each: Room(each, "") for each in wanted if not is_id(each)}
        if missing := wanted - known.keys():
            stored = await self._stored(room_store.by_id(self._store, self._team_id, missing), NO_ROOMS)
            self._rooms.update((room.id, room) for room in stored)
            known |= {room.id: room for room in stored}
        return known

    async def learn(self, room_ids: Iterable[str], most: int) -> dict[str, Room]:
        """Return the rooms that are known or that 100ms returns, with at most `most` single requests."""
        return (await self._learn(room_ids, most))[0]

    async def know(self, room_ids: Iterable[str]) -> dict[str, Room]:
        """Return all of the rooms; one that 100ms doesn't have gets no name. Raises HmsError if a lookup fails."""
        ids = set(room_ids)
        known, error = await self._learn(ids, len(ids))
        if ids <= known.keys():
            return known
        raise error or HmsUnavailable("100ms didn't say what a room is called.", cause="a room is missing")

    async def must_exist(self, room_id: str) -> None:
        """Raise NotFound if 100ms has no such room."""
        if (known := (await self.have([room_id])).get(room_id)) and known.name:
            return
        try:
            await self.keep([await self._hms.room(room_id)])
        except HmsNotFound:
            raise NotFound(f"There is no room with the id {quote(room_id)}.") from None

    async def keep(self, rooms: Iterable[Room]) -> None:
        """Add rooms to the cache and the database."""
        new = [room for room in rooms if self._rooms.get(room.id) != room and is_id(room.id)]
        self._rooms.update((room.id, room) for room in new)
        if new:
            await self._stored(room_store.keep(self._store, self._team_id, new), None)

    async def _learn(self, room_ids: Iterable[str], most: int) -> tuple[dict[str, Room], HmsError | None]:
        wanted = set(room_ids)
        known = await self.have(wanted)
        error = None
        if missing := sorted(wanted - known.keys(), reverse=True):  # the newest first
            found, error = await self._look_up(missing, most)
            known |= found
        return known, error

    async def _look_up(self, missing: Sequence[str], most: int) -> tuple[dict[str, Room], HmsError | None]:
        """Return the rooms from 100ms, and the error if some are missing; at most `most` are requested singly."""
        found: dict[str, Room] = {}
        failed: list[HmsError] = []
        free = asyncio.Semaphore(LOOKUPS_AT_ONCE)

        async def look_up(room_id: str) -> None:
            async with free:
                if any(isinstance(each, HmsAuth | HmsRateLimited) for each in failed):
                    return
                try:
                    found[room_id] = await self._hms.room(room_id)
                except HmsNotFound:  # cached, not stored: the room may be very new
                    found[room_id] = self._rooms[room_id] = Room(room_id, "")
                except HmsError as error:
                    failed.append(error)

        try:
            found |= await self._listed(missing)
            async with asyncio.TaskGroup() as group:
                for room_id in [each for each in missing if each not in found][:most]:
                    group.create_task(look_up(room_id))
        except HmsError as error:
            return found, error
        finally:
            await self.keep([room for room in found.values() if room.name])
        return found, failed[0] if failed else None

    async def _listed(self, missing: Sequence[str]) -> dict[str, Room]:
        """Return rooms from lists, while that takes fewer requests: an id begins with its creation time in seconds.
        Raises HmsError."""
        found: dict[str, Room] = {}
        left = sorted(missing, reverse=True)
        for _ in range(LISTED_PAGES):
            if len(left) <= SINGLE_MOST:
                break
            made = datetime.fromtimestamp(int(left[0][:8], 16) + 1, UTC)
            page, _ = await self._hms.list_rooms(before=api_time(made))
            await self.keep(page)
            listed = {room.id: room for room in page}
            found |= {each: listed[each] for each in left if each in listed}
            if left[0] not in found:  # ids of another form, or a room that is disabled
                break
            left = [each for each in left if each not in found]
        return found

    async def _stored(self, ask: Awaitable[T], otherwise: T) -> T:
        try:
            return await ask
        except StoreError as error:
            log.warning("rooms_not_stored", cause=error.cause)
            return otherwise
