"""A method of Slack's Web API that is asked while somebody waits for an answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.outcome import Refused, RetryLater
from bot.slack.responses import judge

WAIT_S = 2.0
FAILED_S = 10.0
"""Seconds until a method that gave no answer is asked again, where Slack doesn't say how many."""


class NoAnswer(Exception):
    """Slack doesn't answer just now; `cause` is for the log."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Refusal(NoAnswer):
    """Slack refuses this one question; `cause` is its code."""


class Question:
    """Asks `method`, whose client must not ask again by itself. A failure is remembered, so that only one person waits
    for an answer that doesn't come, and Slack's Retry-After is kept to."""

    def __init__(
        self, method: Callable[..., Awaitable[AsyncSlackResponse]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._method = method
        self._clock = clock
        self._not_before = clock()
        self._cause = ""

    async def ask(self, **arguments: str) -> Mapping[str, Any]:
        """Slack's answer. Raises Refusal or NoAnswer."""
        if self._clock() < self._not_before:
            raise NoAnswer(self._cause)
        try:
            async with asyncio.timeout(WAIT_S):
                answer = (await self._method(**arguments)).data
            if not isinstance(answer, Mapping):
                raise ValueError("no JSON object")
            return answer
        except Exception as error:
            outcome = judge(error)
        if isinstance(outcome, Refused):
            raise Refusal(outcome.code)
        wait_s = outcome.retry_after_s if isinstance(outcome, RetryLater) else FAILED_S
        self._not_before, self._cause = self._clock() + wait_s, outcome.cause
        raise NoAnswer(outcome.cause)
