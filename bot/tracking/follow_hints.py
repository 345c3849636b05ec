"""Reading the sessions that hints name, where this process leads; else passing the hints on to the one that does."""

from __future__ import annotations

from collections.abc import Callable

from bot import metrics
from bot.db.database import Database
from bot.db.leases import Fence
from bot.tracking import hint_store
from bot.tracking.hints import KEPT_S
from bot.tracking.hooks import Hooks
from bot.tracking.poll import Poll

HINTS_S = 0.1
"""Seconds between looks for hints that are due, or that another process passed on; one that comes here is seen at
once."""


class FollowHints:
    """The hints of one workspace. `clock`: shared by all processes, in epoch seconds; `steady`: as of `hooks`."""

    def __init__(
        self,
        hooks: Hooks,
        poll: Poll,
        store: Database,
        team_id: str,
        clock: Callable[[], float],
        steady: Callable[[], float],
    ) -> None:
        self._hooks = hooks
        self._poll = poll
        self._store = store
        self._team_id = team_id
        self._clock = clock
        self._steady = steady

    @property
    def silent(self) -> bool:
        """True if polls alone have seen what webhooks should have told."""
        return self._hooks.silent

    async def lead(self, fence: Fence | None = None) -> bool:
        """Read what is due, but for what a poll has seen since. True where a poll is wanted, which may begin early."""
        metrics.webhooks_silent.set(self._team_id, self.silent)
        if not self._store.single:
            await self._receive()
        queue = self._hooks.queue
        queue.polled(self._poll.covered)
        if not (len(queue) or queue.crowded) or not self._poll.ready:
            return False
        began = self._steady()
        if taken := queue.take(began):
            looked = await self._poll.look(taken, fence)
            if looked is None:
                queue.crowded = True
            else:
                self._hooks.early(looked.changes)
                queue.settle(taken, looked.records, began)
        if queue.crowded:
            self._poll.forward()
        return queue.crowded

    async def pass_on(self) -> None:
        """Leave the hints to the process that leads, if the database is shared; else they wait for this one to."""
        metrics.webhooks_silent.set(self._team_id, 0)
        if self._store.single or not len(self._hooks.queue):
            return
        now_ms, hints = self._now_ms(), self._hooks.queue.drain(self._steady())
        await hint_store.add(self._store, self._team_id, [(hint, now_ms - int(age_s * 1000)) for hint, age_s in hints])

    async def _receive(self) -> None:
        now_ms = self._now_ms()
        for hint, at_ms in await hint_store.take(self._store, self._team_id, now_ms - int(KEPT_S * 1000)):
            age_s = max(0.0, (now_ms - at_ms) / 1000)
            self._hooks.came(age_s)
            self._hooks.hear(hint, age_s)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
