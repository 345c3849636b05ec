"""A channel that refuses messages: nothing is lost, and its next message is let go from time to time, or as soon as a
person has acted there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection, exists, func, or_, select, union, update

from bot.db.sql import HELD, PENDING, UNCONFIRMED, unfinished
from bot.db.tables import channels, digests, outbox, subscriptions
from bot.db.transaction import announce, transaction
from bot.outbox import queue
from bot.outbox.conversations import GOING, at, channel_of, go_on, lock, outbox_of, triable, turn
from bot.outbox.message import Channel, Outgoing

TRY_MS = 60_000
TRY_MOST_MS = 3_600_000
"""A paused channel is tried after a minute, then after twice as long each time, and each hour at least."""
TRIES_AT_ONCE = 50


@transaction
def pause(
    db: Connection,
    team_id: str,
    channel_id: str,
    reason: str,
    now_ms: int,
    tell: Callable[[str], Outgoing],
) -> None:
    """The channel can't be written to: its messages are held, and each of the `makers` gets what `tell` makes for
    them, once per pause. One that is in flight is held too; if its sender learns what became of it, that still
    counts, and else it is looked for after `resume`: for one that was refused call `again` before."""
    place = (team_id, channel_id)
    told = [tell(person) for person in makers.within(db, team_id, channel_id)]
    # all at once, in order: the people's conversations too
    paused = lock(db, [place, *(message.place for message in told)])
    if paused[place] != reason:
        values: dict[str, object] = {"paused": reason}
        if paused[place] is None:
            values |= {"paused_ms": now_ms, "probe_ms": now_ms + TRY_MS, "probes": 1}
        db.execute(update(channels).where(at(channels, place)).values(values))
        others = [message for message in told if message.place != place]
        queue.put(db, others, paused, turn(db, team_id), now_ms)
    # A claim is kept: its process may yet learn that the message is there, and if not, it is looked for on resuming.
    # As the channel is paused there can't be another, so it is the one in flight then too.
    moves = update(outbox).where(at(outbox, place), unfinished(outbox), outbox.c.status != HELD)
    db.execute(moves.values(status=HELD, cause=reason))


@transaction
def try_paused(db: Connection, team_id: str, now_ms: int) -> None:
    """Let one message go in each paused channel whose time for that has come, and that has none under way."""
    probe_ms = channels.c.probe_ms
    here = channel_of(outbox)
    under_way = exists().where(here, unfinished(outbox), outbox.c.status != HELD, *triable())
    free = (outbox.c.status == HELD, *triable())
    query = (
        select(channels.c.channel_id, channels.c.probes)
        .where(channels.c.team_id == team_id, channels.c.paused.is_not(None))
        .where(or_(probe_ms <= now_ms, probe_ms > now_ms + TRY_MOST_MS))
        .where(~under_way, exists().where(here, *free))
        .order_by(channels.c.channel_id)
        .limit(TRIES_AT_ONCE)
        .with_for_update(of=channels, skip_locked=True)
    )
    for channel_id, probes in db.execute(query).all():
        next_id = (
            select(outbox.c.id)
            .where(at(outbox, (team_id, channel_id)), *free)
            # one that may be there is looked up; an edit may be taken where posts aren't
            .order_by(outbox.c.claim.is_(None), outbox.c.kind == "edit", outbox.c.turn, outbox.c.id)
            .limit(1)
            .scalar_subquery()
        )
        db.execute(update(outbox).where(outbox.c.id == next_id).values(status=GOING, not_before_ms=0))
        wait_ms = min(TRY_MOST_MS, TRY_MS * 2 ** min(probes, 10))
        tried = update(channels).where(at(channels, (team_id, channel_id)))
        db.execute(tried.values(probe_ms=now_ms + wait_ms, probes=probes + 1))


@transaction
def makers(db: Connection, team_id: str, channel_id: str) -> list[str]:
    """Return the makers of the channel's subscriptions and digests, each once."""
    people: list[str] = []
    for table in (subscriptions, digests):
        here = at(table, (team_id, channel_id))
        people += db.scalars(select(table.c.created_by).where(here).order_by(table.c.number))
    return list(dict.fromkeys(people))


@transaction
def told(db: Connection, team_id: str) -> set[str]:
    """The conversations that have a subscription or a digest."""
    told = [select(table.c.channel_id).where(table.c.team_id == team_id) for table in (subscriptions, digests)]
    return set(db.scalars(union(*told)))


@transaction
def troubled(db: Connection, team_id: str) -> dict[str, Channel]:
    """The conversations that are paused, or have messages of which nobody knows whether they arrived: `held` of
    them."""
    paused = select(channels.c.channel_id, channels.c.paused, channels.c.paused_ms)
    stopped = db.execute(paused.where(channels.c.team_id == team_id, channels.c.paused.is_not(None)))
    troubled = {channel_id: Channel(why, since_ms) for channel_id, why, since_ms in stopped}
    unsure = select(outbox.c.channel_id, func.count()).where(
        outbox.c.team_id == team_id, outbox.c.status == HELD, outbox.c.cause == UNCONFIRMED
    )
    for channel_id, count in db.execute(unsure.group_by(outbox.c.channel_id)):
        troubled[channel_id] = replace(troubled.get(channel_id, Channel()), held=count)
    return troubled


@transaction
def resume(db: Connection, team_id: str, channel_id: str) -> bool:
    """Resume the channel and send its held messages. True if it was paused."""
    place = (team_id, channel_id)
    was_paused = lock(db, [place])[place] is not None
    go_on(db, [place])
    return was_paused


@transaction
def release(db: Connection, team_id: str, channel_id: str) -> None:
    """A person wants to have sent what is held because nobody can tell whether it is there."""
    place = (team_id, channel_id)
    paused = lock(db, [place])[place]
    values = {"status": PENDING, "cause": ""} if paused is None else {"cause": paused}
    unconfirmed = update(outbox).where(at(outbox, place), outbox.c.status == HELD, outbox.c.cause == UNCONFIRMED)
    db.execute(unconfirmed.values(values))
    announce(db, outbox_of(team_id))
