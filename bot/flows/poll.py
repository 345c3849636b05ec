"""One poll: read what 100ms says, see what changed, commit the facts together with the messages about them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot import log, metrics
from bot.core.card import Card
from bot.core.diff import Change, diff, missing
from bot.core.matching import Matcher
from bot.core.outgoing import Outgoing
from bot.core.release import release
from bot.core.route import route
from bot.core.session import Session
from bot.core.times import api_time, ms
from bot.core.tracked import Tracked
from bot.errors import HmsAuth, HmsError, HmsRateLimited
from bot.flows.drawn import Drawn, rooms_named
from bot.flows.hush import hush
from bot.flows.rooms import Rooms
from bot.flows.seen import News, Seen
from bot.hms.client import LIFE_MOST, Hms
from bot.hms.pages import every_page
from bot.patience import grown_s
from bot.store.store import Fence, Snapshot, Store

RECORDS_MOST = 200
"""The most single sessions asked about in one poll; the others have their turn, by chance."""
RECORDS_AT_ONCE = 8
REST_S, REST_MOST_S = 1.0, 120.0
"""Seconds without a poll after a failed one, doubled with each failure in a row up to the second."""
LIMITED_S = 60.0
"""Seconds without a poll after a 429 that doesn't say how long."""
TELLS_MOST = 5
"""How often it is thought over who is told what, where people change just that meanwhile."""
YOUNG_MS = 60_000
"""A subscription may have been begun so long before the last good poll and be stored only after it."""
OVERLAP_MS = 120_000
"""Ended sessions are listed from so long before the last good poll, for clocks that differ."""


