"""Changes by time alone: sessions that start and stop matching a subscription though nothing happens to them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.outbox import cards as card_store
from tests.tracking.parts import HELLO, TEAM, World


async def known(world: World) -> list[tuple[set[int], set[int]]]:
    """Of each card, the subscriptions that its session has matched, and those of them that it has stopped matching."""
    cards = await card_store.read(world.store, TEAM, (await world.snapshot()).sessions)
    return [(set(card.matched), set(card.stopped)) for card in cards]


@pytest.mark.parametrize("restart", [True, False])
async def test_a_session_that_grows_longer_is_told_once(world: World, restart: bool) -> None:
    await world.resubscribe("longer:45m", ["start"])
    assert await world.poll() == HELLO
    world.open()
    for minutes, told in ((0, 0), (44, 0), (46, 1), (47, 1), (90, 1)):
        world.ahead = timedelta(minutes=minutes)
        if restart:
            world.restart()
        sent = await world.poll()
        assert len(sent) == (told and minutes == 46)
        assert await known(world) == [({2}, set())] * told


async def test_one_that_has_become_too_long_stops_matching_and_says_nothing(world: World) -> None:
    await world.resubscribe("-longer:45m", ["start"])
    assert await world.poll() == HELLO
    world.open()
    assert len(await world.poll()) == 1
    for minutes, stopped in ((44, set()), (46, {2}), (47, {2})):
        world.ahead = timedelta(minutes=minutes)
        assert await world.poll() == []
        assert await known(world) == [({2}, stopped)]
