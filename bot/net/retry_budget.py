"""Retries within a time budget."""

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
    """A budget for attempts and waits together, so that the asking person still gets an answer. Waits double from
    `first_wait_s` to `longest_wait_s`, less up to half as jitter. An error's `retry_after_s` replaces the wait; beyond
    the budget, the error is raised at once."""

    budget_s: float = 9.0
    first_wait_s: float = 0.25
    longest_wait_s: float = 3.0

    async def call(self, attempt: Callable[[], Awaitable[T]], again: Callable[[BaseException], bool]) -> T:
        """Call `attempt` until it succeeds, or fails with an error that `again` refuses. If the budget runs out, raise
        the last failure, or TimeoutError if there was none."""
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
        """Return the seconds to wait after attempt number `attempt`; `asked_s` is the server's Retry-After."""
        if asked_s is not None:
            return asked_s + random.uniform(0, 0.25)
        return grown_s(self.first_wait_s, attempt, self.longest_wait_s) * random.uniform(0.5, 1.0)
