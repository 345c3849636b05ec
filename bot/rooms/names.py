"""Resolves room and template names as people type them."""

from __future__ import annotations

import asyncio
import difflib
import time
from collections.abc import Callable
from dataclasses import replace

from cachetools import TTLCache

from bot.db.database import Database
from bot.errors import HmsError, HmsUnavailable, ManyRooms, NotFound
from bot.hms.client import Hms
from bot.query.lasting import Missing
from bot.query.model import Query, Term
from bot.query.values import LIMIT_MAX, RoomId, RoomName, RoomPrefix, TemplateId, TemplateName
from bot.rooms import store as room_store
from bot.rooms.known import LISTED_PAGES, NO_ROOMS, KnownRooms
from bot.rooms.store import RoomWalk
from bot.sessions.model import Room
from bot.text import closest, fold, is_hash, quote, spoken

SEARCH_KEPT_S = 60
SEARCHES_KEPT = 1_000
PARTS_MOST = 200
NEAR_MOST = 1_000
CHOICES = 20
PREFIX_FROM = 3
"""Minimum rooms with the typed prefix for which the prefix itself is offered as a choice."""


class Rooms(KnownRooms):
    """Finds rooms by name, among known ones and in 100ms. `clock` returns epoch seconds."""

    def __init__(self, hms: Hms, store: Database, team_id: str, clock: Callable[[], float] = time.time) -> None:
        super().__init__(hms, store, team_id)
        self._clock = clock
        self._found: TTLCache[str, tuple[list[Room], bool]] = TTLCache(SEARCHES_KEPT, SEARCH_KEPT_S)
        self._renewed: TTLCache[str, tuple[list[Room], bool]] = TTLCache(1, SEARCH_KEPT_S)

    async def resolve(self, query: Query) -> Query:
        """Return the query with ids in place of room and template names, once its roles exist. Raises NotFound,
        ManyRooms or HmsError."""
        for term in query.having(Missing):
            await self._must_have(query, term)
        for term in query.having(TemplateName):
            query = query.with_value(term, TemplateId(await self._template(query, term)))
        for term in query.having(RoomName):
            name = term.value.name
            found, more = await self._find(name)
            near = [] if found else await self._near(name)
            found = found or [room for room in near if spoken(room.name) == spoken(name)]
            if len(found) > 1 or (near and not found):
                rooms = sorted(found or near, key=lambda room: (len(room.name), room.name))
                choices = [(room.name, room.id, str(query.with_value(term, RoomId(room.id)))) for room in rooms]
                all_of_them = await self._all_beginning(query, term) if found else []
                more = more or len(choices) > CHOICES
                raise ManyRooms(name, [*all_of_them, *choices][:CHOICES], fits=bool(found), more=more)
            if not found:
                where = f" among the {LISTED_PAGES * LIMIT_MAX:,} newest" if more else ""
                raise NotFound(f"No room{where} is called {quote(name)}, nor has that in its name.")
            query = query.with_value(term, RoomId(found[0].id))
        return query

    async def newest(self, most: int) -> list[Room]:
        """Return the most recently created rooms, newest first; fewer if 100ms or the database fails."""
        try:
            read, _ = await self._renew()
        except HmsError:
            read = NO_ROOMS
        stored = await self._stored(room_store.newest(self._store, self._team_id, most), NO_ROOMS)
        named = {room.id: room for room in [*stored, *read] if room.name}
        return [named[room_id] for room_id in sorted(named, reverse=True)[:most]]

    async def without_rooms(self, query: Query) -> list[str]:
        """Return the query's prefixes that no known room's name has."""
        prefixes = [term.value.prefix for term in query.having(RoomPrefix) if not term.negated]
        if empty := [prefix for prefix in prefixes if not await self._beginning(prefix)]:
            try:
                await self._renew()
            except HmsError:
                return []  # unknown
        return [prefix for prefix in empty if not await self._beginning(prefix)]

    async def _template(self, query: Query, term: Term) -> str:
        """Return the id of the template that a term names. Raises ManyRooms, and HmsUnavailable if no template is
        known."""
        name = term.value.name
        found, templates = await self._hms.templates.find(name), self._hms.templates.current
        if len(found) == 1:
            return found[0].id
        if not templates.all:
            raise HmsUnavailable("100ms didn't say which templates there are.", cause="no template is known")
        candidates = found or sorted(templates.all, key=lambda each: fold(each.name))
        choices = [(each.name, each.id, str(query.with_value(term, TemplateId(each.id)))) for each in candidates]
        raise ManyRooms(name, choices[:CHOICES], fits=bool(found), more=len(choices) > CHOICES, what="template")

    async def _must_have(self, query: Query, term: Term) -> None:
        """Raise ManyRooms if no template has the role that is missing: that would always hold. Without templates any
        role may exist."""
        role = term.value.role
        if term.value.of_hosts or await self._hms.templates.having(role):
            return
        roles = sorted(self._hms.templates.current.roles(), key=fold)
        near = closest(fold(role), map(fold, roles))
        roles.sort(key=lambda each: fold(each) != near)
        if roles:
            choices = [(each, each, str(query.with_value(term, replace(term.value, role=each)))) for each in roles]
            raise ManyRooms(role, choices[:CHOICES], fits=False, more=len(choices) > CHOICES, what="role")

    async def _all_beginning(self, query: Query, term: Term) -> list[tuple[str, str, str]]:
        """Return the choice of all rooms with the typed prefix, if there are several."""
        prefix = RoomPrefix(fold(term.value.name))
        count = await self._beginning(prefix.prefix)
        line = str(query.with_value(term, prefix))
        return [(f"{prefix} ({count:,} rooms)", "", line)] if count >= PREFIX_FROM else []

    async def _beginning(self, prefix: str) -> int:
        return await self._stored(room_store.beginning(self._store, self._team_id, prefix), 0)

    async def _find(self, wanted: str) -> tuple[list[Room], bool]:
        """Return the rooms of that name, else those that contain it, and whether there may be more."""
        name = fold(wanted)
        if kept := self._found.get(name):
            return kept
        found, more = await self._stored(room_store.called(self._store, self._team_id, name), NO_ROOMS), False
        if not found:
            named, more = await self._named(wanted)
            await self.keep(named)
            found = [room for room in named if room.folded == name or is_hash(room.name)]
        if not found:
            read, more = await self._renew()
            stored = await self._stored(room_store.having(self._store, self._team_id, name, PARTS_MOST), NO_ROOMS)
            every = {room.id: room for room in [*stored, *read, *named]}
            found = [room for room in every.values() if room.folded == name]
            found = found or [room for room in every.values() if room in named or name in room.folded]
        if found:
            self._found[name] = found, more
        return found, more

    async def _named(self, name: str) -> tuple[list[Room], bool]:
        """Return the rooms that 100ms's own search finds, and whether there may be more."""
        pages = await asyncio.gather(*(self._hms.list_rooms(name=name, enabled=each) for each in (True, False)))
        return [room for rooms, _ in pages for room in rooms], any(cursor is not None for _, cursor in pages)

    async def _near(self, wanted: str) -> list[Room]:
        """Return rooms with a similar name."""
        read, _ = await self._renew()
        stored = await self._stored(room_store.newest(self._store, self._team_id, NEAR_MOST), NO_ROOMS)
        names = {room.folded: room for room in [*stored, *read] if room.name}
        return [names[name] for name in difflib.get_close_matches(fold(wanted), names, n=5, cutoff=0.6)]

    async def _renew(self) -> tuple[list[Room], bool]:
        """Read new rooms, or the newest ones if the lists were never read to their end. Return the rooms read, and
        whether unknown ones may remain."""
        if kept := self._renewed.get("all"):
            return kept
        far = await self._stored(room_store.walk(self._store, self._team_id), RoomWalk())
        kinds, down_to = ((True, False), "") if far.done_ms is None else ((True,), far.newest)
        lists = await asyncio.gather(*(self._newest(enabled=each, down_to=down_to) for each in kinds))
        rooms = [room for listed, _, _ in lists for room in listed]
        whole = all(reached for _, reached, _ in lists)
        if whole:
            newest = max([far.newest, *(room.id for room in lists[0][0])])
            done_ms = int(self._clock() * 1000) if far.done_ms is None else far.done_ms
            if (newest, done_ms) != (far.newest, far.done_ms):
                new = replace(far, newest=newest, done_ms=done_ms)
                await self._stored(room_store.set_walk(self._store, self._team_id, new), None)
        if all(good for _, _, good in lists):
            self._renewed["all"] = rooms, not whole
        return rooms, not whole

    async def _newest(self, *, enabled: bool, down_to: str) -> tuple[list[Room], bool, bool]:
        """Return the newest rooms of a kind down to `down_to`; True if it or the end was reached; and False if 100ms
        failed on the way."""
        rooms: list[Room] = []
        cursor = None
        for _ in range(LISTED_PAGES):
            try:
                page, cursor = await self._hms.list_rooms(start=cursor, enabled=enabled)
            except HmsError:
                if not rooms:
                    raise
                return rooms, False, False
            rooms += page
            await self.keep(page)
            if cursor is None or (page and page[-1].id <= down_to):
                return rooms, True, True
        return rooms, False, True
