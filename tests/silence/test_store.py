"""Silence of channels: mutes, quiet hours, threads. And who changed what."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from bot.alerts import store as alerts_store
from bot.db.database import Database
from bot.db.problems import StoreError
from bot.digests import store as digests_store
from bot.errors import Overlaps, TooMany
from bot.outbox import audit_log, threads
from bot.outbox import cards as card_store
from bot.outbox import counts as outbox_counts
from bot.outbox import prune as pruning
from bot.outbox.card import Card
from bot.silence import mute_store, quiet_store
from bot.silence.mute_store import MUTES_MOST
from bot.silence.quiet_hours import read_quiet
from bot.silence.quiet_store import QUIETS_MOST
from tests.db.parts import HOUR, NOW, TEAM, by, card, commit, digest, message, mute, post, subscription

NIGHTS = read_quiet("22:00-07:00 weekdays Europe/Berlin", "UTC")
NOONS = read_quiet("12:00-13:00", "America/New_York")
DAY = 24 * HOUR


async def test_a_mute_has_a_number_and_holds_up_to_its_end(store: Database) -> None:
    new = mute(line='room:"Town hall" -user:ada', session="s1")
    assert await mute_store.add(store, new, by("mute …", "U7")) == (replace(new, number=1), "new", None)
    assert (
        await mute_store.read(store, TEAM, NOW)
        == await mute_store.read(store, TEAM, NOW, "C1")
        == [replace(new, number=1)]
    )
    assert await mute_store.read(store, TEAM, NOW + HOUR - 1) == [replace(new, number=1)]
    assert await mute_store.read(store, TEAM, NOW + HOUR) == []
    assert await mute_store.read(store, TEAM, NOW, "C2") == await mute_store.read(store, "T2", NOW) == []
    assert await audit_log.read(store, TEAM, "C1") == [by("mute …", "U7")]


async def test_the_same_again_has_another_end(store: Database) -> None:
    await mute_store.add(store, mute(line="user:a"), by("1"))
    assert (await mute_store.add(store, mute(line="user:a", by="U2"), by("2")))[1] == "same"
    before = replace(mute(line="user:a"), number=1)
    for until_ms in (NOW + 2 * HOUR, NOW + 30_000):
        again = replace(mute(line="user:a", by="U2", until_ms=until_ms), number=1)
        assert await mute_store.add(store, again, by("3")) == (again, "changed", before)
        before = again
    for other in (mute(line="user:b"), mute(line="user:a", session="s1"), mute("C2", "user:a")):
        assert (await mute_store.add(store, other, by("4")))[1] == "new"
    after = replace(mute(line="user:a", until_ms=NOW + 3 * HOUR), created_ms=NOW + HOUR)
    assert await mute_store.add(store, after, by("5")) == (replace(after, number=4), "new", None)
    assert [each.line for each in await audit_log.read(store, TEAM, "C1")] == ["5", "4", "4", "3", "3", "1"]


async def test_the_later_end_stays_where_it_may_only_get_longer(store: Database) -> None:
    first, _, _ = await mute_store.add(store, mute(until_ms=NOW + 2 * HOUR), by("1"))
    assert await mute_store.add(store, mute(until_ms=NOW + HOUR), by("2"), longer=True) == (first, "same", first)
    later = replace(first, until_ms=NOW + 3 * HOUR)
    assert await mute_store.add(store, later, by("3"), longer=True) == (later, "changed", first)
    assert await mute_store.read(store, TEAM, NOW) == [later]
    assert [each.line for each in await audit_log.read(store, TEAM, "C1")] == ["3", "1"]


async def test_the_same_is_there_once_whatever_the_clocks_say(store: Database) -> None:
    """By one that is ahead the first is over already."""
    first, _, _ = await mute_store.add(store, mute(), by("1"))
    later = replace(mute(until_ms=NOW + 3 * HOUR), created_ms=NOW + HOUR)
    assert (await mute_store.add(store, later, by("2")))[1] == "new"
    assert await mute_store.read(store, TEAM, NOW) == [replace(later, number=2)]
    assert await mute_store.add(store, first, by("3")) == (
        replace(first, number=2),
        "changed",
        replace(later, number=2),
    )
    assert await mute_store.read(store, TEAM, NOW) == [replace(first, number=2)]


async def test_one_that_is_there_twice_counts_as_the_longer_one(store: Database) -> None:
    await mute_store.add(store, mute(session="s"), by("1"))
    other, _, _ = await mute_store.add(store, mute(until_ms=NOW + 2 * HOUR), by("2"))
    await store.run(lambda db: db.execute(text("UPDATE mutes SET session_id = ''")))
    assert await mute_store.add(store, mute(until_ms=NOW + HOUR), by("3"), longer=True) == (other, "same", other)
    longer = replace(other, until_ms=NOW + 3 * HOUR)
    assert await mute_store.add(store, longer, by("4")) == (longer, "changed", other)
    assert await mute_store.read(store, TEAM, NOW) == [longer]


async def test_the_51st_is_refused(store: Database) -> None:
    for number in range(MUTES_MOST):
        await mute_store.add(store, mute(session=f"s{number}"), by())
    with pytest.raises(TooMany, match=f"{MUTES_MOST} mutes"):
        await mute_store.add(store, mute(), by())
    await mute_store.add(store, mute(session="s5", until_ms=NOW + 5), by())
    await mute_store.add(store, replace(mute(), created_ms=NOW + 5), by())
    assert len(await audit_log.read(store, TEAM, "C1", 100)) == MUTES_MOST + 2


async def test_mutes_are_removed_by_number(store: Database) -> None:
    made = [(await mute_store.add(store, mute(session=f"s{number}"), by()))[0] for number in range(3)]
    await mute_store.add(store, mute("C2"), by())
    assert await mute_store.remove(store, TEAM, "C1", [], by("none")) == []
    assert await mute_store.remove(store, TEAM, "C1", [3, 1, 7], by("unmute 3 1 7")) == [made[0], made[2]]
    assert await mute_store.read(store, TEAM, NOW) == [replace(mute("C2"), number=1), made[1]]
    over = by("too late", at_ms=NOW + HOUR)
    assert await mute_store.remove(store, TEAM, "C1", [2], over) == []
    assert (await audit_log.read(store, TEAM, "C1", 1))[0].line == "unmute 3 1 7"


async def test_quiet_hours_are_kept_in_order(store: Database) -> None:
    assert await quiet_store.add(store, TEAM, "C1", NIGHTS, by("quiet …", "U7")) == "new"
    assert await quiet_store.add(store, TEAM, "C1", NIGHTS, by("again", "U8")) == "same"
    assert await quiet_store.add(store, TEAM, "C1", NOONS, by("noon", "U8", NOW + 1)) == "new"
    assert await quiet_store.add(store, TEAM, "C2", NIGHTS, by()) == "new"
    assert await quiet_store.read(store, TEAM, "C1") == {"C1": [(NIGHTS, "U7"), (NOONS, "U8")]}
    assert await quiet_store.read(store, TEAM) == {"C1": [(NIGHTS, "U7"), (NOONS, "U8")], "C2": [(NIGHTS, "U1")]}
    assert await quiet_store.read(store, "T2") == {}
    assert await quiet_store.clear(store, TEAM, "C2", by("none"), NOONS) == []
    assert await quiet_store.clear(store, TEAM, "C1", by("noons"), NOONS) == [NOONS]
    assert await quiet_store.read(store, TEAM, "C1") == {"C1": [(NIGHTS, "U7")]}
    assert await quiet_store.add(store, TEAM, "C1", NOONS, by("noon again", "U8", NOW + 2)) == "new"
    assert await quiet_store.clear(store, TEAM, "C1", by("off", at_ms=NOW + 3)) == [NIGHTS, NOONS]
    assert await quiet_store.clear(store, TEAM, "C1", by("off again")) == []
    assert await quiet_store.read(store, TEAM) == {"C2": [(NIGHTS, "U1")]}
    assert [each.line for each in await audit_log.read(store, TEAM, "C1")] == [
        "off",
        "noon again",
        "noons",
        "noon",
        "quiet …",
    ]


async def test_quiet_hours_in_any_zone_are_read_again(store: Database, caplog: pytest.LogCaptureFixture) -> None:
    """A stored mute isn't read by the words that people may say; what can't be read is left out."""
    eastern = replace(NIGHTS, zone="EST")
    await quiet_store.add(store, TEAM, "C1", eastern, by())
    await quiet_store.add(store, TEAM, "C2", replace(NIGHTS, zone="Mars/Olympus"), by())
    assert await quiet_store.read(store, TEAM) == {"C1": [(eastern, "U1")]}
    assert "setting_unreadable" in caplog.text
    assert await quiet_store.clear(store, TEAM, "C1", by(), eastern) == [eastern]


async def test_quiet_hours_that_overlap_are_refused(store: Database) -> None:
    await quiet_store.add(store, TEAM, "C1", NIGHTS, by())
    for hours, instead in (
        ("06:00-08:00", "06:00-08:00 mon,sun Europe/Berlin"),
        ("06:00-08:00 tue", "off 22:00-07:00 weekdays Europe/Berlin"),
    ):
        with pytest.raises(Overlaps, match="overlaps `22:00-07:00 weekdays Europe/Berlin`") as caught:
            await quiet_store.add(store, TEAM, "C1", read_quiet(hours, "Europe/Berlin"), by())
        assert caught.value.instead == instead
    assert await quiet_store.read(store, TEAM) == {"C1": [(NIGHTS, "U1")]}
    assert len(await audit_log.read(store, TEAM, "C1")) == 1
    assert await quiet_store.add(store, TEAM, "C1", read_quiet("07:00-08:00", "Europe/Berlin"), by()) == "new"


@pytest.mark.parametrize(
    ("first", "second", "less"),
    [("0:00-12:00", "12:00-0:00", "12:00-23:30"), ("7:00-7:00 weekdays", "7:00-7:00 sat,sun", "7:00-7:00 sat")],
)
async def test_quiet_at_all_times_is_refused(store: Database, first: str, second: str, less: str) -> None:
    one, other = read_quiet(first, "Europe/Berlin"), read_quiet(second, "Europe/Berlin")
    await quiet_store.add(store, TEAM, "C1", one, by())
    with pytest.raises(Overlaps, match="would be quiet at all times") as caught:
        await quiet_store.add(store, TEAM, "C1", other, by())
    assert caught.value.instead == f"off {one}"
    assert await quiet_store.add(store, TEAM, "C2", other, by()) == "new"
    assert await quiet_store.add(store, TEAM, "C1", read_quiet(less, "Europe/Berlin"), by()) == "new"


async def test_the_11th_range_of_quiet_hours_is_refused(store: Database) -> None:
    for hour in range(QUIETS_MOST):
        await quiet_store.add(store, TEAM, "C1", read_quiet(f"{hour:02}:00-{hour:02}:30", "UTC"), by())
    with pytest.raises(TooMany):
        await quiet_store.add(store, TEAM, "C1", read_quiet("20:00-21:00", "UTC"), by())


async def test_threads_are_on_until_somebody_turns_them_off(store: Database) -> None:
    assert not await threads.turn(store, TEAM, "C1", True, by("on"))
    assert await threads.turn(store, TEAM, "C1", False, by("off"))
    assert not await threads.turn(store, TEAM, "C1", False, by("off again"))
    assert await threads.turn(store, TEAM, "C2", False, by())
    assert await threads.off(store, TEAM) == {"C1", "C2"}
    assert await threads.off(store, "T2") == set()
    assert await threads.turn(store, TEAM, "C1", True, by("on"))
    assert await threads.off(store, TEAM) == {"C2"}
    assert [each.line for each in await audit_log.read(store, TEAM, "C1")] == ["on", "off"]


async def test_subscriptions_are_changes_too(store: Database) -> None:
    for kinds in (("start",), ("start",), ("end",)):
        await alerts_store.subscribe(store, subscription(kinds=kinds), [], message(kinds[0]), by=by(f"on:{kinds[0]}"))
    await alerts_store.unsubscribe(store, TEAM, "C1", [1], by=by("unsubscribe 1", "U2"))
    await alerts_store.unsubscribe(store, TEAM, "C1", [1], by=by("unsubscribe 1"))
    await alerts_store.subscribe(store, subscription(), [], message("m"), by=None)  # nobody's
    changes = [by("unsubscribe 1", "U2"), by("on:end"), by("on:start")]
    assert await audit_log.read(store, TEAM, "C1") == changes
    assert await audit_log.read(store, TEAM, "C1", 1) == changes[:1]
    assert await audit_log.read(store, TEAM, "C2") == await audit_log.read(store, "T2", "C1") == []


async def test_a_change_that_cannot_be_kept_is_not_made(store: Database) -> None:
    await alerts_store.subscribe(store, subscription(), [], message("m"), by=None)
    await digests_store.add(store, digest(), by())
    await mute_store.add(store, mute(), by())
    await quiet_store.add(store, TEAM, "C1", NIGHTS, by())

    async def everything() -> list[object]:
        here = (
            await alerts_store.read(store, TEAM),
            await digests_store.read(store, TEAM),
            await mute_store.read(store, TEAM, NOW),
        )
        return [
            *here,
            await quiet_store.read(store, TEAM),
            await threads.off(store, TEAM),
            (await outbox_counts.read(store)).waiting,
        ]

    before = await everything()
    await store.run(lambda db: db.execute(text("ALTER TABLE changes RENAME TO elsewhere")))
    for change in (
        lambda: alerts_store.subscribe(store, subscription(line="user:a"), [], message("a"), by=by()),
        lambda: alerts_store.unsubscribe(store, TEAM, "C1", [1], by=by()),
        lambda: digests_store.add(store, digest("C1", "all user:a"), by()),
        lambda: digests_store.pause(store, TEAM, "C1", 2, True, by()),
        lambda: digests_store.remove(store, TEAM, "C1", 2, by()),
        lambda: mute_store.add(store, mute(session="s1"), by()),
        lambda: mute_store.add(store, mute(until_ms=NOW + 5), by()),
        lambda: mute_store.remove(store, TEAM, "C1", [3], by()),
        lambda: quiet_store.add(store, TEAM, "C1", NOONS, by()),
        lambda: quiet_store.clear(store, TEAM, "C1", by()),
        lambda: threads.turn(store, TEAM, "C1", False, by()),
    ):
        with pytest.raises(StoreError):
            await change()
    assert await everything() == before


async def test_cards_whose_announcement_is_withheld(store: Database) -> None:
    held = Card(TEAM, "C1", "s1", "unannounced", matched=frozenset((1,)), withheld_until_ms=NOW + HOUR)
    await commit(store, cards=[held, card(session="s2")])
    assert await card_store.withheld(store, TEAM) == await card_store.read(store, TEAM, ["s1"]) == [held]
    assert await card_store.withheld(store, "T2") == []
    await commit(store, post(card()), cards=[card()])
    assert await card_store.withheld(store, TEAM) == []


async def test_of_what_has_ended_only_that_is_read_which_may_be_told(store: Database) -> None:
    some = [
        Card(TEAM, "C1", "s1", "final", withheld_until_ms=NOW),
        Card(TEAM, "C1", "s2", "summarised", withheld_until_ms=NOW + HOUR),
        Card(TEAM, "C2", "s1", "final", withheld_until_ms=NOW + HOUR),
        Card(TEAM, "C2", "s2", "unannounced", withheld_until_ms=NOW),
        Card(TEAM, "C3", "s1", "final"),
    ]
    await commit(store, cards=some)
    assert await card_store.withheld(store, TEAM) == [some[3]]

    async def ended(now_ms: int, *silent: str) -> list[Card]:
        return await card_store.withheld_ended(store, TEAM, now_ms, silent.__contains__)

    assert await ended(NOW - 1, "C1", "C2") == []
    assert await ended(NOW, "C1", "C2") == some[:1]
    assert await ended(NOW, "C2") == some[:2]  # unmuted
    assert await ended(NOW, "C1") == [some[0], some[2]]
    assert await ended(NOW + HOUR, "C1", "C2") == some[:3]
    assert await card_store.withheld_ended(store, "T2", NOW, lambda _: False) == []


async def test_what_waits_for_the_end_of_a_mute_is_not_forgotten(store: Database) -> None:
    later = NOW + 8 * DAY
    for session, withheld_until_ms in (("s1", later), ("s2", later + 1), ("s3", 0)):
        await commit(store, cards=[Card(TEAM, "C1", session, "final", withheld_until_ms=withheld_until_ms)])
    await commit(store, now_ms=later)
    await pruning.prune(store, TEAM, later)
    assert [card.session_id for card in await card_store.read(store, TEAM, ["s1", "s2", "s3"])] == ["s1", "s2"]


async def test_what_is_long_over_is_forgotten(store: Database) -> None:
    await mute_store.add(store, mute(), by("old"))
    await mute_store.add(store, mute(session="s1", until_ms=NOW + 20 * DAY), by("newer", at_ms=NOW + DAY))

    async def numbers() -> list[int]:
        return list(await store.run(lambda db: db.scalars(text("SELECT number FROM mutes ORDER BY number"))))

    await pruning.prune(store, TEAM, NOW + HOUR + 7 * DAY)
    assert await numbers() == [1, 2]
    await pruning.prune(store, TEAM, NOW + HOUR + 7 * DAY + 1)
    assert await numbers() == [2]
    assert len(await audit_log.read(store, TEAM, "C1")) == 2
    await pruning.prune(store, TEAM, NOW + 365 * DAY + 1)
    assert [each.line for each in await audit_log.read(store, TEAM, "C1")] == ["newer"]
    assert await numbers() == []


async def test_settings_that_this_version_cannot_read_cost_no_other(store: Database) -> None:
    await mute_store.add(store, mute(session="s1"), by())
    await mute_store.add(store, mute(session="s2"), by())
    await digests_store.add(store, digest(), by())
    await digests_store.add(store, digest(line="all user:a"), by())
    await quiet_store.add(store, TEAM, "C1", NIGHTS, by())
    await quiet_store.add(store, TEAM, "C1", NOONS, by())
    for change in (
        "UPDATE mutes SET query = 'active moon:full' WHERE number = 1",
        "UPDATE digests SET schedule = 'daily 09:00 Mars/Olympus' WHERE number = 3",
        "UPDATE quiets SET hours = '12:00-13:00 daily Mars/Olympus' WHERE hours LIKE '%New_York'",
    ):
        await store.run(lambda db, change=change: db.execute(text(change)))
    assert [each.number for each in await mute_store.read(store, TEAM, NOW)] == [2]
    assert [each.number for each in await digests_store.due(store, TEAM, NOW + 9 * DAY)] == [4]
    assert await quiet_store.read(store, TEAM) == {"C1": [(NIGHTS, "U1")]}
    assert await digests_store.remove(store, TEAM, "C1", 3, by("remove 3")) is None
    assert (await audit_log.read(store, TEAM, "C1", 1))[0].line == "remove 3"
    assert len(await mute_store.remove(store, TEAM, "C1", [1, 2], by())) == 1
    assert await quiet_store.clear(store, TEAM, "C1", by()) == [NIGHTS]


async def test_several_who_set_the_same_at_once(url: str) -> None:
    replicas = 1 if url.startswith("sqlite") else 3
    stores = [await Database.open(url) for _ in range(replicas)]
    try:
        several = [store for store in stores for _ in range(6 // replicas)]
        muted = await asyncio.gather(*(mute_store.add(store, mute(), by()) for store in several))
        assert sorted(how for _, how, _ in muted) == ["new"] + ["same"] * 5
        hours = [NIGHTS, read_quiet("23:00-01:00", "Europe/Berlin")]
        tried = await asyncio.gather(
            *(quiet_store.add(store, TEAM, "C1", hours[n % 2], by()) for n, store in enumerate(several)),
            return_exceptions=True,
        )
        assert sum(each == "new" for each in tried) == 1
        assert sum(isinstance(each, Overlaps) for each in tried) == 3
        assert len(await audit_log.read(stores[0], TEAM, "C1")) == 2
    finally:
        for store in stores:
            await store.close()
