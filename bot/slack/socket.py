"""Socket Mode: the connection that Slack reaches the bot over."""

from __future__ import annotations

import time
from functools import partial

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot import log, metrics
from bot.slack.insist import insist


class Socket:
    """One connection, which the SDK renews by itself. `app_token` is an app-level token with connections:write."""

    def __init__(self, slack: AsyncApp, app_token: str, api_url: str, http: aiohttp.ClientSession) -> None:
        self._client = AsyncWebClient(token=app_token, base_url=api_url, session=http, timeout=8)
        self._app_token = app_token
        self._handler = _Handler(slack, app_token, web_client=self._client)

    @property
    def open(self) -> bool:
        session = self._handler.client.current_session
        return session is not None and not session.closed

    async def connect(self) -> None:
        """Raises ConfigError where Slack refuses the token: asked first, as the SDK's own connect tries for ever."""
        call = partial(self._client.apps_connections_open, app_token=self._app_token)
        await insist(call, "SLACK_APP_TOKEN", self._client.base_url)
        await self._handler.client.connect()

    async def close(self) -> None:
        await self._handler.client.close()


class _Handler(AsyncSocketModeHandler):
    """Bolt's, which also counts."""

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        began, began_s = time.perf_counter(), time.time()
        log.new_reference()
        answer = await run_async_bolt_app(self.app, req)
        await send_async_response(client, req, answer, began_s)
        metrics.acks.labels(str(answer.status)).observe(time.perf_counter() - began)
