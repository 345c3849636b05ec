"""The quiet hours of channels."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, delete, select

from bot.db.queries import readable
from bot.db.setting_change import SettingChange
from bot.db.tables import quiets
from bot.db.transaction import transaction
from bot.errors import Overlaps, TooMany
from bot.outbox import audit_log
from bot.outbox.conversations import lock
from bot.silence.quiet_hours import QuietHours, endless
from bot.text import quote

QUIETS_MOST = 10
"""Most ranges of quiet hours in a channel."""


@transaction
def add(db: Connection, team_id: str, channel_id: str, quiet: QuietHours, by: SettingChange) -> Literal["new", "same"]:
    """Store quiet hours, unless the channel has the same. Raises Overlaps or TooMany."""
    place = (team_id, channel_id)
    lock(db, [place])
    others = readable(db.execute(select(quiets).where(*_of(*place))), _quiet)
    if quiet in others:
        return "same"
    if clash := [other for other in others if quiet.overlaps(other)]:
        text = f"{quote(str(quiet))} overlaps {quote(str(clash[0]))}, which this channel has already."
        raise Overlaps(text, instead=str(quiet.apart(clash) or f"off {clash[0]}"))
    if others and endless([quiet, *others]):
        text = f"{quote(str(quiet))} together with the quiet hours that this channel has would be quiet at all times."
        raise Overlaps(text, instead=f"off {others[-1]}")
    if len(others) >= QUIETS_MOST:
        raise TooMany(f"This channel has quiet hours of {QUIETS_MOST} kinds, which is the most. Turn one off first.")
    values = {"team_id": team_id, "channel_id": channel_id, "hours": str(quiet)}
    db.execute(quiets.insert().values(**values, created_by=by.by, created_ms=by.at_ms))
    audit_log.add(db, place, by)
    return "new"


@transaction
def read(db: Connection, team_id: str, channel_id: str | None = None) -> dict[str, list[tuple[QuietHours, str]]]:
    """The quiet hours by channel with the ids of their makers, the oldest first."""
    query = select(quiets).where(quiets.c.team_id == team_id)
    if channel_id is not None:
        query = query.where(quiets.c.channel_id == channel_id)
    rows = db.execute(query.order_by(quiets.c.channel_id, quiets.c.created_ms, quiets.c.hours))
    found: dict[str, list[tuple[QuietHours, str]]] = {}
    for row, quiet in readable(rows, lambda row: (row, _quiet(row))):
        found.setdefault(row.channel_id, []).append((quiet, row.created_by))
    return found


@transaction
def clear(
    db: Connection, team_id: str, channel_id: str, by: SettingChange, only: QuietHours | None = None
) -> list[QuietHours]:
    """Remove all quiet hours of a channel, or `only` those, and return them."""
    lock(db, [(team_id, channel_id)])
    gone = [*_of(team_id, channel_id), *([quiets.c.hours == str(only)] if only else [])]
    rows = db.execute(delete(quiets).where(*gone).returning(quiets)).all()
    if rows:
        audit_log.add(db, (team_id, channel_id), by)
    return readable(sorted(rows, key=lambda row: (row.created_ms, row.hours)), _quiet)


def _of(team_id: str, channel_id: str) -> tuple[ColumnElement[bool], ...]:
    return quiets.c.team_id == team_id, quiets.c.channel_id == channel_id


def _quiet(row: Row[Any]) -> QuietHours:
    """Raises ValueError for hours that this version can't read."""
    return _hours(row.hours)


_hours = lru_cache(maxsize=1024)(QuietHours.stored)
