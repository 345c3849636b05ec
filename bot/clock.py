"""The time that the bot goes by: the database's, unless 100ms and Slack contradict it."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from bot import log, metrics
from bot.net.waits import http_date_s

AGREE_S = 10.0
"""Clocks that differ by less agree: a Date has whole seconds and was on its way. Less than a lost message has time to
settle, so that no other process takes it too early."""
STEP_S = 2.0
"""A clock that moved by more against the monotonic one was set, or this machine slept."""
DATE_S = 1.5
"""A Date that says what the one before said differs by no more from it."""
MACHINE, DATABASE = "machine", "database"
SLACK, HMS = "Slack", "100ms"


class Clock:
    """Epoch seconds, the same in all processes of a database, counted on by `steady`, which nobody sets. The database's
    clock counts (an SQLite file has this machine's, which `wall` reads), as long as 100ms or Slack confirms it, or none
    of them was heard; then theirs counts. A clock that steps changes nothing by that."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._ask: Callable[[], Awaitable[float]] | None = None
        self._wall = wall
        self.steady = steady
        # Each clock by its reading when `steady` was 0.
        self._own = {MACHINE: wall() - steady()}
        self._heard: dict[str, float] = {}
        self._zero = self._own[MACHINE]
        self._told: set[str] = set()  # that they are off
        self.doubtful = False
        """A clock of ours has stepped, and nobody was heard since: this machine may have slept."""

    def share(self, ask: Callable[[], Awaitable[float]]) -> None:
        """From the next `set` on the clock of the database, which processes share, is the one: `ask` gives it."""
        self._ask = ask

    def __call__(self) -> float:
        return self._zero + self.steady()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self(), UTC)

    def hear(self, service: str, date: str) -> None:
        """Take note of the Date header that `service` has just sent."""
        if (said_s := http_date_s(date)) is None:
            self.doubtful = False  # a proxy may leave it out of every answer: nothing waits for that
            return
        if self.doubtful:
            self._heard.clear()
            self.doubtful = False
        zero = said_s + 0.5 - self.steady()
        if abs(zero - self._heard.get(service, math.inf)) > DATE_S:
            self._heard[service] = zero
        self._judge()

    async def set(self) -> None:
        """Look at our own clocks; raises what `ask` does."""
        self._note(MACHINE, self._wall() - self.steady(), STEP_S)
        if self._ask is not None:
            asked = self.steady()
            said_s = await self._ask()
            took_s = self.steady() - asked
            self._note(DATABASE, said_s - asked - took_s / 2, STEP_S + took_s / 2)
        self._judge()
        for name, off_s in self.off_s.items():
            if (abs(off_s) > AGREE_S) != (name in self._told):
                self._told ^= {name}
                log.warning("clock_off" if name in self._told else "clock_right", clock=name, off_s=round(off_s))

    @property
    def sure(self) -> bool:
        """True where two of the clocks of the database, 100ms and Slack agree: nothing is given up or forgotten on the
        word of one."""
        clocks = [self._stored, *self._heard.values()]
        return not self.doubtful and sum(abs(each - self._zero) < AGREE_S for each in clocks) >= 2

    @property
    def off_s(self) -> Mapping[str, float]:
        """Seconds by which our own clocks are ahead of the time that counts."""
        return {name: own - self._zero for name, own in self._own.items()}

    def of(self, service: str) -> float:
        """Epoch seconds as a service says them, for what it judges by its own clock."""
        return self._heard.get(service, self._zero) + self.steady()

    def ahead_s(self, service: str) -> float | None:
        """Seconds by which a service's clock is ahead of this machine's; None where it wasn't heard."""
        heard = self._heard.get(service)
        return None if heard is None else heard - self._own[MACHINE]

    @property
    def _stored(self) -> float:
        return self._own.get(DATABASE, self._own[MACHINE])

    def _note(self, name: str, zero: float, most_s: float) -> None:
        """`most_s`: by so much it may differ from before without having stepped."""
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
