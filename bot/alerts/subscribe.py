"""Make a subscription: read the live sessions, store it, and post its first message at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.alerts import store as alerts_store
from bot.alerts.matching import rooms_of
from bot.alerts.subscription import BESIDE, Subscribed, Subscription, kinds_of, subscription_line
from bot.alerts.subscription_render import LIVE_NAMED, announced
from bot.db.database import Database
from bot.db.setting_change import SettingChange
from bot.hms.client import Hms
from bot.hms.pages import pages
from bot.outbox import conversations
from bot.outbox.card import key_of
from bot.outbox.message import Outgoing
from bot.outbox.settled import settled
from bot.query.model import Query
from bot.query.plan import matcher
from bot.query.times import ms
from bot.query.values import RoomId
from bot.rooms.names import Rooms
from bot.sessions.model import Room, Session

LIVE_PAGES = 10
"""Most pages of live sessions read for a new subscription: the newest 1,000. Live sessions beyond that open no card
either, unless the query may match later."""


async def subscribe(
    hms: Hms, rooms: Rooms, store: Database, *, query: Query, team_id: str, channel_id: str,
    user_id: str, name: str, now: datetime, settled_s: float, notified: Mapping[str, str],
) -> Subscribed:  # fmt: skip
    """`query` is a line said to subscribe, by one who is called `name`; `notified`: the names of those it notifies, by
    their ids. Raises NotFound, ManyRooms, TooMany or HmsError."""
    resolved = await rooms.resolve(query)
    wanted = resolved.without(*BESIDE)
    live = await _live(hms, rooms, wanted, now)
    for term in wanted.terms:
        if isinstance(term.value, RoomId) and not term.negated:
            await rooms.must_exist(term.value.id)
    live_in = [session.room_id for session in live]
    names = await rooms.names([*wanted.named_ids, *live_in[:LIVE_NAMED]])
    now_ms, every_s = ms(now), resolved.only("every") or 0
    notify = tuple(sorted(notified))
    new = Subscription(team_id, channel_id, wanted, kinds_of(resolved), user_id, now_ms, notify=notify, every_s=every_s)
    key = key_of("subscribed", team_id, channel_id, str(wanted), str(now_ms))
    messages = [
        announced(new, how, by=name, live=live_in, names=names, notified=notified) for how in ("new", "changed")
    ]
    first, changed = (Outgoing(key, team_id, channel_id, "post", each.text, each.blocks) for each in messages)
    by = SettingChange(now_ms, user_id, subscription_line(new))
    stored, how = await alerts_store.subscribe(store, new, [session.id for session in live], first, changed, by=by)
    waiting = not await settled(store, (team_id, channel_id), key, settled_s)
    return Subscribed(stored, how, live_in, names, await conversations.read(store, team_id, channel_id), waiting)


async def _live(hms: Hms, rooms: Rooms, query: Query, now: datetime) -> list[Session]:
    of_rooms = rooms_of(query)
    params = {"active": "true"} | ({"room_id": of_rooms[0]} if len(of_rooms) == 1 else {})
    known: dict[str, Room] = {}
    matches = matcher(query, now, known)
    found: list[Session] = []
    async for batch in pages(hms.list_sessions, params, LIVE_PAGES):
        if query.needs_rooms:
            known |= await rooms.know(session.room_id for session in batch.sessions)
        found += filter(matches, batch.sessions)
    return found
