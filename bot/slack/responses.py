"""Slack's answers to a request, sorted by what they say of its effect.

docs.slack.dev/apis/web-api/rate-limits; `refusals` has the codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.net.waits import retry_after_s
from bot.slack.outcome import Refused, RetryLater, Unconfirmed
from bot.slack.refusals import UNSURE, WAITS

UNASKED_S = 5.0
"""Seconds to wait if nothing was done and there is no Retry-After."""


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """`status` is 0 where there was none, `code` "" where all is well or it was not Slack's JSON. `ts` is that of the
    message, where all is well, and `thread_ts` that of its thread's first, "" where it stands in none."""

    status: int
    code: str
    headers: Mapping[str, str]
    ts: str = ""
    thread_ts: str = ""

    @property
    def cause(self) -> str:
        return self.code or f"status {self.status}"

    @property
    def retry_after_s(self) -> float | None:
        return retry_after_s(self.headers, "slack")


def read(error: SlackApiError) -> ApiResponse:
    """Read the answer in slack_sdk's error: its own response, whose data may be text, or aiohttp's where JSON was
    broken."""
    response = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", None) or 0
    data = getattr(response, "data", None)
    code = data.get("error") if isinstance(data, Mapping) else None
    return ApiResponse(status, code if isinstance(code, str) else "", getattr(response, "headers", None) or {})


def judge(error: Exception) -> RetryLater | Refused | Unconfirmed:
    """The outcome of a request that raised this: Unconfirmed unless it is known to have had no effect."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return RetryLater(UNASKED_S, type(error).__name__)  # no connection, so nothing was sent
    if not isinstance(error, SlackApiError):
        return Unconfirmed(type(error).__name__)
    return weigh(read(error))


def weigh(answer: ApiResponse) -> RetryLater | Refused | Unconfirmed:
    """The outcome of a request that was answered so, and not with a `ts`."""
    if answer.status == 429:
        asked_s = answer.retry_after_s
        return RetryLater(UNASKED_S if asked_s is None else asked_s, answer.cause)
    if not answer.code or answer.status >= 500 or answer.code in UNSURE:
        return Unconfirmed(answer.cause)
    if answer.code in WAITS:
        return RetryLater(answer.retry_after_s or WAITS[answer.code], answer.code)
    return Refused(answer.code)
