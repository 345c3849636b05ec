"""Accounts that take long to read: nothing is lost, and every poll gets further."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.alerts import store as alerts_store
from bot.alerts.subscription import Subscription
from bot.db.database import Database
from bot.db.setting_change import SettingChange
from bot.db.tables import rooms as rooms_stored
from bot.demo.fake_hms import Account, FakeHms, FirstPage, Pass, Stall, Status
from bot.demo.fake_hms.records import Room, Session
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.outbox import claims
from bot.outbox import prune as pruning
from bot.outbox import store as outbox_store
from bot.outbox.message import Outgoing
from bot.query.parse import parse
from bot.query.values import LIMIT_MAX
from bot.rooms.names import Rooms
from bot.silence import mute_store
from bot.silence.mute import Mute
from bot.tracking import store as tracking_store
from bot.tracking.poll import Poll
from bot.tracking.reading import SLICE_PAGES
from bot.tracking.sweep import MANY

TEAM = "T1"


class World:
    """An account, a store, and polls for its channels. The time that polls go by is the test's."""

    def __init__(self, account: Account, fake: FakeHms, store: Database) -> None:
        self.account, self.fake, self.store = account, fake, store
        self.hms = Hms(fake.url, SignedToken(fake.access_key, fake.secret))
        self.time = time.time()
        self.monotonic = 0.0
        self.polls = self.process()
        self.hall = account.add_room("Town hall")

    def process(self) -> Poll:
        return Poll(
            self.hms,
            Rooms(self.hms, self.store, TEAM),
            self.store,
            TEAM,
            lambda: datetime.fromtimestamp(self.time, UTC),
            monotonic=lambda: self.monotonic,
        )

    def pass_by(self, length: timedelta) -> None:
        self.time += length.total_seconds()
        self.monotonic += length.total_seconds()

    def open(self, count: int = 1) -> list[Session]:
        return [self.account.open_session(self.hall, self.time) for _ in range(count)]

    def end(self, *sessions: Session) -> None:
        for session in sessions:
            self.account.end(session, self.time)

    async def subscribe(self, channel: str = "C1", line: str = "", kinds: tuple[str, ...] = ("start", "end")) -> None:
        made = Subscription(TEAM, channel, parse(line), frozenset(kinds), "U1", int(self.time * 1000))
        await alerts_store.subscribe(
            self.store, made, [], Outgoing(f"first {channel}", TEAM, channel, "post", "hello", []), by=None
        )

    def ended(self, count: int, since: timedelta, rooms: Sequence[Room] = ()) -> None:
        """So many sessions opened and ended meanwhile, evenly spread, also over these rooms."""
        step = since.total_seconds() / (count + 1)
        for number in range(1, count + 1):
            room = rooms[number % len(rooms)] if rooms else self.hall
            session = self.account.open_session(room, self.time + number * step)
            self.account.end(session, self.time + (number + 0.5) * step)
        self.pass_by(since)

    def asked(self, **wanted: str) -> int:
        return sum(wanted.items() <= each.query.items() for each in self.fake.requests)

    async def told(self) -> dict[str, list[str]]:
        """What each channel gets, sent."""
        found: dict[str, list[str]] = {}
        now_ms = int(self.time * 1000)
        while rows := await claims.claim(self.store, TEAM, now_ms, 20_000, 100):
            for row in rows:
                found.setdefault(row.channel_id, []).append(row.text)
            await outbox_store.sent(self.store, [(row, f"1.{row.id}") for row in rows], now_ms, gap_ms=0)
        return found


@pytest.fixture
async def world(account: Account, hms: FakeHms, sqlite: str) -> AsyncIterator[World]:
    store = await Database.open(sqlite)
    made = World(account, hms, store)
    await made.subscribe()
    assert await made.polls.run()
    await made.told()
    yield made
    await made.hms.close()
    await store.close()


