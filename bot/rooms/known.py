"""The account's rooms by id: known from the database, and asked of 100ms where they aren't."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from cachetools import TTLCache

from bot import log
from bot.errors import HmsAuth, HmsError, HmsNotFound, HmsRateLimited, HmsUnavailable, NotFound
from bot.hms.client import Hms
from bot.query.times import api_time
from bot.query.values import is_id
from bot.sessions.model import Room, Session
from bot.store import Store, StoreError
from bot.text import quote

T = TypeVar("T")

KEPT_S = 600
ROOMS_KEPT = 20_000
LISTED_PAGES = 10
"""Pages of a list, of 100 rooms each, that are read at once."""
SINGLE_LOOKUPS = 20
SINGLY = 3
"""So few rooms aren't worth a list."""
LOOKUPS_AT_ONCE = 8
NAMES_WAIT_S = 3.0
"""Seconds that names, which are an ornament, may hold up a page of sessions."""

NO_ROOMS: list[Room] = []


class KnownRooms:
    """Rooms of one workspace's account, with a cache that all requests share. Where the database fails they are as if
    none were stored."""

    def __init__(self, hms: Hms, store: Store, team_id: str) -> None:
        self._hms = hms
        self._store = store
        self._team_id = team_id
        self._rooms: TTLCache[str, Room] = TTLCache(ROOMS_KEPT, KEPT_S)

    async def names(self, ids: Iterable[str]) -> dict[str, str]:
        """The names of rooms and templates as far as they are found in time; never an error."""
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
        """The id of a room's template, "" where that isn't known just now."""
        room = self._rooms.get(room_id)
        return room.template_id if room is not None else ""

    def cast(self, session: Session) -> Session:
        """The session with the roles of its room's template, where that is known by now; it may not have been when the
        session was read."""
        return session.cast(self._hms.templates.roles(session.room_id))

    async def have(self, room_ids: Iterable[str]) -> dict[str, Room]:
        """Those of the rooms that are known, without asking 100ms. What is no id is a room without a name."""
        wanted = set(room_ids)
        known = {each: room for each in wanted if (room := self._rooms.get(each))}
        known |= {each: Room(each, "") for each in wanted if not is_id(each)}
        if missing := wanted - known.keys():
            stored = await self._stored(self._store.rooms(self._team_id, missing), NO_ROOMS)
            self._rooms.update((room.id, room) for room in stored)
            known |= {room.id: room for room in stored}
        return known

    async def learn(self, room_ids: Iterable[str], most: int) -> dict[str, Room]:
        """Those of the rooms that are known, or that 100ms tells of; `most` single ones are asked for."""
        return (await self._learn(room_ids, most))[0]

    async def know(self, room_ids: Iterable[str]) -> dict[str, Room]:
        """All of the rooms; one that 100ms doesn't have has no name. Raises HmsError where one can't be asked for."""
        ids = set(room_ids)
        known, error = await self._learn(ids, len(ids))
        if ids <= known.keys():
            return known
        raise error or HmsUnavailable("100ms didn't say what a room is called.", cause="a room is missing")

    async def must_exist(self, room_id: str) -> None:
        """Raises NotFound where 100ms has no such room."""
        if (known := (await self.have([room_id])).get(room_id)) and known.name:
            return
        try:
            await self.keep([await self._hms.room(room_id)])
        except HmsNotFound:
            raise NotFound(f"There is no room with the id {quote(room_id)}.") from None

    async def keep(self, rooms: Iterable[Room]) -> None:
        """Know them from now on."""
        new = [room for room in rooms if self._rooms.get(room.id) != room and is_id(room.id)]
        self._rooms.update((room.id, room) for room in new)
        if new:
            await self._stored(self._store.keep_rooms(self._team_id, new), None)

    async def _learn(self, room_ids: Iterable[str], most: int) -> tuple[dict[str, Room], HmsError | None]:
        wanted = set(room_ids)
        known = await self.have(wanted)
        error = None
        if missing := sorted(wanted - known.keys(), reverse=True):  # the newest first
            found, error = await self._look_up(missing, most)
            known |= found
        return known, error

    async def _look_up(self, missing: Sequence[str], most: int) -> tuple[dict[str, Room], HmsError | None]:
        """The rooms as 100ms has them, and why not all could be had; `most` of them are asked for singly."""
        found: dict[str, Room] = {}
        failed: list[HmsError] = []
        free = asyncio.Semaphore(LOOKUPS_AT_ONCE)

        async def look_up(room_id: str) -> None:
            async with free:
                if any(isinstance(each, HmsAuth | HmsRateLimited) for each in failed):
                    return
                try:
                    found[room_id] = await self._hms.room(room_id)
                except HmsNotFound:  # a cache alone keeps that: it may be very new
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
        """The same for many rooms from lists, where that is cheaper than to ask for each: an id begins with the second
        in which its room was made. Raises HmsError."""
        found: dict[str, Room] = {}
        left = sorted(missing, reverse=True)
        for _ in range(LISTED_PAGES):
            if len(left) <= SINGLY:
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