class Poll:
    """Polls of one workspace, one at a time. What the last one knew is kept here, and read again where another process
    has polled since."""

    def __init__(
        self,
        hms: Hms,
        rooms: Rooms,
        store: Store,
        team_id: Callable[[], str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hms = hms
        self._rooms = rooms
        self._store = store
        self._team = team_id
        self._clock = clock
        self._monotonic = monotonic
        self._known: Snapshot | None = None
        self._fingerprints: dict[int, str] = {}  # of the sessions that are as `_known` has them
        self._failures = 0  # in a row
        self._rest_until = 0.0  # by `monotonic`

    async def run(self, fence: Fence | None = None) -> bool:
        """True where the poll was good: everything read, and committed. After one that failed there is none for a
        while."""
        if self._monotonic() < self._rest_until:
            return False
        began = time.perf_counter()
        try:
            outcome = await self._run(fence)
        except asyncio.CancelledError:  # it took too long
            self._rest()
            raise
        metrics.polls.labels(outcome).observe(time.perf_counter() - began)
        return outcome == "ok"

    def _rest(self, error: HmsError | None = None) -> None:
        """After each failure in a row for longer, or for as long as 100ms asks."""
        self._failures += 1
        wait_s = grown_s(REST_S, self._failures, REST_MOST_S)
        if isinstance(error, HmsRateLimited):
            wait_s = error.retry_after_s or LIMITED_S
        self._rest_until = self._monotonic() + wait_s

    async def _run(self, fence: Fence | None) -> str:
        """The outcome: "ok", "superseded" by another process's poll, or the error of 100ms."""
        team_id = self._team()
        now = self._clock()
        now_ms = ms(now)
        state = await self._store.poll_state(team_id)
        if self._known is None or self._known.seq != state.seq:
            self._known = await self._store.snapshot(team_id)
            self._fingerprints = {}
        renamed = self._known.naming != self._hms.naming
        known = _without_people(self._known) if renamed else self._known
        held = await self._store.hushed(team_id)
        seen = Seen(known, self._fingerprints, await self._news(team_id, known, held, now), now_ms)
        try:
            read_ms = await self._read(seen, known, now_ms)
        except HmsError as error:
            log.warning("poll_failed", outcome=type(error).__name__, cause=error.cause)
            await self._store.poll_failed(team_id, now_ms, f"{type(error).__name__}: {error.cause}")
            self._rest(error)
            return type(error).__name__
        changes = diff(known.sessions, seen.changed, renamed=renamed)
        changed = list(({**known.sessions, **seen.tracked} if renamed else seen.tracked).values())
        done = False
        for _ in range(TELLS_MOST):
            settings = await self._store.settings_known(team_id)
            cards, outgoing = await self._tell(team_id, known, seen, changes, held, now)
            done = await self._store.commit_poll(
                team_id,
                known.seq,
                now_ms,
                changed=changed,
                cards=cards,
                outgoing=outgoing,
                fence=fence,
                known=settings,
                naming=self._hms.naming,
                read_ms=read_ms,
            )
            if done or await self._store.settings_known(team_id) == settings:
                break
        if not done:
            self._known = None
            log.warning("poll_superseded")
            return "superseded"
        sessions = _kept({**known.sessions, **seen.tracked}, now_ms)
        self._known = Snapshot(known.seq + 1, now_ms, sessions, self._hms.naming, read_ms)
        self._fingerprints = seen.fingerprints
        self._failures = 0
        _count(changes)
        return "ok"

    async def _read(self, seen: Seen, known: Snapshot, now_ms: int) -> int:
        """All that is live, what ended since the last good poll, and the records of what is missing. When, by the clock
        of 100ms: ours, or that of the process that polled last, may have been wrong then. HmsError."""
        async for batch in every_page(self._hms.list_entries, {"active": "true"}):
            seen.page(batch.entries)
        metrics.sessions_live.set(len(seen.ids))
        # as it was before the first page: what opens while the pages are read is in none of them
        read_ms = now_ms + int(self._hms.ahead_s * 1000)
        since_ms = (known.read_ms or read_ms) - OVERLAP_MS
        after = api_time(datetime.fromtimestamp(since_ms / 1000, UTC))
        async for batch in every_page(self._hms.list_entries, {"active": "false", "after": after}):
            seen.page(batch.entries)
        seen.add(await self._records(missing(known.sessions, seen.ids), known, now_ms))
        return read_ms

    async def _records(self, ids: Sequence[str], known: Snapshot, now_ms: int) -> list[Session]:
        """Their own records. A session whose record can't be had stays as it was, until it can't be live any more; it
        must not keep the others from being told. HmsError where no record can be had at all."""
        free = asyncio.Semaphore(RECORDS_AT_ONCE)

        async def record(session_id: str) -> Session | None:
            async with free:
                try:
                    return await self._hms.session(session_id)
                except (HmsAuth, HmsRateLimited):
                    raise
                except HmsError as error:
                    log.warning("record_unreadable", session=session_id, cause=error.cause)
                    return _without_record(known.sessions[session_id], now_ms)

        some = random.sample(ids, RECORDS_MOST) if len(ids) > RECORDS_MOST else ids
        found = await asyncio.gather(*map(record, some), return_exceptions=True)
        for each in found:
            if isinstance(each, BaseException):
                raise each
        return [session for session in found if isinstance(session, Session)]

    async def _news(self, team_id: str, known: Snapshot, held: Sequence[Card], now: datetime) -> News:
        every = await self._store.subscriptions(team_id)
        young_ms = 0 if known.good_ms is None else known.good_ms - YOUNG_MS
        young = [each for each in every if each.created_ms > young_ms]
        return News(
            longer=Matcher([each for each in every if any(term.key == "longer" for term in each.query.terms)], now),
            young=Matcher(young, now),
            since_ms=min((each.created_ms for each in young), default=0),
            held={card.session_id for card in held},
        )

    async def _tell(
        self,
        team_id: str,
        known: Snapshot,
        seen: Seen,
        changed: Sequence[Change],
        held: Sequence[Card],
        now: datetime,
    ) -> tuple[Sequence[Card], Sequence[Outgoing]]:
        ids = {change.session.id for change in changed}
        changes = [*changed, *(Change(session, same=True) for session in seen.ripe if session.id not in ids)]
        # not before: who mutes while the sessions are read shall not hear of those that open meanwhile
        unwanted = await hush(self._store, team_id, now)
        over = await self._store.hushed_ended(team_id, ms(now), unwanted.holds)
        if not changes and not held and not over:
            return [], []
        subscriptions = await self._store.subscriptions(team_id)  # and who subscribes meanwhile shall
        cards = await self._store.cards(team_id, [change.session.id for change in changes])
        kept, tasks = route(changes, subscriptions, cards, now, unwanted)
        latest = {card.place: card for card in (*held, *over, *kept)}
        waiting = [card for card in latest.values() if card.hushed_ms]
        told = [card.session_id for card in waiting if card.status == "listed"]
        tracked = {**await self._store.tracked(team_id, told), **seen.tracked} if told else {}
        ended = {key: tracked[key].session(live=False) for key in told if key in tracked}
        freed, released = release(waiting, seen.held, ended, subscriptions, now, unwanted)
        tasks += released
        drawn = Drawn(await self._rooms.names(rooms_named(tasks)), known.seq)
        changed_cards = {card.place: card for card in (*kept, *freed)}
        return list(changed_cards.values()), [drawn.outgoing(task) for task in tasks]


def _count(changes: Sequence[Change]) -> None:
    for change in changes:
        kinds = metrics.changes.labels
        kinds("start").inc(change.opened or change.reopened)
        kinds("end").inc(change.ended)
        kinds("join").inc(len(change.joined))
        kinds("leave").inc(len(change.left))


def _without_record(tracked: Tracked, now_ms: int) -> Session | None:
    """The session as it was last known, ended then, once it can't be live any more."""
    return None if timedelta(milliseconds=now_ms - tracked.started_ms) < LIFE_MOST else tracked.session(live=False)


def _without_people(known: Snapshot) -> Snapshot:
    """For where MASK_NAMES or its secret has changed: they are the same people under other names."""
    sessions = {key: replace(each, people={}) for key, each in known.sessions.items()}
    return replace(known, sessions=sessions)


def _kept(sessions: dict[str, Tracked], now_ms: int) -> dict[str, Tracked]:
    """Without those that ended two days ago: no list of ended sessions reaches back so far."""
    return {key: each for key, each in sessions.items() if each.live or now_ms - each.seen_ms < 2 * 86_400_000}
