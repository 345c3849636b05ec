"""Workspaces that refuse the bot as a whole, such as for a revoked token. All replicas keep to what one was told."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from bot.db.sql import insert
from bot.db.tables import workspaces
from bot.db.transaction import transaction

FIRST_PROBE_MS = 30_000
PROBE_MS = 60_000
FAR_MS = 2 * PROBE_MS
"""A probe further ahead was planned by a clock that was wrong."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A workspace refuses the bot as a whole, for `cause`, since `since_ms`."""

    cause: str
    since_ms: int


@transaction
def refused(db: Connection, team_id: str, cause: str, now_ms: int) -> bool:
    """False where that is known already."""
    values = {"team_id": team_id, "cause": cause, "since_ms": now_ms, "probe_ms": now_ms + FIRST_PROBE_MS}
    return db.execute(insert(db, workspaces).values(values).on_conflict_do_nothing()).rowcount > 0


@transaction
def stopped(db: Connection, team_id: str) -> Stopped | None:
    """None where the workspace takes the bot."""
    query = select(workspaces.c.cause, workspaces.c.since_ms)
    row = db.execute(query.where(workspaces.c.team_id == team_id) if team_id else query).first()
    return Stopped(row.cause, row.since_ms) if row is not None else None


@transaction
def probe(db: Connection, team_id: str, now_ms: int) -> Stopped | None:
    """The refusal, where it is time to ask and nobody else does."""
    at = workspaces.c.probe_ms
    due = update(workspaces).where(workspaces.c.team_id == team_id, (at <= now_ms) | (at > now_ms + FAR_MS))
    asked = due.values(probe_ms=now_ms + PROBE_MS).returning(workspaces.c.cause, workspaces.c.since_ms)
    row = db.execute(asked).one_or_none()
    return Stopped(row.cause, row.since_ms) if row is not None else None


@transaction
def taken(db: Connection, team_id: str, since_ms: int | None = None) -> bool:
    """The refusal since then, or any with None, is over; whether there was one."""
    over = delete(workspaces).where(workspaces.c.team_id == team_id)
    if since_ms is not None:
        over = over.where(workspaces.c.since_ms == since_ms)
    return db.execute(over).rowcount > 0
