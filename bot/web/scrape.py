"""`GET /metrics`: this process's counts and the database's current values, behind a bearer token if one is set."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from bot import metrics
from bot.web.single_flight import SingleFlight

Stored = Mapping[str, float]


class Metrics:
    """`stored` returns a value for each of `metrics.STORED`, or raises BotError. `not_ready` as for `application`.
    `token`: the required bearer token, "" for none."""

    def __init__(self, stored: Callable[[], Awaitable[Stored]], not_ready: Callable[[], str], token: str = "") -> None:
        self._stored = SingleFlight[Stored | None](stored, None)
        self._not_ready = not_ready
        self._token = token

    async def get(self, request: web.Request) -> web.Response:
        if self._token and not self._authorized(request):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        stored = await self._stored.get()
        metrics.ready.set(not self._not_ready())
        metrics.tasks.set(len(asyncio.all_tasks()))
        body = metrics.exposition(stored)
        return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})

    def _authorized(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given, own = token.strip().encode(errors="surrogateescape"), self._token.encode()
        return hmac.compare_digest(given, own) and scheme.lower() == "bearer"
