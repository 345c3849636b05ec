"""Digests: what is due is counted, drawn and stored for sending, once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bot import log, metrics
from bot.core.digest import Digest
from bot.core.due import AHEAD_S, Due, astray, due
from bot.core.outgoing import Outgoing
from bot.core.schedule import Window
from bot.core.times import ms
from bot.errors import HmsError, HmsRateLimited
from bot.flows.count import READ_MOST_S, count, count_of, draw
from bot.flows.rooms import Rooms
from bot.hms.client import Hms
from bot.render.blocks import Message
from bot.store.store import Fence, Store

SETTLE_S = 5.0
"""A period is read so long after its end, by the clock of 100ms too: by then its lists have what happened in it."""
RETRY_S = 60.0
"""How long a period that couldn't be read is left alone."""
AT_ONCE = 2
"""So many periods are read at once: one that is slow keeps few others waiting."""
ASTRAY = timedelta(minutes=5)
"""How often it is looked whether a clock that was ahead has put digests off, and whenever a clock goes back."""


class Digests:
    """The digests of one workspace. One process at a time runs them; `settle_s` as SETTLE_S, `retry_s` as RETRY_S,
    `read_s` as READ_MOST_S."""

    def __init__(
        self,
        hms: Hms,
        rooms: Rooms,
        store: Store,
        team_id: Callable[[], str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        settle_s: float = SETTLE_S,
        retry_s: float = RETRY_S,
        read_s: float = READ_MOST_S,
    ) -> None:
        self._hms = hms
        self._rooms = rooms
        self._store = store
        self._team = team_id
        self._clock = clock
        self._settle_s = settle_s
        self._retry_s = retry_s
        self._read_s = read_s
        self._looked = datetime.min.replace(tzinfo=UTC)  # for those astray
        self._rest_until: dict[Window, float] = {}  # in the time of time.monotonic

    async def run(self, fence: Fence | None = None) -> int:
        """How many were made. Those about the same period are counted in one reading of the account; of a period that
        can't be read they are tried again later, after the others."""
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
        found = await self._store.due_digests(self._team(), ms(now))
        if not timedelta() <= now - self._looked < ASTRAY:
            every = await self._store.digests(self._team())
            found += [each for each in every if astray(each, now) and not (each.paused or each.halted)]
            self._looked = now
        return found

    def _now(self) -> datetime:
        """Until then periods can be read: our clock, or that of 100ms where ours is ahead, less what lists need."""
        return self._clock() + timedelta(seconds=min(0.0, self._hms.ahead_s) - self._settle_s)

    def _due(self, digest: Digest) -> Due | None:
        now = self._now()
        if self._hms.ahead_s > AHEAD_S and astray(digest, now):  # it is our clock that is behind
            return None
        return due(digest, now)

    async def _make(self, window: Window, periods: Mapping[Window, list[Digest]], fence: Fence | None) -> int:
        """How many digests of a period were made. None keeps the others waiting."""
        if time.monotonic() < self._rest_until.get(window, 0.0):
            return 0
        made, left = 0, list(periods[window])
        try:
            for what, message in await self._draw(window, left):
                if what:
                    made += await self._send(left[0], what, message, fence)
                else:
                    self._rest_until[window] = time.monotonic() + self._retry_s
                del left[0]
        except Exception as error:
            self._rest(periods if isinstance(error, HmsRateLimited) else [window], error)
            await self._failed(window, left, error)
        return made

    async def _draw(self, window: Window, some: Sequence[Digest]) -> list[tuple[Due | None, Message | None]]:
        """A message for each, none where there is nothing to tell. What is due is seen anew: reading takes its time,
        and says what time it is at 100ms; None where it isn't this period's. Raises HmsError, and TimeoutError."""
        async with asyncio.timeout(self._read_s):
            counted = await count(self._hms, self._rooms, window, map(count_of, some))
            drawn: list[tuple[Due | None, Message | None]] = []
            for digest in some:
                what = self._due(digest)
                if what is None or what.window != window:
                    drawn.append((None, None))
                    continue
                figures = counted[count_of(digest)]
                silent = figures.quiet and not figures.unreadable and digest.empty == "skip" and not what.skipped
                drawn.append((what, None if silent else await draw(self._rooms, figures, digest, what)))
            return drawn

    def _rest(self, windows: Iterable[Window], error: Exception) -> None:
        asked_s = error.retry_after_s if isinstance(error, HmsRateLimited) else None
        until = time.monotonic() + (asked_s or self._retry_s)
        self._rest_until |= dict.fromkeys(windows, until)

    async def _failed(self, window: Window, digests: Iterable[Digest], error: Exception) -> None:
        """Kept where people look for it, and tried again."""
        known = isinstance(error, HmsError | TimeoutError)
        cause = getattr(error, "cause", "") or type(error).__name__
        log.error("digest_failed", end=window.end.isoformat(), cause=cause, exc_info=not known)
        for digest in digests:
            metrics.digests.labels(type(error).__name__).inc()
            await self._store.digest_failed(digest, type(error).__name__)

    async def _send(self, digest: Digest, what: Due, message: Message | None, fence: Fence | None) -> bool:
        team_id, channel_id, schedule = digest.team_id, digest.channel_id, digest.schedule
        key = digest.key(what.day)
        outgoing = [Outgoing(key, team_id, channel_id, "post", message.text, message.blocks)] if message else []
        (following,) = schedule.next(what.window.end)
        sent = await self._store.send_digest(
            digest, what.day, ms(schedule.at(following)), outgoing, ms(self._clock()), fence
        )
        if sent:
            metrics.digests.labels("ok").inc()
            log.info("digest", day=what.day.isoformat(), late=what.late, skipped=len(what.skipped), empty=not message)
        return sent
