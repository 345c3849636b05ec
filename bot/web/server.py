"""`POST /slack/events` and `GET /healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bot import log, metrics
from bot.web.metrics import Metrics, Stored

BODY_BYTES = 1024**2
"""Slack's own requests stay far below this."""


def application(
    slack: AsyncApp | None,
    signing_secret: str,
    not_ready: Callable[[], str],
    note: Callable[[], Awaitable[str]],
    stored: Callable[[], Awaitable[Stored]],
) -> web.Application:
    """`slack` takes the events path, where the mode has one. `not_ready` is "" or says what is still missing; `note` is
    "" or says what doesn't work though people can be answered; `stored` as for `Metrics`."""
    app = web.Application(client_max_size=BODY_BYTES)
    if slack is not None:
        app.router.add_post("/slack/events", _events(slack, SignatureVerifier(signing_secret)))

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        if missing := not_ready():
            return web.Response(text=f"{missing}\n", status=503)
        return web.Response(text="\n".join(filter(None, ("ready", await note()))) + "\n")

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", Metrics(stored).get)
    return app


def _events(slack: AsyncApp, signature: SignatureVerifier) -> Handler:
    async def events(request: web.Request) -> web.StreamResponse:
        began = time.perf_counter()
        log.new_reference()
        response = await respond(request)
        if response.status == 401:
            log.info("request_refused")
        metrics.acks.labels(str(response.status)).observe(time.perf_counter() - began)
        return response

    async def respond(request: web.Request) -> web.StreamResponse:
        try:
            return await to_aiohttp_response(await slack.async_dispatch(await to_bolt_request(request)))
        except web.HTTPException:
            raise
        except Exception:  # Bolt reads parts of a body before it checks the signature, and expects them to be there
            body = (await request.read()).decode(errors="replace")  # Slack sends UTF-8
            if not signature.is_valid_request(body, dict(request.headers)):
                return web.Response(status=401)
            log.error("unreadable_request", exc_info=True)
            return web.Response(status=400)

    return events
