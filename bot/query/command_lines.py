"""`LINES`: how the line of each command is read, how one with an error is mended, and which line makes a setting.

digest [preview] <schedule> [empty:say|skip] [query]      mute [query or session id] <end>      quiet [off] <hours>
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from bot.alerts.subscription import Subscription
from bot.digests.model import Digest
from bot.errors import QueryError
from bot.query.filters import DIGEST, LIST, MUTE, SUBSCRIBE
from bot.query.kinds import KINDS
from bot.query.model import Query
from bot.query.parse import RESOLVED_CHARS, check_length, mended, parse
from bot.query.schedule import Schedule
from bot.query.schedule_parser import read_schedule
from bot.query.values import is_id
from bot.silence.mute import Mute, find_end
from bot.silence.quiet_hours import QuietHours, read_quiet
from bot.text import quote, tidy

QUIET = "quiet"
PREVIEW = f"{DIGEST} preview"
OFF = ("off", "none", "never", "clear", "remove", "stop")
"""What ends quiet hours: all, or those that are said behind it."""
WHOLE_CHARS = RESOLVED_CHARS + 120
"""The longest line: the longest query, and what stands before or behind it."""
FIXES = 10
"""After so many fixes a line is given up: each mends one word, and reads the line anew."""


def read_digest(text: str, zone: str) -> tuple[Schedule, Query]:
    """A digest's schedule, in `zone` where the line names none, and its query, with `empty:` as it was said. Raises
    QueryError."""
    line = tidy(text)
    try:
        check_length(line, line, WHOLE_CHARS)
        schedule, rest = read_schedule(line, zone)
    except QueryError as error:
        error.scope = DIGEST
        raise
    try:
        return schedule, parse(rest, scope=DIGEST, most_chars=RESOLVED_CHARS)
    except QueryError as error:
        before = len(line) - len(rest)
        error.line, error.start, error.end = line, error.start + before, error.end + before
        raise


def read_silence(text: str, now: datetime, zone: str) -> tuple[datetime, Query, str]:
    """When a mute ends, UTC, what it is about, and the session where it is about one alone, else "". Raises
    QueryError, whose line has the query first."""
    line = tidy(text)
    try:
        check_length(line, line, WHOLE_CHARS)
        end, (start, stop) = find_end(line, now, zone)
    except QueryError as error:
        error.scope = MUTE
        raise
    rest = tidy(f"{line[:start]} {line[stop:]}").strip(" ,")
    if is_id(rest.lower()):
        return end, Query(), rest.lower()
    try:
        return end, parse(rest, scope=MUTE, most_chars=RESOLVED_CHARS), ""
    except QueryError as error:
        error.line = f"{error.line} {line[start:stop]}"
        raise


def silence_in(text: str, now: datetime, city: str) -> str:
    """The line of a mute with a city behind its time of day."""
    line = tidy(text)
    _, (_, stop) = find_end(line, now, "UTC")
    return f"{line[:stop]} {city}{line[stop:]}"


def read_hours(text: str, zone: str) -> tuple[QuietHours | None, bool]:
    """Quiet hours, and whether they are to end: with `off` in front, which alone is (None, True). Raises QueryError."""
    line = tidy(text)
    first, _, hours = line.partition(" ")
    off = first.lower().rstrip(",.!") in OFF
    if off and not hours.strip(" ,"):
        return None, True
    said = hours if off else line
    try:
        check_length(said, said, WHOLE_CHARS)
        return read_quiet(said, zone, always=off), off
    except QueryError as error:
        error.scope = QUIET
        if off:
            before = len(first) + 1
            error.line, error.start, error.end = f"{first} {error.line}", error.start + before, error.end + before
        raise


def check_alone(command: str, rest: str) -> None:
    """Raises QueryError if anything is said with a command that stands alone."""
    if said := rest.strip(" ,"):
        text = f"`{command}` takes nothing else: {quote(said)} can't be said with it."
        error = QueryError.at(text, said, (0, len(said)), "")
        error.scope = command
        raise error


def subscription_line(subscription: Subscription) -> str:
    """The line that makes it."""
    kinds = ",".join(kind for kind in KINDS if kind in subscription.kinds)
    return _joined("subscribe", terms(subscription.query.without("on")), f"on:{kinds}")


def digest_line(digest: Digest) -> str:
    """The line that makes it."""
    return _joined("digest", schedule_line(digest), terms(digest.query))


def schedule_line(digest: Digest) -> str:
    """What stands in front of a digest's query."""
    return f"{digest.schedule} empty:skip" if digest.empty == "skip" else str(digest.schedule)


def mute_line(mute: Mute, zone: str) -> str:
    """The line that makes it, with its end on the clock of a zone."""
    return _joined("mute", muted(mute), end_line(datetime.fromtimestamp(mute.until_ms / 1000, ZoneInfo(zone))))


def muted(mute: Mute) -> str:
    """What a mute is about, as its line says it."""
    return mute.session_id or terms(mute.query)


def end_line(when: datetime) -> str:
    """A mute's end: `until 2026-11-24T09:00+01:00`."""
    return f"until {when.isoformat(timespec='seconds' if when.second else 'minutes')}"


def quiet_line(quiet: QuietHours) -> str:
    """The line that makes them."""
    return f"quiet {quiet}"


def terms(query: Query) -> str:
    """A query without its state."""
    return " ".join(map(str, query.terms))


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Line:
    """`read` raises QueryError for a line that can't be read, at that moment and in that zone; `such` can be."""

    read: Callable[[str, datetime, str], Any]
    such: str


_DIGEST = Line(lambda line, now, zone: read_digest(line, zone), "weekdays 9:00")
LINES = {
    LIST: Line(lambda line, now, zone: parse(line), "active"),
    SUBSCRIBE: Line(lambda line, now, zone: parse(line, scope=SUBSCRIBE), ""),
    DIGEST: _DIGEST,
    PREVIEW: _DIGEST,
    MUTE: Line(read_silence, "2h"),
    QUIET: Line(lambda line, now, zone: read_hours(line, zone), "22:00-7:00"),
}
"""By the scope of an error. One of another scope is mended by its own fix alone."""


class Mended(NamedTuple):
    """A line that can be read, in place of one with errors. `sure`: it asks what was meant, provided that there are
    `rooms` of these names. `steps`: how many errors it had. `kept`: it has something of what was typed."""

    line: str
    sure: bool
    rooms: tuple[str, ...] = ()
    steps: int = 1
    kept: bool = False


def corrected(error: QueryError, now: datetime, zone: str, *, commands: Sequence[str] = ()) -> Mended:
    """The error's line with every error mended, one fix after another. `commands` are first words of other lines."""
    entry, sure, no_rooms = LINES.get(error.scope), True, error.no_rooms
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
            if error.scope == LIST:
                parse(line, commands=commands)
            else:
                entry.read(line, now, zone)
        except QueryError as another:
            error = another
        else:
            return Mended(line or entry.such, sure, rooms, step, kept=line not in ("", entry.such))
    return Mended(entry.such if entry else "", sure=False)
