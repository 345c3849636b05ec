"""Quiet hours: when they hold, when they end, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.errors import QueryError
from bot.query.schedule import EVERY_DAY, WEEKDAYS, WEEKEND, Schedule
from bot.query.times import DAYS, api_time
from bot.silence.quiet_hours import QuietHours, endless, quiet_until, read_quiet
from tests import strategies
from tests.query.mending import not_read, read_or_mended
from tests.query.test_schedule import days, moments, schedules, words, zones
from tests.query.test_zones import REAL

quiets = st.builds(QuietHours, days, strategies.clocks, strategies.clocks, zones).filter(
    lambda quiet: quiet.start != quiet.end or quiet.days != EVERY_DAY
)
halves = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
steady = st.builds(
    QuietHours, days, halves, halves, st.sampled_from(["UTC", "Asia/Kolkata", "Asia/Tokyo", "Pacific/Niue"])
)
in_tokyo = partial(read_quiet, zone="Asia/Tokyo")
WEEK = [datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=15 + 30 * half) for half in range(7 * 48)]


def _says(quiet: QuietHours, now: datetime) -> bool:
    """True if it is quiet by the clock on the wall, where the clocks don't change."""
    local = now.astimezone(ZoneInfo(quiet.zone))
    clock, day = local.time(), local.weekday()
    if quiet.start < quiet.end:
        return day in quiet.days and quiet.start <= clock < quiet.end
    return (day in quiet.days and clock >= quiet.start) or ((day - 1) % 7 in quiet.days and clock < quiet.end)


@pytest.mark.parametrize(
    ("lines", "now", "until"),
    [
        ("22:00-07:00 Europe/Berlin", "2026-11-23T21:00:00Z", "2026-11-24T06:00:00.000Z"),
        ("22:00-07:00 Europe/Berlin", "2026-11-23T20:59:59Z", None),
        ("22:00-07:00 Europe/Berlin", "2026-11-24T05:59:59Z", "2026-11-24T06:00:00.000Z"),
        ("22:00-07:00 Europe/Berlin", "2026-11-24T06:00:00Z", None),
        ("12:00-13:00 weekdays UTC", "2026-11-23T12:30:00Z", "2026-11-23T13:00:00.000Z"),
        ("12:00-13:00 weekdays UTC", "2026-11-22T12:30:00Z", None),  # a Sunday
        ("22:00-07:00 weekdays UTC", "2026-11-21T03:00:00Z", "2026-11-21T07:00:00.000Z"),  # Friday's, on Saturday
        ("22:00-07:00 weekdays UTC", "2026-11-23T03:00:00Z", None),  # Sunday's isn't
        ("00:00-00:00 weekends UTC", "2026-11-21T12:00:00Z", "2026-11-23T00:00:00.000Z"),  # two days joined
        ("09:00-09:00 sat UTC", "2026-11-22T08:00:00Z", "2026-11-22T09:00:00.000Z"),
        ("00:00-00:00 mon-sat UTC", "2026-11-23T00:00:00Z", "2026-11-29T00:00:00.000Z"),  # six
        ("22:00-02:30 Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T01:30:00.000Z"),  # ends in the gap: 03:30
        ("02:30-05:00 Europe/Berlin", "2026-03-29T01:00:00Z", None),  # begins in the gap: at 03:30
        ("02:30-05:00 Europe/Berlin", "2026-03-29T01:30:00Z", "2026-03-29T03:00:00.000Z"),
        ("02:30-03:00 Europe/Berlin", "2026-03-29T01:30:00Z", None),  # the gap swallows it
        ("22:00-02:30 Europe/Berlin", "2026-10-25T00:29:00Z", "2026-10-25T00:30:00.000Z"),  # the first 02:30
        ("22:00-02:30 Europe/Berlin", "2026-10-25T01:00:00Z", None),
        ("22:00-07:00 Europe/Berlin", "2026-10-24T20:00:00Z", "2026-10-25T06:00:00.000Z"),  # ten hours
        ("00:00-00:00 sat Africa/Cairo", "2026-10-30T22:00:00Z", "2026-10-31T22:00:00.000Z"),
        # ranges that join end together
        ("22:00-07:00 weekdays; 07:00-07:00 sat,sun", "2026-11-20T23:00:00Z", "2026-11-23T07:00:00.000Z"),  # a Friday
        ("22:00-07:00 weekdays; 07:00-07:00 sat,sun", "2026-11-22T12:00:00Z", "2026-11-23T07:00:00.000Z"),
        ("22:00-07:00 weekdays; 07:00-07:00 sat,sun", "2026-11-23T23:00:00Z", "2026-11-24T07:00:00.000Z"),
        ("22:00-07:00 weekdays; 07:00-07:00 sat,sun", "2026-11-23T12:00:00Z", None),
        ("7:00-19:00 weekdays; 19:00-7:00 weekdays", "2026-11-23T15:02:00Z", "2026-11-28T07:00:00.000Z"),
        ("0:00-8:00; 8:00-16:00; 16:00-0:00 mon-sat", "2026-11-23T15:02:00Z", "2026-11-29T16:00:00.000Z"),
        ("0:00-0:00 mon-sat; 0:00-23:59 sun", "2026-11-23T00:00:00Z", "2026-11-29T23:59:00.000Z"),
    ],
)
def test_until(lines: str, now: str, until: str | None) -> None:
    quiets = [read_quiet(line, "UTC") for line in lines.split("; ")]
    end = quiet_until(quiets, datetime.fromisoformat(now))
    assert (api_time(end) if end else None) == until
    assert end is None or quiet_until(quiets, end) is None


