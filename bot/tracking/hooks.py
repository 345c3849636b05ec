"""The webhooks of one account, as they come in."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from bot import metrics
from bot.clock import Clock
from bot.hms.webhooks import Hint, is_known, read_hint
from bot.tracking.hints import HintQueue

LEADS_KEPT = 100
SILENT_CHANGES = 3
"""Changes that polls alone saw since the last webhook, from which webhooks count as silent,"""
SILENT_S = 3_600.0
"""if the first of them is no older than this."""


class Hooks:
    """The queue of an account's hints, and how well its webhooks do. `wake` is called for each hint, which waits for
    nothing. All times are seconds of the clock's `steady`."""

    def __init__(self, clock: Clock) -> None:
        self.queue = HintQueue()
        self.wake: Callable[[], object] = lambda: None
        self._clock = clock
        self._last: float | None = None
        self._early: list[float] = []
        """When hints made a change known that no poll has begun since."""
        self._leads: deque[float] = deque(maxlen=LEADS_KEPT)
        self._seen_by_polls: deque[float] = deque(maxlen=SILENT_CHANGES)
        self._poll_began = self._good_poll_began = -math.inf

    def take(self, event: Mapping[str, Any]) -> str:
        """Take an event. Returns the kind of it, for the metric."""
        self.came(0.0)
        hint = read_hint(event)
        if hint is None:
            return "no_session" if is_known(event) else "unknown"
        self.hear(hint, 0.0)
        self.wake()
        return "hint"

    def hear(self, hint: Hint, age_s: float) -> None:
        """Take a hint that came so long ago, here or in another process."""
        self.queue.add(hint, self._clock.steady() - age_s)

    def came(self, age_s: float) -> None:
        """Note that a webhook came so long ago."""
        now = self._clock.steady()
        self._last = max(now - age_s, self._last if self._last is not None else now - age_s)
        self._seen_by_polls.clear()
        metrics.webhook_last.set(self._clock() - (now - self._last))

    @property
    def age_s(self) -> float | None:
        """Seconds since the last webhook that this process knows of."""
        return None if self._last is None else self._clock.steady() - self._last

    @property
    def lead_s(self) -> float | None:
        """The median of the seconds by which webhooks were ahead of the next poll."""
        return statistics.median(self._leads) if self._leads else None

    @property
    def silent(self) -> bool:
        """True if polls alone have seen what webhooks should have told."""
        seen = self._seen_by_polls
        return len(seen) == SILENT_CHANGES and self._clock.steady() - seen[0] <= SILENT_S

    def early(self, changes: int) -> None:
        """Note that a hint has made so many changes known."""
        self._early += [self._clock.steady()] * changes

    def poll_began(self) -> None:
        """Note that a poll begins, which would have seen what hints made known before."""
        self._poll_began = self._clock.steady()
        leads = [self._poll_began - at for at in self._early]
        self._early.clear()
        self._leads.extend(leads)
        for lead_s in leads:
            metrics.webhook_lead.observe(lead_s)

    def late(self, changes: int) -> None:
        """Note that the poll has seen so many changes that no hint had told. They don't count if a webhook came since
        the good poll before it began: then it may have told of them, and the poll was faster."""
        if self._last is None or self._last < self._good_poll_began:
            self._seen_by_polls.extend([self._clock.steady()] * min(changes, SILENT_CHANGES))
        self._good_poll_began = self._poll_began
