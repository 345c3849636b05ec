"""Large polls are few statements. The bounds are ten times what was measured on a laptop, so that they hold on a slow
machine and still fail where a row becomes a statement of its own."""

from __future__ import annotations

import time
from dataclasses import replace

from sqlalchemy import event

from bot.store import Store
from tests.db.parts import LEASE, NOW, TEAM, card, commit, edit, post, tracked


async def test_10_000_sessions_and_1_000_channels(store: Store) -> None:
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    event.listen(store._database.engine, "before_cursor_execute", count)
    cards = [card(f"C{n}", f"s{n}") for n in range(1_000)]
    people = {f"p{n}": (f"Person {n}", "guest") for n in range(20)}
    some = [replace(tracked(f"s{n}"), people=people) for n in range(10_000)]
    began = time.monotonic()
    await commit(store, *map(post, cards), cards=cards, changed=some)
    rows = await store.claim(TEAM, NOW, LEASE, 1_000)
    await store.sent([(row, f"ts{row.id}") for row in rows], NOW)
    await commit(store, *map(edit, cards), cards=cards, changed=some)
    assert len(await store.claim(TEAM, NOW, LEASE, 1_000)) == 1_000
    assert len((await store.snapshot(TEAM)).sessions) == 10_000
    assert time.monotonic() - began < 15
    assert statements < 80


async def test_a_long_queue_costs_a_claim_nothing(store: Store) -> None:
    cards = [card("C1", f"s{n}") for n in range(20_000)]
    await commit(store, *map(post, cards))
    began = time.monotonic()
    for n in range(20):
        (row,) = await store.claim(TEAM, NOW + n * 1000, LEASE, 10)
        await store.sent([(row, "1")], NOW + n * 1000)
    assert time.monotonic() - began < 5
