"""What a team's channels don't want to hear, as the store has it now."""

from __future__ import annotations

from datetime import datetime

from bot.core.hush import Hush
from bot.core.times import ms
from bot.store.store import Store


async def hush(store: Store, team_id: str, now: datetime, *, wide: bool = False) -> Hush:
    """`wide`: for sessions of which only the room is known. What can't be judged counts as unwanted."""
    mutes = await store.mutes(team_id, ms(now))
    if wide:
        mutes = [mute.widened() for mute in mutes]
    quiets = await store.quiets(team_id)
    hours = {channel_id: [quiet for quiet, _ in some] for channel_id, some in quiets.items()}
    return Hush(mutes, hours, await store.unthreaded(team_id), now)
