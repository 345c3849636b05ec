"""Slack's answers to a request, sorted by what they say of its effect.

Codes and their meanings: docs.slack.dev/reference/methods/chat.postMessage, docs.slack.dev/apis/web-api/rate-limits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.chat.outcome import NotNow, Refused, Unsure
from bot.patience import granted

UNASKED_S = 5.0
"""How long to wait where nothing was done and no Retry-After says how long."""

# "It's possible some aspect of the operation succeeded before the error was raised"; the last two belong to an argument
# that we don't send.
AMBIGUOUS = {
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "duplicate_message_not_found",
    "duplicate_channel_not_found",
}
NOT_NOW = {
    "ratelimited": UNASKED_S,
    "rate_limited": UNASKED_S,
    "message_limit_exceeded": 30.0,
    "team_added_to_org": 60.0,
    "external_channel_migrating": 60.0,
}
BAD_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"}


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is 0 where there was none, `code` "" where all is well or it was not Slack's JSON. `ts` is that of the
    message, where all is well."""

    status: int
    code: str
    headers: Mapping[str, str]
    ts: str = ""

    @property
    def cause(self) -> str:
        return self.code or f"status {self.status}"

    @property
    def retry_after_s(self) -> float | None:
        try:
            asked = float(self.headers["Retry-After"])
        except (KeyError, ValueError):
            return None
        return granted(asked, "slack") if math.isfinite(asked) else None


def read(error: SlackApiError) -> Answer:
    """What slack_sdk's error holds: its own response, whose data may be text, or aiohttp's where JSON was broken."""
    response = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", None) or 0
    data = getattr(response, "data", None)
    code = data.get("error") if isinstance(data, Mapping) else None
    return Answer(status, code if isinstance(code, str) else "", getattr(response, "headers", None) or {})


def judge(error: Exception) -> NotNow | Refused | Unsure:
    """The outcome of a request that raised this. Only what is known to have had no effect is anything but Unsure."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return NotNow(UNASKED_S, type(error).__name__)  # no connection, so nothing was sent
    if not isinstance(error, SlackApiError):
        return Unsure(type(error).__name__)
    return weigh(read(error))


def weigh(answer: Answer) -> NotNow | Refused | Unsure:
    """The outcome of a request that was answered so, and not with a `ts`."""
    if answer.status == 429:
        asked_s = answer.retry_after_s
        return NotNow(UNASKED_S if asked_s is None else asked_s, answer.cause)
    if not answer.code or answer.status >= 500 or answer.code in AMBIGUOUS:
        return Unsure(answer.cause)
    if answer.code in NOT_NOW:
        return NotNow(answer.retry_after_s or NOT_NOW[answer.code], answer.code)
    return Refused(answer.code)
