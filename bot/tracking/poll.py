"""One poll: read what 100ms says, see what changed, commit the facts together with the messages about them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot import log, metrics
from bot.alerts.backlog import Catchup, count, finish
from bot.alerts.catch_up import release
from bot.alerts.decide import route
from bot.alerts.messages import Messages, rooms_named
from bot.alerts.notification import Notification
from bot.alerts.subscription import Subscription
from bot.errors import HmsError, HmsRateLimited
from bot.hms.client import Hms
from bot.net.waits import grown_s
from bot.outbox.card import Card
from bot.outbox.message import Outgoing
from bot.query.times import ms
from bot.rooms.names import Rooms
from bot.sessions.diff import SessionChange, diff
from bot.sessions.model import Room, Session
from bot.sessions.tracked import Tracked
from bot.silence.current import hush
from bot.silence.policy import SilencePolicy
from bot.store import Fence, Snapshot, Store
from bot.tracking.reading import Progress, read
from bot.tracking.room_facts import RoomFacts, asked_for
from bot.tracking.sweep import Memory, Sweep

REST_S, REST_MOST_S = 1.0, 120.0
"""Seconds without a poll after a failed one, doubled with each failure in a row up to the second."""
LIMITED_S = 60.0
"""Seconds without a poll after a 429 that doesn't say how long."""
TELLS_MOST = 5
"""How often it is thought over who is told what, where people change just that meanwhile."""
NEW_MS = 60_000
"""A subscription may have been begun so long before the last good poll and be stored only after it."""


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
        self._room_facts = RoomFacts(rooms, store, monotonic)
        self._store = store
        self._team = team_id
        self._clock = clock
        self._monotonic = monotonic
        self._memory: Memory | None = None
        self._read_under = hms.templates.known
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
        team_id, now = self._team(), self._clock()
        state = await self._store.poll_state(team_id)
        if self._memory is None or self._memory.snapshot.seq != state.seq:
            self._memory = Memory(await self._store.snapshot(team_id))
        known = self._memory.snapshot
        renamed = known.naming != self._hms.naming
        if renamed:
            known = _without_people(known)
            self._memory = Memory(known)
        held = await self._store.hushed(team_id)
        await self._hms.templates.ready()
        if self._read_under is not self._hms.templates.known:  # who hosts or records is said otherwise
            self._read_under, self._memory = self._hms.templates.known, Memory(known)
        rooms: dict[str, Room] = {}
        if await asked_for(self._store, team_id, ms(now)):
            rooms |= await self._rooms.have({each.room_id for each in known.sessions.values() if each.live})
        asking = await self._asking(team_id, known)
        seen = Sweep(self._memory, asking, {card.session_id for card in held}, now, rooms)
        before = Progress(known.read_ms, known.backlog)
        work = _Work(team_id, now, fence, known, renamed, seen, rooms, known.seq, before)
        self._room_facts.begin()
        try:
            async for progress in read(self._hms, known, seen, ms(now)):
                if seen.full:
                    await self._commit(work, progress, last=False)
            await self._commit(work, progress, last=True)
        except HmsError as error:
            log.warning("poll_failed", outcome=type(error).__name__, cause=error.cause)
            await self._store.poll_failed(team_id, ms(now), f"{type(error).__name__}: {error.cause}")
            self._rest(error)
            return type(error).__name__
        except _Superseded:
            self._memory = None
            log.warning("poll_superseded")
            return "superseded"
        sessions = _kept({**known.sessions, **seen.tracked}, work.reached, ms(now))
        self._memory = seen.memory(
            Snapshot(work.seq, ms(now), sessions, self._hms.naming, work.reached.read_ms, work.reached.backlog)
        )
        self._failures = 0
        return "ok"

    async def _commit(self, work: _Work, progress: Progress, *, last: bool) -> None:
        """Store what was seen since the last commit, with the messages about it. `last`: nothing follows in this poll,
        which is good then. Raises _Superseded."""
        work.put_off |= await self._room_facts.learn(work.team_id, work.seen, work.rooms, work.now)
        if not work.put_off:
            work.reached = progress
        part = work.seen.take()
        changes = await asyncio.to_thread(diff, work.known.sessions, part.changed, renamed=work.renamed)
        tracked = part.tracked
        if last and work.renamed:
            tracked = list({**work.known.sessions, **work.seen.tracked}.values())
        done = False
        for _ in range(TELLS_MOST):
            settings = await self._store.settings_known(work.team_id)
            caught_up = last and work.reached.backlog is None
            told = await self._tell(work, changes, part.due, last=last, caught_up=caught_up)
            done = await self._store.commit_poll(
                work.team_id,
                work.seq,
                ms(work.now),
                changed=tracked,
                cards=told.cards,
                outgoing=told.outgoing,
                fence=work.fence,
                known=settings,
                naming=self._hms.naming,
                read_ms=work.reached.read_ms,
                backlog=work.reached.backlog,
                catchups=told.catchups,
                good=last,
            )
            if done or await self._store.settings_known(work.team_id) == settings:
                break
        if not done:
            raise _Superseded
        work.seq += 1
        _count(changes)

    async def _asking(self, team_id: str, known: Snapshot) -> frozenset[Subscription]:
        """The subscriptions that may have something to say of sessions to which nothing happened."""
        new_ms = 0 if known.good_ms is None else known.good_ms - NEW_MS
        every = await self._store.subscriptions(team_id)
        return frozenset(each for each in every if each.query.timed or each.created_ms > new_ms)

    async def _tell(
        self, work: _Work, changed: Sequence[SessionChange], due: Sequence[Session], *, last: bool, caught_up: bool
    ) -> _Told:
        """The messages to channels, and the cards that they leave. `last`: all that is live has been seen, so that
        what was withheld can be judged. `caught_up`: there is nothing left to count."""
        team_id, now = work.team_id, work.now
        ids = {change.session.id for change in changed}
        changes = [*changed, *(SessionChange(session) for session in due if session.id not in ids)]
        # not before: who mutes while the sessions are read shall not hear of those that open meanwhile
        unwanted = await hush(self._store, team_id, now, work.rooms)
        held = [
            *(await self._store.hushed(team_id) if last else []),
            *(await self._store.hushed_ended(team_id, ms(now), unwanted.holds) if last else []),
        ]
        before = await self._store.catchups(team_id)
        if not (changes or held or before):
            return _Told([], [], None)
        subscriptions = await self._store.subscriptions(team_id)  # and who subscribes meanwhile shall
        cards = await self._store.cards(team_id, [change.session.id for change in changes])
        told = {channel_id: each.told for channel_id, each in before.items()}
        kept, routed = await asyncio.to_thread(route, changes, subscriptions, cards, now, unwanted, told, work.rooms)
        tasks, catchups = count(routed, before)
        if last:
            latest = {card.place: card for card in (*held, *kept)}
            freed, released = await self._release(work, latest.values(), subscriptions, unwanted)
            kept, tasks = [*kept, *freed], [*tasks, *released]
        if caught_up:
            lines, catchups = finish(team_id, catchups, {each.channel_id for each in subscriptions}, unwanted)
            tasks += lines
        drawn = Messages(await self._rooms.names(rooms_named(tasks)), work.seq)
        outgoing = await asyncio.to_thread(lambda: [drawn.outgoing(task) for task in tasks])
        return _Told(
            list({card.place: card for card in kept}.values()), outgoing, catchups if catchups != before else None
        )

    async def _release(
        self, work: _Work, cards: Iterable[Card], subscriptions: Sequence[Subscription], unwanted: SilencePolicy
    ) -> tuple[list[Card], list[Notification]]:
        """As `alerts.catch_up`, for those of these cards that are withheld."""
        waiting = [card for card in cards if card.hushed_ms]
        told = [card.session_id for card in waiting if card.status == "listed"]
        tracked = {**await self._store.tracked(work.team_id, told), **work.seen.tracked} if told else {}
        ended = {key: tracked[key].session(live=False) for key in told if key in tracked}
        return await asyncio.to_thread(release, waiting, work.seen.held, ended, subscriptions, work.now, unwanted)


