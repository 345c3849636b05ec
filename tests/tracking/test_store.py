"""A poll's facts and messages are stored together, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from bot.alerts import store as alerts_store
from bot.alerts.backlog import Backlog
from bot.db import leases
from bot.db.database import Database
from bot.db.leases import Fence
from bot.outbox import cards as card_store
from bot.outbox import claims
from bot.outbox import counts as outbox_counts
from bot.outbox import prune as pruning
from bot.outbox import store as outbox_store
from bot.outbox.card import Card
from bot.outbox.message import Outgoing
from bot.outbox.prune import SOME
from bot.tracking import store as tracking_store
from bot.tracking.store import PollState, Progress, Snapshot
from tests.db.parts import NOW, TEAM, card, commit, edit, message, post, send, subscription, tracked

DAY = 86_400_000


async def written(store: Database, seq: int, *outgoing: Outgoing, team: str = TEAM, fence: Fence | None = None) -> bool:
    """A poll that began from snapshot `seq` and saw `b`."""
    changed, cards = [tracked("b")], [card()]
    return await tracking_store.commit(
        store, team, seq, NOW, changed=changed, cards=cards, outgoing=outgoing, fence=fence, known=None
    )


async def test_before_the_first_poll(store: Database) -> None:
    assert await tracking_store.snapshot(store, TEAM) == Snapshot(0, None, {})
    assert await tracking_store.state(store, TEAM) == PollState(0, None, 0, "")
    assert await card_store.read(store, TEAM, []) == []
    assert (await outbox_counts.read(store)).waiting == 0


async def test_what_is_committed_is_the_next_snapshot(store: Database) -> None:
    await commit(store, changed=[tracked("a"), tracked("b")])
    await commit(store, changed=[tracked("b", live=False, seen_ms=NOW + 1)], now_ms=NOW + 1)
    assert await tracking_store.snapshot(store, TEAM) == Snapshot(
        2, NOW + 1, {"a": tracked("a"), "b": tracked("b", live=False, seen_ms=NOW + 1)}
    )
    assert await tracking_store.snapshot(store, "T2") == Snapshot(0, None, {})
    reached = Progress(NOW - 5, Backlog(NOW - 9, "start"))
    assert await tracking_store.commit(
        store, TEAM, 2, NOW + 2, changed=[], cards=[], outgoing=[], naming="n", progress=reached, fence=None, known=None
    )
    after = await tracking_store.snapshot(store, TEAM)
    assert (after.seq, after.good_ms, after.naming, after.progress) == (3, NOW + 2, "n", reached)


async def test_a_snapshot_has_what_ended_in_the_last_two_days(store: Database) -> None:
    await commit(store, changed=[tracked("a"), tracked("b", live=False), tracked("c", live=False, seen_ms=NOW - 1)])
    await commit(store, now_ms=NOW + 2 * DAY)
    assert set((await tracking_store.snapshot(store, TEAM)).sessions) == {"a", "b"}


async def test_a_poll_that_another_one_overtook_writes_nothing(store: Database) -> None:
    await commit(store, changed=[tracked("a")])
    for stale in (0, 2):
        assert not await written(store, stale, post(card()))
    assert set((await tracking_store.snapshot(store, TEAM)).sessions) == {"a"}
    assert await card_store.read(store, TEAM, ["s1"]) == []
    assert (await outbox_counts.read(store)).waiting == 0
    assert not await written(store, 5, team="T2")
    assert (await tracking_store.state(store, "T2")).seq == 0


async def test_failures_are_counted_until_a_good_poll(store: Database) -> None:
    await tracking_store.failed(store, TEAM, NOW, "HmsUnavailable")
    await tracking_store.failed(store, TEAM, NOW + 1, "HmsAuth")
    assert await tracking_store.state(store, TEAM) == PollState(0, None, 2, "HmsAuth")
    await commit(store)
    assert await tracking_store.state(store, TEAM) == PollState(1, NOW, 0, "")
    await tracking_store.failed(store, TEAM, NOW + 1, "HmsAuth")
    assert await tracking_store.state(store, TEAM) == PollState(1, NOW, 1, "HmsAuth")


async def test_a_fence_that_is_stale_writes_nothing(store: Database) -> None:
    fence = await leases.take(store, "poller", "me", 60_000)
    assert fence is not None
    await commit(store, changed=[tracked("a")], fence=fence)
    for stale in (Fence("poller", "me", fence.epoch + 1), Fence("poller", "you", fence.epoch), Fence("none", "me", 1)):
        assert not await written(store, 1, message("m"), fence=stale)
    assert (await tracking_store.state(store, TEAM)).seq == 1
    assert set((await tracking_store.snapshot(store, TEAM)).sessions) == {"a"}


async def test_who_subscribes_while_a_poll_is_made_is_not_forgotten_by_it(store: Database) -> None:
    """A session without a message is known to both subscriptions: to that of the poll, and to the new one."""
    silent = Card(TEAM, "C1", "s1", "unannounced", matched=frozenset((7,)))
    new, _ = await alerts_store.subscribe(store, subscription(), ["s1"], message("first"), by=None)
    await commit(store, cards=[silent])
    (found,) = await card_store.read(store, TEAM, ["s1"])
    assert found.matched == {7, new.number}
    await commit(store, post(card()), cards=[card()])
    (found,) = await card_store.read(store, TEAM, ["s1"])
    assert (found.gen, found.matched) == (1, {7, new.number})


async def test_cards_are_found_by_session(store: Database) -> None:
    cards = [card(session=f"s{n}", channel=f"C{n % 3}") for n in range(1_200)]
    await commit(store, cards=cards)
    found = await card_store.read(store, TEAM, (each.session_id for each in cards))
    assert sorted(found, key=lambda each: int(each.session_id[1:])) == cards
    await commit(store, cards=[card(session="s0", channel="C0", status="final")])
    assert [each.status for each in await card_store.read(store, TEAM, ["s0"])] == ["final"]


@pytest.mark.parametrize("name", ["naïve 𝒜da 🎥", "'; DROP TABLE cards; --", "a\x00b", 'q"uo\\te'])
async def test_names_come_back_as_they_were(store: Database, name: str) -> None:
    odd = replace(tracked("a"), people={name: (name, name)})
    await commit(store, message("m", text=name), changed=[odd])
    assert (await tracking_store.snapshot(store, TEAM)).sessions == {"a": odd}
    assert (await claims.claim(store, TEAM, NOW, 1, 1))[0].text == name


async def test_old_rows_are_forgotten(store: Database) -> None:
    done, kept = (card(session=name, status="final") for name in ("done", "kept"))
    live = card(session="live")
    await commit(store, post(live), changed=[tracked("done", live=False), tracked("live")], cards=[done, live])
    row = (await claims.claim(store, TEAM, NOW, 1, 1))[0]
    await outbox_store.sent(store, [(row, "1.0")], NOW)
    later = NOW + 7 * DAY + 1
    await commit(
        store, message("waiting"), cards=[kept], changed=[tracked("kept", live=False, seen_ms=later)], now_ms=later
    )
    await pruning.prune(store, TEAM, later)
    left = await card_store.read(store, TEAM, ["done", "live", "kept"])
    assert {each.session_id for each in left} == {"live", "kept"}
    assert set((await tracking_store.snapshot(store, TEAM)).sessions) == {"live", "kept"}
    assert (await outbox_counts.read(store)).waiting == 1
    # the message of a card that still lives can be edited though its row is gone
    assert await send(store, later) == [("post", "hello", None)]
    await commit(store, edit(live), now_ms=later)
    assert await send(store, later) == [("edit", "changed", "1.0")]


async def test_old_rows_are_forgotten_some_at_a_time(store: Database) -> None:
    """No transaction is long, however much there is to forget."""
    many = SOME * 2 + 1
    over = [card(session=f"s{n}", status="final") for n in range(many)]
    await commit(store, changed=[tracked(each.session_id, live=False) for each in over], cards=over)
    later = NOW + 8 * DAY
    await commit(store, now_ms=later)
    deleted = [0]
    engine = store.engine
    event.listen(engine, "commit", lambda _: deleted.append(0))

    def count(_db: object, cursor: Any, statement: str, *_: object) -> None:
        deleted[-1] += cursor.rowcount if statement.startswith("DELETE") else 0

    event.listen(engine, "after_cursor_execute", count)
    await pruning.prune(store, TEAM, later)
    assert deleted == [2 * SOME, 2 * SOME, 2, 0]
    assert (await tracking_store.snapshot(store, TEAM)).sessions == {}
