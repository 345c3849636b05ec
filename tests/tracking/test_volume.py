"""Accounts that take long to read: nothing is lost, and every poll gets further."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.db.tables import rooms as rooms_stored
from bot.demo.fake_hms import FirstPage, Oddities, Pass, Stall, Status
from bot.demo.fake_hms.records import Room
from bot.tracking import store as tracking_store
from bot.tracking.reading import SLICE_PAGES
from bot.tracking.sweep import MANY
from tests.tracking.parts import SOON, TEAM, World

PAGE = 20
SLICE = SLICE_PAGES * PAGE + 150
"""A poll reads most of these sessions, and the next one the rest."""


@pytest.fixture
async def world(world: World) -> World:
    """Its pages are small, so that few sessions are many pages."""
    world.fake.oddities = Oddities(limit_most=PAGE)
    assert await world.poll() == []
    return world


def ended(world: World, count: int, since: timedelta, rooms: Sequence[Room] = ()) -> None:
    """Opens and ends so many sessions meanwhile, evenly spread, also over these rooms."""
    step = since.total_seconds() / (count + 1)
    for number in range(1, count + 1):
        room = rooms[number % len(rooms)] if rooms else world.room
        session = world.account.open_session(room, world.time + number * step)
        world.account.end(session, world.time + (number + 0.5) * step)
    world.ahead += since


def asked(world: World, active: str) -> int:
    """The number of pages of these that were asked for since `requests` were cleared."""
    return sum(request.query.get("active") == active for request in world.fake.requests)


async def polled(world: World, times: int = 1, channel: str = "C1") -> list[str]:
    """A channel's messages after so many good polls."""
    texts: list[str] = []
    for _ in range(times):
        assert await world.polls.run()
        texts += (await world.told()).get(channel, [])
        world.ahead += SOON
    return texts


def counted(texts: list[str]) -> int:
    """The number of sessions that these messages are about."""
    many = re.compile(r"([\d,]+) (?:more )?(?:sessions? )?ended")
    return sum(int(at[1].replace(",", "")) if (at := many.search(text)) else " ended after " in text for text in texts)


async def test_one_that_opens_after_page_1_and_ends_before_the_next_poll_is_told(world: World) -> None:
    """Reading takes longer than the overlap of two polls."""
    for _ in range(150):
        world.open()
    world.ahead += timedelta(minutes=1)
    world.fake.requests.clear()
    world.fake.fail("/sessions", Pass(), Stall(0.2))
    poll = asyncio.create_task(world.polls.run())
    while len(world.fake.requests) < 2:
        await asyncio.sleep(0.01)
    world.ahead += timedelta(seconds=1)
    session = world.open()
    world.ahead += timedelta(minutes=10)
    assert await poll
    await world.told()
    world.end(session)
    world.ahead += SOON
    (text,) = await polled(world)
    assert text.startswith("*Town hall* ended after ")


async def test_every_poll_gets_further_with_what_ended_in_a_downtime(world: World) -> None:
    """Live sessions are read at every poll, and told at once; a channel gets a list and a line."""
    many = SLICE_PAGES * PAGE * 2 + 450
    ended(world, many, timedelta(days=8))
    texts: list[str] = []
    for pages in (SLICE_PAGES, SLICE_PAGES, 23 + 2):
        world.open()
        world.fake.requests.clear()
        texts += await polled(world)
        assert (asked(world, "true"), asked(world, "false")) == (1, pages)
    assert texts[0].startswith(f"1 session opened, {MANY} ended.")
    second, third, line = texts[1:]
    assert second.startswith("*Town hall* started") and third.startswith("*Town hall* started")
    assert line.splitlines()[0] == f"{many - MANY:,} more sessions ended while I was catching up."
    assert counted(texts) == many
    world.fake.requests.clear()
    assert await polled(world) == [] and asked(world, "false") == 1