async def test_one_that_opens_after_page_1_and_ends_before_the_next_poll_is_told(world: World) -> None:
    """Reading takes longer than the overlap of two polls."""
    world.open(150)
    world.pass_by(timedelta(minutes=1))
    world.fake.requests.clear()
    world.fake.fail("/sessions", Pass(), Stall(0.2))
    poll = asyncio.create_task(world.polls.run())
    while len(world.fake.requests) < 2:
        await asyncio.sleep(0.01)
    world.pass_by(timedelta(seconds=1))
    (session,) = world.open()
    world.pass_by(timedelta(minutes=10))
    assert await poll
    await world.told()
    world.end(session)
    world.pass_by(timedelta(seconds=15))
    assert await world.polls.run()
    (text,) = (await world.told())["C1"]
    assert text.startswith("*Town hall* ended after ")


def counted(texts: list[str]) -> int:
    """How many sessions these messages are about."""
    found = 0
    for text in texts:
        many = re.search(r"([\d,]+) (?:more )?(?:sessions? )?ended", text)
        found += int(many[1].replace(",", "")) if many else " ended after " in text
    return found


async def test_every_poll_gets_further_with_what_ended_in_a_downtime(world: World) -> None:
    """What is live is read at every poll, and told at once; a channel gets a list and a line."""
    many = SLICE_PAGES * LIMIT_MAX * 2 + 450
    world.ended(many, timedelta(days=8))
    texts: list[str] = []
    for pages in (SLICE_PAGES, SLICE_PAGES, 5 + 2):
        world.open()
        world.fake.requests.clear()
        assert await world.polls.run()
        assert world.asked(active="true") == 1
        assert world.asked(active="false") == pages
        texts += (await world.told())["C1"]
        world.pass_by(timedelta(seconds=15))
    assert texts[0].startswith(f"1 session opened, {MANY} ended.")
    second, third, line = texts[1:]
    assert second.startswith("*Town hall* started") and third.startswith("*Town hall* started")
    assert line.splitlines()[0] == f"{many - MANY:,} more sessions ended while I was catching up."
    assert counted(texts) == many
    world.fake.requests.clear()
    assert await world.polls.run()
    assert world.asked(active="false") == 1 and await world.told() == {}


@pytest.mark.parametrize("fails_at", [1, 3, 6, 8, 20, SLICE_PAGES, SLICE_PAGES + 4])
@pytest.mark.parametrize("restarts", [False, True])
async def test_a_reading_that_is_cut_off_loses_nothing_and_tells_nothing_twice(
    world: World, fails_at: int, restarts: bool
) -> None:
    """Nor do prune, and a process that comes after."""
    many = SLICE_PAGES * LIMIT_MAX + 730
    world.ended(many, timedelta(days=9))
    world.fake.fail("/sessions", *[Pass()] * fails_at, Status(400))
    texts: list[str] = []
    polls = [await world.polls.run()]
    while len(polls) < 5:
        texts += (await world.told()).get("C1", [])
        world.pass_by(timedelta(minutes=2))
        await pruning.prune(world.store, TEAM, int(world.time * 1000))
        if restarts:
            world.polls = world.process()
        polls.append(await world.polls.run())
    assert polls.count(False) == 1
    texts += (await world.told()).get("C1", [])
    assert counted(texts) == many
    assert (await tracking_store.snapshot(world.store, TEAM)).backlog is None and await tracking_store.read_catchups(
        world.store, TEAM
    ) == {}


async def test_a_backlog_whose_place_100ms_does_not_know_any_more_is_begun_again(world: World) -> None:
    """As where the session that it goes on after was deleted."""
    many = SLICE_PAGES * LIMIT_MAX + 150
    world.ended(many, timedelta(days=1))
    assert await world.polls.run()
    world.pass_by(timedelta(seconds=15))
    world.fake.fail("/sessions", Pass(), Pass(), Status(400))
    texts: list[str] = []
    for _ in range(3):
        assert await world.polls.run()
        texts += (await world.told()).get("C1", [])
        world.pass_by(timedelta(seconds=15))
    assert counted(texts) == many
    assert (await tracking_store.snapshot(world.store, TEAM)).backlog is None


