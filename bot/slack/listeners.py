"""One registration of listeners for HTTP and Socket Mode.

Each listener only acknowledges and starts the work: with `process_before_response` Bolt answers when the listener
returns, without the 10 ms that it otherwise polls for the acknowledgement (slack_bolt/listener/asyncio_runner.py).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cachetools import TTLCache
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse

from bot import log
from bot.blockkit.help import COMMAND
from bot.errors import StaleButton
from bot.query.times import ms
from bot.slack import buttons, events
from bot.slack.once import KEPT_MS, begun_before, sent_as
from bot.slack.request import Bot, Request, answer
from bot.slack.run import run

REMEMBERED = 10_000


def register(app: AsyncApp, bot: Bot) -> None:
    """Bind every listener. What no listener takes is acknowledged, logged, and answered where there is a way to. What
    was here before is acknowledged and no more: Slack sends again what it saw no acknowledgement of."""
    heard: TTLCache[str, bool] = TTLCache(REMEMBERED, KEPT_MS / 1000)

    @app.middleware
    async def once(body: dict[str, Any], next_: Callable[[], Awaitable[None]]) -> BoltResponse | None:
        sent = sent_as(body)
        if sent in heard:
            log.info("repeated", kind=_kind(body))
            return BoltResponse(status=200, body="")
        if sent:
            heard[sent] = True
        await next_()
        return None

    @app.command(COMMAND)
    async def on_command(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        request = Request.of(bot, body)
        bot.work.start(answer(request, "command", run(request, str(body.get("text") or ""))))

    @app.action(re.compile(".*", re.DOTALL))
    async def on_action(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        for number, action in enumerate(body.get("actions") or ()):
            request = Request.of(bot, body, number)
            bot.work.start(answer(request, "action", buttons.press(request, action)))

    async def on_event(body: dict[str, Any]) -> None:
        bot.work.start(hear(body))

    async def hear(body: dict[str, Any]) -> None:
        try:
            if not await begun_before(bot.store, bot.team_id(), sent_as(body), ms(bot.clock())):
                await events.heard(bot, body)
        except Exception as error:
            log.error("event_failed", kind=_kind(body), cause=type(error).__name__, exc_info=True)

    for name in events.EVENTS:
        app.event(name)(on_event)

    @app.error
    async def on_error(error: Exception, body: dict[str, Any]) -> BoltResponse:
        unknown = isinstance(error, BoltUnhandledRequestError)
        log.warning("unhandled" if unknown else "listener_failed", kind=_kind(body), cause=type(error).__name__)
        if body.get("response_url"):
            request = Request.of(bot, body)
            cause = StaleButton() if unknown else error
            bot.work.start(answer(request, "unhandled", _raise(cause)))
        return BoltResponse(status=200, body="")


async def _raise(error: Exception) -> None:
    raise error


def _kind(body: Mapping[str, Any]) -> str:
    event = body.get("event") or {}
    return str(event.get("type") or body.get("command") or body.get("type") or "unknown")
