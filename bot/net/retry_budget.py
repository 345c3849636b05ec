"""How long a request to somebody else's server is tried."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_before_delay

from bot import log

T = TypeVar("T")

LONGEST_S = 300.0
"""The longest wait that a Retry-After is granted. Slack's limits are per minute and below, so a longer one is a mistake
somewhere, which would silence alerts for as long; asking every five minutes is a load for nobody."""


def granted(asked_s: float, service: str) -> float:
    """Seconds to wait where a service asks for `asked_s`; what is cut off is logged."""
    if asked_s > LONGEST_S:
        log.warning("wait_capped", service=service, asked_s=asked_s, wait_s=LONGEST_S)
    return min(max(asked_s, 0.0), LONGEST_S)


def grown_s(first_s: float, failures: int, most_s: float) -> float:
    """Seconds to wait after so many failures in a row: doubled with each, up to `most_s`."""
    return min(most_s, first_s * 2.0 ** min(failures - 1, 32))


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
        failures: list[Exception] = []
        retrying = AsyncRetrying(
            retry=retry_if_exception(again), wait=self._wait, stop=stop_before_delay(self.budget_s), reraise=True
        )

        async def awaited() -> T:  # tenacity doesn't await what a plain function returns
            try:
                return await attempt()
            except Exception as error:
                failures[:] = [error]
                raise

        try:
            async with asyncio.timeout(self.budget_s):
                return await retrying(awaited)
        except TimeoutError:
            if failures:
                raise failures[0] from None
            raise

    def wait_s(self, attempt: int, asked_s: float | None) -> float:
        """Seconds to wait after the first, second … attempt; `asked_s` is what the server asks for."""
        if asked_s is not None:
            return asked_s + random.uniform(0, 0.25)
        longest = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (attempt - 1))
        return longest * random.uniform(0.5, 1.0)

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return self.wait_s(state.attempt_number, getattr(error, "retry_after_s", None))