@given(quiets, moments, st.floats(0, 0.999))
@example(QuietHours(EVERY_DAY, time(2, 30), time(2, 0), "Europe/Berlin"), datetime(2026, 3, 29, 0, tzinfo=UTC), 0.5)
@example(QuietHours(EVERY_DAY, time(22), time(7), "Europe/Berlin"), datetime(2026, 10, 24, 20, tzinfo=UTC), 0.99)
def test_it_is_quiet_up_to_the_end_and_not_then(quiet: QuietHours, after: datetime, part: float) -> None:
    starts = Schedule(quiet.days, quiet.start, quiet.zone)
    now = starts.at(starts.next(after)[0])
    end = quiet_until([quiet], now)
    assume(end is not None)  # a gap can swallow it
    assert end is not None and now < end
    assert quiet_until([quiet], end) is None
    assert quiet_until([quiet], now + (end - now) * part) == end
    whole = 6 if quiet.start == quiet.end else 1  # only whole days join
    assert end - now <= timedelta(hours=25) * whole


@given(steady, st.sampled_from(WEEK))
def test_it_holds_by_the_clock_on_the_wall(quiet: QuietHours, now: datetime) -> None:
    assert (quiet_until([quiet], now) is not None) == _says(quiet, now)


def test_quiet_at_all_times_is_bounded() -> None:
    always = QuietHours(EVERY_DAY, time(9), time(9), "Europe/Berlin")
    assert quiet_until([always], datetime(2026, 11, 23, 14, tzinfo=UTC)) == datetime(2026, 12, 1, 8, tzinfo=UTC)


@given(steady, steady)
def test_overlaps_are_moments_that_are_quiet_by_both(one: QuietHours, other: QuietHours) -> None:
    assert one.overlaps(other) == any(_says(one, now) and _says(other, now) for now in WEEK)


@given(quiets, quiets, moments)
def test_overlaps_are_symmetric(one: QuietHours, other: QuietHours, now: datetime) -> None:
    assert one.overlaps(other) == other.overlaps(one)
    assert one.overlaps(one)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("22:00-07:00", "06:59-08:00", True),
        ("22:00-07:00", "07:00-22:00", False),
        ("22:00-07:00 weekdays", "22:00-07:00 weekends", False),
        ("22:00-07:00 fri", "00:00-01:00 sat", True),
        ("00:00-00:00 sun", "00:00-01:00 mon", False),
        ("22:00-07:00 sun", "06:00-08:00 mon", True),
        ("09:00-10:00 Europe/Berlin", "03:00-04:00 America/New_York", True),
        # six hours apart, and five in the weeks in which one of them has changed its clocks and the other hasn't
        ("09:00-10:00 Europe/Berlin", "04:00-05:00 America/New_York", True),
        ("09:00-10:00 Europe/Berlin", "05:00-06:00 America/New_York", False),
        ("09:00-10:00 mon Asia/Tokyo", "19:00-20:00 sun America/New_York", True),
        ("02:30-03:00 Europe/Berlin", "03:00-05:00 Europe/Berlin", False),  # on that day it is none
        # 02:30 is 03:30 on one day of the year: in one zone it is what the clocks say that counts
        ("01:00-02:30 Europe/Berlin", "03:00-04:00 Europe/Berlin", False),
        ("22:00-02:30 Europe/Berlin", "03:00-07:00 Europe/Berlin", False),
        ("22:00-02:30 Europe/Berlin", "02:29-07:00 Europe/Berlin", True),
        ("22:00-02:30 sun Europe/Berlin", "02:29-07:00 mon Europe/Berlin", True),
    ],
)
def test_overlaps(one: str, other: str, overlap: bool) -> None:
    assert read_quiet(one, "UTC").overlaps(read_quiet(other, "UTC")) is overlap


