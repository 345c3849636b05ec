"""`GET /metrics`: this process's counts and the database's current values, behind a bearer token if one is set."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler

from bot import metrics
from bot.web.ready import Health
from bot.web.single_flight import SingleFlight


def scraped(health: Health, token: str) -> Handler:
    """Return the handler. `token`: the required bearer token, "" for none."""
    flight = SingleFlight[Mapping[str, float] | None](health.stored, None)

    async def get(request: web.Request) -> web.Response:
        if token and not _authorized(request, token):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        stored = await flight.get()
        metrics.ready.set(not health.not_ready())
        metrics.tasks.set(len(asyncio.all_tasks()))
        return web.Response(body=metrics.exposition(stored), headers={"Content-Type": metrics.CONTENT_TYPE})

    return get


def _authorized(request: web.Request, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    same = hmac.compare_digest(given.strip().encode(errors="surrogateescape"), token.encode())
    return same and scheme.lower() == "bearer"
