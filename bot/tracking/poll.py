"""The poll of 100ms: when an account is looked at, wholly or in part, and what is remembered of it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot import log, metrics
from bot.alerts import firing_store
from bot.alerts import store as alerts_store
from bot.alerts.firing import Firing
from bot.alerts.subscription import Subscription
from bot.db.database import Database
from bot.db.leases import Fence
from bot.errors import HmsError, HmsRateLimited
from bot.hms.client import Hms
from bot.net.waits import grown_s
from bot.outbox import cards as card_store
from bot.outbox.card import Card
from bot.query.times import ms
from bot.rooms.names import Rooms
from bot.sessions.model import Room, Session
from bot.sessions.tracked import Tracked
from bot.tracking import store as tracking_store
from bot.tracking.commit import Commit, Superseded, SweepWork
from bot.tracking.hooks import Hooks
from bot.tracking.reading import look, read
from bot.tracking.room_facts import RoomFacts, asked_for
from bot.tracking.store import KEPT_MS, Progress, Snapshot
from bot.tracking.sweep import Memory, Sweep

REST_S, REST_MOST_S = 1.0, 120.0
"""Seconds without a poll after a failed one, doubled with each failure in a row up to the second."""
FORWARD_S = 0.25
"""Minimum seconds from the begin of a poll to that of one brought forward, or twice what the last one took if that is
more: at most half of the time is spent on polls."""
LIMITED_S = 60.0
"""Seconds without a poll after a 429 that doesn't say how long."""
ASK_AGAIN_S = 5.0
"""Seconds between two readings of a record for the same reason."""
NEW_MS = 60_000
"""A subscription may have been begun so long before the last good poll and be stored only after it."""


@dataclass(frozen=True, slots=True)
class Looked:
    """The outcome of looking at single sessions: the records that could be had, by id, None where 100ms knows none, and
    how many of the sessions had changed."""

    records: Mapping[str, Session | None]
    changes: int


