"""Large polls are few statements. The bounds are ten times what was measured on a laptop, so that they hold on a slow
machine and still fail where a row becomes a statement of its own."""

from __future__ import annotations

import time
from dataclasses import replace

from sqlalchemy import event

from bot.db.database import Database
from bot.outbox import claims
from bot.outbox import store as outbox_store
from bot.tracking import store as tracking_store
from tests.db.parts import LEASE, NOW, TEAM, card, commit, edit, post, tracked


async def test_10_000_sessions_and_1_000_channels(store: Database) -> None:
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    event.listen(store.engine, "before_cursor_execute", count)
    cards = [card(f"C{n}", f"s{n}") for n in range(1_000)]
    people = {f"p{n}": (f"Person {n}", "guest") for n in range(20)}
    some = [replace(tracked(f"s{n}"), people=people) for n in range(10_000)]
    began = time.monotonic()
    await commit(store, *map(post, cards), cards=cards, changed=some)
    rows = await claims.claim(store, TEAM, NOW, LEASE, 1_000)
    await outbox_store.sent(store, [(row, f"ts{row.id}") for row in rows], NOW)
    await commit(store, *map(edit, cards), cards=cards, changed=some)
    assert len(await claims.claim(store, TEAM, NOW, LEASE, 1_000)) == 1_000
    assert len((await tracking_store.snapshot(store, TEAM)).sessions) == 10_000
    assert time.monotonic() - began < 15
    assert statements < 80


async def test_a_long_queue_costs_a_claim_nothing(store: Database) -> None:
    cards = [card("C1", f"s{n}") for n in range(20_000)]
    await commit(store, *map(post, cards))
    began = time.monotonic()
    for n in range(20):
        (row,) = await claims.claim(store, TEAM, NOW + n * 1000, LEASE, 10)
        await outbox_store.sent(store, [(row, "1")], NOW + n * 1000)
    assert time.monotonic() - began < 5
