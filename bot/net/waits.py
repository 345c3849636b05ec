"""Seconds to wait before a service is asked again."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from bot import log

LONGEST_S = 300.0
"""The longest wait that a Retry-After is granted. Slack's limits are per minute and below, so a longer one is a mistake
somewhere, which would silence alerts for as long; asking every five minutes is a load for nobody."""
_IN_WORDS = re.compile(r"retry after (\d{1,6}(?:\.\d+)?) ?s", re.IGNORECASE)


def retry_after_s(headers: Mapping[str, str], service: str, words: str = "") -> float | None:
    """Seconds to wait by an answer's Retry-After, else by its words ("retry after 45 seconds"); None without either.
    A date counts from the answer's own Date, whatever our clock says. What LONGEST_S cuts is logged."""
    asked_s = _asked_s(headers, words)
    if asked_s is None:
        return None
    if asked_s > LONGEST_S:
        log.warning("wait_capped", service=service, asked_s=asked_s, wait_s=LONGEST_S)
    return min(max(asked_s, 0.0), LONGEST_S)


def grown_s(first_s: float, failures: int, most_s: float) -> float:
    """Seconds to wait after so many failures in a row: doubled with each, up to `most_s`."""
    return min(most_s, first_s * 2.0 ** min(failures - 1, 32))


def http_date_s(header: str) -> float | None:
    """Epoch seconds of an HTTP date; None for what is none."""
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