class Poll:
    """Sweeps of one workspace, one at a time. What the last one knew is kept here, and read again where another process
    has stored one since. `hooks` hears what polls and looks saw. `covered`: when the last good poll began, by
    `monotonic`."""

    def __init__(
        self,
        hms: Hms,
        rooms: Rooms,
        store: Database,
        team_id: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        monotonic: Callable[[], float] = time.monotonic,
        hooks: Hooks | None = None,
    ) -> None:
        self._hms = hms
        self._rooms = rooms
        self._room_facts = RoomFacts(rooms, store, monotonic)
        self._commit = Commit(rooms, self._room_facts, store)
        self._store = store
        self._team_id = team_id
        self._clock = clock
        self._monotonic = monotonic
        self._hooks = hooks
        self._one = asyncio.Lock()
        self._memory: Memory | None = None
        self._read_under = hms.templates.current
        self._failures = 0  # in a row
        self._began = -math.inf  # the last poll; both by `monotonic`
        self._rest_until = -math.inf
        self._took_s = 0.0
        self._forward = self._polling = False
        self._looked_ms = 0
        self._asked_at: dict[str, float] = {}
        self.covered = -math.inf

    @property
    def ready(self) -> bool:
        """False before the first good poll, while one is being made, and after a failure until the next good one."""
        return self._memory is not None and not self._failures and not self._polling

    def forward(self) -> None:
        """Bring the next poll forward."""
        self._forward = True

    async def run(self, fence: Fence | None = None, every_s: float = 0.0) -> bool:
        """Poll, where the last time was `every_s` ago or longer; True where that was good: everything read, and
        committed. After one that failed there is none for a while. In between, look at the sessions of which a
        subscription may say something else by now."""
        async with self._one:
            began, now = self._monotonic(), self._clock()
            if self._forward:
                every_s = min(every_s, max(FORWARD_S, 2 * self._took_s))
            if began >= max(self._began + every_s, self._rest_until):
                self._began, self._looked_ms, self._forward, self._polling = began, ms(now), False, True
                try:
                    good = await self._poll(fence, now)
                finally:
                    self._polling = False
                self._took_s = self._monotonic() - began
                return good
            since_ms, self._looked_ms = self._looked_ms, ms(now)
            if self._memory and not self._failures:
                due = dict.fromkeys([*self._memory.due(ms(now), since_ms), *await self._waiting(ms(now))])
                if due:
                    await self._look(list(due), fence, again=due)
            return False

    async def look(self, session_ids: Sequence[str], fence: Fence | None = None) -> Looked | None:
        """Look at these sessions alone, after the sweep that is being made. None where that is left to the next poll:
        after one that has failed, before the first, and where another process has polled since."""
        async with self._one:
            return await self._look(session_ids, fence) if self.ready else None

    async def _look(
        self, session_ids: Sequence[str], fence: Fence | None, again: Collection[str] = ()
    ) -> Looked | None:
        now = self._clock()
        state = await tracking_store.state(self._store, self._team_id)
        memory = self._memory
        if memory is None or memory.snapshot.seq != state.seq or memory.snapshot.naming != self._hms.naming:
            return None
        work = await self._work(memory, fence, now, complete=False, again=again)
        records: dict[str, Session | None] = {}
        outcome = await self._swept(work, look(self._hms, work.sweep, session_ids, ms(now), records))
        return Looked(records, work.changes) if outcome == "ok" else None

    async def _waiting(self, now_ms: int) -> list[str]:
        """The sessions of which a channel waits to hear what a person did, or to be reminded; one whose record can't be
        had isn't asked for again for a while."""
        at = self._monotonic()
        self._asked_at = {key: since for key, since in self._asked_at.items() if at - since < ASK_AGAIN_S}
        new = [
            key for key in await firing_store.waiting(self._store, self._team_id, now_ms) if key not in self._asked_at
        ]
        self._asked_at |= dict.fromkeys(new, at)
        return new

    async def _poll(self, fence: Fence | None, now: datetime) -> bool:
        began, first, covers = time.perf_counter(), self._memory is None, self._monotonic()
        if self._hooks is not None:
            self._hooks.poll_began()
        try:
            state = await tracking_store.state(self._store, self._team_id)
            if self._memory is None or self._memory.snapshot.seq != state.seq:
                self._memory = Memory(await tracking_store.snapshot(self._store, self._team_id))
            work = await self._work(self._memory, fence, now, complete=True)
            self._room_facts.begin()
            outcome = await self._swept(work, read(self._hms, work.sweep, ms(now)))
        except asyncio.CancelledError:  # it took too long
            self._rest()
            raise
        metrics.polls.labels(outcome).observe(time.perf_counter() - began)
        if outcome == "ok":
            self.covered = covers
            if self._hooks is not None and not first:  # nobody took webhooks before that
                self._hooks.late(work.changes)
        return outcome == "ok"

    def _rest(self, error: HmsError | None = None) -> None:
        """After each failure in a row for longer, or for as long as 100ms asks."""
        self._failures += 1
        wait_s = grown_s(REST_S, self._failures, REST_MOST_S)
        if isinstance(error, HmsRateLimited):
            wait_s = error.retry_after_s or LIMITED_S
        self._rest_until = self._monotonic() + wait_s

    async def _work(
        self, memory: Memory, fence: Fence | None, now: datetime, *, complete: bool, again: Collection[str] = ()
    ) -> SweepWork:
        """A sweep to be made now, on top of what is remembered. `again` as in Sweep."""
        team_id, known = self._team_id, memory.snapshot
        renamed = known.naming != self._hms.naming
        held: Sequence[Card | Firing] = ()
        if complete:
            held = [*await card_store.withheld(self._store, team_id), *await firing_store.kept(self._store, team_id)]
        await self._hms.templates.ready()
        if renamed or self._read_under is not self._hms.templates.current:  # who hosts or records is said otherwise
            self._read_under = self._hms.templates.current
            known = _without_people(known) if renamed else known
            self._memory = memory = Memory(known)
        rooms: dict[str, Room] = {}
        if await asked_for(self._store, team_id, ms(now)):
            rooms |= await self._rooms.have({each.room_id for each in known.sessions.values() if each.live})
        asking = await self._asking(team_id, known)
        withheld = {each.session_id for each in held}
        sweep = Sweep(memory, asking, withheld, now, rooms, again=again, complete=complete)
        return SweepWork(team_id, now, fence, sweep, self._hms.naming, renamed, rooms, known.seq, known.progress)

    async def _asking(self, team_id: str, known: Snapshot) -> frozenset[Subscription]:
        """The subscriptions that may have something to say of sessions to which nothing happened."""
        new_ms = 0 if known.good_ms is None else known.good_ms - NEW_MS
        every = await alerts_store.read(self._store, team_id)
        return frozenset(each for each in every if each.query.timed or each.created_ms > new_ms)

    async def _swept(self, work: SweepWork, reading: AsyncIterator[Progress]) -> str:
        """Store what is read, as it is read, and remember it. The outcome: "ok", "superseded" by another process's
        sweep, or the error of 100ms."""
        sweep, known = work.sweep, work.sweep.known
        try:
            async for progress in reading:
                if sweep.full:
                    await self._commit.part(work, progress, last=False)
            await self._commit.part(work, progress, last=True)
        except HmsError as error:
            log.warning("poll_failed", outcome=type(error).__name__, cause=error.cause)
            await tracking_store.failed(
                self._store, work.team_id, ms(work.now), f"{type(error).__name__}: {error.cause}"
            )
            self._rest(error)
            return type(error).__name__
        except Superseded:
            self._memory = None
            log.warning("poll_superseded")
            return "superseded"
        snapshot = replace(known, seq=work.seq, sessions={**known.sessions, **sweep.tracked})
        if sweep.complete:
            kept = _kept(snapshot.sessions, work.reached, ms(work.now))
            snapshot = Snapshot(work.seq, ms(work.now), kept, work.naming, work.reached)
            self._failures = 0
            metrics.sessions_live.set(work.team_id, sum(each.live for each in snapshot.sessions.values()))
        self._memory = sweep.memory(snapshot)
        return "ok"


def _without_people(known: Snapshot) -> Snapshot:
    """For where MASK_NAMES or its secret has changed: they are the same people under other names."""
    sessions = {key: replace(each, people={}) for key, each in known.sessions.items()}
    return replace(known, sessions=sessions)


def _kept(sessions: Mapping[str, Tracked], progress: Progress, now_ms: int) -> dict[str, Tracked]:
    """Without those that ended KEPT_MS before any that are still to be read."""
    from_ms = now_ms if progress.backlog is None else min(now_ms, progress.backlog.since_ms)
    return {key: each for key, each in sessions.items() if each.live or from_ms - each.seen_ms < KEPT_MS}
