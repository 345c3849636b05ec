"""`GET /metrics`: what this process has counted, and what the database says at that moment; for all, or for who has the
token."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from bot import metrics
from bot.errors import BotError

WAIT_S = 2.0
"""So long the database has; Prometheus gives a scrape 10 seconds."""

Stored = Mapping[str, float]


class Metrics:
    """`stored` gives a value for each of `metrics.STORED`, or raises BotError. `not_ready` as for `application`.
    `token` is what has to be brought, if it isn't ""."""

    def __init__(self, stored: Callable[[], Awaitable[Stored]], not_ready: Callable[[], str], token: str = "") -> None:
        self._stored = stored
        self._not_ready = not_ready
        self._token = token
        self._reading: asyncio.Task[Stored | None] | None = None

    async def get(self, request: web.Request) -> web.Response:
        if self._token and not self._brought(request):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        stored = await self._in_time()
        metrics.ready.set(not self._not_ready())
        metrics.tasks.set(len(asyncio.all_tasks()))
        body = metrics.exposition(stored)
        return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})

    def _brought(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        brought, own = token.strip().encode(errors="surrogateescape"), self._token.encode()
        return hmac.compare_digest(brought, own) and scheme.lower() == "bearer"

    async def _in_time(self) -> Stored | None:
        """None where the database fails or takes too long. One that hangs is asked once, however often we are."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        reading = self._reading  # not cancelled when its time is over: a transaction can't be left in the middle
        done, _ = await asyncio.wait([reading], timeout=WAIT_S)
        return reading.result() if done else None

    async def _read(self) -> Stored | None:
        try:
            return await self._stored()
        except BotError:
            return None
        finally:
            self._reading = None
