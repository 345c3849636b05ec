"""The account's rooms are read from end to end, a page at a time, once a day."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.db.database import Database
from bot.demo.fake_hms import Account, FakeHms, Oddities, Status
from bot.errors import NotFound
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.query.parse import parse
from bot.rooms import store as room_store
from bot.rooms.names import Rooms
from bot.rooms.walk import CHECK_INTERVAL_S, REST_S, WALK_INTERVAL_MS, Walk
from bot.sessions.model import Room
from tests.conftest import NOW

TEAM = "T1"


class World:
    def __init__(self, account: Account, fake: FakeHms, store: Database, hms: Hms) -> None:
        self.account, self.fake, self.store, self.hms = account, fake, store, hms
        self.time, self.monotonic = NOW, 0.0
        self.restart()

    def restart(self) -> None:
        self.rooms = Rooms(self.hms, self.store, TEAM, lambda: self.time)
        self.walk = Walk(self.hms, self.rooms, self.store, TEAM, lambda: self.time, lambda: self.monotonic)

    def later(self, seconds: float) -> None:
        self.time += seconds
        self.monotonic += seconds

    async def steps(self, count: int) -> int:
        """The requests that so many steps cost."""
        self.fake.requests.clear()
        for _ in range(count):
            await self.walk.step()
            self.later(2)
        return len(self.fake.requests)

    async def known(self) -> int:
        return len(await room_store.newest(self.store, TEAM, 10_000))


@pytest.fixture
async def world(account: Account, hms: FakeHms, sqlite: str) -> AsyncIterator[World]:
    for number in range(350):
        account.add_room(f"lesson-{number}", enabled=number % 7 > 0)
    client = Hms(hms.url, SignedToken(hms.access_key, hms.secret))
    store = await Database.open(sqlite)
    yield World(account, hms, store, client)
    await store.close()
    await client.close()


async def test_a_walk_goes_on_where_it_was_and_rests_for_a_day(world: World) -> None:
    assert await world.steps(2) == 2
    assert await world.known() == 200
    world.restart()
    assert await world.steps(5) <= 3
    assert await world.known() == 350
    assert await world.steps(20) == 0
    world.later(WALK_INTERVAL_MS / 1000 + CHECK_INTERVAL_S)
    world.account.rooms[next(iter(world.account.rooms))].name = "renamed"
    assert await world.steps(8) >= 4
    assert [room.name for room in await room_store.called(world.store, TEAM, "renamed")] == ["renamed"]


async def test_a_longest_duration_is_known_once_the_room_is_read_again(world: World) -> None:
    """Rooms that an older version stored have none."""
    ours = next(iter(world.account.rooms.values()))
    ours.max_duration_seconds = 3_600
    await room_store.keep(world.store, TEAM, [Room(ours.id, ours.name, ours.template_id)])
    assert (await world.rooms.have([ours.id]))[ours.id].max_duration_s == 0
    await world.steps(8)
    assert (await world.rooms.have([ours.id]))[ours.id].max_duration_s == 3_600
    world.restart()
    assert (await world.rooms.have([ours.id]))[ours.id].max_duration_s == 3_600
    ours.max_duration_seconds = 0
    world.later(WALK_INTERVAL_MS / 1000 + CHECK_INTERVAL_S)
    await world.steps(8)
    assert (await world.rooms.have([ours.id]))[ours.id].max_duration_s == 0


async def test_a_walk_rests_where_100ms_fails_and_loses_no_page(world: World) -> None:
    await world.steps(1)
    world.fake.fail("/rooms", Status(400))
    assert await world.steps(2) == 1
    world.later(REST_S)
    await world.steps(6)
    assert await world.known() == 350


async def test_new_rooms_are_read_down_to_the_first_that_is_known(world: World) -> None:
    await world.steps(8)
    for number in range(150):
        world.account.add_room(f"new-{number}", at=NOW + number)
    world.fake.requests.clear()
    with pytest.raises(NotFound):
        await world.rooms.resolve(parse("room:zzzz"))
    lists = [each for each in world.fake.requests if "name" not in each.query]
    assert len(lists) == 2
    assert await room_store.beginning(world.store, TEAM, "new-") == 150
    assert (await world.rooms.resolve(parse("room:NEW-149"))).named_ids


async def test_a_list_goes_on_where_its_last_is_no_id(world: World) -> None:
    """The last room's own id says where it goes on: the walk isn't over after a page."""
    world.fake.oddities = Oddities(odd_envelope=True)
    await world.steps(8)
    assert await world.known() == 350


async def test_rooms_of_another_account_are_forgotten(world: World) -> None:
    """Once the keys are another account's, its names are found and no others."""
    await world.steps(8)
    async with FakeHms(Account(), access_key="another-account") as other:
        other.account.add_room("lesson-of-theirs")
        world.hms = Hms(other.url, SignedToken(other.access_key, other.secret))
        world.restart()
        await world.steps(2)
        assert [room.name for room in await room_store.newest(world.store, TEAM, 1_000)] == ["lesson-of-theirs"]
        await world.hms.close()
