"""Polls of an account, while people mute their channel and end that again: what is withheld is stored, and read anew when
the time has come."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from email.utils import formatdate

import pytest

from bot.demo.fake_hms import Stall, Status
from bot.outbox import cards as card_store
from bot.outbox import claims, threads
from bot.outbox import store as outbox_store
from bot.silence import mute_store, quiet_store
from bot.silence.quiet_hours import read_quiet
from tests.tracking.parts import BY, CHANNEL, HELLO, HOUR, TEAM, World

ENDED = [("post", "1 session has ended while it was quiet here.")]


def recap(live: int, ended: int) -> list[tuple[str, str]]:
    are = "session is" if live == 1 else "sessions are"
    others = f" {ended} other has ended since." if ended else ""
    return [("post", f"{live} {are} live that you didn't hear of while it was quiet here.{others}")]


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_mute_that_ends(world: World, restarts: bool) -> None:
    """Also where another process goes on with what is withheld."""
    await world.mute()
    stays, goes = world.open(), world.open()
    assert await world.poll() == []
    world.end(goes)
    world.join(stays, "Ada")
    assert await world.poll() == await world.poll() == []
    if restarts:
        world.restart()
    world.ahead = HOUR
    assert await world.poll() == recap(1, 1)
    assert await world.poll() == []
    assert await card_store.withheld(world.store, TEAM) == []
    world.end(stays)
    await world.hears_of_the_end()


@pytest.mark.parametrize(("live", "ended", "told"), [(2, 0, recap(2, 0)), (0, 1, ENDED)])
async def test_a_mute_that_somebody_ends(world: World, live: int, ended: int, told: list[tuple[str, str]]) -> None:
    """Nothing has happened in the account, nor need anything live: the sessions are read all the same."""
    mute = await world.mute()
    sessions = [world.open() for _ in range(live + ended)]
    for session in sessions[live:]:
        world.end(session)
    assert await world.poll() == await world.poll() == []
    await world.unmute(mute)
    assert await world.poll() == told
    assert await world.poll() == []


@pytest.mark.parametrize(("path", "stall_s"), [("/sessions", 0.2), ("/rooms*", 0.5)])
async def test_who_mutes_during_a_poll_does_not_hear_of_it(world: World, path: str, stall_s: float) -> None:
    """Neither while sessions are read, nor while rooms are looked up, when it has been decided who is told."""
    world.open()
    world.fake.requests.clear()
    world.fake.fail_always(path, Stall(stall_s))
    poll = asyncio.create_task(world.poll())
    while not any(path.rstrip("*") in request.path for request in world.fake.requests):
        await asyncio.sleep(0.01)
    await world.mute()
    assert await poll == []
    world.ahead = HOUR
    assert await world.poll() == recap(1, 0)


async def test_one_that_stood_in_a_list_is_named_also_after_a_weekend(world: World) -> None:
    """Two days after its end no poll knows of it, and a week after it nothing would, but for the card that waits."""
    await world.mute()
    session = world.open()
    await world.poll()
    world.ahead = HOUR
    assert await world.poll() == recap(1, 0)
    await world.mute(length=timedelta(days=9))
    world.end(session)
    assert await world.poll() == []
    for days in (3, 8, 9):
        world.ahead = HOUR + timedelta(days=days)
        await world.prune()
        world.restart()
        assert await world.polls.run()
    (row,) = await world.rows()
    assert row.text.startswith("1 session has ended while it was quiet here.")
    assert session.id in str(row.blocks) and "Town hall" in str(row.blocks)


async def test_what_is_yet_to_be_counted_is_kept(world: World) -> None:
    """Nobody polls when the mute ends, and old rows are thrown away."""
    await world.mute(length=timedelta(days=20))
    world.end(world.open())
    assert await world.poll() == []
    world.ahead = timedelta(days=20, hours=1)
    await world.prune()
    assert await world.poll() == ENDED


async def test_a_card_is_edited_in_quiet_hours_and_gets_no_reply(world: World) -> None:
    shown = world.open()
    assert await world.kinds() == ["post"]
    now = world.now()
    around = f"{now - 2 * HOUR:%H:%M}-{now + 2 * HOUR:%H:%M}"
    await quiet_store.add(world.store, TEAM, CHANNEL, read_quiet(around, "UTC"), BY)
    world.join(shown, "Ada")
    world.open()
    assert await world.kinds() == ["edit"]
    await quiet_store.clear(world.store, TEAM, CHANNEL, BY)
    assert await world.poll() == recap(1, 0)
    world.ahead = timedelta(minutes=1)  # a card's next edit waits
    world.join(shown, "Ben")
    assert await world.kinds() == ["edit", "reply"]
    await threads.turn(world.store, TEAM, CHANNEL, False, BY)
    world.ahead *= 2
    world.join(shown, "Eve")
    assert await world.kinds() == ["edit"]


async def test_what_nobody_asks_for_any_more_is_not_counted(world: World) -> None:
    await world.mute()
    world.end(world.open())
    assert await world.poll() == []
    await world.resubscribe()
    world.end(world.open())
    assert await world.poll() == HELLO
    world.ahead = HOUR
    assert await world.poll() == ENDED


async def test_a_card_that_was_refused_is_tried_again_after_the_mute(world: World) -> None:
    session = world.open()
    assert await world.polls.run()
    (row,) = await claims.claim(world.store, TEAM, world.now_ms, 20_000, 10)
    await outbox_store.dead(world.store, row, "invalid_blocks")
    mute = await world.mute()
    world.join(session, "Ada")
    assert await world.poll() == []
    await world.unmute(mute)
    world.join(session, "Ben")
    (kind, text), (reply, _) = await world.poll()
    assert (kind, reply) == ("post", "reply") and "2 in now" in text


@pytest.mark.parametrize("wrong", [timedelta(days=1), timedelta(hours=-1)])
async def test_after_a_poll_by_a_wrong_clock_what_has_ended_is_told_as_ever(world: World, wrong: timedelta) -> None:
    """It is put right while the bot is down, or another process polls now."""
    world.account.end(world.account.open_session(world.room, world.time - 1_800), world.time - 1_700)
    right = formatdate(world.time - wrong.total_seconds(), usegmt=True)
    world.began += wrong.total_seconds()  # the wall clock alone
    world.fake.fail("/sessions", *[Status(200, {"Date": right}, {"data": [], "limit": 100})] * 2)
    assert await world.poll() == []
    world.began -= wrong.total_seconds()
    world.end(world.open())
    world.restart()
    await world.hears_of_the_end()
    assert await world.poll() == []


async def test_one_session_alone_is_muted(world: World) -> None:
    quiet = world.open()
    mute = await world.mute(quiet.id)
    world.open()
    assert len(await world.poll()) == 1
    await mute_store.add(world.store, replace(mute, until_ms=mute.until_ms + 3_600_000), BY)
    world.ahead = HOUR
    assert await world.poll() == []
    world.ahead *= 2
    assert await world.poll() == recap(1, 0)
