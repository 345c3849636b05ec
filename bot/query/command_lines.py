"""Lines that are more than a query: their parts, and how one with an error is mended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from bot.errors import QueryError
from bot.query.filters import DIGEST, LIST
from bot.query.model import Query
from bot.query.parse import RESOLVED_CHARS, mended, parse
from bot.text import quote

QUIET = "quiet"
PREVIEW = f"{DIGEST} preview"
OFF = ("off", "none", "never", "clear", "remove", "stop")
"""What ends quiet hours: all, or those that are said behind it."""
WHOLE_CHARS = RESOLVED_CHARS + 120
"""The longest line: the longest query, and what stands before or behind it."""
FIXES = 10
"""After so many fixes a line is given up: each mends one word, and reads the line anew."""


def check_alone(command: str, rest: str) -> None:
    """Raises QueryError if anything is said with a command that stands alone."""
    if said := rest.strip(" ,"):
        text = f"`{command}` takes nothing else: {quote(said)} can't be said with it."
        raise QueryError.at(text, said, (0, len(said)), "")


def terms(query: Query) -> str:
    """A query without its state."""
    return " ".join(map(str, query.terms))


def joined(*parts: str) -> str:
    """The parts of a line that there are, in one line."""
    return " ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Line:
    """`read` raises QueryError for a line that can't be read, at that moment and in that zone; `such` can be."""

    read: Callable[[str, datetime, str], Any]
    such: str


class Mended(NamedTuple):
    """A line that can be read, in place of one with errors. `sure`: it asks what was meant, provided that there are
    `rooms` of these names. `steps`: how many errors it had. `kept`: it has something of what was typed."""

    line: str
    sure: bool
    rooms: tuple[str, ...] = ()
    steps: int = 1
    kept: bool = False


def corrected(
    error: QueryError, now: datetime, zone: str, lines: Mapping[str, Line], *, commands: Sequence[str] = ()
) -> Mended:
    """The error's line with every error mended, one fix after another. `lines` are by the scope of an error; one of
    another scope is mended by its own fix alone. `commands` are first words of other lines."""
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
