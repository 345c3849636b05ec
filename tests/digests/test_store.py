"""Digests are kept, once each, and that of each date is sent once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.alerts import store as alerts_store
from bot.db.database import Database
from bot.db.leases import Fence
from bot.digests import store as digests_store
from bot.digests.model import Digest
from bot.digests.store import DIGESTS_MOST
from bot.errors import TooMany
from bot.outbox import audit_log, channel_pause, claims
from bot.outbox import store as outbox_store
from bot.query.parse import RESOLVED_CHARS, parse
from bot.silence import mute_store
from tests.db.parts import HOUR, LEASE, NOW, TEAM, by, digest, message, mute, next_ms, send, subscription

DAY = 24 * HOUR
TODAY, TOMORROW = date(2025, 11, 24), date(2025, 11, 25)


async def added(store: Database, new: Digest | None = None) -> Digest:
    new = new or digest()
    stored, _ = await digests_store.add(store, new, by())
    return stored


async def sends(store: Database, of: Digest, day: date = TOMORROW, key: str = "m", fence: Fence | None = None) -> bool:
    at_ms = int(of.schedule.at(day).timestamp() * 1000)
    return await digests_store.send(store, of, day, [message(key, of.channel_id)], at_ms, fence)


async def test_a_new_one_has_a_number_and_waits_for_its_time(store: Database) -> None:
    new = digest(line='all room:"Town hall" -user:ada', when="weekdays 09:30 Europe/Berlin", empty="skip")
    stored, how = await digests_store.add(store, new, by("digest …", "U7"))
    assert (stored, how) == (replace(new, number=1, last=TODAY), "new")
    assert await digests_store.read(store, TEAM, "C1") == await digests_store.read(store, TEAM) == [stored]
    assert await digests_store.read(store, TEAM, "C2") == await digests_store.read(store, "T2") == []
    assert await digests_store.due(store, TEAM, next_ms(new) - 1) == []
    assert await digests_store.due(store, TEAM, next_ms(new)) == [stored]
    assert await digests_store.due(store, "T2", next_ms(new)) == []
    assert await audit_log.read(store, TEAM, "C1") == [by("digest …", "U7")]


@pytest.mark.parametrize(
    ("zone", "line"),
    [("EST", "all"), ("UTC", "all " + " ".join(f"user:{chr(0x1F600 + n) * 40}" for n in range(12)))],
    ids=["a zone that nobody can say", "the longest query"],
)
async def test_it_is_read_as_it_was(store: Database, zone: str, line: str) -> None:
    new = replace(digest(), query=parse(line, most_chars=RESOLVED_CHARS))
    stored = await added(store, replace(new, schedule=replace(new.schedule, zone=zone)))
    assert await digests_store.read(store, TEAM, "C1") == [stored]
    assert (stored.schedule.zone, str(stored.query)) == (zone, line)


async def test_the_same_again_is_the_same_one(store: Database) -> None:
    first = await added(store)
    again = replace(digest(by="U2"), created_ms=NOW + 5)
    assert await digests_store.add(store, again, by("again")) == (first, "same")
    other = replace(again, empty="skip")
    stored, how = await digests_store.add(store, other, by("skip"))
    assert (stored, how) == (replace(first, empty="skip", created_by="U2"), "changed")
    assert await digests_store.due(store, TEAM, next_ms(first)) == [stored]
    for another in (digest(line="all user:ada"), digest(when="weekdays 09:00 UTC"), digest("C2")):
        assert (await digests_store.add(store, another, by()))[1] == "new"
    assert [each.line for each in await audit_log.read(store, TEAM, "C1", 3)] == ["a line", "a line", "skip"]


async def test_one_that_is_paused_goes_on_when_it_is_said_again(store: Database) -> None:
    first = await added(store)
    await digests_store.pause(store, TEAM, "C1", 1, True, by())
    stored, how = await digests_store.add(store, digest(), by(at_ms=NOW + 9 * DAY))
    assert (stored, how) == (replace(first, last=date(2025, 12, 3)), "changed")


async def test_the_21st_is_refused(store: Database) -> None:
    for number in range(DIGESTS_MOST):
        await added(store, digest(line=f"all user:u{number}"))
    with pytest.raises(TooMany, match=f"{DIGESTS_MOST} digests"):
        await added(store, digest(line="all user:one-more"))
    assert len(await audit_log.read(store, TEAM, "C1", 100)) == DIGESTS_MOST
    await added(store, digest("C2"))
    await added(store, digest(line="all user:u5", empty="skip"))
    await digests_store.remove(store, TEAM, "C1", 1, by())
    assert (await added(store, digest(line="all user:one-more"))).number == DIGESTS_MOST + 1


async def test_numbers_are_shared_and_never_used_again(store: Database) -> None:
    await alerts_store.subscribe(store, subscription(), [], message("m"), by=None)
    assert (await added(store)).number == 2
    assert (await mute_store.add(store, mute(), by()))[0].number == 3
    assert (await added(store, digest("C2"))).number == 1
    assert await digests_store.remove(store, TEAM, "C1", 1, by()) is None
    assert await alerts_store.unsubscribe(store, TEAM, "C1", [2], by=by()) == []
    assert await mute_store.remove(store, TEAM, "C1", [1, 2], by()) == []
    assert await digests_store.remove(store, TEAM, "C1", 2, by("remove")) is not None
    assert await digests_store.remove(store, TEAM, "C1", 2, by("again")) is None
    assert (await added(store)).number == 4
    assert [each.line for each in await audit_log.read(store, TEAM, "C1", 2)] == ["a line", "remove"]


async def test_each_date_once(store: Database) -> None:
    made = await added(store)
    assert not await sends(store, made, TODAY)
    assert await sends(store, made)
    assert not await sends(store, made, key="again")
    assert not await sends(store, made, TODAY, key="an older one")
    assert (await digests_store.read(store, TEAM))[0].last == TOMORROW
    assert await digests_store.due(store, TEAM, next_ms(made)) == []
    assert await digests_store.due(store, TEAM, next_ms(made, next_ms(made)))
    assert await send(store, next_ms(made)) == [("post", "hello", None)]


async def test_what_a_paused_one_missed_is_not_made(store: Database) -> None:
    made = await added(store)
    assert await digests_store.pause(store, TEAM, "C1", 1, True, by("pause")) == replace(made, paused=True)
    assert await digests_store.pause(store, TEAM, "C1", 1, True, by("twice")) == replace(made, paused=True)
    assert await digests_store.read(store, TEAM) == [replace(made, paused=True)]
    back_ms = next_ms(made, NOW + 9 * DAY)
    resumed = await digests_store.pause(store, TEAM, "C1", 1, False, by("resume", at_ms=NOW + 9 * DAY))
    assert resumed == replace(made, last=date(2025, 12, 3))
    now = datetime.fromtimestamp(back_ms / 1000, UTC)
    assert resumed.schedule.missed(resumed.last or date.min, now) == [date(2025, 12, 4)]
    assert await digests_store.due(store, TEAM, back_ms) == [resumed]
    assert await digests_store.pause(store, TEAM, "C1", 1, False, by("twice", at_ms=NOW + 10 * DAY)) == resumed
    assert await digests_store.pause(store, TEAM, "C1", 2, False, by("none")) is None
    assert [each.line for each in await audit_log.read(store, TEAM, "C1")] == ["resume", "pause", "a line"]


async def test_a_date_whose_time_the_clocks_move_past_midnight_is_not_lost(store: Database) -> None:
    """In Nuuk 23:00 is followed by 0:00 then."""
    new = digest(when="daily 23:30 America/Nuuk")
    day = date(2026, 3, 28)
    assert new.schedule.at(day) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    before_ms = int(new.schedule.at(day).timestamp() * 1000) - 1
    stored, _ = await digests_store.add(store, new, by(at_ms=before_ms))
    assert stored.last == date(2026, 3, 27)


async def test_a_problem_is_kept_until_it_is_over(store: Database) -> None:
    made = await added(store)
    await digests_store.failed(store, made, "HmsUnavailable")
    failed = replace(made, problem="HmsUnavailable", tries=1)
    assert await digests_store.due(store, TEAM, next_ms(made)) == [failed]
    assert await sends(store, failed)
    await digests_store.failed(store, failed, "of one that another has sent meanwhile")
    assert (await digests_store.read(store, TEAM))[0].problem == ""
    assert len(await audit_log.read(store, TEAM, "C1")) == 1


async def test_a_channel_that_is_paused_gets_it_later(store: Database) -> None:
    made = await added(store)
    await outbox_store.add(store, [message("waits")], NOW)
    await channel_pause.pause(store, TEAM, "C1", "is_archived", NOW, lambda person: message("dm", person))
    assert await digests_store.due(store, TEAM, next_ms(made)) == []
    assert not await sends(store, made)
    assert (await digests_store.read(store, TEAM)) == [replace(made, halted="is_archived")]
    await channel_pause.resume(store, TEAM, "C1")
    assert await digests_store.due(store, TEAM, next_ms(made)) == [made]
    assert await sends(store, made)


async def test_two_replicas_send_each_date_once(postgres: str) -> None:
    stores = [await Database.open(postgres) for _ in range(3)]
    try:
        made = await asyncio.gather(*(added(store) for store in stores))
        assert {each.number for each in made} == {1}
        days = [date(2025, 11, 25 + number) for number in range(5)]
        for day in days:
            (was,) = await digests_store.read(stores[0], TEAM)
            done = await asyncio.gather(
                *(sends(store, was, day, f"{day} {number}") for number, store in enumerate(stores * 2))
            )
            assert sorted(done) == [False] * 5 + [True]
        keys = []
        for number in range(6):
            rows = await claims.claim(stores[0], TEAM, NOW + 20 * DAY + number * 2_000, LEASE, 10)
            await outbox_store.sent(stores[0], [(row, "1") for row in rows], NOW + 20 * DAY + number * 2_000)
            keys += [row.key.partition(" ")[0] for row in rows]
        assert keys == [day.isoformat() for day in days]
    finally:
        for store in stores:
            await store.close()
