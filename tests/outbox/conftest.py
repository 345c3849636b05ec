"""The outbox between the real store and the strict stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.demo.fake_slack import FakeSlack
from bot.store import Store
from tests.outbox.parts import HISTORY, POSTING, Clock, World


@pytest.fixture
def scopes() -> frozenset[str]:
    return POSTING | HISTORY


@pytest.fixture
async def world(tmp_path: Path, scopes: frozenset[str]) -> AsyncIterator[World]:
    clock = Clock()
    async with aiohttp.ClientSession() as http, FakeSlack(scopes=scopes, clock=clock) as slack:
        store = await Store.open(f"sqlite:///{tmp_path}/bot.db")
        yield World(slack, store, clock, http)
        await store.close()
        assert slack.violations == []
