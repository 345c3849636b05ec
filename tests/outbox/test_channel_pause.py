"""A channel that refuses messages: held, told once, and gone on with."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.alerts import store as alerts_store
from bot.db.database import Database
from bot.digests import store as digests_store
from bot.outbox import channel_pause, claims, conversations
from bot.outbox import prune as pruning
from bot.outbox import store as outbox_store
from bot.outbox.channel_pause import TRY_MS
from bot.outbox.message import Channel
from bot.outbox.prune import DAY_MS, WAITS_MS
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
    next_ms,
    post,
    posted,
    reply,
    send,
    subscription,
    take,
)


async def pause(store: Database, reason: str, at_ms: int = NOW) -> None:
    await channel_pause.pause(store, TEAM, "C1", reason, at_ms, lambda person: message(f"paused {person}", person))


async def test_its_messages_are_held_and_its_people_told_once(store: Database) -> None:
    for number, (line, who) in enumerate((("active", "U1"), ("user:a", "U2"), ("user:b", "U1"))):
        await alerts_store.subscribe(store, subscription(line=line, by=who), [], message(f"m{number}"), by=None)
    for who in ("U3", "U1"):
        await digests_store.add(store, digest(line=f"all user:{who}", by=who), by(who=who))
    assert await channel_pause.makers(store, TEAM, "C1") == ["U1", "U2", "U3"]
    await outbox_store.held(store, await take(store), "is_archived")
    await pause(store, "is_archived")
    await pause(store, "not_in_channel", NOW + 1)
    assert await conversations.read(store, TEAM, "C1") == Channel("not_in_channel", NOW, held=3, tries=1)
    assert sorted(row.channel_id for row in await claims.claim(store, TEAM, NOW, LEASE, 10)) == ["U1", "U2", "U3"]
    assert len(await alerts_store.read(store, TEAM, "C1")) == 3
    # what comes meanwhile is held too, and merged
    await commit(store, post(card()), cards=[card()])
    await commit(store, edit(card(), "newer"))
    assert (await conversations.read(store, TEAM, "C1")).held == 4
    assert await claims.claim(store, TEAM, NOW + 90_000, LEASE, 10) == []

    assert await channel_pause.resume(store, TEAM, "C1")
    assert not await channel_pause.resume(store, TEAM, "C1")
    assert not await channel_pause.resume(store, TEAM, "C404")
    assert await conversations.read(store, TEAM, "C1") == Channel(waiting=4)
    first = await take(store, NOW + 60_000)
    assert first.attempts == 2
    await outbox_store.sent(store, [(first, "1")], NOW + 60_000)
    sent = [text for n in range(1, 4) for _, text, _ in await send(store, NOW + 60_000 + n * 1000)]
    assert sent == ["hello", "hello", "newer"]


async def test_a_second_pause_tells_again_when_its_message_is_another(store: Database) -> None:
    await alerts_store.subscribe(store, subscription(), [], message("m"), by=None)
    for at in (NOW, NOW + 1):
        await channel_pause.pause(store, TEAM, "C1", "is_archived", at, lambda each, at=at: message(f"dm{at}", "U1"))
        await channel_pause.resume(store, TEAM, "C1")
    assert (await conversations.read(store, TEAM, "U1")).waiting == 2


async def test_what_was_in_flight_may_still_be_marked(store: Database) -> None:
    await commit(store, message("m"))
    row = await take(store)
    await pause(store, "not_in_channel")
    await outbox_store.sent(store, [(row, "1")], NOW + 5)
    assert await conversations.read(store, TEAM, "C1") == Channel(None, None, NOW + 5)  # so it can be written to
    assert await claims.claim(store, TEAM, NOW + 90_000, LEASE, 10) == []


async def test_what_was_in_flight_and_is_unknown_is_looked_for(store: Database) -> None:
    await commit(store, message("m"), message("n"))
    row = await take(store)
    await pause(store, "not_in_channel")
    assert await claims.overdue(store, TEAM, NOW + 90_000, 10, NOW + 90_000, LEASE) == []
    await channel_pause.resume(store, TEAM, "C1")
    assert await claims.claim(store, TEAM, NOW + 90_000, LEASE, 10) == []
    (found,) = await claims.overdue(store, TEAM, NOW + 90_000, 10, NOW + 90_000, LEASE)
    assert found.key == row.key


async def test_what_comes_back_to_a_paused_channel_is_held(store: Database) -> None:
    await commit(store, message("m"))
    row = await take(store)
    await pause(store, "not_in_channel")
    await outbox_store.slow_down(store, row, NOW + 1)
    assert await conversations.read(store, TEAM, "C1") == Channel("not_in_channel", NOW, None, 0, held=1, tries=1)
    await channel_pause.resume(store, TEAM, "C1")
    assert len(await claims.claim(store, TEAM, NOW + 1, LEASE, 10)) == 1


async def test_what_waits_for_a_month_is_given_up(store: Database) -> None:
    """The subscription stays, and after resuming it tells of what is new then."""
    long = NOW + WAITS_MS + 1
    await alerts_store.subscribe(store, subscription(), [], message("first"), by=None)
    await alerts_store.subscribe(store, subscription("C2"), [], message("second", "C2"), by=None)
    flying, other = await claims.claim(store, TEAM, NOW, LEASE, 10)
    await pause(store, "is_archived")
    await outbox_store.held(store, other, "unconfirmed")
    await commit(store, post(card()), reply(card(), "r"), cards=[card()])
    await pruning.prune(store, TEAM, long - 1)
    assert (await conversations.read(store, TEAM, "C1")).held == 3
    await commit(store, message("later"), now_ms=NOW + 1)
    await pruning.prune(store, TEAM, long)
    assert await conversations.read(store, TEAM, "C1") == Channel("is_archived", NOW, None, 0, held=1, tries=1)
    assert [await outbox_store.status(store, key) for key in ("first", "second", "later")] == ["dead", "dead", "held"]
    await outbox_store.sent(store, [(flying, "1")], long)  # too late
    assert len(await alerts_store.read(store, TEAM, "C1")) == 1

    await channel_pause.resume(store, TEAM, "C1")
    await commit(store, edit(card(), "and on"), now_ms=long)
    assert [row.text for row in await claims.claim(store, TEAM, long, LEASE, 10) if row.channel_id == "C1"] == ["hello"]
    await commit(store, now_ms=long + 8 * DAY_MS)
    await pruning.prune(store, TEAM, long + 8 * DAY_MS)
    assert await outbox_store.status(store, "first") == ""


async def test_resuming_sends_nothing_that_may_be_there(store: Database) -> None:
    await commit(store, message("m", text="m"), message("n", text="n"))
    await outbox_store.held(store, await take(store), "unconfirmed")
    await pause(store, "is_archived")
    await channel_pause.resume(store, TEAM, "C1")
    assert [text for _, text, _ in await send(store)] == ["n"]
    await pause(store, "is_archived")
    await channel_pause.release(store, TEAM, "C1")
    assert await claims.claim(store, TEAM, NOW + 2_000, LEASE, 10) == []
    await channel_pause.resume(store, TEAM, "C1")
    assert [text for _, text, _ in await send(store, NOW + 2_000)] == ["m"]


async def test_what_is_set_up_again_is_a_try_where_nothing_else_can_be_one(store: Database) -> None:
    await alerts_store.subscribe(store, subscription(), [], message("first"), by=by())
    made, _ = await digests_store.add(store, digest(), by(), message("digest"))
    await commit(store, post(card()), cards=[card()])
    for seconds in range(3):
        await send(store, NOW + seconds * 1_000)
    await commit(store, reply(card(), "r"))
    await outbox_store.no_thread(store, await take(store, NOW + 4_000))
    for number in range(2):
        await pause(store, "not_in_channel")
        if number:
            await digests_store.add(store, made, by(), message("again 1", text="again 1"))
        else:
            await alerts_store.subscribe(store, subscription(), [], message("again 0", text="again 0"), by=by())
        await channel_pause.try_paused(store, TEAM, NOW)
        assert ("post", f"again {number}", None) in await send(store, NOW + 5_000 + number * 1_000)
        assert (await conversations.read(store, TEAM, "C1")).paused is None


async def test_a_digest_is_a_try_where_nothing_else_can_be_one(store: Database) -> None:
    """A message that may be there waits for a person, and a reply to a deleted thread for its card's next message."""
    made, _ = await digests_store.add(store, digest(), by())
    await posted(store)
    await commit(store, reply(card(), "r"), message("m", text="m"))
    await outbox_store.held(store, await take(store, NOW + 1_000), "unconfirmed")
    await outbox_store.no_thread(store, await take(store, NOW + 2_000))
    await pause(store, "not_in_channel", next_ms(made))
    assert await digests_store.due(store, TEAM, next_ms(made)) == []
    try_ms = next_ms(made) + TRY_MS
    assert await digests_store.due(store, TEAM, try_ms) == [made]
    (day,) = made.schedule.next(datetime.fromtimestamp(NOW / 1000, UTC))
    assert await digests_store.send(store, made, day, [message("d", text="d")], try_ms, fence=None)
    assert await digests_store.due(store, TEAM, try_ms + DAY_MS) == []  # one is enough
    await channel_pause.try_paused(store, TEAM, try_ms)
    assert ("post", "d", None) in await send(store, try_ms)
    assert (await conversations.read(store, TEAM, "C1")).paused is None
