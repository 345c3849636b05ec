"""The work behind an acknowledgement: so many jobs at once, and none left unanswered when the bot stops."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

AT_ONCE = 64


class Work:
    """Runs jobs as tasks. A job that is cancelled has a moment to say so to its person."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._run(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self, grace_s: float, farewell_s: float = 5.0) -> None:
        """Wait for all jobs; after `grace_s` seconds cancel the rest, and give them `farewell_s` to answer."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=farewell_s)

    async def _run(self, job: Coroutine[Any, Any, None]) -> None:
        try:
            await self._free.acquire()
        except asyncio.CancelledError:
            await asyncio.create_task(_cancelled(job))
            return
        try:
            await job
        finally:
            self._free.release()


async def _cancelled(job: Coroutine[Any, Any, None]) -> None:
    """Start a job that never ran and cancel it at its first wait, so that it takes its leave like the others."""
    task = asyncio.ensure_future(job)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
