"""When digests come: on every local date once, in every zone."""

from __future__ import annotations

import operator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.query.parse import parse
from bot.query.schedule import EVERY_DAY, MISSED_MOST, Schedule, Window
from bot.query.schedule_parser import read_schedule
from bot.query.times import api_time
from tests import strategies
from tests.query.mending import not_read, read_or_mended
from tests.query.test_zones import REAL

DAY = timedelta(days=1)
TWO_YEARS = [date(2026, 1, 1) + DAY * ahead for ahead in range(731)]
ID = "a31a0f990e6ffae22efa610c"
CLOCKS = (time(), time(0, 30), time(2, 30), time(3), time(23, 59))
in_tokyo = partial(read_schedule, zone="Asia/Tokyo")
zones = st.sampled_from(REAL)
days = st.sets(st.integers(0, 6), min_size=1).map(sorted).map(tuple)
schedules = st.builds(Schedule, days, strategies.clocks, zones)
moments = st.datetimes(datetime(2012, 1, 1), datetime(2037, 1, 1)).map(lambda when: when.replace(tzinfo=UTC))
dates = st.dates(date(2012, 1, 1), date(2037, 1, 1))


def _offsets(name: str) -> tuple[object, ...]:
    """The zone's offsets at the end of each day, and by the half-hour where they change."""
    zone = ZoneInfo(name)
    days = [datetime.combine(day, time(), UTC) for day in (TWO_YEARS[0] - DAY, *TWO_YEARS, TWO_YEARS[-1] + DAY)]
    daily = [day.astimezone(zone).utcoffset() for day in days]
    changing = [day for day, offsets in zip(days, pairwise(daily), strict=False) if len(set(offsets)) > 1]
    half_hours = (day + timedelta(minutes=30) * number for day in changing for number in range(48))
    return (*daily, *(moment.astimezone(zone).utcoffset() for moment in half_hours))


@cache
def distinct() -> list[str]:
    """Each zone once: many names have the same clock in these years."""
    return sorted({_offsets(name): name for name in sorted(available_timezones())}.values())


def test_at_in_every_zone_for_two_years() -> None:
    """Strictly increasing; each the time on the clock, the first such, or, where the clocks skip it, as much later."""
    for name in distinct():
        zone = ZoneInfo(name)
        for clock in CLOCKS:
            at = Schedule(EVERY_DAY, clock, name).at
            instants = [at(day) for day in TWO_YEARS]
            assert all(map(operator.lt, instants, instants[1:])), (name, clock)
            for day, instant in zip(TWO_YEARS, instants, strict=True):
                local = instant.astimezone(zone)
                wall = datetime.combine(day, clock)
                if local.fold or local.replace(tzinfo=None) != wall:
                    skipped = (
                        wall.replace(tzinfo=zone, fold=0).utcoffset(),
                        wall.replace(tzinfo=zone, fold=1).utcoffset(),
                    )
                    assert skipped[0] < skipped[1], (name, wall)  # type: ignore[operator]
                    assert local.replace(tzinfo=None) - wall == skipped[1] - skipped[0], (name, wall)  # type: ignore[operator]


@pytest.mark.parametrize("clock", [time(), time(23, 30)])
def test_next_is_every_date_once_in_every_zone(clock: time) -> None:
    for name in distinct():
        schedule = Schedule(EVERY_DAY, clock, name)
        start = schedule.at(date(2025, 12, 31))
        assert schedule.next(start, 365) == TWO_YEARS[:365], name


