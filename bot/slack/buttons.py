"""`BUTTONS`: what a press of each button or menu does. Its value says all; nothing about a message is kept here."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.alerts.commands import released, resumed
from bot.blockkit import actions as ids
from bot.browse.send import send_page, send_session
from bot.errors import StaleButton, UserError
from bot.query.cursor import PageCursor, read
from bot.query.filters import LIST
from bot.silence.mute_commands import mute
from bot.slack.access import permit
from bot.slack.request import Request
from bot.slack.run import run_line

SHARED_ONCE_MS = 60_000
"""A second press of Share on the same page within this time is a double click."""


@dataclass(frozen=True, slots=True)
class Button:
    """`commands`: what its presser has to be allowed to use; none where `run` reads a line, which says it by itself."""

    run: Callable[[Request, str], Awaitable[None]]
    commands: tuple[str, ...] = ()


async def press(request: Request, action: Mapping[str, Any]) -> None:
    """Answer a press. `action` is one of a block_actions payload's (interactivity/handling-user-interaction)."""
    action_id = re.sub(r"\.\d+$", "", str(action.get("action_id") or ""))
    chosen = (action.get("selected_option") or {}).get("value")
    button = BUTTONS.get(action_id)
    if button is None:
        raise StaleButton()
    request.name = action_id
    await permit(request, *button.commands)
    await button.run(request, str(chosen or action.get("value") or ""))


async def _turn(request: Request, value: str) -> None:
    await send_page(request, read(value), replace=True)


async def _refresh(request: Request, value: str) -> None:
    await send_page(request, _fresh(request, read(value)), replace=True)


async def _open(request: Request, value: str) -> None:
    await send_page(request, _fresh(request, read(value)), replace=request.in_place)


async def _share(request: Request, value: str) -> None:
    place = read(value)
    store, team_id = request.bot.store, request.team_id
    sharing = f"share {request.user_id} {request.message_ts} {value}"
    if not await store.begin(team_id, sharing, request.now_ms, SHARED_ONCE_MS):
        raise UserError("That page has just been shared here.")
    try:
        done = await send_page(request, place, for_all=True)
    except BaseException:
        if request.posting is None:
            await store.withdraw(team_id, sharing)
        raise
    if not done:
        await store.withdraw(team_id, sharing)  # whoever sees that it isn't there shares it again
        raise UserError("Slack did not confirm that the page was shared. If it isn't in the channel, share it again.")


async def _show(request: Request, value: str) -> None:
    await send_session(request, ids.read_session_value(value))


async def _show_again(request: Request, value: str) -> None:
    await send_session(request, ids.read_session_value(value), replace=request.in_place)


async def _run(request: Request, value: str) -> None:
    await run_line(request, ids.read_line_value(value))


async def _set(request: Request, value: str) -> None:
    channel_id, view, line = ids.read_set_value(value)
    _must_be_here(request, channel_id)
    await run_line(request, line, view=view)


async def _mute(request: Request, value: str) -> None:
    """The menu is also pressed by people who don't know of a longer mute, which therefore stays."""
    await request.reply(await mute(request, ids.read_line_value(value), longer=True))


async def _resume(request: Request, value: str) -> None:
    _must_be_here(request, ids.read_channel_value(value))
    await request.reply(await resumed(request), replace=request.in_place)


async def _release(request: Request, value: str) -> None:
    _must_be_here(request, ids.read_channel_value(value))
    await request.reply(await released(request), replace=request.in_place)


def _must_be_here(request: Request, channel_id: str) -> None:
    """A press can do what its presser could type, and they could type it in this channel only."""
    if channel_id != request.channel_id:
        raise StaleButton()


def _fresh(request: Request, place: PageCursor) -> PageCursor:
    """A first page counts its relative times from now; a later one belongs to the pages before it."""
    return PageCursor.first(place.query, request.now, place.zone) if place.number == 1 else place


BUTTONS: dict[str, Button] = {
    ids.MORE: Button(_turn, (LIST,)),
    ids.BACK: Button(_turn, (LIST,)),
    ids.REFRESH: Button(_refresh, (LIST,)),
    ids.SHARE: Button(_share, (LIST,)),
    ids.OPEN: Button(_open, (LIST,)),
    ids.SHOW: Button(_show, ("show",)),
    ids.SHOW_AGAIN: Button(_show_again, ("show",)),
    ids.RUN: Button(_run),
    ids.SET: Button(_set),
    ids.MUTE: Button(_mute, ("mute",)),
    ids.RESUME: Button(_resume, ("subscriptions",)),
    ids.RELEASE: Button(_release, ("subscriptions",)),
}
