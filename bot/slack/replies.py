"""The send boundary: every message that leaves for a response_url is checked here first.

docs.slack.dev/interactivity/handling-user-interaction: five messages in 30 minutes, also where the bot isn't a member.
"""

from __future__ import annotations

from typing import Any

import aiohttp
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot import log
from bot.render.blocks import Message
from bot.render.validate import InvalidBlocks, check

TIMEOUT_S = 8
_SAFE_TO_REPEAT = (AsyncRateLimitErrorRetryHandler,)  # nothing was posted
_MAY_REPEAT = (*_SAFE_TO_REPEAT, AsyncConnectionErrorRetryHandler, AsyncServerErrorRetryHandler)


class Replies:
    """Posts messages to response_urls over the one pooled session."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def send(self, url: str, message: Message, *, replace: bool = False, for_all: bool = False) -> bool:
        """Whether Slack took it. For one person it may come twice after a lost answer; for all it is posted once."""
        body: dict[str, Any] = {
            "response_type": "in_channel" if for_all else "ephemeral",
            "replace_original": replace,
            "text": message.text,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        try:
            check(message.blocks, text=message.text)
            body["blocks"] = list(message.blocks)
        except InvalidBlocks as error:
            log.error("invalid_blocks", problems=len(error.problems), first=error.problems[0])
        handlers = _SAFE_TO_REPEAT if for_all else _MAY_REPEAT
        client = AsyncWebhookClient(
            url,
            session=self._session,
            timeout=TIMEOUT_S,
            retry_handlers=[handler(max_retry_count=2) for handler in handlers],
        )
        try:
            response = await client.send_dict(body)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            log.error("reply_failed", cause=type(error).__name__)
            return False
        if response.status_code != 200:
            log.error("reply_refused", status=response.status_code, body=response.body)
            return False
        return True
