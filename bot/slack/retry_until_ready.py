"""Retries at start: ask Slack until it answers, unless it refuses the token."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from slack_sdk.errors import SlackApiError

from bot import log
from bot.errors import ConfigError
from bot.slack.refusals import LOST_TOKEN
from bot.slack.responses import read

T = TypeVar("T")

RETRY_S = 5.0
REFUSED = {
    **dict.fromkeys((*LOST_TOKEN, "not_allowed_token_type"), "Copy it anew from your app."),
    "missing_scope": "Make another one with connections:write, page Basic Information.",
}
"""The remedy for a token, by Slack's word for what is wrong with it. auth.test needs no scope."""


async def retry_until_ready(call: Callable[[], Awaitable[T]], setting: str, url: str) -> T:
    """Ask a method of Slack at `url` until it answers, and return that. Raises ConfigError if it refuses the token."""
    while True:
        wait_s = RETRY_S
        try:
            return await call()
        except SlackApiError as error:
            said = read(error)
            if said.code in REFUSED:
                raise ConfigError(f"Slack refuses {setting} ({said.code}). {REFUSED[said.code]}") from None
            cause, wait_s = said.cause, max(RETRY_S, said.retry_after_s or 0.0)
        except Exception as error:  # no connection, or an answer that slack_sdk can't read
            cause = type(error).__name__
        log.warning("slack_not_ready", url=url, setting=setting, cause=cause, again_s=wait_s)
        await asyncio.sleep(wait_s)
