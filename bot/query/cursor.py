"""The page cursor: everything a paging button must carry, so that the bot keeps no state between pages.

    1|<page>|<asked at, Unix ms>|<zone>|<start>|<trail>|<canonical query>

A value holds nothing that its presser couldn't type, so it isn't signed; an unreadable one is a StaleButton.
`trail` holds the starts of earlier pages, 16 characters each. Beyond 2,000 characters
(docs.slack.dev/reference/block-kit/block-elements/button-element) the oldest are dropped, and Back leads to page 1.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import QueryError, StaleButton
from bot.query.model import Query
from bot.query.parse import RESOLVED_CHARS, parse
from bot.query.plan import fixed
from bot.query.times import YEARS
from bot.query.values import is_id

VERSION = "1"
VALUE_CHARS = 2_000
PAGES_MAX = 1_000_000
ZONE_CHARS = 64
"""Maximum length of a zone name; IANA's longest has about half of that."""
_CURSOR_CHARS = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PageCursor:
    """A page of a query, whose times are fixed by `asked_at` (whole ms) and `zone` for all its pages."""

    query: Query
    asked_at: datetime
    zone: str
    number: int = 1
    start: str | None = None
    trail: tuple[str, ...] = ()

    @classmethod
    def first(cls, query: Query, now: datetime, zone: str) -> PageCursor:
        """Return the first page of a query asked now."""
        asked_at = now.replace(microsecond=now.microsecond // 1_000 * 1_000)
        return cls(fixed(query, asked_at, ZoneInfo(zone)), asked_at, zone)

    def more(self, cursor: str) -> PageCursor:
        """Return the next page, which starts after session `cursor`."""
        trail = () if self.start is None else (*self.trail, self.start)
        return replace(self, number=self.number + 1, start=cursor, trail=trail)

    def back(self) -> PageCursor | None:
        """Return the previous page: page 1 if the trail was cut, None on the first page."""
        if self.number == 1:
            return None
        if self.number == 2 or not self.trail:
            return replace(self, number=1, start=None, trail=())
        return replace(self, number=self.number - 1, start=self.trail[-1], trail=self.trail[:-1])

    def write(self) -> str:
        """Return the button's value, at most 2,000 characters."""
        asked_ms = (self.asked_at - _EPOCH) // timedelta(milliseconds=1)
        head = f"{VERSION}|{self.number}|{asked_ms}|{self.zone}|{self.start or ''}|"
        tail = f"|{self.query}"
        room = (VALUE_CHARS - len(head) - len(tail)) // _CURSOR_CHARS
        trail = self.trail[-room:] if room > 0 else ()
        return head + base64.urlsafe_b64encode(bytes.fromhex("".join(trail))).decode() + tail


def read_cursor(value: str) -> PageCursor:
    """Parse a button's value. Raises StaleButton."""
    try:
        version, number, asked_ms, zone, start, trail, text = value.split("|", 6)
        asked_at = _EPOCH + timedelta(milliseconds=int(asked_ms))
        if (
            asked_at.year not in YEARS
            or version != VERSION
            or not 1 <= int(number) <= PAGES_MAX
            or (start and not is_id(start))
            or len(zone) > ZONE_CHARS
        ):
            raise ValueError(value)
        packed = base64.b64decode(trail, altchars=b"-_", validate=True).hex()
        starts = tuple(packed[place : place + 24] for place in range(0, len(packed), 24))
        if not all(map(is_id, starts)) or (int(number) > 1) != bool(start):
            raise ValueError(value)
        query = fixed(parse(text, most_chars=RESOLVED_CHARS), asked_at, ZoneInfo(zone))
        return PageCursor(query, asked_at, zone, int(number), start or None, starts)
    except (ValueError, OverflowError, ZoneInfoNotFoundError, OSError, QueryError):
        raise StaleButton() from None
