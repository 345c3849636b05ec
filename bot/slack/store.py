"""Requests begun in any process, which aren't to be done again for a while, and what has a number in a channel."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, delete, select, true

from bot.db.sql import insert
from bot.db.tables import begun, digests, mutes, subscriptions
from bot.db.transaction import transaction

_KINDS = (("a subscription", subscriptions), ("a digest", digests), ("a mute", mutes))


@transaction
def begin(db: Connection, team_id: str, what: str, now_ms: int, kept_ms: int) -> bool:
    """True for the first to begin with `what`; whoever else would within `kept_ms` gets False."""
    new = insert(db, begun).values(team_id=team_id, digest=_digest(what), until_ms=now_ms + kept_ms)
    taken = new.on_conflict_do_update(
        index_elements=["team_id", "digest"],
        where=begun.c.until_ms <= now_ms,
        set_={"until_ms": new.excluded.until_ms},
    )
    return db.scalar(taken.returning(begun.c.until_ms)) is not None


@transaction
def withdraw(db: Connection, team_id: str, what: str) -> None:
    """It wasn't done: the next one is the first again."""
    db.execute(delete(begun).where(begun.c.team_id == team_id, begun.c.digest == _digest(what)))


@transaction
def kind_of(db: Connection, team_id: str, channel_id: str, number: int, now_ms: int) -> str:
    """Return the kind of the setting with that number, `a digest`; "" for none, or a mute that is over."""
    for kind, table in _KINDS:
        here = (table.c.team_id == team_id, table.c.channel_id == channel_id, table.c.number == number)
        holds = mutes.c.until_ms > now_ms if table is mutes else true()
        if db.scalar(select(table.c.number).where(*here, holds)) is not None:
            return kind
    return ""


def _digest(what: str) -> str:
    """Requests hold words of people, and those that Slack answers to."""
    return hashlib.sha256(what.encode()).hexdigest()
