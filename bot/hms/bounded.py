"""Bounds the bodies of 100ms's answers while they are read, so that none fills the memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

from bot.errors import HmsBadReply

BODY_BYTES = 128 * 1024**2
"""Maximum bytes on the wire. The largest page, 100 sessions of a thousand people each, has about 70 MB."""


async def bound(response: httpx.Response) -> None:
    """Hook for httpx, before a body is read: reading a longer one raises HmsBadReply."""
    if isinstance(response.stream, httpx.AsyncByteStream):
        response.stream = _Bounded(response.stream)


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = BODY_BYTES
        async for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise HmsBadReply("100ms sent an answer that is longer than any I know.", cause="the body is too long")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
