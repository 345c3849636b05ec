"""What an operator is told of what waits."""

from __future__ import annotations

from bot.store.records import Counts
from bot.store.store import Store
from tests.store.parts import LEASE, NOW, TEAM, card, commit, edit, message, post, send, subscription


async def test_nothing_waits(store: Store) -> None:
    assert await store.counts(NOW) == Counts(0, None, 0, 0)


async def test_the_oldest_is_one_that_is_due(store: Store) -> None:
    of = card()
    await commit(store, post(of), cards=[of])
    assert await send(store) == [("post", "opened", None)]
    await commit(store, edit(of, "one"), now_ms=NOW + 1)
    await send(store, NOW + 60_000)
    await commit(store, edit(of, "two"), now_ms=NOW + 60_001)  # due 15 seconds after the one before
    assert await store.counts(NOW + 60_002) == Counts(1, None, 0, 0)
    assert await store.counts(NOW + 80_000) == Counts(1, NOW + 75_000, 0, 0)
    await commit(store, message("m", "C2"), now_ms=NOW + 70_000)
    assert await store.counts(NOW + 80_000) == Counts(2, NOW + 70_000, 0, 0)


async def test_what_is_held_and_what_is_paused(store: Store) -> None:
    await commit(store, message("m"), message("n", "C2"))
    await store.subscribe(subscription("C2"), [], message("first", "C2"))
    await store.pause(TEAM, "C2", "is_archived", NOW, lambda person: message("told", person))
    own, _ = await store.claim(NOW, LEASE, 10)
    await store.held(own, "unconfirmed")
    assert await store.counts(NOW) == Counts(1, NOW, 1, 1)  # the one on its way tells the maker
