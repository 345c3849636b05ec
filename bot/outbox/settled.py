"""Waiting for the first message of what was set up, which shows whether the bot can post there."""

from __future__ import annotations

import asyncio
import time

from bot.db.database import Database
from bot.outbox import conversations
from bot.outbox import store as outbox_store

SETTLED_S = 4.0
"""A person waits gladly for so long."""


async def settled(store: Database, place: tuple[str, str], key: str, wait_s: float) -> bool:
    """True as soon as it is known what became of a message for that (team, channel), or of the try in a paused channel
    that a person's line makes; False where it isn't within `wait_s`."""
    stop_at = time.monotonic() + wait_s
    while time.monotonic() < stop_at:
        channel = await conversations.read(store, *place)
        tried = not channel.paused or (channel.tries > 0 and not channel.waiting)
        if tried and await outbox_store.status(store, key) not in ("pending", "sending"):
            return True
        await asyncio.sleep(0.1)
    return False
