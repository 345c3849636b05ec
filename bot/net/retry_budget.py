"""How long a request to somebody else's server is tried."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.net.waits import grown_s

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """Attempts and waits together take `budget_s` at most, so that the person who asked still gets an answer. Waits
    double from `first_wait_s` to `longest_wait_s`, each shortened by up to a half; an error with a `retry_after_s` says
    itself how long, and where the budget doesn't reach so far it is raised at once."""

    budget_s: float = 9.0
    first_wait_s: float = 0.25
    longest_wait_s: float = 3.0

    async def call(self, attempt: Callable[[], Awaitable[T]], again: Callable[[BaseException], bool]) -> T:
        """`attempt` until it succeeds or fails with no `again`. Where the budget is used up, the last failure says more
        than that; TimeoutError where there was none."""
        failure: Exception | None = None
        attempts, clock = 0, asyncio.get_running_loop().time
        end = clock() + self.budget_s
        try:
            async with asyncio.timeout(self.budget_s):
                while True:
                    try:
                        return await attempt()
                    except Exception as error:
                        failure = error
                        attempts += 1
                        wait_s = self.wait_s(attempts, getattr(error, "retry_after_s", None))
                        if not again(error) or clock() + wait_s >= end:
                            raise
                    await asyncio.sleep(wait_s)
        except TimeoutError:
            if failure is not None:
                raise failure from None
            raise

    def wait_s(self, attempt: int, asked_s: float | None) -> float:
        """Seconds to wait after the first, second … attempt; `asked_s` is what the server asks for."""
        if asked_s is not None:
            return asked_s + random.uniform(0, 0.25)
        return grown_s(self.first_wait_s, attempt, self.longest_wait_s) * random.uniform(0.5, 1.0)
