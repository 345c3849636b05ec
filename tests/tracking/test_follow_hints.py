"""What comes of webhooks: sessions that are read at once, the poll that they bring forward, and the way to the leader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.db.database import Database
from bot.demo.fake_hms import Account, FakeHms, Stall, Status
from bot.demo.fake_hms.records import Peer, Session
from bot.tracking import hint_store
from bot.tracking.follow_hints import FollowHints
from bot.tracking.hints import READS_PER_S, UNKNOWN_S
from bot.tracking.hooks import SILENT_CHANGES, SILENT_S
from tests.tracking.parts import HELLO, TEAM, World


class Hooked:
    """A world whose bot hears of sessions by webhooks."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.restart()

    def restart(self) -> None:
        world = self.world
        self.follow = FollowHints(world.hooks, world.polls, world.store, TEAM, lambda: world.time, world.clock.steady)

    def hear(self, kind: str, session: Session | str, peer: Peer | None = None, **more: Any) -> None:
        session_id = session if isinstance(session, str) else session.id
        data = {"session_id": session_id} | ({"peer_id": peer.id, "role": peer.role} if peer else {}) | more
        assert self.world.hooks.take({"type": kind, "data": data}) == "hint"

    async def passes(self, seconds: float = 0.0) -> list[tuple[str, str]]:
        """What is told after the job has run at every tenth of a second meanwhile; the last poll was good."""
        for _ in range(round(seconds * 10) + 1):
            await self.follow.lead()
            self.world.ahead += timedelta(seconds=0.1)
        return await self.world.sent()

    def reads(self, session: Session | str = "") -> int:
        """The number of times that this session's record was read, or any's."""
        session_id = session if isinstance(session, str) else session.id
        return sum(each.path.startswith(f"/sessions/{session_id}") for each in self.world.fake.requests)


@pytest.fixture
async def hooked(world: World) -> Hooked:
    world.fake.requests.clear()
    return Hooked(world)


async def test_what_a_webhook_tells_is_told_at_once_and_once(hooked: Hooked) -> None:
    world = hooked.world
    session = world.open()
    hooked.hear("session.open.success", session)
    assert await hooked.passes() == [("post", "*Town hall* started, nobody yet.")]
    ada = world.account.join(session, name="Ada", role="guest", at=world.time)
    hooked.hear("peer.join.success", session, ada)
    assert sorted(kind for kind, _ in await hooked.passes(20.0)) == ["edit", "reply"]
    assert await world.poll() == []
    world.end(session)
    hooked.hear("session.close.success", session)
    assert [kind for kind, _ in await hooked.passes(20.0)] == ["edit"]
    assert hooked.reads(session) == 3
    assert await world.poll() == []


async def test_a_session_that_came_and_went_between_two_polls(hooked: Hooked) -> None:
    session = hooked.world.open()
    hooked.world.end(session)
    hooked.hear("session.close.success", session)
    ((kind, text),) = await hooked.passes()
    assert (kind, text.partition(" after ")[0]) == ("post", "*Town hall* ended")
    assert await hooked.world.poll() == []


async def test_a_record_that_is_not_there_yet(hooked: Hooked) -> None:
    session = hooked.world.open()
    hooked.world.fake.fail(f"/sessions/{session.id}", Status(404), Status(404))
    hooked.hear("session.open.success", session)
    assert await hooked.passes(2.5) == []
    assert [kind for kind, _ in await hooked.passes(1.0)] == ["post"]
    assert hooked.reads(session) == 3


async def test_a_record_that_does_not_show_the_event_yet(hooked: Hooked) -> None:
    session = hooked.world.open()
    ada = hooked.world.account.join(session, name="Ada", role="guest", at=hooked.world.time)
    hooked.hear("peer.leave.success", session, ada)
    assert [kind for kind, _ in await hooked.passes(0.5)] == ["post"]
    hooked.world.account.leave(session, ada, hooked.world.time)
    await hooked.passes(1.0)
    assert hooked.reads(session) == 2
    await hooked.passes(10.0)
    assert hooked.reads(session) == 2


