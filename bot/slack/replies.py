"""The send boundary: every message that leaves for a response_url is checked here first.

docs.slack.dev/interactivity/handling-user-interaction: five messages in 30 minutes, also where the bot isn't a member.
"""

from __future__ import annotations

import json
import re
from typing import Any

import aiohttp

from bot import log, metrics
from bot.patience import Patience
from bot.render.blocks import Message
from bot.render.validate import InvalidBlocks, check

TIMEOUT = aiohttp.ClientTimeout(total=5, connect=3)
_CODE = re.compile(r"[a-z_]{1,60}")


class Replies:
    """Posts messages to response_urls over the one pooled session."""

    def __init__(self, session: aiohttp.ClientSession, patience: Patience | None = None) -> None:
        self._session = session
        self._patience = patience or Patience()

    async def send(self, url: str, message: Message, *, replace: bool = False, for_all: bool = False) -> bool:
        """Whether Slack took it. After an answer that was lost it is sent again to one person, but never to all. Where
        Slack refuses the blocks, the text is sent alone."""
        body = _body(message, replace=replace, for_all=for_all)
        try:
            try:
                await self._try(url, body, for_all=for_all)
            except _Refused as error:
                if "blocks" not in body or error.status != 400:
                    raise
                log.error("blocks_refused", cause=str(error))
                del body["blocks"]
                await self._try(url, body, for_all=for_all)
        except (_NotNow, _Unsure, _Refused, TimeoutError) as error:
            log.error("reply_failed", cause=str(error) or type(error).__name__)
            metrics.replies.labels("failed").inc()
            return False
        metrics.replies.labels("ok").inc()
        return True

    async def _try(self, url: str, body: dict[str, Any], *, for_all: bool) -> None:
        await self._patience.call(
            lambda: self._post(url, body),
            again=lambda error: isinstance(error, _NotNow) or (isinstance(error, _Unsure) and not for_all),
        )

    async def _post(self, url: str, body: dict[str, Any]) -> None:
        try:
            async with self._session.post(url, json=body, timeout=TIMEOUT) as response:
                status, answer = response.status, await response.text(errors="replace")
                asked = response.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _Unsure(type(error).__name__) from None
        if status == 429:
            raise _NotNow(float(asked) if asked.isdigit() else None)
        if status >= 500:
            raise _Unsure(f"status {status}")
        if status != 200:
            raise _Refused(status, _code(answer))


class _NotNow(Exception):
    """429: not posted."""

    def __init__(self, retry_after_s: float | None) -> None:
        super().__init__("status 429")
        self.retry_after_s = retry_after_s


class _Unsure(Exception):
    """No answer, or 5xx: it may have been posted."""


class _Refused(Exception):
    """Another status: it never will be."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"status {status}: {code}")
        self.status = status


def _code(answer: str) -> str:
    """Slack's, as text or in JSON; whatever else is in an answer isn't for the log."""
    try:
        said = str(json.loads(answer)["error"])
    except (ValueError, KeyError, TypeError):
        said = answer.strip()
    return said if _CODE.fullmatch(said) else "without a code"


def _body(message: Message, *, replace: bool, for_all: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "response_type": "in_channel" if for_all else "ephemeral",
        "replace_original": replace,
        "text": message.text,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    try:
        check(message.blocks, text=message.text)
    except InvalidBlocks as error:  # a defect; the person still gets the text
        log.error("invalid_blocks", problems=len(error.problems), first=error.problems[0])
        return body
    return body | {"blocks": list(message.blocks)}
