"""The first poll after the bot was down: what it lists again is known."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.tracking import store as tracking_store
from tests.tracking.parts import TEAM, World


@pytest.mark.parametrize("days", [6, 8, 40])
async def test_what_ended_just_before_a_downtime_is_not_told_again(world: World, days: int) -> None:
    """The window of the first poll begins two minutes before the last one's reading."""
    session = world.open()
    assert len(await world.poll()) == 1
    world.end(session)
    assert len(await world.poll()) == 1
    world.ahead = timedelta(days=days)
    await world.prune()
    world.restart()
    assert await world.poll() == []
    await world.prune()
    assert (session.id in await tracking_store.tracked(world.store, TEAM, [session.id])) is (days < 7)
