"""Times as people write them: `2h`, `today`, `monday 9:00`, `14:30`, `2026-11-23`, `2026-11-23T14:30+01:00`.

An expression is kept as typed, so that a saved query means the same tomorrow; `at` turns it into an instant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.text import closest

_EPOCH, _MS = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_LAST = "last "
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS_S = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
AGE_MAX_S = 3_660 * UNITS_S["d"]
YEARS = range(2000, 2100)

_UNIT = "w(?:eeks?)?|d(?:ays?)?|h(?:(?:ou)?rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?"
_NUMBER = r"\d{1,9}(?:\.\d{1,3})?"
_LENGTH = re.compile(rf"(?:{_NUMBER} ?(?:{_UNIT}) ?)+")
_LENGTH_PART = re.compile(rf"({_NUMBER}) ?({_UNIT})")
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))? ?(?:([ap])\.?m\.?)?")
_DATE = r"\d{4}-\d{2}-\d{2}"
_ISO = re.compile(rf"({_DATE})(?:[t ](\d{{2}}:\d{{2}}(?::\d{{2}})?)(?:\.(\d{{1,9}}))?(z|[+-]\d{{2}}:?\d{{2}})?)?")
_CLOCK_NAMES = {"noon": time(12), "midday": time(12), "midnight": time()}
_OTHER_DATE = re.compile(r"(\d{1,2})([./])(\d{1,2})[./](\d{4})")

DAY_NAMES = {"today": "today", "yesterday": "yesterday", "tues": "tuesday", "thur": "thursday", "thurs": "thursday"}
DAY_NAMES |= {name[:n]: name for name in DAYS for n in (3, len(name))}
DAY_NAMES |= {f"{_LAST}{short}": f"{_LAST}{name}" for short, name in DAY_NAMES.items() if name in DAYS}


class BadValue(ValueError):
    """An invalid value. The text is a sentence for people; `fix` is the probable value, or None, and `key` that of the
    filter it belongs to, if another."""

    def __init__(self, text: str, fix: str | None = None, *, key: str = "") -> None:
        super().__init__(text)
        self.fix, self.key = fix, key


@dataclass(frozen=True, slots=True)
class Ago:
    """A number of seconds before now: `90m`."""

    seconds: int

    def at(self, now: datetime, zone: ZoneInfo) -> datetime:
        return now - timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        return print_length(self.seconds)


@dataclass(frozen=True, slots=True)
class Day:
    """`today`, `yesterday`, the latest such weekday (today included) or `last monday` (today excluded), at midnight or
    `clock`."""

    name: str
    clock: time = time()

    def at(self, now: datetime, zone: ZoneInfo) -> datetime:
        today = now.astimezone(zone).date()
        back = {"today": 0, "yesterday": 1}.get(self.name)
        if back is None:
            back = (today.weekday() - DAYS.index(self.name.removeprefix(_LAST))) % 7
            if not back and self.name.startswith(_LAST):
                back = 7
        return utc_of(today - timedelta(days=back), self.clock, zone)

    def next(self, when: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first such weekday after `when`; None for `today` and `yesterday`."""
        name = self.name.removeprefix(_LAST)
        return _next(when, zone, self.clock, weekday=DAYS.index(name)) if name in DAYS else None

    def __str__(self) -> str:
        return f"{self.name} {self.clock:%H:%M}" if self.clock != time() else self.name


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """The latest such time of day, today's or yesterday's: `9:00`, `9am`."""

    time: time

    def at(self, now: datetime, zone: ZoneInfo) -> datetime:
        today = now.astimezone(zone).date()
        when = utc_of(today, self.time, zone)
        return when if when <= now else utc_of(today - timedelta(days=1), self.time, zone)

    def next(self, when: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first such time after `when`."""
        return _next(when, zone, self.time)

    def __str__(self) -> str:
        return self.time.strftime("%H:%M")


@dataclass(frozen=True, slots=True)
class Wall:
    """A date, or a date and time, on the asking person's clock."""

    local: datetime
    date_only: bool

    def at(self, now: datetime, zone: ZoneInfo) -> datetime:
        return utc_of(self.local.date(), self.local.time(), zone)

    def __str__(self) -> str:
        if self.date_only:
            return self.local.date().isoformat()
        return self.local.isoformat(timespec="milliseconds" if self.local.microsecond else "seconds")


@dataclass(frozen=True, slots=True)
class Instant:
    """A UTC instant, typed with a zone (`Z` or an offset)."""

    utc: datetime

    def at(self, now: datetime, zone: ZoneInfo) -> datetime:
        return self.utc

    def __str__(self) -> str:
        return api_time(self.utc)


Time = Ago | Day | TimeOfDay | Wall | Instant


@dataclass(frozen=True, slots=True)
class Fixed:
    """The instant, in UTC, of a relative time; prints as `said`, the time as typed."""

    utc: datetime
    said: Time

    def __str__(self) -> str:
        return str(self.said)


def between(after: Time, before: Time, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Resolve two times that belong together. A time of day after another is the next one after it, so that
    `after:10:00 before:11:00` is always one hour; a weekday or time of day that would not be later is the next one
    after the start."""
    start, end = after.at(now, zone), before.at(now, zone)
    timed = isinstance(before, TimeOfDay) and (
        isinstance(after, TimeOfDay) or (isinstance(after, Day) and after.clock != time())
    )
    if isinstance(before, TimeOfDay | Day) and (timed or end <= start):
        end = before.next(start, zone) or end
    return start, end


def parse_time(text: str) -> Time:
    """Parse one time expression; ValueError with a sentence for people."""
    said = text.strip().lower().removesuffix(" ago")
    if said == "now":
        return Ago(0)
    if day := _parse_day(said):
        return day
    if _LENGTH.fullmatch(said):
        return Ago(parse_length(said))
    if (clock := parse_clock(said)) is not None:
        return TimeOfDay(clock)
    if iso := _ISO.fullmatch(said):
        return _parse_iso(iso)
    date_said, _, clock_said = said.partition(" ")
    if re.fullmatch(_DATE, date_said) and (clock := parse_clock(clock_said)) is not None:
        return parse_time(f"{date_said} {clock:%H:%M}")
    if other := _OTHER_DATE.fullmatch(said):
        raise BadValue("write a date as year-month-day", _as_iso(other))
    near = closest(said, ("today", "yesterday", *DAYS), cutoff=0.7)
    raise BadValue("that is not a time I know; say 2h, 3d, today, monday, 9:30 or 2026-11-23", near)


def _parse_day(said: str) -> Day | None:
    """Parse `monday`, `last mon`, `monday 9:30` or `9am yesterday`."""
    if said in DAY_NAMES:
        return Day(DAY_NAMES[said])
    for name, _, clock in (said.rpartition(" "), said.partition(" ")[::-1]):
        if name in DAY_NAMES and (when := parse_clock(clock)) is not None:
            return Day(DAY_NAMES[name], when)
    return None


def parse_clock(said: str) -> time | None:
    """Parse `9:30`, `9am`, `9 a.m.`; None for any other text, BadValue for `25:00`."""
    if said in _CLOCK_NAMES:
        return _CLOCK_NAMES[said]
    found = _CLOCK.fullmatch(said)
    if not found or not (found[2] or found[3]):
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if hour > (12 if found[3] else 23) or minute > 59:
        raise BadValue(f"there is no time {said} in a day")
    return time(hour % 12 + 12 * (found[3] == "p") if found[3] else hour, minute)


def _as_iso(parts: re.Match[str]) -> str | None:
    """Return `23.11.2026` or `11/23/2026` as ISO; None if day and month are ambiguous or no such date exists."""
    first, second = int(parts[1]), int(parts[3])
    if parts[2] == "/" and max(first, second) <= 12 and first != second:
        return None
    day, month = (second, first) if parts[2] == "/" and first <= 12 else (first, second)
    try:
        return date(int(parts[4]), month, day).isoformat()
    except ValueError:
        return None


def _parse_iso(parts: re.Match[str]) -> Time:
    day, clock, fraction, offset = parts.groups()
    micros = int((fraction or "0").ljust(6, "0")[:3]) * 1_000  # the API takes milliseconds
    try:
        local = _in_range(datetime.fromisoformat(f"{day}T{clock or '00:00'}").replace(microsecond=micros))
        if offset is None:
            return Wall(local, date_only=clock is None)
        return Instant(_in_range(datetime.fromisoformat(local.isoformat() + offset.upper()).astimezone(UTC)))
    except BadValue:
        raise
    except ValueError:
        raise BadValue("there is no such date or time") from None


def _in_range(when: datetime) -> datetime:
    if when.year not in YEARS:
        raise BadValue(f"the year must be {YEARS.start} to {YEARS.stop - 1}")
    return when


def parse_length(text: str) -> int:
    """Parse `45m`, `1h30m`, `1.5h` or `3d` to seconds; ValueError with a sentence for people."""
    said = text.strip().lower()
    if not _LENGTH.fullmatch(said):
        near = f"{said}m" if re.fullmatch(r"\d{1,5}", said) else None
        if found := re.fullmatch(r"(\d{1,3}):([0-5]\d)", said):
            near = f"{int(found[1])}h{int(found[2])}m"
        raise BadValue("that is not a length such as 45m, 2h or 3d", near)
    seconds = round(sum(float(count) * UNITS_S[unit[0]] for count, unit in _LENGTH_PART.findall(said)))
    if seconds > AGE_MAX_S:
        raise ValueError("that is more than ten years")  # a length, whatever else it could be
    return seconds


def reads_as_length(text: str) -> bool:
    """True for a length such as `5m`, whatever its bounds."""
    try:
        parse_length(text)
    except ValueError:
        return False
    return True


def print_length(seconds: int) -> str:
    """Return the shortest exact spelling with one unit: 5400 is `90m`, 7200 is `2h`."""
    for unit, size in UNITS_S.items():
        if unit != "w" and seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return "0m"


def api_time(when: datetime) -> str:
    """Return `YYYY-MM-DDTHH:mm:ss.sssZ`, the format of List sessions' `after` and `before`."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1_000:03d}Z"


def utc_of(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of a local time: moved forward in a DST gap, the first of two that are the same."""
    return datetime.combine(day, clock, zone).astimezone(UTC)  # fold is 0


def _next(when: datetime, zone: ZoneInfo, clock: time, *, weekday: int | None = None) -> datetime | None:
    day = when.astimezone(zone).date()
    instants = (utc_of(day + timedelta(days=ahead), clock, zone) for ahead in range(9))
    fits = (each for each in instants if weekday in (None, each.astimezone(zone).weekday()))
    return next((each for each in fits if each > when), None)


def ms(when: datetime) -> int:
    """Return milliseconds since 1970, the stored form."""
    return int(when.timestamp() * 1000)


def ms_from(when: datetime) -> int:
    """Return the first whole millisecond, since 1970, that isn't before `when`."""
    return -((_EPOCH - when) // _MS)
