"""The account's rooms, and how far its lists of them have been read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db.sql import chunks, insert
from bot.db.tables import room_walks, rooms
from bot.outbox.records import RoomWalk
from bot.sessions.model import Room

_ROOM = select(rooms.c.room_id, rooms.c.name, rooms.c.template_id)
SOME = 1_000
_LAST = chr(0x10FFFF)
"""Nothing that begins like a name sorts behind the name and this."""


async def by_id(db: AsyncConnection, team_id: str, room_ids: Iterable[str]) -> list[Room]:
    found: list[Room] = []
    for some in chunks(room_ids):
        found += await _read(db, 0, rooms.c.team_id == team_id, rooms.c.room_id.in_(some))
    return found


async def called(db: AsyncConnection, team_id: str, folded: str) -> list[Room]:
    return await _read(db, 0, rooms.c.team_id == team_id, rooms.c.folded == folded)


async def having(db: AsyncConnection, team_id: str, folded: str, most: int) -> list[Room]:
    part = rooms.c.folded.contains(folded, autoescape=True)
    return await _read(db, most, rooms.c.team_id == team_id, part)


async def beginning(db: AsyncConnection, team_id: str, folded: str) -> int:
    """The number of them."""
    here = (rooms.c.team_id == team_id, rooms.c.folded >= folded, rooms.c.folded < folded + _LAST)
    return await db.scalar(select(func.count()).select_from(rooms).where(*here)) or 0


async def newest(db: AsyncConnection, team_id: str, most: int) -> list[Room]:
    return await _read(db, most, rooms.c.team_id == team_id)


async def keep(db: AsyncConnection, team_id: str, some: Iterable[Room]) -> None:
    rows = [
        {
            "team_id": team_id,
            "room_id": each.id,
            "name": each.name,
            "folded": each.folded,
            "template_id": each.template_id,
        }
        for each in sorted(some, key=lambda room: room.id)  # in one order, so that two processes don't lock each other
    ]
    if rows:
        statement = insert(db, rooms)
        values = {name: statement.excluded[name] for name in ("name", "folded", "template_id")}
        await db.execute(statement.on_conflict_do_update(index_elements=["team_id", "room_id"], set_=values), rows)


async def walk(db: AsyncConnection, team_id: str) -> RoomWalk:
    row = (await db.execute(select(room_walks).where(room_walks.c.team_id == team_id))).one_or_none()
    if row is None:
        return RoomWalk()
    return RoomWalk(row.enabled, row.cursor, row.newest, row.done_ms, row.account)


async def set_walk(db: AsyncConnection, team_id: str, far: RoomWalk) -> None:
    values = asdict(far)
    statement = insert(db, room_walks).values(team_id=team_id, **values)
    await db.execute(statement.on_conflict_do_update(index_elements=["team_id"], set_=values))


async def forget(db: AsyncConnection, team_id: str) -> int:
    """Some of them; how many."""
    here = rooms.c.team_id == team_id
    found = (await db.scalars(select(rooms.c.room_id).where(here).order_by(rooms.c.room_id.desc()).limit(SOME))).all()
    for some in chunks(found):
        await db.execute(delete(rooms).where(here, rooms.c.room_id.in_(some)))
    return len(found)


async def _read(db: AsyncConnection, most: int, *where: ColumnElement[bool]) -> list[Room]:
    """The newest first: ids begin with the time. `most` 0: all."""
    query = _ROOM.where(*where).order_by(rooms.c.room_id.desc())
    rows = await db.execute(query.limit(most) if most else query)
    return [Room(row.room_id, row.name, row.template_id) for row in rows]
