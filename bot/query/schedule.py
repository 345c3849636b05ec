"""When digests come: `daily 09:00 Europe/Berlin`, `weekdays 09:00 …`, `weekly mon,thu 09:00 …`.

There is exactly one occurrence on each local date that is on the schedule. A time that the clocks skip that day moves
forward by as much, one that comes twice is the first, and a date that a zone skips as a whole has none. APScheduler's
CronTrigger loses days and doubles hours there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from bot.query.times import DAYS
from bot.query.zones import exact_zone

EVERY_DAY, WEEKDAYS, WEEKEND = tuple(range(7)), tuple(range(5)), (5, 6)
MISSED_MOST = 366
"""The most missed dates that are named: a year of a daily digest."""

_NAMES = {EVERY_DAY: "daily", WEEKDAYS: "weekdays"}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` up to `end`, which is not in it; both UTC."""

    start: datetime
    end: datetime

    @property
    def before(self) -> Window:
        """The equally long window just before it."""
        return Window(self.start - (self.end - self.start), self.start)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When digests come: on these weekdays (0 = Monday; sorted, at least one) at `clock`, in the IANA `zone`."""

    days: tuple[int, ...]
    clock: time
    zone: str

    def at(self, day: date) -> datetime:
        """The UTC instant of that date's occurrence. For a date that the zone skips it is the next date's."""
        # fold=0: a time in a gap moves forward, one that comes twice is the first
        return datetime.combine(day, self.clock, ZoneInfo(self.zone)).astimezone(UTC)

    def next(self, after: datetime, count: int = 1) -> list[date]:
        """The first dates whose instant is later than `after`."""
        # the day before, too: a gap at its end can move its time past midnight
        dates = self._dates(self._local(after) - _DAY, _DAY)
        return list(islice((day for day in dates if self.at(day) > after), count))

    def following(self, day: date) -> date:
        """The date on the schedule after that one, which may not be on it."""
        return next(self._dates(day + _DAY, _DAY))

    def window(self, day: date) -> Window:
        """What the digest of that date is about: since the occurrence before it."""
        return Window(self.at(next(self._dates(day - _DAY, -_DAY))), self.at(day))

    def missed(self, since: date, now: datetime) -> list[date]:
        """The dates after `since` that were due up to `now`, oldest first; of very many the newest MISSED_MOST."""
        dates = takewhile(lambda day: day > since, self._dates(self._local(now), -_DAY))
        return list(islice((day for day in dates if self.at(day) <= now), MISSED_MOST))[::-1]

    def _dates(self, day: date, step: timedelta) -> Iterator[date]:
        """The dates on the schedule from `day` on, or back."""
        while True:
            if day.weekday() in self.days and self.at(day) < self.at(day + _DAY):  # else the zone skips it
                yield day
            day += step

    def _local(self, when: datetime) -> date:
        return when.astimezone(ZoneInfo(self.zone)).date()

    @classmethod
    def stored(cls, text: str) -> Schedule:
        """What `str` wrote, and nothing else: what people may say changes, what is stored stays. Raises ValueError."""
        days, clock, zone = text.removeprefix("weekly ").split(" ")
        return cls(stored_days(days), time.fromisoformat(clock), exact_zone(zone))

    def __str__(self) -> str:
        days = write_days(self.days)
        return f"{days if self.days in _NAMES else f'weekly {days}'} {self.clock:%H:%M} {self.zone}"


def write_days(days: Sequence[int]) -> str:
    """`daily`, `weekdays` or `mon,thu`."""
    return _NAMES.get(tuple(days)) or ",".join(DAYS[day][:3] for day in days)


def stored_days(text: str) -> tuple[int, ...]:
    """What `write_days` wrote. Raises ValueError."""
    days = {name: days for days, name in _NAMES.items()}
    return days.get(text) or tuple(map([day[:3] for day in DAYS].index, text.split(",")))
