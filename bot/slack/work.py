"""The work behind an acknowledgement: so much at once, and nobody left without an answer when the bot stops."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

AT_ONCE = 64


class Work:
    """Jobs and the posting of their answers, as tasks. Jobs can be cancelled and then take their leave; a post that has
    begun is never cut off."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._jobs: set[asyncio.Task[Any]] = set()
        self._posts: set[asyncio.Task[Any]] = set()

    def slot(self) -> AbstractAsyncContextManager[None]:
        """A place among those that work at the same time; a job waits for one."""
        return self._free

    def start(self, job: Coroutine[Any, Any, None]) -> None:
        _keep(job, self._jobs)

    def post(self, sending: Coroutine[Any, Any, bool]) -> asyncio.Task[bool]:
        return _keep(sending, self._posts)

    async def drain(self, grace_s: float, farewell_s: float = 10.0) -> None:
        """Wait for all jobs; after `grace_s` seconds cancel the rest, and give answers `farewell_s` more."""
        await _wait(self._jobs, grace_s)
        for job in self._jobs:
            job.cancel()
        await _wait(self._jobs, farewell_s)
        await _wait(self._posts, farewell_s)


def _keep(work: Coroutine[Any, Any, Any], tasks: set[asyncio.Task[Any]]) -> asyncio.Task[Any]:
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task


async def _wait(tasks: set[asyncio.Task[Any]], most_s: float) -> None:
    """Until there are none, those that start meanwhile included."""
    stop_at = asyncio.get_running_loop().time() + most_s
    while tasks and (left_s := stop_at - asyncio.get_running_loop().time()) > 0:
        await asyncio.wait(tasks, timeout=left_s)
