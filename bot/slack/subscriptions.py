"""Answers about a channel's subscriptions, for commands and buttons alike."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Sequence

from bot.core.filters import SUBSCRIBE
from bot.core.parse import RESOLVED_CHARS, parse
from bot.core.route import rooms_of
from bot.core.subscription import Subscription
from bot.core.text import quote
from bot.errors import ManyRooms, UserError
from bot.flows.subscribe import subscribe
from bot.render.phrases import Names
from bot.render.subscriptions import Health, subscribed, subscriptions_list, unsubscribed
from bot.slack.request import Request

RESUMED_S = 2.0
"""How long the list waits after Resume, so that it shows how that went."""
NO_GUESTS = "Guests can't change what a channel is told: please ask a member. `/sessions` itself is yours too."
NOT_YET = "I'm still finding out which workspace this is. Please try again in a moment."
SEE = "`/sessions subscriptions` lists those it has"


async def send_subscribed(request: Request, line: str) -> None:
    """Subscribe the channel to what `line` says."""
    bot, team_id = request.bot, await _team(request)
    query = parse(line, scope=SUBSCRIBE, most_chars=RESOLVED_CHARS)
    try:
        done = await subscribe(
            bot.hms, bot.rooms, bot.store, query=query, team_id=team_id, channel_id=request.channel_id,
            user_id=request.user_id, now=request.now,
        )  # fmt: skip
    except ManyRooms as error:
        error.scope = SUBSCRIBE
        raise
    message = subscribed(
        done.subscription,
        done.how,
        live=done.live,
        names=done.names,
        invite=bot.invite,
        paused=done.channel.paused or "",
        waiting=done.waiting,
    )
    await request.reply(message)


async def send_subscriptions(request: Request, *, replace: bool = False) -> None:
    """The channel's subscriptions, and how it is with them."""
    store, team_id = request.bot.store, await _team(request, guests=True)
    found = await store.subscriptions(team_id, request.channel_id)
    channel = await store.channel(team_id, request.channel_id)
    health = Health(channel.paused or "", channel.last_ms, channel.waiting, channel.held)
    message = subscriptions_list(
        [(each, health) for each in found],
        names=await _names(request, found),
        as_of=request.now,
        stale=await request.bot.stale(),
        invite=request.bot.invite,
    )
    await request.reply(message, replace=replace)


async def send_unsubscribed(request: Request, said: str, *, replace: bool = False) -> None:
    """End the subscription that is named by its number or its query."""
    store, team_id = request.bot.store, await _team(request)
    here = await store.subscriptions(team_id, request.channel_id)
    number = await _number(request, said, here)
    gone = await store.unsubscribe(team_id, request.channel_id, number)
    if gone is None:
        raise UserError(f"This channel has no subscription {number}: {SEE}.")
    if replace:
        await send_subscriptions(request, replace=True)
    else:
        await request.reply(unsubscribed(gone, await _names(request, [gone])))


async def send_resumed(request: Request) -> None:
    """Go on after a pause; the list then shows how it went."""
    store, team_id = request.bot.store, await _team(request)
    await store.resume(team_id, request.channel_id)
    stop_at = time.monotonic() + RESUMED_S
    while time.monotonic() < stop_at:
        channel = await store.channel(team_id, request.channel_id)
        if channel.paused or not channel.waiting:
            break
        await asyncio.sleep(0.1)
    await send_subscriptions(request, replace=request.in_place)


async def _number(request: Request, said: str, here: Sequence[Subscription]) -> int:
    if found := re.fullmatch(r"(?:number|no\.?|#)? ?([0-9]{1,9})", said, re.IGNORECASE):
        return int(found[1])
    if not said and len(here) == 1:
        return here[0].number
    if not said:
        raise UserError(f"Which one? {SEE}, each with its number.")
    try:
        query = (await request.bot.rooms.resolve(parse(said, scope=SUBSCRIBE))).without("on")
    except UserError:  # its fix would subscribe
        raise UserError(f"I can't tell which one is meant by {quote(said)}: {SEE}, each with its number.") from None
    for each in here:
        if each.query == query:
            return each.number
    raise UserError(f"This channel has no subscription to {quote(said)}: {SEE}.")


async def _names(request: Request, subscriptions: Iterable[Subscription]) -> Names:
    return await request.bot.rooms.names(room_id for each in subscriptions for room_id in rooms_of(each.query))


async def _team(request: Request, *, guests: bool = False) -> str:
    """The workspace; UserError where it isn't known yet, or where a guest asks for what `guests` may not do."""
    if not guests and (await request.bot.people.of(request.user_id)).guest:
        raise UserError(NO_GUESTS)
    if team_id := request.bot.team_id():
        return team_id
    raise UserError(NOT_YET)
