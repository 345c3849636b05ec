"""A question to the database by whoever watches the bot, who has to get an answer; others have to get theirs too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.errors import BotError

T = TypeVar("T")

WAIT_S = 2.0
"""So long the database has; Prometheus gives a scrape 10 seconds, most health checks 3 to 5."""
GOOD_S = 1.0
"""So long after a question there is no other: anybody may ask, as often as they like."""


class SingleFlight(Generic[T]):
    """`ask`, where it answers in time; `otherwise` where it takes too long or raises BotError. What was asked less than
    a second ago, or still hangs, isn't asked again: all get that answer, and nobody waits longer than two seconds from
    the asking. `clock` is in seconds."""

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
        if self._asked is None or (self._asked.done() and now_s >= self._asked_s + GOOD_S):
            self._asked, self._asked_s = asyncio.create_task(self._answer()), now_s
        asked = self._asked  # not cancelled when its time is over: a transaction can't be left in the middle
        await asyncio.wait([asked], timeout=max(0.0, self._asked_s + WAIT_S - now_s))
        return asked.result() if asked.done() else self._otherwise

    async def _answer(self) -> T:
        try:
            return await self._ask()
        except BotError:
            return self._otherwise
