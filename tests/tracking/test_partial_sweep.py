"""Sweeps of a few sessions between two polls, as a timer or a webhook makes them, and sweeps that find nothing out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.db import leases
from bot.db.leases import Fence
from bot.demo.fake_hms import Status
from bot.demo.fake_hms.records import Session
from bot.hms.client import LIFE_MOST
from bot.tracking import store as tracking_store
from bot.tracking.store import Snapshot
from tests.tracking.parts import HELLO, HOUR, TEAM, World


async def look(world: World, *sessions: Session) -> list[str]:
    """The kinds of the messages that come of such a sweep, sorted."""
    assert await world.polls.look([each.id for each in sessions])
    return sorted(kind for kind, _ in await world.sent())


def cursors(known: Snapshot) -> tuple[object, ...]:
    return known.good_ms, known.progress, known.naming


async def test_a_session_is_told_when_it_is_due_and_not_at_the_next_poll(world: World) -> None:
    await world.resubscribe("longer:45m", ["start"])
    assert await world.poll() == HELLO
    session, other = world.open(), world.open()
    world.end(other)
    await world.poll()
    world.fake.requests.clear()
    for minutes, told in ((44, 0), (46, 1), (47, 0)):
        world.ahead = timedelta(minutes=minutes)
        assert not await world.polls.run(every_s=3_600.0)
        assert len(await world.sent()) == told
    assert [request.path for request in world.fake.requests] == [f"/sessions/{session.id}"]
    assert await world.poll() == []


async def test_it_sees_what_happened_and_the_next_poll_says_nothing_new(world: World) -> None:
    session = world.open()
    assert await look(world, session) == ["post"]
    world.join(session, "Ada")
    world.ahead = timedelta(minutes=1)
    assert await look(world, session) == ["edit", "reply"]
    assert await world.poll() == []
    world.ahead *= 2
    world.end(session)
    assert await look(world, session) == ["edit"]
    assert await world.poll() == []


async def test_it_finds_no_other_session_missing_and_leaves_the_polls_cursors(world: World) -> None:
    one, other = world.open(), world.open()
    assert len(await world.poll()) == 2
    before = await world.snapshot()
    world.end(other)
    world.join(one, "Ada")
    world.ahead = timedelta(minutes=1)
    assert await look(world, one) == ["edit", "reply"]
    after = await world.snapshot()
    assert (cursors(after), after.seq) == (cursors(before), before.seq + 1)
    assert {key: each.live for key, each in after.sessions.items()} == {one.id: True, other.id: True}
    assert await world.kinds() == ["edit"]  # the end of the other


async def test_what_it_is_not_told_of_a_session_says_nothing(world: World) -> None:
    """Its record can't be had, though the session is older than any lives."""
    session = world.account.open_session(world.room, world.time - 86_400)
    assert len(await world.poll()) == 1
    world.fake.fail(f"/sessions/{session.id}", Status(404, body={"code": 404, "message": "not found"}))
    seq = (await tracking_store.state(world.store, TEAM)).seq
    assert await look(world, session) == []
    assert (await tracking_store.state(world.store, TEAM)).seq == seq


async def test_who_no_longer_leads_stores_none(world: World) -> None:
    fence = await leases.take(world.store, "poller", "one", 60_000)
    assert fence is not None
    session, lost = world.open(), Fence(fence.name, "another", fence.epoch - 1)
    good_ms = (await tracking_store.state(world.store, TEAM)).good_ms
    assert not await world.polls.look([session.id], lost)
    assert not await world.polls.run(lost)
    assert await world.sent() == []
    assert (await tracking_store.state(world.store, TEAM)).good_ms == good_ms
    assert await world.kinds() == ["post"]


async def test_where_another_process_has_polled_since_it_is_left_to_the_next_poll(world: World) -> None:
    first, session = world.polls, world.open()
    world.restart()
    assert len(await world.poll()) == 1
    assert not await first.look([session.id])
    assert await world.sent() == []


async def test_what_is_withheld_is_left_to_the_poll(world: World) -> None:
    await world.mute()
    session = world.open()
    assert await look(world, session) == []
    world.ahead = HOUR
    assert await look(world, session) == []
    assert len(await world.poll()) == 1


@pytest.mark.parametrize("status", [401, 429])
async def test_one_that_100ms_refuses_rests_as_a_poll_does(world: World, status: int) -> None:
    session = world.open()
    world.fake.fail_always(f"/sessions/{session.id}", Status(status))
    assert not await world.polls.look([session.id])
    assert (await tracking_store.state(world.store, TEAM)).errors == 1
    assert not await world.polls.run()


async def test_100ms_silences_polls_for_five_minutes_at_most(world: World) -> None:
    world.fake.fail("/sessions*", Status(429, headers={"Retry-After": "864000"}))
    assert not await world.polls.run()
    world.ahead = timedelta(seconds=299)
    assert not await world.polls.run()
    world.ahead = timedelta(seconds=301)
    assert await world.polls.run()


async def test_a_session_without_a_record_is_over_when_it_can_no_longer_be_live(world: World) -> None:
    """It is in no list, and its own record can't be had."""
    session = world.account.open_session(world.room, world.time - 600)
    world.join(session, "Ann")
    await world.poll()
    world.end(session)
    world.fake.fail_always(f"/sessions/{session.id}", Status(400))
    assert await world.poll() == []
    assert (await world.snapshot()).sessions[session.id].live
    world.ahead = LIFE_MOST
    assert await world.polls.run()
    over = (await world.snapshot()).sessions[session.id]
    assert (over.live, dict(over.people)) == (False, {})
