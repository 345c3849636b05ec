"""States that OPS_CHANNEL was told of and that aren't over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, select

from bot.db import leases
from bot.db.sql import insert
from bot.db.tables import states
from bot.outbox import store as outbox
from bot.outbox.message import Outgoing
from bot.outbox.records import Fence


def read(db: Connection, team_id: str) -> dict[str, int]:
    query = select(states.c.name, states.c.since_ms).where(states.c.team_id == team_id)
    return {row.name: row.since_ms for row in db.execute(query)}


def tell(
    db: Connection,
    team_id: str,
    began: Mapping[str, int],
    over: Iterable[str],
    outgoing: Sequence[Outgoing],
    now_ms: int,
    fence: Fence,
) -> bool:
    if not leases.holds(db, fence):
        return False
    rows = [{"team_id": team_id, "name": name, "since_ms": since_ms} for name, since_ms in began.items()]
    if rows:
        db.execute(insert(db, states).on_conflict_do_nothing(), rows)
    db.execute(delete(states).where(states.c.team_id == team_id, states.c.name.in_(list(over))))
    outbox.add(db, outgoing, now_ms)
    return True
