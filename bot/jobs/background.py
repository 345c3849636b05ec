"""The background jobs: leader lease, poll, digests, outbox, confirmation, pruning."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bot import log, metrics
from bot.clock import Clock
from bot.db import leases
from bot.db.database import Database
from bot.db.leases import POLLER, Fence
from bot.digests.produce import Digests
from bot.health.hooks import SILENT
from bot.health.judge import age, held, refused, slow, stale
from bot.health.watch import Watch
from bot.jobs.scheduler import Job
from bot.outbox import counts as outbox_counts
from bot.outbox import prune as pruning
from bot.outbox import workspaces
from bot.outbox.deliver import Deliver
from bot.rooms.walk import PAGE_INTERVAL_S, Walk
from bot.tracking import store as tracking_store
from bot.tracking.follow_hints import HINTS_S, FollowHints
from bot.tracking.poll import Poll

LEASE_S = 15.0
"""Seconds of the leader's lease, after which another process takes over."""
TICK_S = 0.3
"""Seconds between checks; also how soon a follower takes over an expired lease."""
DELIVER_S = 0.5
"""Seconds between looks for messages that are due by now, or that another process stored; what this one stores is sent
at once."""
RECONCILE_S = 5.0
"""Seconds between lookups of messages whose post was not confirmed."""
WATCH_S = 5.0
"""Seconds between checks for problems that stop all messages."""
POLL_MOST_S = 1_200.0
"""Maximum seconds of a poll: more than 1,000 pages of live sessions at one a second."""
DIGESTS_S = 5.0
"""Seconds between checks for due digests."""
PRUNE_S = 3_600.0
"""Seconds between prunings of expired rows."""


