"""The silence policy as the store has it now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.db.database import Database
from bot.outbox import threads
from bot.query.times import ms
from bot.sessions.model import Room
from bot.silence import mute_store, quiet_store
from bot.silence.policy import SilencePolicy


async def current_policy(
    store: Database, team_id: str, now: datetime, rooms: Mapping[str, Room], *, of_rooms_only: bool = False
) -> SilencePolicy:
    """The policy of a team's channels at `now`. `rooms`: those of the sessions that it will judge. `of_rooms_only`: for
    sessions whose room is known, but not their people. Where a mute can't be judged, it holds."""
    mutes = await mute_store.read(store, team_id, ms(now))
    if of_rooms_only:
        mutes = [mute.widened() for mute in mutes]
    quiets = await quiet_store.read(store, team_id)
    hours = {channel_id: [quiet for quiet, _ in ranges] for channel_id, ranges in quiets.items()}
    return SilencePolicy(mutes, hours, await threads.off(store, team_id), now, rooms)
