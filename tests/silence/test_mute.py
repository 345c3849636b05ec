"""Mutes: every end that people say is one, and in the next thirty days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.query.command_lines import terms
from bot.query.parse import parse
from bot.query.times import DAYS, api_time
from bot.silence.lines import read_silence
from bot.silence.mute import LONGEST, Mute
from tests import strategies
from tests.query.mending import not_read, read_or_mended
from tests.query.test_schedule import moments, zones

NOW = datetime(2026, 11, 23, 14, 2, 3, tzinfo=UTC)  # a Monday, 15:02 in Berlin
clocks = strategies.clocks.map(lambda clock: clock.strftime("%H:%M"))
lengths = st.one_of(
    st.integers(1, 43_200).map(lambda minutes: f"{minutes}m"),
    st.integers(1, 30).map(lambda days: f"{days}d"),
    st.builds("{} hours {} minutes".format, st.integers(1, 700), st.integers(0, 59)),
)
ends = st.one_of(
    lengths,
    lengths.map("for {}".format),
    st.just("until tomorrow"),
    clocks.map("until {}".format),
    clocks.map("until tomorrow {}".format),
    clocks.map("until {} tomorrow".format),
    st.sampled_from(DAYS).map("until {}".format),
    st.builds("until {} at {}".format, st.sampled_from(DAYS), clocks),
)
queries = st.sampled_from(["", "room:x", 'room:"Town hall"', "role:host longer:45m", "-room:x peers:>=3", "longer:2h"])


def read_mute(line: str, now: datetime, zone: str) -> tuple[datetime, str]:
    """The end and the query of a mute's line."""
    end, query, session_id = read_silence(line, now, zone)
    return end, session_id or terms(query)


READ = {  # from 15:02:03 in Berlin, in UTC
    ("2026-11-23T14:32:03", ""): ("half an hour",),
    ("2026-11-23T15:00:00", ""): ("until 16:00", "until monday 16:00"),
    ("2026-11-23T15:32:03", ""): ("for 90m", "until 90m"),
    ("2026-11-23T16:00:00", ""): ("until 17:00.", "until 5 p.m."),
    ("2026-11-23T16:02:03", ""): ("2h", "until 2 hours", "2h."),
    ("2026-11-23T16:32:03", ""): ("2 hours and 30 minutes",),
    ("2026-11-23T17:00:00", ""): ("until today 18:00",),
    ("2026-11-23T23:00:00", ""): ("until midnight",),
    ("2026-11-24T08:00:00", ""): (
        "until 9:00", "UNTIL 9AM", "until 2026-11-24T09:00", "until 2026-11-24 9:00", "until 2026-11-24",
        "until tomorrow 9:00.",
    ),
    ("2026-11-24T09:00:00", ""): ("until 2026-11-24T09:00Z",),
    ("2026-11-24T14:02:03", ""): ("1d",),
    ("2026-11-24T16:00:00", ""): ("until 5 pm tomorrow", "until 5 P.M. tomorrow"),
    ("2026-11-24T16:30:00", ""): ("until tomorrow 5:30p.m.",),
    ("2026-11-24T16:32:03", ""): ("1 day 2 hours 30 minutes",),
    ("2026-11-24T17:30:00", ""): ("until tomorrow 18:30",),
    ("2026-11-27T08:00:00", ""): ("until fri",),
    ("2026-11-30T08:00:00", ""): ("until monday 9:00", "until next monday at 9:00 am"),
    ("2026-12-23T14:02:03", ""): ("30d",),
    ("2026-11-23T16:02:03", "-room:x"): ("-room:x 2h",),
    ("2026-11-23T16:02:03", "longer:45m"): ("longer:45m 2h",),
    ("2026-11-24T08:00:00", "role:host"): ("until tomorrow role:host",),
    ("2026-11-24T08:00:00", "role:host longer:165m"): ("longer: 45m 2h role:host until 9:00",),
    ("2026-11-23T16:02:03", 'room:"Wait until dawn"'): ('room:"Wait until dawn" 2h',),
    ("2026-11-23T16:02:03", "room:until"): ("room:until 2h",),
    ("2026-11-23T14:32:03", "room:x"): ("room:x for half an hour",),
    ("2026-11-23T15:02:03", "room:x"): ("room:x for an hour",),
    ("2026-11-23T15:32:03", "room:x"): ("for 90m room:x",),
    ("2026-11-23T16:02:03", "room:x"): ("room:x 2h", "2h room:x", "room:x, 2h", "room:x for 2 hours."),
    ("2026-11-24T08:00:00", "room:x"): ("room:x until tomorrow", "until tomorrow room:x"),
    ("2026-11-24T16:32:03", "room:x"): ("room:x 1 day, 2 hours, and 30 minutes",),
    ("2026-11-23T16:02:03", "room:x."): ("2h! room:x.",),
    ("2026-11-23T15:00:00", "-role:host longer:45m"): ("until 16:00 -role:host longer:45m",),
    ("2026-11-24T02:02:03", "631a0f990e6ffae22efa610c"): ("631a0f990e6ffae22efa610c 12h",),
}  # fmt: skip


