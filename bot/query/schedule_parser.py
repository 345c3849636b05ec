"""Parses the days, times of day and zone at the start of a line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import time
from itertools import takewhile

from bot.errors import QueryError
from bot.query.days import DAY_WORDS, read_days
from bot.query.schedule import EVERY_DAY, Schedule
from bot.query.suggest import QUERY_WORDS, may_be_name, meant, nearest
from bot.query.times import parse_clock
from bot.query.tokenizer import Word, cut, quoted, unstopped
from bot.query.zones import UNKNOWN, BadZone, read_zone
from bot.text import quote, tidy

_MORNING = time(9)
_NEVER = {
    "monthly", "month", "months", "yearly", "year", "years", "quarterly", "quarter", "biweekly", "fortnightly",
    "fortnight", "other", "second", "third", "weeks", "days", "hourly", "hour", "hours", "minute", "minutes",
}  # fmt: skip
"""Intervals that aren't supported."""
_FILLERS = ("every", "each", "on", "at", "and", "&", "the", "from")
THROUGH = ("to", "-", "through", "thru", "till", "until")
_ZONE_WORDS = 4
"""Maximum words of a zone name: `america/north dakota/new salem`."""
_ALMOST_CLOCK = re.compile(r"(2[0-3]|[01]?\d)(?:[.h]?([0-5]\d))?h?", re.IGNORECASE)


def read_schedule(line: str, zone: str) -> tuple[Schedule, str]:
    """Parse the schedule at the start of a line; return it and the rest, the unparsed query. Defaults: `zone`, and
    every day. Raises QueryError, whose line is the normalised one."""
    line = tidy(line)
    reader = Reader(line, cut(line), zone)
    if (never := reader.said()) in _NEVER or (never.isdigit() and reader.said(2).partition(" ")[2] in _NEVER):
        count = 1 if never in _NEVER else 2
        text = f"{reader.shown(count)} is not offered: say `daily`, `weekdays` or `weekly`, or days: `mon,thu`."
        raise QueryError.at(text, line, reader.span(count), instead="weekly")
    reader.check_spelling(clock=not reader.clocks)
    if not reader.clocks:
        reader.check_before_clock()
        such = Schedule(reader.weekdays, _MORNING, reader.zone)
        text = "Say the time of day, too: `09:00`." if reader.place else f"Say when: {quote(str(such))}."
        raise QueryError.at(text, line, (0, reader.end), instead=f"{such} ")
    if len(reader.clocks) > 1:
        text = "A digest has one time of day: make another digest for another time."
        raise QueryError.at(text, line, (reader.clocks[1][1][0], reader.clocks[-1][1][1]), instead="")
    reader.check_zone()
    return Schedule(reader.weekdays, reader.clocks[0][0], reader.zone), reader.rest


@dataclass(frozen=True, slots=True)
class Taken:
    """A token: a time of day, days, or neither (a word such as `until`), and its place in the line."""

    span: tuple[int, int]
    clock: time | None = None
    days: tuple[int, ...] | None = None

    @property
    def joins(self) -> bool:
        return self.clock is None and self.days is None


