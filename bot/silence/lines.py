"""The lines of silence, read and written: `mute [query or session id] <end>` and `quiet [off] <hours>`."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.errors import QueryError
from bot.query.command_lines import WHOLE_CHARS, joined, terms
from bot.query.filters import MUTE
from bot.query.model import Query
from bot.query.parse import RESOLVED_CHARS, check_length, parse
from bot.query.values import is_id
from bot.silence.mute import Mute, find_end
from bot.silence.quiet_hours import QuietHours, read_quiet
from bot.text import tidy

QUIET = "quiet"
OFF = ("off", "none", "never", "clear", "remove", "stop")
"""First words that end quiet hours: all, or the ones that follow."""


def read_silence(text: str, now: datetime, zone: str) -> tuple[datetime, Query, str]:
    """The end of a mute (UTC), its query, and its session id if it is about a single session, else "". Raises
    QueryError, whose line has the query first."""
    line = tidy(text)
    check_length(line, line, WHOLE_CHARS)
    end, (start, stop) = find_end(line, now, zone)
    rest = tidy(f"{line[:start]} {line[stop:]}").strip(" ,")
    if is_id(rest.lower()):
        return end, Query(), rest.lower()
    try:
        return end, parse(rest, scope=MUTE, most_chars=RESOLVED_CHARS), ""
    except QueryError as error:
        error.line = f"{error.line} {line[start:stop]}"
        raise


def silence_in(text: str, now: datetime, city: str) -> str:
    """The line of a mute with a city after its time of day."""
    line = tidy(text)
    _, (_, stop) = find_end(line, now, "UTC")
    return f"{line[:stop]} {city}{line[stop:]}"


def read_hours(text: str, zone: str) -> tuple[QuietHours | None, bool]:
    """Quiet hours, and True if `off` ends them; (None, True) for `off` alone. Raises QueryError."""
    line = tidy(text)
    first, _, hours = line.partition(" ")
    off = first.lower().rstrip(",.!") in OFF
    if off and not hours.strip(" ,"):
        return None, True
    wanted = hours if off else line
    try:
        check_length(wanted, wanted, WHOLE_CHARS)
        return read_quiet(wanted, zone, always=off), off
    except QueryError as error:
        if off:
            before = len(first) + 1
            error.line, error.start, error.end = f"{first} {error.line}", error.start + before, error.end + before
        raise


def mute_line(mute: Mute, zone: str) -> str:
    """The command line that makes the mute, with its end on the clock of `zone`."""
    return joined("mute", mute_target(mute), end_line(datetime.fromtimestamp(mute.until_ms / 1000, ZoneInfo(zone))))


def mute_target(mute: Mute) -> str:
    """The target of a mute in its command line: a session id or a query."""
    return mute.session_id or terms(mute.query)


def end_line(when: datetime) -> str:
    """The end of a mute in its command line: `until 2026-11-24T09:00+01:00`."""
    return f"until {when.isoformat(timespec='seconds' if when.second else 'minutes')}"


def quiet_line(quiet: QuietHours) -> str:
    """The command line that sets these quiet hours."""
    return f"quiet {quiet}"