async def test_forged_doubled_late_and_replayed_cost_at_worst_a_request(hooked: Hooked) -> None:
    world, forged = hooked.world, "f" * 24
    over = world.account.open_session(world.room, world.time - 7_200)
    world.account.end(over, world.time - 7_000)
    for _ in range(20):
        for session in (over, forged):
            hooked.hear("session.close.success", session)
        assert await hooked.passes(1.0) == []
    assert hooked.reads(forged) == 3
    assert hooked.reads(over) == 20
    assert await world.poll() == []
    world.ahead += timedelta(seconds=UNKNOWN_S)
    hooked.hear("session.close.success", forged)
    await hooked.passes()
    assert hooked.reads(forged) == 4


async def test_a_burst_brings_a_poll_forward_which_covers_the_rest(hooked: Hooked) -> None:
    world = hooked.world
    world.ahead += timedelta(seconds=5)
    for session in [world.open() for _ in range(READS_PER_S + 10)]:
        for _ in range(5):
            hooked.hear("session.open.success", session)
    await world.polls.run(every_s=3_600.0)  # nothing is due
    assert world.fake.requests == []
    await hooked.follow.lead()
    assert hooked.reads() == READS_PER_S
    world.ahead += timedelta(seconds=0.1)
    assert await world.polls.run(every_s=3_600.0)
    assert not await world.polls.run(every_s=3_600.0)
    lists = [each for each in world.fake.requests if each.query.get("active") == "true"]
    await hooked.passes(5.0)
    assert (len(lists), hooked.reads()) == (1, READS_PER_S)
    assert len((await world.snapshot()).sessions) == READS_PER_S + 10


async def test_hints_wait_while_100ms_asks_to_slow_down(hooked: Hooked) -> None:
    world, (first, second) = hooked.world, (hooked.world.open(), hooked.world.open())
    world.fake.fail("/sessions/*", Status(429, {"Retry-After": "30"}))
    hooked.hear("session.open.success", first)
    assert await hooked.passes(1.0) == []
    hooked.hear("session.open.success", second)
    assert await hooked.passes(20.0) == []
    assert hooked.reads() == 1
    assert not await world.polls.run(every_s=1.0)
    world.ahead += timedelta(seconds=10)
    assert len(await world.poll()) == 2
    assert await hooked.passes(10.0) == []
    assert hooked.reads() == 1


async def test_how_much_sooner_than_the_poll_it_knew(hooked: Hooked) -> None:
    world = hooked.world
    for wait_s in (4.0, 6.0, 11.0):
        session = world.open()
        hooked.hear("session.open.success", session)
        await hooked.passes()
        world.ahead += timedelta(seconds=wait_s - 0.1)
        await world.poll()
    assert world.hooks.lead_s == pytest.approx(6.0)
    assert world.hooks.age_s == pytest.approx(11.0)


async def test_silence_is_noticed_while_polls_see_changes(hooked: Hooked) -> None:
    world, hooks = hooked.world, hooked.world.hooks
    for number in range(SILENT_CHANGES):
        assert not hooks.silent
        session = world.open()
        await world.poll()
        world.ahead += timedelta(minutes=number)
    assert hooks.silent
    hooked.hear("beam.started.success", session)
    assert not hooks.silent
    world.ahead += timedelta(seconds=1)
    await world.poll()
    for _ in range(SILENT_CHANGES):
        world.open()
    await world.poll()
    assert hooks.silent
    world.ahead += timedelta(seconds=SILENT_S + 1)
    assert not hooks.silent


async def test_what_opened_while_nobody_listened_is_no_silence(hooked: Hooked) -> None:
    world = hooked.world
    for _ in range(SILENT_CHANGES):
        world.open()
    world.restart()
    assert len(await world.poll()) == SILENT_CHANGES
    assert not world.hooks.silent


