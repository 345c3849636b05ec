"""Hints on their way from the process that took a webhook to the one that leads."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from bot.db.sql import ROWS, chunks
from bot.db.tables import hints
from bot.db.transaction import transaction
from bot.hms.webhooks import Hint

TAKEN_MOST = 1_000
"""Hints taken at once; the rest is there at the next look."""


@transaction
def add(db: Connection, team_id: str, passed_on: Sequence[tuple[Hint, int]]) -> None:
    """Store hints, each with the milliseconds of its time."""
    rows = [
        {"team_id": team_id, "session_id": hint.session_id, "expects": hint.expects, "at_ms": at_ms}
        for hint, at_ms in passed_on
    ]
    for some in chunks(rows, ROWS):
        db.execute(hints.insert(), some)


@transaction
def take(db: Connection, team_id: str, since_ms: int) -> list[tuple[Hint, int]]:
    """Remove the oldest hints, and return those that came after `since_ms`, each with its time."""
    query = select(hints.c.id, hints.c.session_id, hints.c.expects, hints.c.at_ms).where(hints.c.team_id == team_id)
    rows = db.execute(query.order_by(hints.c.id).limit(TAKEN_MOST)).all()
    for ids in chunks([row.id for row in rows]):
        db.execute(delete(hints).where(hints.c.team_id == team_id, hints.c.id.in_(ids)))
    return [(Hint(row.session_id, row.expects), row.at_ms) for row in rows if row.at_ms > since_ms]
