"""Socket Mode: the connections that Slack reaches the bot over.

They are our own, as the SDK's client closes a connection before it opens the next one, and what Slack sends in between
is lost; it also acknowledges on the new connection what came over the old one (slack_sdk/socket_mode/aiohttp).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import log, metrics
from bot.net.retry_budget import RetryBudget
from bot.slack.connection import Envelope, SocketConnection
from bot.slack.responses import read
from bot.slack.retry_until_ready import REFUSED, retry_until_ready
from bot.slack.work import keep

OFF = "link_disabled"
"""Slack's word for Socket Mode that was switched off in the app's settings."""
WAITS = RetryBudget(first_wait_s=1.0, longest_wait_s=60.0)
CLOSING = aiohttp.ClientWSTimeout(ws_close=2.0)
"""Seconds that Slack may take to answer our close."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. A connection has `hello_s` for its hello. It is asked for a sign of life every `heartbeat_s`, half of
    which the answer may take, and is given up when Slack itself has sent nothing for `silence_s`, as the Node SDK does.
    One that was replaced is read for `linger_s` more: Slack warns 10 seconds ahead. One that didn't last `steady_s`
    counts as a failure, after which `waits` says how long to wait. The second one is replaced after `stagger_s`, so
    that Slack doesn't ask both to leave at the same time."""

    hello_s: float = 10.0
    heartbeat_s: float = 10.0
    silence_s: float = 30.0
    linger_s: float = 15.0
    steady_s: float = 60.0
    stagger_s: float = 1_800.0
    waits: RetryBudget = WAITS


TIMES = Times()


class Socket:
    """Two connections, each replaced before it is let go. `app_token` is an app-level token with connections:write."""

    def __init__(
        self,
        slack: AsyncApp,
        app_token: str,
        api_url: str,
        http: aiohttp.ClientSession,
        times: Times = TIMES,
    ) -> None:
        self._slack = slack
        self._client = AsyncWebClient(token=app_token, base_url=api_url, session=http, timeout=8)
        self._client.proxy = None  # the session has one, where there is one
        self._http = http
        self._times = times
        self._connections: set[SocketConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._told = ""  # what a person has to mend, once that is logged
        self._asking = asyncio.Lock()
        self._rest_until = 0.0  # in the time of the event loop

    @property
    def open(self) -> int:
        """Return the number of open connections."""
        return sum(each.open for each in self._connections)

    async def connect(self) -> None:
        """Raises ConfigError where Slack refuses the token."""
        url = await retry_until_ready(self._address, "SLACK_APP_TOKEN", self._client.base_url)
        keep(self._stay_open(url=url), self._tasks)
        keep(self._stay_open(life_s=self._times.stagger_s), self._tasks)

    async def close(self) -> None:
        """Take no more: Slack sends what is not acknowledged to another process, or tells the person."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await asyncio.gather(*(each.close() for each in self._connections))

    async def _stay_open(self, *, url: str = "", life_s: float | None = None) -> None:
        """One connection for ever, and two for a moment: the next is open before the last one goes."""
        last: SocketConnection | None = None
        failures, reason = 0, "start"
        while True:
            try:
                connection = await self._open(url)
            except _NotOpen as error:
                url, failures = "", failures + 1
                wait_s = self._times.waits.wait_s(failures, error.retry_after_s)
                self._note(str(error), wait_s)
                await asyncio.sleep(wait_s)
                continue
            url, self._told = "", ""
            log.info("socket_open", reason=reason)
            if last is not None:
                keep(self._leave(last), self._tasks)
            began = asyncio.get_running_loop().time()
            await asyncio.wait([connection.over], timeout=life_s)
            reason = connection.over.result() if connection.over.done() else "stagger"
            last, life_s = connection, None
            if reason == OFF:
                self._note(OFF)
            lasted = asyncio.get_running_loop().time() - began >= self._times.steady_s
            failures = 0 if lasted else failures + 1
            if failures:
                await asyncio.sleep(self._times.waits.wait_s(failures, None))

    async def _open(self, url: str) -> SocketConnection:
        """A connection that has said hello. Raises _NotOpen."""
        try:
            url = url or await self._address()
            async with asyncio.timeout(self._times.hello_s):
                websocket = await self._http.ws_connect(
                    url,
                    autoping=False,
                    heartbeat=self._times.heartbeat_s,
                    timeout=CLOSING,
                    ssl=self._client.ssl or True,
                )
        except SlackApiError as error:
            said = read(error)
            raise _NotOpen(said.cause, said.retry_after_s) from None
        except Exception as error:  # whatever it is, it is tried again
            raise _NotOpen(type(error).__name__) from None
        connection = SocketConnection(websocket, self._take, self._times.silence_s)
        self._connections.add(connection)
        waiting: list[asyncio.Future[Any]] = [connection.hello, connection.over]
        await asyncio.wait(waiting, timeout=self._times.hello_s, return_when=asyncio.FIRST_COMPLETED)
        if connection.hello.done():
            return connection
        keep(self._leave(connection, at_once=True), self._tasks)
        raise _NotOpen(connection.over.result() if connection.over.done() else "no hello")

    async def _leave(self, connection: SocketConnection, *, at_once: bool = False) -> None:
        await connection.close(0.0 if at_once else self._times.linger_s)
        self._connections.discard(connection)

    async def _address(self) -> str:
        """One at a time, as Slack's wish to wait holds for both connections."""
        clock = asyncio.get_running_loop().time
        async with self._asking:
            await asyncio.sleep(self._rest_until - clock())
            try:
                return str((await self._client.apps_connections_open(app_token=str(self._client.token)))["url"])
            except SlackApiError as error:
                self._rest_until = clock() + (read(error).retry_after_s or 0.0)
                raise

    async def _take(self, envelope: Envelope) -> bool:
        began, status = time.perf_counter(), 400
        log.new_reference()
        try:
            request = AsyncBoltRequest(mode="socket_mode", body=envelope["payload"])
            status = (await self._slack.async_dispatch(request)).status
            return status == 200
        except Exception:  # Bolt expects parts of a payload to be there, and sent again they aren't either
            log.error("unreadable_request", exc_info=True)
            return True
        finally:
            metrics.acks.labels(str(status)).observe(time.perf_counter() - began)

    def _note(self, cause: str, wait_s: float = 0.0) -> None:
        if cause != OFF and cause not in REFUSED:
            log.warning("socket_failed", cause=cause, wait_s=round(wait_s, 1))
        elif self._told != cause:
            self._told = cause
            log.error("socket_mode_off" if cause == OFF else "app_token_refused", cause=cause)


class _NotOpen(Exception):
    def __init__(self, cause: str, retry_after_s: float | None = None) -> None:
        super().__init__(cause)
        self.retry_after_s = retry_after_s
