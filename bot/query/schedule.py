"""Schedules of digests: `daily 09:00 Europe/Berlin`, `weekdays 09:00 …`, `weekly mon,thu 09:00 …`.

Each local date on the schedule has exactly one occurrence. A time in a DST gap moves forward by the gap, an ambiguous
time is the first, and a date that the zone skips has none. APScheduler's CronTrigger loses days and repeats hours
there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from bot.query.times import DAYS, utc_of
from bot.query.zones import exact_zone

EVERY_DAY, WEEKDAYS, WEEKEND = tuple(range(7)), tuple(range(5)), (5, 6)
MISSED_MOST = 366
"""Maximum missed dates returned: a year of a daily digest."""

_NAMES = {EVERY_DAY: "daily", WEEKDAYS: "weekdays"}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open interval from `start` to `end`, both UTC."""

    start: datetime
    end: datetime

    @property
    def before(self) -> Window:
        """The equally long window just before it."""
        return Window(self.start - (self.end - self.start), self.start)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A recurring local time: weekdays (0 = Monday; sorted, at least one), `clock` and the IANA `zone`."""

    days: tuple[int, ...]
    clock: time
    zone: str

    def at(self, day: date) -> datetime:
        """Return the UTC instant of that date's occurrence; for a date that the zone skips, the next date's."""
        return utc_of(day, self.clock, ZoneInfo(self.zone))

    def next(self, after: datetime, count: int = 1) -> list[date]:
        """Return the first `count` dates whose instant is later than `after`."""
        # starts a day early: a gap at that day's end can move its time past midnight
        dates = self._dates(self._local(after) - _DAY, _DAY)
        return list(islice((day for day in dates if self.at(day) > after), count))

    def following(self, day: date) -> date:
        """Return the next date on the schedule; `day` itself need not be on it."""
        return next(self._dates(day + _DAY, _DAY))

    def window(self, day: date) -> Window:
        """Return the period of that date's digest: since the previous occurrence."""
        return Window(self.at(next(self._dates(day - _DAY, -_DAY))), self.at(day))

    def missed(self, since: date, now: datetime) -> list[date]:
        """Return the dates after `since` that were due by `now`, oldest first; at most the newest MISSED_MOST."""
        dates = takewhile(lambda day: day > since, self._dates(self._local(now), -_DAY))
        return list(islice((day for day in dates if self.at(day) <= now), MISSED_MOST))[::-1]

    def _dates(self, day: date, step: timedelta) -> Iterator[date]:
        """Yield the dates on the schedule from `day` on, by `step`."""
        while True:
            if day.weekday() in self.days and self.at(day) < self.at(day + _DAY):  # else the zone skips it
                yield day
            day += step

    def _local(self, when: datetime) -> date:
        return when.astimezone(ZoneInfo(self.zone)).date()

    @classmethod
    def stored(cls, text: str) -> Schedule:
        """Parse exactly the output of `str`, which stays stable while people's spellings change. Raises ValueError."""
        days, clock, zone = text.removeprefix("weekly ").split(" ")
        return cls(stored_days(days), time.fromisoformat(clock), exact_zone(zone))

    def __str__(self) -> str:
        days = write_days(self.days)
        return f"{days if self.days in _NAMES else f'weekly {days}'} {self.clock:%H:%M} {self.zone}"


def write_days(days: Sequence[int]) -> str:
    """Return `daily`, `weekdays` or a list such as `mon,thu`."""
    return _NAMES.get(tuple(days)) or ",".join(DAYS[day][:3] for day in days)


def stored_days(text: str) -> tuple[int, ...]:
    """Parse the output of `write_days`. Raises ValueError."""
    days = {name: days for days, name in _NAMES.items()}
    return days.get(text) or tuple(map([day[:3] for day in DAYS].index, text.split(",")))
