"""`GET /metrics`: what this process has counted, and what the database says at that moment; for all, or for who has the
token."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from bot import metrics
from bot.web.single_flight import SingleFlight

Stored = Mapping[str, float]


class Metrics:
    """`stored` gives a value for each of `metrics.STORED`, or raises BotError. `not_ready` as for `application`.
    `token` is what has to be brought, if it isn't ""."""

    def __init__(self, stored: Callable[[], Awaitable[Stored]], not_ready: Callable[[], str], token: str = "") -> None:
        self._stored = SingleFlight[Stored | None](stored, None)
        self._not_ready = not_ready
        self._token = token

    async def get(self, request: web.Request) -> web.Response:
        if self._token and not self._brought(request):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        stored = await self._stored.get()
        metrics.ready.set(not self._not_ready())
        metrics.tasks.set(len(asyncio.all_tasks()))
        body = metrics.exposition(stored)
        return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})

    def _brought(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        brought, own = token.strip().encode(errors="surrogateescape"), self._token.encode()
        return hmac.compare_digest(brought, own) and scheme.lower() == "bearer"
