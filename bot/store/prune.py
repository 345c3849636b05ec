"""What is over is kept for a week."""

from __future__ import annotations

from sqlalchemy import delete, not_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import cards, limits, outbox, sessions

KEPT_MS = 7 * 86_400_000


async def prune(db: AsyncConnection, now_ms: int) -> None:
    before = now_ms - KEPT_MS
    await db.execute(delete(outbox).where(outbox.c.done_ms < before))
    await db.execute(delete(cards).where(cards.c.status == "closed", cards.c.changed_ms < before))
    await db.execute(delete(sessions).where(not_(sessions.c.live), sessions.c.seen_ms < before))
    await db.execute(delete(limits).where(limits.c.not_before_ms < before))