@pytest.mark.parametrize(("typed", "read"), [(typed, read) for read, lines in READ.items() for typed in lines])
def test_read(typed: str, read: tuple[str, str]) -> None:
    end, query = read_mute(typed, NOW, "Europe/Berlin")
    assert (end.replace(tzinfo=None).isoformat(), query) == read


def test_tomorrow_is_by_the_calendar_of_the_zone() -> None:
    assert read_mute("until tomorrow", NOW, "Pacific/Auckland")[0] == datetime(2026, 11, 24, 20, tzinfo=UTC)
    before_the_gap = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert read_mute("until tomorrow 2:30", before_the_gap, "Europe/Berlin")[0] == datetime(
        2026, 3, 29, 1, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("typed", "says", "better", "faithful"),
    [
        ("", "needs an end", "2h", False),
        ("«forever»", "I can't mute `forever`: say `30d`", "30d", False),
        ("role:host «always»", ": say `30d`", "role:host 30d", False),
        ("«for ever»", ": say `30d`", "30d", False),
        ("«tonight»", ": say `until tomorrow`", "until tomorrow", False),
        ("«today» role:host", ": say `until tomorrow`", "until tomorrow role:host", False),
        ("«until today»", ": say `until tomorrow`", "until tomorrow", False),
        ("room:x", "needs an end", "room:x 2h", False),
        ("longer:45m", "needs an end", "longer:45m 2h", False),
        ("longer: 45m", "needs an end", "longer: 45m 2h", False),
        ("room:1h,2h", "needs an end", "room:1h,2h 2h", False),
        ('room:"Town hall 2h"', "needs an end", 'room:"Town hall 2h" 2h', False),
        ("room:x «tomorrow»", "did you mean `until tomorrow`", "room:x until tomorrow", True),
        ("«monday 9:00» room:x", "did you mean `until monday 9:00`", "until monday 9:00 room:x", True),
        ("room:x «until»", "needs a time", "room:x until tomorrow", False),
        ("«until» room:x", "needs a time", "until tomorrow room:x", False),
        ("«for» room:x", "needs a time", "for 2h room:x", False),
        ("room:x «31d»", "more than 30 days", "room:x 30d", False),
        ("«until 2027-06-01»", "more than 30 days", "30d", False),
        ("«99999d»", "more than ten years", "2h", False),
        ("«0m»", "not in the future", "2h", False),
        ("«until 2026-11-23 9:00» room:x", "not in the future", "2h room:x", False),
        ("«until yesterday»", "not in the future", "2h", False),
        ("«until last monday»", "not in the future", "2h", False),
        ("«until 2 hours ago»", "not in the future", "2h", False),
        ("until «25:00»", "no time 25:00", "until tomorrow", False),
        ("until «monday 25:00» room:x", "no time 25:00", "until tomorrow room:x", False),
        ("until «2026-02-30»", "no such date", "until tomorrow", False),
        ("until «soon»", "not a time I know", "until tomorrow", False),
        ("until «tomorow 9:00»", "not a time I know", "until tomorrow 9:00", True),
        ("«until 17h»", "say `until 17:00` or `for 17h`", "until 17:00", False),
        ("room:x «till 9 h.»", "say `until 9:00` or `for 9 h`", "room:x until 9:00", False),
        ("«until 2h»", "say `until 2:00` or `for 2h`", "until 2:00", False),
        ("until «9h30»", "not a time I know", "until 9:30", True),
        ("until «monday 9»", "not a time I know", "until monday 9:00", True),
        ("until «9.30»", "not a time I know", "until 9:30", True),
        ("until «1.12.2026»", "year-month-day", "until 2026-12-01", True),
        ("for «45»", "not a length", "for 45m", True),
        ('«room:"Town hall 2h»', "not closed", 'room:"Town hall 2h"', True),
        ("for «two hours» room:x", "not a length", "for 2h room:x", False),
    ],
)  # fmt: skip
def test_not_read(typed: str, says: str, better: str, faithful: bool) -> None:
    not_read(partial(read_mute, now=NOW, zone="Europe/Berlin"), typed, says, better, faithful)
    if "not closed" not in says:  # it swallowed the end
        parse(read_mute(better, NOW, "Europe/Berlin")[1])


