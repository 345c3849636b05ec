"""Produce digests: count, draw and store those that are due, each once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot import log, metrics
from bot.blockkit.blocks import Message
from bot.db.database import Database
from bot.db.leases import Fence
from bot.digests import store as digests_store
from bot.digests.count import READ_MOST_S, count, draw, tally_key
from bot.digests.due import AHEAD_S, Due, astray, due
from bot.digests.list_render import not_made
from bot.digests.model import Digest
from bot.errors import HmsEndless, HmsError, HmsRateLimited
from bot.hms.client import Hms
from bot.net.waits import grown_s
from bot.outbox.card import key_of
from bot.outbox.message import Outgoing
from bot.query.schedule import Window
from bot.query.times import ms
from bot.rooms.names import Rooms

SETTLE_S = 5.0
"""Delay after a period's end, by the clock of 100ms too, after which its lists are complete."""
RETRY_S, RETRY_MOST_S = 60.0, 3_600.0
"""Backoff in seconds for a period that can't be read: the first, doubled with each try up to the second."""
TELL_TRIES, GIVE_UP_TRIES = 3, 12
"""Tries after which the channel hears that its digest is late, and, some six hours on, that none comes."""
AT_ONCE = 2
"""Periods read at once, so that a slow one delays few others."""
ASTRAY = timedelta(minutes=5)
"""Interval of checks for digests that a fast clock has put off; also checked whenever a clock goes back."""


@dataclass(eq=False)
class Digests:
    """Produces the digests of one workspace, in one process at a time. `retry_s` as RETRY_S, `read_s` as
    READ_MOST_S."""

    hms: Hms
    rooms: Rooms
    store: Database
    team_id: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    retry_s: float = RETRY_S
    read_s: float = READ_MOST_S

    def __post_init__(self) -> None:
        self._looked = datetime.min.replace(tzinfo=UTC)  # for those astray
        self._rest_until: dict[Window, float] = {}  # by `monotonic`

    async def run(self, fence: Fence | None = None) -> int:
        """Produce all that are due and return their number. Digests of the same period share one reading of the
        account; a period that can't be read is tried again later, after the others."""
        periods: dict[Window, list[Digest]] = {}
        for digest in await self._candidates():
            if what := self._due(digest):
                periods.setdefault(what.window, []).append(digest)
        self._rest_until = {window: until for window, until in self._rest_until.items() if window in periods}
        free = asyncio.Semaphore(AT_ONCE)

        async def make(window: Window) -> int:
            async with free:
                return await self._make(window, periods, fence)

        order = sorted(periods, key=lambda window: window in self._rest_until)
        done = await asyncio.gather(*map(make, order), return_exceptions=True)
        for each in done:
            if isinstance(each, BaseException):
                raise each
        return sum(each for each in done if isinstance(each, int))

    async def _candidates(self) -> list[Digest]:
        now = self._now()
        found = await digests_store.due(self.store, self.team_id, ms(now))
        if not timedelta() <= now - self._looked < ASTRAY:
            every = await digests_store.read(self.store, self.team_id)
            found += [each for each in every if astray(each, now) and not (each.paused or each.halted)]
            self._looked = now
        return found

    def _now(self) -> datetime:
        """The end of the newest period that can be read: the earlier of our clock and that of 100ms, less the time for
        lists to settle."""
        return self.clock() + timedelta(seconds=min(0.0, self.hms.ahead_s) - SETTLE_S)

    def _due(self, digest: Digest) -> Due | None:
        now = self._now()
        if self.hms.ahead_s > AHEAD_S and astray(digest, now):  # our own clock is behind
            return None
        return due(digest, now)

    async def _make(self, window: Window, periods: Mapping[Window, list[Digest]], fence: Fence | None) -> int:
        """Produce the digests of one period and return their number; one that fails doesn't delay the others."""
        if self.monotonic() < self._rest_until.get(window, 0.0):
            return 0
        made, left = 0, list(periods[window])
        try:
            for what, message in await self._messages(window, left):
                if what:
                    made += await self._send(left[0], what, message, fence, "ok")
                else:
                    self._rest_until[window] = self.monotonic() + self.retry_s
                del left[0]
        except Exception as error:
            rest_s = self._rest(window, periods, left, error)
            await self._failed(window, left, error, rest_s, fence)
        return made

    async def _messages(self, window: Window, digests: Sequence[Digest]) -> list[tuple[Due | None, Message | None]]:
        """Count the period; return the due date and message of each digest. The date is decided anew after reading,
        which takes time and sets the clock: None if it is no longer this period's. The message is None if there is
        nothing to tell. Raises HmsError and TimeoutError."""
        async with asyncio.timeout(self.read_s):
            counted = await count(self.hms, self.rooms, window, map(tally_key, digests))
            drawn: list[tuple[Due | None, Message | None]] = []
            for digest in digests:
                what = self._due(digest)
                if what is None or what.window != window:
                    drawn.append((None, None))
                    continue
                figures = counted[tally_key(digest)]
                silent = figures.quiet and not figures.unreadable and digest.empty == "skip" and not what.skipped
                drawn.append((what, None if silent else await draw(self.rooms, figures, digest, what)))
            return drawn

    def _rest(self, window: Window, every: Iterable[Window], digests: Iterable[Digest], error: Exception) -> float:
        """Seconds until the period is read again; after a rate limit no period is read before."""
        tries = max((digest.tries for digest in digests), default=0) + 1
        rest_s = grown_s(self.retry_s, tries, RETRY_MOST_S)
        windows: Iterable[Window] = [window]
        if isinstance(error, HmsRateLimited):
            rest_s, windows = error.retry_after_s or rest_s, every
        self._rest_until |= dict.fromkeys(windows, self.monotonic() + rest_s)
        return rest_s

    async def _failed(
        self, window: Window, digests: Iterable[Digest], error: Exception, rest_s: float, fence: Fence | None
    ) -> None:
        """Store the problem for lists of digests, tell the channel if it lasts, and give up in the end; at once if
        another try can't help."""
        expected = isinstance(error, HmsError | TimeoutError)
        problem, cause = type(error).__name__, getattr(error, "cause", "") or type(error).__name__
        log.error("digest_failed", end=window.end.isoformat(), cause=cause, exc_info=not expected)
        again = self.clock() + timedelta(seconds=rest_s)
        for digest in digests:
            metrics.digests.labels(problem).inc()
            what, tries = self._due(digest), digest.tries + 1
            of = what.day if what and what.window == window else None
            if what and of and (tries >= GIVE_UP_TRIES or isinstance(error, HmsEndless)):
                await self._send(digest, what, not_made(digest, problem, of, None), fence, "given up")
                continue
            notice = []
            if of and tries == TELL_TRIES:
                message = not_made(digest, problem, of, again)
                key = key_of("late", digest.key(of))
                notice = [Outgoing(key, digest.team_id, digest.channel_id, "post", message.text, message.blocks)]
            await digests_store.failed(self.store, digest, problem, notice, ms(self.clock()))

    async def _send(
        self, digest: Digest, what: Due, message: Message | None, fence: Fence | None, outcome: str
    ) -> bool:
        key, place = digest.key(what.day), (digest.team_id, digest.channel_id)
        outgoing = [Outgoing(key, *place, "post", message.text, message.blocks)] if message else []
        sent = await digests_store.send(self.store, digest, what.day, outgoing, ms(self.clock()), fence)
        if sent:
            metrics.digests.labels(outcome).inc()
            day, skipped = what.day.isoformat(), len(what.skipped)
            log.info("digest", outcome=outcome, day=day, late=what.late, skipped=skipped, empty=not message)
        return sent