@pytest.mark.parametrize(
    ("zone", "clock", "day", "instant"),
    [
        ("Europe/Berlin", "09:00", "2026-11-23", "2026-11-23T08:00:00.000Z"),
        ("Europe/Berlin", "02:30", "2026-03-29", "2026-03-29T01:30:00.000Z"),  # 03:30 there
        ("Europe/Berlin", "02:30", "2026-03-30", "2026-03-30T00:30:00.000Z"),
        ("Europe/Berlin", "02:30", "2026-10-25", "2026-10-25T00:30:00.000Z"),  # the first of two
        ("Europe/Berlin", "03:00", "2026-10-25", "2026-10-25T02:00:00.000Z"),
        ("America/New_York", "02:30", "2026-03-08", "2026-03-08T07:30:00.000Z"),  # 03:30 there
        ("America/New_York", "00:00", "2026-03-09", "2026-03-09T04:00:00.000Z"),  # CronTrigger loses this one
        ("America/New_York", "01:30", "2026-11-01", "2026-11-01T05:30:00.000Z"),  # and doubles this one
        ("Africa/Cairo", "00:00", "2026-04-24", "2026-04-23T22:00:00.000Z"),  # no midnight: 01:00 there
        ("Asia/Beirut", "00:00", "2026-03-29", "2026-03-28T22:00:00.000Z"),
        ("America/Havana", "00:00", "2026-03-08", "2026-03-08T05:00:00.000Z"),
        ("America/Santiago", "00:00", "2026-09-06", "2026-09-06T04:00:00.000Z"),
        ("Australia/Lord_Howe", "02:15", "2026-10-04", "2026-10-03T15:45:00.000Z"),  # 02:45 there: half an hour
        ("Australia/Lord_Howe", "01:45", "2026-04-05", "2026-04-04T14:45:00.000Z"),
        ("America/Nuuk", "23:30", "2026-03-28", "2026-03-29T01:30:00.000Z"),  # 00:30 on the 29th there
    ],
)
def test_at(zone: str, clock: str, day: str, instant: str) -> None:
    schedule = Schedule(EVERY_DAY, time.fromisoformat(clock), zone)
    assert api_time(schedule.at(date.fromisoformat(day))) == instant
    due = schedule.at(date.fromisoformat(day))
    assert schedule.next(due - timedelta(seconds=1)) == [date.fromisoformat(day)]
    assert schedule.next(due) == [date.fromisoformat(day) + DAY]


def test_a_date_that_the_zone_skips_has_no_digest() -> None:
    """Samoa had no 30 December 2011, a Friday: it moved over the date line."""
    clock, zone = time(9), "Pacific/Apia"
    daily, fridays = Schedule(EVERY_DAY, clock, zone), Schedule((4,), clock, zone)
    before, skipped, after = date(2011, 12, 29), date(2011, 12, 30), date(2011, 12, 31)
    assert daily.at(skipped) == daily.at(after)
    assert daily.next(daily.at(before)) == [after]
    assert daily.window(after) == Window(daily.at(before), daily.at(after))
    assert daily.missed(before, daily.at(after)) == [after]
    assert fridays.next(daily.at(before)) == [date(2012, 1, 6)]
    assert fridays.window(date(2012, 1, 6)).start == fridays.at(date(2011, 12, 23))


@given(schedules, moments, st.integers(1, 20))
def test_next_is_what_comes_first(schedule: Schedule, after: datetime, count: int) -> None:
    found = schedule.next(after, count)
    assert len(found) == count
    local = after.astimezone(ZoneInfo(schedule.zone)).date()
    every = [local + DAY * ahead for ahead in range(-3, (found[-1] - local).days + 1)]
    assert found == [day for day in every if day.weekday() in schedule.days and schedule.at(day) > after]


@given(schedules, moments, st.integers(2, 20))
def test_windows_are_the_timeline(schedule: Schedule, after: datetime, count: int) -> None:
    """Their union has no hole, and no two overlap."""
    found = schedule.next(after, count)
    windows = [schedule.window(day) for day in found]
    assert all(window.start < window.end for window in windows)
    assert [window.end for window in windows[:-1]] == [window.start for window in windows[1:]]
    assert [window.end for window in windows] == [schedule.at(day) for day in found]
    assert windows[0].start <= after < windows[0].end


@given(schedules, moments)
def test_the_window_before_is_as_long(schedule: Schedule, after: datetime) -> None:
    window = schedule.window(schedule.next(after)[0])
    assert window.before.end == window.start
    assert window.before.end - window.before.start == window.end - window.start


@given(schedules, moments, st.integers(0, 300))
def test_missed_are_those_that_were_due(schedule: Schedule, since: datetime, count: int) -> None:
    *due, coming = schedule.next(since, count + 1)
    last = schedule.next(since - timedelta(days=40))[0]
    now = schedule.at(coming) - timedelta(seconds=1)
    missed = schedule.missed(last, now)
    assert missed[len(missed) - count :] == due
    assert missed == schedule.next(schedule.at(last), len(missed))
    assert not missed or schedule.at(missed[-1]) <= now


def test_missed_in_years_of_downtime_are_the_newest() -> None:
    schedule = Schedule(EVERY_DAY, time(9), "UTC")
    missed = schedule.missed(date(1970, 1, 1), datetime(2026, 11, 23, 9, tzinfo=UTC))
    assert len(missed) == MISSED_MOST
    assert missed[-1] == date(2026, 11, 23)
    assert missed == sorted(missed)
    assert schedule.missed(date(2026, 11, 23), datetime(2026, 11, 24, 8, 59, tzinfo=UTC)) == []


