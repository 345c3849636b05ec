"""What is over is kept for a week, what can't be sent for a month, who changed what for a year."""

from __future__ import annotations

from sqlalchemy import delete, exists, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import log
from bot.store.sql import DEAD, HELD, PENDING
from bot.store.tables import cards, changes, limits, mutes, outbox, polls, sessions

DAY_MS = 86_400_000
KEPT_MS = 7 * DAY_MS
CHANGES_MS = 365 * DAY_MS
WAITS_MS = 30 * DAY_MS
"""What has waited for so long, mostly for a channel that is paused, is given up: nobody wants a month of old news."""


async def prune(db: AsyncConnection, now_ms: int) -> None:
    for team_id, good_ms, read_ms in await db.execute(select(polls.c.team_id, polls.c.good_ms, polls.c.read_ms)):
        # Age counts from the last good poll, where the next one's window begins: what it lists again must be known.
        await _forget(db, team_id, min(filter(None, (now_ms, good_ms, read_ms))) - KEPT_MS)
    before = now_ms - KEPT_MS
    await db.execute(delete(limits).where(limits.c.not_before_ms < before))
    await db.execute(delete(mutes).where(mutes.c.until_ms < before))
    await db.execute(delete(changes).where(changes.c.at_ms < now_ms - CHANGES_MS))
    await _give_up(db, now_ms)


async def _forget(db: AsyncConnection, team_id: str, before_ms: int) -> None:
    """What was over by then, of one workspace."""
    await db.execute(delete(outbox).where(outbox.c.team_id == team_id, outbox.c.done_ms < before_ms))
    untold = cards.c.hushed_ms > 0  # yet to be counted, or named
    closed = (cards.c.team_id == team_id, cards.c.status == "closed", cards.c.changed_ms < before_ms)
    await db.execute(delete(cards).where(*closed, not_(untold)))
    wanted = exists().where(untold, cards.c.team_id == sessions.c.team_id, cards.c.session_id == sessions.c.session_id)
    ended = (sessions.c.team_id == team_id, not_(sessions.c.live), sessions.c.seen_ms < before_ms)
    await db.execute(delete(sessions).where(*ended, not_(wanted)))


async def _give_up(db: AsyncConnection, now_ms: int) -> None:
    waits = (outbox.c.status.in_((PENDING, HELD)), outbox.c.queued_ms < now_ms - WAITS_MS)
    values = {"status": DEAD, "claim": None, "cause": "waited for too long", "done_ms": now_ms}
    if given_up := (await db.execute(update(outbox).where(*waits).values(values))).rowcount:
        log.warning("messages_given_up", messages=given_up)
