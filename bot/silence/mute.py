"""Silence with an end: `mute room:x 2h`, `mute until tomorrow`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from bot.errors import QueryError
from bot.query.filters import FILTERS, ROOM_KEYS, STATES
from bot.query.model import Query
from bot.query.schedule_parser import almost_clock
from bot.query.suggest import nearest
from bot.query.times import DAYS, BadValue, Day, TimeOfDay, Wall, parse_length, parse_time
from bot.query.tokenizer import Word, cut, unstopped
from bot.query.zones import read_zone
from bot.text import quote

LONGEST = timedelta(days=30)

_MORNING = time(9)
_UNTIL = ("until", "till", "til")
_HOUR = re.compile(r"\d{1,2} ?h")
_INSTEAD = {
    **dict.fromkeys(("forever", "for ever", "ever", "always", "permanently", "indefinitely"), f"{LONGEST.days}d"),
    **dict.fromkeys(("today", "tonight"), "until tomorrow"),
}
"""Suggestions for ends that can't be used, by what people type."""
_WORDS = 8
"""Most words in a length: `1 day and 2 hours and 30 minutes`."""


@dataclass(frozen=True, slots=True)
class Mute:
    """Silence in a channel until `until_ms` about sessions that match `query`, or only about `session_id`. Times are
    in milliseconds since 1970. `number` is the mute's name for people; 0 before it is stored."""

    team_id: str
    channel_id: str
    query: Query
    session_id: str  # "" for any
    until_ms: int
    created_by: str
    created_ms: int
    number: int = 0

    def holds(self, now_ms: int) -> bool:
        return now_ms < self.until_ms

    def widened(self) -> Mute:
        """The mute without filters on anything but rooms, for sessions whose people and length are unknown."""
        return replace(self, query=self.query.without(*FILTERS.keys() - ROOM_KEYS))


def find_end(line: str, now: datetime, zone: str) -> tuple[datetime, tuple[int, int]]:
    """The end of a mute in a tidy line, UTC, and its span there. Raises QueryError."""
    end, (start, stop) = _read_end(line, unstopped(cut(line)), now, ZoneInfo(zone))
    shown = quote(line[start:stop])
    if end <= now:
        raise QueryError.at(f"{shown} is not in the future.", line, (start, stop), instead="2h")
    if end > now + LONGEST:
        text = f"{shown} is more than {LONGEST.days} days ahead, and that is the longest mute."
        raise QueryError.at(text, line, (start, stop), instead=f"{LONGEST.days}d")
    return end, (start, stop)


def _read_end(line: str, words: list[Word], now: datetime, zone: ZoneInfo) -> tuple[datetime, tuple[int, int]]:
    """The end and its span, before its bounds are checked. Raises QueryError."""
    marked = [place for place, word in enumerate(words) if _plain(word) and word.value.lower() in (*_UNTIL, "for")]
    if marked:
        return _read_marked(line, words[marked[-1] :], now, zone)
    edges = [(_joined(run), (run[0].start, run[-1].end)) for run in _edges(line, words)]
    for typed, span in edges:
        try:
            return _for(typed, now), span
        except BadValue:
            continue
        except ValueError as error:
            raise QueryError.at(f"{quote(typed)}: {error}.", line, span, instead="2h") from None
    for typed, span in edges:
        if typed in _INSTEAD:
            raise _no_end(line, span, typed)
    for typed, span in edges:
        with suppress(ValueError):
            _until(typed, now, zone)
            fix = f"until {typed}"
            raise QueryError.at(f"{quote(typed)} alone is not an end: did you mean {quote(fix)}?", line, span, fix)
    if words and not words[-1].closed:
        span = words[-1].start, words[-1].end
        raise QueryError.at("A quote is opened and not closed.", line, span, line[slice(*span)].rstrip("\\") + '"')
    text = "A mute needs an end, such as `2h`, `until 9:00` or `until tomorrow`."
    raise QueryError.at(text, line, (len(line), len(line)), instead=" 2h")


