"""Accounts that take long to read: nothing is lost, and every poll gets further."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.outgoing import Outgoing
from bot.core.parse import parse
from bot.core.subscription import Subscription
from bot.demo.fake_hms import Account, FakeHms, FirstPage, Pass, Stall
from bot.demo.fake_hms.records import Session
from bot.flows.poll import Poll
from bot.flows.rooms import Rooms
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.store.store import Store

TEAM = "T1"


class World:
    """An account, a store, and polls for its channels. The time that polls go by is the test's."""

    def __init__(self, account: Account, fake: FakeHms, store: Store) -> None:
        self.account, self.fake, self.store = account, fake, store
        self.hms = Hms(fake.url, SignedToken(fake.access_key, fake.secret))
        self.time = time.time()
        self.monotonic = 0.0
        self.polls = self.process()
        self.hall = account.add_room("Town hall")

    def process(self) -> Poll:
        return Poll(
            self.hms,
            Rooms(self.hms),
            self.store,
            lambda: TEAM,
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

    async def subscribe(self, channel: str = "C1", kinds: tuple[str, ...] = ("start", "end")) -> None:
        made = Subscription(TEAM, channel, parse(""), frozenset(kinds), "U1", int(self.time * 1000))
        await self.store.subscribe(made, [], Outgoing(f"first {channel}", TEAM, channel, "post", "hello", []))

    async def told(self) -> dict[str, list[str]]:
        """What each channel gets, sent."""
        found: dict[str, list[str]] = {}
        now_ms = int(self.time * 1000)
        while rows := await self.store.claim(now_ms, 20_000, 100):
            for row in rows:
                found.setdefault(row.channel_id, []).append(row.text)
            await self.store.sent([(row, f"1.{row.id}") for row in rows], now_ms, gap_ms=0)
        return found


@pytest.fixture
async def world(account: Account, hms: FakeHms, tmp_path: Path) -> AsyncIterator[World]:
    store = await Store.open(f"sqlite:///{tmp_path}/bot.db")
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
    assert text.startswith("⚪ Ended · *Town hall*")


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
