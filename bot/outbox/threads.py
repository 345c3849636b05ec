"""Which conversations get replies."""

from __future__ import annotations

from sqlalchemy import not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.db.setting_change import SettingChange
from bot.db.tables import channels, outbox
from bot.outbox import audit_log as changes
from bot.outbox import queue as messages
from bot.outbox.conversations import lock


async def turn(db: AsyncConnection, team_id: str, channel_id: str, on: bool, by: SettingChange) -> bool:
    await lock(db, [(team_id, channel_id)])
    here = (channels.c.team_id == team_id, channels.c.channel_id == channel_id)
    turned = update(channels).where(*here, channels.c.threads != on).values(threads=on)
    if (await db.execute(turned)).rowcount == 0:
        return False
    if not on:
        await messages.withdraw(db, (team_id, channel_id), outbox.c.kind == "reply")
    await changes.add(db, (team_id, channel_id), by)
    return True


async def off(db: AsyncConnection, team_id: str) -> set[str]:
    query = select(channels.c.channel_id).where(channels.c.team_id == team_id, not_(channels.c.threads))
    return set(await db.scalars(query))
