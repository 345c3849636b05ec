"""One websocket of Socket Mode, read from its hello to its end. docs.slack.dev/apis/events-api/using-socket-mode"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import aiohttp
from aiohttp import WSMsgType

from bot import log

ACK_S = 3.0
"""Slack waits so long for an acknowledgement; one that is being sent isn't waited for longer either."""

Envelope = dict[str, Any]


class SocketConnection:
    """`hello` is done once Slack has said so, `over` once another connection is wanted in its place, with the reason:
    what Slack says when it asks us to leave, or how the connection failed. What Slack sends meanwhile is taken all the
    same. `take` says whether an envelope is to be acknowledged."""

    def __init__(
        self, websocket: aiohttp.ClientWebSocketResponse, take: Callable[[Envelope], Awaitable[bool]], silence_s: float
    ) -> None:
        loop = asyncio.get_running_loop()
        self.hello: asyncio.Future[None] = loop.create_future()
        self.over: asyncio.Future[str] = loop.create_future()
        self._websocket = websocket
        self._take = take
        self._silence_s = silence_s
        self._at_hand = asyncio.Lock()
        self._left = False
        self._reading = asyncio.create_task(self._read())

    @property
    def open(self) -> bool:
        return self.hello.done() and not self._reading.done()

    async def close(self, after_s: float = 0.0) -> None:
        """Leave, or see Slack close it within `after_s`. What is at hand is acknowledged first; no more is taken."""
        await asyncio.wait([self._reading], timeout=after_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(ACK_S):
                async with self._at_hand:
                    self._left = True
                await self._websocket.close()
        self._reading.cancel()
        await asyncio.wait([self._reading])

    async def _read(self) -> None:
        reason = "closed"
        try:
            async with asyncio.timeout(self._silence_s) as silence:
                async for message in self._websocket:
                    if message.type is not WSMsgType.PONG:  # that says that a machine is there, not that Slack is
                        silence.reschedule(asyncio.get_running_loop().time() + self._silence_s)
                    if message.type is WSMsgType.PING:
                        await self._websocket.pong(message.data)
                    elif message.type is WSMsgType.TEXT:
                        await self._heard(message.data)
        except TimeoutError:
            reason = "silent"
        except (aiohttp.ClientError, OSError) as error:
            reason = type(error).__name__
        finally:
            self._end(reason)

    async def _heard(self, text: str) -> None:
        try:
            message = json.loads(text)
            kind = message.get("type")
        except (ValueError, AttributeError):
            log.warning("envelope_unreadable")
            return
        if kind == "hello":
            if not self.hello.done():
                self.hello.set_result(None)
        elif kind == "disconnect":
            self._end(str(message.get("reason")))
        elif message.get("envelope_id"):
            async with self._at_hand:
                if not self._left and await self._take(message):
                    await self._websocket.send_json({"envelope_id": message["envelope_id"]})

    def _end(self, reason: str) -> None:
        if not self.over.done():
            self.over.set_result(reason)
