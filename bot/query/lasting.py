"""Filters on what lasts: `idle:`, `alone:`, `missing:` and `ending:` begin and cease to match as time passes.

Each has the spells of a session and the time that one must last. Its test and the moment at which the answer changes
by time alone follow from these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.query.times import BadValue, parse_length, print_length
from bot.sessions import spells
from bot.sessions.model import Session
from bot.sessions.spells import Spell
from bot.text import fold

if TYPE_CHECKING:
    from bot.query.filter_entry import Facts

LEAST_S, MOST_S = 10, 12 * 3_600
"""Shortest and longest length: a session lasts at most 12 hours (Sessions/object)."""
HOST = "host"
"""The role of `missing:` that means whoever hosts."""

Spells = Callable[[Session, "Facts"], list[Spell]]


@dataclass(frozen=True, slots=True)
class Missing:
    """A role that nobody has for so many seconds; 0 for at once."""

    role: str
    seconds: int = 0

    def __str__(self) -> str:
        return f"{self.role}>{print_length(self.seconds)}" if self.seconds else self.role


@dataclass(frozen=True, slots=True)
class Lasting:
    """The spells of a filter's value, and the seconds that one lasts at least where it matches."""

    spells: Spells
    least_s: int = 0

    def test(self, session: Session, facts: Facts) -> bool:
        """True while such a spell goes on; for an ended session, if it ever had one."""
        return any(self._long(spell, session, facts.now) for spell in self._asked(session, facts))

    def due(self, session: Session, facts: Facts) -> datetime | None:
        """Return the moment at which a spell that goes on will have lasted so long."""
        for spell in self._asked(session, facts) if session.active else ():
            if (at := spell.begin + timedelta(seconds=self.least_s)) > facts.now:
                return at
        return None

    def since(self, session: Session, facts: Facts) -> datetime | None:
        """Return the begin of the spell that makes a live session match; None if it doesn't."""
        asked = self._asked(session, facts) if session.active else ()
        return next((spell.begin for spell in asked if self._long(spell, session, facts.now)), None)

    def _asked(self, session: Session, facts: Facts) -> Iterable[Spell]:
        """The spells that decide: of a live session the one that goes on."""
        every = self.spells(session, facts)
        return [spell for spell in every if spell.end is None] if session.active else every

    def _long(self, spell: Spell, session: Session, now: datetime) -> bool:
        return (
            spell.begin <= now and spell.lasted_s(now) >= self.least_s
            if session.active
            else (spell.lasted_s(now) >= self.least_s)
        )


def idle(seconds: int) -> Lasting:
    return Lasting(lambda session, _: spells.nobody(session), seconds)


def alone(seconds: int) -> Lasting:
    return Lasting(lambda session, _: spells.alone(session), seconds)


def missing(value: Missing) -> Lasting:
    role = fold(value.role)

    def lacking(session: Session, _: Facts) -> list[Spell]:
        counts = session.roles.leads if role == HOST else lambda each: fold(each) == role
        return spells.without(session, counts)

    return Lasting(lacking, value.seconds)


def ending(seconds: int) -> Lasting:
    def last_part(session: Session, facts: Facts) -> list[Spell]:
        if not session.active:
            return []
        most_s = facts.rooms[session.room_id].max_duration_s or MOST_S
        return [Spell(session.started_at + timedelta(seconds=max(0, most_s - seconds)))]

    return Lasting(last_part)


def read_lasting(text: str) -> int:
    """Read `10m`; a sign before it changes nothing. Raises BadValue."""
    seconds = parse_length(text.lstrip(">=≥ "))
    if not LEAST_S <= seconds <= MOST_S:
        near = print_length(LEAST_S if seconds < LEAST_S else MOST_S)
        raise BadValue(f"it takes {print_length(LEAST_S)} to {print_length(MOST_S)}", near)
    return seconds


def read_missing(text: str) -> Missing:
    """Read `host` and `host>2m`. Raises BadValue."""
    role, sign, length = (part.strip() for part in text.partition(">"))
    if not role:
        raise BadValue("it needs a role, such as host", f"{HOST}{sign}{length}")
    if not sign:
        return Missing(role)
    try:
        return Missing(role, read_lasting(length))
    except BadValue as error:
        raise BadValue(str(error), f"{role}>{error.fix}" if error.fix else None) from None


def lasts(read: Callable[[Any], Lasting]) -> dict[str, Any]:
    """The parts of a filter's entry that follow from its spells."""
    return {
        "test": lambda value: read(value).test,
        "due": lambda value: read(value).due,
        "lasting": read,
    }