@pytest.mark.parametrize(
    ("new", "others", "rest"),
    [
        ("22:00-07:00 weekdays", ["00:00-00:00 sat,sun"], "22:00-07:00 mon,tue,wed,thu UTC"),
        ("00:00-00:00 sat,sun", ["22:00-07:00 weekdays"], "00:00-00:00 sun UTC"),
        ("22:00-07:00", ["00:00-00:00 sat,sun", "23:00-23:30 mon"], "22:00-07:00 tue,wed,thu UTC"),
        ("22:00-07:00 weekdays", ["07:00-07:00 sat,sun"], "22:00-07:00 weekdays UTC"),
        ("06:00-08:00", ["22:00-07:00"], None),
    ],
)
def test_apart(new: str, others: list[str], rest: str | None) -> None:
    left = read_quiet(new, "UTC").apart([read_quiet(other, "UTC") for other in others])
    assert (str(left) if left else None) == rest


@given(steady, steady)
def test_apart_overlaps_nothing(one: QuietHours, other: QuietHours) -> None:
    left = one.apart([other])
    assert left is None or not left.overlaps(other)
    assert (left == one) is not one.overlaps(other)


@pytest.mark.parametrize(
    ("lines", "always"),
    [
        (("0:00-12:00", "12:00-0:00"), True),
        (("7:00-7:00 weekdays", "7:00-7:00 sat,sun"), True),
        (("0:00-12:00 Europe/Berlin", "12:00-0:00 Europe/Paris"), True),
        (("0:00-12:00", "12:00-23:59"), False),
        (("7:00-7:00 weekdays", "7:00-7:00 sat"), False),
        (("0:00-0:00 mon-sat", "0:01-0:00 sun"), False),
        ((), False),
    ],
)
def test_together_they_may_have_no_end(lines: Sequence[str], always: bool) -> None:
    quiets = [read_quiet(line, "UTC") for line in lines]
    assert endless(quiets) is always
    end = quiet_until(quiets, datetime(2026, 11, 23, tzinfo=UTC))
    assert not always or (end is not None and end >= datetime(2026, 11, 30, tzinfo=UTC))


