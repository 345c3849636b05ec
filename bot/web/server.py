"""`POST /slack/events` and `GET /healthz`, `/readyz`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bot import log

BODY_BYTES = 1024**2
"""Slack's own requests stay far below this."""


def application(
    slack: AsyncApp | None, signing_secret: str, not_ready: Callable[[], str], note: Callable[[], Awaitable[str]]
) -> web.Application:
    """`slack` takes the events path, where the mode has one. `not_ready` is "" or says what is still missing; `note` is
    "" or says what doesn't work though people can be answered."""
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
    return app


def _events(slack: AsyncApp, signature: SignatureVerifier) -> Handler:
    async def events(request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode(errors="replace")  # Slack sends UTF-8
        if not _is_slacks(signature, body, dict(request.headers)):
            return web.Response(status=401)
        try:
            return await to_aiohttp_response(await slack.async_dispatch(await to_bolt_request(request)))
        except web.HTTPException:
            raise
        except Exception:  # Bolt expects parts of a body to be there
            log.error("unreadable_request", exc_info=True)
            return web.Response(status=400)

    return events


def _is_slacks(signature: SignatureVerifier, body: str, headers: dict[str, str]) -> bool:
    """Bolt checks it too, but what fails there before it is sure is answered as if it were Slack's."""
    try:
        return signature.is_valid_request(body, headers)
    except (ValueError, OverflowError, TypeError):  # no number, one too large, or a signature that isn't ASCII
        return False
