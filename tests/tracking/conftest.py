"""An account, and polls of it for one channel that hears of all but of who leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.alerts import store as alerts_store
from bot.alerts.subscription import Subscription
from bot.db.database import Database
from bot.demo.fake_hms import Account, FakeHms
from bot.hms.auth import SignedToken
from bot.hms.client import Hms
from bot.net.retry_budget import RetryBudget
from bot.outbox.message import Outgoing
from bot.query.parse import parse
from tests.tracking.parts import CHANNEL, TEAM, World


@pytest.fixture
async def world(account: Account, hms: FakeHms, sqlite: str) -> AsyncIterator[World]:
    client = Hms(hms.url, SignedToken(hms.access_key, hms.secret), RetryBudget(budget_s=0.5))
    store = await Database.open(sqlite)
    made = World(account, store, client)
    kinds = frozenset(("start", "end", "join"))
    wanted = Subscription(TEAM, CHANNEL, parse(""), kinds, "U1", made.now_ms)
    await alerts_store.subscribe(store, wanted, [], Outgoing("first", TEAM, CHANNEL, "post", "hello", []), by=None)
    assert await made.poll() == [("post", "hello")]
    yield made
    await store.close()
    await client.close()