class Reader:
    """Reads days, times of day and a zone from the start of a normalised line, in any order, up to the first other
    word. Days after a minus are excluded. Raises QueryError for an invalid time, with one of the `usual` ones as fix,
    for an unknown zone, and if no day is left."""

    def __init__(
        self,
        line: str,
        words: Sequence[Word],
        zone: str,
        *,
        fillers: Sequence[str] = (),
        usual: Sequence[time] = (_MORNING,),
    ) -> None:
        self.line = line
        self.words = unstopped(words)
        self.place = 0
        self.taken: list[Taken] = []
        self._fillers = (*_FILLERS, *fillers)
        self._usual = usual
        self._default = zone
        self._zone = ""
        self._excluded: dict[int, tuple[int, int]] = {}  # day: its place in the line
        while self._takes_days() or self._takes_clock() or self._takes_zone():
            pass
        if not self.weekdays:
            span = list(self._excluded.values())[-1]
            raise QueryError.at(f"Without {quote(line[slice(*span)])} no day is left.", line, span, instead="")

    @property
    def clocks(self) -> list[tuple[time, tuple[int, int]]]:
        """The times of day, each with its place in the line."""
        return [(each.clock, each.span) for each in self.taken if each.clock is not None]

    @property
    def weekdays(self) -> tuple[int, ...]:
        """The days read, without the excluded ones: `weekly` alone is Monday, nothing is every day."""
        said = [each.days for each in self.taken if each.days is not None]
        days = sorted({day for days in said for day in days}) or (0,) if said else EVERY_DAY
        return tuple(day for day in days if day not in self._excluded)

    @property
    def zone(self) -> str:
        return self._zone or self._default

    @property
    def rest(self) -> str:
        return self.line[self.words[self.place].start :] if self.place < len(self.words) else ""

    @property
    def end(self) -> int:
        """The end of the part that was read."""
        return self.words[self.place - 1].end if self.place else 0

    @property
    def _instead(self) -> str:
        """The replacement for an unreadable time of day."""
        return f"{self._usual[min(len(self.clocks), len(self._usual) - 1)]:%H:%M}"

    def said(self, count: int = 1) -> str:
        """Return the next `count` words in lower case; "" if fewer plain ones follow."""
        words = self._plain(count)
        return " ".join(word.value or "-" for word in words).lower() if len(words) == count else ""

    def span(self, count: int = 1) -> tuple[int, int]:
        """Return the place of the next words in the line."""
        return self.words[self.place].start, self.words[self.place + count - 1].end

    def shown(self, count: int = 1) -> str:
        """Return the next words as an error shows them."""
        return quote(self.line[slice(*self.span(count))])

    def check_spelling(self, *, clock: bool) -> None:
        """Raise QueryError if the next word is nearly a day or, with `clock`, a time of day."""
        said = self.said()
        if clock and said[:1].isdigit():
            text = f"{self.shown()} is not a time of day such as `9:00` or `5pm`."
            raise QueryError.at(text, self.line, self.span(), almost_clock(said), instead=self._instead)
        if said and (near := _near_day(said)):
            text = f"{self.shown()} is not a day I know: did you mean `{near}`?"
            raise QueryError.at(text, self.line, self.span(), near)

    def check_before_clock(self) -> None:
        """Raise QueryError if the next word precedes a time of day, since it can't be read."""
        if any(_is_clock(word.value) for word in self._plain(len(self.words))):
            text = f"{self.shown()} is none of the days and time zones that I know."
            raise QueryError.at(text, self.line, self.span(), instead="")

    def check_zone(self) -> None:
        """Raise QueryError for words that may be a zone or a room, where no zone was given and a query may follow."""
        if not self._zone and re.match(r"-\d", self.rest):
            self._check_zone_name([self.line[slice(*self.span())]], sure=False)
        names = list(takewhile(lambda word: may_be_name(word.value.lower()), self._plain(_ZONE_WORDS)))
        if names and not self._zone:
            name = " ".join(word.value for word in names)
            error = meant(self.line, self.span(len(names)), f"room:{quoted(name)}")
            error.otherwise = f"{quote(name)}: {UNKNOWN}."
            raise error

    def _plain(self, most: int) -> list[Word]:
        words = self.words[self.place : self.place + most]
        return list(takewhile(lambda word: not (word.key or word.quoted or (word.minus and word.value)), words))

    def _takes_days(self) -> bool:
        if (said := self.said()) in self._fillers:
            if said in THROUGH:
                self.taken.append(Taken(self.span()))
            self.place += 1
            return True
        between = 0 < len(self.clocks) < len(self._usual)  # a `- fri` here ends the hours
        for count in (1,) if between else (3, 2, 1):
            if (days := self._days(count)) is None:
                continue
            minus, span = self.words[self.place].minus, self.span(count)
            if minus and not days:  # `-weekly`
                return False
            if not minus:
                self.taken.append(Taken(span, days=days))
            elif between:
                self.taken += [Taken(span), Taken(span, days=days)]
            else:
                self._excluded |= dict.fromkeys(days, span)
            self.place += count
            return True
        return False

    def _days(self, count: int) -> tuple[int, ...] | None:
        """Parse the next `count` words together as days: `mon to fri`, `mon -fri`, `weekdays`, `-sat`."""
        if count == 3:
            first, through, last = (self.said(3).split(" ") + [""] * 3)[:3]
            return read_days(f"{first}-{last}") if through in THROUGH else None
        words = self.words[self.place : self.place + count]
        if len(words) < count or any(word.key or word.quoted for word in words):
            return None
        if count == 2 and (words[0].minus or words[1].comma):
            return None
        return read_days(self.line[slice(*self.span(count))].replace(" ", "").lower())

    def _takes_clock(self) -> bool:
        for count in (2, 1):  # `9 am`
            try:
                clock = parse_clock(self.said(count))
            except ValueError as error:
                instead = "0:00" if self.said() == "24:00" else self._instead
                text = f"{self.shown(count)}: {error}."
                raise QueryError.at(text, self.line, self.span(count), instead=instead) from None
            if clock is not None:
                self.taken.append(Taken(self.span(count), clock=clock))
                self.place += count
                return True
        return False

    def _takes_zone(self) -> bool:
        if self._zone:
            return False
        sure = self.said() == "in"
        self.place += sure
        words = [self.said(most) for most in range(1, len(self._plain(_ZONE_WORDS)) + 1)]
        for most in range(len(words), 0, -1):
            with suppress(BadZone):
                self._zone = read_zone(words[most - 1])
                self.place += most
                return True
        said = self.said()
        self._check_zone_name(words, sure=sure or ("/" in said and ":" not in said))
        self.place -= sure
        return False

    def _check_zone_name(self, said: Sequence[str], *, sure: bool) -> None:
        """Raise QueryError if the next words, `said` with ever more of them, were meant as a zone and are none."""
        if not sure and (self.said() in QUERY_WORDS or _near_day(self.said())):
            return
        errors: list[tuple[int, BadZone]] = []
        for most, name in enumerate(said, 1):
            try:
                read_zone(name)
            except BadZone as error:
                errors.append((most, error))
        meant = [each for each in errors if each[1].example][-1:] or (errors[:1] if sure else [])
        for most, wrong in meant:
            instead = wrong.example or self._default
            raise QueryError.at(f"{self.shown(most)}: {wrong}.", self.line, self.span(most), wrong.fix, instead=instead)


def almost_clock(said: str) -> str | None:
    """Parse `9`, `9.30`, `0930` or `9h30` as a time of day; None for any other text."""
    found = _ALMOST_CLOCK.fullmatch(said)
    return f"{found[1]}:{found[2] or '00'}" if found else None


def _is_clock(said: str) -> bool:
    try:
        return parse_clock(said) is not None
    except ValueError:  # an invalid time, such as 25:00
        return True


def _near_day(said: str) -> str | None:
    return nearest(said, DAY_WORDS) if said not in QUERY_WORDS else None