@pytest.fixture
async def shared(account: Account, hms: FakeHms, postgres: str) -> AsyncIterator[tuple[Hooked, Hooked]]:
    """Two processes on one database."""
    stores = [await Database.open(postgres) for _ in range(2)]
    first = World(account, hms, stores[0])
    await first.subscribe("", ("start", "end", "join"))
    assert await first.poll() == HELLO
    second = World(account, hms, stores[1])
    yield Hooked(first), Hooked(second)
    for world in (first, second):
        for client in world.clients:
            await client.close()
        await world.store.close()


async def test_hints_reach_the_leader_from_another_process(shared: tuple[Hooked, Hooked]) -> None:
    leader, other = shared
    session = leader.world.open()
    for _ in range(3):
        other.hear("session.open.success", session)
    other.hear("session.open.success", "f" * 24)
    await other.follow.pass_on()
    await other.follow.pass_on()
    assert [kind for kind, _ in await leader.passes()] == ["post"]
    assert leader.world.hooks.age_s == pytest.approx(0.1, abs=0.05)
    assert await hint_store.take(leader.world.store, TEAM, 0) == []


async def test_who_leads_next_goes_on_with_what_waits(shared: tuple[Hooked, Hooked]) -> None:
    leader, other = shared
    one, two, late = (leader.world.open() for _ in range(3))
    other.hear("session.open.success", late)
    await other.follow.pass_on()
    for world in (leader.world, other.world):
        world.ahead += timedelta(seconds=61)
    leader.hear("session.open.success", one)
    await leader.follow.pass_on()  # it has lost its lease
    other.hear("session.open.success", two)
    other.world.ahead += timedelta(seconds=1)
    assert await other.world.polls.run()
    assert len(await other.passes()) == 3
    assert other.reads() == 0, "the poll has seen them"
    assert await hint_store.take(other.world.store, TEAM, 0) == []


async def test_in_a_file_hints_wait_for_the_process_to_lead(hooked: Hooked) -> None:
    hooked.hear("session.open.success", hooked.world.open())
    await hooked.follow.pass_on()
    assert [kind for kind, _ in await hooked.passes()] == ["post"]


async def test_after_a_failure_the_poll_goes_first(hooked: Hooked) -> None:
    world, session = hooked.world, hooked.world.open()
    world.fake.fail_always("/sessions/*", Status(429, {"Retry-After": "30"}))
    for _ in range(4):
        hooked.hear("session.open.success", session)
        assert await hooked.passes(31.0) == []
    assert hooked.reads() == 1, "reads that fail keep the poll waiting"
    assert len(await world.poll()) == 1


async def test_a_record_that_cannot_be_had_is_not_unknown(hooked: Hooked) -> None:
    world, session = hooked.world, hooked.world.open()
    world.fake.fail_always(f"/sessions/{session.id}", Status(503))
    hooked.hear("session.open.success", session)
    assert await hooked.passes(4.0) == []
    world.fake.heal()
    hooked.hear("session.open.success", session)
    assert [kind for kind, _ in await hooked.passes()] == ["post"]


async def test_hints_wait_for_the_poll_that_is_being_made(hooked: Hooked) -> None:
    world = hooked.world
    world.fake.fail("/sessions", Stall(0.5))
    poll = asyncio.create_task(world.polls.run())
    await asyncio.sleep(0.1)
    for _ in range(3 * READS_PER_S):
        hooked.hear("session.open.success", world.open())
    async with asyncio.timeout(0.3):
        for _ in range(3):
            await hooked.follow.lead()
    assert hooked.reads() == 0
    assert await poll
    world.ahead += timedelta(seconds=10)  # of what came during the poll, as many are read as at any time
    await hooked.follow.lead()
    await hooked.follow.lead()
    assert hooked.reads() == READS_PER_S


async def test_polls_that_see_what_webhooks_told_are_no_silence(hooked: Hooked) -> None:
    world = hooked.world
    for session in [world.open() for _ in range(READS_PER_S + SILENT_CHANGES)]:
        hooked.hear("session.open.success", session)
    await hooked.follow.lead()
    world.ahead += timedelta(seconds=1)
    await world.poll()
    assert not world.hooks.silent
