"""Posting, changing and finding messages. Every message for a channel leaves through here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot import log
from bot.blockkit.limits import MESSAGE_TEXT_CHARS, UPDATE_TEXT_CHARS
from bot.blockkit.sizes import oversized
from bot.outbox.history import EVENT_TYPE, History
from bot.slack.data_blocks import Blocks, DataBlocks
from bot.slack.method import Method
from bot.slack.outcome import Found, MessageGone, Outcome, Refused, Sent, Unconfirmed, Unreadable
from bot.slack.refusals import BAD_BLOCKS, NO_THREAD
from bot.slack.responses import judge, weigh

TIMEOUT_S = 10.0
"""A request that takes longer is given up. Whoever leases a message for sending must lease it for longer than this."""

Event = Mapping[str, str | int]
NO_EVENT: Event = MappingProxyType({})


class Chat:
    """`client` must send nothing twice by itself: its `retry_handlers` are [], and it has a `session`; ValueError for
    another. `bot_id` is who we are in the workspace; without it auth.test is asked when it is first needed."""

    def __init__(self, client: AsyncWebClient, bot_id: str = "", data_blocks: DataBlocks | None = None) -> None:
        if client.retry_handlers:
            raise ValueError("The client that posts must have retry_handlers=[].")
        self._call = Method(client)
        self._data_blocks = data_blocks or DataBlocks()
        self._history = History(client, bot_id)

    async def post(
        self,
        channel_id: str,
        text: str,
        blocks: Blocks,
        *,
        key: str,
        event: Event = NO_EVENT,
        thread_ts: str | None = None,
        broadcast: bool = False,
        timeout_s: float = TIMEOUT_S,
    ) -> Outcome:
        """A new message, or a reply in the thread of `thread_ts`, with `key` and `event` in its metadata; with
        `broadcast` the reply shows in the channel too. `channel_id` may be a person's: then it is a direct message.
        Raises nothing.

        Slack posts a reply to a deleted message at top level, and only its answer shows that: such a reply is deleted
        at once, and counts as refused for want of its thread. A broadcast may stay there.
        """
        where: dict[str, Any] = {"channel": channel_id, "unfurl_links": False, "unfurl_media": False}
        if thread_ts is not None:
            where["thread_ts"] = thread_ts
            if broadcast:
                where["reply_broadcast"] = True
        outcome = await self._send("chat.postMessage", where, text, blocks, {"key": key, **event}, timeout_s)
        if thread_ts is None or broadcast or not isinstance(outcome, Sent) or outcome.thread_ts:
            return outcome
        return Refused(NO_THREAD) if await self.withdraw(channel_id, outcome.ts) else Unconfirmed("outside its thread")

    async def edit(
        self,
        channel_id: str,
        ts: str,
        text: str,
        blocks: Blocks,
        *,
        key: str,
        event: Event = NO_EVENT,
        timeout_s: float = TIMEOUT_S,
    ) -> Outcome:
        """Make our message at `ts`, posted with `key`, say this, and have this `event`. Twice is as good as
        once. Raises nothing. Gone is certain: where Slack doesn't find the message it is looked for."""
        where = {"channel": channel_id, "ts": ts}
        outcome = await self._send("chat.update", where, text, blocks, {"key": key, **event}, timeout_s)
        if outcome == Refused("message_not_found"):
            try:
                return outcome if await self._history.there(channel_id, ts) else MessageGone()
            except Unreadable as error:
                log.info("message_unseen", channel=channel_id, cause=error.cause)
        return outcome

    async def find(self, channel_id: str, key: str, *, oldest_ms: int, thread_ts: str | None = None) -> Found | None:
        """Our message with this key, posted after `oldest_ms`, in the channel or a thread of it. None: it isn't there.
        Raises Unreadable."""
        return await self._history.find(channel_id, key, oldest_ms=oldest_ms, thread_ts=thread_ts)

    async def withdraw(self, channel_id: str, ts: str, *, timeout_s: float = TIMEOUT_S) -> bool:
        """Delete a message of ours; whether it is certainly gone. Raises nothing."""
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._call("chat.delete", {"channel": channel_id, "ts": ts})
        except Exception as error:
            log.warning("not_withdrawn", channel=channel_id, cause=judge(error).__class__.__name__)
            return False
        gone = (answer.status == 200 and not answer.code) or answer.code == "message_not_found"
        if not gone:
            log.warning("not_withdrawn", channel=channel_id, cause=answer.cause)
        return gone

    async def _send(
        self, method: str, where: Mapping[str, Any], text: str, blocks: Blocks, event: Event, timeout_s: float
    ) -> Outcome:
        """Send it, leaving out of the blocks what Slack refuses, in the end all of them, within the same time."""
        if method == "chat.update":
            text = text[:UPDATE_TEXT_CHARS]
        if found := oversized(blocks, text):  # a defect; people still get the text
            log.error("invalid_blocks", problems=len(found), first=found[0])
            text, blocks = text[:MESSAGE_TEXT_CHARS], ()
        metadata = {"event_type": EVENT_TYPE, "event_payload": event}
        message = {**where, "text": text, "metadata": metadata}
        try:
            async with asyncio.timeout(timeout_s):
                return await self._data_blocks.fit(
                    blocks, lambda form: self._try(method, message, form), lambda refused: refused.code in BAD_BLOCKS
                )
        except TimeoutError:
            return Unconfirmed("TimeoutError")

    async def _try(self, method: str, message: Mapping[str, Any], blocks: Blocks) -> Outcome:
        """Blocks are given always, also none: then nobody has to know what an edit without them keeps."""
        try:
            answer = await self._call(method, {**message, "blocks": blocks})
        except Exception as error:
            return judge(error)
        self._history.note(answer.headers)
        return Sent(answer.ts, answer.thread_ts) if answer.ts else weigh(answer)
