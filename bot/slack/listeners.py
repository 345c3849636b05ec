"""One registration of listeners for HTTP and Socket Mode.

Each listener only acknowledges and starts the work: with `process_before_response` Bolt answers when the listener
returns, without the 10 ms that it otherwise polls for the acknowledgement (slack_bolt/listener/asyncio_runner.py).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from cachetools import TTLCache
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot import log
from bot.blockkit.help import COMMAND
from bot.errors import StaleButton, said_for
from bot.query.filters import LIST
from bot.query.times import ms
from bot.slack.access import permit
from bot.slack.once import KEPT_MS, begun_before, sent_as
from bot.slack.registry import Callback, Payload
from bot.slack.request import Bot, Request, answer
from bot.slack.run import run

REMEMBERED = 10_000
ANY = re.compile(".*", re.DOTALL)
ANSWERED: Mapping[str, Literal["button", "form", "shortcut"]] = {
    "block_actions": "button", "message_action": "shortcut", "shortcut": "shortcut", "view_submission": "form",
}  # fmt: skip
"""Interactions that somebody waits for an answer to, also without a response_url, by the type of its payload."""


def bolt(client: AsyncWebClient, authorize: Callable[..., Awaitable[AuthorizeResult]]) -> AsyncApp:
    """Bolt without listeners yet."""
    return AsyncApp(
        name="sessions-bot",  # else it reads the source of every caller for one, which takes 0.1 s
        client=client,
        request_verification_enabled=False,  # web.server has done that
        authorize=authorize,
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        logger=logging.getLogger("slack_bolt"),  # its own would ignore the level that `log` sets
    )


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

    @app.middleware
    async def readable(body: dict[str, Any], next_: Callable[[], Awaitable[None]]) -> None:
        if not _is_readable(body):
            raise StaleButton()  # before Bolt looks for a listener, which fails on it
        await next_()

    @app.command(COMMAND)
    async def on_command(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        request = Request.of(bot, body)
        bot.work.start(answer(request, "command", run(request, str(body.get("text") or ""))))

    @app.action(ANY)
    async def on_action(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        for number, action in enumerate(body["actions"]):
            request = Request.of(bot, body, number)
            bot.work.start(answer(request, "action", press(request, action)))

    @app.view(ANY)
    async def on_view(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        request = Request.of(bot, body)
        bot.work.start(answer(request, "view", call_back(request, "form", bot.registry.views, body["view"])))

    @app.shortcut(ANY)
    async def on_shortcut(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        request = Request.of(bot, body)
        bot.work.start(answer(request, "shortcut", call_back(request, "shortcut", bot.registry.shortcuts, body)))

    async def on_event(body: dict[str, Any]) -> None:
        bot.work.start(hear(body))

    async def hear(body: dict[str, Any]) -> None:
        try:
            await act_on(bot, body)
        except Exception as error:
            log.error("event_failed", kind=_kind(body), cause=type(error).__name__, exc_info=True)

    for name in bot.registry.events:
        app.event(name)(on_event)

    @app.error
    async def on_error(error: Exception, body: dict[str, Any]) -> BoltResponse:
        unknown = isinstance(error, BoltUnhandledRequestError | StaleButton)
        log.warning("unhandled" if unknown else "listener_failed", kind=_kind(body), cause=type(error).__name__)
        kind = ANSWERED.get(str(body.get("type")))
        if body.get("response_url") or kind:
            request = Request.of(bot, body)
            cause = StaleButton(kind or "button") if unknown else error
            bot.work.start(answer(request, "unhandled", _raise(cause)))
        return BoltResponse(status=200, body="")


async def press(request: Request, action: Mapping[str, Any]) -> None:
    """Answer a press. `action` is one of a block_actions payload's (interactivity/handling-user-interaction)."""
    action_id = re.sub(r"\.\d+$", "", action["action_id"])
    chosen = (action.get("selected_option") or {}).get("value")
    entry = request.bot.registry.actions.get(action_id)
    if entry is None:
        raise StaleButton()
    request.name = entry.id
    await permit(request, *entry.commands)
    with said_for(entry.commands[0] if entry.commands else LIST):
        await entry.run(request, str(chosen or action.get("value") or ""))


async def call_back(
    request: Request, kind: Literal["form", "shortcut"], entries: Mapping[str, Callback], payload: Payload
) -> None:
    """Answer a form or a shortcut (docs.slack.dev/reference/interaction-payloads: view-interactions-payload and
    shortcuts-interaction-payload)."""
    entry = entries.get(str(payload.get("callback_id")))
    if entry is None:
        raise StaleButton(kind)
    request.name = entry.id
    await permit(request, *entry.commands)
    await entry.run(request, payload)


async def act_on(bot: Bot, body: Mapping[str, Any]) -> None:
    """Act on an event (docs.slack.dev/apis/events-api#event-type-structure), if it is for a workspace of the bot's."""
    event = body["event"]
    told = body.get("authorizations") or [body]  # whom Slack tells; where it happened may be another workspace
    workspace = next(filter(None, (bot.workspaces.get(each.get("team_id")) for each in told)), None)
    if workspace is None:
        org_wide = any(each.get("is_enterprise_install") for each in told)
        cause = "org-wide install" if org_wide else "not ready" if bot.workspaces.waiting else "another workspace"
        log.warning("event_ignored", kind=event.get("type"), cause=cause)
    elif not await begun_before(bot.store, workspace.team_id, sent_as(body), ms(bot.clock())):
        await bot.registry.events[str(event.get("type"))].run(bot, workspace, event)


def _is_readable(body: Mapping[str, Any]) -> bool:
    kind = ANSWERED.get(str(body.get("type")))
    if kind == "button":
        return all(map(_is_press, body.get("actions") or ()))
    named = body.get("view") if kind == "form" else body
    return kind is None or (isinstance(named, Mapping) and isinstance(named.get("callback_id"), str))


def _is_press(action: Any) -> bool:
    return (
        isinstance(action, Mapping)
        and isinstance(action.get("action_id"), str)
        and isinstance(action.get("selected_option") or {}, Mapping)
    )


async def _raise(error: Exception) -> None:
    raise error


def _kind(body: Mapping[str, Any]) -> str:
    event = body.get("event") or {}
    return str(event.get("type") or body.get("command") or body.get("type") or "unknown")