@dataclass(eq=False)
class BackgroundJobs:
    """The jobs of one process for one workspace. Every process sends; the holder of `lease` polls every `interval_s`,
    makes digests and reads rooms. All jobs use `clock`; `hear` asks Slack, whose answer sets it. `hints`: where 100ms
    sends webhooks."""

    store: Database
    poll: Poll
    digests: Digests
    walk: Walk
    deliver: Deliver
    watch: Watch
    clock: Clock
    interval_s: float
    hear: Callable[[], Awaitable[None]]
    team_id: str
    lease: str = POLLER
    lead_s: float = LEASE_S
    reconcile_s: float = RECONCILE_S
    hints: FollowHints | None = None

    def __post_init__(self) -> None:
        self._owner = secrets.token_hex(8)
        self._fence: Fence | None = None
        self._renew_at = self._prune_at = 0.0  # by `clock.steady`
        self._began = self.clock.steady()
        metrics.poll_interval.set(self.interval_s)

    def jobs(self) -> Sequence[Job]:
        poll_most_s = max(POLL_MOST_S, 4 * self.interval_s)
        hints = [Job("hints", HINTS_S, self._follow_hints, poll_most_s)] if self.hints is not None else []
        return (
            *hints,
            Job("lead", TICK_S, self._lead, self.lead_s / 3),
            Job("poll", min(TICK_S, self.interval_s), self._leading(self._run_poll), poll_most_s),
            Job("digests", DIGESTS_S, self._leading(self.digests.run), 3_600.0),
            Job("rooms", PAGE_INTERVAL_S, self._leading(lambda _: self.walk.step()), 60.0),
            Job("deliver", DELIVER_S, self._timely(self.deliver.run), 60.0, whole=True),
            Job("reconcile", self.reconcile_s, self._timely(self.deliver.reconcile), 60.0, whole=True),
            Job("probe", WATCH_S, self.watch.probe, 30.0),
            Job("tell", WATCH_S, self._leading(self._tell), 30.0),
            Job("prune", TICK_S, self._prune, 60.0),
        )

    def stop(self) -> None:
        """Start no new work; a running step finishes once it is recorded."""
        self.deliver.stop()
        for share in (metrics.leader, metrics.sessions_live, metrics.webhooks_silent):
            share.set(self.team_id, 0)

    async def slow(self) -> str:
        """Return lines for operators if messages are delayed or held, else ""."""
        counts = await outbox_counts.read(self.store, self.team_id, self._now_ms())
        return "\n".join(filter(None, (slow(counts.waiting, counts.late_s), held(counts.held))))

    def silent(self) -> str:
        """Return a line if 100ms's webhooks are set up and tell nothing of what polls see, else ""."""
        return SILENT if self.hints is not None and self.hints.silent else ""

    async def stale(self, *, public: bool = False) -> str:
        """Return a line if Slack refuses the bot or session data is stale, else "". `public`: without 100ms's own
        words, since anybody may read it."""
        state = await tracking_store.state(self.store, self.team_id)
        stopped = await workspaces.stopped(self.store, self.team_id)
        good_s, now_s = (state.good_ms or 0) / 1000, self.clock()
        cause = state.cause.partition(":")[0] if public else state.cause
        old = stale(good_s, self._began_s(), cause, now_s=now_s, interval_s=self.interval_s)
        said = refused(stopped.cause, now_s - stopped.since_ms / 1000) if stopped is not None else ""
        why = "; ".join(filter(None, (said, old)))
        return f"alerts wait: {why}" if why else ""

    async def stored(self) -> Mapping[str, float]:
        """Return the values of `metrics.STORED`."""
        counts = await outbox_counts.read(self.store, self.team_id, self._now_ms())
        age_s = age(((await tracking_store.state(self.store, self.team_id)).good_ms or 0) / 1000, self.clock())
        return {
            metrics.OUTBOX_MESSAGES: counts.waiting,
            metrics.OUTBOX_AGE: counts.late_s,
            metrics.HELD_MESSAGES: counts.held,
            metrics.PAUSED_CHANNELS: counts.paused,
            metrics.WORKSPACE_REFUSED: await workspaces.stopped(self.store, self.team_id) is not None,
            metrics.POLL_AGE: self.clock() - self._began_s() if age_s is None else age_s,
        }

    async def recover(self) -> None:
        """Resume a workspace that Slack had refused; call after a successful auth.test."""
        if await workspaces.taken(self.store, self.team_id):
            log.info("workspace_takes_again")

    async def _lead(self) -> None:
        """Renew our lease after a third of it, or try to acquire another's."""
        before, now = self._fence, self.clock.steady()
        if before and now < self._renew_at:
            return
        self._renew_at = now + self.lead_s / 3
        self._fence = await leases.take(self.store, self.lease, self._owner, int(self.lead_s * 1000))
        metrics.leader.set(self.team_id, self._fence is not None)
        if self._fence and not before:
            log.info("leading", epoch=self._fence.epoch)
        elif before and not self._fence:
            metrics.sessions_live.set(self.team_id, 0)
            log.info("following")

    async def _run_poll(self, fence: Fence) -> None:
        await self.poll.run(fence, self.interval_s - TICK_S / 2)

    async def _follow_hints(self) -> None:
        if self.hints is None:
            return
        if self._fence:
            if await self.hints.lead(self._fence):
                await self._run_poll(self._fence)
        else:
            await self.hints.pass_on()

    async def _tell(self, fence: Fence) -> None:
        await self.watch.tell(fence, self.interval_s, self._began_s())

    def _leading(self, run: Callable[[Fence], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
        """Return a job that does nothing while another process leads."""

        async def job() -> None:
            if self._fence:
                await run(self._fence)

        return job

    def _timely(self, run: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
        """Return a job that checks the clocks, and does nothing while the time is uncertain: then it asks Slack, which
        sending needs anyway."""

        async def job() -> None:
            await self.clock.set()
            if self.clock.doubtful:
                await self.hear()
            if not self.clock.doubtful:
                await run()

        return job

    async def _prune(self) -> None:
        now = self.clock.steady()
        if now < self._prune_at or not self.clock.sure:
            return
        self._prune_at = now + PRUNE_S
        await pruning.prune(self.store, self.team_id, self._now_ms())

    def _now_ms(self) -> int:
        return int(self.clock() * 1000)

    def _began_s(self) -> float:
        """Return the process's start in epoch seconds."""
        return self.clock() - self.clock.steady() + self._began
