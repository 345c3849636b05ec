"""A table of jobs, run by APScheduler in memory: it keeps nothing, every job finds its work in the store.

Each job runs at most once at a time; one that is late runs once, however many times it was due.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

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


class Scheduler:
    """Runs jobs until it is stopped."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # jobs log for themselves
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._running: dict[asyncio.Task[None], Job] = {}
        for job in jobs:
            metrics.job_failures.labels(job.name)  # there from the start: see `metrics`
            self._scheduler.add_job(
                self._guarded,
                IntervalTrigger(seconds=job.every_s, timezone=UTC),
                args=(job,),
                id=job.name,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
                next_run_time=datetime.now(UTC),
            )

    def start(self) -> None:
        self._scheduler.start()

    def cut(self) -> None:
        """No job begins any more, and those that can be cut off are."""
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
            known = isinstance(error, TimeoutError | BotError)
            cause = getattr(error, "cause", "") or type(error).__name__
            metrics.job_failures.labels(job.name).inc()
            log.error("job_failed", job=job.name, cause=cause, exc_info=not known)
        finally:
            del self._running[task]
