"""A request that one process has begun, no other begins again."""

from __future__ import annotations

import asyncio

from sqlalchemy import func, select

from bot.db.database import Database
from bot.db.tables import begun
from bot.outbox import prune as pruning
from bot.slack import store as request_store
from tests.db.parts import NOW, TEAM

KEPT = 60_000


async def test_one_of_many_is_the_first(store: Database) -> None:
    first = await asyncio.gather(*(request_store.begin(store, TEAM, "r1", NOW, KEPT) for _ in range(20)))
    assert sorted(first) == [False] * 19 + [True]
    assert await request_store.begin(store, TEAM, "r2", NOW, KEPT) and await request_store.begin(
        store, "T2", "r1", NOW, KEPT
    )


async def test_it_is_known_for_a_while_or_until_it_is_withdrawn(store: Database) -> None:
    assert await request_store.begin(store, TEAM, "r1", NOW, KEPT)
    assert not await request_store.begin(store, TEAM, "r1", NOW + KEPT - 1, KEPT)
    assert await request_store.begin(store, TEAM, "r1", NOW + KEPT, KEPT)
    await request_store.withdraw(store, TEAM, "r1")
    assert await request_store.begin(store, TEAM, "r1", NOW + KEPT, KEPT)


async def test_what_is_over_is_forgotten(store: Database) -> None:
    for number in range(5):
        await request_store.begin(store, TEAM, f"r{number}", NOW + number, KEPT)
    await pruning.prune(store, TEAM, NOW + KEPT + 3)
    assert await store.run(lambda db: db.scalar(select(func.count()).select_from(begun))) == 2


async def test_no_word_of_a_request_is_stored(store: Database) -> None:
    await request_store.begin(store, TEAM, "share U1 role:host", NOW, KEPT)
    assert "host" not in str(await store.run(lambda db: db.scalars(select(begun.c.digest))))
