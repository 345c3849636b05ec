"""Conversations: whether they can be written to, and the lock under which their messages change."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from sqlalchemy import ColumnElement, Connection, FromClause, and_, bindparam, case, func, or_, select, update

from bot.db.sql import HELD, PENDING, SENDING, UNCONFIRMED, chunks, insert
from bot.db.tables import channels, outbox, polls
from bot.db.transaction import transaction
from bot.outbox.channel import Channel

ChannelKey = tuple[str, str]
"""(team, channel)."""


def lock(db: Connection, places: Iterable[ChannelKey]) -> dict[ChannelKey, str | None]:
    """Hold these conversations until the transaction ends, and say why they are paused. Whoever changes something of a
    conversation does this first, in this order, so that replicas neither cross nor block each other."""
    wanted = sorted(set(places))
    held = _held(db, wanted)
    missing = [place for place in wanted if place not in held]
    if missing:
        new = [{"team_id": team_id, "channel_id": channel_id} for team_id, channel_id in missing]
        db.execute(insert(db, channels).on_conflict_do_nothing(), new)
        held |= _held(db, missing)
    return held


_HELD = (
    select(channels.c.channel_id, channels.c.paused)
    .where(channels.c.team_id == bindparam("team"), channels.c.channel_id.in_(bindparam("some", expanding=True)))
    .order_by(channels.c.channel_id)
    .with_for_update()
)


def _held(db: Connection, places: list[ChannelKey]) -> dict[ChannelKey, str | None]:
    """`places` are sorted."""
    held: dict[ChannelKey, str | None] = {}
    for team_id, here in groupby(places, lambda place: place[0]):
        for some in chunks(channel_id for _, channel_id in here):
            rows = db.execute(_HELD, {"team": team_id, "some": some})
            held |= {(team_id, channel_id): why for channel_id, why in rows}
    return held


def go_on(db: Connection, places: Iterable[ChannelKey]) -> None:
    """They aren't paused any more, and what the pause held is to be sent. They must be locked."""
    for team_id, channel_id in places:
        here = (channels.c.team_id == team_id, channels.c.channel_id == channel_id)
        db.execute(update(channels).where(*here).values(paused=None, paused_ms=None, probes=0))
        kept = update(outbox).where(outbox.c.team_id == team_id, outbox.c.channel_id == channel_id)
        kept = kept.where(outbox.c.status == HELD, outbox.c.cause != UNCONFIRMED)
        db.execute(kept.values(status=case((outbox.c.claim.is_not(None), SENDING), else_=PENDING), cause=""))


def try_now(db: Connection, place: ChannelKey) -> None:
    """Somebody is there and changes something: if it is paused, it is tried at once."""
    here = (channels.c.team_id == place[0], channels.c.channel_id == place[1])
    db.execute(update(channels).where(*here, channels.c.paused.is_not(None)).values(probe_ms=0, probes=0))


def next_number(db: Connection, place: ChannelKey) -> int:
    """For something new that the conversation has set; never given again. The conversation must be locked."""
    here = (channels.c.team_id == place[0], channels.c.channel_id == place[1])
    counted = update(channels).where(*here).values(last_number=channels.c.last_number + 1)
    number: int = db.execute(counted.returning(channels.c.last_number)).scalar_one()
    return number


def triable() -> tuple[ColumnElement[bool], ...]:
    """Messages by which a paused conversation can be tried: none that waits for another, nor for a person."""
    return or_(outbox.c.status != HELD, outbox.c.cause != UNCONFIRMED), outbox.c.waits_for.is_(None)


def channel_of(rows: FromClause) -> ColumnElement[bool]:
    """The condition that joins rows of the outbox to their conversations."""
    return and_(channels.c.team_id == rows.c.team_id, channels.c.channel_id == rows.c.channel_id)


def turn(db: Connection, team_id: str) -> int:
    """The turn of a message that no poll asked for: after what the last poll asked for, before the next one's."""
    return db.scalar(select(polls.c.seq).where(polls.c.team_id == team_id)) or 0


@transaction
def read(db: Connection, team_id: str, channel_id: str) -> Channel:
    """Return the delivery state of a channel."""
    columns = channels.c
    query = select(columns.paused, columns.paused_ms, columns.last_ms, columns.probes)
    found = db.execute(query.where(columns.team_id == team_id, columns.channel_id == channel_id)).one_or_none()
    if found is None:
        return Channel()
    here = (outbox.c.team_id == team_id, outbox.c.channel_id == channel_id)
    waiting = func.sum(case((outbox.c.status == HELD, 0), else_=1))
    held = func.sum(case((outbox.c.status == HELD, 1), else_=0))
    counts = select(func.coalesce(waiting, 0), func.coalesce(held, 0))
    row = db.execute(counts.where(*here, outbox.c.status.in_((PENDING, SENDING, HELD)))).one()
    return Channel(found.paused, found.paused_ms, found.last_ms, row[0], row[1], found.probes)
