"""Several processes on one PostgreSQL: each row is one process's, each poll counts once, nobody waits for ever."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from bot.clock import Clock
from bot.db import leases
from bot.db.database import Database
from bot.errors import TooMany
from bot.store import SUBSCRIPTIONS_MOST, Row, Store
from tests.clocks import DAY_S, HOUR_S, set_database
from tests.db.parts import LEASE, NOW, TEAM, card, commit, edit, message, post, reply, subscription, take, tracked

pytestmark = pytest.mark.slow


@pytest.fixture
async def stores(postgres: str) -> AsyncIterator[list[Store]]:
    await set_database(postgres, 0.0)
    opened = [await Store.open(postgres) for _ in range(3)]
    yield opened
    for each in opened:
        await each.close()


async def test_no_row_and_no_channel_is_claimed_by_two(stores: list[Store]) -> None:
    await commit(stores[0], *(message(f"{n}.{c}", f"C{c}", f"{n}") for n in range(4) for c in range(40)))
    said: dict[str, list[str]] = {}
    claimed: Counter[str] = Counter()
    flying: set[str] = set()

    async def work(store: Store, seed: int) -> None:
        chance, idle, now_ms = random.Random(seed), 0, NOW
        while idle < 20:
            rows = await store.claim(TEAM, NOW + 10**6, LEASE, chance.randint(1, 15))
            idle = 0 if rows else idle + 1
            for row in rows:
                assert row.channel_id not in flying
                flying.add(row.channel_id)
                claimed[row.key] += 1
                said.setdefault(row.channel_id, []).append(row.text)
            await asyncio.sleep(chance.uniform(0, 0.01))
            flying.difference_update(row.channel_id for row in rows)
            if rows:
                await store.sent([(row, "1") for row in rows], now_ms, gap_ms=0)

    await asyncio.gather(*(work(store, seed) for seed, store in enumerate(stores * 2)))
    assert len(claimed) == 160
    assert set(claimed.values()) == {1}
    assert all(texts == ["0", "1", "2", "3"] for texts in said.values())
    assert (await stores[1].counts()).waiting == 0


async def test_of_two_polls_one_counts(stores: list[Store]) -> None:
    for seq in range(10):
        done = await asyncio.gather(
            *(
                store.commit_poll(
                    TEAM, seq, NOW, changed=[tracked(f"{seq}.{n}")], cards=[], outgoing=[message(f"{seq}.{n}")]
                )
                for n, store in enumerate(stores)
            )
        )
        assert sorted(done) == [False, False, True]
    assert len((await stores[0].snapshot(TEAM)).sessions) == 10
    assert (await stores[0].counts()).waiting == 10


async def test_subscribing_at_once(stores: list[Store]) -> None:
    made = await asyncio.gather(*(s.subscribe(subscription(), ["s1"], message(f"m{n}")) for n, s in enumerate(stores)))
    assert sorted(how for _, how in made) == ["new", "same", "same"]
    for number in range(SUBSCRIPTIONS_MOST - 2):
        await stores[0].subscribe(subscription(line=f"user:u{number}"), [], message(f"u{number}"))
    last = await asyncio.gather(
        *(s.subscribe(subscription(line=f"user:x{n}"), [], message(f"x{n}")) for n, s in enumerate(stores)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, TooMany) for each in last) == 2
    assert sorted(each.number for each in await stores[0].subscriptions(TEAM)) == list(range(1, 101))


async def test_an_edit_stored_while_its_post_is_marked_is_not_forgotten(stores: list[Store]) -> None:
    for n in range(25):
        one = card("C1", f"s{n}")
        await commit(stores[0], post(one), cards=[one])
        row = await take(stores[0])
        await asyncio.gather(
            stores[0].sent([(row, "1.0")], NOW, gap_ms=0), commit(stores[1], edit(one), reply(one, f"r{n}"))
        )
        for _ in range(2):
            due = await take(stores[2])
            assert due.target_ts == "1.0"
            await stores[2].sent([(due, "1.1")], NOW, gap_ms=0)


async def test_everything_at_once_without_deadlock(stores: list[Store]) -> None:
    cards = [card(f"C{n % 12}", f"s{n}") for n in range(60)]
    await commit(stores[0], *map(post, cards), cards=cards)
    for channel in range(12):
        await stores[0].subscribe(subscription(f"C{channel}"), [], message(f"first{channel}", f"C{channel}"))

    async def send(store: Store, chance: random.Random) -> None:
        for _ in range(40):
            rows: list[Row] = await store.claim(TEAM, NOW + 10**6, LEASE, 12)
            chance.shuffle(rows)
            for row in rows[:2]:
                await chance.choice([store.again, lambda r: store.held(r, "x"), lambda r: store.slow_down(r, NOW)])(row)
            await store.sent([(row, "1") for row in rows[2:]], NOW, gap_ms=0)

    async def poll(store: Store, chance: random.Random) -> None:
        for n in range(25):
            some = chance.sample(cards, 30)
            seq = (await store.poll_state(TEAM)).seq
            await store.commit_poll(
                TEAM, seq, NOW, changed=[tracked(each.session_id) for each in some], cards=some,
                outgoing=[*map(edit, some), *(reply(each, f"{each.key}{seq}") for each in some)],
            )  # fmt: skip
            await store.prune(TEAM, NOW + n)

    async def pause(store: Store, chance: random.Random) -> None:
        for n in range(30):
            channel = f"C{chance.randrange(12)}"
            await store.pause(TEAM, channel, "x", NOW, lambda _, dm=f"dm{n}{channel}": message(dm, "U1"))
            await store.resume(TEAM, channel)
            await store.resume(TEAM, "C1")

    works = [work(store, random.Random(n)) for n, store in enumerate(stores) for work in (send, poll, pause)]
    await asyncio.wait_for(asyncio.gather(*works), 60)


async def test_a_lease_is_one_owners_until_it_ends(postgres: str, stores: list[Store]) -> None:
    one, two, _ = stores
    first = await one.lead("poller", "one", 15_000)
    assert first is not None
    assert await two.lead("poller", "two", 15_000) is None
    assert await two.lead("another", "two", 15_000) is not None
    assert await one.lead("poller", "one", 15_000) == first
    await set_database(postgres, 15.0)
    second = await two.lead("poller", "two", 60_000)
    assert second is not None
    assert second.epoch == first.epoch + 1
    assert await one.lead("poller", "one", 15_000) is None
    assert not await one.commit_poll(TEAM, 0, NOW, changed=[], cards=[], outgoing=[message("m")], fence=first)
    assert await two.commit_poll(TEAM, 0, NOW, changed=[], cards=[], outgoing=[message("m")], fence=second)
    leaders = await asyncio.gather(*(store.lead("new", str(n), 60_000) for n, store in enumerate(stores)))
    assert sum(fence is not None for fence in leaders) == 1


@pytest.mark.parametrize("by_s", [-HOUR_S, -40 * DAY_S])
async def test_a_lease_from_before_the_clock_was_set_back_is_over(postgres: str, by_s: float) -> None:
    """Its owner is gone: nobody would poll for as long."""
    await set_database(postgres, 0.0)
    one, two = await Store.open(postgres), await Store.open(postgres)
    assert await one.lead("poller", "one", 15_000)
    assert await two.lead("poller", "two", 15_000) is None
    await set_database(postgres, by_s)
    assert not await two.running()
    assert await two.lead("poller", "two", 15_000)
    for store in (one, two):
        await store.close()


async def test_replicas_whose_clocks_differ_leave_each_others_rows(
    stores: list[Store], monkeypatch: pytest.MonkeyPatch
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
        assert len(await store.claim(TEAM, now_ms, LEASE, 10)) == (store is stores[0])
        assert await store.overdue(TEAM, now_ms - 15_000, 10, now_ms, LEASE) == []
    assert max(read) - min(read) < 5_000
    (found,) = await stores[1].overdue(TEAM, max(read) + LEASE + 1_000, 10, max(read) + LEASE + 16_000, LEASE)
    assert found.key == "m"


async def test_a_process_stopped_within_a_transaction_is_not_waited_for(stores: list[Store], postgres: str) -> None:
    stopped = await Database.open(postgres)
    connection = stopped.engine.connect()
    try:
        fence = leases.take(connection, "poller", "stopped", 100, single=False)
        assert fence is not None
        connection.commit()
        assert leases.holds(connection, fence)
        async with asyncio.timeout(8):
            taken = await stores[0].lead("poller", "next", 60_000)
        assert taken is not None
        assert taken.epoch == fence.epoch + 1
    finally:
        connection.invalidate()
        connection.close()
        await stopped.close()


async def test_on_a_file_the_lease_is_always_ours(sqlite: str) -> None:
    store = await Store.open(sqlite)
    one = await store.lead("poller", "before the restart", 60_000)
    two = await store.lead("poller", "after it", 60_000)
    assert one is not None
    assert two is not None
    assert two.epoch == one.epoch + 1
    assert store.single
    await store.close()
