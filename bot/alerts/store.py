"""The subscriptions of channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, case, delete, func, or_, select, update

from bot.alerts import firing_store
from bot.alerts.subscription import Subscription
from bot.db import tables
from bot.db.queries import hashed, read_query, readable
from bot.db.setting_change import How, SettingChange
from bot.db.sql import UNCONFIRMED, chunks
from bot.db.tables import channels, outbox, subscriptions
from bot.db.transaction import transaction
from bot.errors import TooMany
from bot.outbox import audit_log, cards, queue
from bot.outbox.card import Card, key_of, lists_of
from bot.outbox.cards import STORED
from bot.outbox.conversations import ChannelKey, lock, next_number, turn
from bot.outbox.message import Outgoing
from bot.query.model import Query

SUBSCRIPTIONS_MOST = 100
"""Most subscriptions in a channel."""


@transaction
def subscribe(
    db: Connection,
    new: Subscription,
    silent: Sequence[str],
    first: Outgoing,
    changed: Outgoing | None = None,
    *,
    by: SettingChange | None,
) -> tuple[Subscription, How]:
    """Store a subscription, cards for the `silent` sessions that it shall not announce, and its `first` message. If one
    with its query is there, that takes all else of the new one, with the message `changed` if given; if all is equal
    nothing is stored. Raises TooMany."""
    place = (new.team_id, new.channel_id)
    paused = lock(db, [place, (first.team_id, first.channel_id)])
    text, kinds = str(new.query), ",".join(sorted(new.kinds))
    here = (subscriptions.c.team_id == new.team_id, subscriptions.c.channel_id == new.channel_id)
    same = (*here, subscriptions.c.query_hash == hashed(text))
    before = db.execute(select(subscriptions).where(*same)).one_or_none()
    asked = {"kinds": kinds, "notify": ",".join(new.notify), "every_s": new.every_s}
    if before is not None and all(getattr(before, name) == value for name, value in asked.items()):
        if paused[place] is not None and queue.try_now(db, place):
            queue.put(db, [first], paused, turn(db, new.team_id), new.created_ms)
        return _subscription(before, new.query), "same"
    if before is not None:
        how: How = "changed"
        queue.take_back(db, place, mark(*place, before.number))
        firing_store.close(db, place, [before.number], "edited")
        first = changed or first
        others = update(subscriptions).where(*same).values(**asked, created_by=new.created_by)
        stored = db.execute(others.returning(subscriptions)).one()
    else:
        how = "new"
        if (db.scalar(select(func.count()).select_from(subscriptions).where(*here)) or 0) >= SUBSCRIPTIONS_MOST:
            raise TooMany(f"This channel has {SUBSCRIPTIONS_MOST} subscriptions, which is the most. Remove one first.")
        values = {
            "team_id": new.team_id,
            "channel_id": new.channel_id,
            "number": next_number(db, place),
            "query": text,
            "query_hash": hashed(text),
            **asked,
            "created_by": new.created_by,
            "created_ms": new.created_ms,
        }
        stored = db.execute(subscriptions.insert().values(values).returning(subscriptions)).one()
    number = frozenset((stored.number,))
    live = [Card(new.team_id, new.channel_id, session_id, "unannounced", matched=number) for session_id in silent]
    cards.add(db, live, new.created_ms, shown=new.fires)
    queue.put(db, [first], paused, turn(db, new.team_id), new.created_ms)
    belongs = mark(new.team_id, new.channel_id, stored.number)
    db.execute(update(outbox).where(outbox.c.key == first.key).values(of=belongs))
    if by is not None:
        audit_log.add(db, place, by)
    return _subscription(stored, new.query), how


@transaction
def read(db: Connection, team_id: str, channel_id: str | None = None) -> list[Subscription]:
    """The subscriptions of a channel, or of all, by number."""
    query = select(subscriptions).where(subscriptions.c.team_id == team_id)
    if channel_id is not None:
        query = query.where(subscriptions.c.channel_id == channel_id)
    return readable(db.execute(query.order_by(subscriptions.c.number, subscriptions.c.channel_id)), _read)


@transaction
def unsubscribe(
    db: Connection, team_id: str, channel_id: str, numbers: Sequence[int], by: SettingChange
) -> list[Subscription]:
    """Remove the subscriptions of these numbers and return them."""
    lock(db, [(team_id, channel_id)])
    columns = subscriptions.c
    removed = delete(subscriptions).where(
        columns.team_id == team_id, columns.channel_id == channel_id, columns.number.in_(numbers)
    )
    rows = db.execute(removed.returning(subscriptions)).all()
    for row in rows:
        queue.take_back(db, (team_id, channel_id), mark(team_id, channel_id, row.number))
    if rows:
        firing_store.close(db, (team_id, channel_id), [row.number for row in rows], "ended")
        _withdraw(db, (team_id, channel_id))
        audit_log.add(db, (team_id, channel_id), by)
    return sorted(readable(rows, _read), key=lambda each: each.number)


@transaction
def last_told(db: Connection, team_id: str, channel_id: str) -> dict[int, int]:
    """The time of each subscription's last message (ms since 1970) by its number, at most that of the channel's."""
    here = (channels.c.team_id == team_id, channels.c.channel_id == channel_id)
    last_ms = db.scalar(select(channels.c.last_ms).where(*here))
    if last_ms is None:
        return {}
    of = tables.cards.c
    told: dict[int, int] = {}
    there = (
        of.team_id == team_id,
        of.channel_id == channel_id,
        or_(of.ts.is_not(None), of.status == STORED["summarised"]),
    )
    when = select(of.known, func.max(of.changed_ms)).where(*there).group_by(of.known)
    for known, changed_ms in db.execute(when):
        for number in map(int, filter(None, known.split(","))):
            told[number] = max(told.get(number, 0), min(changed_ms, last_ms))
    return told


def _withdraw(db: Connection, place: ChannelKey) -> None:
    """Delete unsent cards and replies that no subscription asks for any more."""
    here = (subscriptions.c.team_id == place[0], subscriptions.c.channel_id == place[1])
    left = set(db.scalars(select(subscriptions.c.number).where(*here)))
    of, its_card = tables.cards.c, case((outbox.c.kind == "post", outbox.c.key), else_=outbox.c.of)
    unsent = (
        select(outbox.c.id, outbox.c.kind, of.key, of.known)
        .join(tables.cards, of.key == its_card)
        .where(outbox.c.team_id == place[0], outbox.c.channel_id == place[1], *queue.UNSENT)
        .where(outbox.c.kind.in_(("post", "reply")), outbox.c.cause != UNCONFIRMED)
    )
    rows = [row for row in db.execute(unsent) if left.isdisjoint(map(int, filter(None, row.known.split(","))))]
    for ids in chunks(row.id for row in rows):
        db.execute(delete(outbox).where(outbox.c.id.in_(ids)))
    for keys in chunks(row.key for row in rows if row.kind == "post"):
        db.execute(delete(outbox).where(outbox.c.waits_for.in_(keys)))
        gone = delete(tables.cards).where(of.key.in_(keys)).returning(of.session_id)
        firing_store.forget(db, place, db.scalars(gone).all())
    if not left:
        queue.take_back(db, place, lists_of(*place))


def mark(team_id: str, channel_id: str, number: int) -> str:
    """The value of `of` in the outbox for a subscription's first message."""
    return key_of("subscription", team_id, channel_id, str(number))


def _read(row: Row[Any]) -> Subscription:
    """Raises QueryError for a query that this version can't read."""
    return _subscription(row, read_query(row.query))


def _subscription(row: Row[Any], query: Query) -> Subscription:
    kinds = frozenset(filter(None, row.kinds.split(",")))
    notify = tuple(filter(None, row.notify.split(",")))
    made = row.created_by, row.created_ms, row.number
    return Subscription(row.team_id, row.channel_id, query, kinds, *made, notify, row.every_s)
