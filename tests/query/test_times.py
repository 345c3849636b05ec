"""Times as people say them, in every zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.query.parse import parse
from bot.query.times import DAYS, Day, api_time, parse_length, parse_time, print_length
from tests import strategies

NOW = datetime(2026, 11, 23, 14, 2, 3, 456_000, tzinfo=UTC)  # a Monday
zones = st.sampled_from(sorted(available_timezones()))


@pytest.mark.parametrize(
    ("said", "zone", "instant"),
    [
        ("2h", "UTC", "2026-11-23T12:02:03.456Z"),
        ("90m", "Asia/Kolkata", "2026-11-23T12:32:03.456Z"),
        ("1w", "UTC", "2026-11-16T14:02:03.456Z"),
        ("today", "UTC", "2026-11-23T00:00:00.000Z"),
        ("today", "Europe/Berlin", "2026-11-22T23:00:00.000Z"),
        ("today", "Pacific/Auckland", "2026-11-23T11:00:00.000Z"),  # it is Tuesday there
        ("yesterday", "America/New_York", "2026-11-22T05:00:00.000Z"),
        ("monday", "UTC", "2026-11-23T00:00:00.000Z"),
        ("tuesday", "UTC", "2026-11-17T00:00:00.000Z"),
        ("last monday", "UTC", "2026-11-16T00:00:00.000Z"),
        ("last tues", "UTC", "2026-11-17T00:00:00.000Z"),
        ("yesterday 9am", "Europe/Berlin", "2026-11-22T08:00:00.000Z"),
        ("17:00 monday", "UTC", "2026-11-23T17:00:00.000Z"),
        ("now", "UTC", "2026-11-23T14:02:03.456Z"),
        ("9:30", "Europe/Berlin", "2026-11-23T08:30:00.000Z"),
        ("2026-11-20", "Asia/Kolkata", "2026-11-19T18:30:00.000Z"),
        ("2026-11-20T12:00", "America/New_York", "2026-11-20T17:00:00.000Z"),
        ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00.000Z"),  # in the gap: an hour on
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z"),  # comes twice: the first
        ("2026-11-20T12:00:01.5-05:00", "UTC", "2026-11-20T17:00:01.500Z"),
        ("2022-10-04T12:10:28.939011796Z", "UTC", "2022-10-04T12:10:28.939Z"),
    ],
)
def test_at(said: str, zone: str, instant: str) -> None:
    assert api_time(parse_time(said).at(NOW, ZoneInfo(zone))) == instant


@given(strategies.times, zones)
def test_every_expression_has_an_instant_in_every_zone(when: object, zone: str) -> None:
    instant = when.at(NOW, ZoneInfo(zone))  # type: ignore[attr-defined]
    assert instant.utcoffset() == timedelta(0)
    assert parse_time(api_time(instant)).at(NOW, ZoneInfo("UTC")) <= instant


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), zones, st.sampled_from(DAYS))
def test_a_weekday_is_the_latest_one(moment: datetime, zone: str, name: str) -> None:
    now = moment.replace(tzinfo=UTC)
    midnight = Day(name).at(now, ZoneInfo(zone))
    local = midnight.astimezone(ZoneInfo(zone))
    assert local.weekday() == DAYS.index(name)
    assert timedelta(0) <= now.astimezone(ZoneInfo(zone)).date() - local.date() < timedelta(days=7)


@given(st.integers(0, 300_000_000))
def test_lengths_print_as_they_parse(seconds: int) -> None:
    assert parse_length(print_length(seconds)) == seconds


def test_some_times_depend_on_the_zone() -> None:
    times = {"2h": False, "2026-11-23T09:00Z": False, "today": True, "9:00": True, "2026-11-23": True}
    assert {typed: parse(f"after:{typed}").needs_zone for typed in times} == times


@given(st.text())
def test_anything_else_is_a_sentence(text: str) -> None:
    for read in (parse_time, parse_length):
        try:
            read(text)
        except ValueError as error:
            assert str(error)
