"""The outbox between the real store and the strict stand-in."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.db.database import Database
from bot.demo.fake_slack import FakeSlack
from tests.clocks import Clock
from tests.outbox.parts import HISTORY, POSTING, World


@pytest.fixture
def scopes() -> frozenset[str]:
    return POSTING | HISTORY


@pytest.fixture
async def world(sqlite: str, scopes: frozenset[str]) -> AsyncIterator[World]:
    clock = Clock(time.time())
    async with aiohttp.ClientSession() as http, FakeSlack(scopes=scopes, clock=clock) as slack:
        store = await Database.open(sqlite)
        yield World(slack, store, clock, http)
        await store.close()
        assert slack.violations == []