def _read_marked(line: str, words: list[Word], now: datetime, zone: ZoneInfo) -> tuple[datetime, tuple[int, int]]:
    """The end and its span where `words` begin with `until` or `for`. Raises QueryError."""
    mark = words[0].value.lower()
    plain = list(takewhile(lambda word: _plain(word) and word.value.lower() not in STATES, words[1:]))
    typed, last = _joined(plain), plain[-1] if plain else words[0]
    if typed in _INSTEAD:
        raise _no_end(line, (words[0].start, last.end), typed)
    example = "2h" if mark == "for" else "tomorrow"
    if not plain:
        text = f"`{mark}` needs a time, such as `{mark} {example}`."
        raise QueryError.at(text, line, (words[0].start, last.end), instead=f"{mark} {example}")
    if mark in _UNTIL and _HOUR.fullmatch(typed) and (clock := almost_clock(typed.replace(" ", ""))):
        span = words[0].start, last.end
        text = f"{quote(line[slice(*span)])} can be a time of day or a length: say `until {clock}` or `for {typed}`."
        raise QueryError.at(text, line, span, instead=f"until {clock}")
    try:
        end = _for(typed, now) if mark == "for" else _until_in(typed, now, zone)
        return end, (words[0].start, last.end)
    except ValueError as error:
        fix = error.fix if isinstance(error, BadValue) else None
        if mark in _UNTIL:
            fix = _mended(typed, now, zone) or fix
        span = plain[0].start, last.end
        raise QueryError.at(f"{quote(line[slice(*span)])}: {error}.", line, span, fix, instead=example) from None


def _no_end(line: str, span: tuple[int, int], typed: str) -> QueryError:
    example = _INSTEAD[typed]
    shown = quote(line[slice(*span)])
    text = f"I can't mute {shown}: say {quote(example)}, or another end. {LONGEST.days} days is the longest."
    return QueryError.at(text, line, span, instead=example)


def _edges(line: str, words: list[Word]) -> Iterator[list[Word]]:
    """Candidates for an end without `until` or `for`: the last words, then the first; the longest run first."""
    runs = [(first, len(words)) for first in range(max(0, len(words) - _WORDS), len(words))]
    runs += [(0, last) for last in range(min(_WORDS, len(words) - 1), 0, -1)]
    for first, last in runs:
        before = words[first - 1] if first else None
        # The value of a filter, as in `longer: 45m` and `room:1h,2h`.
        taken = before and ((before.key and not before.value) or line[before.end : words[first].start] == ",")
        if not taken and all(map(_plain, words[first:last])):
            yield words[first:last]


def _plain(word: Word) -> bool:
    return not (word.key or word.quoted or word.minus)


def _joined(words: Sequence[Word]) -> str:
    return " ".join(word.value for word in words).lower()


def _for(typed: str, now: datetime) -> datetime:
    """The moment after a length: `90m`, `2 hours and 30 minutes`, `an hour`, `half an hour`. Raises ValueError."""
    length = re.sub(r"^an? ", "1 ", typed.replace("half an hour", "30 minutes"))
    return now + timedelta(seconds=parse_length(re.sub(r" and (?=\d)", " ", length)))


def _until(typed: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The moment for `9:00`, `monday 9:00`, `tomorrow at 5pm`, `2026-11-24T09:00` or a length such as `90m`. A day
    alone means its morning; a weekday or a time of day means the next one. Raises ValueError."""
    with suppress(BadValue):
        return _for(typed, now)
    words = re.sub(r"\bat |^next |(?<=\d) (?=[ap]\.?m\b)", "", typed).split(" ")
    if "tomorrow" in words:
        words.remove("tomorrow")
        words.insert(0, (now.astimezone(zone).date() + timedelta(days=1)).isoformat())
    when = parse_time(" ".join(words))
    if len(words) == 1 and (isinstance(when, Day) or (isinstance(when, Wall) and when.date_only)):
        when = parse_time(f"{words[0]} {_MORNING:%H:%M}")
    coming = (
        when.next(now, zone) if isinstance(when, TimeOfDay) or (isinstance(when, Day) and when.name in DAYS) else None
    )
    return coming or when.at(now, zone)


def _until_in(typed: str, now: datetime, zone: ZoneInfo) -> datetime:
    """`_until` on the clock of a city that may follow: `9:00 Berlin`. Raises ValueError."""
    try:
        return _until(typed, now, zone)
    except ValueError:
        words = typed.split(" ")
        for first in range(1, len(words)):
            with suppress(ValueError):
                return _until(" ".join(words[:first]), now, ZoneInfo(read_zone(" ".join(words[first:]))))
        raise


def _mended(typed: str, now: datetime, zone: ZoneInfo) -> str | None:
    """The likely correction of `tomorow` or `monday 9`; None if there is none."""
    first, *others = typed.split(" ")
    words = [nearest(first, ("tomorrow", *DAYS)) or first, *others]
    words[-1] = almost_clock(words[-1]) or words[-1]
    with suppress(ValueError):
        _until(" ".join(words), now, zone)
        return " ".join(words)
    return None
