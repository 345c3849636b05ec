"""Conversations: whether they can be written to, and the lock under which their messages change."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import groupby

from sqlalchemy import ColumnElement, Connection, FromClause, and_, bindparam, case, func, or_, select, update

from bot.db.sql import HELD, PENDING, SENDING, UNCONFIRMED, chunks, insert, unfinished
from bot.db.tables import channels, outbox, polls
from bot.db.transaction import announce, transaction
from bot.outbox.message import Channel

ChannelKey = tuple[str, str]
"""(team, channel)."""


def at(table: FromClause, place: ChannelKey) -> ColumnElement[bool]:
    """The condition of a conversation's rows."""
    return and_(table.c.team_id == place[0], table.c.channel_id == place[1])


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
    .where(channels.c.team_id == bindparam("team"), channels.c.channel_id.in_(bindparam("ids", expanding=True)))
    .order_by(channels.c.channel_id)
    .with_for_update()
)


def _held(db: Connection, places: list[ChannelKey]) -> dict[ChannelKey, str | None]:
    """`places` are sorted."""
    held: dict[ChannelKey, str | None] = {}
    for team_id, here in groupby(places, lambda place: place[0]):
        for ids in chunks(channel_id for _, channel_id in here):
            rows = db.execute(_HELD, {"team": team_id, "ids": ids})
            held |= {(team_id, channel_id): why for channel_id, why in rows}
    return held


def go_on(db: Connection, places: Iterable[ChannelKey]) -> None:
    """They aren't paused any more, and what the pause held is to be sent. They must be locked."""
    for place in places:
        announce(db, outbox_of(place[0]))
        db.execute(update(channels).where(at(channels, place)).values(paused=None, paused_ms=None, probes=0))
        kept = update(outbox).where(at(outbox, place), outbox.c.status == HELD, outbox.c.cause != UNCONFIRMED)
        db.execute(kept.values(status=GOING, cause=""))


def outbox_of(team_id: str) -> Hashable:
    """The topic of transactions after which a workspace may have something to send."""
    return "outbox", team_id


def try_now(db: Connection, place: ChannelKey) -> None:
    """Somebody is there and changes something: if it is paused, it is tried at once."""
    paused = update(channels).where(at(channels, place), channels.c.paused.is_not(None))
    db.execute(paused.values(probe_ms=0, probes=0))
    announce(db, outbox_of(place[0]))


def next_number(db: Connection, place: ChannelKey) -> int:
    """For something new that the conversation has set; never given again. The conversation must be locked."""
    counted = update(channels).where(at(channels, place)).values(last_number=channels.c.last_number + 1)
    number: int = db.execute(counted.returning(channels.c.last_number)).scalar_one()
    return number


GOING = case((outbox.c.claim.is_not(None), SENDING), else_=PENDING)
"""The status of a held message that is let go: one that may be there is looked up."""


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
    columns = (channels.c.paused, channels.c.paused_ms, channels.c.last_ms, channels.c.probes)
    row = db.execute(select(*columns).where(at(channels, (team_id, channel_id)))).one_or_none()
    if row is None:
        return Channel()
    held = func.coalesce(func.sum(case((outbox.c.status == HELD, 1), else_=0)), 0)
    counts = select(func.count(), held).where(at(outbox, (team_id, channel_id)), unfinished(outbox))
    unsent, held_now = db.execute(counts).one()
    return Channel(row.paused, row.paused_ms, row.last_ms, unsent - held_now, held_now, row.probes)
