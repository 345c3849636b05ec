"""The commands and buttons for a channel's subscriptions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from bot.alerts import store as alerts_store
from bot.alerts import subscribe as flow
from bot.alerts.subscription import BESIDE, Subscription, check_reminders, kinds_of
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
from bot.slack.access import permit
from bot.slack.notified import notified
from bot.slack.numbers import ALL, find_settings, kind_of, numbered, read_number, unquoted
from bot.slack.registry import Action, Command, Feature, Right
from bot.slack.request import Request
from bot.text import quote

RESUMED_S = 2.0
"""Seconds that the list waits for messages to go out."""
SEE = "`/sessions subscriptions` lists those it has"
NOTIFY = "notify"
"""The name in ACCESS of having people mentioned."""


async def subscribe(request: Request, line: str) -> Message:
    """Subscribe the channel to the query in `line`."""
    await request.may_set_up()
    workspace = request.workspace
    query = parse(line, scope=SUBSCRIBE, most_chars=RESOLVED_CHARS)
    check_reminders(query)
    if query.only("notify"):
        await permit(request, NOTIFY)
    done = await flow.subscribe(
        workspace.hms, workspace.rooms, request.bot.store, query=query, team_id=workspace.team_id,
        channel_id=request.channel_id, user_id=request.user_id, name=await request.display_name(), now=request.now,
        settled_s=request.bot.settled_s, notified=await notified(request, query),
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
    ending = here if said.lower() in ALL else await find_settings(said, here, lambda: _alike(request, said, here))
    numbers = [each.number for each in ending]
    if not numbers:
        if (number := read_number(said)) is None:
            raise await _no_such(request, said, here)
        numbers = [number]  # one that this version can't read isn't among those here
    # For the audit log, with the query, since a number says nothing later.
    named = "all" if len(ending) > 1 else "".join(terms(each.query) for each in ending) or numbers[0]
    by = request.by(f"unsubscribe {named}")
    gone = await alerts_store.unsubscribe(store, request.team_id, request.channel_id, numbers, by)
    if not gone:
        raise await _no_such(request, str(numbers[0]), here)
    return unsubscribed(gone, await request.names(*(each.query for each in gone)))


async def _alike(request: Request, said: str, here: Sequence[Subscription]) -> Sequence[Subscription]:
    """The subscription to the query `said`, if there is one. Raises UserError for one of other kinds, or no query."""
    try:
        query = await request.workspace.rooms.resolve(parse(said, scope=SUBSCRIBE))
    except UserError:  # its fix would subscribe
        raise UserError(f"I can't tell which one is meant by {quote(said)}: {SEE}, each with its number.") from None
    alike = [each for each in here if each.query == query.without(*BESIDE)]
    for each in alike:
        if query.only("on") and kinds_of(query) != each.kinds:
            raise UserError(
                f"Number {each.number} tells about {listed([kind for kind in KINDS if kind in each.kinds])}: "
                f"`{COMMAND} unsubscribe {each.number}` ends it."
            )
    return alike


async def _no_such(request: Request, said: str, here: Sequence[Subscription]) -> UserError:
    if (number := read_number(said)) is not None:
        kind = await kind_of(request, number)
        return UserError(f"This channel has no subscription {number}{f', that is {kind}' if kind else ''}: {SEE}.")
    if said and here:
        return UserError(f"This channel has no subscription to {quote(said)}: {SEE}.")
    which = numbered([each.number for each in here], "subscription")
    if not here:
        return UserError(which)
    line = f"{COMMAND} unsubscribe"
    return UserError(f"Which one? {which} `{line} {here[0].number}` ends one, `{line} all` all of them.")


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
    rights=(Right(NOTIFY, "`notify:`"),),
    commands=(
        Command(
            "subscribe",
            f"subscribe [query] [{ON}] [notify:@ada,@oncall] [every:10m..12h]",
            "tell this channel when sessions open and close",
            subscribe,
            line=Line(lambda line, now, zone: parse(line, scope=SUBSCRIBE), ""),
            also=("sub", "follow", "watch", "alert"),
            examples=(
                ("subscribe", "every session's start and end"),
                ("subscribe room:town-hall on:start,join", "starts and joins of one room"),
                ("subscribe missing:host>2m notify:@ada every:30m", "whenever nobody hosts, with a mention"),
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
