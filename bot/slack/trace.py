"""Counting the requests to Slack, whoever makes them."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp
from yarl import URL

from bot import metrics


def trace(api_url: str, hear: Callable[[str], None]) -> aiohttp.TraceConfig:
    """For a session: each request counts under its method of the Web API at `api_url`, the handshake of a websocket as
    `socket`, and any other as a response_url. Paths of these two are secrets. `hear` is told the Date of each answer of
    the Web API."""
    base = URL(api_url)

    def name(url: URL) -> str:
        if url.parent == base:
            return url.name
        return "socket" if url.scheme in ("ws", "wss") else "response_url"

    def count(url: URL, ctx: SimpleNamespace, status: str) -> None:
        metrics.slack_requests.labels(name(url), status).observe(time.perf_counter() - ctx.began)
        if status == "429":
            metrics.rate_limited.labels("slack").inc()

    async def start(_: aiohttp.ClientSession, ctx: SimpleNamespace, __: aiohttp.TraceRequestStartParams) -> None:
        ctx.began = time.perf_counter()

    async def end(_: aiohttp.ClientSession, ctx: SimpleNamespace, done: aiohttp.TraceRequestEndParams) -> None:
        count(done.url, ctx, str(done.response.status))
        if done.url.parent == base:
            hear(done.response.headers.get("Date", ""))

    async def fail(_: aiohttp.ClientSession, ctx: SimpleNamespace, failed: aiohttp.TraceRequestExceptionParams) -> None:
        count(failed.url, ctx, type(failed.exception).__name__)

    config = aiohttp.TraceConfig()
    config.on_request_start.append(start)
    config.on_request_end.append(end)
    config.on_request_exception.append(fail)
    return config
