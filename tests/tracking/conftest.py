"""An account, and polls of it for one channel that hears of all but of who leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.db.database import Database
from bot.demo.fake_hms import Account, FakeHms
from tests.tracking.parts import HELLO, World


@pytest.fixture
async def world(account: Account, hms: FakeHms, sqlite: str) -> AsyncIterator[World]:
    store = await Database.open(sqlite)
    made = World(account, hms, store)
    await made.subscribe("", ("start", "end", "join"))
    assert await made.poll() == HELLO
    yield made
    for client in made.clients:
        await client.close()
    await store.close()
