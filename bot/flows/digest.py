"""Digests: what is due is counted, drawn and stored for sending, once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot import log, metrics
from bot.core.digest import Digest
from bot.core.due import AHEAD_S, Due, astray, due, newest
from bot.core.figures import Figures, edges
from bot.core.matching import rooms_of
from bot.core.outgoing import Outgoing
from bot.core.plan import matcher
from bot.core.query import Query
from bot.core.schedule import Window
from bot.core.session import Session
from bot.core.tally import Tally
from bot.core.times import api_time
from bot.core.values import LIMIT_MAX
from bot.errors import HmsBadReply, HmsError, HmsRateLimited
from bot.flows.poll import LIFE_MOST_MS, PAGES_MOST
from bot.flows.rooms import Rooms
from bot.hms.client import Hms
from bot.render.blocks import Message
from bot.render.digest import digest_message
from bot.render.digests import unfinished
from bot.store.store import Fence, Store

SETTLE_S = 5.0
"""A period is read so long after its end, by the clock of 100ms too: by then its lists have what happened in it."""
RETRY_S = 60.0
"""How long a period that couldn't be read is left alone."""
READ_MOST_S = 600.0
"""Reading that takes longer is given up."""
AT_ONCE = 2
"""So many periods are read at once: one that is slow keeps few others waiting."""
ASTRAY = timedelta(minutes=5)
"""How often it is looked whether a clock that was ahead has put digests off, and whenever a clock goes back."""
_LIFE = timedelta(milliseconds=LIFE_MOST_MS)

Count = tuple[Query, str]
"""What is counted alike: a query, and the zone at whose midnights a chart is divided."""


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
        found = await self._store.due_digests(self._team(), _ms(now))
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
            counted = await count(self._hms, window, map(_count, some))
            drawn: list[tuple[Due | None, Message | None]] = []
            for digest in some:
                what = self._due(digest)
                if what is None or what.window != window:
                    drawn.append((None, None))
                else:
                    drawn.append((what, await _message(self._rooms, counted[_count(digest)], digest, what)))
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
            digest, what.day, _ms(schedule.at(following)), outgoing, _ms(self._clock()), fence
        )
        if sent:
            metrics.digests.labels("ok").inc()
            log.info("digest", day=what.day.isoformat(), late=what.late, skipped=len(what.skipped), empty=not message)
        return sent


async def preview(hms: Hms, rooms: Rooms, digest: Digest, now: datetime, most_s: float = READ_MOST_S) -> Message:
    """The digest of the newest period that is over, for the one who asks; where that isn't read within `most_s`, how
    far that got. It needs not be stored. Raises HmsError, and TimeoutError where nothing was read."""
    what = newest(digest.schedule, now)
    wanted = _count(digest)
    read = 0

    def seen(sessions: Sequence[Session]) -> None:
        nonlocal read
        read += len(sessions)

    try:
        async with asyncio.timeout(most_s):
            figures = (await count(hms, what.window, [wanted], seen))[wanted]
    except TimeoutError:
        if not read:
            raise
        return unfinished(digest, read, most_s, READ_MOST_S, now)
    return digest_message(figures, digest, await _names(rooms, figures, digest), what, preview=True)


async def count(
    hms: Hms, window: Window, wanted: Iterable[Count], seen: Callable[[Sequence[Session]], None] = lambda _: None
) -> Mapping[Count, Figures]:
    """The figures of each query, from one reading of the account: requests are its pages, and `seen` is told of each.
    Raises HmsError."""
    tallies: dict[Count, Tally] = {}
    checks: list[tuple[Callable[[Session], bool], Tally]] = []
    for query, zone in dict.fromkeys(wanted):
        tally = Tally(window.start, window.end, edges(window.start, window.end, ZoneInfo(zone)))
        tallies[query, zone] = tally
        checks.append((matcher(query, window.end), tally))

    def take(sessions: Sequence[Session]) -> None:
        seen(sessions)
        for matches, tally in checks:
            for session in filter(matches, sessions):
                tally.add(session)

    # The live ones first: one that ends meanwhile is in both lists, and counts once. Without `active` a list may have
    # all or only the live ones, the docs say both (Sessions/list-sessions).
    room = _only_room(query for query, _ in tallies)
    before = room | {"before": api_time(window.end)}
    after = {"after": api_time(window.before.start - _LIFE)}
    for params in ({"active": "true"} | before, {"active": "false"} | before | after):
        await _read(hms, params, take)
    return {each: await asyncio.to_thread(tally.figures) for each, tally in tallies.items()}


async def _read(hms: Hms, params: Mapping[str, str], take: Callable[[Sequence[Session]], None]) -> None:
    """Every page of a list, examined in a thread, so that acknowledgements don't wait for it."""
    cursor: str | None = None
    for _ in range(PAGES_MOST):
        batch = await hms.list_sessions(params, limit=LIMIT_MAX, start=cursor)
        await asyncio.to_thread(take, batch.sessions)
        if batch.last:
            return
        cursor = batch.sessions[-1].id
    raise HmsBadReply("100ms lists sessions without an end.", cause=f"more than {PAGES_MOST} pages")


def _only_room(queries: Iterable[Query]) -> dict[str, str]:
    """The room that all of them are about, as a parameter of the list; none where they aren't."""
    rooms = {room for query in queries for room in rooms_of(query) or [""]}
    return {"room_id": rooms.pop()} if len(rooms) == 1 and "" not in rooms else {}


async def _message(rooms: Rooms, figures: Figures, digest: Digest, what: Due) -> Message | None:
    if figures.quiet and digest.empty == "skip" and not what.skipped:
        return None
    return digest_message(figures, digest, await _names(rooms, figures, digest), what)


async def _names(rooms: Rooms, figures: Figures, digest: Digest) -> Mapping[str, str]:
    longest = [figures.longest.room_id] if figures.longest else []
    odd, busiest = ([each.room_id for each in some] for some in (figures.odd, figures.rooms))
    return await rooms.names([*digest.query.room_ids, *longest, *odd, *busiest])


def _count(digest: Digest) -> Count:
    return digest.query, digest.schedule.zone


def _ms(when: datetime) -> int:
    return int(when.timestamp() * 1000)
