"""`POST /100ms/webhook`: events of 100ms, which name sessions to look at.

100ms sends an event again unless the answer is exactly 200 (how-to-guides/configure-webhooks/overview), so that is the
answer to all that is well formed, known or not. It waits for nothing.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from aiohttp import web

from bot import metrics
from bot.tracking.hooks import Hooks
from bot.web.connections import mark_authenticated
from bot.web.rejections import Rejections

PATH = "/100ms/webhook"
HEADER = "X-Sessions-Secret"
BODY_BYTES = 256 * 1024
"""The longest body; 100ms sends a few kilobytes."""


class WebhookDoor:
    """Takes the events of accounts, each known by its secret."""

    def __init__(self, accounts: Mapping[str, Hooks]) -> None:
        self._accounts = accounts
        self._rejections = Rejections()

    def admit(self, request: web.Request) -> int:
        """Return the bytes that a body may have, before any of it is read. Raises HTTPUnauthorized without an account's
        secret, and HTTPRequestEntityTooLarge."""
        if self._hooks(request) is None:
            self._rejections.note("webhook")
            metrics.webhooks.labels("secret").inc()
            raise web.HTTPUnauthorized
        mark_authenticated(request)
        if (request.content_length or 0) > BODY_BYTES:
            metrics.webhooks.labels("too_long").inc()
            raise web.HTTPRequestEntityTooLarge(BODY_BYTES)
        return BODY_BYTES

    async def take(self, request: web.Request) -> web.Response:
        """Answer a request that was admitted."""
        if not (request.content_type == "application/json" or request.content_type.endswith("+json")):
            metrics.webhooks.labels("type").inc()
            return web.Response(status=415)
        event = read_event(await request.read())
        hooks = self._hooks(request)
        if event is None or hooks is None:
            metrics.webhooks.labels("json").inc()
            return web.Response(status=400)
        metrics.webhooks.labels(hooks.take(event)).inc()
        return web.Response()

    def _hooks(self, request: web.Request) -> Hooks | None:
        """Return the hooks of the account whose secret the request has, which must be its only one."""
        given = request.headers.getall(HEADER, [])
        if len(given) != 1:
            return None
        secret = given[0].encode(errors="surrogateescape")
        same = [hooks for own, hooks in self._accounts.items() if hmac.compare_digest(own.encode(), secret)]
        return same[0] if same else None


def read_event(body: bytes) -> Mapping[str, Any] | None:
    """Return the JSON object that a body is, None for anything else."""
    try:
        event = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):  # not JSON, not UTF-8, a number of too many digits; too deep
        return None
    return event if isinstance(event, dict) else None


def _no_number(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads and JSON doesn't have."""
    raise ValueError(name)
