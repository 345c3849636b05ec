"""Thread replies, on or off for each conversation."""

from __future__ import annotations

from sqlalchemy import Connection, not_, select, update

from bot.db.setting_change import SettingChange
from bot.db.tables import channels, outbox
from bot.db.transaction import transaction
from bot.outbox import audit_log, queue
from bot.outbox.conversations import at, lock


@transaction
def turn(db: Connection, team_id: str, channel_id: str, on: bool, by: SettingChange) -> bool:
    """Turn a channel's replies on or off; they start on. True if that changed."""
    place = (team_id, channel_id)
    lock(db, [place])
    turned = update(channels).where(at(channels, place), channels.c.threads != on).values(threads=on)
    if db.execute(turned).rowcount == 0:
        return False
    if not on:
        queue.withdraw(db, place, outbox.c.kind == "reply")
    audit_log.add(db, place, by)
    return True


@transaction
def off(db: Connection, team_id: str) -> set[str]:
    """The channels that get no replies."""
    query = select(channels.c.channel_id).where(channels.c.team_id == team_id, not_(channels.c.threads))
    return set(db.scalars(query))