@given(ends, queries, moments, zones, st.booleans())
def test_every_end_is_in_the_next_thirty_days(end: str, query: str, now: datetime, zone: str, last: bool) -> None:
    found, rest = read_mute(f"{query} {end}" if last else f"{end} {query}", now, zone)
    assert rest == query
    assert found.utcoffset() == timedelta(0)
    assert now < found <= now + LONGEST
    # as it would be printed, in UTC and on the clock of the zone
    exact = found.replace(microsecond=found.microsecond // 1_000 * 1_000)
    assume(exact > now)
    assert read_mute(f"until {api_time(found)} {query}", now, "UTC") == (exact, query)
    local = exact.astimezone(ZoneInfo(zone))
    if not local.fold:
        wall = local.replace(tzinfo=None).isoformat(timespec="milliseconds")
        assert read_mute(f"{query} until {wall}", now, zone) == (exact, query)


@given(clock=strategies.clocks, now=moments, zone=zones)
def test_until_a_time_is_the_next_such(clock: object, now: datetime, zone: str) -> None:
    found, _ = read_mute(f"until {clock:%H:%M}", now, zone)
    assert found - now <= timedelta(hours=25)
    local = found.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert timedelta(0) <= local - datetime.combine(local, clock) <= timedelta(hours=2)  # type: ignore[arg-type]


words = st.sampled_from(
    [
        "until", "for", "tomorrow", "monday", "9:00", "9", "25:00", "2h", "45", "2w", "31d", "0m", "99999d", "at",
        "active", "room:x", "longer:45m", "longer:", "ago", "now", '"', ",", "2026-11-30", "9am", "an", "hour",
    ]
)  # fmt: skip


@given(st.one_of(strategies.texts, st.lists(words, max_size=7).map(" ".join), strategies.lines))
def test_any_line_is_read_or_mended(line: str) -> None:
    end, _ = read_or_mended(partial(read_mute, now=NOW, zone="Europe/Berlin"), line, 100)  # each mends one word
    assert NOW < end <= NOW + LONGEST


def test_a_mute_holds_up_to_its_end() -> None:
    mute = Mute("T1", "C1", parse("room:x"), "", until_ms=2_000, created_by="U1", created_ms=1_000)
    assert mute.holds(1_000)
    assert mute.holds(1_999)
    assert not mute.holds(2_000)
