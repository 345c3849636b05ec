"""Counts of waiting messages, for an operator."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, case, func, null, select, true

from bot.db import leases
from bot.db.sql import HELD, UNCONFIRMED, unfinished
from bot.db.tables import channels, outbox
from bot.db.transaction import transaction
from bot.outbox.conversations import channel_of


@dataclass(frozen=True, slots=True)
class Counts:
    """`waiting` messages are to be sent or on their way, without those that wait for another one. The oldest has been
    due for `late_s`, 0 where none is. `held`: nobody can tell whether they arrived. `paused` channels."""

    waiting: int
    late_s: float
    held: int
    paused: int


@transaction
def stuck(db: Connection, team_id: str, before_ms: int) -> dict[str, int]:
    """For each channel that isn't paused and has a message that was first tried before then: when that was."""
    query = (
        select(outbox.c.channel_id, func.min(outbox.c.first_try_ms))
        .join(channels, channel_of(outbox))
        .where(outbox.c.team_id == team_id, unfinished(outbox), outbox.c.status != HELD)
        .where(outbox.c.first_try_ms < before_ms, channels.c.paused.is_(None))
    )
    return {row[0]: row[1] for row in db.execute(query.group_by(outbox.c.channel_id))}


@transaction
def read(db: Connection, team_id: str = "", now_ms: int | None = None) -> Counts:
    """Counts of what waits now in all channels of a team; "" for all teams. None is now by the database's clock."""
    if now_ms is None:
        now_ms = int(leases.time_s(db) * 1000)
    ours = outbox.c.team_id == team_id if team_id else true()
    open_ = (ours, unfinished(outbox), outbox.c.status != HELD, outbox.c.waits_for.is_(None))
    queued, not_before = outbox.c.queued_ms, outbox.c.not_before_ms
    since = func.min(case((not_before > now_ms, null()), (not_before > queued, not_before), else_=queued))
    waiting, due_ms = db.execute(select(func.count(), since).where(*open_)).one()
    unconfirmed = (ours, outbox.c.status == HELD, outbox.c.cause == UNCONFIRMED)
    held = db.scalar(select(func.count()).select_from(outbox).where(*unconfirmed))
    theirs = channels.c.team_id == team_id if team_id else true()
    paused = select(func.count()).select_from(channels).where(theirs, channels.c.paused.is_not(None))
    late_s = 0.0 if due_ms is None else max(0.0, (now_ms - due_ms) / 1000)
    return Counts(waiting, late_s, held or 0, db.scalar(paused) or 0)
