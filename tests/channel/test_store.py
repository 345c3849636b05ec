"""A channel whose id Slack has changed: nothing is lost, and nothing is told twice."""

from __future__ import annotations

from dataclasses import replace

from bot.alerts import store as alerts_store
from bot.channel import store as channel_store
from bot.channel.store import MOVED
from bot.db.database import Database
from bot.db.tables import metadata
from bot.digests import store as digests_store
from bot.outbox import audit_log, channel_pause, claims, conversations, threads
from bot.outbox import cards as card_store
from bot.outbox import counts as outbox_counts
from bot.outbox import store as outbox_store
from bot.outbox.card import key_of, lists_of
from bot.outbox.message import Outgoing
from bot.silence import mute_store, quiet_store
from bot.silence.quiet_hours import QuietHours
from bot.tracking import store as tracking_store
from tests.db.parts import (
    LEASE,
    NOW,
    TEAM,
    by,
    card,
    commit,
    digest,
    edit,
    message,
    mute,
    post,
    reply,
    send,
    subscription,
    take,
    tracked,
)

OLD, NEW = "G1", "C1"
NIGHTS, LATER = map(QuietHours.stored, ("22:00-07:00 daily UTC", "23:00-06:00 daily UTC"))


async def move(store: Database) -> bool:
    return await channel_store.move(store, TEAM, OLD, NEW)


def tell(person: str) -> Outgoing:
    return Outgoing(key_of("paused", person), TEAM, person, "post", "paused", [])


def test_no_table_with_a_channel_is_forgotten() -> None:
    assert set(MOVED) == {table for table in metadata.sorted_tables if "channel_id" in table.c}


async def test_all_that_is_set_has_the_new_id(store: Database) -> None:
    await alerts_store.subscribe(store, subscription(OLD), [], message("m", OLD), by=by("subscribe"))
    await digests_store.add(store, digest(OLD), by("digest"))
    await mute_store.add(store, mute(OLD), by("mute"))
    await quiet_store.add(store, TEAM, OLD, NIGHTS, by("quiet"))
    await threads.turn(store, TEAM, OLD, False, by("threads off"))
    await alerts_store.subscribe(store, subscription("C2"), [], message("other", "C2"), by=by())
    before = {each.line for each in await audit_log.read(store, TEAM, OLD)}
    assert await move(store)
    assert [each.number for each in await alerts_store.read(store, TEAM, NEW)] == [1]
    assert [each.number for each in await digests_store.read(store, TEAM, NEW)] == [2]
    assert [each.number for each in await mute_store.read(store, TEAM, NOW, NEW)] == [3]
    assert set(await quiet_store.read(store, TEAM)) == {NEW} and await threads.off(store, TEAM) == {NEW}
    assert {each.line for each in await audit_log.read(store, TEAM, NEW)} == before
    assert await channel_pause.told(store, TEAM) == {NEW, "C2"}
    assert {row.channel_id for row in await claims.claim(store, TEAM, NOW, LEASE, 10)} == {NEW, "C2"}
    assert not await move(store) and not await channel_store.move(store, TEAM, "G404", "C404")
    fourth, _ = await alerts_store.subscribe(store, subscription(NEW, "user:a"), [], message("n", NEW), by=by())
    assert fourth.number == 4


async def test_a_card_goes_on_under_the_new_id(store: Database) -> None:
    """Also one whose post is on its way, whoever is sending it; its key is what stands in Slack."""
    sent, flying = card(OLD, "s1"), card(OLD, "s2")
    await commit(store, post(sent), cards=[sent], changed=[tracked("s1")])
    await send(store)
    await commit(store, post(flying, "second"), cards=[flying], changed=[tracked("s2")])
    row = await take(store, NOW + 2_000)
    assert await move(store)
    assert await claims.claim(store, TEAM, NOW + 4_000, LEASE, 10) == []
    await outbox_store.sent(store, [(row, "ts-second")], NOW + 4_000)
    found = await card_store.read(store, TEAM, ["s1", "s2"])
    assert {(each.channel_id, each.key) for each in found} == {(NEW, sent.key), (NEW, flying.key)}
    for each in found:
        await commit(store, edit(each), reply(each, f"r {each.key}"), cards=[each])
    for seconds in (40, 42, 44, 46):
        for row in await claims.claim(store, TEAM, NOW + seconds * 1000, LEASE, 10):
            assert row.channel_id == NEW and row.target_ts in ("ts-opened", "ts-second")
            await outbox_store.sent(store, [(row, "1")], NOW + seconds * 1000)
    assert (await outbox_counts.read(store, TEAM)).waiting == 0
    again = replace(found[0], gen=2)
    assert again.key == key_of("card", TEAM, OLD, found[0].session_id, "2")


async def test_a_poll_that_knew_the_old_id_is_not_stored(store: Database) -> None:
    await alerts_store.subscribe(store, subscription(OLD), [], message("m", OLD), by=by())
    known = await audit_log.counts(store, TEAM)
    assert await move(store)
    stored = await tracking_store.commit(
        store, TEAM, 0, NOW, changed=[], cards=[card(OLD)], outgoing=[post(card(OLD))], known=known, fence=None
    )
    assert not stored


