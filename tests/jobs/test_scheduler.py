"""Jobs run at their intervals, whatever the wall clock does meanwhile."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from bot.db.problems import StoreError
from bot.jobs.scheduler import Job, Scheduler
from tests.clocks import STEPS, Wall


@pytest.mark.parametrize("by_s", STEPS)
async def test_a_clock_that_is_set_neither_stops_nor_floods_the_jobs(
    by_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step ahead by days would be millions of times that a job was due, which APScheduler lists one by one."""
    wall, runs = Wall(), asyncio.Queue[None]()
    wall.rule(monkeypatch)
    scheduler = Scheduler([Job("often", 0.05, lambda: runs.put(None), 5.0)], wall)
    scheduler.start()
    async with asyncio.timeout(20):
        for step_s in (0.0, by_s, 0.0, by_s):
            wall.by_s = step_s
            for _ in range(3):
                await runs.get()
    scheduler.cut()
    await scheduler.finish(5.0)
    assert runs.qsize() < 100


@pytest.mark.parametrize("by_s", [0.0, *STEPS])
async def test_a_job_that_is_called_runs_at_once_and_calls_before_it_begins_make_one_run(by_s: float) -> None:
    """By a clock that differs from APScheduler's too."""
    runs = asyncio.Queue[None]()
    scheduler = Scheduler([Job("seldom", 3_600.0, lambda: runs.put(None), 5.0)], wall := Wall())
    wall.by_s = by_s
    scheduler.start()
    async with asyncio.timeout(20):
        await runs.get()
        for _ in range(3):
            scheduler.now("seldom")
        await runs.get()
        scheduler.now("seldom")
        await runs.get()
    scheduler.cut()
    await scheduler.finish(5.0)
    assert runs.empty()


@pytest.mark.parametrize("fails", [False, True])
async def test_a_job_that_is_called_while_it_runs_runs_once_more(fails: bool) -> None:
    begun, free = asyncio.Queue[None](), asyncio.Semaphore(0)

    async def work() -> None:
        await begun.put(None)
        await free.acquire()
        if fails:
            raise StoreError(OperationalError("", {}, Exception()))

    scheduler = Scheduler([Job("slow", 3_600.0, work, 20.0)])
    scheduler.start()
    async with asyncio.timeout(20):
        await begun.get()
        for _ in range(3):
            scheduler.now("slow")
        assert begun.empty()
        free.release()
        await begun.get()
        free.release()
        while scheduler._running:
            await asyncio.sleep(0)
        scheduler.now("slow")
        await begun.get()
    scheduler.now("slow")
    scheduler.cut()
    free.release()
    await scheduler.finish(5.0)
    assert begun.empty()


async def test_a_job_that_is_called_before_the_start_or_after_the_end_runs_as_ever() -> None:
    runs = asyncio.Queue[None]()
    scheduler = Scheduler([Job("seldom", 3_600.0, lambda: runs.put(None), 5.0)])
    scheduler.now("seldom")
    scheduler.start()
    async with asyncio.timeout(20):
        await runs.get()
    scheduler.cut()
    scheduler.now("seldom")
    await scheduler.finish(5.0)
    scheduler.now("seldom")
    assert runs.empty()
