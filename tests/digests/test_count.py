"""The figures of periods, counted from the stand-in's lists."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import UTC, timedelta
from itertools import pairwise

import pytest

from bot.blockkit.blocks import Message
from bot.blockkit.phrases import NO_BREAK
from bot.demo.fake_hms import Oddities, Stall, Status
from bot.digests.count import count, preview
from bot.errors import HmsError
from bot.query.schedule_parser import read_schedule
from tests.blockkit.judge import inside_limits
from tests.digests.parts import ALL, World, at, meet


async def previewed(world: World) -> Message:
    """The preview of a daily digest that is not stored."""
    return await preview(world.hms, world.rooms, world.new(empty="skip"), world.now)


@pytest.mark.parametrize("line", ["daily 2:30", "daily 9:00", "mon,thu 9:00", "weekdays 0:00"])
@pytest.mark.parametrize(
    "oddities", [Oddities(), Oddities(without_active="active"), Oddities(mixed=3)], ids=["", "active", "mixed"]
)
async def test_each_session_counts_once_over_consecutive_digests(world: World, line: str, oddities: Oddities) -> None:
    """Those that cross a midnight, a period's edge or a change of the clocks too; participant time adds up."""
    world.fake.oddities = oddities
    rng = random.Random(line)
    schedule, _ = read_schedule(line, "Europe/Berlin")
    dates = schedule.next(at(17, month=10).astimezone(UTC), 7)  # the clocks go back on the 25th
    windows = [schedule.window(day) for day in dates]
    start, end = windows[0].start, windows[-1].end
    began = [start + timedelta(seconds=rng.uniform(-20 * 3600, (end - start).total_seconds())) for _ in range(150)]
    began += [window.end for window in windows] + [window.end - timedelta(milliseconds=1) for window in windows]
    people_s = started = 0.0
    for number, moment in enumerate(sorted(began)):
        lasts = rng.choice((1, 30, 300, 719))
        meet(world.account, world.hall, moment, lasts, f"p{number % 40}", f"q{number}")
        over = moment + timedelta(minutes=lasts)
        started += start <= moment < end
        people_s += 2 * max(0.0, (min(over, end) - max(moment, start)).total_seconds())
    wanted = (ALL, "Europe/Berlin")
    figures = [(await count(world.hms, world.rooms, window, [wanted]))[wanted] for window in windows]
    assert all(one.end == other.start for one, other in pairwise(figures))
    assert sum(each.totals.sessions for each in figures) == started
    assert sum(each.totals.participant_s for each in figures) == pytest.approx(
        people_s, abs=300 if oddities.mixed else 0.1
    )  # mixed times are cut to whole seconds
    if line != "mon,thu 9:00":  # whose periods differ in length
        days = [
            (one, other) for one, other in pairwise(figures) if one.start == other.start - (other.end - other.start)
        ]
        assert days and all(other.before == one.totals for one, other in days)


async def test_a_preview_of_one_that_is_not_stored(world: World) -> None:
    meet(world.account, world.hall, at(15, "20:00"), 30)
    text = (await previewed(world)).text.replace(NO_BREAK, " ")
    assert text.startswith("📊 Daily digest · Mon 16 Nov: 1 session, 1 person, 30 participant-minutes.")
    assert "A preview, which only you see." in text and "of this channel" not in text and "*Town hall*" in text
    world.now = at(15, "08:00")
    assert "no sessions" in (await previewed(world)).text
    world.fake.fail_always("/sessions", Status(403))
    with pytest.raises(HmsError):
        await previewed(world)


async def lessons(world: World, count: int) -> None:
    """Each in a room of its own, of two templates in turn; and two sessions of one that is used again and again."""
    teaching, event = (world.account.add_template(name, hosts=["host"]) for name in ("teaching", "event"))
    for number in range(count):
        template = (teaching, teaching, event)[number % 3]
        room = world.account.add_room(f"lesson-{number}", template_id=template.id, template=template.name)
        meet(world.account, room, at(15, "10:00") + timedelta(minutes=5 * number), 30)
    world.hall.template_id = event.id
    for clock in ("08:00", "09:30"):
        meet(world.account, world.hall, at(15, clock), 60)


async def test_rooms_that_are_used_once_are_told_by_template(world: World) -> None:
    await lessons(world, 30)
    message = await previewed(world)
    text = message.text.replace(NO_BREAK, " ")
    assert "By template, as most rooms were used once." in text
    assert "teaching" in text and "event" in text and "lesson-7" not in text.partition("Busiest")[2]
    inside_limits(message)
    table = next(block for block in message.blocks if block["type"] == "data_table")
    assert table["caption"] == "Busiest templates"


async def test_rooms_are_told_by_name_where_the_templates_of_most_are_not_known(world: World) -> None:
    """A few are in the store, and 100ms doesn't say the others: "template not known" would lead the list."""
    await lessons(world, 30)
    await world.rooms.learn(list(world.account.rooms)[:5], 5)
    world.fake.fail_always("/rooms*", Status(403))
    message = await previewed(world)
    assert "Busiest rooms" in message.text and "template" not in message.text


@pytest.mark.parametrize("count", [3, 30])
async def test_rooms_that_are_used_again_are_told_by_name(world: World, count: int) -> None:
    """As are few, also where each was used once."""
    await lessons(world, 3)
    if count > 3:
        for number in range(count):
            room = world.account.add_room(f"class-{number}")
            for day in (14, 15):
                meet(world.account, room, at(day, "11:00") + timedelta(minutes=number), 30)
    message = await previewed(world)
    assert "By template" not in message.text
    assert ("class-1" if count > 3 else "lesson-1") in message.text


@pytest.mark.parametrize(
    ("stored", "paused", "comes"),
    [
        (False, False, "has 10 minutes for that, and would come Tue 17 Nov 09:00 (Europe/Berlin)"),
        (True, False, "has 10 minutes for that, and comes Tue 17 Nov 09:00 (Europe/Berlin)"),
        (True, True, "has 10 minutes for that, but is paused."),
    ],
)
async def test_a_preview_of_a_large_account_says_what_it_got_to(
    world: World, stored: bool, paused: bool, comes: str
) -> None:
    for number in range(250):
        meet(world.account, world.hall, at(15, "10:00") + timedelta(minutes=4 * number), 3)
    digest = replace(await world.make(), paused=paused, number=int(stored))
    world.fake.fail_always("/sessions", Stall(0.3))
    message = await preview(world.hms, world.rooms, digest, world.now, most_s=1.1)
    inside_limits(message)
    text = re.sub(r"<!date[^|]*\|([^>]*)>", r"\1", message.text).replace(NO_BREAK, " ")
    assert "200 sessions were read in 1 seconds, and there are more" in text
    assert comes in text
    with pytest.raises(TimeoutError):  # nothing was read: it isn't the account that is large
        await preview(world.hms, world.rooms, digest, world.now, most_s=0.1)
