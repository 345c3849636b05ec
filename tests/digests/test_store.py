"""What channels get at set times is kept, once each, and each date's digest is sent once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.digests.model import Digest
from bot.errors import TooMany
from bot.query.parse import RESOLVED_CHARS, parse
from bot.store import DIGESTS_MOST, Fence, Store
from tests.db.parts import HOUR, LEASE, NOW, TEAM, by, digest, message, mute, next_ms, send, subscription

DAY = 24 * HOUR
TODAY, TOMORROW = date(2025, 11, 24), date(2025, 11, 25)


async def added(store: Store, new: Digest | None = None) -> Digest:
    new = new or digest()
    stored, _ = await store.add_digest(new, by())
    return stored


async def sends(store: Store, of: Digest, day: date = TOMORROW, key: str = "m", fence: Fence | None = None) -> bool:
    at_ms = int(of.schedule.at(day).timestamp() * 1000)
    return await store.send_digest(of, day, [message(key, of.channel_id)], at_ms, fence)


async def test_a_new_one_has_a_number_and_waits_for_its_time(store: Store) -> None:
    new = digest(line='all room:"Town hall" -user:ada', when="weekdays 09:30 Europe/Berlin", empty="skip")
    stored, how = await store.add_digest(new, by("digest …", "U7"))
    assert (stored, how) == (replace(new, number=1, last=TODAY), "new")
    assert await store.digests(TEAM, "C1") == await store.digests(TEAM) == [stored]
    assert await store.digests(TEAM, "C2") == await store.digests("T2") == []
    assert await store.due_digests(TEAM, next_ms(new) - 1) == []
    assert await store.due_digests(TEAM, next_ms(new)) == [stored]
    assert await store.due_digests("T2", next_ms(new)) == []
    assert await store.changes(TEAM, "C1") == [by("digest …", "U7")]


async def test_one_in_a_zone_that_nobody_can_say_is_read_again(store: Store) -> None:
    new = digest()
    new = replace(new, schedule=replace(new.schedule, zone="EST"))
    stored = await added(store, new)
    assert await store.digests(TEAM, "C1") == [stored]
    assert stored.schedule == new.schedule


async def test_the_same_again_is_the_same_one(store: Store) -> None:
    first = await added(store)
    again = replace(digest(by="U2"), created_ms=NOW + 5)
    assert await store.add_digest(again, by("again")) == (first, "same")
    other = replace(again, empty="skip")
    stored, how = await store.add_digest(other, by("skip"))
    assert (stored, how) == (replace(first, empty="skip", created_by="U2"), "changed")
    assert await store.due_digests(TEAM, next_ms(first)) == [stored]
    for another in (digest(line="all user:ada"), digest(when="weekdays 09:00 UTC"), digest("C2")):
        assert (await store.add_digest(another, by()))[1] == "new"
    assert [each.line for each in await store.changes(TEAM, "C1", 3)] == ["a line", "a line", "skip"]


async def test_one_that_is_paused_goes_on_when_it_is_said_again(store: Store) -> None:
    first = await added(store)
    await store.pause_digest(TEAM, "C1", 1, True, by())
    stored, how = await store.add_digest(digest(), by(at_ms=NOW + 9 * DAY))
    assert (stored, how) == (replace(first, last=date(2025, 12, 3)), "changed")


async def test_the_21st_is_refused(store: Store) -> None:
    for number in range(DIGESTS_MOST):
        await added(store, digest(line=f"all user:u{number}"))
    with pytest.raises(TooMany, match=f"{DIGESTS_MOST} digests"):
        await added(store, digest(line="all user:one-more"))
    assert len(await store.changes(TEAM, "C1", 100)) == DIGESTS_MOST
    await added(store, digest("C2"))
    await added(store, digest(line="all user:u5", empty="skip"))
    await store.remove_digest(TEAM, "C1", 1, by())
    assert (await added(store, digest(line="all user:one-more"))).number == DIGESTS_MOST + 1


async def test_numbers_are_shared_and_never_used_again(store: Store) -> None:
    await store.subscribe(subscription(), [], message("m"))
    assert (await added(store)).number == 2
    assert (await store.add_mute(mute(), by()))[0].number == 3
    assert (await added(store, digest("C2"))).number == 1
    assert await store.remove_digest(TEAM, "C1", 1, by()) is None
    assert await store.unsubscribe(TEAM, "C1", [2], by=by()) == []
    assert await store.remove_mutes(TEAM, "C1", [1, 2], by()) == []
    assert await store.remove_digest(TEAM, "C1", 2, by("remove")) is not None
    assert await store.remove_digest(TEAM, "C1", 2, by("again")) is None
    assert (await added(store)).number == 4
    assert [each.line for each in await store.changes(TEAM, "C1", 2)] == ["a line", "remove"]


async def test_each_date_once(store: Store) -> None:
    made = await added(store)
    assert not await sends(store, made, TODAY)
    assert await sends(store, made)
    assert not await sends(store, made, key="again")
    assert not await sends(store, made, TODAY, key="an older one")
    assert (await store.digests(TEAM))[0].last == TOMORROW
    assert await store.due_digests(TEAM, next_ms(made)) == []
    assert await store.due_digests(TEAM, next_ms(made, next_ms(made)))
    assert await send(store, next_ms(made)) == [("post", "hello", None)]


async def test_one_that_is_skipped_is_done_with(store: Store) -> None:
    made = await added(store)
    assert await store.send_digest(made, TOMORROW, [], next_ms(made))
    assert (await store.counts()).waiting == 0
    assert not await sends(store, made)


async def test_one_that_is_gone_or_paused_is_not_sent(store: Store) -> None:
    gone, paused = await added(store), await added(store, digest(line="all user:ada"))
    await store.remove_digest(TEAM, "C1", gone.number, by())
    await store.pause_digest(TEAM, "C1", paused.number, True, by("pause"))
    assert await store.due_digests(TEAM, NOW + 9 * DAY) == []
    assert not await sends(store, gone)
    assert not await sends(store, paused)
    assert (await store.counts()).waiting == 0
    assert (await store.changes(TEAM, "C1", 1))[0].line == "pause"


async def test_what_a_paused_one_missed_is_not_made(store: Store) -> None:
    made = await added(store)
    assert await store.pause_digest(TEAM, "C1", 1, True, by("pause")) == replace(made, paused=True)
    assert await store.pause_digest(TEAM, "C1", 1, True, by("twice")) == replace(made, paused=True)
    assert await store.digests(TEAM) == [replace(made, paused=True)]
    back_ms = next_ms(made, NOW + 9 * DAY)
    resumed = await store.pause_digest(TEAM, "C1", 1, False, by("resume", at_ms=NOW + 9 * DAY))
    assert resumed == replace(made, last=date(2025, 12, 3))
    now = datetime.fromtimestamp(back_ms / 1000, UTC)
    assert resumed.schedule.missed(resumed.last or date.min, now) == [date(2025, 12, 4)]
    assert await store.due_digests(TEAM, back_ms) == [resumed]
    assert await store.pause_digest(TEAM, "C1", 1, False, by("twice", at_ms=NOW + 10 * DAY)) == resumed
    assert await store.pause_digest(TEAM, "C1", 2, False, by("none")) is None
    assert [each.line for each in await store.changes(TEAM, "C1")] == ["resume", "pause", "a line"]


async def test_a_date_whose_time_the_clocks_move_past_midnight_is_not_lost(store: Store) -> None:
    """In Nuuk 23:00 is followed by 0:00 then."""
    new = digest(when="daily 23:30 America/Nuuk")
    day = date(2026, 3, 28)
    assert new.schedule.at(day) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    before_ms = int(new.schedule.at(day).timestamp() * 1000) - 1
    stored, _ = await store.add_digest(new, by(at_ms=before_ms))
    assert stored.last == date(2026, 3, 27)


async def test_a_fence_that_is_stale_sends_nothing(store: Store) -> None:
    made = await added(store)
    fence = await store.lead("poller", "me", 60_000)
    assert fence is not None
    assert not await sends(store, made, fence=replace(fence, epoch=fence.epoch + 1))
    assert (await store.digests(TEAM)) == [made]
    assert await sends(store, made, fence=fence)


async def test_a_problem_is_kept_until_it_is_over(store: Store) -> None:
    made = await added(store)
    await store.digest_failed(made, "HmsUnavailable")
    failed = replace(made, problem="HmsUnavailable", tries=1)
    assert await store.due_digests(TEAM, next_ms(made)) == [failed]
    assert await sends(store, failed)
    await store.digest_failed(failed, "of one that another has sent meanwhile")
    assert (await store.digests(TEAM))[0].problem == ""
    assert len(await store.changes(TEAM, "C1")) == 1


async def test_a_channel_that_is_paused_gets_it_later(store: Store) -> None:
    made = await added(store)
    await store.send([message("waits")], NOW)
    await store.pause(TEAM, "C1", "is_archived", NOW, lambda person: message("dm", person))
    assert await store.due_digests(TEAM, next_ms(made)) == []
    assert not await sends(store, made)
    assert (await store.digests(TEAM)) == [replace(made, halted="is_archived")]
    await store.resume(TEAM, "C1")
    assert await store.due_digests(TEAM, next_ms(made)) == [made]
    assert await sends(store, made)


async def test_the_longest_query_comes_back_as_it_was(store: Store) -> None:
    line = "all " + " ".join(f"user:{chr(0x1F600 + n) * 40}" for n in range(12))
    stored = await added(store, replace(digest(), query=parse(line, most_chars=RESOLVED_CHARS)))
    assert (await store.digests(TEAM))[0] == stored
    assert str(stored.query) == line


async def test_two_replicas_send_each_date_once(postgres: str) -> None:
    stores = [await Store.open(postgres) for _ in range(3)]
    try:
        made = await asyncio.gather(*(added(store) for store in stores))
        assert {each.number for each in made} == {1}
        days = [date(2025, 11, 25 + number) for number in range(5)]
        for day in days:
            (was,) = await stores[0].digests(TEAM)
            done = await asyncio.gather(
                *(sends(store, was, day, f"{day} {number}") for number, store in enumerate(stores * 2))
            )
            assert sorted(done) == [False] * 5 + [True]
        keys = []
        for number in range(6):
            rows = await stores[0].claim(TEAM, NOW + 20 * DAY + number * 2_000, LEASE, 10)
            await stores[0].sent([(row, "1") for row in rows], NOW + 20 * DAY + number * 2_000)
            keys += [row.key.partition(" ")[0] for row in rows]
        assert keys == [day.isoformat() for day in days]
    finally:
        for store in stores:
            await store.close()
