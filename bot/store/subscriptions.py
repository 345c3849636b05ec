"""What channels asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import Row, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import log
from bot.core.card import Card, key_of
from bot.core.filters import SUBSCRIBE
from bot.core.outgoing import Outgoing
from bot.core.parse import RESOLVED_CHARS, parse
from bot.core.query import Query
from bot.core.subscription import Subscription
from bot.errors import QueryError, TooMany
from bot.store import cards, messages, tables
from bot.store.channels import lock, turn
from bot.store.sql import HELD, PENDING
from bot.store.tables import channels, outbox, subscriptions

SUBSCRIPTIONS_MOST = 100
"""In a channel."""

How = Literal["new", "same", "changed"]


async def subscribe(
    db: AsyncConnection, new: Subscription, silent: Sequence[str], first: Outgoing, changed: Outgoing | None
) -> tuple[Subscription, How]:
    place = (new.team_id, new.channel_id)
    paused = await lock(db, [place, (first.team_id, first.channel_id)])
    text, kinds = str(new.query), ",".join(sorted(new.kinds))
    here = (subscriptions.c.team_id == new.team_id, subscriptions.c.channel_id == new.channel_id)
    same = (*here, subscriptions.c.query_hash == _hash(text))
    before = (await db.execute(select(subscriptions).where(*same))).one_or_none()
    if before is not None and before.kinds == kinds:
        return _subscription(before, new.query), "same"
    if before is not None:
        how: How = "changed"
        await _take_back(db, new.team_id, new.channel_id, before.number)
        first = changed or first
        others = update(subscriptions).where(*same).values(kinds=kinds, created_by=new.created_by)
        stored = (await db.execute(others.returning(subscriptions))).one()
    else:
        how = "new"
        if (await db.scalar(select(func.count()).select_from(subscriptions).where(*here)) or 0) >= SUBSCRIPTIONS_MOST:
            raise TooMany(f"This channel has {SUBSCRIPTIONS_MOST} subscriptions, which is the most. Remove one first.")
        counted = update(channels).where(channels.c.team_id == new.team_id, channels.c.channel_id == new.channel_id)
        given = await db.scalar(
            counted.values(last_number=channels.c.last_number + 1).returning(channels.c.last_number)
        )
        values = {
            "team_id": new.team_id,
            "channel_id": new.channel_id,
            "number": given,
            "query": text,
            "query_hash": _hash(text),
            "kinds": kinds,
            "created_by": new.created_by,
            "created_ms": new.created_ms,
        }
        stored = (await db.execute(subscriptions.insert().values(values).returning(subscriptions))).one()
    number = frozenset((stored.number,))
    known = [Card(new.team_id, new.channel_id, session_id, "silent", known=number) for session_id in silent]
    await cards.add(db, known, new.created_ms)
    await messages.put(db, [first], paused, await turn(db, new.team_id), new.created_ms)
    belongs = _mark(new.team_id, new.channel_id, stored.number)
    await db.execute(update(outbox).where(outbox.c.key == first.key).values(of=belongs))
    return _subscription(stored, new.query), how


async def read(db: AsyncConnection, team_id: str, channel_id: str | None) -> list[Subscription]:
    query = select(subscriptions).where(subscriptions.c.team_id == team_id)
    if channel_id is not None:
        query = query.where(subscriptions.c.channel_id == channel_id)
    rows = await db.execute(query.order_by(subscriptions.c.number, subscriptions.c.channel_id))
    return [subscription for row in rows if (subscription := _read(row)) is not None]


async def unsubscribe(db: AsyncConnection, team_id: str, channel_id: str, number: int) -> Subscription | None:
    await lock(db, [(team_id, channel_id)])
    columns = subscriptions.c
    removed = delete(subscriptions).where(
        columns.team_id == team_id, columns.channel_id == channel_id, columns.number == number
    )
    row = (await db.execute(removed.returning(subscriptions))).one_or_none()
    if row is None:
        return None
    await _take_back(db, team_id, channel_id, number)
    return _read(row)


async def last_told(db: AsyncConnection, team_id: str, channel_id: str) -> dict[int, int]:
    """A card that changed while nothing could be sent was told no later than the channel's last message."""
    here = (channels.c.team_id == team_id, channels.c.channel_id == channel_id)
    last_ms = await db.scalar(select(channels.c.last_ms).where(*here))
    if last_ms is None:
        return {}
    of = tables.cards.c
    told: dict[int, int] = {}
    there = (of.team_id == team_id, of.channel_id == channel_id, or_(of.ts.is_not(None), of.status == "listed"))
    when = select(of.known, func.max(of.changed_ms)).where(*there).group_by(of.known)
    for known, changed_ms in await db.execute(when):
        for number in map(int, filter(None, known.split(","))):
            told[number] = max(told.get(number, 0), min(changed_ms, last_ms))
    return told


async def _take_back(db: AsyncConnection, team_id: str, channel_id: str, number: int) -> None:
    """Forget the subscription's first message where nobody is sending it: what it says is no longer so."""
    here = (outbox.c.team_id == team_id, outbox.c.channel_id == channel_id, outbox.c.status.in_((PENDING, HELD)))
    unsent = (outbox.c.claim.is_(None), outbox.c.of == _mark(team_id, channel_id, number))
    await db.execute(delete(outbox).where(*here, *unsent))


def _mark(team_id: str, channel_id: str, number: int) -> str:
    """By this in `of` a subscription's first message is known."""
    return key_of("subscription", team_id, channel_id, str(number))


def _read(row: Row[Any]) -> Subscription | None:
    try:
        return _subscription(row, _query(row.query))
    except QueryError as error:  # a filter that this version no longer knows
        log.error(
            "subscription_unreadable", team=row.team_id, channel=row.channel_id, number=row.number, cause=error.text
        )
        return None


def _subscription(row: Row[Any], query: Query) -> Subscription:
    kinds = frozenset(filter(None, row.kinds.split(",")))
    return Subscription(row.team_id, row.channel_id, query, kinds, row.created_by, row.created_ms, row.number)


@lru_cache(maxsize=4096)
def _query(text: str) -> Query:
    return parse(text, scope=SUBSCRIBE, most_chars=RESOLVED_CHARS)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
