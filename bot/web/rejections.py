"""Counts requests without a valid signature or secret; anybody can send them, so their log is rate-limited."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot import log, metrics

QUIET_S = 60.0
"""Minimum seconds between two log lines of one cause."""


class Rejections:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[str, int] = {}
        self._quiet_until: dict[str, float] = {}

    def note(self, cause: str, off_s: float | None = None) -> None:
        """Count a refused request. `off_s`: the seconds by which our clock is ahead of its date, if that is the cause.
        Each log line has the number since the previous one."""
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
