"""Numbered settings: everything a channel has set has a number of its own."""

from __future__ import annotations

from sqlalchemy import Connection, Table, select, true

from bot.db.tables import digests, mutes, subscriptions
from bot.db.transaction import transaction

_KINDS = (("a subscription", subscriptions), ("a digest", digests), ("a mute", mutes))


@transaction
def kind_of(db: Connection, team_id: str, channel_id: str, number: int, now_ms: int) -> str:
    """Return the kind of the setting with that number, `a digest`; "" for none, or a mute that is over."""
    return next((kind for kind, table in _KINDS if _is_there(db, table, team_id, channel_id, number, now_ms)), "")


def _is_there(db: Connection, table: Table, team_id: str, channel_id: str, number: int, now_ms: int) -> bool:
    here = (table.c.team_id == team_id, table.c.channel_id == channel_id, table.c.number == number)
    holds = mutes.c.until_ms > now_ms if table is mutes else true()
    return db.scalar(select(table.c.number).where(*here, holds)) is not None
