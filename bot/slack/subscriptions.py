"""Answers about a channel's subscriptions, for commands and buttons alike."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence

from bot.core.filters import SUBSCRIBE
from bot.core.kinds import KINDS
from bot.core.lines import terms
from bot.core.parse import RESOLVED_CHARS, parse
from bot.core.subscription import Subscription, kinds_of
from bot.core.text import quote
from bot.errors import ManyRooms, UserError
from bot.flows.subscribe import subscribe
from bot.render.blocks import Message
from bot.render.help import COMMAND
from bot.render.phrases import Names, listed
from bot.render.subscriptions import Health, subscribed, subscriptions_list, unsubscribed
from bot.slack.numbers import kind_of, numbered, read_number
from bot.slack.request import Request

RESUMED_S = 2.0
"""How long the list waits for messages to go out."""
_ALL = ("all", "everything")
SEE = "`/sessions subscriptions` lists those it has"


async def send_subscribed(request: Request, line: str) -> None:
    """Subscribe the channel to what `line` says."""
    bot, team_id = request.bot, await request.team()
    query = parse(line, scope=SUBSCRIBE, most_chars=RESOLVED_CHARS)
    try:
        done = await subscribe(
            bot.hms, bot.rooms, bot.store, query=query, team_id=team_id, channel_id=request.channel_id,
            user_id=request.user_id, name=await request.display_name(), now=request.now,
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
        known=done.channel.last_ms is not None,
    )
    await request.reply(message)


async def send_subscriptions(request: Request, *, replace: bool = False, gone: Subscription | None = None) -> None:
    """The channel's subscriptions, and how it is with them; `gone` has just ended."""
    store, team_id = request.bot.store, await request.team(guests=True)
    found = await store.subscriptions(team_id, request.channel_id)
    channel = await store.channel(team_id, request.channel_id)
    message = subscriptions_list(
        request.channel_id,
        found,
        Health(channel.paused or "", channel.waiting, channel.held),
        told=await store.last_told(team_id, request.channel_id),
        names=await _names(request, found),
        as_of=request.now,
        stale=await request.bot.stale(),
        invite=request.bot.invite,
        gone=gone,
    )
    await request.reply(message, replace=replace)


async def ended(request: Request, said: str) -> Message:
    """End the subscription that is named by its number or its query, or `all`."""
    store, team_id = request.bot.store, await request.team()
    every = await store.subscriptions(team_id, request.channel_id) if said.lower() in _ALL else []
    if not every:
        gone = [await _end(request, said)]
    else:
        ends = [(each.number, request.by(_ending(each))) for each in every]
        each_gone = [await store.unsubscribe(team_id, request.channel_id, number, by=by) for number, by in ends]
        gone = [each for each in each_gone if each is not None]
    return unsubscribed(gone or every, await _names(request, gone or every))


async def send_unsubscribed(request: Request, number: int) -> None:
    """End a subscription of the list, and show that anew."""
    gone = await _end(request, str(number))
    if request.in_place:
        await send_subscriptions(request, replace=True, gone=gone)
    else:
        await request.reply(unsubscribed([gone], await _names(request, [gone])))


async def _end(request: Request, said: str) -> Subscription:
    store, team_id = request.bot.store, await request.team()
    here = await store.subscriptions(team_id, request.channel_id)
    number = await _number(request, said, here)
    line = next((_ending(each) for each in here if each.number == number), f"unsubscribe {number}")
    by = request.by(line)
    gone = await store.unsubscribe(team_id, request.channel_id, number, by=by)
    if gone is None:
        what = await kind_of(request, number)
        raise UserError(f"This channel has no subscription {number}{f', that is {what}' if what else ''}: {SEE}.")
    return gone


def _ending(subscription: Subscription) -> str:
    """The line that ends it, as the log of changes has it."""
    return f"unsubscribe {terms(subscription.query) or subscription.number}"


async def send_resumed(request: Request) -> None:
    """Go on after a pause; the list then shows how it went."""
    team_id = await request.team()
    await request.bot.store.resume(team_id, request.channel_id)
    await _settled(request, team_id)


async def send_released(request: Request) -> None:
    """Send what is held because nobody can tell whether it arrived."""
    team_id = await request.team()
    await request.bot.store.release(team_id, request.channel_id)
    await _settled(request, team_id)


async def _settled(request: Request, team_id: str) -> None:
    """The list, a moment later: so that it shows how that went."""
    store = request.bot.store
    stop_at = time.monotonic() + RESUMED_S
    while time.monotonic() < stop_at:
        channel = await store.channel(team_id, request.channel_id)
        if channel.paused or not channel.waiting:
            break
        await asyncio.sleep(0.1)
    await send_subscriptions(request, replace=request.in_place)


async def _number(request: Request, said: str, here: Sequence[Subscription]) -> int:
    if (number := read_number(said)) is not None:
        return number
    if not said and len(here) == 1:
        return here[0].number
    if not said or not here:
        raise UserError(_which(here))
    try:
        query = await request.bot.rooms.resolve(parse(said, scope=SUBSCRIBE))
    except UserError:  # its fix would subscribe
        raise UserError(f"I can't tell which one is meant by {quote(said)}: {SEE}, each with its number.") from None
    for each in here:
        if each.query == query.without("on"):
            if query.only("on") and kinds_of(query) != each.kinds:
                raise UserError(
                    f"Number {each.number} tells about {listed([kind for kind in KINDS if kind in each.kinds])}: "
                    f"`{COMMAND} unsubscribe {each.number}` ends it."
                )
            return each.number
    raise UserError(f"This channel has no subscription to {quote(said)}: {SEE}.")


def _which(here: Sequence[Subscription]) -> str:
    which = numbered([each.number for each in here], "subscription")
    if not here:
        return which
    line = f"{COMMAND} unsubscribe"
    return f"Which one? {which} `{line} {here[0].number}` ends one, `{line} all` all of them."


async def _names(request: Request, subscriptions: Iterable[Subscription]) -> Names:
    return await request.bot.rooms.names(room_id for each in subscriptions for room_id in each.query.room_ids)
