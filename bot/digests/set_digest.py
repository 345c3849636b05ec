"""Make a digest: store it and announce it in its channel at once."""

from __future__ import annotations

from dataclasses import dataclass

from bot.blockkit.phrases import Names
from bot.db.database import Database
from bot.db.setting_change import How, SettingChange
from bot.digests import store as digests_store
from bot.digests.list_render import announced
from bot.digests.model import Digest
from bot.outbox import conversations
from bot.outbox.card import key_of
from bot.outbox.channel import Channel
from bot.outbox.message import Outgoing
from bot.outbox.settled import settled


@dataclass(frozen=True, slots=True)
class Made:
    """A stored digest. `how`: new, same or changed; `waiting`: its first message is still on its way."""

    digest: Digest
    how: How
    channel: Channel
    waiting: bool


async def set_digest(store: Database, new: Digest, by: SettingChange, *, name: str, names: Names) -> Made:
    """Store `new`, made by the person of that `name`, and return it; `names`: those of its rooms. Raises TooMany."""
    key = key_of("digest", new.team_id, new.channel_id, str(new.schedule), str(new.query), str(new.created_ms))
    message = announced(new, by=name, names=names)
    first = Outgoing(key, new.team_id, new.channel_id, "post", message.text, message.blocks)
    stored, how = await digests_store.add(store, new, by, first)
    waiting = how != "changed" and not await settled(store, (new.team_id, new.channel_id), key)
    return Made(stored, how, await conversations.read(store, new.team_id, new.channel_id), waiting)
