"""Make a digest: store it, and tell its channel at once."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.card import key_of
from bot.core.change import Changed
from bot.core.channel import Channel
from bot.core.digest import Digest
from bot.core.outgoing import Outgoing
from bot.flows.settled import settled
from bot.render.digests import announced
from bot.render.phrases import Names
from bot.store.records import How
from bot.store.store import Store


@dataclass(frozen=True, slots=True)
class Made:
    """`how` the digest came about, how its `channel` is, and whether its first message is still on its way."""

    digest: Digest
    how: How
    channel: Channel
    waiting: bool


async def set_digest(store: Store, new: Digest, next_ms: int, by: Changed, *, name: str, names: Names) -> Made:
    """`new` is made by one who is called `name`; `names` are those of its rooms. Raises TooMany."""
    key = key_of("digest", new.team_id, new.channel_id, str(new.schedule), str(new.query), str(new.created_ms))
    message = announced(new, by=name, names=names)
    first = Outgoing(key, new.team_id, new.channel_id, "post", message.text, message.blocks)
    stored, how = await store.add_digest(new, next_ms, by, first)
    waiting = how != "changed" and not await settled(store, (new.team_id, new.channel_id), key)
    return Made(stored, how, await store.channel(new.team_id, new.channel_id), waiting)
