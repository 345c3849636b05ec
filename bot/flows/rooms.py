"""Room names: looked up, kept for a while, and turned into ids."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterable

from cachetools import TTLCache

from bot.core.query import Query
from bot.core.session import Room
from bot.core.text import fold, is_hash, quote, spoken
from bot.core.values import LIMIT_MAX, is_id
from bot.errors import HmsError, HmsNotFound, ManyRooms, NotFound
from bot.hms.client import Hms

NAME_KEPT_S = 600
SEARCH_KEPT_S = 60
SEARCHES_KEPT = 1_000
ROOMS_KEPT = 20_000
LISTED_PAGES = 10
"""How far the list of rooms is read for a name: 1,000 rooms, the newest."""
SINGLE_LOOKUPS = 20
NAMES_WAIT_S = 3.0
"""How long names, which are an ornament, may hold up a page of sessions."""
CHOICES = 20


class Rooms:
    """Rooms by id and by name, from a cache that all requests share."""

    def __init__(self, hms: Hms) -> None:
        self._hms = hms
        self._names: TTLCache[str, str] = TTLCache(ROOMS_KEPT, NAME_KEPT_S)
        self._found: TTLCache[str, tuple[list[Room], bool]] = TTLCache(SEARCHES_KEPT, SEARCH_KEPT_S)
        self._listed: TTLCache[str, tuple[list[Room], bool]] = TTLCache(1, SEARCH_KEPT_S)

    async def names(self, room_ids: Iterable[str]) -> dict[str, str]:
        """The names of rooms as far as they are found in time; never an error."""
        wanted = dict.fromkeys(room_id for room_id in room_ids if is_id(room_id))
        missing = [room_id for room_id in wanted if room_id not in self._names]
        if missing:
            try:
                async with asyncio.timeout(NAMES_WAIT_S):
                    await self._look_up(missing)
            except (TimeoutError, HmsError):
                pass  # the page shows ids instead
        return {room_id: name for room_id in wanted if (name := self._names.get(room_id))}

    async def resolve(self, query: Query) -> Query:
        """The query with ids for room names. Raises NotFound, ManyRooms or HmsError."""
        for term in query.room_names:
            name = term.value.name
            found, more = await self._find(name)
            near = [] if found else await self._near(name)
            found = found or [room for room in near if spoken(room.name) == spoken(name)]
            if len(found) > 1 or (near and not found):
                rooms = sorted(found or near, key=lambda room: (len(room.name), room.name))
                choices = [(room.name, room.id, str(query.with_room(term, room.id))) for room in rooms[:CHOICES]]
                raise ManyRooms(name, choices, fits=bool(found), more=more or len(rooms) > CHOICES)
            if not found:
                where = f" among the {LISTED_PAGES * LIMIT_MAX:,} newest" if more else ""
                raise NotFound(f"No room{where} is called {quote(name)}, nor has that in its name.")
            query = query.with_room(term, found[0].id)
        return query

    async def must_exist(self, room_id: str) -> None:
        """Raises NotFound where 100ms has no such room."""
        if self._names.get(room_id):
            return
        try:
            self._keep([await self._hms.room(room_id)])
        except HmsNotFound:
            raise NotFound(f"There is no room with the id {quote(room_id)}.") from None

    async def _find(self, wanted: str) -> tuple[list[Room], bool]:
        """The rooms of that name, else those with it in their name, and whether there may be others."""
        name = fold(wanted)
        if kept := self._found.get(name):
            return kept
        named, more = await self._named(wanted)
        self._keep(named)
        found = [room for room in named if fold(room.name) == name or is_hash(room.name)]
        if not found:
            listed, more = await self._list()
            every = {room.id: room for room in [*named, *listed]}
            found = [room for room in every.values() if fold(room.name) == name]
            found = found or [room for room in every.values() if room in named or name in fold(room.name)]
        if found:
            self._found[name] = found, more
        return found, more

    async def _named(self, name: str) -> tuple[list[Room], bool]:
        """The rooms that 100ms itself finds by a name, and whether there may be others."""
        pages = await asyncio.gather(*(self._hms.list_rooms(name=name, enabled=each) for each in (True, False)))
        return [room for rooms, _ in pages for room in rooms], any(cursor is not None for _, cursor in pages)

    async def _near(self, wanted: str) -> list[Room]:
        """Rooms whose name is spelt nearly so."""
        listed, _ = await self._list()
        names = {fold(room.name): room for room in listed}
        return [names[name] for name in difflib.get_close_matches(fold(wanted), names, n=5, cutoff=0.6)]

    async def _list(self) -> tuple[list[Room], bool]:
        """The newest rooms, enabled ones first, and whether there are more."""
        if kept := self._listed.get("all"):
            return kept
        lists = await asyncio.gather(*(self._newest(enabled=each) for each in (True, False)))
        rooms = [room for some, _, _ in lists for room in some]
        more = any(more for _, more, _ in lists)
        if all(whole for _, _, whole in lists):
            self._listed["all"] = rooms, more
        return rooms, more

    async def _newest(self, *, enabled: bool) -> tuple[list[Room], bool, bool]:
        """The newest rooms of a kind, whether there are more, and False where 100ms failed on the way."""
        rooms: list[Room] = []
        cursor = None
        for _ in range(LISTED_PAGES):
            try:
                some, cursor = await self._hms.list_rooms(start=cursor, enabled=enabled)
            except HmsError:
                if not rooms:
                    raise
                return rooms, True, False
            rooms += some
            self._keep(some)
            if cursor is None:
                break
        return rooms, cursor is not None, True

    async def _look_up(self, missing: list[str]) -> None:
        if len(missing) > 3:  # one list is cheaper than many single rooms
            self._keep((await self._hms.list_rooms())[0])
            missing = [room_id for room_id in missing if room_id not in self._names]
        async with asyncio.TaskGroup() as group:
            for room_id in missing[:SINGLE_LOOKUPS]:
                group.create_task(self._look_up_one(room_id))

    async def _look_up_one(self, room_id: str) -> None:
        try:
            self._keep([await self._hms.room(room_id)])
        except HmsNotFound:
            self._keep([Room(room_id, "")])
        except HmsError:
            pass  # another page will ask again

    def _keep(self, rooms: Iterable[Room]) -> None:
        self._names.update((room.id, room.name) for room in rooms)
