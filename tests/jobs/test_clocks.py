"""Clocks that are set while the bot runs, or were wrong when it started: nothing is late, and nothing is lost."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from bot.db.database import Database
from bot.demo.fake_hms import Account, FakeHms
from bot.demo.fake_slack import FakeSlack
from bot.demo.fake_slack.seed import TEAM_ID
from bot.outbox import claims
from bot.outbox import counts as outbox_counts
from bot.outbox import store as outbox_store
from bot.outbox.message import Outgoing
from bot.settings import Settings
from bot.tracking import store as tracking_store
from tests.clocks import DAY_S, STEPS, Wall, set_database
from tests.live import PATIENCE_S, cards, opened, polls, subscribe, until
from tests.work import at_work

pytestmark = pytest.mark.slow


@pytest.fixture
def quick(settings: Settings) -> Settings:
    return settings.model_copy(update={"poll_interval_s": 0.5})


@asynccontextmanager
async def started(
    settings: Settings, slack: FakeSlack, hms: FakeHms, account: Account, wall: Wall
) -> AsyncIterator[str]:
    """The bot's URL, once a channel has subscribed and was told of a session."""
    async with at_work(settings, slack, wall=wall) as bot:
        await polls(hms)
        assert "Subscribed" in (await subscribe(slack)).plain
        await told(slack, account)
        yield bot.url


async def ready(url: str, state: str = "") -> None:
    """The bot is ready all the time, and in the end says this of a clock."""
    async with httpx.AsyncClient() as http, asyncio.timeout(PATIENCE_S):
        while not re.fullmatch(f"ready\n{state}", (answer := await http.get(f"{url}/readyz")).text, re.DOTALL):
            assert answer.status_code == 200
            await asyncio.sleep(0.05)


async def told(slack: FakeSlack, account: Account) -> None:
    """A session that opens now has its card soon."""
    before = len(cards(slack))
    opened(account, account.add_room(f"Room {before}"))
    await until(lambda: len(cards(slack)) == before + 1)


async def test_a_clock_that_is_set_delays_nothing(
    quick: Settings, slack: FakeSlack, hms: FakeHms, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Wall()
    wall.rule(monkeypatch)
    async with started(quick, slack, hms, account, wall) as url:
        for by_s in STEPS:
            wall.by_s = by_s
            await told(slack, account)
            ahead = "ahead of" if by_s > 0 else "behind"
            await ready(url, f"this machine's clock is [^\n]*{ahead}.*Slack's and 100ms's, which count.*")
            wall.by_s = 0.0
            await told(slack, account)
            await ready(url)


@pytest.mark.parametrize("by_s", [*STEPS, DAY_S])
async def test_a_clock_that_was_wrong_at_the_start(
    quick: Settings, slack: FakeSlack, hms: FakeHms, account: Account, by_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that waits is given up, nothing that was sent is forgotten, and what comes is told."""
    now_ms = int(time.time() * 1000)
    store = await Database.open(quick.database_url)
    channel = slack.workspace.channel("live-ops").id
    waiting = [Outgoing(f"w{n}", TEAM_ID, channel, "post", f"waits {n}", []) for n in range(2)]
    await outbox_store.add(store, [Outgoing("before", TEAM_ID, channel, "post", "said before", [])], now_ms)
    (row,) = await claims.claim(store, TEAM_ID, now_ms, 20_000, 10)
    await outbox_store.sent(store, [(row, "1.0")], now_ms)
    await outbox_store.add(store, waiting, now_ms)
    await store.close()
    wall = Wall(by_s)
    wall.rule(monkeypatch)
    async with started(quick, slack, hms, account, wall):
        await until(lambda: {"waits 0", "waits 1"} <= {each.text for each in slack.messages("live-ops")})
        wall.by_s = 0.0
        await told(slack, account)
    store = await Database.open(quick.database_url)
    assert [await outbox_store.status(store, key) for key in ("before", "w0", "w1")] == ["sent"] * 3
    assert abs((await tracking_store.state(store, TEAM_ID)).good_ms - time.time() * 1000) < 30_000
    await store.close()


async def test_a_clock_of_the_databases_that_is_set(
    quick: Settings, slack: FakeSlack, hms: FakeHms, account: Account, postgres: str
) -> None:
    await set_database(postgres, 0.0)
    served = quick.model_copy(update={"database_url": postgres})
    async with started(served, slack, hms, account, Wall()) as url:
        for by_s in STEPS:
            await set_database(postgres, by_s)
            await told(slack, account)
            await ready(url, "the database's clock is .*which count.*")
            await set_database(postgres, 0.0)
            await told(slack, account)
            await ready(url)
    store = await Database.open(postgres)
    assert (await outbox_counts.read(store)).waiting == 0
    await store.close()
