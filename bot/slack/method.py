"""One request to a method of Slack's Web API that changes something, over aiohttp alone.

Through slack_sdk's client such a request costs twice as much, for kinds of arguments and answers that ours don't have.
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
import msgspec
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.responses import ApiResponse


class _Message(msgspec.Struct):
    """Of the message as it was posted, what tells where it stands."""

    thread_ts: str = ""


class _Body(msgspec.Struct):
    """Of Slack's JSON, what we ask for."""

    ok: bool
    ts: str = ""
    error: str = ""
    message: _Message = msgspec.field(default_factory=_Message)


_body = msgspec.json.Decoder(_Body)
_NO_LIMIT = aiohttp.ClientTimeout()


class Method:
    """Sends nothing twice by itself. The address, the token and the way there are those of `client`, whose `session`
    must be set: ValueError where it isn't."""

    def __init__(self, client: AsyncWebClient) -> None:
        if client.session is None:
            raise ValueError("The client that posts must have a session.")
        self.http = client.session
        self._base_url = client.base_url
        self._ssl = client.ssl or True
        self._headers = {
            **client.headers,
            "Authorization": f"Bearer {client.token}",
            "Content-Type": "application/json; charset=utf-8",
        }

    async def __call__(self, name: str, arguments: Mapping[str, object]) -> ApiResponse:
        """Without a limit of time, which is the caller's. Raises aiohttp's errors."""
        async with self.http.post(
            self._base_url + name,
            data=msgspec.json.encode(arguments),
            headers=self._headers,
            ssl=self._ssl,
            timeout=_NO_LIMIT,
        ) as response:
            read = await response.read()
        try:
            body = _body.decode(read)
        except (msgspec.DecodeError, UnicodeDecodeError):
            body = _Body(ok=False)
        if body.ok:
            ts = body.ts if response.status == 200 else ""
            return ApiResponse(response.status, "", response.headers, ts, body.message.thread_ts)
        return ApiResponse(response.status, body.error, response.headers)
