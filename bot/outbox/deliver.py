"""Sending what is in the outbox: nothing lost, nothing twice.

A row is claimed and the claim committed; the message is sent with the row's key in its metadata; the row is marked by
what Slack answered. Where that was no clear answer, or this process ended before the mark, the row stays `sending`.
When its lease is over and the network had time to settle, the message is looked for by its key, and sent again only if
it isn't there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from bot.db.database import Database
from bot.outbox import channel_pause, claims
from bot.outbox.chat import TIMEOUT_S, Chat
from bot.outbox.confirm import Confirm, IfUnsure
from bot.outbox.message import Row
from bot.outbox.record import Claimed, Mark, Withheld
from bot.slack.outcome import Outcome

LEASE_S = 20.0
"""Seconds that a claimed row is this process's to send; longer than a request may take."""
SETTLE_S = 15.0
"""Seconds after its lease in which a request under way may still deliver a message."""
RUN_S = 20.0
"""After so long a run claims nothing more, so that it ends."""
AGAIN_S = 0.2
"""Seconds between looks for new rows while others are being sent."""
TOGETHER_S = 0.01
"""So long after a message is sent others may be, to be marked with it: a transaction costs more than a row in it."""
AHEAD = 8
"""So many times `at_once` rows are claimed, and more when half of them are left: while some are marked and new ones
claimed, others are sent. After a crash all of them are to be looked for, so no more than that."""
FIRST_WAIT_S = 15.0
READS_AT_ONCE = 4


class Deliver:
    """Sends one workspace's messages, at most `at_once` at a time. `unsure` as for `Confirm`; `bot`: the bot's name;
    `ops`: the channel that hears of troubles; `clock` gives epoch seconds."""

    def __init__(
        self,
        store: Database,
        chat: Chat,
        team_id: str,
        withheld: Withheld,
        *,
        unsure: IfUnsure = "repost",
        at_once: int = 20,
        bot: str = "Sessions",
        ops: str = "",
        clock: Callable[[], float] = time.time,
        post_s: float = TIMEOUT_S,
        lease_s: float = LEASE_S,
        settle_s: float = SETTLE_S,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        if post_s >= lease_s:
            raise ValueError("A lease must be longer than a request may take.")
        self._store = store
        self._chat = chat
        self._team_id = team_id
        self._at_once = at_once
        self._clock = clock
        self._post_s = post_s
        self._lease_s = lease_s
        self._settle_s = settle_s
        self._mark = Mark(store, withheld, bot, self._now_ms, ops)
        self._confirm = Confirm(
            store,
            chat,
            self._mark,
            self._now_ms,
            unsure=unsure,
            post_s=post_s,
            settle_s=settle_s,
            first_wait_s=first_wait_s,
        )
        self._running = False
        self._stopping = False

    def stop(self) -> None:
        """Claim nothing more: a run ends when what is under way is marked."""
        self._stopping = True

    async def run(self) -> int:
        """Send what is due until nothing is; how many rows were sent. A call while it runs returns 0: the run that is
        under way finds new rows by itself."""
        if self._running:
            return 0
        self._running = True
        try:
            await channel_pause.try_paused(self._store, self._team_id, self._now_ms())
            return await self._run()
        finally:
            self._running = False

    async def reconcile(self) -> int:
        """Look up what has been without an answer for too long; of how many rows it is known now what became."""
        began, now_ms = time.monotonic(), self._now_ms()
        settled_ms = now_ms - int(self._settle_s * 1000)
        rows = await claims.overdue(self._store, self._team_id, settled_ms, self._at_once, now_ms, self._lease_ms)
        gate = asyncio.Semaphore(READS_AT_ONCE)

        async def settle(claimed: Claimed) -> bool:
            async with gate:
                return await self._confirm.settle(claimed)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(settle(each)) for each in self._claimed(rows, began, now_ms)]
        return sum(task.result() for task in tasks)

    async def _run(self) -> int:
        count, until = 0, time.monotonic() + RUN_S
        under_way: dict[asyncio.Task[Outcome | None], Claimed] = {}
        gate = asyncio.Semaphore(self._at_once)
        most = AHEAD * self._at_once
        try:
            while True:
                if len(under_way) <= most // 2 and not self._stopping and time.monotonic() < until:
                    began, now_ms = time.monotonic(), self._now_ms()
                    rows = await claims.claim(self._store, self._team_id, now_ms, self._lease_ms, most - len(under_way))
                    for claimed in self._claimed(rows, began, now_ms):
                        under_way[asyncio.create_task(self._send(claimed, gate))] = claimed
                if not under_way:
                    return count
                await asyncio.wait(under_way, timeout=AGAIN_S, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(TOGETHER_S)
                done = [task for task in under_way if task.done()]
                count += await self._mark.all([(under_way.pop(task), task.result()) for task in done])
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _send(self, claimed: Claimed, gate: asyncio.Semaphore) -> Outcome | None:
        """None where the lease could end before the request does: another process may take the row by then."""
        async with gate:
            if self._stopping or time.monotonic() > claimed.until - self._post_s:
                return None
            row = claimed.row
            if row.kind == "edit":
                key = row.key.removesuffix(":edit")
                return await self._chat.edit(
                    row.channel_id, row.target_ts or "", row.text, row.blocks, key=key, timeout_s=self._post_s
                )
            thread_ts = row.target_ts if row.kind == "reply" else None
            return await self._chat.post(
                row.channel_id, row.text, row.blocks, key=row.key, thread_ts=thread_ts, timeout_s=self._post_s
            )

    def _claimed(self, rows: Sequence[Row], began: float, now_ms: int) -> list[Claimed]:
        return [Claimed(row, began + self._lease_s, now_ms + self._lease_ms) for row in rows]

    @property
    def _lease_ms(self) -> int:
        return int(self._lease_s * 1000)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
