"""The bot's time: the database's, unless 100ms and Slack contradict it."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from bot import log, metrics
from bot.net.waits import http_date_s

AGREE_S = 10.0
"""Seconds by which agreeing clocks may differ: a Date has whole seconds and network delay. Less than a lost message's
settling time, so that no other process takes it early."""
STEP_S = 2.0
"""A larger jump against the monotonic clock means that a clock was set or this machine slept."""
DATE_S = 1.5
"""Seconds by which Dates of one unchanged clock may differ."""
MACHINE, DATABASE = "machine", "database"
SLACK, HMS = "Slack", "100ms"


class Clock:
    """Epoch seconds, shared by all processes of a database and advanced by the monotonic `steady`. The database's clock
    (for SQLite this machine's, read by `wall`) counts while 100ms or Slack confirms it or neither was heard; then
    theirs counts. A step of any clock alone changes nothing."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._ask: Callable[[], Awaitable[float]] | None = None
        self._wall = wall
        self.steady = steady
        # Each clock's reading at `steady` 0.
        self._own = {MACHINE: wall() - steady()}
        self._heard: dict[str, float] = {}
        self._zero = self._own[MACHINE]
        self._told: set[str] = set()  # clocks reported as off
        self.doubtful = False
        """True after one of our clocks stepped, until a service is heard: this machine may have slept."""

    def share(self, ask: Callable[[], Awaitable[float]]) -> None:
        """Use the database's clock, shared by processes, from the next `set` on; `ask` reads it."""
        self._ask = ask

    def __call__(self) -> float:
        return self._zero + self.steady()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self(), UTC)

    def hear(self, service: str, date: str) -> None:
        """Record a Date header that `service` has just sent."""
        if (theirs_s := http_date_s(date)) is None:
            self.doubtful = False  # a proxy may strip it from every answer, so don't wait for one
            return
        if self.doubtful:
            self._heard.clear()
            self.doubtful = False
        zero = theirs_s + 0.5 - self.steady()
        if abs(zero - self._heard.get(service, math.inf)) > DATE_S:
            self._heard[service] = zero
        self._judge()

    async def set(self) -> None:
        """Read our own clocks; raises the errors of `ask`."""
        self._note(MACHINE, self._wall() - self.steady(), STEP_S)
        if self._ask is not None:
            asked = self.steady()
            theirs_s = await self._ask()
            took_s = self.steady() - asked
            self._note(DATABASE, theirs_s - asked - took_s / 2, STEP_S + took_s / 2)
        self._judge()
        for name, off_s in self.off_s.items():
            if (abs(off_s) > AGREE_S) != (name in self._told):
                self._told ^= {name}
                log.warning("clock_off" if name in self._told else "clock_right", clock=name, off_s=round(off_s))

    @property
    def sure(self) -> bool:
        """True if two of the clocks of the database, 100ms and Slack agree; no data is dropped on the word of one."""
        clocks = [self._stored, *self._heard.values()]
        return not self.doubtful and sum(abs(each - self._zero) < AGREE_S for each in clocks) >= 2

    @property
    def off_s(self) -> Mapping[str, float]:
        """Seconds by which each of our own clocks is ahead of the bot's time."""
        return {name: own - self._zero for name, own in self._own.items()}

    def of(self, service: str) -> float:
        """Return a service's epoch seconds, for values that it checks by its own clock."""
        return self._heard.get(service, self._zero) + self.steady()

    def ahead_s(self, service: str) -> float | None:
        """Return the seconds by which a service's clock is ahead of this machine's; None if it wasn't heard."""
        heard = self._heard.get(service)
        return None if heard is None else heard - self._own[MACHINE]

    @property
    def _stored(self) -> float:
        return self._own.get(DATABASE, self._own[MACHINE])

    def _note(self, name: str, zero: float, most_s: float) -> None:
        """Record a clock's reading; a change above `most_s` counts as a step."""
        by_s = zero - self._own.get(name, zero)
        self._own[name] = zero
        if abs(by_s) > most_s:
            metrics.clock_steps.labels(name).inc()
            log.warning("clock_stepped", clock=name, by_s=round(by_s))
            self.doubtful = self.doubtful or name == DATABASE or self._ask is None

    def _judge(self) -> None:
        outside = self._heard.values()
        confirmed = not outside or any(abs(each - self._stored) < AGREE_S for each in outside)
        self._zero = self._stored if confirmed else min(outside)
        for name, off_s in self.off_s.items():
            metrics.clock_off.labels(name).set(off_s)
