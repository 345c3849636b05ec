"""Runs a table of jobs with APScheduler, in memory: every job finds its work in the database.

A job never overlaps itself, and one that missed several times runs once. APScheduler uses the wall clock, and setting
that back would delay all jobs; a check by the event loop's monotonic clock keeps each within its interval.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from bot import log, metrics
from bot.errors import BotError

LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Job:
    """`run` is called every `every_s` seconds from the start on, and cancelled after `most_s`. `whole`: a shutdown lets
    it finish."""

    name: str
    every_s: float
    run: Callable[[], Awaitable[object]]
    most_s: float
    whole: bool = False


class Every(BaseTrigger):  # type: ignore[misc]
    """Fires `every_s` after the previous time, or after now if that has passed. Skips the times in a forward jump of
    the clock, which APScheduler would list one by one."""

    def __init__(self, every_s: float) -> None:
        self._every = timedelta(seconds=every_s)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        due = now if previous_fire_time is None else previous_fire_time + self._every
        return due if due > now else now + self._every


class Scheduler:
    """Runs jobs until stopped, `haste` times as often as configured, and at once when told to (`now`). `wall` is
    APScheduler's clock."""

    def __init__(self, jobs: Sequence[Job], wall: Callable[[], float] = time.time, haste: float = 1.0) -> None:
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # jobs log for themselves
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._running: dict[asyncio.Task[None], Job] = {}
        self._wanted: set[str] = set()
        self._over = False
        self._every_s = {job.name: job.every_s / haste for job in jobs}
        for job in jobs:
            metrics.job_failures.labels(job.name)  # creates the series at 0, see `metrics`
            self._scheduler.add_job(
                self._guarded,
                Every(self._every_s[job.name]),
                args=(job,),
                id=job.name,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
                next_run_time=datetime.fromtimestamp(wall(), UTC),
            )
        self._wall = wall
        self._watch: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._scheduler.start()
        self._look()

    def now(self, name: str) -> None:
        """Run a job at once, beside its interval; one that is running runs once more when it ends. Any number of calls
        before a run begins make that one run. To be called in the event loop; nothing before `start`, which runs all
        jobs, nor after `cut`."""
        self._wanted.add(name)
        if self._scheduler.running and name not in (job.name for job in self._running.values()):
            self._scheduler.modify_job(name, next_run_time=LONG_AGO)  # whatever the clock says by now

    def _look(self) -> None:
        """Run jobs that are due further ahead than their interval, and check again after the shortest one."""
        now = datetime.fromtimestamp(self._wall(), UTC)
        for job in self._scheduler.get_jobs():
            if job.next_run_time > now + timedelta(seconds=self._every_s[job.id]):
                job.modify(next_run_time=now)
        self._watch = asyncio.get_running_loop().call_later(min(self._every_s.values()), self._look)

    def cut(self) -> None:
        """Stop starting jobs, and cancel those that aren't `whole`."""
        self._over = True
        if self._watch is not None:
            self._watch.cancel()
        if self._scheduler.running:
            self._scheduler.pause()
        for task, job in self._running.items():
            if not job.whole:
                task.cancel()

    async def finish(self, grace_s: float) -> None:
        """Wait for running jobs, at most `grace_s` seconds."""
        if self._running:
            await asyncio.wait(self._running, timeout=grace_s)
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _guarded(self, job: Job) -> None:
        """Run a job, and again while `now` asked for it meanwhile."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - APScheduler runs coroutines as tasks
        self._running[task] = job
        try:
            await self._once(job)
            while job.name in self._wanted and not self._over:
                await self._once(job)
        finally:
            del self._running[task]

    async def _once(self, job: Job) -> None:
        """A failure is logged and doesn't stop the schedule."""
        self._wanted.discard(job.name)
        try:
            async with asyncio.timeout(job.most_s):
                await job.run()
        except Exception as error:
            expected = isinstance(error, TimeoutError | BotError)
            cause = getattr(error, "cause", "") or type(error).__name__
            metrics.job_failures.labels(job.name).inc()
            log.error("job_failed", job=job.name, cause=cause, exc_info=not expected)
