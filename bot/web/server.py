"""`POST /slack/events` and `/100ms/webhook`; `GET /healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping

from aiohttp import web
from aiohttp.typedefs import Handler
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bot import log, metrics
from bot.health.judge import SLACK_SKEW_S
from bot.tracking.hooks import Hooks
from bot.web.connections import Bounds, bounded, finish_response, mark_authenticated
from bot.web.ready import Health
from bot.web.rejections import Rejections
from bot.web.scrape import scraped
from bot.web.single_flight import SingleFlight
from bot.web.webhook import PATH, WebhookDoor

SILENT = "alerts wait: the database doesn't answer"


def application(
    slack: AsyncApp | None,
    signing_secret: str,
    metrics_token: str,
    health: Health,
    bounds: Bounds,
    now_s: Callable[[], float] = time.time,
    hooks: Mapping[str, Hooks] = {},
) -> web.Application:
    """Build the web application. `slack` handles the events path, if the mode has one. `now_s`: Slack's time, by which
    it dates its requests. `hooks`: those of each account with a secret for 100ms's webhooks, by it."""
    notes = SingleFlight(health.note, SILENT)
    door = WebhookDoor(hooks)
    app = web.Application(client_max_size=bounds.body_bytes, middlewares=[bounded(bounds, {door.take: door.admit})])
    app.on_response_prepare.append(finish_response)
    if slack is not None:
        app.router.add_post("/slack/events", _events(slack, SignatureVerifier(signing_secret), now_s))

    if hooks:
        app.router.add_post(PATH, door.take)

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        if missing := health.not_ready():
            return web.Response(text=f"{missing}\n", status=503)
        return web.Response(text="\n".join(filter(None, ("ready", await notes.get()))) + "\n")

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", scraped(health, metrics_token))
    return app


def _events(slack: AsyncApp, verifier: SignatureVerifier, now_s: Callable[[], float]) -> Handler:
    rejections = Rejections()

    async def events(request: web.Request) -> web.StreamResponse:
        began = time.perf_counter()
        log.new_reference()
        off_s = _signed_off_s(request, await request.read(), verifier, now_s())
        if off_s is None or abs(off_s) > SLACK_SKEW_S:
            rejections.note("signature" if off_s is None else "clock", off_s)
            return web.Response(status=401)
        mark_authenticated(request)
        try:
            response = await to_aiohttp_response(await slack.async_dispatch(await to_bolt_request(request)))
        except web.HTTPException:
            raise
        except Exception:  # Bolt fails on an incomplete body
            log.error("unreadable_request", exc_info=True)
            response = web.Response(status=400)
        metrics.acks.labels(str(response.status)).observe(time.perf_counter() - began)
        return response

    return events


def _signed_off_s(request: web.Request, body: bytes, verifier: SignatureVerifier, now_s: float) -> float | None:
    """Return the seconds by which our clock is ahead of the request's date; None for a bad signature. Checked before
    Bolt, which treats a malformed time as an internal error and reports it to the sender's response_url."""
    stamps = request.headers.getall("X-Slack-Request-Timestamp", [])
    signatures = request.headers.getall("X-Slack-Signature", [])
    try:
        if len(stamps) != 1 or len(signatures) != 1:
            return None
        expected = verifier.generate_signature(timestamp=stamps[0], body=body) or ""
        return now_s - int(stamps[0]) if hmac.compare_digest(expected, signatures[0]) else None
    except (ValueError, TypeError, OverflowError):  # not a number, not UTF-8, not ASCII, too big
        return None
