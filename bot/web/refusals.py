"""Requests that Slack didn't sign. Anybody can send them, so they are counted apart and fill no log."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot import log, metrics

QUIET_S = 60.0
"""At most one line in so long."""


class Refusals:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._count = 0
        self._quiet_until = 0.0

    def note(self) -> None:
        """One more. A line has the number since the line before."""
        metrics.refused.inc()
        self._count += 1
        now = self._clock()
        if now >= self._quiet_until:
            log.info("request_refused", count=self._count)
            self._count, self._quiet_until = 0, now + QUIET_S
