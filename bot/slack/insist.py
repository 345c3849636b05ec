"""Patience with Slack at start: ask until it answers, unless it refuses the token."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from bot import log
from bot.errors import ConfigError

RETRY_S = 5.0
REFUSED = ("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type")


async def insist(call: Callable[[], Awaitable[Any]], setting: str, url: str) -> Any:
    """What a method of Slack answers at `url`, asked until it does. Raises ConfigError where it refuses the token."""
    while True:
        try:
            return await call()
        except SlackApiError as error:
            code = str(error.response.get("error")) if isinstance(error.response.data, dict) else "no answer"
            if code in REFUSED:
                raise ConfigError(f"Slack refuses {setting} ({code}). Copy it anew from your app.") from None
            log.warning("slack_not_ready", url=url, setting=setting, cause=code, again_s=RETRY_S)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("slack_not_ready", url=url, setting=setting, cause=type(error).__name__, again_s=RETRY_S)
        await asyncio.sleep(RETRY_S)
