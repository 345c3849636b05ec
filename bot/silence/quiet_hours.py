"""Quiet hours: `22:00-07:00 weekdays Europe/Berlin`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from bot.errors import QueryError
from bot.query.schedule import EVERY_DAY, Schedule, Window, stored_days, write_days
from bot.query.schedule_parser import THROUGH, Reader, almost_clock
from bot.query.times import parse_clock
from bot.query.tokenizer import Word, cut
from bot.query.zones import exact_zone
from bot.text import quote, tidy

_RANGE = re.compile("([^-–—−]+)([-–—−]+)(.*)")
_HALF = re.compile(r"(?:\d|\b)[ap]\.?m\b\.?", re.IGNORECASE)
_START, _END = time(22), time(7)
_YEAR, _YEAR_WEEKS = datetime(2025, 12, 31, tzinfo=UTC), 54
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_ALL_DAY = time()


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours without new messages in a channel: from `start` to `end` on the clock of the IANA `zone`, beginning on
    these weekdays (0 = Monday; sorted, at least one). An `end` not later than `start` is on the next day, so equal
    ones are 24 hours. Where the clocks change, both follow `Schedule.at`."""

    days: tuple[int, ...]
    start: time
    end: time
    zone: str

    def overlaps(self, other: QuietHours) -> bool:
        """True if some moment is quiet by both. In one zone wall-clock times are compared, so hours may still overlap
        in a night when the clock is put forward. Two zones are compared over 2026, since a year has all clock
        changes of both."""
        if self.zone == other.zone:
            pairs = [(one, two) for one in self.days for two in other.days]
            ahead = [(two - one) * _DAY + _since(other.start, self.start) for one, two in pairs]
            return any(each % _WEEK < self._length or -each % _WEEK < other._length for each in ahead)
        periods = [(period, True) for period in self.periods(_YEAR, _YEAR_WEEKS * len(self.days))]
        periods += [(period, False) for period in other.periods(_YEAR, _YEAR_WEEKS * len(other.days))]
        periods.sort(key=lambda each: each[0].start)
        reach = dict.fromkeys((True, False), periods[0][0].start)  # how far each one's periods go, so far
        for period, mine in periods:
            if period.start < reach[not mine]:
                return True
            reach[mine] = period.end
        return False

    def apart(self, others: Collection[QuietHours]) -> QuietHours | None:
        """These hours, only on the days on which they overlap none of `others`; None if there is no such day."""
        alone = [replace(self, days=(day,)) for day in self.days]
        days = [each.days[0] for each in alone if not any(map(each.overlaps, others))]
        return replace(self, days=tuple(days)) if days else None

    @property
    def _length(self) -> timedelta:
        """The length by the wall clock, without clock changes."""
        return _since(self.end, self.start) % _DAY or _DAY

    def periods(self, after: datetime, count: int) -> Iterator[Window]:
        """The first `count` periods that begin later than `after`."""
        starts = Schedule(self.days, self.start, self.zone)
        ends = Schedule(EVERY_DAY, self.end, self.zone)
        for day in starts.next(after, count):
            period = Window(starts.at(day), ends.at(day + _DAY if self.end <= self.start else day))
            if period.start < period.end:  # a gap can swallow it
                yield period

    @classmethod
    def stored(cls, text: str) -> QuietHours:
        """The quiet hours that `str` wrote; accepts nothing else. Raises ValueError."""
        hours, days, zone = text.split(" ")
        start, end = map(time.fromisoformat, hours.split("-"))
        return cls(stored_days(days), start, end, exact_zone(zone))

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M} {write_days(self.days)} {self.zone}"


def quiet_until(quiets: Collection[QuietHours], now: datetime) -> datetime | None:
    """The end of the quiet period at `now` by any of `quiets`, UTC; None if it isn't quiet. Adjoining periods count as
    one: quiet on whole days from Saturday to Sunday ends on Monday. Quiet at all times ends in a week."""
    end = now
    while end < now + _WEEK:
        near = (period for quiet in quiets for period in quiet.periods(end - 2 * _DAY, 3))
        later = max((period.end for period in near if period.start <= end < period.end), default=None)
        if later is None:
            break
        end = later
    return end if end > now else None


def endless(quiets: Collection[QuietHours]) -> bool:
    """True if together they are quiet at all times. No zone changes its clocks in the week that is tested."""
    end = quiet_until(quiets, _YEAR)
    return end is not None and end >= _YEAR + _WEEK


def _since(end: time, start: time) -> timedelta:
    """`end` minus `start` on one day; negative if `end` is earlier."""
    return datetime.combine(_YEAR, end) - datetime.combine(_YEAR, start)


