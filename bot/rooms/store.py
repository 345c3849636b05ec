"""Stores the account's rooms and the progress of the walk through its lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, select

from bot.db.database import Database
from bot.db.sql import chunks, insert
from bot.db.tables import room_walks, rooms
from bot.db.transaction import transaction
from bot.sessions.model import Room

_ROOM = select(rooms.c.room_id, rooms.c.name, rooms.c.template_id, rooms.c.max_duration_s)
BATCH_ROWS = 1_000
_LAST = chr(0x10FFFF)
"""Sorts behind any character, so that `name + _LAST` ends the range of a prefix."""


@dataclass(frozen=True, slots=True)
class RoomWalk:
    """Progress through the two lists of rooms, first that of the enabled ones: `cursor` is the room to go on
    after. `newest`: no enabled room up to this id is unknown once the lists were read to their end, which was last at
    `done_ms`; None: never. `account`: whose they are, as in `Hms.account`, "" where that isn't known."""

    enabled: bool = True
    cursor: str = ""
    newest: str = ""
    done_ms: int | None = None
    account: str = ""


@transaction
def by_id(db: Connection, team_id: str, room_ids: Iterable[str]) -> list[Room]:
    """Those of them that are known."""
    found: list[Room] = []
    for batch in chunks(room_ids):
        found += _read(db, 0, rooms.c.team_id == team_id, rooms.c.room_id.in_(batch))
    return found


@transaction
def called(db: Connection, team_id: str, folded: str) -> list[Room]:
    """The rooms of that name, as names are compared."""
    return _read(db, 0, rooms.c.team_id == team_id, rooms.c.folded == folded)


@transaction
def having(db: Connection, team_id: str, folded: str, most: int) -> list[Room]:
    """The newest rooms with that in their name."""
    part = rooms.c.folded.contains(folded, autoescape=True)
    return _read(db, most, rooms.c.team_id == team_id, part)


@transaction
def beginning(db: Connection, team_id: str, folded: str) -> int:
    """Return the number of rooms whose folded name has the prefix."""
    here = (rooms.c.team_id == team_id, rooms.c.folded >= folded, rooms.c.folded < folded + _LAST)
    return db.scalar(select(func.count()).select_from(rooms).where(*here)) or 0


@transaction
def newest(db: Connection, team_id: str, most: int) -> list[Room]:
    return _read(db, most, rooms.c.team_id == team_id)


@transaction
def keep(db: Connection, team_id: str, new: Iterable[Room]) -> None:
    rows = [
        {
            "team_id": team_id,
            "room_id": each.id,
            "name": each.name,
            "folded": each.folded,
            "template_id": each.template_id,
            "max_duration_s": each.max_duration_s,
        }
        for each in sorted(new, key=lambda room: room.id)  # a fixed order avoids deadlocks between processes
    ]
    if rows:
        statement = insert(db, rooms)
        values = {name: statement.excluded[name] for name in ("name", "folded", "template_id", "max_duration_s")}
        db.execute(statement.on_conflict_do_update(index_elements=["team_id", "room_id"], set_=values), rows)


@transaction
def walk(db: Connection, team_id: str) -> RoomWalk:
    row = db.execute(select(room_walks).where(room_walks.c.team_id == team_id)).one_or_none()
    if row is None:
        return RoomWalk()
    return RoomWalk(row.enabled, row.cursor, row.newest, row.done_ms, row.account)


@transaction
def set_walk(db: Connection, team_id: str, far: RoomWalk) -> None:
    """Store the progress of the walk."""
    values = asdict(far)
    statement = insert(db, room_walks).values(team_id=team_id, **values)
    db.execute(statement.on_conflict_do_update(index_elements=["team_id"], set_=values))


async def forget_all(database: Database, team_id: str) -> None:
    """Forget all of them, some at a time: nobody waits long for the others."""
    while await forget(database, team_id):
        pass


@transaction
def forget(db: Connection, team_id: str) -> int:
    """Delete up to BATCH_ROWS rooms; return how many."""
    here = rooms.c.team_id == team_id
    found = db.scalars(select(rooms.c.room_id).where(here).order_by(rooms.c.room_id.desc()).limit(BATCH_ROWS)).all()
    for batch in chunks(found):
        db.execute(delete(rooms).where(here, rooms.c.room_id.in_(batch)))
    return len(found)


def _read(db: Connection, most: int, *where: ColumnElement[bool]) -> list[Room]:
    """Return matching rooms, newest first (ids begin with the time). `most` 0: all."""
    query = _ROOM.where(*where).order_by(rooms.c.room_id.desc())
    rows = db.execute(query.limit(most) if most else query)
    return [Room(row.room_id, row.name, row.template_id, row.max_duration_s) for row in rows]
