"""Rows on their way: in order, one in flight a channel, marked by who claimed them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import metrics
from bot.db.database import Database
from bot.outbox import claims, conversations
from bot.outbox import counts as outbox_counts
from bot.outbox import store as outbox_store
from tests.db.parts import LEASE, NOW, TEAM, card, commit, edit, message, post, posted, reply, send, take


async def test_a_claim_is_one_row_a_channel_in_order(store: Database) -> None:
    await commit(store, message("a1", text="a1"), message("b1", "C2", "b1"), message("a2", text="a2"))
    await commit(store, message("a3", text="a3"))
    rows = await claims.claim(store, TEAM, NOW, LEASE, 10)
    assert [(row.text, row.attempts, row.first_try_ms, row.rev, row.kind) for row in rows] == [
        ("a1", 1, NOW, 0, "post"),
        ("b1", 1, NOW, 0, "post"),
    ]
    assert await claims.claim(store, TEAM, NOW, LEASE, 10) == []
    await outbox_store.sent(store, [(rows[0], "1")], NOW)
    assert await claims.claim(store, TEAM, NOW + 999, LEASE, 10) == []  # a second between two messages
    assert [text for _, text, _ in await send(store, NOW + 1000)] == ["a2"]
    await outbox_store.sent(store, [(rows[1], "2")], NOW, gap_ms=0)
    assert [text for _, text, _ in await send(store, NOW + 2000)] == ["a3"]
    assert (await outbox_counts.read(store)).waiting == 0


async def test_a_limit_takes_the_oldest(store: Database) -> None:
    await commit(store, *(message(f"m{n}", f"C{n}", str(n)) for n in range(5)))
    assert [row.text for row in await claims.claim(store, TEAM, NOW, LEASE, 2)] == ["0", "1"]
    assert [row.text for row in await claims.claim(store, TEAM, NOW, LEASE, 2)] == ["2", "3"]
    assert [row.text for row in await claims.claim(store, TEAM, NOW, LEASE, 2)] == ["4"]
    assert (await outbox_counts.read(store)).waiting == 5


async def test_a_key_is_stored_once(store: Database, caplog: pytest.LogCaptureFixture) -> None:
    await commit(store, message("m", text="first"))
    await commit(store, message("m", text="first"))
    assert [text for _, text, _ in await send(store)] == ["first"]
    await commit(store, message("m", text="first"))
    assert await send(store, NOW + 5000) == []
    assert not caplog.records


@pytest.mark.parametrize("together", [True, False])
async def test_another_message_under_a_key_is_an_error(
    store: Database, caplog: pytest.LogCaptureFixture, together: bool
) -> None:
    """It is left out: nobody could tell which of the two has arrived."""
    before, one = metrics.key_conflicts._value.get(), card()
    first, second = [message("m"), reply(one, "r")], [message("m", text="other"), reply(one, "r", "other")]
    await commit(store, post(one), cards=[one])
    for some in ([*first, *second],) if together else (first, second):
        await commit(store, *some)
    sent = [text for step in range(4) for _, text, _ in await send(store, NOW + step * 2000)]
    assert sent == ["opened", "hello", "came"]
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [("ERROR", "key_taken")] * 2
    assert metrics.key_conflicts._value.get() == before + 2


async def test_a_card_that_has_moved_on_takes_no_key(store: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Its message shows a newer state by then."""
    one = card()
    await commit(store, post(one), edit(one), cards=[one])
    await commit(store, post(one), edit(one, "newer"))
    assert [text for _, text, _ in await send(store)] == ["newer"]
    assert not caplog.records


async def test_only_the_claimer_marks(store: Database) -> None:
    await commit(store, message("m"))
    row = await take(store)
    other = replace(row, claim="another")
    await outbox_store.sent(store, [(other, "1")], NOW)
    await outbox_store.slow_down(store, other, NOW + 1)
    await outbox_store.again(store, other)
    await outbox_store.unsure(store, other, NOW - 99, "x")
    await outbox_store.held(store, other, "x")
    await outbox_store.dead(store, other, "x")
    assert (await conversations.read(store, TEAM, "C1")).waiting == 1
    assert await claims.overdue(store, TEAM, NOW + LEASE, 10, NOW, LEASE) == []
    (again,) = await claims.overdue(store, TEAM, NOW + LEASE + 1, 10, NOW + LEASE + 1, LEASE)
    assert (again.id, again.attempts, again.first_try_ms) == (row.id, 2, NOW)
    await outbox_store.sent(store, [(row, "1")], NOW)  # too late: it is another's by now
    assert (await conversations.read(store, TEAM, "C1")).last_ms is None
    await outbox_store.sent(store, [(again, "1")], NOW + 5)
    assert (await conversations.read(store, TEAM, "C1")).last_ms == NOW + 5