@given(quiets | schedules, st.sampled_from(["EST", "MST", "HST", *REAL]))
def test_what_is_stored_is_read_as_it_was(setting: QuietHours | Schedule, zone: str) -> None:
    """Also in a zone that people can't say."""
    setting = replace(setting, zone=zone)
    assert setting.stored(str(setting)) == setting


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (QuietHours, ["", "22:00 daily UTC", "22:00-07:00 UTC", "22:00-07:00 daily", "22:00-07:00 daily Berlin",
                      "22:00 - 07:00 daily UTC", "10pm-7am daily UTC", "22:00-07:00 funday UTC"]),
        (Schedule, ["", "daily 09:00", "daily 09:00 Berlin", "daily 09:00 europe/berlin", "daily 9am UTC", "dayly 09:00 UTC",
                    "weekly 09:00 UTC", "weekly mon,funday 09:00 UTC", "weekly  09:00 UTC", "daily 09:00 UTC all",
                    "daily 09:00 Mars/Olympus"]),
    ],
)  # fmt: skip
def test_nothing_else_is_read_as_stored(kind: type[QuietHours | Schedule], texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(ValueError, match=r"."):
            kind.stored(text)


@given(quiets)
def test_reads_what_it_prints(quiet: QuietHours) -> None:
    assert read_quiet(str(quiet), "Asia/Tokyo") == quiet


READ = {
    "22:00-07:00 weekdays Europe/Berlin": ("22:00-07:00 weekdays Europe/Berlin", "10pm–7am, WEEKDAYS, europe/berlin"),
    "22:00-07:00 daily Asia/Tokyo": (
        "22:00-07:00", "10pm-7am", "22-7", "22:00-7", "٢٢-٧", "10 pm - 7 am", "22:00 to 7:00", "22:00–07:00",
        "22:00 -07:00", "22:00\u20117:00", "10pm \u2010 7am", "22:00\u20127:00", "22:00--7:00", "22:00 -- 7:00",
        "22:00—7:00", "10 p.m. - 7 a.m.", "10:00 p.m.-7:00 a.m.", "10:00 pm–7:00 am", "22:00-7:00.",
    ),
    "22:00-07:00 weekdays Asia/Tokyo": (
        "22 to 7 weekdays", "from 22:00 until 07:00 on weekdays", "-sat, -sun 22:00-7:00", "22:00-7:00 -weekends",
        "22:00-7:00 -sat-sun", "22:00-7:00 -sat -sun", "from 22:00 on weekdays until 7:00", "10p.m.-7a.m. weekdays", "10pm-7am. Mon.-Fri.",
    ),
    "22:00-07:30 daily Asia/Tokyo": ("2200-0730",),
    "22:00-07:00 daily Europe/Berlin": ("between 22:00 and 07:00 in Berlin",),
    "22:00-07:00 sat,sun Asia/Tokyo": ("22:00-7:00 sat,sun", "22:00-7:00 sat - sun", "22:00-7:00 sat -sun"),
    "00:00-00:00 sat,sun Asia/Tokyo": ("weekends 0:00-0:00",),
    "22:00-07:00 weekdays America/New_York": ("mon-fri 22:00-07:00 new york",),
    "22:00-07:00 mon,tue,wed,thu Asia/Tokyo": ("22:00-07:00 mon to thu",),
    "12:00-13:00 daily Asia/Tokyo": ("noon-1pm", "noon-13:00"),
    "12:00-00:00 daily Asia/Tokyo": ("12 p.m. - 12 a.m.",),
    "22:00-07:00 daily Etc/GMT-5": ("22:00-07:00 etc/gmt-5",),
    "22:00-07:00 daily America/Port-au-Prince": ("22:00-07:00 port-au-prince",),
    "22:00-07:00 mon,tue,wed,thu,fri,sun Asia/Tokyo": ("22:00-7:00 -sat",),
    "22:00-07:00 mon,tue,wed,thu Europe/Berlin": ("weekdays 22:00-7:00 -fri Berlin",),
    "22:00-07:00 thu,fri,sat,sun Asia/Tokyo": ("22:00-7:00 thu- sun",),
    "22:00-07:00 mon Asia/Tokyo": ("mon 22:00 to tue 7:00", "22:00 mon - 7:00 tue"),
    "22:00-22:00 sun Asia/Tokyo": ("from sunday 22:00 until monday 22:00",),
    "09:00-17:00 fri Europe/Berlin": ("fri 9:00-fri 17:00 Berlin",),
    "22:30-07:00 daily Europe/Berlin": ("10:30 P.M.-7 A.M. Berlin.",),
}  # fmt: skip


@pytest.mark.parametrize(("typed", "canonical"), [(typed, line) for line, lines in READ.items() for typed in lines])
def test_read(typed: str, canonical: str) -> None:
    assert str(in_tokyo(typed)) == canonical


def test_what_is_read_are_days_and_times() -> None:
    assert read_quiet("22:00-07:30 weekdays", "UTC") == QuietHours(WEEKDAYS, time(22), time(7, 30), "UTC")
    assert read_quiet("0:00-0:00 sat,sun Berlin", "UTC") == QuietHours(WEEKEND, time(), time(), "Europe/Berlin")


@pytest.mark.parametrize(
    ("typed", "says", "better", "faithful"),
    [
        ("", "from when until when", "22:00-07:00 daily Asia/Tokyo", False),
        ("«weekends»", "from when until when: `00:00-00:00`", "00:00-00:00 sat,sun Asia/Tokyo", False),
        ("«23:00 UTC»", "`23:00-08:00`", "23:00-08:00 daily UTC", False),
        ("«25:00»-7:00", "no time 25:00", "22:00-7:00", False),
        ("22:00-«25:00»", "no time 25:00", "22:00-07:00", False),
        ("22:00-«24:00» sat", "no time 24:00", "22:00-0:00 sat", False),
        ("«10»-7pm", "not a time of day", "10:00-7pm", True),
        ("22:00-07:00 «Mars/Olympus»", "not a time zone I know", "22:00-07:00 Asia/Tokyo", False),
        ("22:00-07:00 «Europe/Berln»", "the nearest", "22:00-07:00 Europe/Berlin", True),
        ("22:00-07:00 «CST»", "could be", "22:00-07:00 America/Chicago", False),
        ("22:00-07:00 «NYC»", "short for a zone", "22:00-07:00 America/New_York", True),
        ("22:00-07:00 «room:x»", "none of the hours, days and time zones", "22:00-07:00", False),
        ("22:00-07:00 «wekdays»", "did you mean `weekdays`", "22:00-07:00 weekdays", True),
        ("22:00-07:00 «12:00-13:00» sat", "more than one range", "22:00-07:00 sat", False),
        ("«9:00-9:00»", "quiet at all times", "22:00-07:00 daily Asia/Tokyo", False),
        ("«mon-sun 0:00-0:00 UTC»", "quiet at all times", "22:00-07:00 daily UTC", False),
        ("«fri 18:00-mon 8:00»", "end within 24 hours: say `18:00-18:00 fri,sat Asia/Tokyo`, then `18:00-08:00 sun Asia/Tokyo`.",
         "18:00-18:00 fri,sat Asia/Tokyo", False),
        ("«from friday 18:00 until monday 8:00 Berlin»", "`18:00-18:00 fri,sat Europe/Berlin`, then `18:00-08:00 sun Europe/Berlin`",
         "18:00-18:00 fri,sat Europe/Berlin", False),
        ("«fri 18:00 - 8:00 mon»", "end within", "18:00-18:00 fri,sat Asia/Tokyo", False),
        ("«18:00 fri - mon 8:00»", "end within", "18:00-18:00 fri,sat Asia/Tokyo", False),
        ("«fri 18:00 -mon 8:00»", "end within", "18:00-18:00 fri,sat Asia/Tokyo", False),
        ("«sun 22:00-fri 7:00 UTC»", "`22:00-22:00 mon,tue,wed,sun UTC`, then `22:00-07:00 thu UTC`",
         "22:00-22:00 mon,tue,wed,sun UTC", False),
        ("«mon 9:00 - fri 17:00»", "`09:00-09:00 mon,tue,wed,thu Asia/Tokyo`, then `09:00-17:00 fri Asia/Tokyo`",
         "09:00-09:00 mon,tue,wed,thu Asia/Tokyo", False),
        ("«sat 0:00 - mon 0:00»", "end within 24 hours: say `00:00-00:00 sat,sun Asia/Tokyo`.",
         "00:00-00:00 sat,sun Asia/Tokyo", True),
        ("«mon 9:00 - mon 9:00»", "quiet at all times", "22:00-07:00 daily Asia/Tokyo", False),
        ("22:00 until «tue» 7:00", "say the days on which the hours begin", "22:00 until 7:00", False),
        ("weekdays 18:00 - «weekends» 9:00", "say the days on", "weekdays 18:00 - 9:00", False),
        ("mon 22:00-7:00, «tue»", "say the days on which the hours begin", "mon 22:00-7:00", False),
        ("22:00-7:00 weekdays «-mon-fri»", "no day is left", "22:00-7:00 weekdays", False),
        ("22:00-7:00 «-Berlin»", "none of the hours", "22:00-7:00", False),
    ],
)  # fmt: skip
def test_not_read(typed: str, says: str, better: str, faithful: bool) -> None:
    not_read(in_tokyo, typed, says, better, faithful)
    in_tokyo(better)


@given(st.integers(0, 6), halves, st.integers(0, 6), halves)
def test_days_at_both_ends_are_one_stretch(first: int, start: time, last: int, end: time) -> None:
    """It is read where that is a day at most; else what is offered for it are just its hours."""
    line = f"{DAYS[first]} {start:%H:%M} - {DAYS[last]} {end:%H:%M}"
    try:
        ranges = [read_quiet(line, "UTC")]
    except QueryError as error:
        ranges = [read_quiet(such, "UTC") for such in re.findall("`(.*?)`", error.text)]
    monday = WEEK[0].replace(minute=0)
    began = datetime.combine(monday + timedelta(days=first), start, UTC)
    week = timedelta(days=7)
    long = (datetime.combine(monday + timedelta(days=last), end, UTC) - began) % week or week
    assert long == week or len(ranges) == 1 or long > timedelta(days=1)
    for now in WEEK if ranges else ():
        assert any(_says(quiet, now) for quiet in ranges) is ((now - began) % week < long)


@given(st.one_of(strategies.texts, st.lists(words, max_size=8).map(" ".join), strategies.lines))
def test_any_line_is_read_or_mended(line: str) -> None:
    quiet = read_or_mended(in_tokyo, line)
    assert read_quiet(str(quiet), "UTC") == quiet
