"""The work of a process beside answering people: who polls, when, and what an operator hears of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import HMS, Clock
from bot.db import leases
from bot.db.database import Database
from bot.db.leases import POLLER
from bot.demo.fake_hms import FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.digests import store as digests_store
from bot.digests.produce import Digests
from bot.health.judge import SLOW_S
from bot.health.slack_probe import SlackProbe
from bot.health.watch import Watch
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.jobs.background import BackgroundJobs
from bot.jobs.scheduler import Scheduler
from bot.outbox import claims
from bot.outbox import counts as outbox_counts
from bot.outbox import store as outbox_store
from bot.outbox.chat import Chat
from bot.outbox.deliver import Deliver
from bot.outbox.prune import DAY_MS
from bot.query.times import ms
from bot.rooms.names import Rooms
from bot.rooms.walk import Walk
from bot.tracking.poll import Poll
from bot.tracking.withheld import withheld_until_ms
from tests.clocks import set_database
from tests.db.parts import NOW, TEAM, by, card, commit, digest, message, tracked
from tests.work import HASTY

LEAD_S = 60.0


class Process:
    """The background jobs of one process, without the rest of it."""

    def __init__(self, store: Database, slack: FakeSlack, hms: FakeHms, http: aiohttp.ClientSession) -> None:
        clock = Clock()
        if not store.single:
            clock.share(store.time)
        token = SignedToken(hms.access_key, hms.secret)
        self.hms = Hms(hms.url, token, clock=clock, hear=lambda date: clock.hear(HMS, date))
        account = self.hms, Rooms(self.hms, store, TEAM), store, TEAM
        client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=http, retry_handlers=[])
        self.background = BackgroundJobs(
            store,
            Poll(*account),
            Digests(*account),
            Walk(*account),
            Deliver(store, Chat(client), TEAM, withheld_until_ms, clock=clock),
            Watch(store, SlackProbe(client), TEAM, lambda: int(clock() * 1000)),
            clock,
            0.5,
            client.auth_test,
            TEAM,
            lead_s=LEAD_S,
        )
        self.scheduler = Scheduler(self.background.jobs(), haste=HASTY.haste)

    async def end(self) -> None:
        """From one moment to the next, as kill -9 does: the lease is not given back."""
        self.scheduler.cut()
        await self.scheduler.finish(5.0)
        await self.hms.close()


@pytest.fixture
async def start(slack: FakeSlack, hms: FakeHms) -> AsyncIterator[Callable[[Database], Process]]:
    begun = []
    async with aiohttp.ClientSession() as http:

        def begin(store: Database) -> Process:
            begun.append(Process(store, slack, hms, http))
            return begun[-1]

        yield begin
        for process in begun:
            await process.end()


async def _polled(hms: FakeHms, more: int = 1) -> None:
    """Wait for so many more polls."""
    count = len(hms.requests)
    async with asyncio.timeout(20):
        while sum(each.query.get("active") == "true" for each in hms.requests[count:]) < more:
            await asyncio.sleep(0.01)


async def test_one_of_two_polls_and_the_other_follows_it(
    postgres: str, start: Callable[[Database], Process], hms: FakeHms, caplog: pytest.LogCaptureFixture
) -> None:
    await set_database(postgres, 0.0)
    stores = [await Database.open(postgres) for _ in range(2)]
    first, second = map(start, stores)
    first.scheduler.start()
    await _polled(hms)
    second.scheduler.start()
    await _polled(hms, 4)
    assert [record.message for record in caplog.records].count("leading") == 1
    await first.end()
    assert await leases.take(stores[1], POLLER, "third", 1) is None, "the lease was not waited for"
    await set_database(postgres, LEAD_S)
    await _polled(hms)
    assert [record.message for record in caplog.records].count("leading") == 2
    await second.end()
    for store in stores:
        await store.close()


async def test_only_who_leads_makes_digests(store: Database, start: Callable[[Database], Process]) -> None:
    jobs = {job.name: job.run for job in start(store).background.jobs()}
    now = datetime.now(UTC)
    due = digest(when=f"daily {now - timedelta(minutes=30):%H:%M} UTC")
    await digests_store.add(store, due, by(at_ms=ms(now - timedelta(days=1))))
    await jobs["digests"]()
    assert (await outbox_counts.read(store)).waiting == 0
    await jobs["lead"]()
    for _ in range(2):
        await jobs["digests"]()
    assert (await outbox_counts.read(store)).waiting == 1


async def test_old_rows_are_pruned_by_and_by(store: Database, start: Callable[[Database], Process]) -> None:
    await commit(store, message("m"), changed=[tracked("s1", live=False)], cards=[card(status="final")])
    (row,) = await claims.claim(store, TEAM, NOW, 20_000, 10)
    await outbox_store.sent(store, [(row, "1.0")], NOW)
    await commit(store, now_ms=NOW + 8 * DAY_MS)
    start(store).scheduler.start()
    async with asyncio.timeout(5):
        while await outbox_store.status(store, "m"):
            await asyncio.sleep(0.02)


async def test_an_operator_hears_of_messages_that_do_not_go_out(
    store: Database, start: Callable[[Database], Process]
) -> None:
    background = start(store).background
    assert await background.slow() == ""
    long_ago = int((time.time() - SLOW_S - 60) * 1000)
    await commit(store, message("m"), message("n", "C2"), now_ms=long_ago)
    assert (await background.slow()).startswith("2 messages are to be sent, the oldest for 6 min")
    for row in await claims.claim(store, TEAM, long_ago, 20_000, 10):
        await outbox_store.held(store, row, "unconfirmed")
    assert await background.slow() == "messages held, unconfirmed: 2"