async def test_another_downtime_amid_a_backlog_loses_nothing_and_tells_nothing_twice(world: World) -> None:
    few = SLICE_PAGES * LIMIT_MAX + 150
    texts: list[str] = []
    for _ in range(2):
        world.ended(few, timedelta(days=1))
        assert await world.polls.run()
        texts += (await world.told()).get("C1", [])
    for _ in range(4):
        world.pass_by(timedelta(seconds=15))
        assert await world.polls.run()
    texts += (await world.told())["C1"]
    assert counted(texts) == few * 2


async def test_a_muted_channel_hears_of_a_backlog_afterwards(world: World) -> None:
    """Of what came before the mute in the line, of what came in it as of anything else."""
    many = SLICE_PAGES * LIMIT_MAX + 150
    world.ended(many, timedelta(days=1))
    assert await world.polls.run()
    assert counted((await world.told())["C1"]) == MANY
    now_ms = int(world.time * 1000)
    by = SettingChange(now_ms, "U1", "mute")
    mute, _, _ = await mute_store.add(
        world.store, Mute(TEAM, "C1", parse(""), "", now_ms + 3_600_000, "U1", now_ms), by
    )
    world.pass_by(timedelta(seconds=15))
    assert await world.polls.run()
    assert await world.told() == {}
    await mute_store.remove(world.store, TEAM, "C1", [mute.number], by)
    world.pass_by(timedelta(seconds=15))
    assert await world.polls.run()
    recap, line = (await world.told())["C1"]
    assert recap.startswith("150 sessions have ended while it was quiet here.")
    assert line.splitlines()[0] == f"{many - MANY - 150:,} more sessions ended while I was catching up."


@pytest.mark.parametrize("downtime", [timedelta(hours=6), timedelta(days=2)])
@pytest.mark.parametrize("fails_in", [0, 1])
@pytest.mark.parametrize("disabled", [0, 300])
async def test_a_backlog_waits_for_rooms_that_cannot_be_asked_for(
    world: World, downtime: timedelta, fails_in: int, disabled: int
) -> None:
    """Nobody could tell who wants to hear of their sessions."""
    await world.subscribe("C2", "room:lesson-*")
    rooms = [world.account.add_room(f"lesson-{number}", enabled=number >= disabled) for number in range(600)]
    many = SLICE_PAGES * LIMIT_MAX + 150
    world.ended(many, downtime, rooms)
    texts: list[str] = []
    for number in range(12):
        if number == fails_in:
            world.fake.fail_always("/rooms*", Status(400))
            world.polls = world.process()
            assert await world.store.run(lambda db: db.execute(rooms_stored.delete()))
        assert await world.polls.run()
        world.fake.heal()
        texts += (await world.told()).get("C2", [])
        world.pass_by(timedelta(seconds=15))
    assert counted(texts) == many
    assert (await tracking_store.snapshot(world.store, TEAM)).backlog is None


async def test_a_failed_reading_rests_before_the_next_and_longer_each_time(world: World) -> None:
    world.open(150)
    world.fake.fail_always("/sessions", FirstPage())
    asked = []
    for _ in range(600):
        world.fake.requests.clear()
        await world.polls.run()
        asked.append(len(world.fake.requests))
        world.pass_by(timedelta(seconds=1))
    polls = [second for second, requests in enumerate(asked) if requests]
    assert polls[:9] == [0, 1, 3, 7, 15, 31, 63, 127, 247] and len(polls) == 11
    assert set(asked) == {0, 2}
    world.fake.heal()
    world.pass_by(timedelta(minutes=2))
    assert await world.polls.run()
    world.fake.fail("/sessions", Pass(), FirstPage())
    assert not await world.polls.run()
    world.pass_by(timedelta(seconds=1))
    assert await world.polls.run()