@given(schedules, st.sampled_from(["", "active", "room:x", 'ended room:"Town hall"', '"quoted"', "all -role:host"]))
def test_reads_what_it_prints(schedule: Schedule, query: str) -> None:
    assert read_schedule(f"{schedule} {query}", "Asia/Tokyo") == (schedule, query)


READ = {
    **dict.fromkeys(("daily 09:00", "every day 9:00", "at 9am", "9:00 daily"), ("daily 09:00 Asia/Tokyo", "")),
    **dict.fromkeys((
        "DAILY 9:00 europe/berlin", "daily 9:00 in Berlin", "daily Europe/Berlin 9:00",
    ), ("daily 09:00 Europe/Berlin", "")),
    **dict.fromkeys(("weekly 9:00", "mondays 9:00"), ("weekly mon 09:00 Asia/Tokyo", "")),
    **dict.fromkeys((
        "weekly mon,thu 09:00", "weekly thu, mon 09:00", "weekly monday and thursday at 9:00",
    ), ("weekly mon,thu 09:00 Asia/Tokyo", "")),
    **dict.fromkeys((
        "mon-fri 9:00", "mon - fri 9:00", "monday to friday 9:00", "daily -weekends 9:00", "weekdays 9am.",
        "mon\u2011fri 9:00",
    ), ("weekdays 09:00 Asia/Tokyo", "")),
    "every weekday at 5:30 pm": ("weekdays 17:30 Asia/Tokyo", ""),
    "weekly mo,fr 9:00": ("weekly mon,fri 09:00 Asia/Tokyo", ""),
    "tues thurs noon": ("weekly tue,thu 12:00 Asia/Tokyo", ""),
    "fri-mon 9:00": ("weekly mon,fri,sat,sun 09:00 Asia/Tokyo", ""),
    "weekends 10am": ("weekly sat,sun 10:00 Asia/Tokyo", ""),
    "9:00 on mondays in Berlin": ("weekly mon 09:00 Europe/Berlin", ""),
    "daily 9:00 in new york active": ("daily 09:00 America/New_York", "active"),
    "daily 9:00 New York room:x": ("daily 09:00 America/New_York", "room:x"),
    "daily 9:00, Europe/Berlin, room:x": ("daily 09:00 Europe/Berlin", "room:x"),
    "daily 9:00 Pacific/Auckland time": ("daily 09:00 Pacific/Auckland", ""),
    "daily  9:00\u00a0UTC  room:“Town hall”": ("daily 09:00 UTC", 'room:"Town hall"'),
    "daily 9:00 Berlin Paris": ("daily 09:00 Europe/Berlin", "Paris"),
    "daily 9:00 -sat": ("weekly mon,tue,wed,thu,fri,sun 09:00 Asia/Tokyo", ""),
    "weekdays -fri 9:00 room:x": ("weekly mon,tue,wed,thu 09:00 Asia/Tokyo", "room:x"),
    "9:00 -mon, -fri": ("weekly tue,wed,thu,sat,sun 09:00 Asia/Tokyo", ""),
    "mon -wed 9:00": ("weekly mon,tue,wed 09:00 Asia/Tokyo", ""),
    "Mon., thu. 9 a.m. in Berlin.": ("weekly mon,thu 09:00 Europe/Berlin", ""),
    "daily 5:30 p.m. room:x.": ("daily 17:30 Asia/Tokyo", "room:x."),
    **{
        f"daily 9:00 {rest}": ("daily 09:00 Asia/Tokyo", rest)
        for rest in (
            "active", "ended longer:45m", "all", "room:Berlin", "room:Europe/Berlin", "-room:Berlin", '"Berlin"', "who",
            "https://example.com/a", "live", "yesterday", "peers 3", ID, "-role:sat",
        )
    },
}  # fmt: skip
"""The schedule and the rest of each line that is typed."""


@pytest.mark.parametrize("typed", READ)
def test_read(typed: str) -> None:
    schedule, query = in_tokyo(typed)
    assert (str(schedule), query) == READ[typed]


