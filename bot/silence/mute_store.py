"""The mutes of channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from bot.db.queries import read_query, readable
from bot.db.setting_change import How, SettingChange
from bot.db.tables import mutes
from bot.db.transaction import transaction
from bot.errors import TooMany
from bot.outbox import audit_log
from bot.outbox.conversations import lock, next_number
from bot.silence.mute import Mute

MUTES_MOST = 50
"""Most mutes that hold in a channel."""


@transaction
def add(db: Connection, new: Mute, by: SettingChange, *, longer: bool = False) -> tuple[Mute, How, Mute | None]:
    """Store a mute; one of the same query and session that holds takes the new end, with `longer` only a later one.
    Returns the stored mute, new, same or changed, and the mute before. Raises TooMany."""
    place = (new.team_id, new.channel_id)
    lock(db, [place])
    text = str(new.query)
    here = (mutes.c.team_id == new.team_id, mutes.c.channel_id == new.channel_id)
    holds = mutes.c.until_ms > new.created_ms
    same = (*here, mutes.c.query == text, mutes.c.session_id == new.session_id)
    found = db.execute(select(mutes).where(*same, holds).order_by(mutes.c.until_ms.desc())).first()
    before = _mute(found) if found else None
    if before and (before.until_ms == new.until_ms or (longer and before.until_ms > new.until_ms)):
        return before, "same", before
    if not before and (db.scalar(select(func.count()).select_from(mutes).where(*here, holds)) or 0) >= MUTES_MOST:
        raise TooMany(f"This channel has {MUTES_MOST} mutes, which is the most. End one first.")
    # also those that are over: by a clock that is behind they still hold
    db.execute(delete(mutes).where(*same))
    values = {field.name: getattr(new, field.name) for field in fields(new)}
    values |= {"query": text, "number": before.number if before else next_number(db, place)}
    row = db.execute(mutes.insert().values(values).returning(mutes)).one()
    audit_log.add(db, place, by)
    return _mute(row), "changed" if before else "new", before


@transaction
def read(db: Connection, team_id: str, now_ms: int, channel_id: str | None = None) -> list[Mute]:
    """The mutes that hold at `now_ms` in a channel, or in all, by number."""
    query = select(mutes).where(mutes.c.team_id == team_id, mutes.c.until_ms > now_ms)
    if channel_id is not None:
        query = query.where(mutes.c.channel_id == channel_id)
    return readable(db.execute(query.order_by(mutes.c.number, mutes.c.channel_id)), _mute)


@transaction
def remove(db: Connection, team_id: str, channel_id: str, numbers: Sequence[int], by: SettingChange) -> list[Mute]:
    """Remove the mutes of these numbers that still hold, and return them by number."""
    lock(db, [(team_id, channel_id)])
    here = (mutes.c.team_id == team_id, mutes.c.channel_id == channel_id, mutes.c.number.in_(numbers))
    removed = delete(mutes).where(*here, mutes.c.until_ms > by.at_ms).returning(mutes)
    rows = db.execute(removed).all()
    if rows:
        audit_log.add(db, (team_id, channel_id), by)
    return sorted(readable(rows, _mute), key=lambda mute: mute.number)


def _mute(row: Row[Any]) -> Mute:
    """Raises QueryError for a query that this version can't read."""
    return Mute(**row._asdict() | {"query": read_query(row.query)})
