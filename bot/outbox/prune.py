"""Retention: a week for ended records, a month for unsent messages, a year for the audit log."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, delete, exists, not_, select, update

from bot import log
from bot.db.database import Database
from bot.db.sql import CLOSED, DEAD, ENDED, OVER, SENDING, UNRESOLVED, chunks, unfinished
from bot.db.tables import begun, cards, changes, firings, hints, limits, mutes, outbox, polls, sessions
from bot.db.transaction import transaction
from bot.outbox.cards import WITHHELD

DAY_MS = 86_400_000
HINTS_MS = 60_000
KEPT_MS = 7 * DAY_MS
CHANGES_MS = 365 * DAY_MS
WAITS_MS = 30 * DAY_MS
"""The age at which a waiting message, mostly for a paused channel, is given up: nobody wants old news."""
SOME = 1_000
"""Rows of a table that one transaction forgets: others wait for it, and nobody waits for this."""


async def prune(database: Database, team_id: str, now_ms: int) -> None:
    """Forget what was sent or given up, closed cards and ended sessions seven days before the last good poll, mutes
    seven days after their end, firings seven days after their beginning, and who changed what after a year."""
    while await prune_some(database, team_id, now_ms):
        pass


@transaction
def prune_some(db: Connection, team_id: str, now_ms: int) -> bool:
    """Forget some of a workspace's; True where there may be more."""
    columns = (polls.c.good_ms, polls.c.read_ms, polls.c.backlog_ms)
    times = db.execute(select(*columns).where(polls.c.team_id == team_id)).one_or_none() or ()
    # Age counts from the last good poll, where the next one's window begins: what it lists again must be known.
    more = _forget(db, team_id, min(filter(None, (now_ms, *times))) - KEPT_MS)
    before = now_ms - KEPT_MS
    db.execute(delete(begun).where(begun.c.team_id == team_id, begun.c.until_ms < now_ms))
    db.execute(delete(hints).where(hints.c.team_id == team_id, hints.c.at_ms < now_ms - HINTS_MS))
    db.execute(delete(limits).where(limits.c.team_id == team_id, limits.c.not_before_ms < before))
    db.execute(delete(firings).where(firings.c.team_id == team_id, OVER, firings.c.fired_ms < before))
    db.execute(delete(firings).where(firings.c.team_id == team_id, UNRESOLVED, firings.c.fired_ms < before))
    db.execute(delete(mutes).where(mutes.c.team_id == team_id, mutes.c.until_ms < before))
    db.execute(delete(changes).where(changes.c.team_id == team_id, changes.c.at_ms < now_ms - CHANGES_MS))
    return _give_up(db, team_id, now_ms) or more


def _forget(db: Connection, team_id: str, before_ms: int) -> bool:
    """Delete what was over by then; True where there may be more."""
    done = select(outbox.c.id).where(outbox.c.team_id == team_id, outbox.c.done_ms < before_ms)
    old = (cards.c.team_id == team_id, cards.c.status == CLOSED, cards.c.changed_ms < before_ms)
    closed = select(cards.c.key).where(*old, not_(WITHHELD))
    # yet to be counted, or named
    wanted = exists().where(
        WITHHELD, cards.c.team_id == sessions.c.team_id, cards.c.session_id == sessions.c.session_id
    )
    over = (sessions.c.team_id == team_id, ENDED, sessions.c.seen_ms < before_ms)
    ended = select(sessions.c.session_id).where(*over, not_(wanted))
    more = [_delete(db, query, team_id) for query in (done, closed, ended)]
    return any(more)


def _delete(db: Connection, query: Select[Any], team_id: str) -> bool:
    """Delete the first rows of a query for one column that is unique in the workspace; True where there may be more."""
    (column,) = query.selected_columns
    first = db.scalars(query.limit(SOME)).all()
    for values in chunks(first):
        db.execute(delete(column.table).where(column.table.c.team_id == team_id, column.in_(values)))
    return len(first) == SOME


def _give_up(db: Connection, team_id: str, now_ms: int) -> bool:
    open_ = select(outbox.c.id).where(outbox.c.team_id == team_id, unfinished(outbox), outbox.c.status != SENDING)
    old = db.scalars(open_.where(outbox.c.queued_ms < now_ms - WAITS_MS).limit(SOME)).all()
    values = {"status": DEAD, "claim": None, "cause": "waited for too long", "done_ms": now_ms}
    for ids in chunks(old):
        db.execute(update(outbox).where(outbox.c.id.in_(ids)).values(values))
    if old:
        log.warning("messages_given_up", messages=len(old))
    return len(old) == SOME
