"""A table of jobs, run by APScheduler in memory: it keeps nothing, every job finds its work in the store.

Each job runs at most once at a time; one that is late runs once, however many times it was due. APScheduler goes by the
wall clock: where that is set back, jobs would wait for as long. So no job is ever due further ahead than its interval,
of which the event loop's own clock takes care.
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


@dataclass(frozen=True, slots=True)
class Job:
    """`run` every `every_s` seconds, from the start on; it is cut off after `most_s`. `whole`: where the bot stops it
    is left to come to its end."""

    name: str
    every_s: float
    run: Callable[[], Awaitable[object]]
    most_s: float
    whole: bool = False


class Every(BaseTrigger):  # type: ignore[misc]
    """Fires so many seconds after the last time, or after now where that is over. A clock that leaps forward by days
    leaves no times in between: APScheduler would list them one by one."""

    def __init__(self, every_s: float) -> None:
        self._every = timedelta(seconds=every_s)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        due = now if previous_fire_time is None else previous_fire_time + self._every
        return due if due > now else now + self._every


class Scheduler:
    """Runs jobs until it is stopped, `haste` times as often as they say. `wall` is the clock that APScheduler goes
    by."""

    def __init__(self, jobs: Sequence[Job], wall: Callable[[], float] = time.time, haste: float = 1.0) -> None:
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # jobs log for themselves
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._running: dict[asyncio.Task[None], Job] = {}
        self._every_s = {job.name: job.every_s / haste for job in jobs}
        for job in jobs:
            metrics.job_failures.labels(job.name)  # there from the start: see `metrics`
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

    def _look(self) -> None:
        """Run what is due further ahead than its interval, and look again when the shortest one is over."""
        now = datetime.fromtimestamp(self._wall(), UTC)
        for job in self._scheduler.get_jobs():
            if job.next_run_time > now + timedelta(seconds=self._every_s[job.id]):
                job.modify(next_run_time=now)
        self._watch = asyncio.get_running_loop().call_later(min(self._every_s.values()), self._look)

    def cut(self) -> None:
        """No job begins any more, and those that can be cut off are."""
        if self._watch is not None:
            self._watch.cancel()
        if self._scheduler.running:
            self._scheduler.pause()
        for task, job in self._running.items():
            if not job.whole:
                task.cancel()

    async def finish(self, grace_s: float) -> None:
        """Wait for the jobs at work, `grace_s` seconds at most."""
        if self._running:
            await asyncio.wait(self._running, timeout=grace_s)
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _guarded(self, job: Job) -> None:
        """A job that fails is logged and runs again when it is due."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - APScheduler runs coroutines as tasks
        self._running[task] = job
        try:
            async with asyncio.timeout(job.most_s):
                await job.run()
        except Exception as error:
            expected = isinstance(error, TimeoutError | BotError)
            cause = getattr(error, "cause", "") or type(error).__name__
            metrics.job_failures.labels(job.name).inc()
            log.error("job_failed", job=job.name, cause=cause, exc_info=not expected)
        finally:
            del self._running[task]
