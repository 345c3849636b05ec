"""A card's message shows its last state: edits are merged, wait for the post, and never show an older one last."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.db.database import Database
from bot.outbox import cards as card_store
from bot.outbox import channel_pause, claims
from bot.outbox import counts as outbox_counts
from bot.outbox import store as outbox_store
from bot.outbox.card import Status
from tests.db.parts import LEASE, NOW, TEAM, card, commit, edit, message, post, posted, reply, send, take

CARD = card()


async def test_a_post_that_was_not_tried_shows_the_newest_state(store: Database) -> None:
    await commit(store, post(CARD), cards=[CARD])
    await commit(store, edit(CARD, "newer"))
    assert await send(store) == [("post", "newer", None)]
    assert await send(store, NOW + 60_000) == []


async def test_also_in_one_commit(store: Database) -> None:
    await commit(store, post(CARD), edit(CARD, "newer"), reply(CARD, "r"), cards=[CARD])
    assert await send(store) == [("post", "newer", None)]
    assert await send(store, NOW + 1000) == [("reply", "came", "ts-newer")]


async def test_edits_and_replies_wait_for_the_post(store: Database) -> None:
    await commit(store, post(CARD), cards=[CARD])
    row = await take(store)
    await commit(store, edit(CARD, "one"), reply(CARD, "r"))
    await commit(store, edit(CARD, "two"))
    assert await claims.claim(store, TEAM, NOW, LEASE, 10) == []
    await outbox_store.sent(store, [(row, "1.5")], NOW, gap_ms=0)
    assert await send(store) == [("edit", "two", "1.5")]
    assert await send(store) == [("reply", "came", "1.5")]
    assert await send(store, NOW + 60_000) == []


async def test_also_while_the_post_is_put_off_or_held(store: Database) -> None:
    await commit(store, post(CARD), cards=[CARD])
    await outbox_store.slow_down(store, await take(store), NOW + 5_000)
    await commit(store, edit(CARD, "one"))  # the post may have been seen on its way: it stays as it is
    row = await take(store, NOW + 5_000)
    assert row.text == "opened"
    await outbox_store.held(store, row, "unconfirmed")
    await commit(store, edit(CARD, "two"))
    assert await claims.claim(store, TEAM, NOW + 60_000, LEASE, 10) == []
    await channel_pause.release(store, TEAM, "C1")
    assert [text for _, text, _ in await send(store, NOW + 60_000)] == ["opened"]
    assert await send(store, NOW + 60_000) == [("edit", "two", "ts-opened")]


async def test_what_is_urgent_keeps_no_distance(store: Database) -> None:
    await posted(store)
    await commit(store, edit(CARD, "one"))
    assert await send(store, NOW + 1_000) == [("edit", "one", "ts-opened")]
    await commit(store, edit(CARD, "two"))
    assert await send(store, NOW + 1_001) == []
    await commit(store, replace(edit(CARD, "ended"), urgent=True))
    await commit(store, edit(CARD, "ended, and named"))
    assert await send(store, NOW + 1_002) == [("edit", "ended, and named", "ts-opened")]
    await commit(store, edit(CARD, "later"))
    assert await send(store, NOW + 16_001) == []
    assert await send(store, NOW + 16_002) == [("edit", "later", "ts-opened")]


async def test_what_becomes_urgent_while_an_edit_is_on_its_way_follows_it_at_once(store: Database) -> None:
    await posted(store)
    await commit(store, edit(CARD, "one"))
    row = await take(store, NOW + 1_000)
    await commit(store, replace(edit(CARD, "ended"), urgent=True))
    await outbox_store.sent(store, [(row, "1.0")], NOW + 1_100)
    row = await take(store, NOW + 1_100)
    assert row.text == "ended"
    await commit(store, edit(CARD, "later"))
    await outbox_store.sent(store, [(row, "1.0")], NOW + 1_200)
    assert await claims.claim(store, TEAM, NOW + 16_199, LEASE, 10) == []
    assert [text for _, text, _ in await send(store, NOW + 16_200)] == ["later"]


async def test_one_edit_in_15_seconds_and_the_last_state_wins(store: Database) -> None:
    await posted(store)
    await commit(store, edit(CARD, "one"))
    assert await send(store, NOW) == [("edit", "one", "ts-opened")]
    await commit(store, edit(CARD, "two"))
    await commit(store, edit(CARD, "three"))
    assert await send(store, NOW + 14_999) == []
    assert await send(store, NOW + 15_000) == [("edit", "three", "ts-opened")]
    assert await send(store, NOW + 90_000) == []


async def test_an_edit_that_was_overtaken_on_its_way_goes_again(store: Database) -> None:
    await posted(store)
    await commit(store, edit(CARD, "one"))
    row = await take(store)
    await commit(store, edit(CARD, "two"))
    assert await claims.claim(store, TEAM, NOW, LEASE, 10) == []
    await outbox_store.sent(store, [(row, "x")], NOW + 10)
    assert await send(store, NOW + 15_009) == []
    again = await take(store, NOW + 15_010)
    assert (again.text, again.rev, again.attempts, again.first_try_ms) == ("two", 1, 1, NOW + 15_010)
    await outbox_store.sent(store, [(again, "x")], NOW + 15_010)
    assert (await outbox_counts.read(store)).waiting == 0


async def test_an_edit_that_comes_back_shows_the_newest_state(store: Database) -> None:
    await posted(store)
    await commit(store, edit(CARD, "one"))
    row = await take(store)
    await commit(store, edit(CARD, "two"))
    await outbox_store.slow_down(store, row, NOW + 3_000)
    assert await send(store, NOW + 3_000) == [("edit", "two", "ts-opened")]


async def test_edits_do_not_overtake_what_waits_longer(store: Database) -> None:
    """An edit's row is old, its state is not: new messages of a busy channel get their turn."""
    await posted(store)
    await commit(store, edit(CARD, "one"))
    await send(store, NOW)
    await commit(store, message("m", text="m"))
    await commit(store, edit(CARD, "two"))
    assert [text for _, text, _ in await send(store, NOW + 60_000)] == ["m"]
    assert [text for _, text, _ in await send(store, NOW + 60_000)] == ["two"]