async def test_what_the_old_id_refused_goes_out_under_the_new_one(store: Database) -> None:
    await alerts_store.subscribe(store, subscription(OLD), [], message("m", OLD), by=by())
    row = await take(store)
    await outbox_store.again(store, row)

    await channel_pause.pause(store, TEAM, OLD, "channel_not_found", NOW, tell)
    assert await move(store)
    assert (await conversations.read(store, TEAM, NEW)).paused is None
    assert NEW in {each.channel_id for each in await claims.claim(store, TEAM, NOW + 5_000, LEASE, 10)}
    assert await channel_pause.troubled(store, TEAM) == {}


async def test_a_new_id_that_has_something_keeps_it_and_gets_the_rest(store: Database) -> None:
    for line, number in (("active", 1), ("user:a", 2), ("user:b", 3)):
        stored, _ = await alerts_store.subscribe(
            store, subscription(OLD, line), ["s1", "s3"], message(f"old {line}", OLD), by=by()
        )
        assert stored.number == number
    await digests_store.add(store, digest(OLD), by())
    await digests_store.add(store, digest(OLD, when="daily 10:00 UTC"), by())
    await quiet_store.add(store, TEAM, OLD, NIGHTS, by())
    await alerts_store.subscribe(store, subscription(NEW, "user:b"), ["s1", "s2"], message("new", NEW), by=by())
    await digests_store.add(store, digest(NEW, empty="skip"), by())
    await quiet_store.add(store, TEAM, NEW, LATER, by())
    has_stopped = replace(card(OLD, status="unannounced", gen=0), matched=frozenset((1, 2, 3)), stopped=frozenset((2,)))
    await commit(store, cards=[has_stopped])
    assert await move(store)
    assert {each.number: str(each.query) for each in await alerts_store.read(store, TEAM, NEW)} == {
        1: "active user:b", 3: "active", 4: "active user:a",
    }  # fmt: skip
    digests = {each.number: each for each in await digests_store.read(store, TEAM, NEW)}
    assert sorted(digests) == [2, 7] and digests[2].empty == "skip"
    assert [quiet for quiet, _ in (await quiet_store.read(store, TEAM))[NEW]] == [LATER]
    found = await card_store.read(store, TEAM, ["s1", "s2", "s3"])
    assert {each.session_id: each.matched for each in found} == {"s1": {1, 3, 4}, "s2": {1}, "s3": {1, 3, 4}}
    assert {each.session_id: each.stopped for each in found} == {"s1": {4}, "s2": frozenset(), "s3": frozenset()}
    assert await channel_pause.told(store, TEAM) == {NEW}


async def test_two_messages_on_their_way_at_once_are_both_settled(store: Database) -> None:
    await alerts_store.subscribe(store, subscription(OLD), [], message("old", OLD, "old"), by=by())
    await alerts_store.subscribe(store, subscription(NEW), [], message("new", NEW, "new"), by=by())
    rows = {row.channel_id: row for row in await claims.claim(store, TEAM, NOW, LEASE, 10)}
    assert await move(store)
    await outbox_store.sent(store, [(rows[OLD], "1")], NOW)
    await outbox_store.sent(store, [(rows[NEW], "2")], NOW)
    assert (await outbox_store.status(store, "old"), await outbox_store.status(store, "new")) == ("sent", "sent")


async def test_two_messages_on_their_way_to_a_paused_channel_keep_nobody_up(store: Database) -> None:
    """One channel can't have two in flight: the moved one is left to its sender or to a person."""

    await outbox_store.add(store, [message("old", OLD, "old"), message("new", NEW, "new")], NOW)
    rows = {row.channel_id: row for row in await claims.claim(store, TEAM, NOW, LEASE, 10)}
    for channel in rows:
        await channel_pause.pause(store, TEAM, channel, "is_archived", NOW, tell)
    assert await move(store)
    assert await channel_pause.resume(store, TEAM, NEW)
    assert [await outbox_store.status(store, key) for key in ("old", "new")] == ["held", "sending"]
    await outbox_store.sent(store, [(rows[NEW], "2")], NOW)
    await outbox_store.sent(store, [(rows[OLD], "1")], NOW)
    assert [await outbox_store.status(store, key) for key in ("old", "new")] == ["sent", "sent"]


async def test_of_two_cards_of_a_session_the_one_with_a_message_stays(store: Database) -> None:
    sent = card(OLD, "s1")
    await commit(store, post(sent), cards=[sent])
    await send(store)
    await alerts_store.subscribe(store, subscription(NEW), ["s1"], message("new", NEW), by=by())
    assert await move(store)
    (stays,) = await card_store.read(store, TEAM, ["s1"])
    assert (stays.key, stays.gen, stays.channel_id) == (sent.key, 1, NEW)


async def test_what_waits_is_still_taken_back_with_what_it_belongs_to(store: Database) -> None:
    await alerts_store.subscribe(store, subscription(NEW, "user:a"), [], message("first", NEW), by=by())
    assert len(await send(store)) == 1
    stored, _ = await alerts_store.subscribe(store, subscription(OLD), [], message("subscribed", OLD), by=by())
    made, _ = await digests_store.add(store, digest(OLD), by(), message("made", OLD))
    lists = replace(message("list", OLD), of=lists_of(TEAM, OLD))
    await commit(store, lists)
    assert await move(store)
    for ended in (
        digests_store.remove(store, TEAM, NEW, made.number + 1, by()),
        alerts_store.unsubscribe(store, TEAM, NEW, [1, stored.number + 1], by()),
    ):
        assert await ended
    assert [await outbox_store.status(store, key) for key in ("subscribed", "made", "list")] == ["", "", ""]
