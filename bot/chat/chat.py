"""Posting, changing and finding messages. Every message for a channel leaves through here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import log
from bot.chat.answers import BAD_BLOCKS, judge
from bot.chat.history import EVENT_TYPE, History
from bot.chat.outcome import Gone, Outcome, Refused, Sent, Unsure
from bot.render.limits import MESSAGE_TEXT_CHARS
from bot.render.validate import InvalidBlocks, check

TIMEOUT_S = 10.0
"""A request that takes longer is given up. Whoever leases a message for sending must lease it for longer than this."""
GONE = {"message_not_found", "cant_update_message", "edit_window_closed"}

Blocks = Sequence[Mapping[str, Any]]


class Chat:
    """`client` must send nothing twice by itself: its `retry_handlers` are []; ValueError for another. `bot_id` is who
    we are in the workspace; without it auth.test is asked when it is first needed."""

    def __init__(self, client: AsyncWebClient, bot_id: str = "") -> None:
        if client.retry_handlers:
            raise ValueError("The client that posts must have retry_handlers=[].")
        self._client = client
        self._history = History(client, bot_id)

    async def post(
        self,
        channel_id: str,
        text: str,
        blocks: Blocks,
        *,
        key: str,
        thread_ts: str | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Outcome:
        """A new message, or a reply in the thread of `thread_ts`, with `key` in its metadata. `channel_id` may be a
        person's: then it is a direct message. Raises nothing."""
        where = {"channel": channel_id, "thread_ts": thread_ts, "unfurl_links": False, "unfurl_media": False}
        return await self._send(self._client.chat_postMessage, where, _content(text, blocks, key), timeout_s)

    async def edit(
        self, channel_id: str, ts: str, text: str, blocks: Blocks, *, key: str, timeout_s: float = TIMEOUT_S
    ) -> Outcome:
        """Make our message at `ts`, posted with `key`, say this. Twice is as good as once. Raises nothing."""
        where = {"channel": channel_id, "ts": ts}
        outcome = await self._send(self._client.chat_update, where, _content(text, blocks, key), timeout_s)
        return Gone() if isinstance(outcome, Refused) and outcome.code in GONE else outcome

    async def find(self, channel_id: str, key: str, *, oldest_ms: int, thread_ts: str | None = None) -> str | None:
        """The `ts` of our message with this key, posted after `oldest_ms`, in the channel or a thread of it. None: it
        isn't there. Raises Unreadable."""
        return await self._history.find(channel_id, key, oldest_ms=oldest_ms, thread_ts=thread_ts)

    async def _send(
        self, method: Callable[..., Awaitable[Any]], where: dict[str, Any], content: dict[str, Any], timeout_s: float
    ) -> Outcome:
        """Where Slack refuses the blocks, the text is sent alone, within the same time."""
        try:
            async with asyncio.timeout(timeout_s):
                outcome = await self._try(method, where | content)
                if isinstance(outcome, Refused) and outcome.code in BAD_BLOCKS and content["blocks"]:
                    log.error("blocks_refused", cause=outcome.code)
                    outcome = await self._try(method, where | content | {"blocks": []})
                return outcome
        except TimeoutError:
            return Unsure("TimeoutError")

    async def _try(self, method: Callable[..., Awaitable[Any]], arguments: dict[str, Any]) -> Outcome:
        try:
            answer = await method(**arguments)
        except Exception as error:  # also slack_sdk's own, on an answer that is no JSON object
            if isinstance(error, SlackApiError):
                self._history.note(error.response)
            return judge(error)
        self._history.note(answer)
        ts = answer.get("ts") if isinstance(answer.data, Mapping) else None
        return Sent(ts) if isinstance(ts, str) and ts else Unsure("no ts")


def _content(text: str, blocks: Blocks, key: str) -> dict[str, Any]:
    """`blocks` is given always: an edit without it would keep the old ones."""
    content: dict[str, Any] = {
        "text": text,
        "blocks": list(blocks),
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}},
    }
    try:
        check(blocks, text=text)
    except InvalidBlocks as error:  # a defect; people still get the text
        log.error("invalid_blocks", problems=len(error.problems), first=error.problems[0])
        content |= {"text": text[:MESSAGE_TEXT_CHARS], "blocks": []}
    return content
