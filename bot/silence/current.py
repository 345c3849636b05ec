"""What a team's channels don't want to hear, as the store has it now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.query.times import ms
from bot.sessions.model import Room
from bot.silence.policy import SilencePolicy
from bot.store import Store


async def hush(
    store: Store, team_id: str, now: datetime, rooms: Mapping[str, Room], *, of_rooms_only: bool = False
) -> SilencePolicy:
    """`rooms`: those of the sessions that it will be asked about. `of_rooms_only`: for sessions of which the room is
    known, but not who has been in. What can't be judged counts as unwanted."""
    mutes = await store.mutes(team_id, ms(now))
    if of_rooms_only:
        mutes = [mute.widened() for mute in mutes]
    quiets = await store.quiets(team_id)
    hours = {channel_id: [quiet for quiet, _ in some] for channel_id, some in quiets.items()}
    return SilencePolicy(mutes, hours, await store.unthreaded(team_id), now, rooms)
