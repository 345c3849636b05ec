"""Counts of what waits, for the operator."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from bot.alerts import store as alerts_store
from bot.db.database import Database
from bot.outbox import channel_pause, claims
from bot.outbox import counts as outbox_counts
from bot.outbox import store as outbox_store
from bot.outbox.counts import Counts
from tests.clocks import set_database
from tests.db.parts import LEASE, NOW, TEAM, card, commit, edit, message, post, send, subscription


async def test_nothing_waits(store: Database) -> None:
    assert await outbox_counts.read(store) == Counts(0, 0.0, 0, 0)


async def test_the_oldest_is_one_that_is_due(store: Database) -> None:
    of, now_ms = card(), int(time.time() * 1000)
    await commit(store, post(of), cards=[of], now_ms=now_ms - 90_000)
    assert await send(store, now_ms - 90_000) == [("post", "opened", None)]
    await commit(store, edit(of, "one"), now_ms=now_ms - 80_000)
    assert await send(store, now_ms) == [("edit", "one", "ts-opened")]
    await commit(store, edit(of, "two"), now_ms=now_ms - 70_000)  # due 15 seconds after the one before
    assert await outbox_counts.read(store) == Counts(1, 0.0, 0, 0)
    await commit(store, message("m", "C2"), now_ms=now_ms - 60_000)
    counts = await outbox_counts.read(store)
    assert (counts.waiting, counts.late_s) == (2, pytest.approx(60, abs=5))


async def test_since_it_is_due_and_not_since_it_is_there(store: Database) -> None:
    of, now_ms = card(), int(time.time() * 1000)
    await commit(store, post(of), cards=[of], now_ms=now_ms - 90_000)
    await send(store, now_ms - 90_000)
    await commit(store, edit(of, "one"), now_ms=now_ms - 80_000)
    await send(store, now_ms - 65_000)
    await commit(store, edit(of, "two"), now_ms=now_ms - 60_000)
    assert (await outbox_counts.read(store)).late_s == pytest.approx(50, abs=5)


async def test_what_is_held_and_what_is_paused(store: Database) -> None:
    await commit(store, message("m"), message("n", "C2"))
    await alerts_store.subscribe(store, subscription("C2"), [], message("first", "C2"), by=None)
    await channel_pause.pause(store, TEAM, "C2", "is_archived", NOW, lambda person: message("told", person))
    own, _ = await claims.claim(store, TEAM, NOW, LEASE, 10)
    await outbox_store.held(store, own, "unconfirmed")
    counts = await outbox_counts.read(store, TEAM)
    assert (counts.waiting, counts.held, counts.paused) == (1, 1, 1)  # the one on its way tells the maker
    await outbox_store.add(store, [replace(message("other"), team_id="T2")], NOW)
    assert replace(await outbox_counts.read(store, TEAM), late_s=0) == Counts(1, 0, 1, 1)
    assert replace(await outbox_counts.read(store, "T2"), late_s=0) == Counts(1, 0, 0, 0)
    assert replace(await outbox_counts.read(store), late_s=0) == Counts(2, 0, 1, 1)


async def test_by_the_databases_clock(postgres: str) -> None:
    """Ten minutes behind this machine's, as the one that messages keep."""
    await set_database(postgres, -600)
    store = await Database.open(postgres)
    try:
        now_ms = int(await store.time() * 1000)
        assert now_ms / 1000 == pytest.approx(time.time() - 600, abs=5)
        await commit(store, message("m"), now_ms=now_ms - 60_000)
        assert (await outbox_counts.read(store)).late_s == pytest.approx(60, abs=5)
    finally:
        await store.close()
