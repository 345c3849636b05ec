"""Filters on what lasts: `idle:`, `alone:`, `missing:` and `ending:` match once a spell of the session has lasted so
long. Their test, and the moment at which it may change by time alone, follow from the spells. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.query.times import BadValue, parse_length, print_length, reads_as_length
from bot.query.tokenizer import quoted
from bot.sessions import spells
from bot.sessions.identity import NEVER
from bot.sessions.model import Session
from bot.sessions.spells import Spell
from bot.text import fold

if TYPE_CHECKING:
    from bot.query.filter_entry import Facts

LEAST_S, LIFE_S = 10, 12 * 3_600
"""Shortest and longest length; a session of a room without a longest duration lasts 12 hours (Rooms/object)."""
HOST = "host"
"""The role of `missing:` that means whoever hosts."""
KEPT = 4_096
"""Filter values whose check is kept: each session that changes is asked by every subscription."""
_UP_TO = ">=≥"
_MISSING = re.compile(rf"(?P<role>.*?)\s*(?:[{_UP_TO}]+\s*(?P<length>[^{_UP_TO}]*))?", re.DOTALL)

Spells = Callable[[Session, "Facts"], list[Spell]]


@dataclass(frozen=True, slots=True)
class Missing:
    """A role that nobody who is in has, for at least so many seconds; 0 for at once."""

    role: str
    seconds: int = 0

    def __str__(self) -> str:
        return f"{quoted(self.role)}>{print_length(self.seconds)}" if self.seconds else quoted(self.role)

    @property
    def of_hosts(self) -> bool:
        return fold(self.role) == HOST


@dataclass(frozen=True, slots=True)
class Lasting:
    """The spells that a filter's value is about, and how long one must last."""

    spells: Spells
    least: timedelta

    def test(self, session: Session, facts: Facts) -> bool:
        """True for a live session once the spell that goes on has lasted so long, for an ended one if any has."""
        if session.active:
            return self.since(session, facts) is not None
        return any(end - begin >= self.least for begin, end in self.spells(session, facts) if end)

    def since(self, session: Session, facts: Facts) -> datetime | None:
        """Return the begin of the spell by which a live session matches; None if it doesn't."""
        begin = self._open(session, facts)
        return begin if begin and _later(begin, self.least) <= facts.now else None

    def due(self, session: Session, facts: Facts) -> datetime | None:
        """Return the moment at which a live session will match though nothing happens; None if it matches or won't."""
        begin = self._open(session, facts)
        return at if begin and (at := _later(begin, self.least)) > facts.now else None

    def _open(self, session: Session, facts: Facts) -> datetime | None:
        """Return the begin of a live session's spell that goes on."""
        last = self.spells(session, facts)[-1:] if session.active else []
        return last[0].begin if last and last[0].end is None else None


@lru_cache(KEPT)
def idle(seconds: int) -> Lasting:
    return Lasting(lambda session, _: spells.idle(session), timedelta(seconds=seconds))


@lru_cache(KEPT)
def alone(seconds: int) -> Lasting:
    return Lasting(lambda session, _: spells.alone(session), timedelta(seconds=seconds))


@lru_cache(KEPT)
def missing(value: Missing) -> Lasting:
    role = fold(value.role)

    def without(session: Session, _: Facts) -> list[Spell]:
        counts = session.roles.leads if value.of_hosts else lambda each: fold(each) == role
        return spells.missing(session, role, counts)

    return Lasting(without, timedelta(seconds=value.seconds))


@lru_cache(KEPT)
def ending(seconds: int) -> Lasting:
    def last_part(session: Session, facts: Facts) -> list[Spell]:
        if not session.active:
            return []
        life_s = facts.rooms[session.room_id].max_duration_s or LIFE_S
        return [Spell(_later(session.started_at, timedelta(seconds=max(0, life_s - seconds))))]

    return Lasting(last_part, timedelta())


def parse_lasting(text: str) -> int:
    """Parse `10m`, with or without `>=` before it. Raises BadValue."""
    return _length(text.lstrip(f"{_UP_TO} "))


def parse_ending(text: str) -> int:
    """Parse `15m`, with or without `<=` before it. Raises BadValue."""
    return _length(text.lstrip("<=≤ "))


def parse_missing(text: str) -> Missing:
    """Parse `host`, `host>2m`, and `5m` or `>5m` for the host. Raises BadValue. A role with a `>` in its name needs a
    length behind it."""
    found = _MISSING.fullmatch(text)
    role, length = (found["role"], found["length"]) if found else (text, None)
    if length is None and reads_as_length(role):
        role, length = HOST, role
    role = role.rstrip(f"{_UP_TO} ")
    role = HOST if fold(role) in ("", HOST) else role
    if length is None:
        return Missing(role)
    try:
        return Missing(role, _length(length))
    except BadValue as error:
        raise BadValue(str(error), f"{quoted(role)}>{error.fix}" if error.fix else None) from None


def _later(moment: datetime, length: timedelta) -> datetime:
    """Return the sum; NEVER for a record's moment at the end of the calendar."""
    return moment + length if moment <= NEVER - length else NEVER


def _length(text: str) -> int:
    """Parse a length within the bounds. Raises BadValue, with the nearest one as its fix."""
    try:
        seconds = parse_length(text)
    except BadValue:
        raise
    except ValueError:  # more than ten years
        seconds = LIFE_S + 1
    if seconds < LEAST_S:
        raise BadValue(f"the shortest is {print_length(LEAST_S)}", print_length(LEAST_S))
    if seconds > LIFE_S:
        raise BadValue(f"the longest is {print_length(LIFE_S)}", print_length(LIFE_S))
    return seconds
