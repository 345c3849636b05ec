"""What waits in the database, counted for an operator."""

from __future__ import annotations

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.outbox import depth, unconfirmed
from bot.store.records import Counts
from bot.store.sql import PENDING, SENDING
from bot.store.tables import channels, outbox


async def read(db: AsyncConnection, now_ms: int) -> Counts:
    columns = outbox.c
    since = case((columns.not_before_ms > columns.queued_ms, columns.not_before_ms), else_=columns.queued_ms)
    open_ = (columns.status.in_((PENDING, SENDING)), columns.waits_for.is_(None))
    due_ms = await db.scalar(select(func.min(since)).where(*open_, columns.not_before_ms <= now_ms))
    paused = await db.scalar(select(func.count()).select_from(channels).where(channels.c.paused.is_not(None)))
    waiting, _ = await depth(db)
    return Counts(waiting, due_ms, await unconfirmed(db), paused or 0)