async def test_a_deleted_message_is_posted_anew(store: Database) -> None:
    await posted(store)
    await commit(store, edit(CARD, "one"))
    row = await take(store)
    await commit(store, reply(CARD, "r"))
    known = await card_store.of_message(store, row)
    assert known == CARD
    new = replace(CARD, gen=2)
    await outbox_store.replaced(store, row, new)
    assert await card_store.read(store, TEAM, ["s1"]) == [new]
    await outbox_store.sent(store, [(row, "x")], NOW)  # the row is no longer its
    assert await send(store, NOW + 1_000) == [("post", "one", None)]
    assert await send(store, NOW + 2_000) == [("reply", "came", "ts-one")]
    # a poll that read the card before it was replaced speaks of the old message, and means the new one
    await commit(store, edit(CARD, "two"), reply(CARD, "r2"), cards=[replace(CARD, status="final")])
    assert await card_store.read(store, TEAM, ["s1"]) == [replace(new, status="final")]
    assert await send(store, NOW + 3_000) == [("edit", "two", "ts-one")]
    assert await send(store, NOW + 3_000) == [("reply", "came", "ts-one")]


async def test_anew_means_as_it_is_now(store: Database) -> None:
    await posted(store)
    await commit(store, edit(CARD, "one"))
    row = await take(store)
    await commit(store, edit(CARD, "two"))
    new = replace(CARD, gen=2)
    await outbox_store.replaced(store, row, new)
    await outbox_store.replaced(store, row, new)
    assert await send(store, NOW + 60_000) == [("post", "two", None)]
    assert await send(store, NOW + 90_000) == []


async def test_a_post_that_was_refused_is_tried_again_where_a_new_message_is_wanted(store: Database) -> None:
    await commit(store, post(CARD), cards=[CARD])
    row = await take(store)
    await commit(store, edit(CARD, "unseen"), reply(CARD, "r"))
    await outbox_store.dead(store, row, "invalid_blocks")
    assert await send(store, NOW + 60_000) == []
    await commit(store, replace(edit(CARD, "one"), silenced=True))
    assert await send(store, NOW + 60_000) == []
    assert (await outbox_counts.read(store)).waiting == 0
    await commit(store, edit(CARD, "two"))
    await commit(store, replace(edit(CARD, "three"), silenced=True))
    assert await send(store, NOW + 60_000) == [("post", "three", None)]
    assert await send(store, NOW + 99_000) == []


@pytest.mark.parametrize("status", ["posted", "final"])
async def test_the_end_that_a_deleted_message_was_to_say_may_be_withheld(store: Database, status: Status) -> None:
    await posted(store)
    await commit(store, edit(CARD, "one"), cards=[replace(CARD, status=status)])
    row = await take(store)
    await outbox_store.dead(store, row, "message_not_found", NOW + 1)
    await outbox_store.dead(store, row, "message_not_found", NOW + 2)  # the row is no longer its
    withheld = [replace(CARD, status=status, withheld_until_ms=NOW + 1)] if status == "final" else []
    assert await card_store.withheld_ended(store, TEAM, NOW + 1, lambda _: True) == withheld


async def test_an_edit_without_a_card_is_logged_and_kept_out(store: Database, caplog: pytest.LogCaptureFixture) -> None:
    await commit(store, edit(card(session="unknown")))
    assert (await outbox_counts.read(store)).waiting == 0
    assert "message_without_card" in caplog.text


async def test_a_newer_state_has_tries_of_its_own(store: Database) -> None:
    await posted(store)
    await commit(store, edit(CARD, "one"))
    at = NOW + 20_000
    for _ in range(2):
        await outbox_store.later(store, await take(store, at), at)
    row = await take(store, at)
    assert row.refusals == 2
    await commit(store, edit(CARD, "two"))
    await outbox_store.sent(store, [(row, "1")], at)
    assert (await take(store, at + 20_000)).refusals == 0
