"""The states that OPS_CHANNEL was told of and that still hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, select

from bot.db import leases
from bot.db.leases import Fence
from bot.db.sql import insert
from bot.db.tables import states
from bot.db.transaction import transaction
from bot.outbox import store as outbox
from bot.outbox.message import Outgoing


@transaction
def read(db: Connection, team_id: str) -> dict[str, int]:
    """The starts (ms since 1970) by name of the states that operators were told of and that still hold."""
    query = select(states.c.name, states.c.since_ms).where(states.c.team_id == team_id)
    return {row.name: row.since_ms for row in db.execute(query)}


@transaction
def tell(
    db: Connection,
    team_id: str,
    began: Mapping[str, int],
    over: Iterable[str],
    outgoing: Sequence[Outgoing],
    now_ms: int,
    fence: Fence,
) -> bool:
    """Store which states began and are over, together with their messages. False, and nothing is stored, if the fence's
    lease has a new owner."""
    if not leases.holds(db, fence):
        return False
    rows = [{"team_id": team_id, "name": name, "since_ms": since_ms} for name, since_ms in began.items()]
    if rows:
        db.execute(insert(db, states).on_conflict_do_nothing(), rows)
    db.execute(delete(states).where(states.c.team_id == team_id, states.c.name.in_(list(over))))
    outbox.add.within(db, outgoing, now_ms)
    return True
