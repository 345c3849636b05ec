"""Jobs run at their intervals, whatever the wall clock does meanwhile."""

from __future__ import annotations

import asyncio

import pytest

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