async def test_a_shorter_wait_does_not_end_a_longer_one(store: Database) -> None:
    one, two = card(), card("C2", "s2")
    await commit(store, post(one), post(two), cards=[one, two])
    await send(store)
    await commit(store, edit(one), edit(two))
    row, other = await claims.claim(store, TEAM, NOW + 20_000, LEASE, 10)
    await outbox_store.slow_down(store, other, NOW + 80_000)
    await outbox_store.slow_down(store, row, NOW + 30_000)
    assert await claims.claim(store, TEAM, NOW + 79_999, LEASE, 10) == []
    assert len(await claims.claim(store, TEAM, NOW + 80_000, LEASE, 10)) == 2


async def test_a_reply_that_comes_back_after_the_card_was_replaced_follows_it(store: Database) -> None:
    one = await posted(store)
    await commit(store, edit(one, "two are in"), reply(one, "r", "Ben came"))
    await outbox_store.sent(store, [(await take(store), "1.0")], NOW)
    flying = await take(store, NOW + 1_000)
    await commit(store, edit(one, "three are in"))
    await outbox_store.no_thread(store, flying)
    await outbox_store.replaced(store, await take(store, NOW + 16_000), replace(one, gen=2))
    assert [text for _, text, _ in await send(store, NOW + 17_000)] == ["three are in"]
    again = await take(store, NOW + 18_000)
    assert (again.text, again.target_ts) == ("Ben came", "ts-three are in")
    await outbox_store.no_thread(store, again)  # that one is deleted too
    assert await claims.claim(store, TEAM, NOW + 99_000, LEASE, 10) == []


async def test_cards_go_before_who_comes_and_goes(store: Database) -> None:
    one, two = await posted(store), card(session="b" * 24)
    await commit(store, reply(one, "r1"), reply(one, "r2"), cards=[one])
    await commit(store, post(two), cards=[two])
    sent = [key for n in range(3) for key, _, _ in await send(store, NOW + 5_000 + n * 1_000)]
    assert sent == ["post", "reply", "reply"]


async def test_a_time_that_a_wrong_clock_wrote_holds_nothing_up(store: Database) -> None:
    """The clock was two hours fast, and is set right."""
    await commit(store, message("m", text="m"), message("n"))
    fast = NOW + 2 * 3_600_000
    await outbox_store.slow_down(store, await take(store, fast), fast + 60_000)
    assert [text for _, text, _ in await send(store)] == ["m"]
    await outbox_store.unsure(store, await take(store, NOW + 2_000), fast, "")
    assert [row.key for row in await claims.overdue(store, TEAM, NOW, 10, NOW + 3_000, LEASE)] == ["n"]


@pytest.mark.parametrize("back_ms", [30_000, 60_000, 3_000_000])
async def test_a_clock_that_is_set_back_stops_nothing_for_long(store: Database, back_ms: int) -> None:
    one = await posted(store, NOW + back_ms)
    await commit(store, message("m", text="m"), edit(one))
    sent = [await send(store, NOW + seconds * 1_000) for seconds in range(0, 62, 2)]
    assert sorted(text for some in sent for _, text, _ in some) == ["changed", "m"]


async def test_many_marked_at_once(store: Database) -> None:
    cards = [card(f"C{n}", f"s{n}") for n in range(300)]
    await commit(store, *map(post, cards), cards=cards)
    rows = await claims.claim(store, TEAM, NOW, LEASE, 300)
    await commit(store, *map(edit, cards), *(reply(each, f"r{each.channel_id}") for each in cards))
    stolen = [replace(row, claim="another") if n % 3 == 0 else row for n, row in enumerate(rows)]
    await outbox_store.sent(store, [(row, f"ts{row.channel_id}") for row in stolen], NOW)
    due = await claims.claim(store, TEAM, NOW + 1000, LEASE, 300)
    assert len(due) == 200
    assert all(row.target_ts == f"ts{row.channel_id}" and row.kind == "edit" for row in due)
