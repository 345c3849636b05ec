"""One reading of an account: what is live, what has ended, and how far that has come."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot import log
from bot.alerts.backlog import Backlog
from bot.errors import HmsAuth, HmsError, HmsNotFound, HmsRateLimited, HmsRefused
from bot.hms.client import LIFE_MOST, Hms, RawBatch
from bot.hms.pages import every_page, pages
from bot.query.times import api_time
from bot.sessions.model import Session
from bot.sessions.tracked import Tracked
from bot.tracking.store import Progress, Snapshot
from bot.tracking.sweep import Sweep

RECORDS_MOST = 200
"""The most single sessions asked about in one poll; the others have their turn, by chance."""
RECORDS_AT_ONCE = 8
LOOKS_AT_ONCE = 20
"""The same where these alone are looked at, which somebody waits for."""
SLICE_PAGES = 30
"""The most pages of ended sessions read in one poll; the rest is read by the next ones, so that what is live isn't kept
waiting."""
OVERLAP_MS = 120_000
"""Ended sessions are listed from so long before the last reading, for clocks that differ."""


async def read(hms: Hms, sweep: Sweep, now_ms: int) -> AsyncIterator[Progress]:
    """Look at all that is live, a slice of what ended since the last good poll, and the records of what is missing;
    after each page how far that has come, once what was seen is stored. `now_ms`: our clock's, before the first page.
    Raises HmsError."""
    known = sweep.known
    async for batch in every_page(hms.list_entries, {"active": "true"}):
        sweep.page(batch.entries)
        yield known.progress
    # As it was before the first page: what opens while the pages are read is in none of them. By the clock of 100ms, as
    # ours, or that of the process that polled last, may have been wrong then.
    read_ms = now_ms + int(hms.ahead_s * 1000)
    progress = replace(known.progress, read_ms=read_ms)
    async for progress in _ended(hms, sweep, read_ms):
        yield progress
    sweep.add(await _records(hms, sweep.missing(), known.sessions, now_ms))
    yield progress


async def look(
    hms: Hms, sweep: Sweep, session_ids: Sequence[str], now_ms: int, records: dict[str, Session | None]
) -> AsyncIterator[Progress]:
    """Look at the records of these alone, and add them to `records`, None where 100ms knows none; nothing is concluded
    from one that can't be had. Raises HmsError."""
    unknown: list[str] = []
    found = await _records(hms, session_ids, {}, now_ms, LOOKS_AT_ONCE, unknown)
    records |= dict.fromkeys(unknown) | {session.id: session for session in found}
    sweep.add(session for session in found if not _was_over(session, sweep.known))
    yield sweep.known.progress


def _was_over(session: Session, known: Snapshot) -> bool:
    """True for an ended session that no poll would see any more as it began before the last one: it is no news."""
    read_ms = known.progress.read_ms
    if session.active or session.id in known.sessions or read_ms is None:
        return False
    return session.started_ms < read_ms - OVERLAP_MS


async def _ended(hms: Hms, sweep: Sweep, read_ms: int) -> AsyncIterator[Progress]:
    """Those that began since the last reading, then the older ones of the backlog. Where a slice doesn't reach to it,
    the new backlog covers both: what is read again then is known."""
    known = sweep.known.progress
    recent = Backlog(min(known.read_ms or read_ms, read_ms) - OVERLAP_MS, "")
    left = SLICE_PAGES
    for part in (recent, known.backlog):
        if part is None or not left:
            continue
        since_ms = min(part.since_ms, known.backlog.since_ms) if known.backlog else part.since_ms
        params = {"active": "false", "after": api_time(datetime.fromtimestamp(part.since_ms / 1000, UTC))}
        last = False
        async for batch in _pages(hms, params, left, part.start):
            sweep.page(batch.entries)
            left, last = left - 1, batch.last
            after = known.backlog if part is recent else None
            yield Progress(read_ms, after if last else Backlog(since_ms, batch.cursor))
        if not last:
            return


async def _pages(hms: Hms, params: Mapping[str, str], most: int, start: str) -> AsyncIterator[RawBatch]:
    """As `pages`; where 100ms refuses to go on after `start`, a session that it may have deleted, from the beginning:
    what is read again is known."""
    read = 0
    try:
        async for batch in pages(hms.list_entries, params, most, start or None):
            read += 1
            yield batch
        return
    except (HmsRefused, HmsNotFound) as error:
        if read or not start:
            raise
        log.warning("backlog_begun_again", cause=error.cause)
    async for batch in pages(hms.list_entries, params, most):
        yield batch


async def _records(
    hms: Hms,
    ids: Sequence[str],
    known: Mapping[str, Tracked],
    now_ms: int,
    at_once: int = RECORDS_AT_ONCE,
    unknown: list[str] | None = None,
) -> list[Session]:
    """Their own records; `unknown` gets the ids of which 100ms knows none. A session whose record can't be had stays as
    it was, until one that is `known` can't be live any more; it must not keep the others from being told. HmsError
    where no record can be had at all."""
    free = asyncio.Semaphore(at_once)

    async def record(session_id: str) -> Session | None:
        async with free:
            try:
                return await hms.session(session_id)
            except (HmsAuth, HmsRateLimited):
                raise
            except HmsError as error:
                if unknown is not None and isinstance(error, HmsNotFound):
                    unknown.append(session_id)
                    return None
                log.warning("record_unreadable", session=session_id, cause=error.cause)
                ended = _without_record(known.get(session_id), now_ms)
                return ended.cast(hms.templates.roles(ended.room_id)) if ended else None

    some = random.sample(ids, RECORDS_MOST) if len(ids) > RECORDS_MOST else ids
    found = await asyncio.gather(*map(record, some), return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException):
            raise each
    return [session for session in found if isinstance(session, Session)]


def _without_record(tracked: Tracked | None, now_ms: int) -> Session | None:
    """The session as it was last known, ended then, once it can't be live any more."""
    if tracked is None or timedelta(milliseconds=now_ms - tracked.started_ms) < LIFE_MOST:
        return None
    return tracked.session(live=False)
