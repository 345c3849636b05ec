"""Waits before a request is repeated."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from bot import log

LONGEST_S = 300.0
"""Maximum wait for a Retry-After. Slack's limits are per minute at most, so a longer one is a mistake that would
silence alerts; asking every five minutes loads nobody."""
_IN_WORDS = re.compile(r"retry after (\d{1,6}(?:\.\d+)?) ?s", re.IGNORECASE)


def retry_after_s(headers: Mapping[str, str], service: str, words: str = "") -> float | None:
    """Return the seconds to wait by Retry-After, else by the body's words ("retry after 45 seconds"), or None. A date
    counts from the answer's own Date, whatever our clock says. Waits above LONGEST_S are cut and logged."""
    asked_s = _asked_s(headers, words)
    if asked_s is None:
        return None
    if asked_s > LONGEST_S:
        log.warning("wait_capped", service=service, asked_s=asked_s, wait_s=LONGEST_S)
    return min(max(asked_s, 0.0), LONGEST_S)


def grown_s(first_s: float, failures: int, most_s: float) -> float:
    """Return the exponential backoff after `failures` in a row: doubled with each, at most `most_s`."""
    return min(most_s, first_s * 2.0 ** min(failures - 1, 32))


def http_date_s(header: str) -> float | None:
    """Return an HTTP date as epoch seconds; None if it is malformed."""
    try:
        when = parsedate_to_datetime(header)
        return when.replace(tzinfo=when.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):  # the year 99999999999
        return None


def _asked_s(headers: Mapping[str, str], words: str) -> float | None:
    header = headers.get("Retry-After", "")
    if re.fullmatch(r"\d{1,6}(\.\d+)?", header):
        return float(header)
    if header and (when := http_date_s(header)) is not None:
        now_s = http_date_s(headers.get("Date", ""))
        return when - (time.time() if now_s is None else now_s)
    found = _IN_WORDS.search(words)
    return float(found[1]) if found else None