@pytest.mark.parametrize("fails_at", [1, 3, 6, 8, 20, SLICE_PAGES, SLICE_PAGES + 6])
@pytest.mark.parametrize("restarts", [False, True])
async def test_a_reading_that_is_cut_off_loses_nothing_and_tells_nothing_twice(
    world: World, fails_at: int, restarts: bool
) -> None:
    """Nor do prune, and a process that comes after."""
    many = SLICE_PAGES * PAGE + 730
    ended(world, many, timedelta(days=9))
    world.fake.fail("/sessions", *[Pass()] * fails_at, Status(400))
    texts: list[str] = []
    polls: list[bool] = []
    for _ in range(5):
        polls.append(await world.polls.run())
        texts += (await world.told()).get("C1", [])
        world.ahead += timedelta(minutes=2)
        await world.prune()
        if restarts:
            world.restart()
    assert polls.count(False) == 1
    assert counted(texts) == many
    assert (await world.snapshot()).progress.backlog is None
    assert await tracking_store.read_catchups(world.store, TEAM) == {}


async def test_a_backlog_whose_place_100ms_does_not_know_any_more_is_begun_again(world: World) -> None:
    """As where the session that it goes on after was deleted."""
    ended(world, SLICE, timedelta(days=1))
    texts = await polled(world)
    world.fake.fail("/sessions", Pass(), Pass(), Status(400))
    assert counted(texts + await polled(world, 3)) == SLICE
    assert (await world.snapshot()).progress.backlog is None


async def test_another_downtime_amid_a_backlog_loses_nothing_and_tells_nothing_twice(world: World) -> None:
    texts: list[str] = []
    for _ in range(2):
        ended(world, SLICE, timedelta(days=1))
        texts += await polled(world)
    assert counted(texts + await polled(world, 4)) == SLICE * 2


async def test_a_muted_channel_hears_of_a_backlog_afterwards(world: World) -> None:
    """Of what came before the mute in the line, of what came in it as of anything else."""
    ended(world, SLICE, timedelta(days=1))
    assert counted(await polled(world)) == MANY
    mute = await world.mute()
    assert await polled(world) == []
    await world.unmute(mute)
    recap, line = await polled(world)
    assert recap.startswith("150 sessions have ended while it was quiet here.")
    assert line.splitlines()[0] == f"{SLICE - MANY - 150:,} more sessions ended while I was catching up."


@pytest.mark.parametrize("downtime", [timedelta(hours=6), timedelta(days=2)])
@pytest.mark.parametrize("fails_in", [0, 1])
@pytest.mark.parametrize("disabled", [0, 300])
async def test_a_backlog_waits_for_rooms_that_cannot_be_asked_for(
    world: World, downtime: timedelta, fails_in: int, disabled: int
) -> None:
    """Nobody could tell who wants to hear of their sessions."""
    await world.subscribe("room:lesson-*", channel="C2")
    rooms = [world.account.add_room(f"lesson-{number}", enabled=number >= disabled) for number in range(600)]
    ended(world, SLICE, downtime, rooms)
    texts: list[str] = []
    for number in range(12):
        if number == fails_in:
            world.fake.fail_always("/rooms*", Status(400))
            world.restart()
            assert await world.store.run(lambda db: db.execute(rooms_stored.delete()))
        texts += await polled(world, channel="C2")
        world.fake.heal()
    assert counted(texts) == SLICE
    assert (await world.snapshot()).progress.backlog is None


async def test_a_failed_reading_rests_before_the_next_and_longer_each_time(world: World) -> None:
    for _ in range(150):
        world.open()
    world.fake.fail_always("/sessions", FirstPage())
    requests = []
    for _ in range(600):
        world.fake.requests.clear()
        await world.polls.run()
        requests.append(len(world.fake.requests))
        world.ahead += timedelta(seconds=1)
    polls = [second for second, count in enumerate(requests) if count]
    assert polls[:9] == [0, 1, 3, 7, 15, 31, 63, 127, 247] and len(polls) == 11
    assert set(requests) == {0, 2}
    world.fake.heal()
    world.ahead += timedelta(minutes=2)
    assert await world.polls.run()
    world.fake.fail("/sessions", Pass(), FirstPage())
    assert not await world.polls.run()
    world.ahead += timedelta(seconds=1)
    assert await world.polls.run()
