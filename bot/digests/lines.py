"""Read and write the command line of a digest: `digest [preview] <schedule> [empty:say|skip] [query]`."""

from __future__ import annotations

from bot.digests.model import Digest
from bot.errors import QueryError
from bot.query.command_lines import WHOLE_CHARS, joined, terms
from bot.query.filters import DIGEST
from bot.query.model import Query
from bot.query.parse import RESOLVED_CHARS, check_length, parse
from bot.query.schedule import Schedule
from bot.query.schedule_parser import read_schedule
from bot.text import tidy

PREVIEW = f"{DIGEST} preview"


def read_digest(text: str, zone: str) -> tuple[Schedule, Query]:
    """A digest's schedule, in `zone` if the line names none, and its query, `empty:` included. Raises QueryError."""
    line = tidy(text)
    check_length(line, line, WHOLE_CHARS)
    schedule, rest = read_schedule(line, zone)
    try:
        return schedule, parse(rest, scope=DIGEST, most_chars=RESOLVED_CHARS)
    except QueryError as error:
        before = len(line) - len(rest)
        error.line, error.start, error.end = line, error.start + before, error.end + before
        raise


def digest_line(digest: Digest) -> str:
    """The command line that makes the digest."""
    return joined("digest", schedule_line(digest), terms(digest.query))


def schedule_line(digest: Digest) -> str:
    """The part of the command line before the query."""
    return f"{digest.schedule} empty:skip" if digest.empty == "skip" else str(digest.schedule)
