"""A question to the database by whoever watches the bot, who has to get an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.errors import BotError

T = TypeVar("T")

WAIT_S = 2.0
"""So long the database has; Prometheus gives a scrape 10 seconds, most health checks 3 to 5."""


class Timely(Generic[T]):
    """`ask`, where it answers in time; `otherwise` where it takes too long or raises BotError. While one question hangs
    there is no other, however often we are asked."""

    def __init__(self, ask: Callable[[], Awaitable[T]], otherwise: T) -> None:
        self._ask = ask
        self._otherwise = otherwise
        self._asking: asyncio.Task[T] | None = None

    async def get(self) -> T:
        if self._asking is None:
            self._asking = asyncio.create_task(self._answer())
        asking = self._asking  # not cancelled when its time is over: a transaction can't be left in the middle
        done, _ = await asyncio.wait([asking], timeout=WAIT_S)
        return asking.result() if done else self._otherwise

    async def _answer(self) -> T:
        try:
            return await self._ask()
        except BotError:
            return self._otherwise
        finally:
            self._asking = None
