"""The log of changes to a conversation's settings, and by whom. The conversation must be locked (`conversations.lock`),
so that the rows are in the order of the changes."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from bot.db.setting_change import SettingChange
from bot.db.tables import changes, channels
from bot.db.transaction import transaction
from bot.outbox.conversations import ChannelKey, at, try_now


def add(db: Connection, place: ChannelKey, by: SettingChange) -> None:
    team_id, channel_id = place
    db.execute(changes.insert().values(team_id=team_id, channel_id=channel_id, at_ms=by.at_ms, by=by.by, line=by.line))
    db.execute(update(channels).where(at(channels, place)).values(changed=channels.c.changed + 1))
    try_now(db, place)


@transaction
def counts(db: Connection, team_id: str) -> dict[str, int]:
    """Return the number of changes to each channel's settings."""
    rows = db.execute(select(channels.c.channel_id, channels.c.changed).where(channels.c.team_id == team_id))
    return {row[0]: row[1] for row in rows}


@transaction
def read(db: Connection, team_id: str, channel_id: str, most: int = 20) -> list[SettingChange]:
    """The newest changes of a channel's settings, the newest first."""
    query = select(changes).where(at(changes, (team_id, channel_id)))
    rows = db.execute(query.order_by(changes.c.id.desc()).limit(most))
    return [SettingChange(row.at_ms, row.by, row.line) for row in rows]
