"""Single flight with a deadline, for database reads by monitoring."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.errors import BotError

T = TypeVar("T")

WAIT_S = 2.0
"""Seconds before the fallback is returned; Prometheus waits 10 seconds, most health checks 3 to 5."""
REUSE_S = 1.0
"""Seconds for which an answer is reused: anybody may ask, as often as they like."""


class SingleFlight(Generic[T]):
    """Shares one call of `ask` among concurrent and recent callers. Returns `otherwise` if it raises BotError or takes
    longer than WAIT_S; a result is reused for REUSE_S. `clock` is in seconds."""

    def __init__(
        self, ask: Callable[[], Awaitable[T]], otherwise: T, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._otherwise = otherwise
        self._clock = clock
        self._asked: asyncio.Task[T] | None = None
        self._asked_s = 0.0

    async def get(self) -> T:
        now_s = self._clock()
        if self._asked is None or (self._asked.done() and now_s >= self._asked_s + REUSE_S):
            self._asked, self._asked_s = asyncio.create_task(self._answer()), now_s
        asked = self._asked  # never cancelled: that would interrupt a transaction
        await asyncio.wait([asked], timeout=max(0.0, self._asked_s + WAIT_S - now_s))
        return asked.result() if asked.done() else self._otherwise

    async def _answer(self) -> T:
        try:
            return await self._ask()
        except BotError:
            return self._otherwise
