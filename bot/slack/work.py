"""The work behind an acknowledgement: so much at once, and nobody left without an answer when the bot stops."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

AT_ONCE = 64


class Work:
    """Jobs and the posting of their answers, as tasks. Jobs can be cancelled and then take their leave; a post that has
    begun is never cut off. `slots`: the places of those that work at the same time; a job waits for one."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self.slots = asyncio.Semaphore(at_once)
        self._jobs: set[asyncio.Task[Any]] = set()
        self._posts: set[asyncio.Task[Any]] = set()

    def start(self, job: Coroutine[Any, Any, None]) -> None:
        keep(job, self._jobs)

    def post(self, sending: Coroutine[Any, Any, bool]) -> asyncio.Task[bool]:
        return keep(sending, self._posts)

    async def drain(self, grace_s: float, farewell_s: float = 10.0) -> None:
        """Wait for all jobs; after `grace_s` seconds cancel the rest, and give answers `farewell_s` more."""
        await _wait(self._jobs, grace_s)
        for job in self._jobs:
            job.cancel()
        await _wait(self._jobs, farewell_s)
        await _wait(self._posts, farewell_s)


def keep(work: Coroutine[Any, Any, Any], tasks: set[asyncio.Task[Any]]) -> asyncio.Task[Any]:
    """Start a task, and keep it among the `tasks` until it is over: asyncio itself may lose it."""
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task


async def _wait(tasks: set[asyncio.Task[Any]], most_s: float) -> None:
    """Until there are none, those that start meanwhile included."""
    stop_at = asyncio.get_running_loop().time() + most_s
    while tasks and (left_s := stop_at - asyncio.get_running_loop().time()) > 0:
        await asyncio.wait(tasks, timeout=left_s)
