"""Answers about a channel's subscriptions, for commands and buttons alike."""

from __future__ import annotations

import time
from collections.abc import Iterable

from bot.core.filters import SUBSCRIBE
from bot.core.parse import RESOLVED_CHARS, parse
from bot.core.route import rooms_of
from bot.core.subscription import Subscription
from bot.core.text import quote
from bot.errors import ManyRooms, NotFound, UserError
from bot.flows.subscribe import subscribe
from bot.render.phrases import Names
from bot.render.subscriptions import Health, subscribed, subscriptions_list, unsubscribed
from bot.slack.request import Request

STALE_S = 120.0
"""The channel's list says so where the last good poll is older."""
NO_GUESTS = "Guests can't subscribe a channel: please ask a member of the workspace. `/sessions` itself is yours too."
NOT_YET = "I'm still finding out which workspace this is. Please try again in a moment."


async def send_subscribed(request: Request, line: str) -> None:
    """Subscribe the channel to what `line` says."""
    bot, team_id = request.bot, _team(request)
    if (await bot.people.of(request.user_id)).guest:
        raise UserError(NO_GUESTS)
    query = parse(line, scope=SUBSCRIBE, most_chars=RESOLVED_CHARS)
    try:
        done = await subscribe(
            bot.hms, bot.rooms, bot.store, bot.deliver, query=query, team_id=team_id, channel_id=request.channel_id,
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
    )
    await request.reply(message)


async def send_subscriptions(request: Request, *, replace: bool = False) -> None:
    """The channel's subscriptions, and how it is with them."""
    store, team_id = request.bot.store, _team(request)
    found = await store.subscriptions(team_id, request.channel_id)
    channel = await store.channel(team_id, request.channel_id)
    health = Health(channel.paused or "", channel.last_ms, channel.waiting, channel.held)
    polls = await store.poll_state(team_id)
    age_s = time.time() - (polls.good_ms or 0) / 1000
    stale = "" if age_s < STALE_S else _stale(polls.good_ms, age_s, polls.cause)
    message = subscriptions_list(
        [(each, health) for each in found],
        names=await _names(request, found),
        as_of=request.now,
        stale=stale,
        invite=request.bot.invite,
    )
    await request.reply(message, replace=replace)


async def send_unsubscribed(request: Request, said: str, *, replace: bool = False) -> None:
    """End the subscription that is named by its number or its query."""
    store, team_id = request.bot.store, _team(request)
    here = await store.subscriptions(team_id, request.channel_id)
    number = await _number(request, said, here)
    gone = await store.unsubscribe(team_id, request.channel_id, number)
    if gone is None:
        raise NotFound(f"This channel has no subscription {number}: `/sessions subscriptions` lists those it has.")
    if replace:
        await send_subscriptions(request, replace=True)
    else:
        await request.reply(unsubscribed(gone, await _names(request, [gone])))


async def send_resumed(request: Request) -> None:
    """Go on after a pause; the list then shows how it went."""
    await request.bot.store.resume(_team(request), request.channel_id)
    await request.bot.deliver.run()
    await send_subscriptions(request, replace=request.in_place)


async def _number(request: Request, said: str, here: Iterable[Subscription]) -> int:
    if said.isdecimal() and said.isascii() and len(said) < 10:
        return int(said)
    known = list(here)
    if not said and len(known) == 1:
        return known[0].number
    if not said:
        raise NotFound("Which one? `/sessions subscriptions` lists this channel's, each with its number.")
    query = (await request.bot.rooms.resolve(parse(said, scope=SUBSCRIBE))).without("on")
    for each in known:
        if each.query == query:
            return each.number
    raise NotFound(f"This channel has no subscription to {quote(said)}: `/sessions subscriptions` lists those it has.")


async def _names(request: Request, subscriptions: Iterable[Subscription]) -> Names:
    return await request.bot.rooms.names(room_id for each in subscriptions for room_id in rooms_of(each.query))


def _team(request: Request) -> str:
    if team_id := request.bot.team_id():
        return team_id
    raise UserError(NOT_YET)


def _stale(good_ms: int | None, age_s: float, cause: str) -> str:
    if good_ms is None:
        return "100ms has not been read yet."
    why = f" ({cause})" if cause else ""
    return (
        f"100ms was last read {int(age_s // 60)} minutes ago{why}: what has changed since then is told once it answers."
    )
