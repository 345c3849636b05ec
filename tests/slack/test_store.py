"""What one process has begun, no other begins again."""

from __future__ import annotations

import asyncio

from sqlalchemy import func, select

from bot.db.tables import begun
from bot.store import Store
from tests.db.parts import NOW, TEAM

KEPT = 60_000


async def test_one_of_many_is_the_first(store: Store) -> None:
    first = await asyncio.gather(*(store.begin(TEAM, "r1", NOW, KEPT) for _ in range(20)))
    assert sorted(first) == [False] * 19 + [True]
    assert await store.begin(TEAM, "r2", NOW, KEPT) and await store.begin("T2", "r1", NOW, KEPT)


async def test_it_is_known_for_a_while_or_until_it_is_withdrawn(store: Store) -> None:
    assert await store.begin(TEAM, "r1", NOW, KEPT)
    assert not await store.begin(TEAM, "r1", NOW + KEPT - 1, KEPT)
    assert await store.begin(TEAM, "r1", NOW + KEPT, KEPT)
    await store.withdraw(TEAM, "r1")
    assert await store.begin(TEAM, "r1", NOW + KEPT, KEPT)


async def test_what_is_over_is_forgotten(store: Store) -> None:
    for number in range(5):
        await store.begin(TEAM, f"r{number}", NOW + number, KEPT)
    await store.prune(TEAM, NOW + KEPT + 3)
    assert await store._run(lambda db: db.scalar(select(func.count()).select_from(begun))) == 2


async def test_no_word_of_a_request_is_stored(store: Store) -> None:
    await store.begin(TEAM, "share U1 role:host", NOW, KEPT)
    assert "host" not in str(await store._run(lambda db: db.scalars(select(begun.c.digest))))