@pytest.mark.parametrize(
    ("typed", "says", "better", "faithful"),
    [
        ("", "Say when", "daily 09:00 Asia/Tokyo", False),
        ("room:x", "Say when", "daily 09:00 Asia/Tokyo room:x", False),
        ("«daily Europe/Berlin»", "Say the time of day", "daily 09:00 Europe/Berlin", False),
        ("«weekly» room:x", "Say the time of day", "weekly mon 09:00 Asia/Tokyo room:x", False),
        ("daily «25:00»", "no time 25:00 in a day", "daily 09:00", False),
        ("daily «9:75» UTC", "no time 9:75 in a day", "daily 09:00 UTC", False),
        ("daily «13 pm»", "no time 13 pm in a day", "daily 09:00", False),
        ("daily «9»", "not a time of day", "daily 9:00", True),
        ("daily at «17» room:x", "not a time of day", "daily at 17:00 room:x", True),
        ("daily «9.30»", "not a time of day", "daily 9:30", True),
        ("daily «0930»", "not a time of day", "daily 09:30", True),
        ("daily «9h30»", "not a time of day", "daily 9:30", True),
        ("daily «99»", "not a time of day", "daily 09:00", False),
        ("daily «9:00Z»", "not a time of day", "daily 09:00", False),
        ("daily 9:00 «Mars/Olympus»", "not a time zone I know", "daily 9:00 Asia/Tokyo", False),
        ("daily 9:00 in «hall»", "not a time zone I know", "daily 9:00 in Asia/Tokyo", False),
        ("daily 9:00 «Europe/Berln»", "the nearest is Europe/Berlin", "daily 9:00 Europe/Berlin", True),
        ("daily 9:00 «new yrok» room:x", "nearest is", "daily 9:00 America/New_York room:x", True),
        ("daily 9:00 «CST»", "could be America/Chicago", "daily 9:00 America/Chicago", False),
        ("daily 9:00 in «ist» room:x", "could be Asia/Kolkata", "daily 9:00 in Asia/Kolkata room:x", False),
        ("daily 9:00 «EST»", "no daylight saving", "daily 9:00 America/New_York", True),
        ("daily 9:00 «Springfield»", "did you mean", "daily 9:00 room:Springfield", True),
        ("9:00 daily «Town hall» role:x", 'did you mean `room:"Town hall"`?',
         '9:00 daily room:"Town hall" role:x', True),
        ("daily 9:00 «Eastern time»", "could be America/New_York", "daily 9:00 America/New_York", False),
        ("daily 9:00 «US Pacific» room:x", "name its city", "daily 9:00 America/Los_Angeles room:x", True),
        ("daily 9:00 «amstrdm»", "nearest is Europe/Amsterdam", "daily 9:00 Europe/Amsterdam", False),
        ("daily 9:00 «UTC+2»", "an offset", "daily 9:00 UTC", False),
        ("daily 9:00 «UTC+2:00»", "an offset", "daily 9:00 UTC", False),
        ("daily 9:00 «+02:00»", "an offset", "daily 9:00 UTC", False),
        ("daily 9:00 «-05:00» room:x", "an offset", "daily 9:00 UTC room:x", False),
        ("sat 9:00 «-weekends»", "no day is left", "sat 9:00", False),
        ("«monthly» 9:00", "`daily`, `weekdays` or `weekly`", "weekly 9:00", False),
        ("9:00 «monthly»", "is not offered", "9:00 weekly", False),
        ("every «other» monday 9:00", "is not offered", "every weekly monday 9:00", False),
        ("every «2 weeks» 9:00", "is not offered", "every weekly 9:00", False),
        ("«dialy» 9:00", "did you mean `daily`", "daily 9:00", True),
        ("9:00 «wekdays» room:x", "did you mean `weekdays`", "9:00 weekdays room:x", True),
        ("weekly fri,«frx» 9:00", "none of the days", "weekly fri, 9:00", False),
        ("weekly mon «Gotham» 9:00", "none of the days", "weekly mon 9:00", False),
        ("daily 9:00 «17:00» room:x", "one time of day", "daily 9:00 room:x", False),
    ],
)  # fmt: skip
def test_not_read(typed: str, says: str, better: str, faithful: bool) -> None:
    not_read(in_tokyo, typed, says, better, faithful)
    parse(in_tokyo(better)[1])


def test_monthly_alone_is_mended_in_two_steps() -> None:
    not_read(in_tokyo, "«monthly»", "`daily`, `weekdays` or `weekly`", "weekly", False)
    not_read(in_tokyo, "«weekly»", "Say the time of day", "weekly mon 09:00 Asia/Tokyo", False)


words = st.sampled_from(
    [
        "daily", "weekly", "mon", "mon-fri", "-sat", "p.m.", "to", "-", "and", "at", "in", "9:00", "9", "9am", "am", "25:00",
        "24:00", "CST", "Berlin", "Mars/Olympus", "UTC+2", "new", "york", "room:x", "active", '"', ",", "monthly",
        "2", "weeks", "dialy", "22:00-07:00",
    ]
)  # fmt: skip


@given(st.one_of(strategies.texts, st.lists(words, max_size=8).map(" ".join), strategies.lines))
def test_any_line_is_read_or_mended(line: str) -> None:
    schedule, _ = read_or_mended(in_tokyo, line)
    assert read_schedule(str(schedule), "UTC") == (schedule, "")
