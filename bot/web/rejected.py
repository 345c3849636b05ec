"""Requests that aren't taken. Anybody can send them, so they are counted apart and fill no log."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot import log, metrics

QUIET_S = 60.0
"""At most one line of a cause in so long."""


class Refusals:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[str, int] = {}
        self._quiet_until: dict[str, float] = {}

    def note(self, off_s: float | None) -> None:
        """One more, whose signature isn't Slack's, or whose date is `off_s` behind our clock. A line has the number
        since the line before."""
        cause = "signature" if off_s is None else "clock"
        metrics.refused.labels(cause).inc()
        self._counts[cause] = self._counts.get(cause, 0) + 1
        now = self._clock()
        if now < self._quiet_until.get(cause, now):
            return
        count, self._quiet_until[cause] = self._counts.pop(cause), now + QUIET_S
        if off_s is None:
            log.info("request_refused", cause=cause, count=count)
        else:
            log.warning("request_refused", cause=cause, count=count, off_s=round(off_s))
