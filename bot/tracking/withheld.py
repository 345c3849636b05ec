"""A card's session, held against the silence of its channel."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.db.database import Database
from bot.outbox.card import Card
from bot.rooms import store as room_store
from bot.silence.current import current_policy
from bot.tracking import store


async def withheld_until_ms(database: Database, card: Card, now_ms: int) -> int | None:
    """When the card's channel may hear of its session again, 0 where that was muted by itself; None: now."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    known = (await store.tracked(database, card.team_id, [card.session_id])).values()
    rooms = await room_store.by_id(database, card.team_id, [each.room_id for each in known])
    policy = await current_policy(database, card.team_id, now, {room.id: room for room in rooms}, of_rooms_only=True)
    for tracked in known:
        session = tracked.session(live=tracked.live)
        return 0 if policy.alone(card.channel_id, session) else policy.until_ms(card.channel_id, session)
    return policy.every_until_ms(card.channel_id)
