"""The commands and buttons for a channel's subscriptions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from bot.alerts import store as alerts_store
from bot.alerts import subscribe as flow
from bot.alerts.subscription import Subscription, kinds_of
from bot.alerts.subscription_render import subscribed, subscriptions_list, unsubscribed
from bot.blockkit import actions as ids
from bot.blockkit.blocks import Message
from bot.blockkit.help import COMMAND
from bot.blockkit.phrases import listed
from bot.db.database import Database
from bot.errors import UserError
from bot.outbox import channel_pause, conversations
from bot.query.command_lines import Line, check_alone, terms
from bot.query.filters import SUBSCRIBE
from bot.query.kinds import KINDS, ON
from bot.query.parse import RESOLVED_CHARS, parse
from bot.slack.numbers import kind_of, numbered, read_number, unquoted
from bot.slack.registry import Action, Command, Feature
from bot.slack.request import Request
from bot.text import quote

RESUMED_S = 2.0
"""Seconds that the list waits for messages to go out."""
_ALL = ("all", "everything")
SEE = "`/sessions subscriptions` lists those it has"


async def subscribe(request: Request, line: str) -> Message:
    """Subscribe the channel to the query in `line`."""
    await request.may_set_up()
    workspace = request.workspace
    query = parse(line, scope=SUBSCRIBE, most_chars=RESOLVED_CHARS)
    done = await flow.subscribe(
        workspace.hms, workspace.rooms, request.bot.store, query=query, team_id=workspace.team_id,
        channel_id=request.channel_id, user_id=request.user_id, name=await request.display_name(), now=request.now,
    )  # fmt: skip
    return await request.noted(done.subscription.query, subscribed(done, workspace.invite))


async def subscriptions(request: Request, line: str = "") -> Message:
    """List the channel's subscriptions with their states."""
    check_alone("subscriptions", line)
    here = (request.bot.store, request.team_id, request.channel_id)
    items = await alerts_store.read(*here)
    return subscriptions_list(
        request.channel_id,
        items,
        await conversations.read(*here),
        told=await alerts_store.last_told(*here),
        names=await request.names(*(subscription.query for subscription in items)),
        as_of=request.now,
        stale=await request.workspace.stale(),
        invite=request.workspace.invite,
    )


async def unsubscribe(request: Request, line: str) -> Message:
    """End the subscription that is named by its number or its query, or `all`."""
    await request.no_guests()
    store, said = request.bot.store, unquoted(line)
    here = await alerts_store.read(store, request.team_id, request.channel_id)
    every = said.lower() in _ALL and len(here) > 0
    numbers = [each.number for each in here] if every else [await _number(request, said, here)]
    by = request.by("unsubscribe all" if len(numbers) > 1 else _ending(numbers[0], here))
    gone = await alerts_store.unsubscribe(store, request.team_id, request.channel_id, numbers, by)
    if not gone:
        what = await kind_of(request, numbers[0])
        raise UserError(f"This channel has no subscription {numbers[0]}{f', that is {what}' if what else ''}: {SEE}.")
    return unsubscribed(gone, await request.names(*(each.query for each in gone)))


def _ending(number: int, here: Sequence[Subscription]) -> str:
    """The command line for the audit log, with the query, since a number says nothing later."""
    about = next((terms(each.query) for each in here if each.number == number), "")
    return f"unsubscribe {about or number}"


async def _number(request: Request, said: str, here: Sequence[Subscription]) -> int:
    if (number := read_number(said)) is not None:
        return number
    if not said and len(here) == 1:
        return here[0].number
    if not said or not here:
        raise UserError(_which(here))
    try:
        query = await request.workspace.rooms.resolve(parse(said, scope=SUBSCRIBE))
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


async def _resume(request: Request, value: str) -> None:
    """Go on after a pause."""
    await _send(request, value, channel_pause.resume)


async def _release(request: Request, value: str) -> None:
    """Send what is held because nobody can tell whether it arrived."""
    await _send(request, value, channel_pause.release)


async def _send(request: Request, value: str, send: Callable[[Database, str, str], Awaitable[object]]) -> None:
    """Show how it went in the list, once messages have gone out or RESUMED_S have passed."""
    request.must_be_in(ids.read_channel_id(value))
    await request.no_guests()
    here = (request.bot.store, request.team_id, request.channel_id)
    await send(*here)
    stop_at = time.monotonic() + RESUMED_S
    while time.monotonic() < stop_at:
        channel = await conversations.read(*here)
        if channel.paused or not channel.waiting:
            break
        await asyncio.sleep(0.1)
    await request.reply(await subscriptions(request), replace=request.in_place)


FEATURE = Feature(
    commands=(
        Command(
            "subscribe",
            f"subscribe [query] [{ON}]",
            "tell this channel when sessions open and close",
            subscribe,
            line=Line(lambda line, now, zone: parse(line, scope=SUBSCRIBE), ""),
            also=("sub", "follow", "watch", "alert"),
            examples=(
                ("subscribe", "every session's start and end"),
                ("subscribe room:town-hall", "those of one room"),
                ("subscribe role:host on:start,join", "starts and joins of sessions with a host"),
            ),
        ),
        Command(
            "subscriptions",
            "subscriptions",
            "this channel's subscriptions: who made them, and their state",
            subscriptions,
            also=("subs",),
            examples=(("subscriptions", "what this channel is told about"),),
            reads=True,
        ),
        Command(
            "unsubscribe",
            "unsubscribe <number, query or all>",
            "end subscriptions of this channel",
            unsubscribe,
            also=("unsub", "unfollow"),
            examples=(
                ("unsubscribe 2", "end number 2"),
                ("unsubscribe room:town-hall", "end the one for that room"),
                ("unsubscribe all", "end all of them"),
            ),
        ),
    ),
    actions=(
        Action(ids.RESUME, _resume, ("subscriptions",)),
        Action(ids.RELEASE, _release, ("subscriptions",)),
    ),
)
