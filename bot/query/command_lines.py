"""Command lines that contain more than a query, and the correction of their errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from bot.errors import QueryError
from bot.query.filters import LIST
from bot.query.model import Query
from bot.query.parse import RESOLVED_CHARS, mended, parse
from bot.text import quote

WHOLE_CHARS = RESOLVED_CHARS + 120
"""Maximum length of a whole line: the longest resolved query, and the words before or behind it."""
FIXES = 10
"""Maximum corrections to one line; each fixes one word and parses the line again."""


def check_alone(command: str, rest: str) -> None:
    """Raise QueryError if a command that takes no arguments has some."""
    if line := rest.strip(" ,"):
        text = f"`{command}` takes nothing else: {quote(line)} can't be said with it."
        raise QueryError.at(text, line, (0, len(line)), "")


def terms(query: Query) -> str:
    """Return the query's filters, without its state, as text."""
    return " ".join(map(str, query.terms))


def joined(*parts: str) -> str:
    """Join the parts that aren't empty by spaces."""
    return " ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Line:
    """The parser of one scope: `read(line, now, zone)` raises QueryError for a bad line. `such` is a valid example."""

    read: Callable[[str, datetime, str], Any]
    such: str


class Mended(NamedTuple):
    """A corrected line. `sure`: it means what was typed, if rooms named `rooms` exist. `steps`: the number of errors
    fixed. `kept`: it contains something that was typed."""

    line: str
    sure: bool
    rooms: tuple[str, ...] = ()
    steps: int = 1
    kept: bool = False


def corrected(
    error: QueryError, now: datetime, zone: str, lines: Mapping[str, Line], *, commands: Sequence[str] = ()
) -> Mended:
    """Correct all errors of the line, one after another. `lines` is keyed by an error's scope; a line of another scope
    gets only the error's own fix. `commands` are the first words of other lines."""
    scope, entry, sure, no_rooms = error.scope, lines.get(error.scope), True, error.no_rooms
    rooms: tuple[str, ...] = ()
    for step in range(1, FIXES + 2):
        if error.room in no_rooms:
            error.fix = ""
        line, sure = mended(error), sure and error.faithful
        if error.room and error.room not in no_rooms:
            rooms = (*(name for name in rooms if name not in error.room), error.room)
        if entry is None or line.split(" ")[0].lower() in commands:
            return Mended(line, sure, rooms, step, kept=bool(line))
        try:
            if scope == LIST:
                parse(line, commands=commands)
            else:
                entry.read(line, now, zone)
        except QueryError as another:
            error = another
        else:
            return Mended(line or entry.such, sure, rooms, step, kept=line not in ("", entry.such))
    return Mended(entry.such if entry else "", sure=False)