class _Superseded(Exception):
    """Another poll was stored since this one began, or another process leads now."""


@dataclass(slots=True)
class _Work:
    """One poll. `seq` is the snapshot that its next commit follows. `rooms`: those that are known of the sessions seen
    so far. `put_off`: some of these are left to the next poll, which reads again what comes after `reached`."""

    team_id: str
    now: datetime
    fence: Fence | None
    known: Snapshot
    renamed: bool
    seen: Sweep
    rooms: dict[str, Room]
    seq: int
    reached: Progress
    put_off: bool = False


@dataclass(frozen=True, slots=True)
class _Told:
    cards: Sequence[Card]
    outgoing: Sequence[Outgoing]
    catchups: Mapping[str, Catchup] | None
    """None where they are as they were."""


def _count(changes: Sequence[SessionChange]) -> None:
    for change in changes:
        kinds = metrics.changes.labels
        kinds("start").inc(change.opened or change.reopened)
        kinds("end").inc(change.ended)
        kinds("join").inc(len(change.joined))
        kinds("leave").inc(len(change.left))


def _without_people(known: Snapshot) -> Snapshot:
    """For where MASK_NAMES or its secret has changed: they are the same people under other names."""
    sessions = {key: replace(each, people={}) for key, each in known.sessions.items()}
    return replace(known, sessions=sessions)


def _kept(sessions: dict[str, Tracked], progress: Progress, now_ms: int) -> dict[str, Tracked]:
    """Without those that ended two days before any that are still to be read: no list reaches back so far."""
    from_ms = now_ms if progress.backlog is None else min(now_ms, progress.backlog.since_ms)
    return {key: each for key, each in sessions.items() if each.live or from_ms - each.seen_ms < 2 * 86_400_000}
