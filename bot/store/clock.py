"""The time that replicas agree on."""

from __future__ import annotations

import time

from bot.store.store import Store


class Clock:
    """Epoch seconds by the database, as they were at the last `set` and counted on from there: so that replicas whose
    own clocks differ don't take each other's messages for overdue, and keep the channels' pace together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._began_s = time.time() - time.monotonic()

    def __call__(self) -> float:
        return self._began_s + time.monotonic()

    async def set(self) -> None:
        """Ask the database. What the answer took is far less than a message has time to settle."""
        asked = time.monotonic()
        self._began_s = await self._store.time() - (asked + time.monotonic()) / 2