def read_quiet(line: str, zone: str, *, always: bool = False) -> QuietHours:
    """Parse quiet hours as people type them: `10pm-7am`, `22:00 to 7:00 weekends`. The defaults are `zone` and every
    day. Hours without an end are accepted only with `always`. Raises QueryError on the tidied line."""
    line = tidy(line)
    reader = Reader(line, _parted(cut(line)), zone, fillers=(*THROUGH, "between"), usual=(_START, _END))
    reader.check_spelling(clock=len(reader.clocks) < 2)
    clocks = [clock for clock, _ in reader.clocks]
    if len(clocks) < 2:
        if clocks or reader.weekdays == EVERY_DAY:
            start = clocks[0] if clocks else _START
            end = start.replace(hour=(start.hour + _END.hour - _START.hour) % 24)
        else:  # `weekends`
            start = end = _ALL_DAY
        such = QuietHours(reader.weekdays, start, end, reader.zone)
        text = f"Say from when until when: {quote(f'{start:%H:%M}-{end:%H:%M}')}."
        raise QueryError.at(text, line, (0, reader.end), instead=f"{such} ")
    if len(clocks) > 2:
        text = "That is more than one range: say one at a time."
        raise QueryError.at(text, line, (reader.clocks[2][1][0], reader.clocks[-1][1][1]), instead="")
    days = _days(reader)
    if reader.rest:
        text = f"{quote(reader.rest)} is none of the hours, days and time zones that I know."
        raise QueryError.at(text, line, (len(line) - len(reader.rest), len(line)), instead="")
    if clocks[0] == clocks[1] and days == EVERY_DAY and not always:
        such = QuietHours(EVERY_DAY, _START, _END, reader.zone)
        text = "That would be quiet at all times, without an end."
        raise QueryError.at(text, line, (0, len(line)), instead=str(such))
    return QuietHours(days, clocks[0], clocks[1], reader.zone)


def _days(reader: Reader) -> tuple[int, ...]:
    """The days on which the hours begin: Monday for `mon 22:00 - tue 7:00`. Raises QueryError for other days at the
    end, as in `fri 18:00 - mon 8:00`, which is too long."""
    taken, line = reader.taken, reader.line
    first, second = (place for place, each in enumerate(taken) if each.clock is not None)
    until = max((place for place in range(first, second) if taken[place].joins), default=first)
    begin, end, behind = (
        [each for each in some if each.days] for some in (taken[:until], taken[until:second], taken[second:])
    )
    if not end and not (begin and behind):
        return reader.weekdays
    days = [each.days or () for each in (*begin, *end, *behind)]
    if begin and list(map(len, days)) == [1, 1]:
        (start, _), (end_clock, _) = reader.clocks
        ranges = _stretch(days[0][0], days[1][0], start, end_clock, reader.zone)
        if len(ranges) > 1 or 1 < len(ranges[0].days) < 7:
            lines = ", then ".join(quote(str(each)) for each in ranges)
            text, such = f"Quiet hours begin and end within 24 hours: say {lines}.", f"{ranges[0]} "
            raise QueryError.at(text, line, (0, reader.end), such if len(ranges) == 1 else None, instead=such)
        if end or begin[0].span > taken[first].span or ranges[0].days == EVERY_DAY:
            return ranges[0].days
    wrong = end or behind
    span = wrong[0].span[0], wrong[-1].span[1]
    text = f"{quote(line[slice(*span)])}: say the days on which the hours begin, and no others."
    raise QueryError.at(text, line, span, instead="")


def _stretch(first: int, last: int, start: time, end: time, zone: str) -> list[QuietHours]:
    """The quiet hours that cover a stretch from one weekday's time to another's, whole days first."""
    whole = ((last - first) % 7 - (end <= start)) % 7  # hours that pass midnight begin on the day before
    days = [(first + ahead) % 7 for ahead in range(whole + 1)]
    if start == end:
        return [QuietHours(tuple(sorted(days)), start, end, zone)]
    rest = QuietHours((days[-1],), start, end, zone)
    return [QuietHours(tuple(sorted(days[:-1])), start, start, zone), rest] if whole else [rest]


def _parted(words: Sequence[Word]) -> list[Word]:
    """The words, with a range such as `22:00-07:00` split into three."""
    parted: list[Word] = []
    for word in words:
        if word.minus and _is_clock(word.value):  # `22:00 -7:00`
            word = replace(word, minus=False)
        found = _RANGE.fullmatch(word.value)
        if found and not word.quoted and _is_clock(found[1]):
            last = word.end - len(found[3])
            middle = last - len(found[2])
            parted += [
                replace(word, value=found[1], end=middle),
                replace(word, value="-", start=middle, end=last),
                replace(word, value=found[3], start=last),
            ]
        else:
            parted.append(word)
    if not any(_HALF.search(word.value) for word in parted):  # `22-7`, but not `10-7pm`
        parted = [
            replace(word, value=clock) if (clock := almost_clock(word.value)) and not word.quoted else word
            for word in parted
        ]
    return parted


def _is_clock(said: str) -> bool:
    return said[:1].isdigit() or _HALF.fullmatch(said) is not None or parse_clock(said) is not None
