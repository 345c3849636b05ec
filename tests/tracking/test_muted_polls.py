"""Polls of an account, while people mute their channel and end that again: what is withheld is stored, and read anew when
the time has come."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from email.utils import formatdate

import pytest

from bot.alerts import store as alerts_store
from bot.alerts.subscription import Subscription
from bot.demo.fake_hms import FakeHms, Stall, Status
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.outbox import cards as card_store
from bot.outbox import claims, threads
from bot.outbox import prune as pruning
from bot.outbox import store as outbox_store
from bot.outbox.message import Outgoing
from bot.query.parse import parse
from bot.silence import mute_store, quiet_store
from bot.silence.mute import Mute
from bot.silence.quiet_hours import read_quiet
from tests.tracking.parts import BY, CHANNEL, HOUR, TEAM, World


def recap(live: int, ended: int) -> list[tuple[str, str]]:
    are = "session is" if live == 1 else "sessions are"
    others = f" {ended} other has ended since." if ended else ""
    return [("post", f"{live} {are} live that you didn't hear of while it was quiet here.{others}")]


async def test_a_mute_that_ends(world: World) -> None:
    await world.mute()
    stays, goes = world.open(), world.open()
    assert await world.poll() == []
    world.end(goes)
    world.join(stays, "Ada")
    assert await world.poll() == []
    assert await world.poll() == []
    world.ahead = HOUR
    assert await world.poll() == recap(1, 1)
    assert await world.poll() == []
    assert await card_store.withheld(world.store, TEAM) == []
    world.end(stays)
    ((kind, text),) = await world.poll()
    assert (kind, text.partition(" after ")[0]) == ("post", "*Town hall* ended")


async def test_a_mute_that_somebody_ends(world: World) -> None:
    """Nothing has happened in the account: the sessions are read all the same."""
    mute = await world.mute()
    world.open(), world.open()
    assert await world.poll() == []
    await mute_store.remove(world.store, TEAM, CHANNEL, [mute.number], BY)
    assert await world.poll() == recap(2, 0)
    assert await world.poll() == []


async def test_a_mute_ends_early_when_all_has_ended(world: World) -> None:
    """Nothing that is withheld is live, and nothing has happened in the account."""
    mute = await world.mute()
    world.end(world.open())
    assert await world.poll() == []
    assert await world.poll() == []
    await mute_store.remove(world.store, TEAM, CHANNEL, [mute.number], BY)
    assert await world.poll() == [("post", "1 session has ended while it was quiet here.")]
    assert await world.poll() == []


async def test_who_mutes_while_sessions_are_read_does_not_hear_of_them(world: World, hms: FakeHms) -> None:
    world.open()
    hms.requests.clear()
    hms.fail("/sessions", Stall(0.2))
    poll = asyncio.create_task(world.poll())
    while not hms.requests:
        await asyncio.sleep(0.01)
    await world.mute()
    assert await poll == []
    world.ahead = HOUR
    assert await world.poll() == recap(1, 0)


async def test_who_mutes_while_rooms_are_looked_up_does_not_hear_of_them(world: World, hms: FakeHms) -> None:
    """It has been decided by then who is told."""
    hms.requests.clear()
    hms.fail_always("/rooms*", Stall(0.5))
    world.open()
    poll = asyncio.create_task(world.poll())
    while not any("/rooms" in request.path for request in hms.requests):
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
    new = Mute(TEAM, CHANNEL, parse(""), "", world.now_ms + 9 * 86_400_000, "U1", world.now_ms)
    await mute_store.add(world.store, new, BY)
    world.end(session)
    assert await world.poll() == []
    for days in (3, 8, 9):
        world.ahead = HOUR + timedelta(days=days)
        await pruning.prune(world.store, TEAM, world.now_ms)
        world.restart()
        assert await world.polls.run()
    (row,) = await claims.claim(world.store, TEAM, world.now_ms, 20_000, 10)
    assert row.text.startswith("1 session has ended while it was quiet here.")
    assert session.id in str(row.blocks) and "Town hall" in str(row.blocks)


async def test_what_is_yet_to_be_counted_is_kept(world: World) -> None:
    """Nobody polls when the mute ends, and old rows are thrown away."""
    new = Mute(TEAM, CHANNEL, parse(""), "", world.now_ms + 20 * 86_400_000, "U1", world.now_ms)
    await mute_store.add(world.store, new, BY)
    world.end(world.open())
    assert await world.poll() == []
    world.ahead = timedelta(days=20, hours=1)
    await pruning.prune(world.store, TEAM, world.now_ms)
    assert await world.poll() == [("post", "1 session has ended while it was quiet here.")]


async def test_another_process_goes_on_with_what_is_withheld(world: World, hms: FakeHms) -> None:
    await world.mute()
    world.open()
    assert await world.poll() == []
    client = Hms(hms.url, SignedToken(hms.access_key, hms.secret))
    world.restart(client)
    world.ahead = HOUR
    assert await world.poll() == recap(1, 0)
    await client.close()


async def test_a_card_is_edited_in_quiet_hours_and_gets_no_reply(world: World) -> None:
    shown = world.open()
    assert [kind for kind, _ in await world.poll()] == ["post"]
    now = world.now()
    around = f"{now - 2 * HOUR:%H:%M}-{now + 2 * HOUR:%H:%M}"
    await quiet_store.add(world.store, TEAM, CHANNEL, read_quiet(around, "UTC"), BY)
    world.join(shown, "Ada")
    world.open()
    assert [kind for kind, _ in await world.poll()] == ["edit"]
    await quiet_store.clear(world.store, TEAM, CHANNEL, BY)
    assert await world.poll() == recap(1, 0)
    world.ahead = timedelta(minutes=1)  # a card's next edit waits
    world.join(shown, "Ben")
    assert sorted(kind for kind, _ in await world.poll()) == ["edit", "reply"]
    await threads.turn(world.store, TEAM, CHANNEL, False, BY)
    world.ahead *= 2
    world.join(shown, "Eve")
    assert [kind for kind, _ in await world.poll()] == ["edit"]


async def test_what_nobody_asks_for_any_more_is_not_counted(world: World) -> None:
    await world.mute()
    world.end(world.open())
    assert await world.poll() == []
    await alerts_store.unsubscribe(world.store, TEAM, CHANNEL, [1], BY)
    wanted = Subscription(TEAM, CHANNEL, parse(""), frozenset(("start", "end")), "U1", world.now_ms)
    await alerts_store.subscribe(
        world.store, wanted, [], Outgoing("second", TEAM, CHANNEL, "post", "hello", []), by=None
    )
    world.end(world.open())
    assert await world.poll() == [("post", "hello")]
    world.ahead = HOUR
    assert await world.poll() == [("post", "1 session has ended while it was quiet here.")]


async def test_a_card_that_was_refused_is_tried_again_after_the_mute(world: World) -> None:
    session = world.open()
    assert await world.polls.run()
    (row,) = await claims.claim(world.store, TEAM, world.now_ms, 20_000, 10)
    await outbox_store.dead(world.store, row, "invalid_blocks")
    mute = await world.mute()
    world.join(session, "Ada")
    assert await world.poll() == []
    await mute_store.remove(world.store, TEAM, CHANNEL, [mute.number], BY)
    world.join(session, "Ben")
    (kind, text), (reply, _) = await world.poll()
    assert (kind, reply) == ("post", "reply") and "2 in now" in text


@pytest.mark.parametrize("wrong", [timedelta(days=1), timedelta(hours=-1)])
async def test_after_a_poll_by_a_wrong_clock_what_has_ended_is_told_as_ever(
    world: World, hms: FakeHms, wrong: timedelta
) -> None:
    """It is put right while the bot is down, or another process polls now."""
    at = time.time()
    old = world.account.open_session(world.room, at - 1_800)
    world.account.end(old, at - 1_700)
    world.ahead = wrong
    right = formatdate(at - wrong.total_seconds(), usegmt=True)
    hms.fail("/sessions", *[Status(200, {"Date": right}, {"data": [], "limit": 100})] * 2)
    assert await world.poll() == []
    world.end(world.open())
    world.ahead = timedelta()
    world.restart()
    ((kind, text),) = await world.poll()
    assert (kind, text.partition(" after ")[0]) == ("post", "*Town hall* ended")
    assert await world.poll() == []


async def test_one_session_alone_is_muted(world: World) -> None:
    quiet = world.open()
    mute = await world.mute(quiet.id)
    world.open()
    assert len(await world.poll()) == 1
    longer = replace(mute, until_ms=mute.until_ms + 3_600_000)
    await mute_store.add(world.store, longer, BY)
    world.ahead = HOUR
    assert await world.poll() == []
    world.ahead *= 2
    assert await world.poll() == recap(1, 0)
