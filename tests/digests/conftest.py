"""A world for digests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.db.database import Database
from bot.demo.fake_hms import Account, FakeHms
from tests.digests.parts import World


@pytest.fixture
async def world(account: Account, hms: FakeHms, sqlite: str) -> AsyncIterator[World]:
    store = await Database.open(sqlite)
    made = World(account, hms, store)
    yield made
    await made.hms.close()
    await store.close()
