"""Who isn't Slack, and knocks."""

from __future__ import annotations

import asyncio


class Stranger:
    """A bare connection to the bot."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def of(cls, url: str, text: str = "") -> Stranger:
        stranger = cls(*await asyncio.open_connection(*url.removeprefix("http://").split(":")))
        stranger.writer.write(text.encode())
        return stranger

    async def answer(self, within_s: float = 5.0) -> str:
        """All that comes until the bot closes the connection."""
        try:
            async with asyncio.timeout(within_s):
                return (await self.reader.read()).decode()
        except ConnectionError:
            return ""
        finally:
            self.writer.close()


async def health(url: str, path: str) -> str:
    stranger = await Stranger.of(url, f"GET {path} HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n")
    return (await stranger.answer()).partition("\r\n\r\n")[2]
