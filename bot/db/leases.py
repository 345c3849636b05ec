"""Leases: work that only one replica may do."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, case, cast, func, or_, select, true

from bot.db.sql import insert
from bot.db.tables import leases
from bot.db.transaction import transaction

POLLER = "poller"
"""The lease of the process that polls the first account, which has had this name since there was only one."""
FAR_MS = 90_000
"""No lease lasts for so long: one that does was taken before PostgreSQL's clock was set back."""
_NOW_S = func.extract("epoch", func.clock_timestamp())
"""PostgreSQL's own clock."""


@dataclass(frozen=True, slots=True)
class Fence:
    """A lease as it was when it was taken. `epoch` grows with every change of owner."""

    name: str
    owner: str
    epoch: int


def time_s(db: Connection) -> float:
    """Epoch seconds by the clock that all processes share: a file has one process, whose own will do."""
    if db.dialect.name == "sqlite":
        return time.time()
    return float(db.scalar(select(_NOW_S)) or 0.0)


@transaction
def take(db: Connection, name: str, owner: str, ttl_ms: int) -> Fence | None:
    """Take or renew a lease; None while another owner's lasts. PostgreSQL's clock judges; a file has no other owner."""
    single = db.dialect.name == "sqlite"
    now: ColumnElement[int] | int = 0
    if not single:
        now = cast(_NOW_S * 1000, BigInteger)
    statement = insert(db, leases).values(name=name, owner=owner, epoch=1, expires_ms=now + ttl_ms)
    over = or_(leases.c.expires_ms < now, leases.c.expires_ms > now + FAR_MS)
    free: Any = true() if single else or_(leases.c.owner == owner, over)
    changed = case((leases.c.owner == owner, 0), else_=1)
    taken = statement.on_conflict_do_update(
        index_elements=["name"],
        where=free,
        set_={"owner": owner, "epoch": leases.c.epoch + changed, "expires_ms": statement.excluded.expires_ms},
    )
    epoch = db.scalar(taken.returning(leases.c.epoch))
    return Fence(name, owner, epoch) if epoch is not None else None


def lasts(db: Connection) -> bool:
    """True where somebody has a lease now, by PostgreSQL's clock."""
    now = cast(_NOW_S * 1000, BigInteger)
    query = select(leases.c.name).where(leases.c.expires_ms.between(now, now + FAR_MS))
    return db.scalar(query.limit(1)) is not None


def holds(db: Connection, fence: Fence) -> bool:
    """True if nobody has taken it since; nobody can until the transaction ends."""
    query = select(leases.c.epoch).where(leases.c.name == fence.name, leases.c.owner == fence.owner)
    return db.scalar(query.with_for_update(read=True)) == fence.epoch
