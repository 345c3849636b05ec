"""What channels don't want to hear: mutes, quiet hours, threads. And who changed what."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from bot.errors import Overlaps, TooMany
from bot.outbox.card import Card
from bot.silence.quiet_hours import read_quiet
from bot.store import MUTES_MOST, QUIETS_MOST, Store, StoreError
from tests.db.parts import HOUR, NOW, TEAM, by, card, commit, digest, message, mute, post, subscription

NIGHTS = read_quiet("22:00-07:00 weekdays Europe/Berlin", "UTC")
NOONS = read_quiet("12:00-13:00", "America/New_York")
DAY = 24 * HOUR


async def test_a_mute_has_a_number_and_holds_up_to_its_end(store: Store) -> None:
    new = mute(line='room:"Town hall" -user:ada', session="s1")
    assert await store.add_mute(new, by("mute …", "U7")) == (replace(new, number=1), "new", None)
    assert await store.mutes(TEAM, NOW) == await store.mutes(TEAM, NOW, "C1") == [replace(new, number=1)]
    assert await store.mutes(TEAM, NOW + HOUR - 1) == [replace(new, number=1)]
    assert await store.mutes(TEAM, NOW + HOUR) == []
    assert await store.mutes(TEAM, NOW, "C2") == await store.mutes("T2", NOW) == []
    assert await store.changes(TEAM, "C1") == [by("mute …", "U7")]


async def test_the_same_again_has_another_end(store: Store) -> None:
    await store.add_mute(mute(line="user:a"), by("1"))
    assert (await store.add_mute(mute(line="user:a", by="U2"), by("2")))[1] == "same"
    before = replace(mute(line="user:a"), number=1)
    for until_ms in (NOW + 2 * HOUR, NOW + 30_000):
        again = replace(mute(line="user:a", by="U2", until_ms=until_ms), number=1)
        assert await store.add_mute(again, by("3")) == (again, "changed", before)
        before = again
    for other in (mute(line="user:b"), mute(line="user:a", session="s1"), mute("C2", "user:a")):
        assert (await store.add_mute(other, by("4")))[1] == "new"
    after = replace(mute(line="user:a", until_ms=NOW + 3 * HOUR), created_ms=NOW + HOUR)
    assert await store.add_mute(after, by("5")) == (replace(after, number=4), "new", None)
    assert [each.line for each in await store.changes(TEAM, "C1")] == ["5", "4", "4", "3", "3", "1"]


async def test_the_later_end_stays_where_it_may_only_get_longer(store: Store) -> None:
    first, _, _ = await store.add_mute(mute(until_ms=NOW + 2 * HOUR), by("1"))
    assert await store.add_mute(mute(until_ms=NOW + HOUR), by("2"), longer=True) == (first, "same", first)
    later = replace(first, until_ms=NOW + 3 * HOUR)
    assert await store.add_mute(later, by("3"), longer=True) == (later, "changed", first)
    assert await store.mutes(TEAM, NOW) == [later]
    assert [each.line for each in await store.changes(TEAM, "C1")] == ["3", "1"]


async def test_the_same_is_there_once_whatever_the_clocks_say(store: Store) -> None:
    """By one that is ahead the first is over already."""
    first, _, _ = await store.add_mute(mute(), by("1"))
    later = replace(mute(until_ms=NOW + 3 * HOUR), created_ms=NOW + HOUR)
    assert (await store.add_mute(later, by("2")))[1] == "new"
    assert await store.mutes(TEAM, NOW) == [replace(later, number=2)]
    assert await store.add_mute(first, by("3")) == (replace(first, number=2), "changed", replace(later, number=2))
    assert await store.mutes(TEAM, NOW) == [replace(first, number=2)]


async def test_one_that_is_there_twice_counts_as_the_longer_one(store: Store) -> None:
    await store.add_mute(mute(session="s"), by("1"))
    other, _, _ = await store.add_mute(mute(until_ms=NOW + 2 * HOUR), by("2"))
    await store._run(lambda db: db.execute(text("UPDATE mutes SET session_id = ''")))
    assert await store.add_mute(mute(until_ms=NOW + HOUR), by("3"), longer=True) == (other, "same", other)
    longer = replace(other, until_ms=NOW + 3 * HOUR)
    assert await store.add_mute(longer, by("4")) == (longer, "changed", other)
    assert await store.mutes(TEAM, NOW) == [longer]


async def test_the_51st_is_refused(store: Store) -> None:
    for number in range(MUTES_MOST):
        await store.add_mute(mute(session=f"s{number}"), by())
    with pytest.raises(TooMany, match=f"{MUTES_MOST} mutes"):
        await store.add_mute(mute(), by())
    await store.add_mute(mute(session="s5", until_ms=NOW + 5), by())
    await store.add_mute(replace(mute(), created_ms=NOW + 5), by())
    assert len(await store.changes(TEAM, "C1", 100)) == MUTES_MOST + 2


async def test_mutes_are_removed_by_number(store: Store) -> None:
    made = [(await store.add_mute(mute(session=f"s{number}"), by()))[0] for number in range(3)]
    await store.add_mute(mute("C2"), by())
    assert await store.remove_mutes(TEAM, "C1", [], by("none")) == []
    assert await store.remove_mutes(TEAM, "C1", [3, 1, 7], by("unmute 3 1 7")) == [made[0], made[2]]
    assert await store.mutes(TEAM, NOW) == [replace(mute("C2"), number=1), made[1]]
    over = by("too late", at_ms=NOW + HOUR)
    assert await store.remove_mutes(TEAM, "C1", [2], over) == []
    assert (await store.changes(TEAM, "C1", 1))[0].line == "unmute 3 1 7"


async def test_quiet_hours_are_kept_in_order(store: Store) -> None:
    assert await store.add_quiet(TEAM, "C1", NIGHTS, by("quiet …", "U7")) == "new"
    assert await store.add_quiet(TEAM, "C1", NIGHTS, by("again", "U8")) == "same"
    assert await store.add_quiet(TEAM, "C1", NOONS, by("noon", "U8", NOW + 1)) == "new"
    assert await store.add_quiet(TEAM, "C2", NIGHTS, by()) == "new"
    assert await store.quiets(TEAM, "C1") == {"C1": [(NIGHTS, "U7"), (NOONS, "U8")]}
    assert await store.quiets(TEAM) == {"C1": [(NIGHTS, "U7"), (NOONS, "U8")], "C2": [(NIGHTS, "U1")]}
    assert await store.quiets("T2") == {}
    assert await store.clear_quiets(TEAM, "C2", by("none"), NOONS) == []
    assert await store.clear_quiets(TEAM, "C1", by("noons"), NOONS) == [NOONS]
    assert await store.quiets(TEAM, "C1") == {"C1": [(NIGHTS, "U7")]}
    assert await store.add_quiet(TEAM, "C1", NOONS, by("noon again", "U8", NOW + 2)) == "new"
    assert await store.clear_quiets(TEAM, "C1", by("off", at_ms=NOW + 3)) == [NIGHTS, NOONS]
    assert await store.clear_quiets(TEAM, "C1", by("off again")) == []
    assert await store.quiets(TEAM) == {"C2": [(NIGHTS, "U1")]}
    assert [each.line for each in await store.changes(TEAM, "C1")] == ["off", "noon again", "noons", "noon", "quiet …"]


async def test_quiet_hours_in_any_zone_are_read_again(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """What is stored isn't read by the words that people may say; what can't be read is left out."""
    eastern = replace(NIGHTS, zone="EST")
    await store.add_quiet(TEAM, "C1", eastern, by())
    await store.add_quiet(TEAM, "C2", replace(NIGHTS, zone="Mars/Olympus"), by())
    assert await store.quiets(TEAM) == {"C1": [(eastern, "U1")]}
    assert "setting_unreadable" in caplog.text
    assert await store.clear_quiets(TEAM, "C1", by(), eastern) == [eastern]


async def test_quiet_hours_that_overlap_are_refused(store: Store) -> None:
    await store.add_quiet(TEAM, "C1", NIGHTS, by())
    for hours, instead in (
        ("06:00-08:00", "06:00-08:00 mon,sun Europe/Berlin"),
        ("06:00-08:00 tue", "off 22:00-07:00 weekdays Europe/Berlin"),
    ):
        with pytest.raises(Overlaps, match="overlaps `22:00-07:00 weekdays Europe/Berlin`") as caught:
            await store.add_quiet(TEAM, "C1", read_quiet(hours, "Europe/Berlin"), by())
        assert caught.value.instead == instead
    assert await store.quiets(TEAM) == {"C1": [(NIGHTS, "U1")]}
    assert len(await store.changes(TEAM, "C1")) == 1
    assert await store.add_quiet(TEAM, "C1", read_quiet("07:00-08:00", "Europe/Berlin"), by()) == "new"


@pytest.mark.parametrize(
    ("first", "second", "less"),
    [("0:00-12:00", "12:00-0:00", "12:00-23:30"), ("7:00-7:00 weekdays", "7:00-7:00 sat,sun", "7:00-7:00 sat")],
)
async def test_quiet_at_all_times_is_refused(store: Store, first: str, second: str, less: str) -> None:
    one, other = read_quiet(first, "Europe/Berlin"), read_quiet(second, "Europe/Berlin")
    await store.add_quiet(TEAM, "C1", one, by())
    with pytest.raises(Overlaps, match="would be quiet at all times") as caught:
        await store.add_quiet(TEAM, "C1", other, by())
    assert caught.value.instead == f"off {one}"
    assert await store.add_quiet(TEAM, "C2", other, by()) == "new"
    assert await store.add_quiet(TEAM, "C1", read_quiet(less, "Europe/Berlin"), by()) == "new"


async def test_the_11th_range_of_quiet_hours_is_refused(store: Store) -> None:
    for hour in range(QUIETS_MOST):
        await store.add_quiet(TEAM, "C1", read_quiet(f"{hour:02}:00-{hour:02}:30", "UTC"), by())
    with pytest.raises(TooMany):
        await store.add_quiet(TEAM, "C1", read_quiet("20:00-21:00", "UTC"), by())


async def test_threads_are_on_until_somebody_turns_them_off(store: Store) -> None:
    assert not await store.set_threads(TEAM, "C1", True, by("on"))
    assert await store.set_threads(TEAM, "C1", False, by("off"))
    assert not await store.set_threads(TEAM, "C1", False, by("off again"))
    assert await store.set_threads(TEAM, "C2", False, by())
    assert await store.unthreaded(TEAM) == {"C1", "C2"}
    assert await store.unthreaded("T2") == set()
    assert await store.set_threads(TEAM, "C1", True, by("on"))
    assert await store.unthreaded(TEAM) == {"C2"}
    assert [each.line for each in await store.changes(TEAM, "C1")] == ["on", "off"]


async def test_subscriptions_are_changes_too(store: Store) -> None:
    for kinds in (("start",), ("start",), ("end",)):
        await store.subscribe(subscription(kinds=kinds), [], message(kinds[0]), by=by(f"on:{kinds[0]}"))
    await store.unsubscribe(TEAM, "C1", [1], by=by("unsubscribe 1", "U2"))
    await store.unsubscribe(TEAM, "C1", [1], by=by("unsubscribe 1"))
    await store.subscribe(subscription(), [], message("m"))  # nobody's
    changes = [by("unsubscribe 1", "U2"), by("on:end"), by("on:start")]
    assert await store.changes(TEAM, "C1") == changes
    assert await store.changes(TEAM, "C1", 1) == changes[:1]
    assert await store.changes(TEAM, "C2") == await store.changes("T2", "C1") == []


async def test_a_change_that_cannot_be_kept_is_not_made(store: Store) -> None:
    await store.subscribe(subscription(), [], message("m"))
    await store.add_digest(digest(), by())
    await store.add_mute(mute(), by())
    await store.add_quiet(TEAM, "C1", NIGHTS, by())

    async def everything() -> list[object]:
        here = (await store.subscriptions(TEAM), await store.digests(TEAM), await store.mutes(TEAM, NOW))
        return [*here, await store.quiets(TEAM), await store.unthreaded(TEAM), (await store.counts()).waiting]

    before = await everything()
    await store._run(lambda db: db.execute(text("ALTER TABLE changes RENAME TO elsewhere")))
    for change in (
        lambda: store.subscribe(subscription(line="user:a"), [], message("a"), by=by()),
        lambda: store.unsubscribe(TEAM, "C1", [1], by=by()),
        lambda: store.add_digest(digest("C1", "all user:a"), by()),
        lambda: store.pause_digest(TEAM, "C1", 2, True, by()),
        lambda: store.remove_digest(TEAM, "C1", 2, by()),
        lambda: store.add_mute(mute(session="s1"), by()),
        lambda: store.add_mute(mute(until_ms=NOW + 5), by()),
        lambda: store.remove_mutes(TEAM, "C1", [3], by()),
        lambda: store.add_quiet(TEAM, "C1", NOONS, by()),
        lambda: store.clear_quiets(TEAM, "C1", by()),
        lambda: store.set_threads(TEAM, "C1", False, by()),
    ):
        with pytest.raises(StoreError):
            await change()
    assert await everything() == before


async def test_cards_whose_announcement_is_withheld(store: Store) -> None:
    held = Card(TEAM, "C1", "s1", "unannounced", known=frozenset((1,)), withheld_until_ms=NOW + HOUR)
    await commit(store, cards=[held, card(session="s2")])
    assert await store.hushed(TEAM) == await store.cards(TEAM, ["s1"]) == [held]
    assert await store.hushed("T2") == []
    await commit(store, post(card()), cards=[card()])
    assert await store.hushed(TEAM) == []


async def test_of_what_has_ended_only_that_is_read_which_may_be_told(store: Store) -> None:
    some = [
        Card(TEAM, "C1", "s1", "final", withheld_until_ms=NOW),
        Card(TEAM, "C1", "s2", "summarised", withheld_until_ms=NOW + HOUR),
        Card(TEAM, "C2", "s1", "final", withheld_until_ms=NOW + HOUR),
        Card(TEAM, "C2", "s2", "unannounced", withheld_until_ms=NOW),
        Card(TEAM, "C3", "s1", "final"),
    ]
    await commit(store, cards=some)
    assert await store.hushed(TEAM) == [some[3]]

    async def ended(now_ms: int, *hushed: str) -> list[Card]:
        return await store.hushed_ended(TEAM, now_ms, hushed.__contains__)

    assert await ended(NOW - 1, "C1", "C2") == []
    assert await ended(NOW, "C1", "C2") == some[:1]
    assert await ended(NOW, "C2") == some[:2]  # unmuted
    assert await ended(NOW, "C1") == [some[0], some[2]]
    assert await ended(NOW + HOUR, "C1", "C2") == some[:3]
    assert await store.hushed_ended("T2", NOW, lambda _: False) == []


async def test_what_waits_for_the_end_of_a_mute_is_not_forgotten(store: Store) -> None:
    later = NOW + 8 * DAY
    for session, withheld_until_ms in (("s1", later), ("s2", later + 1), ("s3", 0)):
        await commit(store, cards=[Card(TEAM, "C1", session, "final", withheld_until_ms=withheld_until_ms)])
    await commit(store, now_ms=later)
    await store.prune(TEAM, later)
    assert [card.session_id for card in await store.cards(TEAM, ["s1", "s2", "s3"])] == ["s1", "s2"]


async def test_what_is_long_over_is_forgotten(store: Store) -> None:
    await store.add_mute(mute(), by("old"))
    await store.add_mute(mute(session="s1", until_ms=NOW + 20 * DAY), by("newer", at_ms=NOW + DAY))

    async def numbers() -> list[int]:
        return list(await store._run(lambda db: db.scalars(text("SELECT number FROM mutes ORDER BY number"))))

    await store.prune(TEAM, NOW + HOUR + 7 * DAY)
    assert await numbers() == [1, 2]
    await store.prune(TEAM, NOW + HOUR + 7 * DAY + 1)
    assert await numbers() == [2]
    assert len(await store.changes(TEAM, "C1")) == 2
    await store.prune(TEAM, NOW + 365 * DAY + 1)
    assert [each.line for each in await store.changes(TEAM, "C1")] == ["newer"]
    assert await numbers() == []


async def test_settings_that_this_version_cannot_read_cost_no_other(store: Store) -> None:
    await store.add_mute(mute(session="s1"), by())
    await store.add_mute(mute(session="s2"), by())
    await store.add_digest(digest(), by())
    await store.add_digest(digest(line="all user:a"), by())
    await store.add_quiet(TEAM, "C1", NIGHTS, by())
    await store.add_quiet(TEAM, "C1", NOONS, by())
    for change in (
        "UPDATE mutes SET query = 'active moon:full' WHERE number = 1",
        "UPDATE digests SET schedule = 'daily 09:00 Mars/Olympus' WHERE number = 3",
        "UPDATE quiets SET hours = '12:00-13:00 daily Mars/Olympus' WHERE hours LIKE '%New_York'",
    ):
        await store._run(lambda db, change=change: db.execute(text(change)))
    assert [each.number for each in await store.mutes(TEAM, NOW)] == [2]
    assert [each.number for each in await store.due_digests(TEAM, NOW + 9 * DAY)] == [4]
    assert await store.quiets(TEAM) == {"C1": [(NIGHTS, "U1")]}
    assert await store.remove_digest(TEAM, "C1", 3, by("remove 3")) is None
    assert (await store.changes(TEAM, "C1", 1))[0].line == "remove 3"
    assert len(await store.remove_mutes(TEAM, "C1", [1, 2], by())) == 1
    assert await store.clear_quiets(TEAM, "C1", by()) == [NIGHTS]


async def test_several_who_set_the_same_at_once(url: str) -> None:
    replicas = 1 if url.startswith("sqlite") else 3
    stores = [await Store.open(url) for _ in range(replicas)]
    try:
        several = [store for store in stores for _ in range(6 // replicas)]
        muted = await asyncio.gather(*(store.add_mute(mute(), by()) for store in several))
        assert sorted(how for _, how, _ in muted) == ["new"] + ["same"] * 5
        hours = [NIGHTS, read_quiet("23:00-01:00", "Europe/Berlin")]
        tried = await asyncio.gather(
            *(store.add_quiet(TEAM, "C1", hours[n % 2], by()) for n, store in enumerate(several)),
            return_exceptions=True,
        )
        assert sum(each == "new" for each in tried) == 1
        assert sum(isinstance(each, Overlaps) for each in tried) == 3
        assert len(await stores[0].changes(TEAM, "C1")) == 2
    finally:
        for store in stores:
            await store.close()
