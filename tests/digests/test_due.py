"""The date that is due: over all zones and however long nobody looks, each is sent or named once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import available_timezones

from hypothesis import given
from hypothesis import strategies as st

from bot.digests.due import AHEAD_S, LATE_S, astray, due, newest
from bot.digests.model import Digest
from bot.query.parse import parse
from bot.query.schedule import Schedule

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
schedules = st.builds(
    Schedule,
    st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    st.builds(time, st.integers(0, 23), st.sampled_from((0, 1, 30, 59))),
    st.sampled_from(sorted(available_timezones() - {"Factory", "localtime"})),
)
starts = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes))
pauses = st.lists(st.one_of(st.integers(1, 600), st.integers(1, 40 * 24 * 60)), min_size=1, max_size=30)


def made(schedule: Schedule, now: datetime) -> Digest:
    """As it is stored: the dates before the next one are done with."""
    done = schedule.next(now)[0] - timedelta(days=1)
    return Digest("T1", "C1", parse("all"), schedule, "say", "U1", 0, number=1, last=done)


@given(schedules, starts, pauses)
def test_each_date_is_sent_or_named_once(schedule: Schedule, now: datetime, minutes: list[int]) -> None:
    digest, begun = made(schedule, now), now
    dates: list[date] = []
    for step in minutes:
        now += timedelta(minutes=step)
        if (what := due(digest, now)) is None:
            assert schedule.next(now)[0] > digest.last  # type: ignore[operator]
            continue
        assert what.window == schedule.window(what.day) and what.window.end <= now
        assert what.late is (now - what.window.end > timedelta(seconds=LATE_S))
        assert what == replace(newest(schedule, now), late=what.late, skipped=what.skipped)
        dates += [*what.skipped, what.day]
        digest = replace(digest, last=what.day)
        assert due(digest, now) is None
    assert dates == [day for day in schedule.next(begun, len(dates)) if schedule.at(day) <= now]


@given(schedules, starts, st.integers(AHEAD_S + 1, 400 * 86_400))
def test_a_clock_that_was_ahead(schedule: Schedule, now: datetime, ahead_s: int) -> None:
    """A date that has not come is as good as not done with."""
    digest = made(schedule, now)
    assert not astray(digest, now) and not astray(digest, now - timedelta(seconds=AHEAD_S))
    wrong = now + timedelta(seconds=ahead_s)
    if (what := due(digest, wrong)) is None:
        return
    digest = replace(digest, last=what.day)
    far = what.window.end > now + timedelta(seconds=AHEAD_S)
    assert not astray(digest, wrong) and astray(digest, now) is far
    if far:
        again = due(digest, now)
        assert again is not None and again.window == newest(schedule, now).window and again.window.end <= now
        young = replace(digest, created_ms=int(now.timestamp() * 1000))
        assert due(young, now) is None or again.window.end == now


@given(schedules, starts)
def test_one_that_is_not_stored_is_never_due(schedule: Schedule, now: datetime) -> None:
    assert due(replace(made(schedule, now), last=None), now + timedelta(days=30)) is None
