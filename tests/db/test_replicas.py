"""Several processes on one PostgreSQL: each row is one process's, each poll counts once, nobody waits for ever."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial

import pytest

from bot.alerts import store as alerts_store
from bot.alerts.store import SUBSCRIPTIONS_MOST
from bot.clock import Clock
from bot.db import leases
from bot.db.database import Database
from bot.errors import TooMany
from bot.outbox import channel_pause, claims
from bot.outbox import counts as outbox_counts
from bot.outbox import prune as pruning
from bot.outbox import store as outbox_store
from bot.outbox.message import Claimed
from bot.tracking import store as tracking_store
from tests.clocks import DAY_S, HOUR_S, set_database
from tests.db.parts import LEASE, NOW, TEAM, card, commit, edit, message, poll, post, reply, subscription, take, tracked

pytestmark = pytest.mark.slow


@pytest.fixture
async def stores(postgres: str) -> AsyncIterator[list[Database]]:
    await set_database(postgres, 0.0)
    opened = [await Database.open(postgres) for _ in range(3)]
    yield opened
    for each in opened:
        await each.close()


async def test_no_row_and_no_channel_is_claimed_by_two(stores: list[Database]) -> None:
    await commit(stores[0], *(message(f"{n}.{c}", f"C{c}", f"{n}") for n in range(4) for c in range(40)))
    said: dict[str, list[str]] = {}
    claimed: Counter[str] = Counter()
    flying: set[str] = set()

    async def work(store: Database, seed: int) -> None:
        chance, idle, now_ms = random.Random(seed), 0, NOW
        while idle < 20:
            rows = await claims.claim(store, TEAM, NOW + 10**6, LEASE, chance.randint(1, 15))
            idle = 0 if rows else idle + 1
            for row in rows:
                assert row.channel_id not in flying
                flying.add(row.channel_id)
                claimed[row.key] += 1
                said.setdefault(row.channel_id, []).append(row.text)
            await asyncio.sleep(chance.uniform(0, 0.01))
            flying.difference_update(row.channel_id for row in rows)
            if rows:
                await outbox_store.sent(store, [(row, "1") for row in rows], now_ms, gap_ms=0)

    await asyncio.gather(*(work(store, seed) for seed, store in enumerate(stores * 2)))
    assert len(claimed) == 160
    assert set(claimed.values()) == {1}
    assert all(texts == ["0", "1", "2", "3"] for texts in said.values())
    assert (await outbox_counts.read(stores[1])).waiting == 0


async def test_of_two_polls_one_counts(stores: list[Database]) -> None:
    for seq in range(10):
        polls = (
            poll(store, seq, message(f"{seq}.{n}"), changed=[tracked(f"{seq}.{n}")]) for n, store in enumerate(stores)
        )
        done = await asyncio.gather(*polls)
        assert sorted(done) == [False, False, True]
    assert len((await tracking_store.snapshot(stores[0], TEAM)).sessions) == 10
    assert (await outbox_counts.read(stores[0])).waiting == 10


async def test_subscribing_at_once(stores: list[Database]) -> None:
    made = await asyncio.gather(
        *(alerts_store.subscribe(s, subscription(), ["s1"], message(f"m{n}"), by=None) for n, s in enumerate(stores))
    )
    assert sorted(how for _, how in made) == ["new", "same", "same"]
    for number in range(SUBSCRIPTIONS_MOST - 2):
        await alerts_store.subscribe(
            stores[0], subscription(line=f"user:u{number}"), [], message(f"u{number}"), by=None
        )
    last = await asyncio.gather(
        *(
            alerts_store.subscribe(s, subscription(line=f"user:x{n}"), [], message(f"x{n}"), by=None)
            for n, s in enumerate(stores)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(each, TooMany) for each in last) == 2
    assert sorted(each.number for each in await alerts_store.read(stores[0], TEAM)) == list(range(1, 101))


async def test_an_edit_stored_while_its_post_is_marked_is_not_forgotten(stores: list[Database]) -> None:
    for n in range(25):
        one = card("C1", f"s{n}")
        await commit(stores[0], post(one), cards=[one])
        row = await take(stores[0])
        await asyncio.gather(
            outbox_store.sent(stores[0], [(row, "1.0")], NOW, gap_ms=0),
            commit(stores[1], edit(one), reply(one, f"r{n}")),
        )
        for _ in range(2):
            due = await take(stores[2])
            assert due.target_ts == "1.0"
            await outbox_store.sent(stores[2], [(due, "1.1")], NOW, gap_ms=0)


async def test_everything_at_once_without_deadlock(stores: list[Database]) -> None:
    cards = [card(f"C{n % 12}", f"s{n}") for n in range(60)]
    await commit(stores[0], *map(post, cards), cards=cards)
    for channel in range(12):
        await alerts_store.subscribe(
            stores[0], subscription(f"C{channel}"), [], message(f"first{channel}", f"C{channel}"), by=None
        )

    async def send(store: Database, chance: random.Random) -> None:
        for _ in range(40):
            rows: list[Claimed] = await claims.claim(store, TEAM, NOW + 10**6, LEASE, 12)
            chance.shuffle(rows)
            for row in rows[:2]:
                await chance.choice(
                    [
                        partial(outbox_store.again, store),
                        lambda r: outbox_store.held(store, r, "x"),
                        lambda r: outbox_store.slow_down(store, r, NOW),
                    ]
                )(row)
            await outbox_store.sent(store, [(row, "1") for row in rows[2:]], NOW, gap_ms=0)

    async def observe(store: Database, chance: random.Random) -> None:
        for n in range(25):
            some = chance.sample(cards, 30)
            seq = (await tracking_store.state(store, TEAM)).seq
            replies = (reply(each, f"{each.key}{seq}") for each in some)
            changed = [tracked(each.session_id) for each in some]
            await poll(store, seq, *map(edit, some), *replies, changed=changed, cards=some)
            await pruning.prune(store, TEAM, NOW + n)

    async def pause(store: Database, chance: random.Random) -> None:
        for n in range(30):
            channel = f"C{chance.randrange(12)}"
            await channel_pause.pause(store, TEAM, channel, "x", NOW, lambda _, dm=f"dm{n}{channel}": message(dm, "U1"))
            await channel_pause.resume(store, TEAM, channel)
            await channel_pause.resume(store, TEAM, "C1")

    works = [work(store, random.Random(n)) for n, store in enumerate(stores) for work in (send, observe, pause)]
    await asyncio.wait_for(asyncio.gather(*works), 60)


async def test_a_lease_is_one_owners_until_it_ends(postgres: str, stores: list[Database]) -> None:
    one, two, _ = stores
    first = await leases.take(one, "poller", "one", 15_000)
    assert first is not None
    assert await leases.take(two, "poller", "two", 15_000) is None
    assert await leases.take(two, "another", "two", 15_000) is not None
    assert await leases.take(one, "poller", "one", 15_000) == first
    await set_database(postgres, 15.0)
    second = await leases.take(two, "poller", "two", 60_000)
    assert second is not None
    assert second.epoch == first.epoch + 1
    assert await leases.take(one, "poller", "one", 15_000) is None
    assert not await poll(one, 0, message("m"), fence=first)
    assert await poll(two, 0, message("m"), fence=second)
    leaders = await asyncio.gather(*(leases.take(store, "new", str(n), 60_000) for n, store in enumerate(stores)))
    assert sum(fence is not None for fence in leaders) == 1


@pytest.mark.parametrize("by_s", [-HOUR_S, -40 * DAY_S])
async def test_a_lease_from_before_the_clock_was_set_back_is_over(
    postgres: str, stores: list[Database], by_s: float
) -> None:
    """Its owner is gone: nobody would poll for as long."""
    one, two, _ = stores
    assert await leases.take(one, "poller", "one", 15_000)
    assert await leases.take(two, "poller", "two", 15_000) is None
    await set_database(postgres, by_s)
    assert not await two.running()
    assert await leases.take(two, "poller", "two", 15_000)


async def test_replicas_whose_clocks_differ_leave_each_others_rows(
    stores: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, read = time.time, []
    await commit(stores[0], message("m"))
    for store, ahead_s in zip(stores, (0, 60, -60), strict=True):
        monkeypatch.setattr(time, "time", lambda ahead_s=ahead_s: real() + ahead_s)
        clock = Clock()
        clock.share(store.time)
        await clock.set()
        now_ms = int(clock() * 1000)
        read.append(now_ms)
        assert len(await claims.claim(store, TEAM, now_ms, LEASE, 10)) == (store is stores[0])
        assert await claims.overdue(store, TEAM, now_ms - 15_000, 10, now_ms, LEASE) == []
    assert max(read) - min(read) < 5_000
    (found,) = await claims.overdue(stores[1], TEAM, max(read) + LEASE + 1_000, 10, max(read) + LEASE + 16_000, LEASE)
    assert found.key == "m"


async def test_a_process_stopped_within_a_transaction_is_not_waited_for(stores: list[Database], postgres: str) -> None:
    stopped = await Database.open(postgres)
    connection = stopped.engine.connect()
    try:
        fence = leases.take.within(connection, "poller", "stopped", 100)
        assert fence is not None
        connection.commit()
        assert leases.holds(connection, fence)
        async with asyncio.timeout(8):
            taken = await leases.take(stores[0], "poller", "next", 60_000)
        assert taken is not None
        assert taken.epoch == fence.epoch + 1
    finally:
        connection.invalidate()
        connection.close()
        await stopped.close()


async def test_on_a_file_the_lease_is_always_ours(sqlite: str) -> None:
    store = await Database.open(sqlite)
    one = await leases.take(store, "poller", "before the restart", 60_000)
    two = await leases.take(store, "poller", "after it", 60_000)
    assert one is not None
    assert two is not None
    assert two.epoch == one.epoch + 1
    assert store.single
    await store.close()
