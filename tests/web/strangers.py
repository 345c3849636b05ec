"""People who aren't Slack, and knock."""

from __future__ import annotations

import asyncio

from bot.demo.fake_slack import FakeSlack


def asking(line: str, *headers: str, body: str = "") -> str:
    """Write an HTTP request; its body may be another than its headers say."""
    return "\r\n".join([f"{line} HTTP/1.1", "Host: bot", *headers, "", body])


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


async def answer_to(url: str, text: str) -> str:
    return await (await Stranger.of(url, text)).answer()


async def health(url: str, path: str) -> str:
    return (await answer_to(url, asking(f"GET {path}", "Connection: close"))).partition("\r\n\r\n")[2]


async def assert_slack_gets_through(slack: FakeSlack) -> None:
    assert (await slack.command("help")).status == 200
    assert "Filters" in (await slack.reply()).plain
