"""Stored firings: decided by the process that polls, taken by people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields
from itertools import chain
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, literal_column, select, update

from bot.alerts.firing import Firing
from bot.db.setting_change import SettingChange
from bot.db.sql import ENDED, ROWS, UNRESOLVED, chunks, insert
from bot.db.tables import firings, sessions
from bot.db.transaction import transaction
from bot.outbox import audit_log
from bot.outbox.conversations import ChannelKey, at, lock

_KEYS = ("team_id", "session_id", "channel_id", "number")
_ROW = select(*(firings.c[field.name] for field in fields(Firing)))
# Written into the statements, not bound, so that the partial indexes are used.
_FIRED: ColumnElement[bool] = literal_column("firings.state") == literal_column("'fired'")
_REMINDING: ColumnElement[bool] = firings.c.remind_ms > literal_column("0")


@transaction
def read(db: Connection, team_id: str, session_ids: Iterable[str]) -> list[Firing]:
    """Return the firings of sessions in all channels."""
    query = _ROW.where(firings.c.team_id == team_id)
    rows = (db.execute(query.where(firings.c.session_id.in_(ids))) for ids in chunks(dict.fromkeys(session_ids)))
    return [Firing(*row) for row in chain.from_iterable(rows)]


@transaction
def kept(db: Connection, team_id: str) -> list[Firing]:
    """Return the firings that silence keeps back."""
    query = _ROW.where(firings.c.team_id == team_id, UNRESOLVED, firings.c.state == "kept")
    return [Firing(*row) for row in db.execute(query)]


@transaction
def fired(db: Connection, team_id: str, channel_id: str) -> list[Firing]:
    """Return what a channel knows to be wrong now, by session."""
    query = _ROW.where(at(firings, (team_id, channel_id)), UNRESOLVED, _FIRED)
    return sorted((Firing(*row) for row in db.execute(query)), key=lambda firing: firing.place)


@transaction
def waiting(db: Connection, team_id: str, now_ms: int) -> list[str]:
    """Return the ids of sessions of which a channel is to be reminded by now, or to hear what a person did, or
    that it is over: an older version may have stored the end."""
    columns, team = (firings.c.session_id, firings.c.untold), firings.c.team_id == team_id
    open_ = db.execute(select(*columns).where(team, UNRESOLVED)).all()
    waits = [row.session_id for row in open_ if row.untold]
    waits += db.scalars(select(firings.c.session_id).where(team, _REMINDING, firings.c.remind_ms <= now_ms))
    for ids in chunks(dict.fromkeys(row.session_id for row in open_)):
        ended = select(sessions.c.session_id).where(sessions.c.team_id == team_id, sessions.c.session_id.in_(ids))
        waits += db.scalars(ended.where(ENDED))
    return list(dict.fromkeys(waits))


def put(db: Connection, changed: Sequence[Firing]) -> None:
    """Store firings as they are from now on."""
    if not changed:
        return
    statement = insert(db, firings)
    values = {field.name: statement.excluded[field.name] for field in fields(Firing) if field.name not in _KEYS}
    upsert = statement.on_conflict_do_update(index_elements=_KEYS, set_=values)
    for part in chunks(changed, ROWS):
        db.execute(upsert, [asdict(each) for each in part])


def close(db: Connection, place: ChannelKey, numbers: Collection[int], why: Literal["ended", "edited"]) -> None:
    """Let the firings of a channel's subscriptions end, as a person has ended or changed these."""
    there = (at(firings, place), UNRESOLVED, firings.c.number.in_(numbers))
    db.execute(update(firings).where(*there).values(untold=why, remind_ms=0))


def forget(db: Connection, place: ChannelKey, session_ids: Sequence[str]) -> None:
    """Forget the firings of sessions of which a channel has never heard."""
    db.execute(delete(firings).where(at(firings, place), firings.c.session_id.in_(session_ids)))


@transaction
def take(
    db: Connection, team_id: str, channel_id: str, session_id: str, called: str, by: SettingChange
) -> list[Firing]:
    """Note that a person, who is `called` so, is on what fires for a session in a channel. Returns these firings as
    they were before: those that somebody had taken, or that are over, stay as they are."""
    place = (team_id, channel_id)
    lock(db, [place])
    here = and_(at(firings, place), firings.c.session_id == session_id)
    before = [Firing(*row) for row in db.execute(_ROW.where(here))]
    free = (here, _FIRED, firings.c.taken_by == "", firings.c.untold == "")
    values = {"taken_by": f"{by.by} {called}", "taken_ms": by.at_ms, "remind_ms": 0, "untold": "taken"}
    if db.execute(update(firings).where(*free).values(**values)).rowcount:
        audit_log.add(db, place, by)
    return before
