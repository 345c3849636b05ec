"""Walks the complete lists of rooms page by page, so that names are found among all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot import log
from bot.db.database import Database
from bot.errors import HmsError, HmsRefused
from bot.hms.client import Hms
from bot.rooms import store as room_store
from bot.rooms.names import Rooms
from bot.rooms.store import RoomWalk

PAGE_INTERVAL_S = 2.0
"""Seconds between pages: 100,000 rooms take half an hour."""
WALK_INTERVAL_MS = 24 * 3_600_000
"""Milliseconds from the end of a walk to the next, which picks up renamed and disabled rooms."""
CHECK_INTERVAL_S = 60.0
"""Seconds between checks for a due walk."""
REST_S = 60.0


@dataclass(eq=False)
class Walk:
    """The walk of one workspace, by one process at a time. `clock` returns epoch seconds."""

    hms: Hms
    rooms: Rooms
    store: Database
    team_id: str
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    _rest_until: float = field(default=0.0, init=False)  # by `monotonic`

    async def step(self) -> bool:
        """Read a page if one is due. Return True on success."""
        if self.monotonic() < self._rest_until:
            return False
        far, now_ms = await self._begun(), int(self.clock() * 1000)
        if _rests(far, now_ms):
            self._rest_until = self.monotonic() + CHECK_INTERVAL_S
            return False
        try:
            while True:  # if both lists are short, reads both
                rooms, cursor = await self.hms.list_rooms(start=far.cursor or None, enabled=far.enabled)
                await self.rooms.keep(rooms)
                far = _further(far, [room.id for room in rooms], cursor, now_ms)
                await room_store.set_walk(self.store, self.team_id, far)
                if far.cursor or far.enabled:
                    return True
        except HmsError as error:
            log.warning("rooms_unread", outcome=type(error).__name__, cause=error.cause)
            self._rest_until = self.monotonic() + REST_S
            if isinstance(error, HmsRefused) and far.cursor:  # the cursor is no longer valid
                await room_store.set_walk(self.store, self.team_id, replace(far, enabled=True, cursor=""))
            return False

    async def _begun(self) -> RoomWalk:
        """Return the walk's progress. Rooms of a previous account are deleted."""
        far, account = await room_store.walk(self.store, self.team_id), self.hms.account
        if not account or far.account == account:
            return far
        if far.account:
            log.info("rooms_forgotten")
            await room_store.forget_all(self.store, self.team_id)
            far = RoomWalk()
        far = replace(far, account=account)
        await room_store.set_walk(self.store, self.team_id, far)
        return far


def _rests(far: RoomWalk, now_ms: int) -> bool:
    begun = far.cursor or not far.enabled
    return not begun and far.done_ms is not None and 0 <= now_ms - far.done_ms < WALK_INTERVAL_MS


def _further(far: RoomWalk, room_ids: list[str], cursor: str | None, now_ms: int) -> RoomWalk:
    """Return the progress after a page: enabled rooms first, then disabled ones."""
    if far.enabled and not far.cursor:
        far = replace(far, newest=max([far.newest, *room_ids]))
    if cursor:
        return replace(far, cursor=cursor)
    if far.enabled:
        return replace(far, enabled=False, cursor="")
    return replace(far, enabled=True, cursor="", done_ms=now_ms)
