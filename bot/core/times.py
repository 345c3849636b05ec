"""Times as people say them: `2h`, `today`, `monday`, `14:30`, `2026-11-23`, `2026-11-23T14:30+01:00`.

An expression is kept as said, so that a saved query means the same tomorrow; `at` turns it into an instant.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS_S = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
AGE_MAX_S = 3_660 * UNITS_S["d"]
YEARS = range(2000, 2100)

_UNIT = "w(?:eeks?)?|d(?:ays?)?|h(?:(?:ou)?rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?"
_LENGTH = re.compile(rf"(?:\d{{1,9}} ?(?:{_UNIT}) ?)+")
_LENGTH_PART = re.compile(rf"(\d+) ?({_UNIT})")
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))? ?(am|pm)?")
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})"
    r"(?:[t ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?(z|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)


class Unknown(ValueError):
    """Not a time; `near` is the word that was probably meant."""

    def __init__(self, text: str, near: str | None) -> None:
        super().__init__(text)
        self.near = near


@dataclass(frozen=True, slots=True)
class Ago:
    """So many seconds before now: `90m`."""

    seconds: int

    def at(self, now: datetime, zone: ZoneInfo) -> datetime:
        return now - timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        return print_length(self.seconds)


@dataclass(frozen=True, slots=True)
class Day:
    """Midnight of `today`, `yesterday`, or the latest such weekday, today included."""

    name: str

    def at(self, now: datetime, zone: ZoneInfo) -> datetime:
        today = now.astimezone(zone).date()
        back = {"today": 0, "yesterday": 1}.get(self.name)
        if back is None:
            back = (today.weekday() - DAYS.index(self.name)) % 7
        return _instant(datetime.combine(today - timedelta(days=back), time()), zone)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Clock:
    """The latest such time, of today or else of yesterday: `9:00`, `9am`."""

    time: time

    def at(self, now: datetime, zone: ZoneInfo) -> datetime:
        today = now.astimezone(zone).date()
        when = _instant(datetime.combine(today, self.time), zone)
        return when if when <= now else _instant(datetime.combine(today - timedelta(days=1), self.time), zone)

    def __str__(self) -> str:
        return self.time.strftime("%H:%M")


@dataclass(frozen=True, slots=True)
class Wall:
    """A date, or a date and time, on the clock of the person who asks."""

    local: datetime
    date_only: bool

    def at(self, now: datetime, zone: ZoneInfo) -> datetime:
        return _instant(self.local, zone)

    def __str__(self) -> str:
        if self.date_only:
            return self.local.date().isoformat()
        return self.local.isoformat(timespec="milliseconds" if self.local.microsecond else "seconds")


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment with its zone said (`Z` or an offset), kept as UTC."""

    utc: datetime

    def at(self, now: datetime, zone: ZoneInfo) -> datetime:
        return self.utc

    def __str__(self) -> str:
        return api_time(self.utc)


Time = Ago | Day | Clock | Wall | Instant


def needs_zone(when: Time) -> bool:
    """Whether the instant depends on where the asking person is."""
    return isinstance(when, Day | Clock | Wall)


def parse_time(text: str) -> Time:
    """Read one time expression; ValueError with a sentence for people."""
    said = text.strip().lower().removesuffix(" ago")
    day = {"today": "today", "yesterday": "yesterday"} | {name[:n]: name for name in DAYS for n in (3, len(name))}
    day |= {"tues": "tuesday", "thur": "thursday", "thurs": "thursday"}
    if said in day:
        return Day(day[said])
    if _LENGTH.fullmatch(said):
        return Ago(parse_length(said))
    if (clock := _CLOCK.fullmatch(said)) and (clock[2] or clock[3]):
        hour, minute = int(clock[1]), int(clock[2] or 0)
        if hour > (12 if clock[3] else 23) or minute > 59:
            raise ValueError(f"there is no time {said} in a day")
        return Clock(time(hour % 12 + 12 * (clock[3] == "pm") if clock[3] else hour, minute))
    if iso := _ISO.fullmatch(said):
        return _parse_iso(said, iso)
    near = difflib.get_close_matches(said, ("today", "yesterday", *DAYS), n=1)
    raise Unknown("that is not a time I know", near[0] if near else None)


def _parse_iso(said: str, parts: re.Match[str]) -> Time:
    date, clock, fraction, offset = parts.groups()
    micros = int((fraction or "0").ljust(6, "0")[:3]) * 1_000  # the API takes milliseconds
    try:
        local = datetime.fromisoformat(f"{date}T{clock or '00:00'}").replace(microsecond=micros)
        if local.year not in YEARS:
            raise ValueError(f"the year must be {YEARS.start} to {YEARS.stop - 1}")
        if offset is None:
            return Wall(local, date_only=clock is None)
        return Instant(datetime.fromisoformat(local.isoformat() + offset.upper()).astimezone(UTC))
    except ValueError as error:
        said_why = str(error)
        raise ValueError(said_why if said_why.startswith("the year") else "there is no such date or time") from None


def parse_length(text: str) -> int:
    """`45m`, `1h30m`, `3d` as seconds; ValueError with a sentence for people."""
    said = text.strip().lower()
    if not _LENGTH.fullmatch(said):
        raise ValueError("that is not a length such as 45m, 2h or 3d")
    seconds = sum(int(count) * UNITS_S[unit[0]] for count, unit in _LENGTH_PART.findall(said))
    if seconds > AGE_MAX_S:
        raise ValueError("that is more than ten years")
    return seconds


def print_length(seconds: int) -> str:
    """The shortest exact spelling with one unit: 5400 is `90m`, 7200 is `2h`."""
    for unit, size in UNITS_S.items():
        if unit != "w" and seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return "0m"


def api_time(when: datetime) -> str:
    """`YYYY-MM-DDTHH:mm:ss.sssZ`, as List sessions takes `after` and `before`."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1_000:03d}Z"


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    # fold=0: a time in a gap moves forward, one that comes twice is the first
    return local.replace(tzinfo=zone).astimezone(UTC)
